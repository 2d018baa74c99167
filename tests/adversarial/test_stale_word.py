"""(9) Trade, leave or be spared at the stored word when the source has already moved (O-2)."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import BTC, ETH, USDC, Arena
from tests.support.words import WAD


def move_source(arena: Arena, market: int, price: int) -> None:
    """The source moves; nobody has told the venue."""
    boa.env.time_travel(seconds=1)
    arena.feeds[market].push(price // 10**10)


@pytest.mark.parametrize("to", [51_000, 49_000])
def test_a_fill_is_at_the_source(either: Arena, who: SimpleNamespace, ours: tuple[str, ...], to: int) -> None:
    account = either.deposit(who.attacker, 500_000 * USDC)
    either.manager.poke(BTC)  # the word is of this second
    before = either.purse(*ours)
    move_source(either, BTC, to * WAD)
    side = 1 if to > 50_000 else -1
    filled = either.trade(account, BTC, side * 10 * WAD)
    assert abs(filled[1] - to * WAD) < to * WAD // 1_000
    either.prices[BTC] = to * WAD
    either.trade(account, BTC, -side * 10 * WAD)
    assert either.purse(*ours) - before <= 0


def test_close_fraction_is_at_the_source(arena: Arena, who: SimpleNamespace) -> None:
    account = arena.deposit(who.attacker, 500_000 * USDC)
    arena.trade(account, BTC, 10 * WAD)
    move_source(arena, BTC, 48_000 * WAD)
    arena.manager.close_fraction(account, WAD, sender=who.attacker)
    assert arena.manager.cash(account) < 480_000 * WAD


def test_a_withdrawal_is_at_the_source(arena: Arena, who: SimpleNamespace) -> None:
    account = arena.deposit(who.attacker, 100_000 * USDC)
    arena.trade(account, BTC, 20 * WAD)
    free = arena.manager.account_health(account)[0] - arena.manager.account_health(account)[1]
    move_source(arena, BTC, 49_000 * WAD)
    with boa.reverts("manager: below initial margin"):
        arena.manager.withdraw(
            account, arena.quote.address, free // 10**12, who.attacker, sender=who.attacker
        )


def test_shares_are_priced_at_the_source(either: Arena, who: SimpleNamespace, ours: tuple[str, ...]) -> None:
    # the pool is short what traders are long: a fall of the source is its gain, and not for who enters after it
    others = either.deposit(who.trader, 2_000_000 * USDC)
    either.trade(others, ETH, 2_000 * WAD)
    before = either.purse(*ours)
    move_source(either, ETH, 1_900 * WAD)
    either.prices[ETH] = 1_900 * WAD
    either.lp_in(who.attacker, 5_000_000 * USDC)
    either.manager.poke(ETH)
    either.lp_out(who.attacker)
    assert either.purse(*ours) - before - 5_000_000 * WAD <= 0


def test_nobody_is_liquidated_or_spared_at_the_word(arena: Arena, who: SimpleNamespace) -> None:
    account = arena.deposit(who.victim, 80_000 * USDC)
    arena.trade(account, BTC, 20 * WAD)
    move_source(arena, BTC, 48_000 * WAD)
    with boa.env.anchor():
        assert arena.liquidated(account, who.attacker).reason == 0
    move_source(arena, BTC, 50_000 * WAD)
    assert arena.liquidated(account, who.attacker).reason == 1
