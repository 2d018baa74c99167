"""Liquidation in the reference model: rates, the closed-form slice, charges, the waterfall (I-10 … I-13)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crossmargin.model import QUOTE, Reason, Reject, carry, liquidation
from crossmargin.model.example import BTC, ETH, UNDERLYINGS, example_params, example_venue, market
from crossmargin.model.liquidation import Charges
from crossmargin.model.maths import BPS, LOT, LOTS, PPM, WAD
from crossmargin.model.venue import EMPTY, HEALTHY, LIQUIDATED, NO_PRICE

PARAMS = example_params()
TERMS = replace(market(*UNDERLYINGS[BTC]), skew_scale=1000 * LOTS)
TRADER, OTHER, KEEPER = 0x77 << 96, 0x78 << 96, 0x79 << 96
ANY_BUY = 10**30


def trade(venue, account, m, quote, **kwargs):
    """Trade for about `quote` of notional, signed."""
    size = quote * WAD * WAD // venue.prices[m] // LOT * LOT
    return venue.trade(account, m, size, worst_price=ANY_BUY if size > 0 else 0, **kwargs)


def move(venue, **bps):
    """Move prices by basis points: BTC=-1000."""
    for name, x in bps.items():
        m = {"BTC": BTC, "ETH": ETH}[name]
        venue.set_price(m, venue.prices[m] * (BPS + x) // BPS)


# ---- Q-2 by hand -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("base", "skew", "pool", "cover"),
    [
        # K = 1000, taker 6 bp, p_min 75 bp, p_max 200 bp. Long 10 alone: selling it narrows, i = 0.
        (10, 10, 6, 69),
        # Long 10 against a skew of −5: i = (2·5 + 10)/2000 = 1 %, x = 1.06 %.
        (10, -5, 106, 0),
        (-10, 5, 106, 0),
        # Skew −10: i = 1.5 %, x = 1.56 %; skew −20: i = 2.5 %, capped at 2 %.
        (10, -10, 156, 0),
        (10, -20, 200, 0),
    ],
)
def test_rates_by_hand(base, skew, pool, cover):
    rates = liquidation.rates(base * LOTS, skew * LOTS, TERMS, PARAMS)
    assert rates == (pool * 100, cover * 100, 500)


def test_impact_is_rounded_up_to_a_millionth():
    # Long 10 against −5 + 3e-8 units: i = 1e6·(10 + 10 − 6e-8)/2000 = 9999.99997 → 10 000; one lot more against it → 10 001.
    assert liquidation.rates(10 * LOTS, -5 * LOTS + 3, TERMS, PARAMS).pool == 10_600
    assert liquidation.rates(10 * LOTS, -5 * LOTS - 1, TERMS, PARAMS).pool == 10_601
    # 12 345 lots at 7 wei a unit and 1.06 %: 7·1.2345e-4·0.0106 is less than a wei
    assert liquidation.penalty(10_600, 7, 12_345) == 1


def test_fraction_by_hand():
    # MM 2584, E 2000, Pen 480, K 3, h 1.25: (3230 − 1997)/(3230 − 480) = 1233/2750 = 0.448363…
    f = liquidation.fraction(2000 * WAD, 2584 * WAD, 480 * WAD, 3 * WAD, PARAMS)
    assert f == -(-1233 * WAD // 2750)


def test_fraction_rounds_the_target_first():
    # M-2 = 3 wei: h·M-2 = ⌈3.75⌉ = 4, and (4 − 1)/4, not (3.75 − 1)/3.75 or (3 − 1)/3.
    assert liquidation.fraction(1, 3, 0, 0, example_params(min_margin=0)) == 3 * WAD // 4


@pytest.mark.parametrize(
    ("equity", "raw", "pen"),
    [
        (483, 2584, 480),  # E ≤ Pen + K
        (-50, 2584, 480),
        (1000, 1001, 1252),  # h·MM ≤ Pen
        (12, 13, 0),  # f = (16.25 − 9)/16.25 = 0.446, (1 − f)·13 < 12
        (11, 4, 0),  # below min_margin, above h·M-2 + K: nothing is missing, but 4 < 12
    ],
)
def test_everything_is_closed(equity, raw, pen):
    assert liquidation.fraction(equity * WAD, raw * WAD, pen * WAD, 3 * WAD, PARAMS) == WAD


def test_charges_when_all_is_closed_are_paid_in_order():
    due = Charges(pool=60, cover=30, keeper=20, cost=5)
    assert liquidation.affordable(due, 115) == due
    assert liquidation.affordable(due, 100) == Charges(45, 30, 20, 5)
    assert liquidation.affordable(due, 40) == Charges(0, 15, 20, 5)
    assert liquidation.affordable(due, 12) == Charges(0, 0, 7, 5)
    assert liquidation.affordable(due, 4) == Charges(0, 0, 0, 5)


def test_reward_is_the_larger_within_the_cap():
    assert liquidation.reward(Charges(0, 0, 2, 3), PARAMS) == 3
    assert liquidation.reward(Charges(0, 0, 4 * WAD, 3), PARAMS) == 4 * WAD
    assert liquidation.reward(Charges(0, 0, 40 * WAD, 3), PARAMS) == PARAMS.keeper_cap


# ---- I-12: never cheaper than an ordinary close ----------------------------------------------------
oi = st.integers(0, 17 * LOTS)  # 1.7 % of K = 1000, as p_max − taker − keeper part demands


@given(oi, oi, st.integers(1, 17 * LOTS), st.integers(1, WAD))
def test_a_slice_costs_no_less_than_closing_it_by_trade(long, short, base, f):
    # For a long: what Q-2 takes for the slice against P-3 plus fee for the same lots. Shorts mirror it.
    assume(base <= long)
    skew, price = long - short, 60_000 * WAD
    closed = liquidation.ceil_lots(f, base)
    rates = liquidation.rates(base, skew, TERMS, PARAMS)
    fill = Fraction(price * (2 * TERMS.skew_scale + 2 * skew - closed), 2 * TERMS.skew_scale)
    ordinary = (price - fill) * closed / LOTS + carry.trade_fee(price, skew, -closed, TERMS)
    assert liquidation.penalty(rates.pool, price, closed) >= ordinary - 1


# ---- through the venue -----------------------------------------------------------------------------
def test_skips_give_their_reason_and_change_nothing():
    venue = example_venue()
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER) == (0, 0, EMPTY)
    venue.deposit(TRADER, QUOTE, 10_000 * 10**6)
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER) == (0, 0, EMPTY)
    trade(venue, TRADER, BTC, 50_000)
    before = (venue.account(TRADER).copy(), venue.markets[BTC].copy(), venue.sums)
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER) == (0, 0, HEALTHY)
    venue.set_price(BTC, venue.prices[BTC] // 2, valid=False)
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER) == (0, 0, NO_PRICE)
    assert before == (venue.account(TRADER), venue.markets[BTC], venue.sums)
    assert venue.liquidate(venue.pool_id, 0, KEEPER) == (0, 0, EMPTY)
    assert venue.liquidate(venue.cover_id, 0, KEEPER) == (0, 0, EMPTY)


def test_nothing_but_debt_is_written_off_without_a_reward():
    venue = example_venue()
    venue.ledger.move_cash(venue.pool_id, venue.cover_id, 30 * WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 100 * WAD)
    pool = venue.account(venue.pool_id).cash
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER) == (WAD, 0, LIQUIDATED)
    assert venue.account(TRADER).empty and venue.account(KEEPER).empty
    assert (venue.account(venue.cover_id).cash, venue.ledger.debt) == (0, 0)
    assert venue.account(venue.pool_id).cash == pool - 70 * WAD
    assert venue.invariants() == []


def test_collateral_without_debt_is_not_liquidated():
    # One wei of ETH at 1.0: E = ⌊0.93⌋ = 0, MM = ⌈0.06⌉ = 1: yet nothing is owed.
    venue = example_venue()
    venue.set_price(ETH, WAD)
    venue.deposit(TRADER, 1, 1)
    assert (venue.health(TRADER).equity, venue.health(TRADER).state) == (0, 2)
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER) == (0, 0, EMPTY)
    venue.set_price(ETH, WAD, valid=False)
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER) == (0, 0, EMPTY)


def test_keeper_is_paid_first_when_little_is_left():
    # 1 BTC at 60 000 on 4500 − 36 − 0.84, down to 55 560: 23.16 are left. After K = 3 the keeper part
    # (5 bp of 55 560 = 27.8) takes the rest; the reward is the cap of 5, what is above it the cover fund's.
    venue = example_venue()
    venue.deposit(TRADER, QUOTE, 4_500 * 10**6)
    venue.trade(TRADER, BTC, WAD, worst_price=ANY_BUY)
    venue.set_price(BTC, 55_560 * WAD)
    equity, cash = venue.health(TRADER).equity, venue.account(venue.pool_id).cash
    assert 20 * WAD < equity < 25 * WAD
    gain = equity - venue.account(TRADER).cash  # what closing the position pays, negative
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER) == (WAD, 5 * WAD, LIQUIDATED)
    assert venue.account(venue.cover_id).cash == equity - 5 * WAD
    assert venue.account(venue.pool_id).cash == cash - gain
    assert venue.account(TRADER).cash == 0
    assert venue.invariants() == []


def test_without_positions_only_debt_is_liquidated():
    venue = example_venue()
    venue.deposit(TRADER, 1, WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 2700 * WAD)  # 1 ETH: 2790 after discount, MM 175.6
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER).reason == LIQUIDATED
    assert venue.invariants() == []


def test_known_slice_through_the_venue():
    # 1 BTC long at 60 000 on 2620 − 36 (fee) − 0.83 (impact) … moved down 1 %: numbers from the formula below.
    venue = example_venue()
    venue.deposit(TRADER, QUOTE, 4_500 * 10**6)
    venue.trade(TRADER, BTC, WAD, worst_price=ANY_BUY)
    move(venue, BTC=-400)
    e, _, mm, _ = venue.health(TRADER)
    price = 57_600
    # 4500 − 36 − 2400 − impact (K = 35 887 units: 60 000/(2·35 887) = 0.836) = 2063.164
    assert e / WAD == pytest.approx(2063.164, abs=0.001)
    # 0.04308132·57 600 = 2481.484
    assert mm / WAD == pytest.approx(2481.484, abs=0.001)
    # i = 0 (alone), p = 75 bp + 5 bp: Pen = 460.8; f = (1.25·2481.484 − 2063.164 + 3)/(3101.855 − 460.8) = 0.393...
    done = venue.liquidate(TRADER, 3 * WAD, KEEPER)
    f = (1.25 * 2481.4840 - 2063.1641 + 3) / (1.25 * 2481.4840 - 460.8)
    assert done.fraction / WAD == pytest.approx(f, rel=1e-6)
    # keeper part 5 bp of 57 600·f = 11.3 above K = 3: reward is the cap of 5; the cover fund gets the rest
    assert done.reward == 5 * WAD == venue.account(KEEPER).cash
    closed = price * f
    cover = closed * 0.0069 + 3 + closed * 0.0005 - 5
    assert venue.account(venue.cover_id).cash / WAD == pytest.approx(cover, rel=1e-5)
    after = venue.health(TRADER)
    assert after.equity / WAD == pytest.approx(1.25 * after.maintenance / WAD, rel=1e-6)
    assert venue.invariants() == []


def test_waterfall_cover_first_then_pool():
    venue = example_venue()
    venue.ledger.move_cash(venue.pool_id, venue.cover_id, 100 * WAD)
    venue.deposit(TRADER, QUOTE, 10_000 * 10**6)
    trade(venue, TRADER, BTC, 100_000)
    move(venue, BTC=-1200)
    equity = venue.health(TRADER).equity
    pool = venue.pool_state().reduced_equity
    assert equity < -2000 * WAD
    done = venue.liquidate(TRADER, 3 * WAD, KEEPER)
    assert (done.fraction, done.reward) == (WAD, 3 * WAD)
    # Nothing is left of the account; the cover fund paid its 100 and the pool −E + K − 100.
    holder = venue.account(TRADER)
    assert (holder.cash, holder.positions) == (0, {})
    assert venue.account(venue.cover_id).cash == 0
    # The premium the closed skew was owed goes back to the pool: P·skew²/(2K).
    lost = pool - venue.pool_state().reduced_equity
    premium = Fraction(52_800 * WAD) * Fraction(100_000, 60_000) ** 2 * LOTS
    premium /= 2 * venue.params.markets[BTC].skew_scale
    assert abs(lost - (-equity + 3 * WAD - 100 * WAD - premium)) < 10**12
    assert venue.invariants() == []


def test_a_reward_to_the_cover_pool_is_there_to_pay_with():
    def run(receiver):
        venue = example_venue()
        venue.ledger.move_cash(venue.pool_id, venue.cover_id, 100 * WAD)
        venue.deposit(TRADER, QUOTE, 10_000 * 10**6)
        trade(venue, TRADER, BTC, 100_000)
        venue.deposit(OTHER, QUOTE, 10**6 * 10**6)
        trade(venue, OTHER, ETH, 500_000)
        move(venue, BTC=-1200)
        venue.liquidate(TRADER, 3 * WAD, receiver)
        return venue

    # the 100 of the cover pool are not enough for the bad debt: a reward of 3 to it ends with the LP pool either way
    other = run(KEEPER)
    assert other.account(other.cover_id).cash == 0
    for receiver in (other.pool_id, other.cover_id):
        venue = run(receiver)
        assert venue.account(TRADER).cash == venue.account(venue.cover_id).cash == 0
        assert venue.account(venue.pool_id).cash == other.account(venue.pool_id).cash + 3 * WAD
        assert venue.account(KEEPER).cash == 0
        assert venue.markets == other.markets
    assert other.refusal("liquidate", TRADER, 3 * WAD, TRADER) == Reason.OWNER


notionals = st.integers(-40_000, 40_000)
moves = st.integers(-2500, 2500)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(notionals, min_size=5, max_size=5),
    st.lists(moves, min_size=5, max_size=5),
    st.integers(0, 5),
    st.booleans(),
)
def test_liquidation_of_any_book(book, shifts, cost, with_collateral):
    # I-10: liquidatable ⇔ it works; I-11: E ≥ h·MM or all closed, no sign change; I-12: owner and keeper never gain.
    venue = example_venue()
    trade_all(venue, OTHER, [-x // 2 for x in book], 10**6)
    if with_collateral:
        venue.deposit(TRADER, 1, 3 * WAD)
    trade_all(venue, TRADER, book, 12_000)
    for m, x in zip(UNDERLYINGS, shifts):
        venue.set_price(m, venue.prices[m] * (BPS + x) // BPS)
    held = {m: base for m, (base, _) in venue.account(TRADER).positions.items()}
    gross = sum(venue.prices[m] * abs(base) // WAD for m, base in held.items())
    before, others = venue.health(TRADER), venue.health(OTHER)
    done = venue.liquidate(TRADER, cost * WAD, KEEPER)
    assert (done.reason == LIQUIDATED) == (before.state == 3)
    assert venue.invariants() == []
    if done.reason != LIQUIDATED:
        return
    after, holder = venue.health(TRADER), venue.account(TRADER)
    assert all(0 <= abs(holder.positions.get(m, (0, 0))[0]) < abs(base) for m, base in held.items())
    assert all(base * held[m] > 0 for m, (base, _) in holder.positions.items())
    keeper = venue.account(KEEPER).cash
    assert keeper == done.reward
    # ⌈lots⌉ closes up to one lot a leg more: it costs at most (p_max + keeper part) of it, and less MM follows.
    lots = sum(venue.prices[m] // LOTS + 10 for m in held)
    if done.fraction < WAD:
        assert after.equity * BPS >= venue.params.h * after.maintenance - lots * 2 * BPS
        assert after.equity + keeper <= before.equity
    else:
        assert not holder.positions and not holder.collateral
        assert after.equity + keeper <= max(before.equity, cost * WAD)
    worst = gross * (venue.params.p_max * 100 + venue.params.keeper_part) // PPM + lots
    assert before.equity - after.equity <= worst + cost * WAD
    # Nobody else's E − MM moves.
    assert venue.health(OTHER)[0::2] == others[0::2]


def trade_all(venue, account, book, cash):
    venue.deposit(account, QUOTE, cash * 10**6)
    for m, quote in zip(UNDERLYINGS, book):
        try:
            trade(venue, account, m, quote)
        except Reject as error:
            assert error.reason in (Reason.MARGIN, Reason.MIN_NOTIONAL, Reason.SIZE)
