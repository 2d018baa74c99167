"""Euler, March 2023: a borrower gave part of his collateral away, which nobody weighed, was insolvent by it, and liquidated himself from another
account at a discount that grew with the hole: the two together were up. I-9 and M-6 (whatever leaves an account leaves it at E_free ≥ IM) and
Q-1/Q-2 (no bonus out of what is not there, I-12) answer.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import BTC, ETH, USDC, Arena
from tests.adversarial.naive import FlatBonus, Paper, Real, Refused, Stage, UncheckedTransfer
from tests.support.words import WAD

WETH = 1


def indebted(stage: Stage, who: SimpleNamespace) -> int:
    """100 ether against a realised loss of some 110,000, and a position that is still open."""
    account = stage.deposit(who.attacker, 100 * 10**18, WETH)
    hedge = stage.deposit(who.second, 200_000 * USDC)
    for sign, user in ((1, account), (-1, hedge)):
        stage.trade(user, BTC, sign * 20 * WAD)
    stage.set_price(BTC, 44_500 * WAD)
    stage.trade(account, BTC, -19 * WAD)
    stage.close(hedge, BTC)
    assert stage.cash(account) < -100_000 * WAD
    return account


def attack(stage: Stage, who: SimpleNamespace) -> int:
    """Give away all that can be given, and liquidate what is left from another address; returns what was given."""
    account = indebted(stage, who)
    given = 0
    for part in (60, 30, 15, 7, 3, 1):
        try:
            stage.move(who.attacker, account, account + 1, part * WAD, WETH)
            given += part * WAD
        except Refused:
            continue
    stage.liquidate(account, who.bot)
    stage.close(account, BTC)
    return given


def test_giving_away_and_a_bonus_pay(arena: Arena, who: SimpleNamespace) -> None:
    stage = Paper(arena.setup, UncheckedTransfer, FlatBonus)
    assert attack(stage, who) >= 97 * WAD
    assert stage.gain(who.attacker, who.second, who.bot) > 80_000 * WAD


@pytest.mark.parametrize("kind", ["model", "bytecode"])
def test_what_is_owed_against_stays(arena: Arena, who: SimpleNamespace, kind: str) -> None:
    stage = Real(arena) if kind == "bytecode" else Paper(arena.setup)
    assert attack(stage, who) <= 40 * WAD
    assert stage.gain(who.attacker, who.second, who.bot) <= 0


HARM: list[Callable[[Stage, SimpleNamespace, int], object]] = [
    lambda s, w, a: s.move(w.attacker, a, a + 1, 60 * WAD, WETH),
    lambda s, w, a: s.withdraw(w.attacker, a, 60 * 10**18, WETH),
    lambda s, w, a: s.withdraw(w.attacker, a, USDC),
    lambda s, w, a: s.put(w.attacker, s.arena.pool_account, USDC, 255),
    lambda s, w, a: s.put(w.attacker, s.arena.cover_account, USDC, 255),
    lambda s, w, a: s.close_fraction(w.attacker, a, WAD // 2),
    lambda s, w, a: s.convert(w.attacker, a, WETH, 20 * WAD),
    lambda s, w, a: s.settle(a, BTC),
    lambda s, w, a: [s.trade(a, BTC, x) for x in (WAD // 10, -WAD // 10) * 5],
    lambda s, w, a: s.ask(s.arena.submit, w.attacker, s.arena.order(a, BTC, -WAD)),
    lambda s, w, a: s.trade(a, ETH, -200 * WAD),
    lambda s, w, a: s.trade(a, ETH, 500 * WAD),
]


def test_no_way_to_hurt_oneself_into_a_bonus(arena: Arena, who: SimpleNamespace) -> None:
    # barely above maintenance, where the smallest harm would do
    stage = Real(arena)
    account = indebted(stage, who)
    slack = 2**255
    while slack > 500 * WAD:
        equity, _, maintenance, _ = stage.health(account)
        slack = equity - maintenance
        stage.set_price(ETH, stage.prices[ETH] - slack * WAD // (100 * WAD) * 8 // 10)
    assert stage.health(account)[3] == 2
    stage.bring(who.attacker, USDC)
    before, taken = stage.gain(who.attacker, who.second, who.bot), 0
    for harm in HARM:
        with boa.env.anchor():
            try:
                harm(stage, who, account)
                taken += 1
            except Refused:
                pass
            assert stage.liquidate(account, who.bot).reason == 1
            assert stage.gain(who.attacker, who.second, who.bot) <= before
    assert taken == 3
