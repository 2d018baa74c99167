"""(10) Liquidate an account whose remainder would fall under min_margin, again and again for the flat reward."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adversarial.arena import BTC, USDC, Arena
from tests.support.words import WAD


@pytest.mark.parametrize("size", [WAD // 500, WAD // 200, WAD // 80])
def test_it_is_closed_at_once(either: Arena, who: SimpleNamespace, ours: tuple[str, ...], size: int) -> None:
    notional = size * 50_000
    deposit = max(notional * 7 // 100, 26 * WAD) // 10**12
    before, supply = either.purse(*ours), either.quote.totalSupply()
    account = either.deposit(who.attacker, deposit)
    either.trade(account, BTC, size)
    mirror = either.deposit(who.second, 1_000 * USDC)
    either.trade(mirror, BTC, -size)
    added = (either.quote.totalSupply() - supply) * 10**12
    for price in range(49_900, 40_000, -100):
        either.set_price(BTC, price * WAD)
        outcome = either.liquidated(account, who.bot)
        if outcome.reason == 0:
            break
    assert outcome.slice == WAD
    assert either.manager.position(account, BTC) == (0, 0)
    # once, and never again
    assert either.liquidated(account, who.bot).reason == 3
    either.trade(mirror, BTC, size)
    assert either.manager.cash(account) >= 0 and either.vault.debt() == 0
    assert either.purse(*ours) - before - added <= 0


def test_a_slice_leaves_enough_for_the_next(arena: Arena, who: SimpleNamespace) -> None:
    account = arena.deposit(who.victim, 3_600 * USDC)
    arena.trade(account, BTC, WAD)
    arena.set_price(BTC, 48_500 * WAD)
    outcome = arena.liquidated(account, who.keeper)
    assert outcome.reason == 0 and 0 < outcome.slice < WAD
    equity, _, maintenance, _ = arena.manager.account_health(account)
    assert equity * 10_000 >= maintenance * 12_500
    assert maintenance >= 25 * WAD
    assert arena.liquidated(account, who.keeper).reason == 1
