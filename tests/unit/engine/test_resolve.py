"""resolve: the liquidation of a patient, or why there is none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boa
import pytest

from tests.support.state_words import float_of
from tests.support.words import Rates
from tests.unit.engine.support import (
    RATES,
    RISK,
    VENUE,
    WAD,
    a_leg,
    a_pool,
    an_order,
    carry,
    leg,
    position,
    price,
    put_in,
    risk,
    unpacked,
    weighed,
)

HEALTHY, NO_PRICE, EMPTY, _, GRACE, SETTLE_FIRST = range(1, 7)
LAST_PRICES = 1 << 235
SEQUENCER = 1 << 255


def a_patient(cash: int, **more: Any) -> tuple[Any, ...]:
    """cash, cost (quote), assets, amounts, entries."""
    return (
        cash * WAD,
        more.get("cost", 1) * WAD,
        more.get("assets", 0),
        more.get("amounts", ()),
        more.get("entries", 0),
    )


def grace(seconds: int) -> int:
    """The rates word with a grace that ends so much later."""
    return Rates().word(grace_until=boa.env.timestamp + seconds)


def settled(base: int, quote: int, at: int = 1_000, market: int = 3) -> tuple[int, ...]:
    """A position in a settled market, which has no price any more."""
    found = list(a_leg(base, quote, base, market=market, carry=carry(price=float_of(at * WAD))))
    found[4] = price(7 * WAD, 2)
    return tuple(found)


def dead(market_leg: tuple[int, ...], state: int = 2) -> tuple[int, ...]:
    """The same leg with an invalid price."""
    return (*market_leg[:4], market_leg[4] | state << 216, *market_leg[5:])


def refused(engine: Any, legs: list[Any], patient: tuple[Any, ...], rates: int = RATES) -> int:
    """The reason for which nothing is done; nothing else is in the plan."""
    plan = engine.resolve(legs, patient, a_pool(10**7, *put_in(engine, *legs), rates=rates))
    assert (plan.fraction, plan.cash, plan.debt, plan.reward, plan.touched) == (0, 0, 0, 0, [])
    return plan.reason


# ---- reasons ------------------------------------------------------------------------------------


def test_healthy(engine: Any) -> None:
    """MM is 5,000 at 100,000 of notional: an E of exactly that is healthy."""
    market = a_leg(100, -100_000, 100)
    assert refused(engine, [market], a_patient(5_000)) == HEALTHY
    plan = engine.resolve([market], (5_000 * WAD - 1, 0, 0, (), 0), a_pool(10**7, *put_in(engine, market)))
    assert (plan.reason, plan.equity, plan.maintenance) == (0, 5_000 * WAD - 1, 5_000 * WAD)


def test_empty(engine: Any) -> None:
    assert refused(engine, [], a_patient(0)) == EMPTY
    assert refused(engine, [], a_patient(50)) == EMPTY
    held = leg(market=5, risk=RISK, word=price(1_000 * WAD), held=WAD, lendable=WAD * 9_000)
    assert refused(engine, [held], a_patient(0, assets=1, amounts=(WAD,), entries=5 | 1 << 24)) == EMPTY


def test_settled_positions_first(engine: Any) -> None:
    """Whatever the health: also of one that is liquidatable by far, and of one without a valid price."""
    for cash in (10**6, -(10**6)):
        assert refused(engine, [settled(10, -10_000)], a_patient(cash)) == SETTLE_FIRST
    legs = [dead(a_leg(100, -100_000, 100)), settled(10, -10_000)]
    assert refused(engine, legs, a_patient(100)) == SETTLE_FIRST
    assert refused(engine, [settled(10, -10_000)], a_patient(0), rates=grace(10)) == SETTLE_FIRST


def test_collateral_in_a_settled_market_is_no_position_in_it(engine: Any) -> None:
    held = list(settled(0, 0))
    held[4:7] = [price(1_000 * WAD), WAD, WAD * 9_000]
    plan = engine.resolve(
        [tuple(held)], a_patient(-899, assets=1, amounts=(WAD,), entries=3 | 1_000 << 8 | 1 << 24), a_pool()
    )
    assert plan.reason == 0


def test_grace_of_the_venue(engine: Any) -> None:
    market = a_leg(100, -100_000, 100)
    assert refused(engine, [market], a_patient(100), rates=grace(1)) == GRACE
    pool = a_pool(10**7, *put_in(engine, market), rates=grace(0))
    assert engine.resolve([market], a_patient(100), pool).reason == 0


def test_grace_of_the_sequencer(engine: Any) -> None:
    """The bit of any of the account's price words."""
    market, other = a_leg(100, -100_000, 100), a_leg(1, -1_000, 1, market=1)
    waiting = (*other[:4], other[4] | SEQUENCER, *other[5:])
    assert refused(engine, [market, waiting], a_patient(100)) == GRACE
    assert engine.resolve([market, other], a_patient(100), a_pool()).reason == 0


def test_grace_comes_before_health_and_prices(engine: Any) -> None:
    assert refused(engine, [a_leg(100, -100_000, 100)], a_patient(10**6), rates=grace(5)) == GRACE
    assert refused(engine, [dead(a_leg(100, -100_000, 100))], a_patient(100), rates=grace(5)) == GRACE
    assert refused(engine, [], a_patient(5), rates=grace(5)) == EMPTY


@pytest.mark.parametrize("state", [1, 2, 3, 4])
def test_nothing_but_dead_legs(engine: Any, state: int) -> None:
    for cash in (100, -(10**6), 10**6):
        assert refused(engine, [dead(a_leg(100, -100_000, 100), state)], a_patient(cash)) == NO_PRICE


# ---- a slice ------------------------------------------------------------------------------------


def test_a_slice(engine: Any) -> None:
    # 100 at 1,000, bought there; MM 5,000, target 6,250, E 4,000, K 1. Alone in the market: 0.05 % to the pool, 0.7 %
    # to the cover fund, 0.1 % to the keeper: Pen 850. f = (6,250 - 4,000 + 1) / (6,250 - 850) = 0.41685…
    market = a_leg(100, -100_000, 100)
    plan = engine.resolve([market], a_patient(4_000), a_pool(10**7, *put_in(engine, market)))
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
    plan = engine.resolve([market], a_patient(100), a_pool(10**7, *put_in(engine, market)))
    assert plan.fraction == WAD
    assert plan.touched[0].position == 0
    assert plan.cash == -100 * WAD
    assert (plan.reward, plan.to_cover) == (10 * WAD, 90 * WAD)


def test_under_water_only_the_flat_cost(engine: Any) -> None:
    market = a_leg(100, -101_000, 100, market_quote=-101_000)
    plan = engine.resolve([market], a_patient(500), a_pool(10**7, *put_in(engine, market)))
    assert plan.fraction == WAD
    assert plan.cash == -1_000 * WAD - WAD
    assert (plan.reward, plan.to_cover) == (WAD, 0)


def test_collateral_in_proportion(engine: Any) -> None:
    # 10 of an asset on the market, d_c 10 %
    entry = 0 | 1_000 << 8 | 1 << 24
    market = a_leg(100, -104_000, 100, market_quote=-104_000, held=10 * WAD, lendable=10 * WAD * 9_000)
    patient = a_patient(0, assets=1, amounts=(10 * WAD,), entries=entry)
    plan = engine.resolve([market], patient, a_pool(10**7, *put_in(engine, market)))
    assert 0 < plan.fraction < WAD
    assert plan.taken == [-(-10 * WAD * plan.fraction // WAD)] + 7 * [0]
    closed = 100 * WAD - unpacked(plan.touched[0].position)[0]
    charges = closed * 85 // 10 + WAD
    # a loss of 40 a unit, 900 a token
    assert abs(plan.cash - (plan.taken[0] * 900 - closed * 40 - charges)) < 10


def test_collateral_without_a_position(engine: Any) -> None:
    entry = 5 | 1_000 << 8 | 1 << 24
    held = leg(market=5, risk=RISK, word=price(1_000 * WAD), held=10 * WAD, lendable=10 * WAD * 9_000)
    patient = a_patient(-8_900, assets=1, amounts=(10 * WAD,), entries=entry)
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
    plan = engine.resolve([market], a_patient(4_000), a_pool(10**7, *put_in(engine, market)))
    assert plan.fraction == 416851851851851852
    assert unpacked(plan.touched[0].position)[0] == side * (100 * WAD - 4168518519 * 10**10)


def test_an_empty_debtor(engine: Any) -> None:
    plan = engine.resolve([], a_patient(-70, cost=0), a_pool())
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


def assert_weighed(plan: Any, touched: Any, left: int, cash: int, other: tuple) -> None:
    """The pool after it, weighed with the words of the touch: R by hand, and F-2 of the utilisation stored."""
    stock = (in_stock(2, 0, touched), in_stock(3, 1, words_of(other)))
    equity, used = weighed((cash, plan.first_sums, plan.second_sums, VENUE, Rates().word(), list(stock)))
    # traders are even; P skew^2 / 2K of both markets; five units of inventory at 90 %
    premium = (left**2 + (40 * WAD) ** 2) / WAD * 1_000 / 2_000
    assert equity == pytest.approx(cash + 4_500 * WAD - premium, rel=1e-5)
    assert borrow_of(touched.carry) == rate_at(used) > Rates().base


def test_borrow_rate_of_a_slice_over_inventory(engine: Any, markets: list[tuple[int, ...]]) -> None:
    market, other = markets
    stock = (in_stock(2, 0, words_of(market)), in_stock(3, 1, words_of(other)))
    sums = put_in(engine, market, other)
    plan = engine.resolve([market], a_patient(4_000), a_pool(40_000, *sums, stock=stock))
    closed = 4168518519 * 10**10  # as without inventory: the slice does not depend on the pool
    left = 100 * WAD - closed
    assert unpacked(plan.touched[0].position)[0] == left
    # 0.05 % of 1,000 a unit
    assert_weighed(plan, plan.touched[0], left, 40_000 * WAD + closed // 2, other)


def test_borrow_rate_of_a_trade_over_inventory(engine: Any, markets: list[tuple[int, ...]]) -> None:
    market, other = markets
    stock = (in_stock(2, 0, words_of(market)), in_stock(3, 1, words_of(other)))
    sums = put_in(engine, market, other)
    done = engine.trade(market, an_order(fraction=WAD // 2), a_pool(40_000, *sums, stock=stock))
    # 50 sold at 1,000 (1 + (200 - 50) / 2,000) = 1,075: 3,750 of premium, less 0.02 % of 50,000 for narrowing
    assert done.cash == 3_740 * WAD
    assert_weighed(done, done.moved, 50 * WAD, (40_000 - 3_740) * WAD, other)


# ---- bad debt -----------------------------------------------------------------------------------


def test_debt_and_who_is_to_blame(engine: Any) -> None:
    """Losses of 1,000, 3,000 and none: 255 / 4 and 255 * 3 / 4, each rounded up, in the fields of markets 0, 5 and 31."""
    legs = [
        a_leg(10, -11_000, 10, market_quote=-11_000),
        a_leg(-10, 7_000, 0, 10, market=5, market_quote=7_000),
        a_leg(10, -9_500, 10, market=31, market_quote=-9_500),
    ]
    plan = engine.resolve(legs, a_patient(100), a_pool(10**7, *put_in(engine, *legs)))
    # 100 - 1,000 - 3,000 + 500, and K of 1 on top
    assert (plan.fraction, plan.equity) == (WAD, -3_400 * WAD)
    assert (plan.debt, plan.reward, plan.to_cover) == (3_401 * WAD, WAD, 0)
    assert plan.blame == 64 | 192 << 40


def test_the_one_loser_takes_all_the_blame(engine: Any) -> None:
    market = a_leg(100, -101_000, 100, market=7, market_quote=-101_000)
    plan = engine.resolve([market], a_patient(500), a_pool(10**7, *put_in(engine, market)))
    assert (plan.debt, plan.blame) == (501 * WAD, 255 << 56)


def test_a_small_loss_is_never_without_blame(engine: Any) -> None:
    """A wei beside 4,000: rounded up to one."""
    small = list(a_leg(10, -10_000, 10, market=1))
    small[1] = position(10 * WAD, -10_000 * WAD - 1)
    legs = [a_leg(10, -14_000, 10, market_quote=-14_000), tuple(small)]
    plan = engine.resolve(legs, a_patient(100), a_pool(10**7, *put_in(engine, *legs)))
    assert plan.blame == 255 | 1 << 8


def test_losses_count_with_the_carry_of_now(engine: Any) -> None:
    """Two equal positions, one of them under a borrow rate of a thousandth a day: a loss of 10 beside 1,000."""
    touch = carry(time=boa.env.timestamp, price=float_of(1_000 * WAD), borrow=1_000)
    legs = [a_leg(10, -11_000, 10, market_quote=-11_000), a_leg(10, -10_000, 10, market=1, carry=touch)]
    sums = put_in(engine, *legs)
    boa.env.time_travel(seconds=86_400)
    plan = engine.resolve(legs, a_patient(10), a_pool(10**7, *sums))
    # P-hat keeps 18 bits: a loss of just under 10
    assert plan.blame == 253 | 3 << 8
    assert plan.debt == pytest.approx(1_001 * WAD, rel=1e-5)


def test_no_blame_without_a_losing_position(engine: Any) -> None:
    """A debt from before: the position is worth 100, the account owes 1,000."""
    market = a_leg(10, -9_900, 10, market_quote=-9_900)
    plan = engine.resolve([market], a_patient(-1_000), a_pool(10**7, *put_in(engine, market)))
    assert (plan.debt, plan.blame) == (901 * WAD, 0)


def test_an_empty_debtors_debt(engine: Any) -> None:
    plan = engine.resolve([], a_patient(-70, cost=10), a_pool())
    assert (plan.reason, plan.debt, plan.blame, plan.reward) == (0, 70 * WAD, 0, 0)


def test_no_blame_without_debt(engine: Any) -> None:
    market = a_leg(100, -100_900, 100, market_quote=-100_900)
    plan = engine.resolve([market], a_patient(1_000), a_pool(10**7, *put_in(engine, market)))
    assert (plan.fraction, plan.debt, plan.blame) == (WAD, 0, 0)


def test_b_is_that_of_a_pool_that_pays_all_of_it(engine: Any) -> None:
    """Closing pays the pool 200,000 of loss; the 100,001 that the account cannot pay are its own again."""
    touch = carry(time=boa.env.timestamp, price=float_of(1_000 * WAD))
    market = a_leg(100, -300_000, 120, carry=touch, market_quote=-320_000)
    sums = put_in(engine, market)
    plan = engine.resolve([market], a_patient(100_000), a_pool(20_000, *sums))
    assert plan.debt == 100_001 * WAD
    _, used = weighed((119_999 * WAD, plan.first_sums, plan.second_sums, VENUE, RATES, []))
    assert borrow_of(plan.touched[0].carry) == rate_at(used) > Rates().base


# ---- dead legs ----------------------------------------------------------------------------------


def live_and_dead(base: int, quote: int, state: int = 2) -> list[tuple[int, ...]]:
    """100 bought at 1,000 in market 0, and a position in market 2 whose price of 1,000 is not valid; w is 5 %."""
    sides = {"longs": base} if base > 0 else {"shorts": -base}
    return [a_leg(100, -100_000, 100), dead(a_leg(base, quote, market=2, **sides), state)]


@pytest.mark.parametrize(("base", "favour"), [(20, 1), (-20, -1)])
def test_a_dead_legs_price_moves_in_the_accounts_favour(engine: Any, base: int, favour: int) -> None:
    """20 at 1,050, or -20 at 950: 1,000 better. n is 121,000 or 81,000, g 121,000 or 119,000."""
    legs = live_and_dead(base, -1_000 * base)
    # sqrt((3 % n)^2 + 4 % squared of each leg), or 0.6 of 5 % of g: with base > 0 the common part rules
    for cash, reason in ((10**4, NO_PRICE), (-900, 0)):
        pool = a_pool(10**7, *put_in(engine, *legs))
        plan = engine.resolve(legs, a_patient(cash), pool)
        assert plan.reason == reason
        if reason == 0:
            assert plan.equity == (cash + 1_000) * WAD


def test_everything_live_closes_and_dead_legs_stay(engine: Any) -> None:
    """A slice would have done for the live leg: f is 1 all the same, and charges are those of the live notional."""
    legs = live_and_dead(20, -20_000)
    plan = engine.resolve(legs, a_patient(3_000), a_pool(10**7, *put_in(engine, *legs)))
    assert (plan.reason, plan.fraction, plan.equity) == (0, WAD, 4_000 * WAD)
    assert [(t.market, t.position) for t in plan.touched] == [(0, 0)]
    # 0.05 % + 5 % impact of closing 100 alone is a gain: x is the taker fee; p_min 0.75 %, keeper part 0.1 % of 100,000
    assert plan.cash == -(1 + 50 + 700 + 100) * WAD
    assert (plan.reward, plan.to_cover) == (10 * WAD, (700 + 1 + 100 - 10) * WAD)
    assert (plan.debt, plan.blame) == (0, 0)


def test_nothing_is_written_off_while_a_leg_is_dead(engine: Any) -> None:
    legs = live_and_dead(20, -20_000)
    plan = engine.resolve(legs, a_patient(-5_000), a_pool(10**7, *put_in(engine, *legs)))
    assert (plan.reason, plan.fraction) == (0, WAD)
    # nothing was there to charge but K
    assert (plan.cash, plan.reward) == (-WAD, WAD)
    assert (plan.debt, plan.blame) == (0, 0)


def test_collateral_of_a_dead_underlying_stays(engine: Any) -> None:
    """Asset 0 on a live underlying is handed over whole at 900, asset 1 on the dead one not at all."""
    held = leg(market=5, risk=RISK, word=price(1_000 * WAD), held=10 * WAD, lendable=10 * WAD * 9_000)
    stuck = leg(market=6, risk=RISK, word=price(1_000 * WAD, 2), held=4 * WAD, lendable=4 * WAD * 9_000)
    entries = (5 | 1_000 << 8 | 1 << 24) | (6 | 1_000 << 8 | 1 << 24) << 32
    patient = a_patient(-13_000, assets=3, amounts=(10 * WAD, 4 * WAD), entries=entries)
    plan = engine.resolve([held, stuck], patient, a_pool())
    # 9,000 + 4 * 1,050 * 0.9 = 12,780 against 13,000
    assert (plan.reason, plan.equity) == (0, -220 * WAD)
    assert plan.taken == [10 * WAD] + 7 * [0]
    assert plan.cash == 9_000 * WAD - WAD
    assert plan.debt == 0


def test_collateral_nets_with_a_dead_short(engine: Any) -> None:
    """-20 and 30 of collateral are long 10: the price rises, to the short's own harm."""
    short = list(dead(a_leg(-20, 20_000, 0, 20, market=2)))
    short[5:7] = [30 * WAD, 30 * WAD * 9_000]
    legs = [a_leg(100, -100_000, 100), tuple(short)]
    patient = a_patient(-26_000, assets=1, amounts=(30 * WAD,), entries=2 | 1_000 << 8 | 1 << 24)
    plan = engine.resolve(legs, patient, a_pool(10**7, *put_in(engine, *legs)))
    # -26,000 - 1,000 + 30 * 945
    assert (plan.reason, plan.equity, plan.taken) == (0, 1_350 * WAD, 8 * [0])


def test_a_hedged_dead_leg_is_taken_as_it_is(engine: Any) -> None:
    """-20 and 20 of collateral expose it to nothing: there is no favour to do."""
    short = list(dead(a_leg(-20, 20_000, 0, 20, market=2)))
    short[5:7] = [20 * WAD, 20 * WAD * 9_000]
    legs = [a_leg(100, -100_000, 100), tuple(short)]
    patient = a_patient(-17_000, assets=1, amounts=(20 * WAD,), entries=2 | 1_000 << 8 | 1 << 24)
    plan = engine.resolve(legs, patient, a_pool(10**7, *put_in(engine, *legs)))
    assert (plan.reason, plan.equity) == (0, 1_000 * WAD)


def test_only_a_valid_price_lets_a_slice_be_a_slice(engine: Any) -> None:
    legs = live_and_dead(20, -20_000)
    living = [legs[0], (*legs[1][:4], price(1_000 * WAD), *legs[1][5:])]
    plan = engine.resolve(living, a_patient(4_000), a_pool(10**7, *put_in(engine, *living)))
    assert 0 < plan.fraction < WAD
    assert [t.market for t in plan.touched] == [0, 2]


def test_last_prices_bring_dead_legs_to_life(engine: Any) -> None:
    """Seven days into a shutdown: no favour, slices and write-offs as ever."""
    legs = live_and_dead(20, -20_000)
    pool = a_pool(10**7, *put_in(engine, *legs), rates=RATES | LAST_PRICES)
    plan = engine.resolve(legs, a_patient(4_000), pool)
    assert (plan.reason, plan.equity) == (0, 4_000 * WAD)
    assert 0 < plan.fraction < WAD
    plan = engine.resolve(legs, a_patient(-5_000), pool)
    assert (plan.fraction, plan.debt) == (WAD, 5_001 * WAD)


def test_a_dead_leg_with_a_huge_weight_falls_to_nothing_at_worst(engine: Any) -> None:
    """A w of a whole: the short's price is 0, not below."""
    short = list(dead(a_leg(-20, 20_000, 0, 20, market=2)))
    short[3] = risk(2_400, 3_200, 4_000)
    plan = engine.resolve([a_leg(100, -100_000, 100), tuple(short)], a_patient(-9_000), a_pool(10**7))
    # -9,000 + 20 * (1,000 - 600)
    assert (plan.reason, plan.equity) == (0, -1_000 * WAD)
