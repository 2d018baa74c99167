"""set_rates(rates): utilisation caps and the borrow curve."""

import boa
import pytest

from tests.unit.configurator.support import NOT_OWNER, Rates


def test_only_the_owner(bare, outsider):
    with boa.env.prank(outsider), boa.reverts(NOT_OWNER):
        bare.configurator.set_rates(Rates())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cap_net": 0}, "cap_net"),
        ({"cap_net": 1_201}, "cap_net"),
        ({"cap_gross": 0}, "cap_gross"),
        ({"cap_gross": 3_501}, "cap_gross"),
        ({"exit_cap_net": 5_001}, "exit_cap_net"),
        ({"exit_cap_gross": 10_001}, "exit_cap_gross"),
        ({"borrow_kink": 10_001}, "borrow_kink"),
        ({"borrow_base": 2**14}, "borrow curve"),
        ({"borrow_slope1": 2**16, "borrow_kink": 0}, "borrow curve"),
        ({"borrow_slope2": 2**16, "borrow_kink": 10_000}, "borrow curve"),
        # one step above the steepest curve, see below
        ({"borrow_slope1": 20_000, "borrow_slope2": 1_816}, "borrow curve"),
    ],
)
def test_bounds(bare, changes, reason):
    with boa.reverts(f"configurator: {reason}"):
        bare.do("set_rates", Rates()._replace(**changes))


@pytest.mark.parametrize(
    "wanted",
    [
        Rates(),
        Rates(1, 1, 1, 1, 0, 0, 0, 0),
        Rates(5_000, 10_000, 5_000, 10_000, 16_383, 0, 0, 10_000),
        # 20 + 20,000·.8 + 1,815·.2 = 16,383: the most
        Rates(borrow_slope1=20_000, borrow_slope2=1_815),
    ],
)
def test_it_is_stored_and_read_back(bare, wanted):
    bare.do("set_rates", wanted)
    (event,) = (e for e in bare.configurator.get_logs() if type(e).__name__ == "RatesSet")
    assert tuple(event.rates) == wanted
    assert bare.venue_words()[4] == wanted.word()
    assert tuple(bare.configurator.rates()) == wanted
