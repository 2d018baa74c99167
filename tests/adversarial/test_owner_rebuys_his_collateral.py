"""Lending venues in general: collateral that is handed over in a liquidation and then sold cheaper than it was credited is bought back by its owner.
M-4 and the auction of spec 5 answer: the pool credits P·(1 − d_c) and sells at no less, however long nobody buys (I-12).
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adversarial.arena import ETH, HOUR, USDC, Arena
from tests.adversarial.naive import EndlessAuction, FreeLiquidation, Paper, Real, Stage
from tests.support.words import WAD

WETH = 1


def attack(stage: Stage, who: SimpleNamespace, hours: int, early: bool = False) -> None:
    """Be liquidated on ether, wait, and buy it all back from another address. Early: a lot of somebody else's has aged before."""
    if early:
        other = stage.deposit(who.trader, 20 * 10**18, WETH)
        stage.trade(other, ETH, 160 * WAD)
    account = stage.deposit(who.attacker, 100 * 10**18, WETH)
    hedge = stage.deposit(who.bot, 400_000 * USDC)
    stage.trade(account, ETH, 700 * WAD)
    stage.trade(hedge, ETH, -800 * WAD)
    if early:
        stage.set_price(ETH, 1_850 * WAD)
        assert stage.liquidate(other, who.keeper).reason == 0
        stage.wait(2 * HOUR)
    stage.set_price(ETH, 1_820 * WAD)
    assert stage.liquidate(account, who.second).reason == 0
    stage.wait(hours * HOUR)
    stage.set_price(ETH, 1_820 * WAD)
    stage.buy_all(who.second, WETH)
    for each in (account, hedge):
        stage.close(each, ETH)


def test_a_discount_without_end_pays_the_owner(arena: Arena, who: SimpleNamespace) -> None:
    stage = Paper(arena.setup, EndlessAuction, FreeLiquidation)
    attack(stage, who, 6)
    assert stage.gain(who.attacker, who.second, who.bot) > 5_000 * WAD


@pytest.mark.parametrize("kind", ["model", "bytecode"])
@pytest.mark.parametrize("hours", [1, 6])
def test_no_less_than_was_credited(arena: Arena, who: SimpleNamespace, kind: str, hours: int) -> None:
    stage = Real(arena) if kind == "bytecode" else Paper(arena.setup)
    attack(stage, who, hours)
    assert stage.gain(who.attacker, who.second, who.bot) <= 0


def test_nor_out_of_an_aged_lot_of_another(arena: Arena, who: SimpleNamespace) -> None:
    stage = Real(arena)
    attack(stage, who, 0, early=True)
    # the mean age of the lot is that of its larger, younger part; the bargain in the rest is less than his penalty
    assert stage.gain(who.attacker, who.second, who.bot) <= 0
