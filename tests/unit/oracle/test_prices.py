"""prices(markets)."""

import boa
import pytest

from tests.unit.oracle.conftest import HOUR, INVALID, NO_MARKET, STALE, USD, VALID, WAD, now, wait


@pytest.mark.parametrize("markets", [[32], [0, 255], [2**256 - 1]])
def test_no_such_market(venue, markets):
    venue.market(0, USD)
    with boa.reverts(NO_MARKET):
        venue.oracle.prices(markets)


def test_in_the_order_asked_for_with_repeats(venue):
    venue.market(3, 3 * USD)
    venue.market(30, 30 * USD)
    three, thirty = (3 * WAD, 3 * WAD, now(), VALID), (30 * WAD, 30 * WAD, now(), VALID)
    none = (0, 0, 0, INVALID)
    assert [tuple(price) for price in venue.oracle.prices([30, 3, 7, 30])] == [thirty, three, none, thirty]
    assert venue.oracle.prices([]) == []


def test_it_looks_through_to_the_source(venue):
    mock = venue.market(0, 3 * USD)
    venue.oracle.refresh(1)
    wait(10)
    mock.updateAnswer(4 * USD)
    assert tuple(venue.price(0)) == (4 * WAD, 4 * WAD, now(), VALID)
    wait(HOUR + 1)
    assert tuple(venue.price(0)) == (4 * WAD, 4 * WAD, now() - HOUR - 1, STALE)
