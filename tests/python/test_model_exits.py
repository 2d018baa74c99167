"""Exits by request and the cover pool's shares in the reference model (spec 7, I-20 … I-22)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossmargin.model import QUOTE, Exit, Reason, Tranche, Venue, pool
from crossmargin.model.example import BTC, example_params, example_venue
from crossmargin.model.maths import MICRO, WAD

TRADER, LP, SECOND = 0x77 << 96, 2, 3
ANY_BUY = 10**30
U = 10**6
POOL, COVER = Tranche.POOL, Tranche.COVER
HOUR = 3_600


# ---- ids -------------------------------------------------------------------------------------------
def test_both_contracts_accounts_are_closed():
    venue = Venue(example_params(), 1, 5, 6 << 96)
    assert (venue.pool_id, venue.cover_id) == (5 << 96, 6 << 96)
    for account in (5 << 96, 5 << 96 | 1, 6 << 96, 6 << 96 | 7):
        assert venue.is_protocol(account)
        assert venue.refusal("deposit", account, QUOTE, 1) == Reason.PROTOCOL
    assert not venue.is_protocol(7 << 96)
    assert Venue(example_params(), 1, 5).cover_id == 5 << 96 | 1


# ---- exits by request ------------------------------------------------------------------------------
def waiting(cooldown: int = HOUR, btc: int = 0):
    """10 M of the first LP and a million of the second; an hour's wait."""
    venue = example_venue(pool_cooldown=cooldown)
    venue.lp_deposit(LP, 1_000_000 * U)
    venue.deposit(TRADER, QUOTE, 5_000_000 * U)
    if btc:
        venue.trade(TRADER, BTC, btc * WAD, worst_price=ANY_BUY)
    return venue


def test_with_a_cooldown_there_is_no_other_way_out():
    venue = waiting()
    assert venue.refusal("lp_redeem", LP, WAD) == Reason.COOLDOWN
    assert venue.refusal("lp_withdraw", LP, U) == Reason.COOLDOWN
    assert venue.refusal("request_exit", LP, 0) == Reason.NOTHING
    assert venue.refusal("request_exit", LP, venue.shares[LP] + 1) == Reason.SHARES
    assert venue.refusal("finalise_exit", LP) == Reason.NOTHING
    # the cover pool has a cooldown of its own
    venue.lp_deposit(LP, 10 * U, COVER)
    assert venue.refusal("lp_redeem", LP, WAD, COVER) is None


def test_requested_shares_leave_their_owner():
    venue = waiting()
    shares, supply = venue.shares[LP], venue.supply
    assert venue.request_exit(LP, shares) == venue.time + HOUR
    assert (venue.shares[LP], venue.supply) == (0, supply)
    assert venue.pending_exit(LP) == Exit(shares, venue.time + HOUR)
    assert venue.refusal("lp_transfer", LP, SECOND, 1) == Reason.SHARES
    assert venue.refusal("request_exit", LP, 1) == Reason.SHARES
    assert venue.invariants() == []


def test_a_further_request_restarts_the_cooldown_of_all():
    venue = waiting()
    shares = venue.shares[LP]
    venue.request_exit(LP, shares // 2)
    venue.warp(HOUR - 1)
    assert venue.refusal("finalise_exit", LP) == Reason.EARLY
    venue.request_exit(LP, 1)
    assert venue.pending_exit(LP) == Exit(shares // 2 + 1, venue.time + HOUR)
    venue.warp(HOUR - 1)
    assert venue.refusal("finalise_exit", LP) == Reason.EARLY
    venue.warp(1)
    assert venue.finalise_exit(LP)[0] == shares // 2 + 1
    assert venue.pending_exit(LP) == Exit(0, 0) and LP not in venue.books[POOL].pending
    assert venue.invariants() == []


def test_a_request_lapses_a_day_after_it_was_ready():
    venue = waiting()
    shares = venue.shares[LP]
    ready = venue.request_exit(LP, shares)
    venue.warp(HOUR + 86_400)
    assert venue.refusal("finalise_exit", LP) is None
    venue.warp(1)
    assert venue.refusal("finalise_exit", LP) == Reason.EXPIRED
    assert venue.pending_exit(LP) == Exit(shares, ready)
    # asked again, with no further shares: a new cooldown
    assert venue.request_exit(LP, 0) == venue.time + HOUR
    assert venue.pending_exit(LP) == Exit(shares, venue.time + HOUR)
    assert venue.refusal("finalise_exit", LP) == Reason.EARLY
    venue.warp(HOUR)
    assert venue.finalise_exit(LP)[0] == shares
    assert venue.refusal("request_exit", LP, 0) == Reason.NOTHING


def test_escrow_bears_gains_and_losses():
    # A tenth of the pool is requested; the pool then makes 1.1 M: the price is that of the day it is paid out.
    venue = waiting()
    shares = venue.shares[LP]
    venue.request_exit(LP, shares // 2)
    venue.warp(HOUR)
    worth = venue.preview_redeem(shares // 2)
    assert worth in (500_000 * U, 500_000 * U - 1)
    venue.pool_deposit(1_100_000 * U)
    found = venue.finalise_exit(LP)
    assert found[0] == shares // 2 and found[1] / U == pytest.approx(550_000, rel=1e-9)
    assert venue.invariants() == []


def test_only_what_the_exit_rules_let_go():
    # 300 BTC of skew: a net of 775 463 ties up 9.69 M of 11 M at an exit cap of 8 %.
    venue = waiting(btc=300)
    venue.request_exit(1, venue.shares[1])
    venue.warp(HOUR)
    s = venue.pool_state()
    room = (s.reduced_equity - s.tied_up) // MICRO
    assert 0 < room < 2_000_000 * U
    shares, supply, total = venue.pending_exit(1).shares, venue.supply, venue.total_assets()
    done, assets = venue.finalise_exit(1)
    assert assets == room
    assert pool.assets_for(done, supply, total, 6) >= room > pool.assets_for(done - 1, supply, total, 6)
    assert venue.pending_exit(1) == Exit(shares - done, venue.time)
    # not a unit more: the rest waits, without a new cooldown
    assert venue.refusal("finalise_exit", 1) == Reason.POOL_EXIT
    venue.trade(TRADER, BTC, -300 * WAD)
    assert venue.finalise_exit(1)[0] == shares - done
    assert venue.invariants() == []


def test_winners_cash_stays_behind():
    # L-2: 8 M are owed by one account; the cash of 24 M may not fall below that.
    venue = waiting()
    venue.deposit(TRADER, 1, 10_000 * WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 13_000_000 * WAD)
    assert venue.ledger.debt == 8_000_000 * WAD
    venue.request_exit(1, venue.shares[1])
    venue.warp(HOUR)
    assets = venue.finalise_exit(1)[1]
    cash = venue.account(venue.pool_id).cash
    assert 0 <= cash - 8_000_000 * WAD < 2 * MICRO and assets / U == pytest.approx(16_000_000)


def test_finalising_needs_prices_where_exits_do():
    venue = waiting(btc=10)
    venue.request_exit(LP, WAD)
    venue.warp(HOUR)
    venue.set_price(BTC, venue.prices[BTC], valid=False)
    assert venue.refusal("finalise_exit", LP) == Reason.PRICE
    venue.set_price(BTC, venue.prices[BTC])
    venue.shut_down()
    assert venue.refusal("finalise_exit", LP) == Reason.SHUTDOWN


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([1, LP]), st.integers(1, 100), st.booleans()), max_size=8))
def test_nobody_gains_from_waiting_in_escrow(steps):
    # I-20, I-21 with exits by request: at constant prices the price of a share never falls.
    venue = waiting(btc=200)
    for holder, part, pay in steps:
        venue.warp(HOUR if pay else 0)
        before = (venue.total_assets() + 1, venue.supply + 10**12)
        if pay:
            try_it(venue, "finalise_exit", holder)
        else:
            try_it(venue, "request_exit", holder, venue.shares[holder] * part // 100)
        after = (venue.total_assets() + 1, venue.supply + 10**12)
        assert after[0] * before[1] >= before[0] * after[1]
        assert venue.invariants() == []


def try_it(venue, call: str, *args: int) -> None:
    if venue.refusal(call, *args) is None:
        getattr(venue, call)(*args)


# ---- the cover pool --------------------------------------------------------------------------------
def test_cover_shares_by_hand():
    # The first 100 make 100e18 shares; a penalty of 50 later, 30 more buy 30·100/150 = 20e18, and half of all is 90.
    venue = example_venue()
    assert venue.lp_deposit(LP, 100 * U, COVER) == 100 * WAD
    venue.ledger.move_cash(venue.pool_id, venue.cover_id, 50 * WAD)
    assert venue.lp_deposit(SECOND, 30 * U, COVER) / WAD == pytest.approx(20, rel=1e-6)
    assert venue.lp_redeem(LP, 60 * WAD, COVER) in (90 * U, 90 * U - 1)
    assert venue.account(venue.cover_id).cash // WAD == 90
    assert venue.supply == venue.shares[1] and venue.total_assets() == (10_000_000 - 50) * U
    assert venue.invariants() == []


def test_a_debt_does_not_lower_its_worth():
    # 40 are owed in the ledger: both doors count the cash of 100, and the LP pool's cash is above D.
    venue = example_venue()
    venue.lp_deposit(LP, 100 * U, COVER)
    venue.deposit(TRADER, 1, WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 40 * WAD)
    assert venue.total_assets(COVER) == venue.entry_assets(COVER) == 100 * U
    assert venue.lp_redeem(LP, 100 * WAD, COVER) in (100 * U, 100 * U - 1)


def test_the_cash_of_one_of_the_two_covers_the_debt():
    # L-2: the LP pool owes 8 M of cash: then the cover pool's must stay at D; its own exits look at the LP pool alone.
    venue = example_venue(cover_cooldown=HOUR)
    venue.lp_deposit(LP, 10_000_000 * U, COVER)
    venue.ledger.move_cash(venue.pool_id, TRADER, 18_000_000 * WAD)
    assert venue.ledger.debt == 8_000_000 * WAD
    assert venue.refusal("pool_withdraw", 2_000_000 * U, COVER) is None
    assert venue.refusal("pool_withdraw", 2_000_000 * U + 1, COVER) == Reason.POOL_EXIT
    assert venue.refusal("pool_withdraw", 1) == Reason.POOL_EXIT
    venue.request_exit(LP, venue.books[COVER].holders[LP], COVER)
    venue.warp(HOUR)
    assert venue.dry_run("finalise_exit", LP, COVER)[1] in (2_000_000 * U, 2_000_000 * U - 1)
    venue.ledger.move_cash(TRADER, venue.pool_id, 18_000_000 * WAD)
    assert venue.finalise_exit(LP, COVER)[1] in (10_000_000 * U, 10_000_000 * U - 1)


def test_prices_do_not_matter_to_it():
    venue = example_venue()
    venue.deposit(TRADER, QUOTE, 100_000 * U)
    venue.trade(TRADER, BTC, WAD, worst_price=ANY_BUY)
    venue.set_price(BTC, venue.prices[BTC], valid=False)
    assert venue.refusal("lp_deposit", LP, U) == Reason.PRICE
    shares = venue.lp_deposit(LP, U, COVER)
    assert venue.refusal("lp_redeem", LP, shares, COVER) is None


def test_after_a_wipe_out_it_takes_no_entries():
    # Everything went to bad debt: whoever came now would share with those who lost.
    venue = example_venue()
    venue.lp_deposit(LP, 100 * U, COVER)
    venue.ledger.move_cash(venue.cover_id, venue.pool_id, 100 * WAD)
    assert venue.refusal("lp_deposit", SECOND, U, COVER) == Reason.POOL_CLOSED
    assert venue.refusal("lp_redeem", LP, 100 * WAD, COVER) == Reason.NOTHING
    venue.ledger.move_cash(venue.pool_id, venue.cover_id, WAD)
    assert venue.refusal("lp_deposit", SECOND, U, COVER) is None


def test_its_exits_by_request():
    venue = example_venue(cover_cooldown=HOUR)
    venue.lp_deposit(LP, 100 * U, COVER)
    assert venue.refusal("lp_withdraw", LP, U, COVER) == Reason.COOLDOWN
    venue.request_exit(LP, 100 * WAD, COVER)
    assert venue.pending_exit(LP) == Exit(0, 0)
    venue.warp(HOUR)
    venue.ledger.move_cash(venue.cover_id, venue.pool_id, 40 * WAD)
    # bears the loss: all of them are worth 60, and go
    assert venue.finalise_exit(LP, COVER) == (100 * WAD, pytest.approx(60 * U, abs=1))
    assert venue.books[COVER].supply == 0 and venue.invariants() == []
