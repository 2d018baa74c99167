"""The pool of the reference model: U-0, U-1 by hand, shares, exits, inventory (I-20 … I-22)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossmargin.model import QUOTE, Reason, pool
from crossmargin.model.example import BTC, DOGE, ETH, example_params, example_venue
from crossmargin.model.maths import MICRO, WAD
from crossmargin.model.pool import Holding

PARAMS = example_params()
TRADER, OTHER, LP = 0x77 << 96, 0x78 << 96, 2
ANY_BUY = 10**30
U = 10**6


def venue_with_skew(btc: int = 100, eth: int = 0):
    """10 M of capital and one large trader with these units of skew."""
    venue = example_venue()
    venue.deposit(TRADER, QUOTE, 5_000_000 * U)
    for m, units in ((BTC, btc), (ETH, eth)):
        if units:
            venue.trade(TRADER, m, units * WAD, worst_price=ANY_BUY if units > 0 else 0)
    return venue


# ---- U-1, U-0 by hand ------------------------------------------------------------------------------
def test_net_and_gross_by_hand():
    # Long 100 BTC = 6 M: n = −6 M: √(0.04² + 0.016²)·6 M = 258 487.9; gross 0.0431·6 M = 258 600.
    venue = venue_with_skew(100)
    state = venue.pool_state()
    assert state.net / WAD == pytest.approx(258_487.91, abs=0.01)
    assert state.gross == 258_600 * WAD
    # Opposite ETH, −1000 = −3 M: A = −240 000 + 165 000, B = 96 000² + 60 000²: √ = 135 834.8;
    # floor 0.6·(258 600 + 0.0586·3 M) = 260 640.
    venue.trade(TRADER, ETH, -1000 * WAD)
    state = venue.pool_state()
    assert state.net == 260_640 * WAD
    assert state.gross == (258_600 + 175_800) * WAD


def test_reduced_equity_is_unmoved_by_the_skew_a_trade_leaves():
    # U-0: the premium a trader paid for widening is owed to whoever narrows it: only the fee stays.
    venue = venue_with_skew(100)
    fee = 6_000_000 * 6 // 10_000
    # The fill's price is rounded up by less than a wei, on 100 units; three more roundings in R.
    assert -3 <= venue.pool_state().reduced_equity - (10_000_000 + fee) * WAD < 100
    # 60 000·100²/(2·K): K = 0.4·10 M/0.0431² / 60 000 = 35 888.6 units → 8359.2
    s = venue.solvency()
    assert (s.pool_equity - s.reduced_equity) / WAD == pytest.approx(8359.2, abs=0.1)


def test_utilisation_takes_the_larger_and_rounds_up():
    # caps 10 % and 30 %: net 200 k of R = 10 M is 0.2; gross 900 k is 0.3
    assert pool.utilisation(10**7 * WAD, 2 * 10**5 * WAD, 9 * 10**5 * WAD, PARAMS) == 3 * WAD // 10
    assert pool.utilisation(10**7 * WAD, 4 * 10**5 * WAD + 1, 0, PARAMS) == 4 * WAD // 10 + 1
    assert pool.utilisation(0, 0, 0, PARAMS) == pool.U_MAX


def test_inventory_nets_with_the_skew_of_its_market_but_not_in_the_floor():
    # Traders long 100 BTC (n = −6 M) and the pool holds 60 BTC (3.6 M): n = −2.4 M, H and G +0.0431·3.6 M.
    mp = PARAMS.markets[BTC]
    price = 60_000 * WAD
    market = venue_with_skew(100).markets[BTC]
    alone = pool.contribution(market, mp, price, venue_with_skew(100).indices(BTC))
    held = [Holding(60 * WAD, price, price, market.skew, mp)]
    net, gross = pool.requirement(alone, held, example_params(kappa=0))
    assert net / WAD == pytest.approx(0.0430813 * 2_400_000, abs=1)
    assert gross == (258_600 + 155_160) * WAD
    floored, _ = pool.requirement(alone, held, PARAMS)
    assert floored == 6 * (258_600 + 155_160) * WAD // 10


def test_stored_sums_follow_the_last_touch_and_views_the_price():
    # Ten per cent up on 100 BTC long costs the pool 600 000 and 10 % more premium; stored sums wait for a touch.
    venue = venue_with_skew(100)
    before = venue.stored_reduced_equity()
    venue.set_price(BTC, 66_000 * WAD)
    assert venue.stored_reduced_equity() == before
    exact = venue.pool_state().reduced_equity
    assert (before - exact) / WAD == pytest.approx(600_000 + 836, abs=60)
    venue.poke(BTC)
    # P̂ keeps 18 bits: at most 2^-17 of the notional, and some µ of rounding, apart.
    assert abs(venue.stored_reduced_equity() - exact) <= 6_600_000 * WAD >> 17
    assert venue.invariants() == []


# ---- shares ----------------------------------------------------------------------------------------
def test_first_shares_by_hand():
    # 6 decimals: 10^12 virtual shares and one virtual unit; 5 tokens: 5·10^6·10^12/1
    assert pool.shares_for(5 * U, 0, 0, 6) == 5 * WAD
    # R = 15 on 10 shares·10^18: 3 tokens → 3·10^6·(10^19 + 10^12)/(15·10^6 + 1)
    assert pool.shares_for(3 * U, 10 * WAD, 15 * U, 6) == 3 * U * (10 * WAD + 10**12) // (15 * U + 1)
    assert pool.virtual_shares(18) == pool.virtual_shares(24) == 1


values = st.integers(0, 10**16)


@given(st.integers(1, 10**15), values, values, st.sampled_from([2, 6, 18]))
def test_round_trips_of_shares_never_gain(assets, supply, total, decimals):
    # I-21, in all four combinations of entry and exit.
    shares = pool.shares_for(assets, supply, total, decimals)
    assert pool.assets_for(shares, supply + shares, total + assets, decimals) <= assets
    cost = pool.assets_for(assets, supply, total, decimals, up=True)  # `assets` as a number of shares
    assert pool.assets_for(assets, supply + assets, total + cost, decimals) <= cost
    assert pool.shares_for(assets, supply + shares, total + assets, decimals, up=True) >= shares


@given(st.integers(1, 10**9), st.integers(1, 10**12), st.integers(1, 10**12))
def test_first_depositor_cannot_profit_from_a_donation(first, gift, victim):
    shares = pool.shares_for(first, 0, 0, 6)
    total = first + gift
    theirs = pool.shares_for(victim, shares, total, 6)
    out = pool.assets_for(shares, shares + theirs, total + victim, 6)
    assert out <= first + gift


def test_deposit_and_redeem_through_the_venue():
    venue = venue_with_skew(10)
    shares = venue.lp_deposit(LP, 1_000_000 * U)
    assert venue.lp_redeem(LP, shares) in (1_000_000 * U, 1_000_000 * U - 1)
    assert venue.shares[LP] == 0
    shares = venue.preview_withdraw(400_000 * U)
    venue.lp_mint(LP, shares)
    assert venue.lp_withdraw(LP, 399_999 * U) <= shares
    assert venue.invariants() == []


# ---- entries and exits -----------------------------------------------------------------------------
def test_entry_needs_prices_and_equity():
    venue = venue_with_skew(100)
    venue.set_price(BTC, venue.prices[BTC], valid=False)
    assert venue.refusal("lp_deposit", LP, U) == Reason.PRICE
    venue.set_price(BTC, venue.prices[BTC] * 3)
    assert venue.pool_state().reduced_equity < 0
    assert venue.refusal("lp_deposit", LP, U) == Reason.POOL_CLOSED


def test_exit_stops_at_the_exit_caps():
    # Exit cap of net: 8 % of R. Net 258 488 allows R down to 3.231 M; gross 258 600/0.25 = 1.03 M is not binding.
    venue = venue_with_skew(100)
    r = venue.pool_state().reduced_equity
    allowed = (r - 25_848_792 * WAD // 8) // MICRO
    assert venue.refusal("pool_withdraw", allowed - 10 * U) is None
    assert venue.refusal("pool_withdraw", allowed + 10 * U) == Reason.POOL_EXIT


def test_exit_leaves_the_debt_covered():
    # L-2: a trader owes 8 M to the pool; the cash left must be 8 M at least.
    venue = example_venue()
    venue.deposit(TRADER, 1, 10_000 * WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 8_000_000 * WAD)
    assert venue.pool_state().debt == 8_000_000 * WAD
    assert venue.refusal("pool_withdraw", 9_999_999 * U) is None
    assert venue.refusal("pool_withdraw", 10_000_001 * U) == Reason.LIQUIDITY
    venue.ledger.move_cash(venue.pool_id, OTHER, 9_000_000 * WAD)
    assert venue.refusal("pool_withdraw", 999_999 * U) is None
    assert venue.refusal("pool_withdraw", 1_000_001 * U) == Reason.POOL_EXIT


# ---- inventory -------------------------------------------------------------------------------------
def test_sale_of_inventory_by_hand():
    # 2000 DOGE at 0.135 (the discount's floor): 270 quote, and never below it.
    venue = example_venue()
    venue.deposit(TRADER, 2, 2_000 * 10**24)
    venue.ledger.move_cash(TRADER, venue.pool_id, 100 * WAD)
    credit = venue.convert_collateral(TRADER, 2, 2_000 * 10**24)
    assert (credit, venue.account(TRADER).cash) == (100 * WAD, 0)
    held = venue.account(venue.pool_id).collateral[2]
    assert held == -(-100 * WAD * WAD // (135 * WAD // 1000))
    floor = 135 * WAD // 1000
    assert venue.refusal("sell_inventory", 2, 10**24, floor - 1) == Reason.SELL_PRICE
    assert venue.sell_inventory(2, 200 * 10**24, floor) == 27 * U
    assert venue.refusal("sell_inventory", 2, 600 * 10**24, floor) == Reason.FUNDS
    assert venue.sell_inventory(2, 10**24 // 7 // 10**6 * 10**6, floor) == 19286  # 0.135/7, rounded up
    venue.set_price(DOGE, venue.prices[DOGE], valid=False)
    assert venue.refusal("sell_inventory", 2, 10**24, floor) == Reason.PRICE
    assert venue.invariants() == []


def test_inventory_counts_at_its_discount():
    venue = example_venue()
    venue.deposit(TRADER, 1, 10 * WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 20_000 * WAD)
    before = venue.pool_state().reduced_equity
    venue.convert_collateral(TRADER, 1, 5 * WAD)
    assert abs(venue.pool_state().reduced_equity - before) <= 1
    assert venue.inventory_value() == 5 * 3000 * WAD * 93 // 100


def test_units_of_the_sums():
    # One lot of BTC at 60 000 is 600 µ of notional: A = floor(−24), B = ⌈9.6⌉², H = G = ⌈25.86⌉, Z = ⌈~0⌉.
    venue = example_venue(min_margin=0)
    state = venue.markets[BTC].copy()
    state.long, state.quote = 1, -600 * MICRO
    terms = pool.contribution(state, PARAMS.markets[BTC], 60_000 * WAD, venue.indices(BTC))
    assert terms == (-24, 100, 26, 26, 0, 1)
