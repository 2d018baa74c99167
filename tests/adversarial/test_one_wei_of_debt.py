"""One wei of debt left behind: somebody pays another's debt but for the last wei, too little for any unit of collateral to cover, and D is never zero
again: the claims of a shutdown do not open. (Lending markets have been held up by dust that no call could clear.) L-2 lets the last unit pay the
last of a debt, and a debt with nothing beside it is written off by anybody (W-1).
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adversarial.arena import BTC, ETH, USDC, Arena
from tests.adversarial.naive import NoConcession, Paper, Real, Refused, Stage
from tests.support.venue import account_of
from tests.support.words import WAD

WETH = 1
BPS = 10_000


def unit_of(stage: Stage) -> int:
    """What 1e-18 of ether is credited with, 1e-18 quote, rounded down."""
    return stage.word(ETH) * (BPS - stage.setup.assets[WETH].discount) // (WAD * BPS)


def attack(stage: Stage, who: SimpleNamespace) -> int:
    """Convert a flat account's debt but for the last of it, then let others try; returns what is owed in the end, WAD."""
    account = stage.deposit(who.victim, 100 * 10**18, WETH)
    stage.trade(account, BTC, 10 * WAD)
    stage.set_price(BTC, 49_000 * WAD)
    stage.close(account, BTC)
    owed = -stage.cash(account)
    assert owed > 10_000 * WAD
    rate = stage.word(ETH) * (BPS - stage.setup.assets[WETH].discount) // BPS
    stage.convert(who.attacker, account, WETH, (owed - 1) * WAD // rate)
    assert 0 < -stage.cash(account) <= unit_of(stage) + 1
    for amount in (1, 1, 2, 10**9):
        try:
            stage.convert(who.keeper, account, WETH, amount)
        except Refused:
            continue
    return -stage.cash(account)


def test_a_strict_conversion_leaves_it_for_ever(arena: Arena, who: SimpleNamespace) -> None:
    assert attack(Paper(arena.setup, NoConcession), who) > 0


@pytest.mark.parametrize("kind", ["model", "bytecode"])
def test_the_last_unit_pays_it(arena: Arena, who: SimpleNamespace, kind: str) -> None:
    stage = Real(arena) if kind == "bytecode" else Paper(arena.setup)
    assert attack(stage, who) == 0


def test_the_debt_of_nobody_is_written_off(arena: Arena, who: SimpleNamespace) -> None:
    account = account_of(who.victim)
    arena.deposit(who.victim, 100 * USDC)
    arena.manager.withdraw(account, arena.quote.address, 100 * USDC, who.victim, sender=who.victim)
    arena.move(account, arena.pool_account, 1)
    assert (arena.vault.debt(), arena.manager.cash(account)) == (1, -1)
    assert arena.liquidated(account, who.outsider) == (WAD, 0, 0)
    assert (arena.vault.debt(), arena.manager.cash(account)) == (0, 0)
