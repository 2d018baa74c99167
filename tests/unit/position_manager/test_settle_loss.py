"""settle_loss: an unrealised loss becomes cash paid; equity stays."""

from __future__ import annotations

from types import SimpleNamespace

import boa

from tests.support.venue import MAX, Venue
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    BTC,
    DAY,
    ETH,
)


def test_reverts_for_an_unknown_market(v: Venue, long: int) -> None:
    for market in (5, 31, 32, MAX):
        with boa.reverts("manager: unknown market"):
            v.manager.settle_loss(long, market)


def test_reverts_with_a_stale_price(v: Venue, long: int) -> None:
    boa.env.time_travel(seconds=DAY + 1)
    with boa.reverts("manager: no valid price"):
        v.manager.settle_loss(long, BTC)


def test_anyone_settles_it_and_equity_stays(v: Venue, who: SimpleNamespace, long: int) -> None:
    v.set_price(BTC, 49_000 * WAD)
    cash, health = v.manager.cash(long), v.manager.account_health(long)
    pool = v.manager.cash(v.pool_account)
    quote = v.manager.position(long, BTC)[1]
    settled = v.manager.settle_loss(long, BTC, sender=who.outsider)
    assert 0 <= settled + quote + 49_000 * WAD < WAD // 10**4  # a second of carry
    assert v.manager.cash(long) == cash - settled
    assert v.manager.cash(v.pool_account) == pool + settled
    assert v.manager.position(long, BTC) == (WAD, quote + settled)
    assert v.manager.account_health(long) == health


def test_a_profit_stays(v: Venue, long: int) -> None:
    v.set_price(BTC, 51_000 * WAD)
    assert v.manager.settle_loss(long, BTC) == 0


def test_nothing_to_settle(v: Venue, account: int) -> None:
    assert v.manager.settle_loss(account, BTC) == 0
    assert v.manager.settle_loss(v.pool_account, BTC) == 0


def test_no_more_than_the_unreserved_cash(v: Venue, long: int) -> None:
    free = v.manager.cash(long)
    v.manager.reserve(long, free - 7 * WAD, sender=v.order_book)
    v.set_price(BTC, 49_000 * WAD)
    assert v.manager.settle_loss(long, BTC) == 7 * WAD
    assert v.manager.settle_loss(long, BTC) == 0


def test_no_more_than_the_books_net_loss(v: Venue, long: int) -> None:
    v.trade(long, ETH, -20 * WAD)
    v.set_price(BTC, 49_000 * WAD)  # 1,000 lost
    v.set_price(ETH, 1_980 * WAD)  # 400 won
    assert 599 * WAD < v.manager.settle_loss(long, BTC) < 602 * WAD


def test_event(v: Venue, long: int) -> None:
    v.set_price(BTC, 49_000 * WAD)
    settled = v.manager.settle_loss(long, BTC)
    event = next(e for e in v.manager.get_logs() if type(e).__name__ == "LossSettled")
    assert (event.account, event.market, event.amount) == (long, BTC, settled)
