"""Fills, positions and carry of the reference model against numbers worked by hand, and their properties."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossmargin.model import Market, MarketParams, carry
from crossmargin.model.carry import Indices
from crossmargin.model.example import UNDERLYINGS, example_params, market
from crossmargin.model.maths import DAY, INDEX, LOT, LOTS, SKEW_ONE, WAD
from crossmargin.model.pool import U_MAX

# K = 1000 units, maker 2 bp, taker 6 bp, spread 10 bp; funding clamp 2.15 % a day, velocity 2 % a day²
TERMS: MarketParams = replace(market(*UNDERLYINGS[0]), skew_scale=1000 * LOTS, velocity=20)
QUOTE_PER_UNIT = WAD // INDEX  # one quote per base unit, in units of a carry index

lots = st.integers(-(10**13), 10**13)
sizes = lots.filter(bool)
prices = st.integers(10**15, 10**25)
index_values = st.integers(-(10**13), 10**13)


# ---- P-3 and fee -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("size", "spread", "expected"),
    [
        # skew +10 of K = 1000: 100·(1 + (2·10 + 4)/2000) = 101.2, selling 100·(1 + 16/2000) = 100.8
        (4, False, 101_2000),
        (-4, False, 100_8000),
        # ·1.001 and ·0.999
        (4, True, 101_3012),
        (-4, True, 100_6992),
    ],
)
def test_fill_price_by_hand(size, spread, expected):
    fill = carry.fill_price(100 * WAD, 10 * LOTS, size * LOTS, TERMS, spread)
    assert fill == expected * WAD // 10_000


def test_fill_price_rounds_against_the_trader():
    # 1·(1 + 1/(2·10^11)) with one lot on a price of 7 wei: between 7 and 8 when buying, below 7 when selling
    assert carry.fill_price(7, 0, 1, TERMS, False) == 8
    assert carry.fill_price(7, 0, -1, TERMS, False) == 6


def test_fee_is_split_where_the_trade_crosses_zero_skew():
    # skew +10, sell 15: 10 at 2 bp, 5 at 6 bp of 100: 100·(0.002 + 0.003) = 0.5
    assert carry.trade_fee(100 * WAD, 10 * LOTS, -15 * LOTS, TERMS) == WAD // 2
    # buy 15 widens: 15·100·6 bp = 0.9; sell 4 narrows: 4·100·2 bp = 0.08
    assert carry.trade_fee(100 * WAD, 10 * LOTS, 15 * LOTS, TERMS) == 9 * WAD // 10
    assert carry.trade_fee(100 * WAD, 10 * LOTS, -4 * LOTS, TERMS) == 8 * WAD // 100


def cost(price: int, skew: int, size: int) -> Fraction:
    """What a fill costs in wei of quote, exactly, from the rounded price."""
    return Fraction(carry.fill_price(price, skew, size, TERMS, False) * size, LOTS)


@given(prices, lots, st.lists(sizes, min_size=2, max_size=6))
def test_fills_do_not_depend_on_the_path(price, skew, pieces):
    # P-3: splitting never gains, and loses less than one wei of price on each piece.
    split, at = Fraction(0), skew
    for piece in pieces:
        split += cost(price, at, piece)
        at += piece
    total = sum(pieces)
    exact = Fraction(price * total * (2 * TERMS.skew_scale + 2 * skew + total), 2 * TERMS.skew_scale * LOTS)
    assert exact <= split <= exact + Fraction(sum(map(abs, pieces)), LOTS)


@given(prices, lots, sizes)
def test_a_round_trip_never_gains(price, skew, size):
    assert cost(price, skew, size) + cost(price, skew + size, -size) >= 0


@given(prices, lots, sizes)
def test_widening_never_fills_better_than_the_mark(price, skew, size):
    if skew * size >= 0:
        fill = carry.fill_price(price, skew, size, TERMS, False)
        assert fill >= price if size > 0 else fill <= price


# ---- P-1, P-2, P-4 ---------------------------------------------------------------------------------
def test_open_value_and_partial_close_by_hand():
    # Buy 2 at 100 with I_L = 0.5: quote = −2·99.5 = −199.
    start = Indices(QUOTE_PER_UNIT // 2, 0, 0)
    opened = carry.apply_trade(0, 0, 2 * WAD, 100 * WAD, start)
    assert opened == (2 * WAD, -199 * WAD, 0)
    # P = 110, I_L = 1.5: 2·108.5 − 199 = 18: 20 of price less 2 of carry.
    index = 3 * QUOTE_PER_UNIT // 2
    assert carry.value(opened.base, opened.quote, 110 * WAD, index) == 18 * WAD
    # Sell 1 at 110: −99.5 + 108.5 = 9 realised, −99.5 stays.
    closed = carry.apply_trade(opened.base, opened.quote, -WAD, 110 * WAD, Indices(index, 0, 0))
    assert closed == (WAD, -199 * WAD // 2, 9 * WAD)


def test_crossing_zero_closes_then_opens_on_the_other_index():
    # Long 1 at 100 (I_L = 0), sell 3 at 110 with I_L = 1, I_S = −2: realises 110 − 1 − 100 = 9,
    # opens short 2 at 110 − (−2): quote = +224.
    flipped = carry.apply_trade(
        WAD, -100 * WAD, -3 * WAD, 110 * WAD, Indices(QUOTE_PER_UNIT, -2 * QUOTE_PER_UNIT, 0)
    )
    assert flipped == (-2 * WAD, 224 * WAD, 9 * WAD)


@given(prices, prices, sizes, sizes, index_values, index_values)
def test_position_and_realised_sum_to_the_exact_gain(p1, p2, first, second, i_long, i_short):
    # Two trades, then the value at p2: never more than exact, less than one wei a rounding short of it.
    indices = Indices(i_long, i_short, 0)
    a = carry.apply_trade(0, 0, first * LOT, p1, indices)
    b = carry.apply_trade(a.base, a.quote, second * LOT, p2, indices)
    index = i_long if b.base > 0 else i_short
    got = b.realised + (carry.value(b.base, b.quote, p2, index) if b.base else b.quote)
    index = i_long if first > 0 else i_short
    # The second trade is at p2 and so is the valuation: only the first leg earns.
    exact = Fraction(first * (p2 - p1), LOTS)
    assert exact - 4 < got <= exact
    assert b.base == (first + second) * LOT


@given(prices, index_values, index_values, st.lists(st.tuples(sizes, prices), min_size=1, max_size=6))
def test_pool_mirror_is_the_other_side(price, i_long, i_short, trades):
    # I-3: traders' value and the pool's sum to zero, at most one wei a leg missing.
    state, indices, values = Market(), Indices(i_long, i_short, 0), 0
    for size, fill in trades:
        leg = carry.apply_trade(0, 0, size * LOT, fill, indices)
        carry.book(state, 0, leg.base, leg.quote)
        values += carry.value(leg.base, leg.quote, price, i_long if size > 0 else i_short)
    assert -(len(trades) + 1) <= values + carry.pool_value(state, price, indices) <= 0


def test_pool_value_rounds_against_the_pool():
    # P-4: one lot at 150 000 000 wei is worth 1.5 wei: the pool owes ⌈1.5⌉ to a long and is owed ⌊1.5⌋ by a short.
    flat = Indices(0, 0, 0)
    assert carry.pool_value(Market(long=1, quote=5), 150_000_000, flat) == -2 - 5
    assert carry.pool_value(Market(short=1, quote=5), 150_000_000, flat) == 1 - 5


# ---- F-1 -------------------------------------------------------------------------------------------
def test_funding_and_borrow_over_a_day_by_hand():
    # Half the skew scale, 2 % a day²: after a day r = 1 % a day, area 0.005 days; P̂ = 1000: 5 quote a unit.
    # Borrow 1e-4 a day: 0.1 quote a unit from both sides.
    state = Market(mark=1000 * WAD, skew_fraction=SKEW_ONE // 2, borrow=100)
    now = carry.accrue(state, TERMS, DAY)
    assert now == (51 * QUOTE_PER_UNIT // 10, 49 * QUOTE_PER_UNIT // 10, 10**7)


def test_funding_is_split_where_it_meets_the_clamp():
    # Reaches 2.15 % after 2.15 days: ½·0.0215·2.15 + 0.0215·0.85 = 0.0413875 days; ·1000 = 41.3875 quote.
    for sign in (1, -1):
        state = Market(mark=1000 * WAD, skew_fraction=sign * SKEW_ONE // 2)
        now = carry.accrue(state, TERMS, 3 * DAY)
        assert now.rate == sign * 21_500_000
        assert now.long == now.short == sign * 413_875 * QUOTE_PER_UNIT // 10_000


def test_a_clamp_that_was_lowered_holds_at_once():
    state = Market(mark=1000 * WAD, rate=10**9)
    now = carry.accrue(state, TERMS, DAY)  # 2.15 % for a day on 1000
    assert now == (21_500 * QUOTE_PER_UNIT // 1000, 21_500 * QUOTE_PER_UNIT // 1000, 21_500_000)


states = st.builds(
    Market,
    long=st.integers(0, 10**13),
    short=st.integers(0, 10**13),
    rate=st.integers(-21_500_000, 21_500_000),
    skew_fraction=st.integers(1 - SKEW_ONE, SKEW_ONE - 1),
    borrow=st.integers(0, carry.RATE_MAX),
    mark=prices.map(carry.price_float),
)


@given(states, st.integers(0, 10 * DAY))
def test_carry_is_zero_sum_and_bounded(state, dt):
    # F-1, I-6: what longs pay, shorts get, but for the borrow of both; rounding is at most one unit a side.
    now = carry.accrue(state, TERMS, dt)
    paid_twice = Fraction(2 * state.mark * state.borrow * dt, DAY * 10**13)
    assert 0 <= now.long - now.short - paid_twice < 2
    assert abs(now.rate) <= TERMS.clamp * 10**5
    # The pool's equity moves by exactly what the two sides lose.
    gained = carry.pool_value(state, WAD, now) - carry.pool_value(state, WAD, carry.accrue(state, TERMS, 0))
    lost = Fraction((state.long * now.long - state.short * now.short) * INDEX, LOTS)
    assert abs(gained - lost) < 2


@given(states)
def test_no_time_no_carry(state):
    assert carry.accrue(state, TERMS, 0) == (0, 0, state.rate)


@given(states, st.integers(1, 10 * DAY))
def test_accrual_against_an_exact_integral(state, dt):
    # The rate is piecewise linear: integrate it with fractions, without the clamp split of the formula.
    limit = Fraction(TERMS.clamp, 10**4)
    slope = Fraction(TERMS.velocity * state.skew_fraction, 1000 * SKEW_ONE * DAY)  # per day, per second
    r0 = Fraction(state.rate, 10**9)
    end = r0 + slope * dt
    if abs(end) <= limit:
        area = (r0 + end) / 2 * dt
    else:
        bound = limit if slope > 0 else -limit
        meets = (bound - r0) / slope
        area = (r0 + bound) / 2 * meets + bound * (dt - meets)
    exact = state.mark * (area + Fraction(state.borrow * dt, 10**6)) / (DAY * INDEX)
    # r1 is off by < 1e-9 a day, t1 by < 1 s: dt/2·1e-9 and 2·C·1 s of area.
    slack = Fraction(state.mark, DAY * INDEX) * (Fraction(dt, 10**9) + 2 * limit) + 1
    assert abs(carry.accrue(state, TERMS, dt).long - exact) <= slack


# ---- F-2, k, o, P̂ ----------------------------------------------------------------------------------
def test_borrow_curve_by_hand():
    params = example_params(borrow_base=50, borrow_slope1=500, borrow_slope2=5_000, borrow_kink=8_000)
    assert carry.borrow_rate(0, params) == 50
    assert carry.borrow_rate(WAD // 2, params) == 300  # 50 + 250
    assert carry.borrow_rate(WAD // 2 + 1, params) == 301  # rounded up
    assert carry.borrow_rate(WAD, params) == 1450  # 50 + 400 + 1000
    assert carry.borrow_rate(U_MAX, params) == 2**14 - 1


def test_oi_scale_by_hand():
    mp = replace(TERMS, oi_lo=100, oi_hi=300, oi_cap=90)  # 10 … 30 units, up to 0.90
    assert carry.oi_scale(10 * LOTS, 0, mp) == 0
    assert carry.oi_scale(10 * LOTS + 1, 0, mp) == 1
    assert carry.oi_scale(0, 20 * LOTS, mp) == 45
    assert carry.oi_scale(25 * LOTS, 29 * LOTS, mp) == 86  # 85.5
    assert carry.oi_scale(500 * LOTS, 0, mp) == 90
    assert carry.oi_scale(500 * LOTS, 0, replace(mp, oi_cap=400)) == 255


def test_skew_fraction_truncates_and_clamps():
    assert carry.skew_fraction(500 * LOTS, 1000 * LOTS) == 2**18
    assert carry.skew_fraction(-1, 1000 * LOTS) == 0
    assert carry.skew_fraction(-1000 * LOTS, 1000 * LOTS) == 1 - 2**19
    assert carry.skew_fraction(3000 * LOTS, 1000 * LOTS) == 2**19 - 1


@given(prices)
def test_price_float_keeps_eighteen_bits_and_fits_its_word(price):
    mark = carry.price_float(price)
    shift = max(8, price.bit_length() - 18)
    assert mark <= price < mark + (1 << shift)
    assert (mark >> shift) < 2**18 and 0 <= shift - 8 < 64
