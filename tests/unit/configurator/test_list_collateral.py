"""list_collateral(token, underlying, discount, cap)"""

import boa
import pytest

from tests.unit.configurator.support import NOT_OWNER, U96, Market


def test_only_the_owner(venue, outsider):
    with boa.env.prank(outsider), boa.reverts(NOT_OWNER):
        venue.configurator.list_collateral(venue.new_token(), 0, 700, 0)


def test_the_underlying_must_be_listed(venue):
    for underlying in (1, 32, 2**256 - 1):
        with boa.reverts("configurator: underlying"):
            venue.do("list_collateral", venue.new_token(), underlying, 700, 0)


@pytest.mark.parametrize(
    ("discount", "cap", "reason"), [(5_001, 0, "discount"), (2**256 - 1, 0, "discount"), (700, 2**96, "cap")]
)
def test_bounds(venue, discount, cap, reason):
    with boa.reverts(f"configurator: {reason}"):
        venue.do("list_collateral", venue.new_token(), 0, discount, cap)


def test_a_token_once(venue):
    token = venue.new_token()
    venue.do("list_collateral", token, 0, 700, 0)
    with boa.reverts("vault: already listed"):
        venue.do("list_collateral", token, 0, 700, 0)


def test_it_is_stored_and_read_back(venue):
    venue.do("set_market", 1, Market())
    tokens = [venue.new_token() for _ in range(8)]
    wanted = [(token.address, i % 2, 5_000 - i, U96 - i) for i, token in enumerate(tokens)]
    for i, entry in enumerate(wanted):
        assert venue.configurator.collateral_count() == i
        assert venue.do("list_collateral", *entry) == i
        event = venue.configurator.get_logs()[-1]
        assert (event.asset, tuple(event.collateral)) == (i, entry)
    assert venue.configurator.collateral_count() == 8
    assert [tuple(venue.configurator.collateral(i)) for i in range(8)] == wanted
    entries = (underlying | discount << 8 | 1 << 24 for _, underlying, discount, _ in wanted)
    assert venue.venue_words()[1] == sum(entry << 32 * i for i, entry in enumerate(entries))
