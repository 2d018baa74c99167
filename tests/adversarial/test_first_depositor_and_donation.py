"""ERC-4626 pools, since 2022 many times over: the first depositor buys one unit of shares, gives the pool a large sum, and the next deposit rounds
down to nothing or next to it. I-21 answers: virtual shares, and assets that are the ledger's, so that gifts count for nothing (spec 7).

This is the naive half; `test_first_lp.py` has what else can be tried on the bytecode.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adversarial.arena import USDC, Arena
from tests.adversarial.naive import BareShares, Paper, Real, Stage
from tests.support.words import WAD

VICTIM = 10_000


def empty(arena: Arena, kind: str) -> Stage:
    """A venue without LPs."""
    if kind != "bytecode":
        return Paper(arena.setup, *((BareShares,) if kind == "naive" else ()), capital=0)
    stage = Real(arena)
    stage.lp_out(stage.lp)
    assert arena.shares.totalSupply() == 0
    return stage


def attack(stage: Stage, who: SimpleNamespace, gift: int) -> int:
    """One unit, a gift, the victim, and out again; returns the victim's shares."""
    stage.bring(who.attacker, 1)
    stage.lp_in(who.attacker, 1)
    stage.donate(who.attacker, gift * USDC)
    stage.bring(who.victim, VICTIM * USDC)
    shares = stage.lp_in(who.victim, VICTIM * USDC)
    stage.lp_out(who.attacker)
    return shares


def test_bare_shares_round_the_next_one_away(arena: Arena, who: SimpleNamespace) -> None:
    # a unit short of two shares for the victim: it gets one, and half of everything is the attacker's
    stage = empty(arena, "naive")
    assert attack(stage, who, VICTIM // 2) == 1
    assert stage.gain(who.attacker) > 2_000 * WAD
    assert stage.gain(who.victim) < -2_000 * WAD


@pytest.mark.parametrize("kind", ["model", "bytecode"])
@pytest.mark.parametrize("gift", [VICTIM // 2, 100 * VICTIM])
def test_gifts_buy_nothing(arena: Arena, who: SimpleNamespace, kind: str, gift: int) -> None:
    stage = empty(arena, kind)
    assert attack(stage, who, gift) > 10**20
    # the gift is gone, and nobody has it
    assert stage.gain(who.attacker) <= -gift * WAD
    assert stage.gain(who.victim) >= -(10**12)
