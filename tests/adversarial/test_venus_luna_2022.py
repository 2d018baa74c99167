"""Venus, May 2022: the aggregator of LUNA stood at its own lowest answer (some ten cents) while the coin fell far below; people bought it, pledged it at
the floor and borrowed against it. O-1 answers: the bounds are strict, so an answer at the aggregator's minimum is no price, and what has no
price is no margin (M-4, states).
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adversarial.arena import BTC, ETH, USDC, Arena
from tests.adversarial.naive import AnyAnswer, Paper, Real, Refused, Stage
from tests.support.words import WAD

WETH = 1
FLOOR = 200 * WAD  # the aggregator's own least answer
TRUE = 2 * WAD


def stuck(stage: Stage) -> None:
    """The coin is worth a hundredth of what the aggregator can say."""
    stage.bounds(ETH, FLOOR, 10**5 * WAD)
    stage.outside[ETH] = TRUE
    stage.set_price(ETH, FLOOR)


def attack(stage: Stage, who: SimpleNamespace) -> None:
    """A bet either way: one side on cash, the other on 2,000 of the worthless coins. The side on coins loses."""
    stuck(stage)
    bad = stage.deposit(who.attacker, 2_000 * 10**18, WETH)
    good = stage.deposit(who.second, 400_000 * USDC)
    size = 60 * WAD
    try:
        stage.trade(bad, BTC, -size)
    except Refused:
        return
    stage.trade(good, BTC, size)
    stage.set_price(BTC, 55_000 * WAD)
    assert stage.liquidate(bad, who.bot).reason == 0
    stage.close(bad, BTC)
    stage.close(good, BTC)


def test_a_floor_taken_for_a_price_is_money(arena: Arena, who: SimpleNamespace) -> None:
    stage = Paper(arena.setup, AnyAnswer)
    attack(stage, who)
    assert stage.gain(who.attacker, who.second, who.bot) > 250_000 * WAD


@pytest.mark.parametrize("kind", ["model", "bytecode"])
def test_at_the_floor_there_is_no_price(arena: Arena, who: SimpleNamespace, kind: str) -> None:
    stage = Real(arena) if kind == "bytecode" else Paper(arena.setup)
    attack(stage, who)
    assert stage.gain(who.attacker, who.second, who.bot) <= 0


def test_one_above_the_floor_is_a_price(arena: Arena, who: SimpleNamespace) -> None:
    stage = Real(arena)
    stuck(stage)
    account = stage.deposit(who.attacker, 2_000 * 10**18, WETH)
    with pytest.raises(Refused, match="manager: no valid price"):
        stage.trade(account, BTC, -WAD)
    stage.set_price(ETH, FLOOR + 10**10)
    stage.trade(account, BTC, -WAD)


def test_a_position_opened_before_is_no_way_out(arena: Arena, who: SimpleNamespace) -> None:
    # nothing that has a price leaves an account whose other part has none; what was pledged before may not carry more
    stage = Real(arena)
    account = stage.deposit(who.attacker, 100 * 10**18, WETH)
    stage.deposit(who.attacker, 50_000 * USDC)
    stage.trade(account, BTC, WAD)
    stuck(stage)
    for call in (
        lambda: stage.withdraw(who.attacker, account, USDC),
        lambda: stage.move(who.attacker, account, account + 1, WAD),
        lambda: stage.trade(account, BTC, WAD // 10),
        lambda: stage.convert(who.attacker, account, WETH, WAD),
    ):
        with pytest.raises(Refused, match="manager: no valid price"):
            call()
