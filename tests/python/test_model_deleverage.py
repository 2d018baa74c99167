"""W-2 in the reference model: clock, threshold, ranking, how much, and what the account keeps."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossmargin.model import QUOTE, Reason, carry, deleverage
from crossmargin.model.deleverage import STOPPED
from crossmargin.model.example import BTC, ETH, example_venue
from crossmargin.model.maths import BPS, LOT, LOTS, MICRO, WAD, ceil_div
from crossmargin.model.state import Clock

TRADER, OTHER, THIRD = 0x77 << 96, 0x78 << 96, 0x79 << 96
ANY_BUY = 10**30
START = carry.price_float(60_000 * WAD)


def full_time(venue) -> None:
    """The clock has run for as long as the threshold falls."""
    venue.clock = Clock(venue.time - 900, venue.time)


def at(price: int) -> int:
    """A price near to so many quote that P̂ holds exactly."""
    return carry.price_float(price * WAD)


def trade(venue, account: int, m: int, units: int) -> None:
    venue.trade(account, m, units * WAD, worst_price=ANY_BUY if units > 0 else 0)


def thin(**changes):
    """A pool of 1 M that takes more than its size."""
    venue = example_venue(1_000_000, **changes)
    for m in (BTC, ETH):
        venue.configure_market(m, share=50 * BPS)
    venue.set_price(BTC, START)
    return venue


def strained(rise: int = 79_000, base: int = 30, other: int = 5, **changes):
    """A pool of 1 M against 35 BTC long at 60 000, now at `rise`; two traders hold them."""
    venue = thin(**changes)
    for account, units in ((TRADER, base), (OTHER, other)):
        venue.deposit(account, QUOTE, 2_000_000 * 10**6)
        if units:
            trade(venue, account, BTC, units)
    venue.set_price(BTC, at(rise))
    return venue


def ringing(*args: int, seconds: int = 0, **changes):
    """The same with the clock on for some seconds."""
    venue = strained(*args, **changes)
    assert venue.alarm()
    for _ in range(seconds // 300):
        venue.warp(300)
        assert venue.alarm()
    venue.warp(seconds % 300)
    return venue


# ---- pieces ----------------------------------------------------------------------------------------
def test_threshold_by_hand():
    assert deleverage.threshold(0) == WAD // 2
    assert deleverage.threshold(450) == WAD // 4
    assert deleverage.threshold(1) == 499_444_444_444_444_444  # 0.5·899/900
    assert deleverage.threshold(899) == WAD // 1800
    assert deleverage.threshold(900) == deleverage.threshold(10**6) == 0


@given(st.integers(1, 2**72), st.data())
def test_the_search_ends_within_its_grain(most, data):
    # on any shape that changes its sign once: straight, bent, a mere step
    edge = data.draw(st.integers(1, most))
    bend = data.draw(st.sampled_from([1, 2, 3, 0]))

    def excess(x: int) -> int:
        if not bend:
            return 1 if x >= edge else -1
        return (x**bend - edge**bend) * 10**20

    found = deleverage.least(excess, most)
    assert edge <= found < edge + max(1, most // 2**10)


def test_the_search_is_exact_below_the_grain():
    for edge in (1, 2, 7, 10):
        assert deleverage.least(lambda x: x - edge, 10) == edge  # noqa: B023


@given(st.integers(2**20, 2**60), st.integers(1, 10**6), st.integers(0, 50))
def test_a_slight_bend_takes_few_looks(most, part, bend):
    # concave: the slope falls by up to a half from one end to the other
    edge, looked = most * part // 10**6 + 1, []

    def excess(x: int) -> int:
        looked.append(x)
        return (x - edge) * 200 * most - (x * x - edge * edge) * bend

    if edge < most:
        deleverage.least(excess, most)
        assert len(looked) <= 9


# ---- the clock -------------------------------------------------------------------------------------
def test_short_of_capital_by_hand():
    # 35 BTC at 79 000: net 0.0430813·2.765 M = 119 120; R = 1 000 000 + 1 260 of fees + 1 024 of impact − 19 000·35
    # − 1 348 of premium = 335 936: below three times net. At 76 000 R = 441 000 and net 114 600: above.
    venue = strained()
    s = venue.pool_state()
    assert s.net / WAD == pytest.approx(119_120, rel=1e-4)
    assert s.reduced_equity / WAD == pytest.approx(335_936, rel=1e-4)
    assert venue.alarm() is True and venue.clock == Clock(venue.time, venue.time)
    venue.set_price(BTC, at(76_000))
    assert venue.alarm() is False and venue.clock == STOPPED


def test_short_is_strict():
    venue = strained()
    s = venue.pool_state()
    exact = BPS * s.reduced_equity // s.net  # 1e4·R < (exact + 1)·net, and not < exact·net
    venue.configure(adl_ratio=exact)
    assert not venue.alarm()
    venue.configure(adl_ratio=exact + 1)
    assert venue.alarm()


def test_the_clock_goes_on_while_it_is_watched():
    venue = strained()
    start = venue.time
    venue.alarm()
    venue.warp(300)
    venue.alarm()
    assert venue.clock == Clock(start, start + 300)
    venue.warp(301)
    assert not venue.clock_runs()
    venue.alarm()
    assert venue.clock == Clock(start + 601, start + 601)


def test_an_alarm_needs_all_prices():
    venue = strained()
    venue.set_price(BTC, at(79_000), valid=False)
    assert venue.refusal("alarm") == Reason.PRICE


# ---- who -------------------------------------------------------------------------------------------
def test_refusals():
    venue = strained()
    assert venue.refusal("deleverage", TRADER, BTC) == Reason.CLOCK
    venue.alarm()
    venue.warp(301)
    assert venue.refusal("deleverage", TRADER, BTC) == Reason.CLOCK
    venue.alarm()
    assert venue.refusal("deleverage", venue.pool_id, BTC) == Reason.PROTOCOL
    assert venue.refusal("deleverage", TRADER, 77) == Reason.MARKET
    assert venue.refusal("deleverage", TRADER, ETH) == Reason.RANK  # nothing there
    venue.set_price(BTC, at(79_000), valid=False)
    assert venue.refusal("deleverage", TRADER, BTC) == Reason.PRICE
    venue.set_price(BTC, at(79_000))
    venue.deposit(TRADER, 1, WAD)
    venue.set_price(ETH, 3_000 * WAD, valid=False)
    assert venue.refusal("deleverage", TRADER, BTC) == Reason.PRICE


def test_the_threshold_falls_until_a_position_qualifies():
    # A gain of 19 000 less impact on 79 000: 0.2405. θ = 0.5·(900 − t)/900 reaches that at t = 467 s.
    venue = ringing(seconds=460)
    assert venue.refusal("deleverage", TRADER, BTC) == Reason.RANK
    venue.warp(10)
    assert venue.refusal("deleverage", TRADER, BTC) is None


def test_the_threshold_is_met_exactly():
    venue = ringing()
    base, quote = venue.position(TRADER, BTC)
    price = venue.prices[BTC]
    edge = -(-price * base // WAD // 2)  # half of the notional, rounded up
    for value, refused in ((edge - 1, Reason.RANK), (edge, None)):
        gain = venue.value(BTC, base, 0, price)
        venue.ledger.accounts[TRADER].positions[BTC] = (base, value - gain)
        venue.markets[BTC].quote += value - gain - quote
        quote = value - gain
        assert venue.refusal("deleverage", TRADER, BTC) == refused


def test_losers_and_the_other_side_are_left_alone():
    venue = strained(79_000, 30, 5, cap_net=10_000, cap_gross=30_000)
    venue.deposit(THIRD, QUOTE, 2_000_000 * 10**6)
    trade(venue, THIRD, BTC, 1)  # bought at 79 000: a small loss by impact
    venue.deposit(THIRD | 1, QUOTE, 2_000_000 * 10**6)
    trade(venue, THIRD | 1, BTC, -1)
    venue.set_price(BTC, at(78_900))
    assert venue.value(BTC, *venue.position(THIRD | 1, BTC), venue.prices[BTC]) > 0
    full_time(venue)
    assert venue.refusal("deleverage", TRADER, BTC) is None
    assert venue.refusal("deleverage", THIRD, BTC) == Reason.RANK
    assert venue.refusal("deleverage", THIRD | 1, BTC) == Reason.RANK


# ---- how much --------------------------------------------------------------------------------------
def strain_by_hand(venue, lots: int) -> tuple[Fraction, int]:
    """R and net of U-0 and U-1 with so many lots of BTC skew, in µ, for a pool with nothing else open."""
    mp, price = venue.params.markets[BTC], venue.prices[BTC]
    notional = price * lots  # WAD·lots; a µ of it is 1e20
    a = -(-mp.beta * notional // (BPS * 10**20))  # long: the pool is short, so A is rounded away from zero
    b = -(-mp.sigma * notional // (BPS * 10**20))
    h = -(-mp.w * notional // (BPS * 10**20))
    z = -(-notional * lots // (2 * mp.skew_scale * 10**20))
    root = isqrt(a * a + b * b)
    root += root * root < a * a + b * b
    net = max(root, -(-venue.params.kappa * h // BPS))
    state = venue.markets[BTC]
    value = -ceil_div(state.long * price, LOTS) - state.quote
    cash = Fraction(venue.account(venue.pool_id).cash, MICRO)
    return cash + value // MICRO - z, net


def test_closes_what_restores_the_ratio():
    venue = ringing(seconds=600)
    # R = 3·net: 0.0430813·3·79 000·s = 335 936 + 1 348·(1 − (s/35)²) → s ≈ 32.917 of 35 BTC
    skew = venue.markets[BTC].skew
    cash, base = venue.account(TRADER).cash, venue.position(TRADER, BTC)[0]
    pnl = venue.value(BTC, *venue.position(TRADER, BTC), venue.prices[BTC])
    equity = venue.health(TRADER).equity
    lots = venue.deleverage(TRADER, BTC)
    # the search ends no more than 30/2^10 = 0.029 BTC beyond that
    assert 32.917 - 0.03 < (skew - lots) / LOTS < 32.918
    # only an alarm stops the clock
    assert venue.clock_runs() and not venue.alarm() and venue.clock == STOPPED
    # at the mark, in proportion, with no fee: equity stays, within a wei
    assert venue.position(TRADER, BTC)[0] == base - lots * LOT
    assert 0 <= equity - venue.health(TRADER).equity <= 2
    assert (venue.account(TRADER).cash - cash) / pnl == pytest.approx(lots * LOT / base, rel=1e-9)
    assert venue.markets[BTC].time == venue.time
    assert venue.invariants() == []


@settings(max_examples=40, deadline=None)
@given(st.integers(78_200, 84_000), st.integers(5, 30), st.integers(20_000, 40_000))
def test_no_more_and_no_less_than_the_rule_says(price, base, ratio):
    # Against R and net written out for one market, at a price that P̂ holds exactly and with no carry. P-4 in whole µ.
    venue = strained(price, base, 35 - base, adl_ratio=ratio)
    if not venue.alarm():
        return
    full_time(venue)
    skew, most = venue.markets[BTC].skew, base * LOTS

    def short(x: int) -> bool:
        reduced, net = strain_by_hand(venue, skew - x)
        return BPS * reduced < ratio * net

    lots = venue.deleverage(TRADER, BTC)
    if not short(0):
        assert lots == 0
    elif short(most):
        assert lots == most
    else:
        # enough, and a 1,024th of the position less would not be
        assert 0 < lots <= most and not short(lots)
        assert short(max(0, lots - max(1, most // 2**10)))
    assert venue.clock_runs()
    assert venue.invariants() == []


def test_all_of_a_small_position_closes_and_the_clock_goes_on():
    venue = ringing(79_000, 1, 34, seconds=600)
    clock = venue.clock
    assert venue.deleverage(TRADER, BTC) == LOTS
    assert BTC not in venue.account(TRADER).positions
    assert venue.clock == clock
    assert venue.refusal("deleverage", TRADER, BTC) == Reason.RANK
    assert venue.invariants() == []


def test_no_further_than_the_skew():
    # 30 long against 29 short: at most one unit closes, and it goes in full if the pool wants it.
    venue = strained(79_000, 30, 0, adl_ratio=10**18)
    venue.deposit(OTHER, QUOTE, 2_000_000 * 10**6)
    trade(venue, OTHER, BTC, -29)
    full_time(venue)
    assert venue.deleverage(TRADER, BTC) == LOTS
    assert not venue.alarm()  # nothing is required of a pool without skew


def test_a_pool_that_recovered_closes_nothing():
    venue = ringing(seconds=600)
    venue.pool_deposit(100_000 * 10**6)
    before = venue.account(TRADER).copy()
    assert venue.deleverage(TRADER, BTC) == 0
    assert venue.clock_runs() and venue.account(TRADER) == before


def test_what_does_not_help_is_refused():
    # A skew that hedges a larger one: 10 ETH long against 35 BTC short would help nothing by closing.
    venue = thin(adl_ratio=10**6)
    venue.deposit(TRADER, QUOTE, 2_000_000 * 10**6)
    venue.deposit(OTHER, QUOTE, 2_000_000 * 10**6)
    trade(venue, OTHER, BTC, -35)
    trade(venue, TRADER, ETH, 100)
    venue.set_price(ETH, 6_000 * WAD)
    full_time(venue)
    before = venue.clock
    assert venue.refusal("deleverage", TRADER, ETH) == Reason.NOTHING
    assert venue.clock == before


# ---- the account -----------------------------------------------------------------------------------
def test_a_leg_that_hedges_the_rest_is_left():
    # Long 30 BTC against 900 ETH short: β·n is 94 800 against 148 500. Less BTC is less of a hedge, and MM grows.
    venue = strained(79_000, 30, 5, adl_ratio=35_000, kappa=2_000, cap_net=10_000, cap_gross=50_000)
    trade(venue, TRADER, ETH, -900)
    trade(venue, OTHER, ETH, 900)
    venue.poke(BTC)
    full_time(venue)
    before = venue.health(TRADER)
    assert venue.refusal("deleverage", TRADER, BTC) is None  # E is far above IM
    venue.ledger.move_cash(TRADER, OTHER, before.equity - before.initial)
    assert venue.health(TRADER).state == 0
    assert venue.refusal("deleverage", TRADER, BTC) == Reason.MARGIN


def test_who_would_stay_below_initial_margin_is_left():
    venue = ringing(79_000, 30, 5, seconds=600)
    health = venue.health(TRADER)
    venue.ledger.move_cash(TRADER, OTHER, health.equity - health.maintenance + WAD)
    assert venue.health(TRADER).state == 3
    assert venue.refusal("deleverage", TRADER, BTC) == Reason.MARGIN  # though it would be safer
    venue.ledger.move_cash(OTHER, TRADER, health.initial)
    assert venue.deleverage(TRADER, BTC) > 0
