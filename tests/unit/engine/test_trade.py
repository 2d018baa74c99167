"""trade: one order on one leg."""

from __future__ import annotations

from typing import Any

import boa
import pytest

from tests.support.state_words import float_of, float_value, pack_sums, unpack_sums
from tests.unit.engine.support import (
    LIMITS,
    LOT,
    RATES,
    RISK,
    UNITS,
    WAD,
    a_leg,
    a_pool,
    an_order,
    book,
    carry,
    leg,
    price,
    put_in,
    unpacked,
)

# two at 1,000 less 10 % in the pool's inventory
STOCK = leg(risk=RISK, word=price(1_000 * WAD), held=2 * WAD, lendable=2 * WAD * 9_000)


def test_reverts_for_parts_of_a_lot(engine: Any) -> None:
    with boa.reverts("engine: size not in lots"):
        engine.trade(a_leg(), an_order(WAD + 1), a_pool())


def test_reverts_with_nothing_to_reduce(engine: Any) -> None:
    for held, size in ((a_leg(), -WAD), (a_leg(1, -1_000, 1), WAD), (a_leg(-1, 1_000, 0, 1), -WAD)):
        with boa.reverts("engine: nothing to reduce"):
            engine.trade(held, an_order(size, reduce_only=True), a_pool())


def test_reverts_beyond_the_depth(engine: Any) -> None:
    with boa.reverts("engine: beyond the depth"):
        engine.trade(a_leg(), an_order(-2_000 * WAD), a_pool())


def test_reverts_beyond_the_bound(engine: Any) -> None:
    # 10 cost 1,005, or fetch 995
    for size, worst in ((10 * WAD, 1_005 * WAD - 1), (-10 * WAD, 995 * WAD + 1)):
        with boa.reverts("engine: worse than the bound"):
            engine.trade(a_leg(), an_order(size, worst=worst), a_pool())


@pytest.mark.parametrize(
    ("leg", "size", "cash", "reason"),
    [
        # 100 units a side, 90,000 quote a side, R, 10 quote
        ({"longs": 95, "market_quote": -95_000, "mark": 100}, 6, 10**7, "engine: open interest cap"),
        ({"longs": 85}, 6, 10**7, "engine: notional cap"),
        ({"longs": 30}, 6, 30_000, "engine: share of the pool"),
        ({}, 6, 1_000, "engine: utilisation"),
        ({"mark": 1}, 6, 10**7, "engine: position too small"),
    ],
)
def test_reverts_above_a_cap(engine: Any, leg: dict[str, int], size: int, cash: int, reason: str) -> None:
    # the sums hold what is open, so that the pool is weighed with it
    start = a_leg(**leg)
    first, second = 0, 0
    if leg.get("longs"):
        first, second = put_in(engine, start)
    with boa.reverts(reason):
        engine.trade(start, an_order(size * WAD, limits=LIMITS), a_pool(cash, first, second))


def test_reverts_while_only_reductions_go(engine: Any) -> None:
    """The paused bit of the rates word; what does not grow goes on."""
    paused = a_pool(rates=RATES | 1 << 232)
    for size, held in ((WAD, 0), (WAD, 1), (-3 * WAD, 1)):
        with boa.reverts("engine: reduce only"):
            engine.trade(a_leg(held, -1_000 * held, held), an_order(size, limits=LIMITS), paused)
    start = a_leg(20, -20_000, 20)
    engine.trade(
        start, an_order(-WAD, limits=LIMITS), a_pool(10**7, *put_in(engine, start), rates=RATES | 1 << 232)
    )


def test_a_reduction_is_not_capped(engine: Any) -> None:
    leg = a_leg(150, -150_000, 150)
    first, second = put_in(engine, leg)
    engine.trade(leg, an_order(-WAD, limits=LIMITS), a_pool(1, first, second))


def test_opens(engine: Any) -> None:
    moved, _, _, cash = engine.trade(a_leg(market=3), an_order(10 * WAD), a_pool())
    assert (moved.market, moved.size, moved.price) == (3, 10 * WAD, 1_005 * WAD)
    assert unpacked(moved.position) == (10 * WAD, -10_050 * WAD)
    assert moved.fee == 5 * WAD  # 0.05 % of 10,000
    assert (moved.realised, cash) == (0, -5 * WAD)
    assert moved.book == book(10 * UNITS, 0, -10_050 * WAD)


def test_closes(engine: Any) -> None:
    # bought at 990, alone: sells 10 at 1,005
    moved, _, _, cash = engine.trade(
        a_leg(10, -9_900, 10, market_quote=-9_900), an_order(-10 * WAD), a_pool()
    )
    assert (moved.position, moved.book) == (0, 0)
    assert (moved.realised, moved.fee) == (150 * WAD, 2 * WAD)
    assert cash == 148 * WAD


def test_closes_a_fraction_at_any_price(engine: Any) -> None:
    moved, *_ = engine.trade(a_leg(10, -10_000, 10), an_order(worst=2**255, fraction=WAD // 4), a_pool())
    assert moved.size == -25 * WAD // 10


def test_settles_a_loss(engine: Any) -> None:
    # worth 10,000 - 10,100: of the loss of 100 at most 60
    for most, settled in ((60, 60), (500, 100), (0, 0), (-5, 0)):
        moved, _, _, cash = engine.trade(
            a_leg(10, -10_100, 10, market_quote=-10_100), an_order(settle=most * WAD), a_pool()
        )
        assert cash == moved.realised == -settled * WAD
        assert unpacked(moved.position) == (10 * WAD, (-10_100 + settled) * WAD)
        assert moved.book == book(10 * UNITS, 0, (-10_100 + settled) * WAD)


def test_a_touch_changes_no_position(engine: Any) -> None:
    leg = a_leg(10, -9_900, 10, market_quote=-9_900)
    moved, _, _, cash = engine.trade(leg, an_order(), a_pool())
    assert (moved.position, moved.book, cash) == (leg[1], leg[7], 0)
    # skew fraction of 10 in 1,000
    assert moved.carry >> 190 & 2**20 - 1 == 2**19 // 100


def test_borrow_follows_the_utilisation(engine: Any) -> None:
    # 5 % of 10,000 over a tenth of R = 10,000 - 50 of premium held back + 50 paid + 5: just under half
    moved, *_ = engine.trade(a_leg(), an_order(10 * WAD), a_pool(10_000))
    assert moved.carry >> 210 & 2**14 - 1 == 20 + 150  # base + ceil(300 * 0.49975)


def test_lots_of_the_smallest(engine: Any) -> None:
    moved, *_ = engine.trade(a_leg(), an_order(LOT), a_pool())
    assert moved.size == LOT and moved.fee > 0


# ---- at the mark (W-2, W-3) ---------------------------------------------------------------------


@pytest.mark.parametrize("side", [1, -1])
def test_at_the_mark_there_is_no_impact_and_no_fee(engine: Any, side: int) -> None:
    """40 of 100 bought at 990, in a book in which P-3 would ask for 3 %."""
    sides = {"longs": 100} if side > 0 else {"shorts": 100}
    leg = a_leg(100 * side, -99_000 * side, market_quote=-99_000 * side, **sides)
    moved, _, _, cash = engine.trade(leg, an_order(-40 * side * WAD, at_mark=True), a_pool())
    assert (moved.price, moved.fee) == (1_000 * WAD, 0)
    assert moved.realised == cash == 40 * 10 * side * WAD
    assert unpacked(moved.position) == (60 * side * WAD, -59_400 * side * WAD)


def test_at_the_mark_a_settled_market_keeps_its_carry_word(engine: Any) -> None:
    """Carry has stopped: indices and price stay as they are, no borrow rate, no skew fraction, whatever is left open."""
    stopped = carry(long=5 * 10**11, short=-(10**11), price=float_of(2**20 * WAD))
    mark = float_value(stopped >> 232)
    leg = list(a_leg(10, -10_000, 30, 5, carry=stopped, market_quote=-25_000))
    leg[4], leg[8] = mark, 1 << 168
    sums = put_in(engine, tuple(leg))
    boa.env.time_travel(seconds=10**6)
    moved, first, second, cash = engine.trade(
        tuple(leg), an_order(-10 * WAD, at_mark=True), a_pool(10**6, *sums)
    )
    assert (moved.carry, moved.position, moved.price) == (stopped, 0, mark)
    assert moved.realised == cash == 10 * (mark - 5 * WAD) - 10_000 * WAD
    # what is left: 20 long, 5 short at that price, no premium on a skew of 15
    left = -(20 * (mark - 5 * WAD) - 5 * (mark + WAD)) + 15_000 * WAD
    value, premium = unpack_sums(first, second)[4:]
    assert (value, premium) == (left // 10**12, 0)


# ---- the pool is weighed (U-0, U-1) -------------------------------------------------------------


def borrow_after(engine: Any, pool: tuple[Any, ...]) -> int:
    """b of an empty market touched beside what the pool holds: F-2 of the utilisation."""
    return engine.trade(a_leg(market=9), an_order(), pool).moved.carry >> 210 & 2**14 - 1


def sums(a: int = 0, v: int = 0, z: int = 0, g: int = 0, h: int = 0, b: int = 0) -> tuple[int, int]:
    """Both words, from quote."""
    micro = 10**6
    return pack_sums((a * micro, b * micro**2, h * micro, g * micro, v * micro, z * micro), 0)


@pytest.mark.parametrize(
    ("pool", "borrow"),
    [
        # base 20, then 300 up to the kink at 0.8 and 3,000 beyond it
        (a_pool(7), 20),
        # sqrt(300^2 + 400^2) = 500 over a tenth of 9,970 + 50 - 20: half
        (a_pool(9_970, *sums(a=-300, v=50, z=20, g=900, h=700, b=160_000)), 20 + 150),
        # 2,400 over three tenths: 0.8
        (a_pool(10_000, *sums(g=2_400)), 20 + 240),
        (a_pool(10_000, *sums(g=3_000)), 20 + 240 + 600),
        # 0.6 of 500 over a tenth
        (a_pool(10_000, *sums(h=500)), 20 + 90),
        # no capital: as far as the field goes
        (a_pool(0, *sums(g=1)), 2**14 - 1),
        (a_pool(-5, *sums(g=1)), 2**14 - 1),
        # 2 at 1,000 less 10 % make it 10,000: 5 % of 2,000 over a tenth
        (a_pool(8_200, stock=(STOCK,)), 20 + 30),
    ],
)
def test_weighs_the_pool(engine: Any, pool: tuple[Any, ...], borrow: int) -> None:
    assert borrow_after(engine, pool) == borrow
