"""Further: be the LP for one block. What the pool earns in it belongs to those who bore the risk (I-16, I-20).

The naive rule is a cooldown of 0: capital borrowed for the block earns nine tenths of it, and lifts what is weighed against R. With a cooldown
borrowed capital cannot be paid back in its block, and one's own bears an hour of the pool's losses for what it earns.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import BTC, ETH, HOUR, SOL, USDC, Arena
from tests.adversarial.stress import set_rates
from tests.support.words import LOT, WAD

FLASH = 90_000_000
Story = Callable[[Arena, SimpleNamespace], int]


def enter(arena: Arena, user: str, quote: int = FLASH) -> int:
    """Nine tenths of the pool, borrowed for the block; the purse before the profit."""
    before = arena.purse(user) + quote * WAD
    arena.lp_in(user, quote * USDC)
    return before


def leave(arena: Arena, user: str) -> bool:
    """All of it out again in the same block, by any door."""
    shares = arena.shares.balanceOf(user)
    if arena.shares.maxRedeem(user) == shares:
        arena.shares.redeem(shares, user, user, sender=user)
        return True
    with boa.env.anchor(), boa.reverts("pool: exit by request"):
        arena.shares.redeem(1, user, user, sender=user)
    arena.shares.request_exit(shares, sender=user)
    with boa.reverts("pool: too early"):
        arena.shares.finalise_exit(user, sender=user)
    return False


def ether_account(arena: Arena, who: SimpleNamespace) -> int:
    """Somebody's account on 100 ether, liquidatable."""
    account = arena.deposit(who.victim, 100 * 10**18, arena.tokens[1])
    arena.trade(account, ETH, 800 * WAD)
    arena.set_price(ETH, 1_830 * WAD)
    return account


# ---- stories: what the attacker has more than he would have had, WAD, after the exit -----------------------


def penalty(arena: Arena, who: SimpleNamespace) -> int:
    """In, liquidate somebody, out."""
    account = ether_account(arena, who)
    before = enter(arena, who.attacker)
    assert arena.liquidated(account, who.keeper).reason == 0
    assert leave(arena, who.attacker), "not repaid"
    return arena.purse(who.attacker) - before


def fee(arena: Arena, who: SimpleNamespace) -> int:
    """In, execute somebody's order, out."""
    account = arena.deposit(who.trader, 1_000_000 * USDC)
    before = enter(arena, who.attacker)
    arena.trade(account, BTC, 100 * WAD)
    assert leave(arena, who.attacker), "not repaid"
    return arena.purse(who.attacker) - before


def borrow_rate(arena: Arena, who: SimpleNamespace) -> int:
    """In, poke, out: by how much a market's stored rate a day is lower than its LPs would have it, 1e-6."""
    for user, market, bps in ((who.attacker, ETH, 5_000), (who.trader, SOL, 3_000)):
        account = arena.deposit(user, 4_000_000 * USDC)
        arena.trade(account, market, arena.setup.markets[market].max_oi * bps // 10_000 * LOT)
    arena.manager.poke(ETH)
    honest = arena.manager.market_words(1 << ETH)[0].carry >> 210 & 2**14 - 1
    enter(arena, who.second, 1_000_000_000)
    arena.manager.poke(ETH)
    assert leave(arena, who.second), "not repaid"
    return honest - (arena.manager.market_words(1 << ETH)[0].carry >> 210 & 2**14 - 1)


def share_cap(arena: Arena, who: SimpleNamespace) -> int:
    """In, trade up to a market's share of the pool, out: what stands above 2 R of those who stayed."""
    long, short = (arena.deposit(u, 4_000_000 * USDC) for u in (who.attacker, who.bot))
    piece = arena.setup.markets[BTC].max_oi // 8 * LOT
    enter(arena, who.second, 50_000_000)
    for _ in range(5):
        arena.trade(long, BTC, piece)
        arena.trade(short, BTC, -piece)
    assert leave(arena, who.second), "not repaid"
    notional = arena.manager.position(long, BTC)[0] * arena.prices[BTC] // WAD
    return notional - 2 * arena.shares.pool_state().reduced_equity


STORIES = [(penalty, 1_400 * WAD), (fee, 2_200 * WAD), (borrow_rate, 390), (share_cap, 4_000_000 * WAD)]


@pytest.mark.parametrize(("story", "least"), STORIES, ids=[s.__name__ for s, _ in STORIES])
def test_without_a_cooldown_an_lp_for_one_block_gains(
    arena: Arena, who: SimpleNamespace, story: Story, least: int
) -> None:
    assert story(arena, who) > least


@pytest.mark.parametrize("story", [s for s, _ in STORIES], ids=[s.__name__ for s, _ in STORIES])
def test_with_a_cooldown_borrowed_capital_is_not_repaid(
    arena: Arena, who: SimpleNamespace, story: Story
) -> None:
    set_rates(arena, pool_cooldown=60)
    with pytest.raises(AssertionError, match="not repaid"):
        story(arena, who)


@pytest.mark.parametrize("cooldown", [0, 60])
def test_the_discount_of_the_inventory(arena: Arena, who: SimpleNamespace, cooldown: int) -> None:
    """It starts at nothing: there is nothing to take out of the block, cooldown or not."""
    assert arena.liquidated(ether_account(arena, who), who.keeper).reason == 0
    set_rates(arena, pool_cooldown=cooldown)
    before = enter(arena, who.attacker)
    weth = arena.tokens[1].address
    arena.fund(who.attacker, 1_000_000 * USDC)
    price, stock = arena.liquidations.inventory_price(weth)
    assert price == arena.prices[ETH]
    arena.liquidations.buy_collateral(weth, stock, price, who.attacker, b"", sender=who.attacker)
    assert arena.purse(who.attacker) - before - 1_000_000 * WAD <= 0


def stay(arena: Arena, who: SimpleNamespace, percent: int) -> int:
    """One's own nine tenths for an hour around a liquidation, with somebody's long of ten million that moves meanwhile; the gain."""
    set_rates(arena, pool_cooldown=60)
    other = arena.deposit(who.trader, 2_000_000 * USDC)
    arena.trade(other, BTC, 200 * WAD)
    account = ether_account(arena, who)
    before = enter(arena, who.attacker)
    assert arena.liquidated(account, who.keeper).reason == 0
    arena.shares.request_exit(arena.shares.balanceOf(who.attacker), sender=who.attacker)
    arena.warp(HOUR)
    arena.set_price(BTC, arena.prices[BTC] * (100 + percent) // 100)
    arena.shares.finalise_exit(who.attacker)
    return arena.purse(who.attacker) - before


def test_ones_own_capital_bears_the_pools_hour(arena: Arena, who: SimpleNamespace) -> None:
    """For at most a thousandth of its hour's stake: what is earned is a premium for the risk that the pool runs meanwhile."""
    with boa.env.anchor():
        quiet = stay(arena, who, 0)
    prices = [m.price for m in arena.setup.markets]
    arena.prices[:] = prices
    assert 0 < quiet < FLASH * WAD // 10_000
    assert stay(arena, who, 1) < -10 * quiet
