"""(5) LPs leave with the cash that winners are owed while losers only owe it: D of L-2 stays (I-22)."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import BTC, ETH, USDC, Arena
from tests.support.words import LOT, WAD


@pytest.fixture
def owed(arena: Arena, who: SimpleNamespace) -> tuple[int, int]:
    """A winner with its profit in cash, and a loser whose loss is backed by collateral: both accounts, flat."""
    winner = arena.deposit(who.trader, 2_000_000 * USDC)
    loser = arena.deposit(who.victim, 2_000 * 10**18, arena.tokens[1])  # 4 million in ether
    size = arena.setup.markets[BTC].max_oi * 3_000 // 10_000 * LOT
    arena.trade(winner, BTC, size)
    arena.trade(loser, BTC, -size)
    arena.set_price(BTC, 54_000 * WAD)
    arena.trade(winner, BTC, -size)
    arena.trade(loser, BTC, size)
    assert arena.manager.cash(loser) < -WAD * 500_000
    return winner, loser


def test_the_lp_cannot_take_it(arena: Arena, who: SimpleNamespace, owed: tuple[int, int]) -> None:
    winner, loser = owed
    debt = arena.vault.debt()
    assert debt == -arena.manager.cash(loser)
    everything = arena.shares.balanceOf(arena.lp)
    with boa.reverts("manager: cash owed to winners"):
        arena.shares.redeem(everything, arena.lp, arena.lp, sender=arena.lp)
    arena.lp_out(arena.lp)
    assert arena.manager.cash(arena.pool_account) >= debt
    cash = arena.manager.cash(winner) // 10**12
    arena.manager.withdraw(winner, arena.quote.address, cash, who.trader, sender=who.trader)
    assert arena.quote.balanceOf(who.trader) == cash


def test_first_out_gains_nothing(
    arena: Arena, who: SimpleNamespace, ours: tuple[str, ...], owed: tuple[int, int]
) -> None:
    before = arena.purse(*ours)
    arena.lp_in(who.attacker, 20_000_000 * USDC)
    arena.lp_out(who.attacker)
    arena.manager.convert_collateral(owed[1], arena.tokens[1].address, WAD, sender=who.attacker)
    arena.lp_out(who.attacker)
    assert arena.purse(*ours) - before - 20_000_000 * WAD <= 0


def test_it_comes_free_as_the_debt_is_paid(arena: Arena, who: SimpleNamespace, owed: tuple[int, int]) -> None:
    loser = owed[1]
    arena.lp_out(arena.lp)
    stuck = arena.shares.balanceOf(arena.lp)
    assert stuck > 0 and arena.shares.maxRedeem(arena.lp) == 0
    price = arena.prices[ETH] * 9_300 // 10_000
    arena.manager.convert_collateral(
        loser, arena.tokens[1].address, -arena.manager.cash(loser) * WAD // price, sender=who.outsider
    )
    assert arena.vault.debt() < 10**6
    # the pool holds ether in its place: cash comes with the buyer
    assert arena.shares.maxRedeem(arena.lp) < stuck
    arena.fund(who.outsider, 1_000_000 * USDC)
    stock = arena.liquidations.inventory_price(arena.tokens[1].address)[1]
    arena.liquidations.buy_collateral(
        arena.tokens[1].address, stock, 2**255, who.outsider, b"", sender=who.outsider
    )
    assert arena.shares.maxRedeem(arena.lp) == stuck
