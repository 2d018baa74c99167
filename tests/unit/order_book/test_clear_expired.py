"""OrderBook.clear_expired: anybody tidies up after the window."""

from tests.unit.order_book.support import (
    DELAY,
    ETH,
    FEE,
    UNKNOWN,
    WAD,
    WINDOW,
    events,
    hash_of,
    wait,
)


def clear(stage, *orders):
    stage.book.clear_expired(list(orders), sender=stage.outsider)


def test_passes_over_what_is_not_expired(stage):
    order = stage.submitted()
    for elapsed in (0, DELAY, WINDOW):
        wait(elapsed)
        clear(stage, order)
        assert events(stage.book) == []
        assert (stage.is_pending(order), stage.reserved()) == (True, FEE)
    wait(1)
    clear(stage, order)
    assert (stage.is_pending(order), stage.reserved()) == (False, 0)


def test_passes_over_what_is_unknown(stage):
    clear(stage)
    clear(stage, stage.order(), stage.order(salt=1))
    assert events(stage.book) == []
    assert stage.reserved() == 0


def test_clears_each_once(stage):
    old = [stage.submitted(salt=i) for i in range(3)]
    wait(1)
    young = stage.submitted(salt=3)
    wait(DELAY + WINDOW)
    clear(stage, old[0], young, old[1], old[0], stage.order(salt=9), old[1])
    assert events(stage.book) == [
        (
            "OrderExpired",
            {"account": stage.account, "market": ETH, "order_hash": hash_of(stage.book, order)},
        )
        for order in old[:2]
    ]
    assert [stage.is_pending(o) for o in (*old, young)] == [False, False, True, True]
    assert stage.reserved() == 2 * FEE
    assert stage.cash(stage.trader) == 10_000 * WAD


def test_sixteen_of_several_accounts(stage):
    accounts = [stage.venue.deposit(stage.trader, 10**6, sub=s) for s in (0, 1)]
    orders = [stage.submitted(account=a, salt=i) for a in accounts for i in range(5)]
    wait(DELAY + WINDOW + 1)
    clear(stage, *orders, *orders[:6])
    assert [stage.reserved(a) for a in accounts] == [0, 0]
    assert stage.execute(*orders) == [(UNKNOWN, "orders: not pending")] * 10


def test_releases_even_with_every_price_dead(stage):
    order = stage.submitted()
    for feed in stage.venue.feeds:
        feed.push(2**80)
    wait(10 * 86_400)
    clear(stage, order)
    assert stage.reserved() == 0
