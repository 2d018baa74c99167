"""deleverage: the Waterfall closes part of a winner's position, at the mark and free of charge (W-2)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boa
import pytest

from tests.support.venue import Venue
from tests.support.words import LOT, WAD
from tests.unit.position_manager.support import BTC, DAY, ETH, USDC, events, kill, settle_market


def close(v: Venue, account: int, size: int, market: int = BTC) -> Any:
    return v.manager.deleverage(account, market, size, sender=v.waterfall.address)


def test_reverts_for_all_but_the_waterfall(v: Venue, who: SimpleNamespace, long: int) -> None:
    for sender in (who.trader, who.outsider, v.order_book, v.liquidator, v.configurator, v.pool, v.cover):
        with boa.reverts("manager: not allowed"):
            v.manager.deleverage(long, BTC, -WAD, sender=sender)


def test_reverts_without_a_valid_price(v: Venue, long: int) -> None:
    boa.env.time_travel(seconds=DAY + 1)
    with boa.reverts("manager: no valid price"):
        close(v, long, -WAD)


def test_reverts_without_a_valid_price_of_another_leg(v: Venue, long: int) -> None:
    v.trade(long, ETH, WAD)
    kill(v, ETH)
    with boa.reverts("manager: no valid price"):
        close(v, long, -WAD)


def test_reverts_in_a_market_that_is_not_listed_or_settled(v: Venue, long: int) -> None:
    with boa.reverts("manager: unknown market"):
        close(v, long, -WAD, 9)
    settle_market(v, BTC, 50_000 * WAD)
    with boa.reverts("manager: market closed"):
        close(v, long, -WAD)


def test_reverts_for_parts_of_a_lot(v: Venue, long: int) -> None:
    with boa.reverts("engine: size not in lots"):
        close(v, long, -LOT - 1)


def test_a_hedge_is_left_to_its_owner(v: Venue, who: SimpleNamespace) -> None:
    """5,000 long in bitcoin against 7,200 short in ether: IM is 573, and 632 for the ether by itself; E is 624."""
    account = v.deposit(who.other, 620 * USDC)
    v.trade(account, BTC, WAD // 10)
    v.trade(account, ETH, -36 * WAD // 10)
    v.set_price(BTC, 50_100 * WAD)
    before = v.manager.account_health(account)
    assert 573 * WAD < before[1] < before[0] < 632 * WAD
    with boa.reverts("manager: below initial margin"):
        close(v, account, -WAD // 10)
    assert v.manager.account_health(account) == before
    v.deposit(who.other, 10 * USDC)
    close(v, account, -WAD // 10)


def test_a_hedge_of_someone_with_margin_enough_goes(v: Venue, who: SimpleNamespace) -> None:
    account = v.deposit(who.other, 10_000 * USDC)
    v.trade(account, BTC, WAD // 5)
    v.trade(account, ETH, -36 * WAD // 10)
    close(v, account, -WAD // 5)
    assert v.manager.legs(account)[0] == 1 << ETH
    equity, initial, *_ = v.manager.account_health(account)
    assert equity >= initial


@pytest.mark.parametrize(("side", "price"), [(1, 55_000), (-1, 45_000)])
def test_closes_at_the_mark_free_of_charge(
    v: Venue, who: SimpleNamespace, account: int, side: int, price: int
) -> None:
    v.trade(account, BTC, side * WAD)
    v.set_price(BTC, price * WAD)
    base, quote = v.manager.position(account, BTC)
    index = v.manager.market_words(1)[0].carry
    equity, cash, pool = (
        v.manager.account_health(account)[0],
        v.manager.cash(account),
        v.manager.cash(v.pool_account),
    )
    close(v, account, -side * WAD // 4)
    (event,) = events(v, "Trade")
    assert (event.size, event.price, event.fee) == (-side * WAD // 4, price * WAD, 0)
    # a quarter of the quote out, a quarter at the mark in; a second of borrow is the only carry
    result = quote // 4 + side * price * WAD // 4
    assert v.manager.position(account, BTC)[0] == base - side * WAD // 4
    assert v.manager.cash(account) - cash == pytest.approx(result, abs=10**15)
    assert v.manager.cash(account) + v.manager.cash(v.pool_account) == cash + pool
    assert abs(v.manager.account_health(account)[0] - equity) <= 1
    assert v.manager.market_words(1)[0].carry != index


def test_may_close_all_of_it(v: Venue, long: int) -> None:
    v.set_price(BTC, 55_000 * WAD)
    close(v, long, -WAD)
    assert v.manager.legs(long) == (0, [])
    assert v.manager.market_words(1)[0].book == 0


def test_goes_on_while_the_venue_is_paused_or_closing(v: Venue, long: int) -> None:
    v.configure(1, 0, v.setup.rates.word(flags=3))
    v.set_price(BTC, 55_000 * WAD)
    close(v, long, -WAD // 2)
    assert v.manager.position(long, BTC)[0] == WAD // 2


def test_does_not_ask_for_more_than_the_margin_of_what_is_left(v: Venue, who: SimpleNamespace) -> None:
    """An account below IM after the move is closed in part all the same, where that helps it."""
    account = v.deposit(who.other, 3_500 * USDC)
    v.trade(account, BTC, WAD)
    v.set_price(BTC, 49_500 * WAD)
    equity, initial, maintenance, _ = v.manager.account_health(account)
    assert maintenance < equity < initial
    close(v, account, -WAD // 2)
    assert v.manager.account_health(account)[0] >= v.manager.account_health(account)[1]


def test_reverts_where_even_that_leaves_too_little(v: Venue, who: SimpleNamespace) -> None:
    """E is 2,993 against an IM of 3,200: a lot less does not lift it there; a tenth does."""
    account = v.deposit(who.other, 3_500 * USDC)
    v.trade(account, BTC, WAD)
    v.set_price(BTC, 49_500 * WAD)
    with boa.reverts("manager: below initial margin"):
        close(v, account, -LOT)
    close(v, account, -WAD // 10)
