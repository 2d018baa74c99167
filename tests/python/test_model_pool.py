"""The pool of the reference model: U-0, U-1 by hand, shares, exits, inventory (I-20 … I-22)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossmargin.model import QUOTE, Reason, pool
from crossmargin.model.example import BTC, DOGE, ETH, example_params, example_venue
from crossmargin.model.maths import LOT, MICRO, WAD
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
    # The fill's price is rounded up by less than a wei, on 100 units; V and Z are in whole µ, against the pool.
    s = venue.pool_state()
    assert -2 * MICRO <= s.reduced_equity - (10_000_000 + fee) * WAD < 100
    # 60 000·100²/(2·K): K = 0.4·10 M/0.0431² / 60 000 = 35 888.6 units → 8359.2
    assert (s.equity - s.reduced_equity) / WAD == pytest.approx(8359.2, abs=0.1)


def test_utilisation_takes_the_larger_and_rounds_up():
    # caps 10 % and 30 %: net 200 k of R = 10 M is 0.2; gross 900 k is 0.3
    assert pool.utilisation(10**7 * WAD, 2 * 10**5 * WAD, 9 * 10**5 * WAD, PARAMS) == 3 * WAD // 10
    assert pool.utilisation(10**7 * WAD, 4 * 10**5 * WAD + 1, 0, PARAMS) == 4 * WAD // 10 + 1
    # exit caps 8 % and 25 %
    assert pool.exit_utilisation(10**7 * WAD, 2 * 10**5 * WAD, 9 * 10**5 * WAD, PARAMS) == 36 * WAD // 100
    assert pool.tied_up(2 * 10**5 * WAD, 9 * 10**5 * WAD, PARAMS) == 36 * 10**5 * WAD


def test_utilisation_at_its_ends():
    # Nothing required is 0 whatever R; R ≤ 0 is 2^64 otherwise, and so is what would be above.
    for r in (1, 0, -1):
        assert pool.utilisation(r, 0, 0, PARAMS) == 0
    assert pool.utilisation(0, 0, 1, PARAMS) == pool.utilisation(-1, 1, 1, PARAMS) == 2**64
    assert pool.utilisation(10**6, 10**7, 0, PARAMS) == 2**64
    # net 1.8 R of a cap of 10 %
    assert pool.utilisation(10**6, 18 * 10**5, 0, PARAMS) == 18 * WAD


def test_inventory_nets_with_the_skew_of_its_market():
    # Traders long 100 BTC (n = −6 M) and the pool holds 60 BTC (3.6 M): n = −2.4 M, H = 0.0431·2.4 M, G +0.0431·3.6 M.
    mp = PARAMS.markets[BTC]
    price = 60_000 * WAD
    market = venue_with_skew(100).markets[BTC]
    alone = pool.contribution(market, mp, price, venue_with_skew(100).indices(BTC))
    held = [Holding(60 * WAD, price, price, market.skew, mp)]
    net, gross = pool.requirement(alone, held, example_params(kappa=0))
    assert net / WAD == pytest.approx(0.0430813 * 2_400_000, abs=1)
    assert gross == (258_600 + 155_160) * WAD
    floored, _ = pool.requirement(alone, held, example_params(kappa=20_000))
    assert floored == 2 * 103_440 * WAD


def test_inventory_is_rounded_against_the_pool_in_every_term():
    # Skew +1 lot at P̂ = 60 000 (n = −600 µ), inventory 10^-8 BTC at 60 001.5 (600.015 µ): n + P·inv = 0.015 µ.
    # A = ⌊−24⌋ + ⌊24.0006⌋ = 0; B = 10² + 1² − 10² = 1; H = 26 + 1 − 26 = 1; G = 26 + ⌈25.86…⌉ = 52.
    mp = PARAMS.markets[BTC]
    sums = (-24, 100, 26, 26, 0, 0)
    held = [Holding(LOT, 60_001 * WAD + WAD // 2, 60_000 * WAD, 1, mp)]
    assert pool.requirement(sums, held, example_params(kappa=0)) == (MICRO, 52 * MICRO)
    assert pool.requirement(sums, held, example_params(kappa=50_000)) == (5 * MICRO, 52 * MICRO)


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
    s = venue.pool_state()
    assert s.tied_up / WAD == pytest.approx(258_487.92 / 0.08, abs=1)
    allowed = (s.reduced_equity - s.tied_up) // MICRO
    assert venue.refusal("lp_withdraw", 1, allowed) is None
    assert venue.refusal("lp_withdraw", 1, allowed + 1) == Reason.POOL_EXIT
    # The manager's own door looks at the debt alone.
    assert venue.refusal("pool_withdraw", allowed + 1) is None
    venue.set_price(BTC, venue.prices[BTC], valid=False)
    assert venue.refusal("lp_withdraw", 1, 1) == Reason.PRICE


def test_the_last_share_can_leave_an_idle_pool():
    venue = example_venue()
    assert venue.lp_redeem(1, venue.shares[1]) == 10_000_000 * U
    assert (venue.pool_state().reduced_equity, venue.supply) == (0, 0)


def test_exit_leaves_the_debt_covered():
    # L-2: a trader owes 8 M to the pool; the cash left must be 8 M at least, tokens 10 M.
    venue = example_venue()
    venue.deposit(TRADER, 1, 10_000 * WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 8_000_000 * WAD)
    assert venue.pool_state().debt == 8_000_000 * WAD
    assert venue.refusal("pool_withdraw", 10_000_000 * U) is None
    assert venue.refusal("pool_withdraw", 10_000_001 * U) == Reason.LIQUIDITY
    venue.ledger.move_cash(venue.pool_id, OTHER, 9_000_000 * WAD)
    assert venue.refusal("pool_withdraw", 1_000_000 * U) is None
    assert venue.refusal("pool_withdraw", 1_000_001 * U) == Reason.POOL_EXIT


def test_negative_pool_cash_is_debt_too():
    venue = example_venue()
    venue.ledger.move_cash(venue.pool_id, OTHER, 10_000_001 * WAD)
    assert venue.ledger.debt == WAD
    assert venue.refusal("pool_withdraw", 1) == Reason.POOL_EXIT
    assert venue.refusal("withdraw", OTHER, QUOTE, 10_000_000 * U) is None
    assert venue.refusal("withdraw", OTHER, QUOTE, 10_000_001 * U) == Reason.LIQUIDITY


# ---- inventory -------------------------------------------------------------------------------------
def test_sale_of_inventory_by_hand():
    # 700 DOGE at 0.135 (the discount's floor): 94.5 quote, and never for less.
    venue = example_venue()
    venue.deposit(TRADER, 2, 2_000 * 10**24)
    venue.ledger.move_cash(TRADER, venue.pool_id, 100 * WAD)
    assert venue.convert_collateral(TRADER, 2, 700 * WAD) == 945 * WAD // 10
    floor = 135 * 10**15
    assert venue.refusal("sell_inventory", 2, 200 * 10**24, WAD, floor - 1) == Reason.SELL_PRICE
    assert venue.sell_inventory(2, 200 * 10**24, WAD, floor) == (floor, 27 * U)
    assert venue.refusal("sell_inventory", 2, 600 * 10**24, WAD, floor) == Reason.FUNDS
    seventh = 10**24 // 7 // 10**6 * 10**6  # 0.135/7 = 0.0192857…
    assert venue.sell_inventory(2, seventh, 2**255, floor) == (
        floor,
        19_286,
    )  # no share counts for more than 1
    assert (
        venue.account(venue.pool_id).cash
        == (10_000_000 + 100) * WAD - 945 * WAD // 10 + 27 * WAD + 19_286 * MICRO
    )
    venue.set_price(DOGE, venue.prices[DOGE], valid=False)
    assert venue.refusal("sell_inventory", 2, 10**24, WAD, U * WAD) == Reason.PRICE
    assert venue.invariants() == []


def test_entries_pay_for_inventory_in_full():
    # 10 000 DOGE at 0.15: exits count 1350 of it, entries 1500.
    venue = example_venue()
    venue.deposit(TRADER, 2, 10_000 * 10**24)
    venue.ledger.move_cash(TRADER, venue.pool_id, 2_000 * WAD)
    venue.convert_collateral(TRADER, 2, 10_000 * WAD)
    exits, entries = venue.total_assets(), venue.entry_assets()
    assert (exits, entries) == ((10_000_000 + 2_000) * U, (10_000_000 + 2_000 + 150) * U)
    assert venue.preview_deposit(U) == U * (venue.supply + 10**12) // (entries + 1)
    assert venue.preview_redeem(WAD) == WAD * (exits + 1) // (venue.supply + 10**12)
    shares = venue.lp_deposit(LP, 1_000_000 * U)
    # Leaving at once costs a share of the discount: 150·1/11.002 ≈ 13.6
    assert (1_000_000 * U - venue.lp_redeem(LP, shares)) / U == pytest.approx(13.636, abs=0.01)


def test_discounts_are_rounded_up():
    # 1 wei of DOGE at 0.15·0.1 = 0.015 wei: one wei more for entries, which no token shows.
    venue = example_venue()
    venue.ledger.add_collateral(venue.pool_id, 2, 1)
    assert venue.discounts() == 1 and venue.inventory_value() == 0
    assert venue.entry_assets() == venue.total_assets()


def test_inventory_counts_at_its_discount():
    venue = example_venue()
    venue.deposit(TRADER, 1, 10 * WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 20_000 * WAD)
    before = venue.pool_state().reduced_equity
    venue.convert_collateral(TRADER, 1, 5 * WAD)
    assert abs(venue.pool_state().reduced_equity - before) <= 1
    assert venue.solvency().reduced_equity == venue.pool_state().reduced_equity
    assert venue.inventory_value() == 5 * 3000 * WAD * 93 // 100


def test_units_of_the_sums():
    # One lot of BTC at 60 000 is 600 µ of notional: A = floor(−24), B = ⌈9.6⌉², H = G = ⌈25.86⌉, Z = ⌈~0⌉.
    venue = example_venue(min_margin=0)
    state = venue.markets[BTC].copy()
    state.long, state.quote = 1, -600 * MICRO
    terms = pool.contribution(state, PARAMS.markets[BTC], 60_000 * WAD, venue.indices(BTC))
    assert terms == (-24, 100, 26, 26, 0, 1)
