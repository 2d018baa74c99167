"""trades: several orders at once. resolve: the liquidation of a patient."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boa
import pytest

from tests.support.state_words import float_of
from tests.support.words import Rates
from tests.unit.engine.support import (
    RISK,
    VENUE,
    WAD,
    a_leg,
    a_pool,
    an_order,
    carry,
    leg,
    price,
    unpacked,
)


def a_patient(cash: int, equity: int, raw: int, **more: Any) -> tuple[Any, ...]:
    """cash, cover, equity, raw, cost (quote), assets, amounts, entries."""
    return (
        cash * WAD,
        more.get("cover", 0) * WAD,
        equity * WAD,
        raw * WAD,
        more.get("cost", 1) * WAD,
        more.get("assets", 0),
        more.get("amounts", ()),
        more.get("entries", 0),
    )


def test_orders_in_turn(engine: Any) -> None:
    legs = [a_leg(10, -9_900, 10, market_quote=-9_900), a_leg(-4, 4_000, 0, 4, market=1)]
    orders = [an_order(fraction=WAD), an_order(fraction=WAD // 2)]
    plan = engine.trades(legs, orders, a_pool())
    assert [m.market for m in plan.moved] == [0, 1]
    assert plan.moved[0].position == 0
    assert unpacked(plan.moved[1].position) == (-2 * WAD, 2_000 * WAD)
    # the first as in `trade`: 150 - 2; the second buys 2 at 1,000 (1 - 6 / 2,000) = 997 for 2,000 and pays 0.4
    assert plan.cash == 148 * WAD + 6 * WAD - 4 * WAD // 10


def sums_of(engine: Any, *legs: tuple[int, ...]) -> tuple[int, int]:
    """The pool's sums with these markets in it."""
    first, second = 0, 0
    for market in legs:
        first, second = engine.reprice((*market[:7], 0, market[8]), market, first, second)[1:]
    return first, second


def test_a_slice(engine: Any) -> None:
    # 100 at 1,000, bought there; MM 5,000, target 6,250, E 4,000, K 1. Alone in the market: 0.05 % to the pool, 0.7 %
    # to the cover fund, 0.1 % to the keeper: Pen 850. f = (6,250 - 4,000 + 1) / (6,250 - 850) = 0.41685…
    market = a_leg(100, -100_000, 100)
    plan = engine.resolve([market], a_patient(4_000, 4_000, 5_000), a_pool(10**7, *sums_of(engine, market)))
    assert plan.fraction == 416851851851851852
    closed = 4168518519 * 10**10  # in lots, up
    # at the mark, and so without a result
    assert unpacked(plan.touched[0].position) == (100 * WAD - closed, -1_000 * (100 * WAD - closed))
    keeper, cover, pool = closed, 7 * closed, closed // 2  # 0.1 %, 0.7 %, 0.05 % of 1,000 a unit
    assert plan.reward == 10 * WAD  # the cap
    assert plan.to_cover == cover + WAD + keeper - plan.reward
    assert plan.cash == -(keeper + cover + pool + WAD)
    assert (4_000 * WAD + plan.cash) * 4 >= 5 * 5 * (100 * WAD - closed) * 1_000 // 100


def test_penalties_make_no_bad_debt(engine: Any) -> None:
    # E 100 at 100,000 of notional: K, then 99 of the keeper part's 100, nothing to cover fund and pool
    market = a_leg(100, -100_000, 100)
    plan = engine.resolve([market], a_patient(100, 100, 5_000), a_pool(10**7, *sums_of(engine, market)))
    assert plan.fraction == WAD
    assert plan.touched[0].position == 0
    assert plan.cash == -100 * WAD
    assert (plan.reward, plan.to_cover) == (10 * WAD, 90 * WAD)


def test_under_water_only_the_flat_cost(engine: Any) -> None:
    market = a_leg(100, -101_000, 100, market_quote=-101_000)
    plan = engine.resolve([market], a_patient(500, -500, 5_000), a_pool(10**7, *sums_of(engine, market)))
    assert plan.fraction == WAD
    assert plan.cash == -1_000 * WAD - WAD
    assert (plan.reward, plan.to_cover) == (WAD, 0)


def test_collateral_in_proportion(engine: Any) -> None:
    # 10 of an asset on the market, d_c 10 %
    entry = 0 | 1_000 << 8 | 1 << 24
    market = a_leg(100, -104_000, 100, market_quote=-104_000, held=10 * WAD, lendable=10 * WAD * 9_000)
    patient = a_patient(0, 5_000, 5_500, assets=1, amounts=(10 * WAD,), entries=entry)
    plan = engine.resolve([market], patient, a_pool(10**7, *sums_of(engine, market)))
    assert 0 < plan.fraction < WAD
    assert plan.taken == [-(-10 * WAD * plan.fraction // WAD)] + 7 * [0]
    closed = 100 * WAD - unpacked(plan.touched[0].position)[0]
    charges = closed * 85 // 10 + WAD
    # a loss of 40 a unit, 900 a token
    assert abs(plan.cash - (plan.taken[0] * 900 - closed * 40 - charges)) < 10


def test_collateral_without_a_position(engine: Any) -> None:
    entry = 5 | 1_000 << 8 | 1 << 24
    held = leg(market=5, risk=RISK, word=price(1_000 * WAD), held=10 * WAD, lendable=10 * WAD * 9_000)
    patient = a_patient(-8_900, 100, 500, assets=1, amounts=(10 * WAD,), entries=entry)
    plan = engine.resolve([held], patient, a_pool())
    # (625 - 100 + 1) / 625, nothing in penalties
    assert plan.fraction == 8_416 * WAD // 10_000
    assert plan.taken == [8_416 * WAD // 1_000] + 7 * [0]
    assert plan.cash == 75_744 * WAD // 10 - WAD
    assert plan.touched == []


@pytest.mark.parametrize("side", [1, -1])
def test_both_sides_alike(engine: Any, side: int) -> None:
    sides = {"longs": 100} if side > 0 else {"shorts": 100}
    market = a_leg(100 * side, -100_000 * side, **sides)
    plan = engine.resolve([market], a_patient(4_000, 4_000, 5_000), a_pool(10**7, *sums_of(engine, market)))
    assert plan.fraction == 416851851851851852
    assert unpacked(plan.touched[0].position)[0] == side * (100 * WAD - 4168518519 * 10**10)


def test_an_empty_debtor(engine: Any) -> None:
    plan = engine.resolve([], a_patient(-70, -70, 0, cost=0), a_pool())
    assert (plan.fraction, plan.cash, plan.reward, plan.to_cover) == (WAD, 0, 0, 0)
    assert plan.touched == [] and plan.taken == 8 * [0]


def in_stock(amount: int, market: int, words: Any) -> tuple[int, ...]:
    """So many whole units in the pool's inventory at 10 % discount, with the market's carry and book."""
    held = {"held": amount * WAD, "lendable": amount * WAD * 9_000}
    return leg(market=market, risk=RISK, word=price(1_000 * WAD), carry=words.carry, book=words.book, **held)


def words_of(market: tuple[int, ...]) -> SimpleNamespace:
    return SimpleNamespace(carry=market[2], book=market[7])


def rate_at(used: int) -> int:
    """F-2 at a utilisation (WAD), 1e-6 a day."""
    rates = Rates()
    kink = rates.kink * WAD // 10_000
    return rates.base - (-(rates.slope1 * min(used, kink) + rates.slope2 * max(0, used - kink)) // WAD)


def borrow_of(carry_word: int) -> int:
    return carry_word >> 210 & (2**14 - 1)


@pytest.fixture
def markets() -> list[tuple[int, ...]]:
    """The account's market, long 100 of which it holds all, and another that is short 40; both touched at 1,000."""
    touch = carry(time=boa.env.timestamp, price=float_of(1_000 * WAD))
    return [a_leg(100, -100_000, 100, carry=touch), a_leg(0, 0, 0, 40, market=1, carry=touch)]


def assert_weighed(engine: Any, plan: Any, touched: Any, left: int, cash: int, other: tuple) -> None:
    """The pool after it, by `weigh` with the words of the touch: R by hand, and F-2 of the utilisation stored."""
    stock = (in_stock(2, 0, touched), in_stock(3, 1, words_of(other)))
    equity, used = engine.weigh((cash, plan.first_sums, plan.second_sums, VENUE, Rates().word(), list(stock)))
    # traders are even; P skew^2 / 2K of both markets; five units of inventory at 90 %
    premium = (left**2 + (40 * WAD) ** 2) / WAD * 1_000 / 2_000
    assert equity == pytest.approx(cash + 4_500 * WAD - premium, rel=1e-5)
    assert borrow_of(touched.carry) == rate_at(used) > Rates().base


def test_borrow_rate_of_a_slice_over_inventory(engine: Any, markets: list[tuple[int, ...]]) -> None:
    market, other = markets
    stock = (in_stock(2, 0, words_of(market)), in_stock(3, 1, words_of(other)))
    sums = sums_of(engine, market, other)
    plan = engine.resolve([market], a_patient(4_000, 4_000, 5_000), a_pool(40_000, *sums, stock=stock))
    closed = 4168518519 * 10**10  # as without inventory: the slice does not depend on the pool
    left = 100 * WAD - closed
    assert unpacked(plan.touched[0].position)[0] == left
    # 0.05 % of 1,000 a unit
    assert_weighed(engine, plan, plan.touched[0], left, 40_000 * WAD + closed // 2, other)


def test_borrow_rate_of_orders_over_inventory(engine: Any, markets: list[tuple[int, ...]]) -> None:
    market, other = markets
    stock = (in_stock(2, 0, words_of(market)), in_stock(3, 1, words_of(other)))
    sums = sums_of(engine, market, other)
    plan = engine.trades([market], [an_order(fraction=WAD // 2)], a_pool(40_000, *sums, stock=stock))
    # 50 sold at 1,000 (1 + (200 - 50) / 2,000) = 1,075: 3,750 of premium, less 0.02 % of 50,000 for narrowing
    assert plan.cash == 3_740 * WAD
    assert_weighed(engine, plan, plan.moved[0], 50 * WAD, (40_000 - 3_740) * WAD, other)
