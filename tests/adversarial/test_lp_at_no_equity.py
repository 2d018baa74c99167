"""(4) Deposit as LP while the pool has no or next to no capital, and own it all when it comes back."""

from __future__ import annotations

from types import SimpleNamespace

import boa

from tests.adversarial.arena import BTC, USDC, Arena
from tests.support.words import LOT, WAD

LONG = 1_200  # bps of the open interest cap that hold the pool's fate


def sunk(arena: Arena, who: SimpleNamespace) -> tuple[int, int]:
    """A long whose profit eats the pool: its account and size."""
    account = arena.deposit(who.trader, 5_000_000 * USDC)
    size = arena.setup.markets[BTC].max_oi * 4_000 // 10_000 * LOT
    arena.trade(account, BTC, size)
    return account, size


def test_negative_equity_is_closed(arena: Arena, who: SimpleNamespace) -> None:
    _, size = sunk(arena, who)
    arena.set_price(BTC, 50_000 * WAD + 10_100_000 * WAD * WAD // size)
    assert arena.shares.pool_state().reduced_equity < 0
    assert arena.shares.maxDeposit(who.attacker) == 0
    with boa.reverts("pool: closed to entries"):
        arena.lp_in(who.attacker, USDC)
    with boa.reverts("manager: protocol account"):
        arena.manager.deposit(arena.pool_account, arena.quote.address, USDC, sender=who.attacker)


def test_zero_equity_is_closed(arena: Arena, who: SimpleNamespace) -> None:
    account, size = sunk(arena, who)
    arena.set_price(BTC, 50_000 * WAD + 9_900_000 * WAD * WAD // size)
    arena.trade(account, BTC, -size)  # flat, and the winner is paid
    rest = arena.manager.cash(arena.pool_account)
    assert rest > 0
    # what is left goes the same way, to the wei
    arena.move(arena.pool_account, account, rest)
    assert arena.shares.pool_state().reduced_equity == 0 and arena.shares.totalSupply() > 0
    with boa.reverts("pool: closed to entries"):
        arena.lp_in(who.attacker, USDC)


def test_next_to_nothing_is_worth_next_to_nothing(
    either: Arena, who: SimpleNamespace, ours: tuple[str, ...]
) -> None:
    _, size = sunk(either, who)
    price = 50_000 * WAD + 9_900_000 * WAD * WAD // size
    while True:  # down to where a few thousand are left
        with boa.env.anchor():
            either.set_price(BTC, price)
            equity = either.shares.pool_state().reduced_equity
        if equity < 20_000 * WAD:
            break
        price += max(equity - 10_000 * WAD, 0) * WAD // size
    either.set_price(BTC, price)
    assert 0 < either.shares.pool_state().reduced_equity < 20_000 * WAD
    before = either.purse(*ours)
    either.lp_in(who.attacker, 50_000_000 * USDC)
    either.manager.poke(BTC)
    either.lp_out(who.attacker)
    assert either.purse(*ours) - before - 50_000_000 * WAD <= 0
