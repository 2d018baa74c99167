"""W-1 in the reference model: who answers for bad debt, caps and their decay, by hand and through the venue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossmargin.model import QUOTE, waterfall
from crossmargin.model.example import BTC, ETH, SOL, example_venue
from crossmargin.model.maths import DAY, LOT, WAD
from crossmargin.model.venue import LIQUIDATED
from crossmargin.model.waterfall import NO_MARKET, Claim

TRADER, OTHER, KEEPER = 0x77 << 96, 0x78 << 96, 0x79 << 96
ANY_BUY = 10**30


# ---- by hand ---------------------------------------------------------------------------------------
def test_markets_are_to_blame_in_255ths_rounded_up():
    # losses of 1, 2 and 4: 36.4…, 72.8… and 145.7… of 255; the winner is to blame for nothing
    assert waterfall.blame({0: -1, 1: -2, 2: -4, 3: 50}) == {0: 37, 1: 73, 2: 146}
    assert waterfall.blame({0: -(10**30), 1: -1}) == {0: 255, 1: 1}
    # 100 over 256 parts: 14.4…, 28.5…, 57.03…
    assert waterfall.answers(100, {0: -1, 1: -2, 2: -4, 3: 50}) == {0: 15, 1: 29, 2: 58}
    assert waterfall.answers(100, {0: 0, 3: 50}) == waterfall.answers(100, {}) == {NO_MARKET: 100}


def test_a_claim_falls_by_the_cap_in_a_day():
    # cap 100: after 6 h 25 less; 863 s are ⌊0.998…⌋ = 0 less, 864 s one
    claim = Claim(80, 1_000)
    for seconds, left in ((0, 80), (21_600, 55), (863, 80), (864, 79), (DAY, 0)):
        assert waterfall.used(claim, 100, 1_000 + seconds) == left
    assert waterfall.cap_of(1_001, 2_500) == 250


def test_grants_by_hand():
    # The fund holds 1000 at 20 %: a cap of 200 a market. Market 0 has used 150, market 1 nothing.
    claims = {0: Claim(150, 0)}
    found = waterfall.grant(300, {0: -1, 1: -2}, 1_000, 2_000, claims, 0)
    # blame 85 and 170 of 255: d_0 = 100, of which 50 are left; d_1 = 200, all of its cap
    assert found == (250, {0: Claim(200, 0), 1: Claim(200, 0)})
    # half a day later both have 100 again
    later = waterfall.grant(300, {0: -1, 1: -2}, 1_000, 2_000, found.claims, DAY // 2)
    assert later == (200, {0: Claim(200, DAY // 2), 1: Claim(200, DAY // 2)})
    assert waterfall.grant(0, {0: -1}, 1_000, 2_000, claims, 0) == (0, claims)


def test_a_claim_that_gets_nothing_is_left_as_it_is():
    # cap 100, all used: after 500 s 0.578… a claim of nothing changes nothing, after another 500 s ⌊1.157…⌋ = 1 is free
    claims = {0: Claim(100, 0)}
    assert waterfall.grant(50, {0: -1}, 500, 2_000, claims, 500) == (0, claims)
    assert waterfall.grant(50, {0: -1}, 500, 2_000, claims, 1_000) == (1, {0: Claim(100, 1_000)})


def test_a_grant_is_bounded_by_the_fund_and_by_the_debt():
    # Two markets at 100 %: 600 and 600 are asked of 1000; each claim grows by its own part all the same.
    assert waterfall.grant(1_200, {0: -1, 1: -1}, 1_000, 10_000, {}, 5) == (
        1_000,
        {0: Claim(600, 5), 1: Claim(600, 5)},
    )
    # three thirds of 10 are 4 each: 12 in claims, 10 granted
    found = waterfall.grant(10, {0: -1, 1: -1, 2: -1}, 1_000, 10_000, {}, 5)
    assert (found.granted, sum(c.used for c in found.claims.values())) == (10, 12)
    assert waterfall.grant(10, {0: -1}, -5, 10_000, {}, 5).granted == 0


@given(
    st.lists(st.tuples(st.integers(1, 10**20), st.integers(0, 40_000)), min_size=1, max_size=30),
    st.integers(1, 5_000),
    st.integers(0, 10**20),
)
def test_one_market_takes_its_share_at_once_and_as_much_a_day(losses, share, cash):
    # With the fund's cash held where it is, claims of one market over time are at most cap·(1 + days).
    claims, now, cap, total = {}, 0, share * cash // 10**4, 0
    for debt, wait in losses:
        now += wait
        granted, claims = waterfall.grant(debt, {7: -1}, cash, share, claims, now)
        assert 0 <= granted <= debt and claims.get(7, Claim(0, 0)).used <= cap
        total += granted
    assert total * DAY <= cap * (DAY + now) + DAY * len(losses)


# ---- through the venue -----------------------------------------------------------------------------
def bankrupt(share: int, cover: int = 4_000, **moves: int):
    """Long 100,000 of BTC and 50,000 of SOL on 14,000, after the moves in bps; the cover pool has `cover`."""
    venue = example_venue(cover_share=share)
    venue.ledger.move_cash(venue.pool_id, venue.cover_id, cover * WAD)
    venue.deposit(TRADER, QUOTE, 14_000 * 10**6)
    for m, quote in ((BTC, 100_000), (SOL, 50_000)):
        size = quote * WAD * WAD // venue.prices[m] // LOT * LOT
        venue.trade(TRADER, m, size, worst_price=ANY_BUY)
    for name, x in moves.items():
        m = {"BTC": BTC, "SOL": SOL}[name]
        venue.set_price(m, venue.prices[m] * (10_000 + x) // 10_000)
    return venue


def paid_by_cover(venue) -> int:
    before = venue.account(venue.cover_id).cash
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER) == (WAD, 3 * WAD, LIQUIDATED)
    assert venue.account(TRADER).cash == 0 and not venue.account(TRADER).positions
    assert venue.invariants() == []
    return before - venue.account(venue.cover_id).cash


def test_caps_leave_the_rest_to_the_pool():
    # E = 14 000 − 90 (fees) − impact − 12 000 − 5 000 ≈ −3 100: 12/17 and 5/17 of it are claimed. At 10 % of 4 000 each
    # market takes 400.
    venue = bankrupt(1_000, BTC=-1200, SOL=-1000)
    pool = venue.account(venue.pool_id).cash
    values = {m: venue.value(m, *venue.position(TRADER, m), venue.prices[m]) for m in (BTC, SOL)}
    equity = venue.health(TRADER).equity
    assert paid_by_cover(venue) == 800 * WAD
    gained = -sum(values.values())
    assert venue.account(venue.pool_id).cash == pool + gained - (3 * WAD - equity - 800 * WAD)
    assert venue.claims == {m: Claim(400 * WAD, venue.time) for m in (BTC, SOL)}
    # what is used falls with the cap of now: 10 % of 3 200 a day
    venue.warp(DAY // 2)
    assert venue.claim_used(BTC) == 400 * WAD - 160 * WAD
    assert venue.claim_used(ETH) == 0


def test_a_small_loss_takes_its_own_part_only():
    # BTC −15 % loses 15 000, SOL −0.4 % loses 200: d ≈ 1 300; the part of SOL is 4 of 256 parts, about 20 of it, below its cap.
    venue = bankrupt(2_000, BTC=-1500, SOL=-40)
    values = {m: venue.value(m, *venue.position(TRADER, m), venue.prices[m]) for m in (BTC, SOL)}
    assert waterfall.blame(values) == {BTC: 252, SOL: 4}
    sol = -(-(3 * WAD - venue.health(TRADER).equity) * 4 // 256)
    assert 20 * WAD < sol < 21 * WAD
    assert paid_by_cover(venue) == 800 * WAD + sol
    assert venue.claims[SOL].used == sol


def test_the_whole_fund_where_there_are_no_caps():
    assert paid_by_cover(bankrupt(10_000, 3_000, BTC=-1200, SOL=-1000)) == 3_000 * WAD


@pytest.mark.parametrize(("share", "paid"), [(10_000, 30), (2_500, 10)])
def test_a_debt_alone_belongs_to_no_market(share, paid):
    venue = example_venue(cover_share=share)
    venue.ledger.move_cash(venue.pool_id, venue.cover_id, 40 * WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 30 * WAD)
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER) == (WAD, 0, LIQUIDATED)
    assert venue.account(venue.cover_id).cash == (40 - paid) * WAD
    assert venue.claims == {NO_MARKET: Claim(paid * WAD, venue.time)}


def test_what_is_not_bad_debt_claims_nothing():
    venue = bankrupt(10_000, BTC=-700)
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER).reason == LIQUIDATED
    assert venue.claims == {}


def test_a_refused_call_leaves_no_claim():
    venue = bankrupt(10_000, BTC=-1500)
    assert venue.dry_run("liquidate", TRADER, 3 * WAD, KEEPER).fraction == WAD
    assert venue.claims == {} and venue.account(venue.cover_id).cash == 4_000 * WAD
