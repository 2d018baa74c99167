"""The door, reservations, settlement and conversion in the reference model (L-1, L-2, M-5, M-6)."""

from __future__ import annotations

import pytest

from crossmargin.model import QUOTE, AssetParams, Reason
from crossmargin.model.example import BTC, DOGE, ETH, example_venue
from crossmargin.model.maths import WAD, floor_tokens, to_wad

TRADER, SECOND, OTHER, KEEPER = 0x77 << 96, 0x77 << 96 | 1, 0x78 << 96, 0x79 << 96
ANY_BUY = 10**30
U = 10**6


def funded(cash=10_000, **changes):
    venue = example_venue(**changes)
    venue.deposit(TRADER, QUOTE, cash * U)
    return venue


# ---- token amounts ---------------------------------------------------------------------------------
def test_token_amounts_by_hand():
    assert to_wad(15, 6) == 15 * 10**12
    assert to_wad(10**6, 24) == 1
    assert to_wad(10**6 + 1, 24) is None
    assert (floor_tokens(10**12 - 1, 6), floor_tokens(10**12, 6), floor_tokens(-1, 6)) == (0, 1, -1)
    assert floor_tokens(3, 24) == 3 * 10**6


@pytest.mark.parametrize(("asset", "tokens"), [(2, 10**6 - 1), (2, -(10**6)), (QUOTE, 2**128), (0, 2**128)])
def test_amounts_that_cannot_be(asset, tokens):
    venue = funded()
    for call in ("deposit", "withdraw"):
        assert venue.refusal(call, TRADER, asset, tokens) == Reason.AMOUNT


@pytest.mark.parametrize("asset", [QUOTE, 0])
def test_nothing_can_be_taken_out_but_not_put_in(asset):
    venue = funded()
    before = venue.account(TRADER).copy()
    assert venue.refusal("deposit", TRADER, asset, 0) == Reason.AMOUNT
    assert venue.withdraw(TRADER, asset, 0) == 0
    venue.transfer(TRADER, SECOND, asset, 0)
    assert venue.account(TRADER) == before
    venue.reserve(TRADER, 10_000 * WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 1)
    assert venue.refusal("withdraw", TRADER, QUOTE, 0) == Reason.FUNDS  # cash is below what is reserved


def test_deposits():
    venue = funded()
    assert venue.deposit(TRADER, 0, 10**8) == WAD
    assert venue.account(TRADER).collateral == {0: WAD}
    assert venue.refusal("deposit", TRADER, 7, 1) == Reason.ASSET
    assert venue.refusal("deposit", venue.pool_id, QUOTE, 1) == Reason.PROTOCOL
    # cap 1000 BTC, one is in
    assert venue.refusal("deposit", OTHER, 0, 999 * 10**8) is None
    assert venue.refusal("deposit", OTHER, 0, 999 * 10**8 + 1) == Reason.DEPOSIT_CAP


def test_others_may_add_only_what_is_held():
    venue = example_venue()
    assert venue.refusal("deposit", TRADER, 0, 1, payer=0x78) == Reason.OWNER
    assert venue.refusal("deposit", TRADER, QUOTE, 1, payer=0x78) is None
    venue.deposit(TRADER, 0, 1, payer=0x77)
    assert venue.refusal("deposit", TRADER, 0, 1, payer=0x78) is None
    assert venue.refusal("deposit", TRADER, 1, 1, payer=0x78) == Reason.OWNER


def test_at_most_eight_kinds_of_collateral():
    assets = {a: AssetParams(ETH, 700, 10**30, 18) for a in range(9)}
    venue = example_venue(assets=assets)
    for a in range(8):
        venue.deposit(TRADER, a, WAD)
    assert venue.refusal("deposit", TRADER, 8, WAD) == Reason.ASSET_SLOTS
    venue.withdraw(TRADER, 0, WAD)
    assert venue.refusal("deposit", TRADER, 8, WAD) is None


# ---- withdrawals -----------------------------------------------------------------------------------
def test_free_withdrawal_needs_no_price():
    venue = funded()
    venue.deposit(TRADER, 0, 10**8)
    venue.set_price(BTC, venue.prices[BTC], valid=False)
    venue.withdraw(TRADER, 0, 10**8)
    venue.withdraw(TRADER, QUOTE, 10_000 * U)
    assert venue.account(TRADER).empty


def test_balances_bound_withdrawals():
    venue = funded()
    venue.deposit(TRADER, 0, 10**8)
    assert venue.refusal("withdraw", TRADER, QUOTE, 10_000 * U + 1) == Reason.FUNDS
    assert venue.refusal("withdraw", TRADER, 0, 10**8 + 1) == Reason.FUNDS
    venue.reserve(TRADER, WAD)
    assert venue.refusal("withdraw", TRADER, QUOTE, 9_999 * U) is None
    assert venue.refusal("withdraw", TRADER, QUOTE, 9_999 * U + 1) == Reason.FUNDS


def test_withdrawal_with_a_position_leaves_initial_margin():
    # 60 000 BTC: IM = 1.5·0.0430813·60 000 = 3877.3; E = 10 000 − 36 − 0.8
    venue = funded()
    venue.trade(TRADER, BTC, WAD, worst_price=ANY_BUY)
    free = venue.health(TRADER).equity - venue.health(TRADER).initial
    assert venue.refusal("withdraw", TRADER, QUOTE, free // 10**12) is None
    assert venue.refusal("withdraw", TRADER, QUOTE, free // 10**12 + 1) == Reason.MARGIN
    # Profit does not count: 10 % up makes 6000 of it and raises IM by a tenth.
    venue.set_price(BTC, 66_000 * WAD)
    assert venue.refusal("withdraw", TRADER, QUOTE, free // 10**12) == Reason.MARGIN
    venue.set_price(BTC, 66_000 * WAD, valid=False)
    assert venue.refusal("withdraw", TRADER, QUOTE, 1) == Reason.PRICE


def test_debt_without_positions_holds_collateral():
    venue = example_venue()
    venue.deposit(TRADER, 1, 2 * WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 1000 * WAD)
    # After x ETH are gone: (2 − x)·3000·0.93 − 1000 ≥ 1.5·0.0585235·(2 − x)·3000 → 2 − x ≥ 1000/2526.64 = 0.39578
    assert venue.refusal("withdraw", TRADER, 1, 16_042 * WAD // 10_000) is None
    assert venue.refusal("withdraw", TRADER, 1, 16_043 * WAD // 10_000) == Reason.MARGIN


def test_a_reservation_above_the_cash_needs_no_price():
    # M-6 asks for cash ≥ 0: an order's fee may have been reserved from cash that a loss then took.
    venue = funded(10)
    venue.deposit(TRADER, 1, WAD)
    venue.reserve(TRADER, 10 * WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 4 * WAD)
    venue.set_price(ETH, venue.prices[ETH], valid=False)
    assert venue.refusal("withdraw", TRADER, 1, WAD) is None
    venue.ledger.move_cash(TRADER, venue.pool_id, 7 * WAD)
    assert venue.refusal("withdraw", TRADER, 1, 1) == Reason.PRICE


def test_transfer_is_between_accounts_of_one_owner():
    venue = funded()
    assert venue.refusal("transfer", TRADER, OTHER, QUOTE, WAD) == Reason.OWNER
    venue.transfer(TRADER, TRADER, QUOTE, 10_000 * WAD)  # to itself: nothing happens
    assert venue.account(TRADER).cash == 10_000 * WAD
    assert venue.refusal("transfer", TRADER, TRADER, QUOTE, 10_000 * WAD + 1) == Reason.FUNDS
    assert venue.refusal("transfer", venue.pool_id, venue.cover_id, QUOTE, WAD) == Reason.PROTOCOL
    assert venue.refusal("transfer", TRADER, SECOND, QUOTE, 10_000 * WAD + 1) == Reason.FUNDS
    assert venue.refusal("transfer", TRADER, SECOND, 77, WAD) == Reason.ASSET
    venue.transfer(TRADER, SECOND, QUOTE, 4_000 * WAD)
    assert venue.account(SECOND).cash == 4_000 * WAD
    venue.trade(TRADER, BTC, WAD, worst_price=ANY_BUY)
    assert venue.refusal("transfer", TRADER, SECOND, QUOTE, 5_000 * WAD) == Reason.MARGIN


# ---- reservations ----------------------------------------------------------------------------------
def test_reservations():
    venue = funded(10)
    assert venue.refusal("reserve", TRADER, 10 * WAD + 1) == Reason.FUNDS
    venue.reserve(TRADER, 10 * WAD)
    assert venue.refusal("reserve", TRADER, 1) == Reason.FUNDS
    assert venue.refusal("reserve", TRADER, -10 * WAD - 1) == Reason.RESERVED
    assert venue.refusal("charge_keeper_fee", TRADER, KEEPER, 11 * WAD) == Reason.RESERVED
    assert venue.charge_keeper_fee(TRADER, KEEPER, 4 * WAD) == 4 * WAD
    assert (venue.account(TRADER).cash, venue.account(TRADER).reserved) == (6 * WAD, 6 * WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 5 * WAD)
    assert venue.charge_keeper_fee(TRADER, KEEPER, 6 * WAD) == WAD
    assert venue.account(TRADER).reserved == 0


def test_keepers_are_not_paid_out_of_what_holds_a_position():
    # 1 BTC on 10 000 − 36 − 0.84: MM 2584.88. At E − MM = 2 a fee of 3 is paid; a unit under MM none is.
    venue = funded()
    venue.trade(TRADER, BTC, WAD, worst_price=ANY_BUY)
    venue.reserve(TRADER, 20 * WAD)
    health = venue.health(TRADER)
    venue.ledger.move_cash(TRADER, venue.pool_id, health.equity - health.maintenance - 2 * WAD)
    assert venue.dry_run("charge_keeper_fee", TRADER, KEEPER, 2 * WAD) == 2 * WAD
    assert venue.dry_run("charge_keeper_fee", TRADER, KEEPER, 3 * WAD) == 3 * WAD
    venue.ledger.move_cash(TRADER, venue.pool_id, 2 * WAD + 1)
    assert venue.dry_run("charge_keeper_fee", TRADER, KEEPER, 2 * WAD) == 0
    venue.set_price(BTC, venue.prices[BTC], valid=False)
    assert venue.charge_keeper_fee(TRADER, KEEPER, 2 * WAD) == 0
    assert (venue.account(TRADER).reserved, venue.account(KEEPER).cash) == (18 * WAD, 0)


# ---- settlement of losses --------------------------------------------------------------------------
def test_settlement_moves_cash_and_leaves_equity():
    venue = funded()
    venue.trade(TRADER, BTC, WAD, worst_price=ANY_BUY)
    assert venue.dry_run("settle_loss", TRADER, BTC) / WAD == pytest.approx(0.836, abs=0.001)  # the impact
    venue.set_price(BTC, 58_000 * WAD)
    before, r = venue.health(TRADER), venue.pool_state().reduced_equity
    x = venue.settle_loss(TRADER, BTC)
    assert x / WAD == pytest.approx(2000.836, abs=0.001)
    assert venue.health(TRADER) == before
    assert abs(venue.pool_state().reduced_equity - r) < 10**12  # V is taken in whole µ
    venue.warp(60)
    assert venue.settle_loss(OTHER, BTC) == 0  # nothing to settle, but a touch
    assert venue.markets[BTC].time == venue.time
    assert venue.settle_loss(TRADER, ETH) == 0
    assert venue.refusal("settle_loss", TRADER, 77) == Reason.MARKET
    assert venue.refusal("settle_loss", venue.pool_id, BTC) == Reason.PROTOCOL
    venue.deposit(TRADER, 2, 10**24)
    for m in (BTC, DOGE):
        venue.set_price(m, venue.prices[m], valid=False)
        assert venue.refusal("settle_loss", TRADER, BTC) == Reason.PRICE
        venue.set_price(m, venue.prices[m])
    assert venue.invariants() == []


def test_settlement_stops_at_the_loss_of_the_whole_book():
    # Long 1 BTC loses 2000.84, short 20 ETH gains 1500 less impact: only the difference is settled.
    venue = funded()
    venue.trade(TRADER, BTC, WAD, worst_price=ANY_BUY)
    venue.trade(TRADER, ETH, -20 * WAD)
    venue.set_price(BTC, 58_000 * WAD)
    venue.set_price(ETH, 2_925 * WAD)
    pnl = venue.assess(venue.account(TRADER)).pnl
    assert pnl / WAD == pytest.approx(-502.4, abs=0.5)
    assert venue.settle_loss(TRADER, BTC) == -pnl
    assert venue.settle_loss(TRADER, BTC) == 0
    assert venue.invariants() == []


def test_settlement_stops_at_free_cash():
    venue = funded(4_000)
    venue.trade(TRADER, BTC, WAD, worst_price=ANY_BUY)
    venue.reserve(TRADER, 3_000 * WAD)
    venue.set_price(BTC, 58_000 * WAD)
    assert venue.settle_loss(TRADER, BTC) == 1_000 * WAD - 36 * WAD
    assert venue.settle_loss(TRADER, BTC) == 0


# ---- conversion ------------------------------------------------------------------------------------
def test_conversion_refusals():
    venue = funded()
    venue.deposit(TRADER, 1, WAD)
    assert venue.refusal("convert_collateral", TRADER, 1, WAD) == Reason.OWED
    assert venue.refusal("convert_collateral", TRADER, 1, 1) == Reason.OWED
    venue.ledger.move_cash(TRADER, venue.pool_id, 11_000 * WAD)
    assert venue.refusal("convert_collateral", TRADER, QUOTE, 1) == Reason.ASSET
    assert venue.refusal("convert_collateral", TRADER, 0, 1) == Reason.FUNDS
    venue.set_price(ETH, venue.prices[ETH], valid=False)
    assert venue.refusal("convert_collateral", TRADER, 1, WAD) == Reason.PRICE


def test_conversion_by_hand():
    # 1000 owed: at 2790 that is 0.358422939068100358 ETH and a bit; with one wei more of it, the last, all is paid.
    venue = example_venue()
    venue.deposit(TRADER, 1, WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 1000 * WAD)
    assert venue.dry_run("convert_collateral", TRADER, 1, WAD // 10) == 279 * WAD
    most = 1000 * WAD // 2790
    assert venue.refusal("convert_collateral", TRADER, 1, most + 2) == Reason.OWED
    assert venue.refusal("convert_collateral", TRADER, 1, WAD) == Reason.OWED
    assert venue.convert_collateral(TRADER, 1, 0) == 0
    assert venue.dry_run("convert_collateral", TRADER, 1, most) == most * 2790 == 1000 * WAD - 1180
    assert venue.convert_collateral(TRADER, 1, most + 1) == 1000 * WAD
    assert (venue.account(TRADER).cash, venue.ledger.debt) == (0, 0)
    assert venue.account(venue.pool_id).collateral[1] == most + 1
    assert venue.invariants() == []


def test_a_debt_of_a_few_wei_is_paid_where_units_are_cheap():
    # A wei of DOGE is worth 0.135 wei: 741 of them cover 100 (100.035), 740 do not (99.9).
    venue = example_venue()
    venue.deposit(TRADER, 2, 10**24)
    venue.ledger.move_cash(TRADER, venue.pool_id, 100)
    assert venue.dry_run("convert_collateral", TRADER, 2, 740) == 99
    assert venue.refusal("convert_collateral", TRADER, 2, 742) == Reason.OWED
    assert venue.convert_collateral(TRADER, 2, 741) == 100
    assert (venue.account(TRADER).cash, venue.ledger.debt) == (0, 0)


def test_a_dear_unit_pays_the_last_wei():
    # A wei of ETH for one wei owed: E falls by 2789, MM by 176 only: less than the 2790 a unit is lent at.
    venue = example_venue()
    venue.deposit(TRADER, 1, WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 1)
    before = venue.health(TRADER)
    assert venue.convert_collateral(TRADER, 1, 1) == 1
    after = venue.health(TRADER)
    assert before.equity - after.equity == 2789 and before.maintenance - after.maintenance in (175, 176)
    assert venue.ledger.debt == 0
    assert venue.refusal("convert_collateral", TRADER, 1, 1) == Reason.OWED


def test_conversion_must_not_uncover_a_hedge():
    # 10 ETH held and 10 short, κ = 0.3: MM = 0.3·0.0586·60 000 = 1054.8; without the collateral it is
    # 0.0585235·30 000 = 1755.7; with half of it 0.0585235·15 000 = 877.9.
    venue = example_venue(kappa=3_000)
    venue.deposit(TRADER, 1, 10 * WAD)
    venue.trade(TRADER, ETH, -10 * WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 27_900 * WAD)
    assert venue.refusal("convert_collateral", TRADER, 1, 10 * WAD) == Reason.MARGIN
    assert venue.refusal("convert_collateral", TRADER, 1, 5 * WAD) is None


# ---- pokes -----------------------------------------------------------------------------------------
def test_poke_refusals():
    venue = example_venue()
    assert venue.refusal("poke", 77) == Reason.MARKET
    venue.set_price(DOGE, venue.prices[DOGE], valid=False)
    assert venue.refusal("poke", DOGE) == Reason.PRICE


def test_nobody_elses_touch_moves_health():
    # I-9: views bring carry to now, so storing it changes nothing.
    venue = funded()
    venue.trade(TRADER, BTC, WAD, worst_price=ANY_BUY)
    venue.deposit(OTHER, QUOTE, 1_000_000 * U)
    venue.trade(OTHER, BTC, 100 * WAD, worst_price=ANY_BUY)
    venue.warp(86_400)
    venue.set_price(BTC, 61_000 * WAD)
    before = venue.health(TRADER)
    venue.poke(BTC)
    assert venue.health(TRADER) == before
    venue.trade(OTHER, BTC, 100 * WAD, worst_price=ANY_BUY)
    after = venue.health(TRADER)
    assert (after.equity, after.maintenance) == (before.equity, before.maintenance)
    assert after.initial >= before.initial
    venue.warp(86_400)
    assert venue.health(TRADER).equity < after.equity


# ---- parameters ------------------------------------------------------------------------------------
def test_new_terms_start_now():
    # Ten days under the old clamp and velocity, then the rate is held in the new clamp; the stored sums stay in step.
    def run(configured):
        venue = funded(5_000_000)
        venue.trade(TRADER, BTC, 100 * WAD, worst_price=ANY_BUY)
        venue.warp(864_000)
        if configured:
            venue.configure_market(
                BTC, beta=800, clamp=1, skew_scale=venue.params.markets[BTC].skew_scale * 2
            )
        return venue

    old, new = run(False), run(True)
    before = old.indices(BTC)
    state, waiting = new.markets[BTC], old.markets[BTC]
    assert (state.index_long, state.index_short, state.time) == (before.long, before.short, new.time)
    assert before.rate > 10**5 == state.rate
    assert (state.skew_fraction, state.oi_scale, state.borrow, state.mark) == (
        waiting.skew_fraction,
        waiting.oi_scale,
        waiting.borrow,
        waiting.mark,
    )
    # A = −β·P̂·skew: twice the 4 %; Z = P̂·skew²/(2K) halves.
    assert new.sums[0] - 2 * old.sums[0] in (0, 1)
    assert new.sums[5] - old.sums[5] // 2 in (0, 1)
    assert new.invariants() == []


def test_limits_and_the_venue_move_nothing_stored():
    venue = funded(100_000)
    venue.trade(TRADER, BTC, WAD, worst_price=ANY_BUY)
    venue.warp(3_600)
    before = (venue.markets[BTC].copy(), venue.sums)
    venue.configure_market(BTC, max_oi=10**8, min_notional=0)
    venue.configure(kappa=10_000)
    assert before == (venue.markets[BTC], venue.sums)
    assert venue.dry_run("set_market", BTC, venue.params.markets[BTC]) is None
    assert before == (venue.markets[BTC], venue.sums)
    assert venue.refusal("trade", TRADER, BTC, WAD, worst_price=ANY_BUY) == Reason.MAX_OI
    assert venue.invariants() == []


def test_a_market_listed_later():
    venue = funded(100_000)
    assert venue.refusal("poke", 5) == Reason.MARKET
    venue.set_market(5, venue.params.markets[DOGE])
    assert venue.refusal("poke", 5) == Reason.PRICE
    venue.set_price(5, WAD)
    venue.trade(TRADER, 5, 1_000 * WAD, worst_price=ANY_BUY)
    assert venue.invariants() == []
