"""trade: one order on one leg."""

from __future__ import annotations

from typing import Any

import boa
import pytest

from tests.unit.engine.support import LIMITS, LOT, UNITS, WAD, a_leg, a_pool, an_order, book, unpacked


def test_reverts_for_parts_of_a_lot(engine: Any) -> None:
    with boa.reverts("engine: size not in lots"):
        engine.trade(a_leg(), an_order(WAD + 1), a_pool())


def test_reverts_with_nothing_to_reduce(engine: Any) -> None:
    for leg, size in ((a_leg(), -WAD), (a_leg(1, -1_000, 1), WAD), (a_leg(-1, 1_000, 0, 1), -WAD)):
        with boa.reverts("engine: nothing to reduce"):
            engine.trade(leg, an_order(size, reduce_only=True), a_pool())


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
        touched = engine.reprice((*start[:7], 0, start[8]), start, 0, 0)
        first, second = touched[1:]
    with boa.reverts(reason):
        engine.trade(start, an_order(size * WAD, limits=LIMITS), a_pool(cash, first, second))


def test_a_reduction_is_not_capped(engine: Any) -> None:
    leg = a_leg(150, -150_000, 150)
    first, second = engine.reprice((*leg[:7], 0, leg[8]), leg, 0, 0)[1:]
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
