"""Synthetix, June 2019: the Korean won's feed was off by a factor of 1,000 for a while, and a bot traded at that price until the trades were
undone by agreement. O-1 (an answer at or beyond its bounds is no price), the execution band and the first valid round (spec 8) answer.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adversarial.arena import BTC, DELAY, EXECUTED, LINK, SKIPPED, USDC, Arena
from tests.adversarial.naive import AnyAnswer, Paper, Real, Refused, Stage
from tests.support.venue import account_of
from tests.support.words import WAD

OFF = 1_000


def bounded(stage: Stage) -> None:
    """Bounds of a factor of ten to either side, as an operator sets them."""
    stage.bounds(LINK, stage.prices[LINK] // 10, 10 * stage.prices[LINK])
    stage.set_price(LINK, stage.prices[LINK])


def attack(stage: Stage, who: SimpleNamespace) -> None:
    """A long, one wrong answer, out at it, and all of the cash away."""
    bounded(stage)
    right = stage.prices[LINK]
    account = stage.deposit(who.attacker, 10_000 * USDC)
    stage.trade(account, LINK, stage.size(LINK, 5_000))
    stage.set_price(LINK, OFF * right)
    try:
        stage.close(account, LINK)
    except Refused:
        pass
    stage.draw(who.attacker, account, 10_000_000 * USDC)
    stage.set_price(LINK, right)
    stage.close(account, LINK)


def test_an_answer_of_any_size_is_paid(arena: Arena, who: SimpleNamespace) -> None:
    stage = Paper(arena.setup, AnyAnswer)
    attack(stage, who)
    assert stage.gain(who.attacker) > 4_500_000 * WAD


@pytest.mark.parametrize("kind", ["model", "bytecode"])
def test_beyond_its_bounds_there_is_no_price(arena: Arena, who: SimpleNamespace, kind: str) -> None:
    stage = Real(arena) if kind == "bytecode" else Paper(arena.setup)
    attack(stage, who)
    assert -20 * WAD < stage.gain(who.attacker) <= 0


@pytest.mark.parametrize(("times", "reason"), [(OFF, 1), (1, OFF)])
def test_too_high_and_too_low_are_no_prices(
    arena: Arena, who: SimpleNamespace, times: int, reason: int
) -> None:
    stage = Real(arena)
    bounded(stage)
    account = stage.deposit(who.victim, 10_000 * USDC)
    stage.trade(account, LINK, stage.size(LINK, 50_000))
    stage.set_price(LINK, stage.prices[LINK] * times // reason)
    # nobody trades at it, is liquidated at it, or takes anything out by it
    with pytest.raises(Refused, match="manager: no valid price"):
        stage.close(account, LINK)
    with pytest.raises(Refused, match="manager: no valid price"):
        stage.withdraw(who.victim, account, USDC)
    assert stage.liquidate(account, who.attacker).reason == 2
    assert stage.health(account)[3] == 4


def test_an_order_waits_for_a_round_that_counts(arena: Arena, who: SimpleNamespace) -> None:
    stage = Real(arena)
    bounded(stage)
    right = stage.prices[LINK]
    account = stage.deposit(who.attacker, 10_000 * USDC)
    order = arena.order(account, LINK, -100 * WAD)
    arena.submit(who.attacker, order)
    stage.wait(DELAY)
    stage.publish(LINK, OFF * right)
    wrong = arena.round_id(LINK)
    stage.set_price(LINK, right)
    for rounds in ([wrong], []):
        done = arena.execute(who.keeper, order, rounds=rounds)[0]
        assert done.status == SKIPPED and done.reason.startswith("oracle: ")
    assert arena.manager.cash(account_of(who.keeper)) == 0
    assert stage.position(account, LINK) == (0, 0)


def test_an_order_fills_only_near_the_mark(arena: Arena, who: SimpleNamespace) -> None:
    # within its bounds and still wrong: the band around the mark is what is left
    stage = Real(arena)
    account = stage.deposit(who.attacker, 100_000 * USDC)
    order = arena.order(account, BTC, -WAD)
    arena.submit(who.attacker, order)
    stage.wait(DELAY)
    stage.publish(BTC, 62_500 * WAD)
    wrong = arena.round_id(BTC)
    stage.set_price(BTC, 50_000 * WAD)
    done = arena.execute(who.keeper, order, rounds=[wrong])[0]
    assert (done.status, done.reason) == (SKIPPED, "manager: price off the mark")
    other = arena.order(account, BTC, -WAD, salt=1)
    arena.submit(who.attacker, other)
    stage.wait(DELAY)
    stage.publish(BTC, 50_100 * WAD)
    assert arena.execute(who.keeper, other)[0].status == EXECUTED
