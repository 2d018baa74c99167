"""set_rates(rates): utilisation caps and the borrow curve."""

import boa
import pytest

from tests.unit.configurator.support import DAY, HOUR, NOT_OWNER, Rates


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
        ({"pool_cooldown": 30 * DAY + 60}, "pool_cooldown"),
        ({"pool_cooldown": 2**256 - 1}, "pool_cooldown"),
        ({"pool_cooldown": 61}, "granularity"),
        ({"cover_cooldown": 30 * DAY + 60}, "cover_cooldown"),
        ({"cover_cooldown": HOUR - 60}, "cover_cooldown"),
        ({"cover_cooldown": 0}, "cover_cooldown"),
        ({"cover_cooldown": DAY - 1}, "granularity"),
        ({"cover_share": 0}, "cover_share"),
        ({"cover_share": 10_001}, "cover_share"),
        ({"adl_ratio": 9_999}, "adl_ratio"),
        ({"adl_ratio": 50_001}, "adl_ratio"),
        # .25·4 = 1 and one step above, on either side; .2·5 is the largest ratio of all
        ({"exit_cap_net": 2_500, "adl_ratio": 40_001}, "adl_ratio for caps"),
        ({"exit_cap_net": 2_501, "adl_ratio": 40_000}, "adl_ratio for caps"),
        ({"exit_cap_net": 2_001, "adl_ratio": 50_000}, "adl_ratio for caps"),
    ],
)
def test_bounds(bare, changes, reason):
    with boa.reverts(f"configurator: {reason}"):
        bare.do("set_rates", Rates()._replace(**changes))


@pytest.mark.parametrize(
    "wanted",
    [
        Rates(),
        Rates(1, 1, 1, 1, 0, 0, 0, 0, 0, HOUR, 1, 10_000),
        Rates(5_000, 10_000, 5_000, 10_000, 16_383, 0, 0, 10_000, 30 * DAY, 30 * DAY, 10_000, 20_000),
        Rates(cap_net=2_500, exit_cap_net=2_500, adl_ratio=40_000),
        Rates(cap_net=2_000, exit_cap_net=2_000, adl_ratio=50_000, pool_cooldown=60),
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


def test_grace_and_flags_stay(stage):
    """Bits 192 and up: a pause, and when liquidations may go on."""
    for bits in (2**64 - 1, 0x0F_12_3456_789A, 0, 1 << 40, 1):
        stage.manager.configure(1, 0, bits << 192, sender=stage.configurator.address)
        stage.do("set_rates", Rates(cap_net=900))
        assert stage.rates() == Rates(cap_net=900).word() | bits << 192
        assert tuple(stage.configurator.rates()) == Rates(cap_net=900)
