"""OrderBook.submit in a market without delay: executed in the same call, at the mark and the latency spread."""

import boa
import pytest

from tests.unit.order_book.support import (
    ETH,
    LOT,
    MAX_PENDING,
    NOW_MARKET,
    WAD,
    event,
    fill_price,
    hash_of,
    wait,
)

PRICE = 100 * WAD
SPREAD = 2_000  # 1e-6, of the test venue's markets


def test_refuses_all_but_the_owner(stage):
    with boa.reverts("orders: not the owner"):
        stage.submit(stage.order(market=NOW_MARKET), sender=stage.outsider)


@pytest.mark.parametrize("size", [0, LOT + 1, -LOT - 1])
def test_refuses_a_bad_size(stage, size):
    with boa.reverts("orders: bad size"):
        stage.submit(stage.order(size, market=NOW_MARKET))


def test_refuses_a_fill_beyond_the_bound(stage):
    for size in (WAD, -WAD):
        exact = fill_price(stage, PRICE, size, NOW_MARKET, SPREAD)
        better = exact - 1 if size > 0 else exact + 1
        with boa.reverts("engine: worse than the bound"):
            stage.submit(stage.order(size, market=NOW_MARKET, worst=better))
        stage.submit(stage.order(size, market=NOW_MARKET, worst=exact))
        stage.submit(stage.order(-size, market=NOW_MARKET))


def test_refuses_what_margin_forbids(stage):
    with boa.reverts("manager: below initial margin"):
        stage.submit(stage.order(900 * WAD, market=NOW_MARKET))
    assert stage.base(NOW_MARKET) == 0


def test_refuses_without_a_price(stage):
    stage.venue.feeds[NOW_MARKET].push(2**80)
    wait(1)
    with boa.reverts("manager: no valid price"):
        stage.submit(stage.order(market=NOW_MARKET))


@pytest.mark.parametrize("size", [3 * WAD, -3 * WAD])
def test_executes_at_the_mark_and_the_spread(stage, size):
    before = stage.cash(stage.trader)
    order = stage.order(size, market=NOW_MARKET)
    id = stage.submit(order)
    price = fill_price(stage, PRICE, size, NOW_MARKET, SPREAD)
    assert event(stage.book) == (
        "OrderExecuted",
        {
            "account": stage.account,
            "market": NOW_MARKET,
            "order_hash": id,
            "size": size,
            "price": price,
            "keeper": 0,
        },
    )
    assert id == hash_of(stage.book, order)
    assert stage.base(NOW_MARKET) == size
    # taker fee alone: 5 bps of 300, and no keeper's
    assert before - stage.cash(stage.trader) == 15 * WAD // 100
    assert (stage.reserved(), stage.is_pending(order)) == (0, False)


def test_the_same_order_again_is_another_trade(stage):
    order = stage.order(market=NOW_MARKET)
    assert stage.submit(order) == stage.submit(order)
    assert stage.base(NOW_MARKET) == 2 * WAD


def test_reduces_only(stage):
    stage.submit(stage.order(2 * WAD, market=NOW_MARKET))
    stage.submit(stage.order(-5 * WAD, market=NOW_MARKET, reduce_only=True))
    assert event(stage.book)[1]["size"] == -2 * WAD
    assert stage.base(NOW_MARKET) == 0
    with boa.reverts("engine: nothing to reduce"):
        stage.submit(stage.order(-5 * WAD, market=NOW_MARKET, reduce_only=True))


def test_pending_orders_do_not_count(stage):
    for i in range(MAX_PENDING):
        stage.submitted(salt=i, market=ETH)
    stage.submit(stage.order(market=NOW_MARKET))
    assert stage.base(NOW_MARKET) == WAD


def test_a_round_trip_loses_spread_and_fees(stage):
    start = stage.cash(stage.trader)
    stage.submit(stage.order(WAD, market=NOW_MARKET))
    stage.submit(stage.order(-WAD, market=NOW_MARKET))
    # 0.2 % each way and the fee of each side of a round trip, taker then maker
    lost = start - stage.cash(stage.trader)
    assert lost >= 2 * PRICE * SPREAD // 10**6 + PRICE * (500 + 200) // 10**6
