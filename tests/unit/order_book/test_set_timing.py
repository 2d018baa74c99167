"""OrderBook.set_timing and the view of it."""

import boa
import pytest

from tests.unit.order_book.support import CLOSED_MARKET, ETH, TIMING, event, now

DAY = 86_400


def test_refuses_all_but_the_owner(stage):
    for caller in (stage.outsider, stage.trader, stage.keeper):
        with boa.reverts("ownable: caller is not the owner"):
            stage.book.set_timing(ETH, TIMING, sender=caller)


@pytest.mark.parametrize("market", [32, 255, 2**256 - 1])
def test_refuses_what_is_no_market(stage, market):
    with boa.reverts("orders: no such market"):
        stage.book.set_timing(market, TIMING, sender=stage.venue.owner)


@pytest.mark.parametrize(
    ("timing", "reason"),
    [
        ((3_601, 60, 60), "orders: delay out of bounds"),
        ((2**256 - 1, 60, 60), "orders: delay out of bounds"),
        ((0, 29, 60), "orders: window out of bounds"),
        ((10, 0, 60), "orders: window out of bounds"),
        ((10, 2 * DAY + 1, 60), "orders: window out of bounds"),
        ((10, 2**256 - 1, 60), "orders: window out of bounds"),
        ((0, 0, 60), "orders: window out of bounds"),
        ((10, 60, 29), "orders: age out of bounds"),
        ((10, 60, 0), "orders: age out of bounds"),
        ((10, 60, DAY + 1), "orders: age out of bounds"),
        ((10, 60, 2**256 - 1), "orders: age out of bounds"),
    ],
)
def test_refuses_what_is_out_of_bounds(stage, timing, reason):
    with boa.reverts(reason):
        stage.book.set_timing(ETH, timing, sender=stage.venue.owner)
    assert tuple(stage.book.timing(ETH)) == TIMING


@pytest.mark.parametrize("timing", [(0, 30, 30), (3_600, 2 * DAY, DAY), (1, 3_601, 31), (0, 0, 0)])
@pytest.mark.parametrize("market", [0, ETH, 31])
def test_sets_up_to_the_bounds(stage, market, timing):
    stage.book.set_timing(market, timing, sender=stage.venue.owner)
    assert event(stage.book) == ("TimingSet", {"market": market, "timing": timing})
    assert tuple(stage.book.timing(market)) == timing


def test_closes_and_opens_a_market(stage):
    stage.book.set_timing(ETH, (0, 0, 0), sender=stage.venue.owner)
    with boa.reverts("orders: market closed"):
        stage.submit(stage.order())
    stage.book.set_timing(ETH, TIMING, sender=stage.venue.owner)
    assert stage.status(stage.submitted())[0] == now()


def test_others_stay_as_they_are(stage):
    stage.book.set_timing(CLOSED_MARKET, (1, 31, 33), sender=stage.venue.owner)
    assert tuple(stage.book.timing(ETH)) == TIMING
    assert tuple(stage.book.timing(2**256 - 1)) == (0, 0, 0)
