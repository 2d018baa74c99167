"""OrderBook.cancel: before the price can be known, or after it can be used."""

import boa
import pytest

from tests.unit.order_book.support import (
    DELAY,
    ETH,
    FEE,
    UNKNOWN,
    WAD,
    WINDOW,
    event,
    hash_of,
    wait,
)


def cancel(stage, order, sender=None):
    stage.book.cancel(order, sender=sender or stage.trader)


def test_refuses_all_but_the_owner(stage):
    order = stage.submitted()
    for elapsed in (0, DELAY, WINDOW + 1):
        wait(elapsed)
        for caller in (stage.outsider, stage.keeper, stage.venue.owner):
            with boa.reverts("orders: not the owner"):
                cancel(stage, order, caller)


def test_refuses_an_unknown_order(stage):
    order = stage.submitted()
    for other in (
        stage.order(salt=1),
        stage.order(-WAD),
        stage.order(2 * WAD),
        stage.order(worst=1),
        stage.order(reduce_only=True),
        stage.order(market=ETH + 1),
        stage.order(account=stage.account + 1),
    ):
        with boa.reverts("orders: unknown order"):
            cancel(stage, other)
    cancel(stage, order)
    with boa.reverts("orders: unknown order"):
        cancel(stage, order)


@pytest.mark.parametrize("elapsed", [DELAY, DELAY + 1, DELAY + WINDOW - 1, DELAY + WINDOW])
def test_refuses_while_it_binds(stage, elapsed):
    """I-19: from the first second whose prices count to the last in which it can execute."""
    order = stage.submitted()
    wait(elapsed)
    with boa.reverts("orders: too late to cancel"):
        cancel(stage, order)


def test_refuses_in_the_window_even_without_a_price(stage):
    order = stage.submitted()
    stage.due(2**80 * 10**10)
    with boa.reverts("orders: too late to cancel"):
        cancel(stage, order)


@pytest.mark.parametrize("elapsed", [0, 1, DELAY - 1])
def test_cancels_before_the_delay_is_over(stage, elapsed):
    kept = stage.submitted(salt=1)
    order = stage.submitted()
    wait(elapsed)
    cancel(stage, order)
    expected = {"account": stage.account, "market": ETH, "order_hash": hash_of(stage.book, order)}
    assert event(stage.book) == ("OrderCancelled", expected)
    assert (stage.is_pending(order), stage.is_pending(kept), stage.reserved()) == (False, True, FEE)
    stage.due()
    assert stage.execute(order) == [(UNKNOWN, "orders: not pending")]
    assert stage.base() == 0


@pytest.mark.parametrize("elapsed", [DELAY + WINDOW + 1, 10**6])
def test_clears_after_the_window(stage, elapsed):
    order = stage.submitted()
    wait(elapsed)
    cancel(stage, order)
    expected = {"account": stage.account, "market": ETH, "order_hash": hash_of(stage.book, order)}
    assert event(stage.book) == ("OrderExpired", expected)
    assert (stage.is_pending(order), stage.reserved()) == (False, 0)
    assert stage.cash(stage.trader) == 10_000 * WAD


def test_releases_what_was_reserved_then(stage):
    order = stage.submitted()
    stage.book.set_keeper_fee(5 * FEE, sender=stage.venue.owner)
    stage.submitted(salt=1)
    cancel(stage, order)
    assert stage.reserved() == 5 * FEE
