"""Lending and perpetual venues in general: a keeper's bonus that is a flat share of what is closed is paid even where nothing is left, so an owner
who liquidates himself at the edge earns it from everybody else. Q-1 and Q-2 answer (I-12): what is due when all is closed is paid from what
is left, and the reward is at most `keeper_cap`.

This is the naive half; `test_liquidating_oneself.py` has sizes, receivers and many accounts on the bytecode.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adversarial.arena import BTC, ETH, USDC, Arena
from tests.adversarial.naive import FlatBonus, Paper, Real, Stage
from tests.support.words import WAD


def attack(stage: Stage, who: SimpleNamespace) -> int:
    """Long and short of one size; the loser is liquidated by its owner when next to nothing is left; returns the reward."""
    long, short = (stage.deposit(u, 80_000 * USDC) for u in (who.attacker, who.second))
    size = stage.size(BTC, 1_000_000)
    stage.trade(long, BTC, size)
    stage.trade(short, BTC, -size)
    stage.set_price(BTC, 50_000 * WAD - (stage.health(long)[0] - 1_000 * WAD) * WAD // size)
    assert stage.health(long)[3] == 3 and stage.equity(long) < 1_100 * WAD
    reward = stage.liquidate(long, who.bot).reward
    stage.close(short, BTC)
    return reward


def test_a_flat_bonus_is_taken_from_the_pool(arena: Arena, who: SimpleNamespace) -> None:
    stage = Paper(arena.setup, FlatBonus)
    assert attack(stage, who) > 30_000 * WAD
    assert stage.gain(who.attacker, who.second, who.bot) > 30_000 * WAD


@pytest.mark.parametrize("kind", ["model", "bytecode"])
def test_a_bonus_is_paid_from_what_is_left(arena: Arena, who: SimpleNamespace, kind: str) -> None:
    stage = Real(arena) if kind == "bytecode" else Paper(arena.setup)
    assert attack(stage, who) <= arena.setup.venue.keeper_cap
    assert stage.gain(who.attacker, who.second, who.bot) <= 0


@pytest.mark.parametrize("kind", ["naive", "bytecode"])
def test_on_collateral(arena: Arena, who: SimpleNamespace, kind: str) -> None:
    # a fifth of the collateral for the keeper, as lending venues had it
    stage = Real(arena) if kind == "bytecode" else Paper(arena.setup, FlatBonus)
    account = stage.deposit(who.attacker, 100 * 10**18, 1)
    hedge = stage.deposit(who.second, 400_000 * USDC)
    stage.trade(account, ETH, 700 * WAD)
    stage.trade(hedge, ETH, -800 * WAD)
    before = stage.gain(who.attacker, who.second, who.bot)
    stage.set_price(ETH, 1_800 * WAD)
    assert stage.liquidate(account, who.bot).reason == 0
    for each in (account, hedge):
        stage.close(each, ETH)
    gained = stage.gain(who.attacker, who.second, who.bot) - before
    assert gained > 10_000 * WAD if kind == "naive" else gained <= 0
