"""The door, reservations, settlement and conversion in the reference model (L-1, L-2, M-5, M-6)."""

from __future__ import annotations

import pytest

from crossmargin.model import QUOTE, AssetParams, Reason
from crossmargin.model.example import BTC, DOGE, ETH, example_venue
from crossmargin.model.maths import WAD, ceil_tokens, floor_tokens, to_wad

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
    assert (floor_tokens(10**12 - 1, 6), ceil_tokens(10**12 + 1, 6), ceil_tokens(10**12, 6)) == (0, 2, 1)
    assert (floor_tokens(3, 24), ceil_tokens(3, 24)) == (3 * 10**6, 3 * 10**6)


@pytest.mark.parametrize(("asset", "tokens"), [(QUOTE, 0), (0, 0), (2, 10**6 - 1), (2, -(10**6))])
def test_amounts_that_cannot_be(asset, tokens):
    venue = funded()
    for call in ("deposit", "withdraw"):
        assert venue.refusal(call, TRADER, asset, tokens) == Reason.AMOUNT


def test_deposits():
    venue = funded()
    assert venue.deposit(TRADER, 0, 10**8) == WAD
    assert venue.account(TRADER).collateral == {0: WAD}
    assert venue.refusal("deposit", TRADER, 7, 1) == Reason.ASSET
    assert venue.refusal("deposit", venue.pool_id, QUOTE, 1) == Reason.PROTOCOL
    # cap 1000 BTC, one is in
    assert venue.refusal("deposit", OTHER, 0, 999 * 10**8) is None
    assert venue.refusal("deposit", OTHER, 0, 999 * 10**8 + 1) == Reason.DEPOSIT_CAP


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


def test_transfer_is_between_accounts_of_one_owner():
    venue = funded()
    assert venue.refusal("transfer", TRADER, OTHER, QUOTE, U) == Reason.OWNER
    assert venue.refusal("transfer", TRADER, TRADER, QUOTE, U) == Reason.OWNER
    assert venue.refusal("transfer", venue.pool_id, venue.cover_id, QUOTE, U) == Reason.PROTOCOL
    assert venue.refusal("transfer", TRADER, SECOND, QUOTE, 10_001 * U) == Reason.FUNDS
    venue.transfer(TRADER, SECOND, QUOTE, 4_000 * U)
    assert venue.account(SECOND).cash == 4_000 * WAD
    venue.trade(TRADER, BTC, WAD, worst_price=ANY_BUY)
    assert venue.refusal("transfer", TRADER, SECOND, QUOTE, 5_000 * U) == Reason.MARGIN


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
    assert abs(venue.pool_state().reduced_equity - r) <= 1
    assert venue.refusal("settle_loss", TRADER, BTC) == Reason.NOTHING
    assert venue.refusal("settle_loss", TRADER, ETH) == Reason.NOTHING
    venue.set_price(BTC, 57_000 * WAD, valid=False)
    assert venue.refusal("settle_loss", TRADER, BTC) == Reason.PRICE
    assert venue.invariants() == []


def test_settlement_stops_at_free_cash():
    venue = funded(4_000)
    venue.trade(TRADER, BTC, WAD, worst_price=ANY_BUY)
    venue.reserve(TRADER, 3_000 * WAD)
    venue.set_price(BTC, 58_000 * WAD)
    assert venue.settle_loss(TRADER, BTC) == 1_000 * WAD - 36 * WAD
    assert venue.refusal("settle_loss", TRADER, BTC) == Reason.NOTHING


# ---- conversion ------------------------------------------------------------------------------------
def test_conversion_refusals():
    venue = funded()
    venue.deposit(TRADER, 1, WAD)
    assert venue.refusal("convert_collateral", TRADER, 1, WAD) == Reason.NOTHING
    venue.ledger.move_cash(TRADER, venue.pool_id, 11_000 * WAD)
    assert venue.refusal("convert_collateral", TRADER, QUOTE, 1) == Reason.ASSET
    assert venue.refusal("convert_collateral", TRADER, 0, 1) == Reason.FUNDS
    venue.set_price(ETH, venue.prices[ETH], valid=False)
    assert venue.refusal("convert_collateral", TRADER, 1, WAD) == Reason.PRICE


def test_conversion_by_hand():
    # 1000 owed: 1000/(3000·0.93) = 0.358423 ETH, whatever more is offered
    venue = example_venue()
    venue.deposit(TRADER, 1, WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 1000 * WAD)
    assert venue.dry_run("convert_collateral", TRADER, 1, WAD // 10) == 279 * WAD
    assert venue.convert_collateral(TRADER, 1, WAD) == 1000 * WAD
    assert venue.account(TRADER).cash == 0
    assert venue.account(venue.pool_id).collateral[1] == -(-1000 * WAD // 2790)
    assert venue.invariants() == []


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
