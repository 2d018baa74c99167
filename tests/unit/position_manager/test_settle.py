"""settle: a position in a settled market closes at the settlement price (W-3)."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.support.state_words import unpack_sums
from tests.support.venue import Venue
from tests.support.words import LOT, WAD
from tests.unit.position_manager.support import BTC, DAY, ETH, USDC, events, kill, settle_market


def test_reverts_in_an_open_market(v: Venue, who: SimpleNamespace, long: int) -> None:
    with boa.reverts("manager: nothing to settle"):
        v.manager.settle(long, BTC, sender=who.trader)


def test_reverts_without_a_position(v: Venue, who: SimpleNamespace, account: int) -> None:
    settle_market(v, BTC, 45_000 * WAD)
    for nobody in (account, 0, v.pool_account):
        with boa.reverts("manager: nothing to settle"):
            v.manager.settle(nobody, BTC, sender=who.outsider)


def test_reverts_in_a_market_that_is_not_listed(v: Venue, account: int) -> None:
    with boa.reverts("manager: nothing to settle"):
        v.manager.settle(account, 9)


@pytest.mark.parametrize("market", [32, 2**255])
def test_reverts_for_what_is_no_market(v: Venue, account: int, market: int) -> None:
    with pytest.raises(boa.BoaError):
        v.manager.settle(account, market)


def test_reverts_a_second_time(v: Venue, long: int) -> None:
    settle_market(v, BTC, 45_000 * WAD)
    v.manager.settle(long, BTC)
    with boa.reverts("manager: nothing to settle"):
        v.manager.settle(long, BTC)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("price", [45_000, 56_789])
def test_closes_all_of_it_at_the_settlement_price(
    v: Venue, who: SimpleNamespace, account: int, side: int, price: int
) -> None:
    """Nobody's price of now, no fee, no impact: quote + P_s - I, floored."""
    v.trade(account, BTC, side * WAD)
    cash, pool = v.manager.cash(account), v.manager.cash(v.pool_account)
    quote = v.manager.position(account, BTC)[1]
    at = settle_market(v, BTC, price * WAD)
    assert 0 <= price * WAD - at < price * WAD >> 17
    v.manager.settle(account, BTC, sender=who.outsider)
    result = quote + side * at
    assert v.manager.legs(account) == (0, [])
    assert v.manager.cash(account) == cash + result
    assert v.manager.cash(v.pool_account) == pool - result


def test_equity_is_the_same_before_and_after(v: Venue, long: int) -> None:
    v.trade(long, ETH, -3 * WAD)
    v.warp(5 * 3_600)
    settle_market(v, BTC, 47_111 * WAD)
    equity = v.manager.account_health(long)[0]
    v.manager.settle(long, BTC)
    assert v.manager.account_health(long)[0] == equity
    assert v.manager.legs(long)[0] == 1 << ETH


def test_until_then_it_is_worth_that_and_weighs_nothing(v: Venue, long: int) -> None:
    """Whatever the feed says: min_margin is all that a position asks for."""
    cash, quote = v.manager.cash(long), v.manager.position(long, BTC)[1]
    at = settle_market(v, BTC, 45_000 * WAD)
    for _ in range(2):
        equity, initial, maintenance, _ = v.manager.account_health(long)
        assert (equity, initial, maintenance) == (cash + quote + at, 25 * WAD, 25 * WAD)
        v.set_price(BTC, 10_000 * WAD)
    kill(v, BTC)
    assert v.manager.account_health(long)[:3] == (cash + quote + at, 25 * WAD, 25 * WAD)


def test_carry_has_stopped(v: Venue, long: int) -> None:
    v.warp(3_600)
    settle_market(v, BTC, 50_000 * WAD)
    equity = v.manager.account_health(long)[0]
    v.warp(300 * DAY)
    assert v.manager.account_health(long)[0] == equity
    cash, word = v.manager.cash(long), v.manager.market_words(1)[0].carry
    v.manager.settle(long, BTC)
    assert v.manager.cash(long) - cash == equity - cash
    assert v.manager.market_words(1)[0].carry == word


def test_needs_no_price_at_all(v: Venue, long: int) -> None:
    v.trade(long, ETH, WAD)
    settle_market(v, BTC, 50_000 * WAD)
    boa.env.time_travel(seconds=30 * DAY)
    v.manager.settle(long, BTC)
    assert v.manager.legs(long)[0] == 1 << ETH


def test_health_does_not_matter(v: Venue, long: int) -> None:
    """A loss far beyond the cash is booked: the rest is a debt, for whoever liquidates the account."""
    cash, quote = v.manager.cash(long), v.manager.position(long, BTC)[1]
    at = settle_market(v, BTC, 20_000 * WAD)
    v.manager.settle(long, BTC)
    assert v.manager.cash(long) == cash + quote + at < -20_000 * WAD
    assert v.vault.debt() == -v.manager.cash(long)


def test_the_last_one_out_leaves_nothing(v: Venue, who: SimpleNamespace, long: int) -> None:
    """Both sides settled in any order: book, quotes and the market's part of the sums are zero, cash adds up."""
    other = v.deposit(who.other, 10_000 * USDC)
    v.trade(other, BTC, -WAD // 3 // LOT * LOT)
    v.warp(3_600)
    settle_market(v, BTC, 43_210 * WAD)
    for account in (other, long):
        v.manager.settle(account, BTC)
    assert v.manager.market_words(1)[0].book == 0
    _, _, first, second, _, _ = v.manager.venue_words()
    assert unpack_sums(first, second) == (0, 0, 0, 0, 0, 0)
    assert sum(v.manager.cash(a) for a in (long, other, v.pool_account)) == v.vault.credited(255)


def test_nothing_else_can_be_done_with_it(v: Venue, who: SimpleNamespace, long: int) -> None:
    settle_market(v, BTC, 45_000 * WAD)
    for size in (WAD, -WAD):
        with boa.reverts("manager: market closed"):
            v.trade(long, BTC, size)
    with boa.reverts("manager: market closed"):
        v.manager.poke(BTC)
    with boa.reverts("manager: market closed"):
        v.manager.settle_loss(long, BTC)
    with boa.reverts("manager: market closed"):
        v.manager.close_fraction(long, WAD, sender=who.trader)
    v.manager.settle(long, BTC)
    v.trade(long, ETH, WAD)
    v.manager.close_fraction(long, WAD, sender=who.trader)


def test_event(v: Venue, long: int) -> None:
    at = settle_market(v, BTC, 45_000 * WAD)
    quote = v.manager.position(long, BTC)[1]
    v.manager.settle(long, BTC)
    (event,) = events(v, "Trade")
    assert (event.account, event.market, event.size, event.price) == (long, BTC, -WAD, at)
    assert (event.fee, event.realised) == (0, quote + at)
