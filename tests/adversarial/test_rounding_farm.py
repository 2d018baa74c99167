"""(12) Smallest steps by the dozen, to gather what single roundings lose (I-23). Thousands of them, against the formulas alone,
are in tests/modules/test_pricing.py."""

from __future__ import annotations

import random
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.adversarial.arena import BTC, DOGE, ETH, USDC, Arena
from tests.support.words import LOT, WAD

STEPS = 40


def without_smallest(arena: Arena, market: int) -> None:
    """Let positions be of one lot."""
    limits = replace(arena.setup.markets[market], min_notional=0)
    arena.configure(4, market, limits.limits_word())


@pytest.mark.parametrize("market", [BTC, DOGE])
def test_lot_by_lot(either: Arena, who: SimpleNamespace, ours: tuple[str, ...], market: int) -> None:
    without_smallest(either, market)
    account = either.deposit(who.attacker, 100 * USDC)
    rng = random.Random(market)
    before = either.purse(*ours)
    for _ in range(STEPS):
        either.trade(account, market, rng.choice((-3, -2, -1, 1, 2, 3)) * LOT)
    base = either.manager.position(account, market)[0]
    if base:
        either.trade(account, market, -base)
    assert either.purse(*ours) - before <= 0


def test_out_of_a_large_position_in_crumbs(
    either: Arena, who: SimpleNamespace, ours: tuple[str, ...]
) -> None:
    account = either.deposit(who.attacker, 1_000_000 * USDC)
    before = either.purse(*ours)
    size = 1_000 * WAD
    either.trade(account, ETH, size)
    for step in range(STEPS):
        either.trade(account, ETH, -LOT)
        if step % 20 == 0:
            either.manager.settle_loss(account, ETH, sender=who.bot)
    for _ in range(5):
        either.manager.close_fraction(account, 1, sender=who.attacker)  # a lot each
    either.trade(account, ETH, -either.manager.position(account, ETH)[0])
    assert either.purse(*ours) - before <= 0


def test_two_accounts_against_each_other(either: Arena, who: SimpleNamespace, ours: tuple[str, ...]) -> None:
    without_smallest(either, BTC)
    accounts = [either.deposit(u, 100 * USDC) for u in (who.attacker, who.second)]
    either.lp_in(who.bot, 10_000_000 * USDC)
    before = either.purse(*ours)
    for step in range(STEPS // 2):
        sign = 1 if step % 2 else -1
        either.trade(accounts[0], BTC, sign * LOT)
        either.trade(accounts[1], BTC, -sign * LOT)
    for account in accounts:
        base = either.manager.position(account, BTC)[0]
        if base:
            either.trade(account, BTC, -base)
    assert either.purse(*ours) - before <= 0


def test_shares_a_unit_at_a_time(arena: Arena, who: SimpleNamespace) -> None:
    # the price of a share is odd from here on
    third = 10**12 // 3
    arena.move(arena.pool_account, arena.cover_account, third)
    before = arena.purse(who.attacker)
    for _ in range(20):
        arena.lp_in(who.attacker, 1)
        half = arena.shares.balanceOf(who.attacker) // 2
        if arena.shares.previewRedeem(half):
            arena.shares.redeem(half, who.attacker, who.attacker, sender=who.attacker)
    arena.lp_out(who.attacker)
    assert arena.purse(who.attacker) - before <= 20 * 10**12
    assert arena.purse(arena.lp) >= 10_000_000 * WAD - 10**12
