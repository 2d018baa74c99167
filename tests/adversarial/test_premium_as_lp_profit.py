"""(1) Deposit as LP, widen the skew, leave with the premium as profit, close. U-0 holds back what P-3 owes (I-16, I-20)."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adversarial.arena import BTC, ETH, USDC, Arena
from tests.support.words import LOT, WAD


def largest(arena: Arena, market: int, bps: int) -> int:
    """A size of so many bps of the market's open interest cap."""
    return arena.setup.markets[market].max_oi * bps // 10_000 * LOT


@pytest.mark.parametrize("crowd", [0, 2_000, -2_000])
@pytest.mark.parametrize("share", [1_000_000, 90_000_000])
def test_widen_between_entry_and_exit(
    either: Arena, who: SimpleNamespace, ours: tuple[str, ...], crowd: int, share: int
) -> None:
    others = either.deposit(who.trader, 5_000_000 * USDC)
    if crowd:
        either.trade(others, BTC, largest(either, BTC, crowd))
    account = either.deposit(who.attacker, 5_000_000 * USDC)
    size = largest(either, BTC, 3_000)
    before = either.purse(*ours)
    either.lp_in(who.second, share * USDC)
    either.trade(account, BTC, size)
    either.lp_out(who.second)
    either.trade(account, BTC, -size)
    either.lp_out(who.second)
    assert either.purse(*ours) <= before + share * USDC * 10**12


@pytest.mark.parametrize("crowd", [0, 2_000])
def test_widen_then_enter_then_close(
    either: Arena, who: SimpleNamespace, ours: tuple[str, ...], crowd: int
) -> None:
    others = either.deposit(who.trader, 5_000_000 * USDC)
    if crowd:
        either.trade(others, BTC, largest(either, BTC, crowd))
    account = either.deposit(who.attacker, 5_000_000 * USDC)
    size = largest(either, BTC, 3_000)
    before = either.purse(*ours)
    either.trade(account, BTC, size)
    either.lp_in(who.second, 20_000_000 * USDC)
    either.trade(account, BTC, -size)
    either.lp_out(who.second)
    gain = either.purse(*ours) - before - 20_000_000 * WAD
    assert gain <= 0


def test_in_many_steps_with_two_accounts(either: Arena, who: SimpleNamespace, ours: tuple[str, ...]) -> None:
    one, two = (either.deposit(u, 5_000_000 * USDC) for u in (who.attacker, who.bot))
    before = either.purse(*ours)
    spent = 0
    for step in range(1, 6):
        spent += 3_000_000
        either.lp_in(who.second, 3_000_000 * USDC)
        either.trade(one, ETH, largest(either, ETH, 300 * step))
        either.trade(two, ETH, -largest(either, ETH, 200 * step))
        if step % 2:
            either.lp_out(who.second)
    for account in (one, two):
        either.trade(account, ETH, -either.manager.position(account, ETH)[0])
        either.lp_out(who.second)
    assert either.shares.balanceOf(who.second) == 0
    assert either.purse(*ours) - before <= spent * WAD
