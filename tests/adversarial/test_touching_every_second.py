"""(15) Touch a market every second, to bend funding or to gather its roundings (F-1, I-6)."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import BTC, DOGE, USDC, Arena
from tests.support.words import LOT, WAD, unsigned_to_signed

SECONDS = 60


def rate(arena: Arena, market: int) -> int:
    """Funding rate, 1e-9 a day."""
    return unsigned_to_signed(arena.manager.market_words(1 << market)[0].carry >> 160, 30)


def after(arena: Arena, market: int, steps: int, seconds: int, accounts: list[int]) -> tuple[list[int], int]:
    """Equities of the accounts and the pool's R after so many seconds, touched in so many steps; the funding rate."""
    with boa.env.anchor():
        for _ in range(steps):
            boa.env.time_travel(seconds=seconds // steps)
            arena.manager.poke(market)
        found = [arena.manager.account_health(a)[0] for a in accounts]
        return [*found, arena.shares.pool_state().reduced_equity], rate(arena, market)


def test_twice_in_a_second_is_once(arena: Arena, who: SimpleNamespace) -> None:
    account = arena.deposit(who.trader, 1_000_000 * USDC)
    arena.trade(account, BTC, 50 * WAD)
    boa.env.time_travel(seconds=1_000)
    arena.manager.poke(BTC)
    once = arena.manager.market_words(1)
    for _ in range(5):
        arena.manager.poke(BTC)
    assert arena.manager.market_words(1) == once


@pytest.mark.parametrize("market", [BTC, DOGE])
def test_it_earns_traders_nothing(arena: Arena, who: SimpleNamespace, market: int) -> None:
    # a payer and a receiver of funding, one of them the attacker who touches
    side = arena.setup.markets[market].max_oi // 20 * LOT
    accounts = [arena.deposit(u, 2_000_000 * USDC) for u in (who.attacker, who.trader)]
    arena.trade(accounts[0], market, 3 * side)
    arena.trade(accounts[1], market, -side)
    calm, _ = after(arena, market, 1, SECONDS, accounts)
    bent, _ = after(arena, market, SECONDS, SECONDS, accounts)
    # F-1 lets each step lose less than 1e-9 a day of the rate
    notional = [3 * side * arena.prices[market] // WAD, side * arena.prices[market] // WAD]
    drift = [n * SECONDS * SECONDS // (86_400 * 10**9) + 1 for n in notional]
    assert bent[0] - calm[0] <= drift[0]
    assert bent[1] - calm[1] <= drift[1]


def test_the_rate_follows_the_skew_however_often_it_is_touched(arena: Arena, who: SimpleNamespace) -> None:
    account = arena.deposit(who.attacker, 2_000_000 * USDC)
    arena.trade(account, BTC, arena.setup.markets[BTC].max_oi // 5 * LOT)
    _, calm = after(arena, BTC, 1, SECONDS, [account])
    _, bent = after(arena, BTC, SECONDS, SECONDS, [account])
    assert 0 < calm - SECONDS <= bent <= calm


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="each touch rounds I_L up and I_S down by up to 1e-11 quote a unit: 60 touches in 60 s move 0.008 quote from a"
    " pair of 10 million DOGE at 0.1 to the pool, 5e-6 of notional a day and side, 5e-4 at a price of 0.001",
)
def test_an_lp_gathers_no_roundings(arena: Arena, who: SimpleNamespace) -> None:
    accounts = [arena.deposit(u, 2_000_000 * USDC) for u in (who.trader, who.victim)]
    size = 10_000_000 * WAD
    arena.trade(accounts[0], DOGE, size)
    arena.trade(accounts[1], DOGE, -size)
    calm, _ = after(arena, DOGE, 1, SECONDS, accounts)
    bent, _ = after(arena, DOGE, SECONDS, SECONDS, accounts)
    # a unit of the index a leg is what one touch may take (I-23)
    assert bent[2] - calm[2] <= 2 * size // 10**11
