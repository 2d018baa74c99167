"""Mango Markets, October 2022: one person held both sides of a perpetual in a thin token, pumped the token's price and withdrew all that
the venue had against the long's unrealised profit; the price fell back. M-5 answers: net unrealised profit counts nothing for a withdrawal.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adversarial.arena import DOGE, USDC, Arena
from tests.adversarial.naive import Paper, ProfitIsMoney, Real, Refused, Stage
from tests.support.words import WAD

MARGIN = 1_000_000


def attack(stage: Stage, who: SimpleNamespace) -> int:
    """Both sides, a pump to three times the price, everything out of the winning side, and back; returns quote tokens withdrawn."""
    long, short = (stage.deposit(u, MARGIN * USDC) for u in (who.attacker, who.second))
    size = stage.size(DOGE, 4_000_000)
    stage.trade(long, DOGE, size)
    stage.trade(short, DOGE, -size)
    before = stage.prices[DOGE]
    stage.set_price(DOGE, 3 * before)
    out = stage.draw(who.attacker, long, 20_000_000 * USDC)
    stage.set_price(DOGE, before)
    return out


def test_profit_that_can_be_withdrawn_is_taken(arena: Arena, who: SimpleNamespace) -> None:
    stage = Paper(arena.setup, ProfitIsMoney)
    out = attack(stage, who)
    assert out > 7_000_000 * USDC
    assert stage.gain(who.attacker, who.second) > 5_000_000 * WAD


@pytest.mark.parametrize("kind", ["model", "bytecode"])
def test_not_here(arena: Arena, who: SimpleNamespace, kind: str) -> None:
    stage = Real(arena) if kind == "bytecode" else Paper(arena.setup)
    assert attack(stage, who) <= MARGIN * USDC
    for user in (who.attacker, who.second):
        account = next(iter(stage.accounts[user]))
        stage.close(account, DOGE)
    assert stage.gain(who.attacker, who.second) <= 0


def test_nothing_of_the_profit_moves_to_another_account(arena: Arena, who: SimpleNamespace) -> None:
    stage = Real(arena)
    account = stage.deposit(who.attacker, MARGIN * USDC)
    stage.trade(account, DOGE, stage.size(DOGE, 4_000_000))
    stage.set_price(DOGE, 3 * stage.prices[DOGE])
    assert stage.health(account)[0] > 8_000_000 * WAD
    with pytest.raises(Refused):
        stage.move(who.attacker, account, account + 1, MARGIN * WAD + 1)
    with pytest.raises(Refused, match="below initial margin"):
        stage.move(who.attacker, account, account + 1, MARGIN * WAD // 2)
