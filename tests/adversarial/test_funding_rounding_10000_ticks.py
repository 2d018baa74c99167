"""Any venue that accrues carry by touch: indices that are rounded to the nearest unit, or each side its own way, leak a little at every touch, and whoever
touches at the right intervals gathers it. F-1 answers: the index of the longs is rounded up, that of the shorts down, and the pool's mirror
(P-4) takes the residual: what longs, shorts and pool pay sums to zero, and no rounding goes against the pool (I-6, I-23).
"""

from __future__ import annotations

import random
from fractions import Fraction
from types import SimpleNamespace

import boa

from crossmargin.model import carry
from crossmargin.model.carry import Market
from crossmargin.model.maths import INDEX, LOT
from tests.adversarial.arena import DOGE, USDC, Arena
from tests.adversarial.naive import Nearest, Paper, Real, Stage
from tests.differential.draws import risk_word
from tests.support import state_words as sw
from tests.support.pyrevm_chain import START, Chain, address, arrays
from tests.support.words import WAD

TICKS = 10_000
ODD = (1, 2, 3, 5, 7, 11, 13, 17, 61)
SIZE = 10_000_000 * WAD  # a million quote


def pair(stage: Stage, who: SimpleNamespace) -> list[int]:
    """A long and a smaller short, so that funding runs."""
    accounts = []
    for user, size in ((who.attacker, SIZE), (who.second, -SIZE * 9 // 10)):
        accounts.append(stage.deposit(user, 1_000_000 * USDC))
        stage.trade(accounts[-1], DOGE, size)
    return accounts


def ticked(stage: Paper, who: SimpleNamespace, gaps: list[int]) -> tuple[int, int, int]:
    """What the pair together paid and what the pool earned over so many touches, in WAD quote; and what they paid exactly, in total."""
    accounts = pair(stage, who)
    owed = Fraction(0)
    before = [stage.health(a)[0] for a in accounts]
    pool = stage.venue.pool_equity()
    for gap in gaps:
        stage.wait(gap)
        owed += due(stage.venue.markets[DOGE], stage.venue.params.markets[DOGE], gap)
        stage.poke(DOGE)
    paid = sum(before) - sum(stage.health(a)[0] for a in accounts)
    return paid, stage.venue.pool_equity() - pool, owed


def due(m: Market, mp: object, gap: int) -> Fraction:
    """F-1 without any rounding: what both sides owe for `gap` seconds, at the rate that is stored at both ends of it."""
    end = carry.accrue(m, mp, m.time + gap).rate
    funding = Fraction(m.mark * (m.rate + end) * gap, 2 * 86_400 * 10**9)
    borrow = Fraction(m.mark * m.borrow * gap, 86_400 * 10**6)
    return (m.long * (funding + borrow) + m.short * (borrow - funding)) / 10**8


def gaps_of(kind: str) -> list[int]:
    rng = random.Random(7)
    return [rng.choice(ODD) if kind == "odd" else 1 for _ in range(TICKS)]


def test_to_the_nearest_unit_the_pool_is_short(arena: Arena, who: SimpleNamespace) -> None:
    paid, earned, owed = ticked(Paper(arena.setup, Nearest), who, gaps_of("each"))
    # longs and shorts keep what they owe: no second is worth half a unit more than the last
    assert owed - paid > WAD // 100
    assert owed - earned > WAD // 100


def test_in_the_pools_favour_nothing_leaks(arena: Arena, who: SimpleNamespace) -> None:
    for kind in ("each", "odd"):
        paid, earned, owed = ticked(Paper(arena.setup), who, gaps_of(kind))
        # a wei for each reading of a value
        assert abs(paid - earned) <= 4
        assert 0 <= paid - owed <= TICKS * (SIZE // LOT) * INDEX * 2 // 10**8


def test_the_bytecode_accrues_as_the_model(arena: Arena, who: SimpleNamespace) -> None:
    # the formula's own bytecode, ten thousand times over, each from the word that the last one left
    stage = Paper(arena.setup)
    pair(stage, who)
    state, mp = stage.venue.markets[DOGE].copy(), stage.venue.params.markets[DOGE]
    chain = Chain(time=START)
    formulas = chain.deploy("tests/contracts/harness/MarketFormulas.vy", address("deployer"))
    state.time = START
    word, risk = sw.pack_carry(state), risk_word(mp)
    for gap in gaps_of("odd"):
        chain.warp(gap)
        word = formulas.read("accruals", tail=arrays([(word, risk)]))[2]
        state.index_long, state.index_short, state.rate = carry.accrue(state, mp, state.time + gap)
        state.time += gap
    assert word == sw.pack_carry(state)
    assert state.time - START == sum(gaps_of("odd")) and state.index_long > 0


def test_on_the_venue_the_sum_is_nought(arena: Arena, who: SimpleNamespace) -> None:
    stage = Real(arena)
    accounts = pair(stage, who)
    rng = random.Random(3)
    before = [stage.health(a)[0] for a in accounts], arena.shares.pool_state().equity
    for _ in range(100):
        boa.env.time_travel(seconds=rng.choice(ODD))
        stage.poke(DOGE)
    paid = sum(before[0]) - sum(stage.health(a)[0] for a in accounts)
    assert paid > 0
    assert abs(arena.shares.pool_state().equity - before[1] - paid) <= 4
