"""Hyperliquid, March 2025: the owner of a very large ether long withdrew margin until the position was liquidated, and the pool took it over
at the mark, sparing him the cost of closing it. M-5 (no profit leaves, IM stays) and Q-2 (never cheaper than a close) answer, I-12.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adversarial.arena import ETH, USDC, Arena
from tests.adversarial.naive import DownToMaintenance, FreeLiquidation, Paper, Real, Stage
from tests.support.words import WAD

MARGIN = 1_000_000
SIZE = 4_000 * WAD  # 8 million quote


def whale(stage: Stage, who: SimpleNamespace) -> int:
    """A long in profit, with a crowd that went short after it: to close costs impact now."""
    account = stage.deposit(who.attacker, MARGIN * USDC)
    stage.trade(account, ETH, SIZE)
    crowd = stage.deposit(who.trader, 3 * MARGIN * USDC)
    stage.trade(crowd, ETH, -2 * SIZE)
    stage.set_price(ETH, 2_100 * WAD)
    return account


def dumped(stage: Stage, who: SimpleNamespace) -> int:
    """Take out what there is, wait for the dip, be liquidated by oneself, and close what is left; returns the slice."""
    account = whale(stage, who)
    stage.draw(who.attacker, account, 2 * MARGIN * USDC)
    stage.set_price(ETH, 2_095 * WAD)
    fraction = stage.liquidate(account, who.bot).fraction
    stage.close(account, ETH)
    return fraction


def closed(stage: Stage, who: SimpleNamespace) -> None:
    """The honest way out at the same price."""
    account = whale(stage, who)
    stage.set_price(ETH, 2_095 * WAD)
    stage.close(account, ETH)


def test_dumping_on_the_pool_pays(arena: Arena, who: SimpleNamespace) -> None:
    rules = (DownToMaintenance, FreeLiquidation)
    honest, whale_of = Paper(arena.setup, *rules), Paper(arena.setup, *rules)
    closed(honest, who)
    assert dumped(whale_of, who) > 0
    assert whale_of.gain(who.attacker, who.bot) - honest.gain(who.attacker, who.bot) > 10_000 * WAD


@pytest.mark.parametrize("kind", ["model", "bytecode"])
def test_nobody_can_withdraw_into_liquidation(arena: Arena, who: SimpleNamespace, kind: str) -> None:
    stage = Real(arena) if kind == "bytecode" else Paper(arena.setup)
    honest = Paper(arena.setup)
    closed(honest, who)
    assert dumped(stage, who) == 0
    assert stage.gain(who.attacker, who.bot) <= honest.gain(who.attacker, who.bot) + WAD
