"""(2) Be liquidated at the mark on purpose, to save the price impact, with the loss hedged elsewhere or in one's own
opposite account. Q-2 charges at least what an ordinary close would have cost (I-12)."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import BTC, USDC, Arena
from tests.support.words import LOT, WAD

CRASHED = 48_200 * WAD


def crowd_of(arena: Arena, who: SimpleNamespace, bps: int) -> None:
    """Somebody else's skew."""
    if bps:
        account = arena.deposit(who.trader, 5_000_000 * USDC)
        arena.trade(account, BTC, arena.setup.markets[BTC].max_oi * bps // 10_000 * LOT)


def sized(arena: Arena) -> int:
    """A quarter of the open interest cap."""
    return arena.setup.markets[BTC].max_oi * 2_500 // 10_000 * LOT


def opened(arena: Arena, user: str, size: int) -> int:
    """An account 2 % above its initial margin: a fall of 3.6 % brings it under maintenance, not under water."""
    account = arena.deposit(user, 3_000_000 * USDC)
    arena.trade(account, BTC, size)
    equity, initial, _, _ = arena.manager.account_health(account)
    loose = min(equity, arena.manager.cash(account)) - initial * 102 // 100
    arena.manager.withdraw(account, arena.quote.address, loose // 10**12, user, sender=user)
    return account


@pytest.mark.parametrize("crowd", [0, 2_500, -2_500])
def test_with_ones_own_opposite_account(
    either: Arena, who: SimpleNamespace, ours: tuple[str, ...], crowd: int
) -> None:
    crowd_of(either, who, crowd)
    size = sized(either)
    before = either.purse(*ours)
    added = either.quote.totalSupply()
    long = opened(either, who.attacker, size)
    short = either.deposit(who.second, 3_000_000 * USDC)
    either.trade(short, BTC, -size)
    added = (either.quote.totalSupply() - added) * 10**12
    either.set_price(BTC, CRASHED)
    outcome = either.liquidated(long, who.bot)
    assert outcome.reason == 0 and outcome.slice > 0
    either.trade(short, BTC, size)
    left = either.manager.position(long, BTC)[0]
    if left:
        either.trade(long, BTC, -left)
    assert either.purse(*ours) - before - added <= 0


@pytest.mark.parametrize("crowd", [0, 2_500, -2_500])
def test_it_costs_no_less_than_to_close(
    either: Arena, who: SimpleNamespace, ours: tuple[str, ...], crowd: int
) -> None:
    # the hedge is on another venue: only the way out of this one differs
    crowd_of(either, who, crowd)
    account = opened(either, who.attacker, sized(either))
    either.set_price(BTC, CRASHED)
    with boa.env.anchor():
        assert either.liquidated(account, who.bot).reason == 0
        left = either.manager.position(account, BTC)[0]
        either.trade(account, BTC, -left)
        liquidated = either.purse(*ours)
    either.trade(account, BTC, -sized(either))
    assert liquidated <= either.purse(*ours)


def test_slice_after_slice(either: Arena, who: SimpleNamespace, ours: tuple[str, ...]) -> None:
    size = sized(either)
    before, supply = either.purse(*ours), either.quote.totalSupply()
    long = opened(either, who.attacker, size)
    short = either.deposit(who.second, 3_000_000 * USDC)
    either.trade(short, BTC, -size)
    added = (either.quote.totalSupply() - supply) * 10**12
    slices = 0
    for price in (48_200, 47_500, 46_800, 46_100):
        either.set_price(BTC, price * WAD)
        slices += either.liquidated(long, who.bot).reason == 0
        # the hedge follows, so that no price move is ever won
        base, hedge = (either.manager.position(a, BTC)[0] for a in (long, short))
        if base + hedge:
            either.trade(short, BTC, -base - hedge)
    assert slices >= 3
    for account in (long, short):
        base = either.manager.position(account, BTC)[0]
        if base:
            either.trade(account, BTC, -base)
    assert either.purse(*ours) - before - added <= 0
