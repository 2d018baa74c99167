"""Cascade and cures of the reference model."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossmargin.model import QUOTE, Reason, Reject, cascade, cures
from crossmargin.model.example import BTC, DOGE, ETH, SOL, UNDERLYINGS, example_venue
from crossmargin.model.maths import BPS, LOT, LOTS, WAD
from crossmargin.model.preview import MAX_ROUNDS

TRADERS = [owner << 96 for owner in range(0x100, 0x108)]
A, B, C = TRADERS[:3]
ANY_BUY = 10**30
U = 10**6
K = 3 * WAD


def trade(venue, account: int, m: int, quote: int) -> None:
    size = quote * WAD * WAD // venue.prices[m] // LOT * LOT
    if size:
        venue.trade(account, m, size, worst_price=ANY_BUY if size > 0 else 0)


def crowd(**changes):
    """Three longs of BTC, of 100 000 on 8 000, 10 000 and 40 000; SOL for the first."""
    venue = example_venue(**changes)
    for account, cash in ((A, 8_000), (B, 10_000), (C, 40_000)):
        venue.deposit(account, QUOTE, cash * U)
        trade(venue, account, BTC, 100_000)
    trade(venue, A, SOL, 1_000)
    return venue


# ---- cascade ---------------------------------------------------------------------------------------
def test_shocks_move_prices_by_their_betas():
    # −10 % of BTC (β 400) is −13.75 % of ETH (550) and −20 % of SOL (800).
    venue = example_venue()
    moved = venue.shocked(-WAD // 10, WAD)
    assert moved == venue.shocked(-1_000)
    assert (moved[BTC], moved[SOL]) == (54_000 * WAD, 120 * WAD)
    assert moved[ETH] == 258_750 * WAD // 100
    assert venue.shocked(1, WAD)[SOL] == 150 * WAD + 300  # 150·2e-18


def test_nothing_happens_to_the_healthy():
    venue = crowd()
    before = deepcopy(venue.ledger.accounts)
    (step,) = cascade(venue, TRADERS, [0], K)
    assert step == (0, 0, 0, 0, 0, venue.stored_reduced_equity(), venue.pool_state().reduced_equity)
    assert venue.ledger.accounts == before


def test_one_shock_by_hand():
    # BTC −5 %: the first is down to 8 000 − 60.6 − 5 000 − 100 under a margin of 4 150, the second holds 4 938 over 4 093.
    venue = crowd()
    (step,) = cascade(venue, TRADERS, [-5 * WAD // 100], K)
    copy = deepcopy(venue)
    for m, price in venue.shocked(-500).items():
        copy.set_price(m, price)
    lots = {m: base // LOT for m, (base, _) in copy.account(A).positions.items()}
    done = copy.liquidate(A, K, 0)
    assert 0 < done.fraction < WAD
    closed = sum(copy.prices[m] * -(-done.fraction * n // WAD) // LOTS for m, n in lots.items())
    assert step == (1, 1, closed, 0, 0, copy.stored_reduced_equity(), copy.pool_state().reduced_equity)
    assert copy.liquidate(B, K, 0).reason == copy.liquidate(C, K, 0).reason == 1


def test_state_is_carried_along_the_path():
    # Down a fifth and back: what was closed stays closed, and who was wiped out is not there to gain.
    venue = crowd()
    down, back, again = cascade(venue, TRADERS, [-WAD // 5, 0, -WAD // 5], K)
    assert down.accounts == 2 and down.bad_debt > 0
    equities = [20_000 + K // WAD - cash for cash in (8_000, 10_000)]
    assert down.bad_debt / WAD == pytest.approx(sum(equities) + 400 + 121, rel=0.01)
    assert back[:5] == (0, 0, 0, 0, 0)
    assert again.accounts == 0
    assert cascade(venue, TRADERS, [-WAD // 5], K) == [down]


def test_each_shock_starts_from_the_prices_of_now():
    venue = crowd()
    twice = cascade(venue, TRADERS, [-3 * WAD // 100, -3 * WAD // 100], K)
    assert twice[1][:5] == (0, 0, 0, 0, 0)


def test_others_are_left_out():
    (all_of_it,) = cascade(crowd(), TRADERS, [-WAD // 5], K)
    parts = [cascade(crowd(), [a], [-WAD // 5], K)[0] for a in (A, B, C)]
    assert [x.accounts for x in parts] == [1, 1, 0]
    assert sum(x.notional for x in parts) == all_of_it.notional
    assert sum(x.bad_debt for x in parts) == all_of_it.bad_debt


def test_grace_is_left_out_and_dead_prices_are_not():
    venue = crowd()
    venue.set_sequencer(False)
    venue.pause()
    assert cascade(venue, TRADERS, [-WAD // 5], K)[0].accounts == 2
    venue.set_price(BTC, venue.prices[BTC], valid=False)
    # only the first holds something live: 1 000 of SOL, at −40 %
    found = cascade(venue, TRADERS, [-WAD // 5], K)[0]
    assert (found.accounts, found.bad_debt) == (1, 0)
    assert found.notional / WAD == pytest.approx(600, rel=1e-6)


def test_no_price_goes_to_nothing():
    with pytest.raises(Reject) as error:
        cascade(crowd(), TRADERS, [-WAD // 2], K)  # −100 % of SOL and DOGE
    assert error.value.reason is Reason.PRICE


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.integers(-60_000, 60_000), min_size=5, max_size=5), min_size=3, max_size=8),
    st.lists(st.integers(-25 * 10**16, 25 * 10**16), min_size=1, max_size=3),
)
def test_a_path_is_what_the_venue_itself_would_do(books, shocks):
    # The same path walked on the venue with its own calls, in the same order, ends in the same place.
    venue = example_venue()
    for account, book in zip(TRADERS, books):
        venue.deposit(account, QUOTE, 12_000 * U)
        for m, quote in zip(UNDERLYINGS, book):
            size = quote * WAD * WAD // venue.prices[m] // LOT * LOT
            if venue.refusal("trade", account, m, size, 0, ANY_BUY if size > 0 else 0) is None:
                trade(venue, account, m, quote)
    steps, start = cascade(venue, TRADERS, shocks, K), dict(venue.prices)
    for x, step in zip(shocks, steps):
        ref = UNDERLYINGS[BTC][1]
        for m, row in UNDERLYINGS.items():
            venue.set_price(m, start[m] * (WAD * ref + x * row[1]) // (WAD * ref))
        rounds, who, pools = 0, set(), cash_of(venue)
        while rounds < MAX_ROUNDS:
            hit = [a for a in TRADERS if venue.liquidate(a, K, 0x9999 << 96).reason == 0]
            if not hit:
                break
            rounds, who = rounds + 1, who | set(hit)
        assert (step.rounds, step.accounts) == (rounds, len(who))
        assert step.reduced_equity == venue.stored_reduced_equity()
        assert step.exact_equity == venue.pool_state().reduced_equity
        assert step.bad_debt == 0 or cash_of(venue) != pools
        assert (step.notional > 0) == bool(who)
    assert venue.invariants() == []


def cash_of(venue) -> tuple[int, int]:
    return venue.account(venue.pool_id).cash, venue.account(venue.cover_id).cash


def test_what_the_cover_pool_pays_of_it():
    # 10 % of 1 000 for one market: the first claim takes 100, the second finds the cap of 90 used.
    venue = crowd(cover_share=1_000)
    venue.ledger.move_cash(venue.pool_id, venue.cover_id, 1_000 * WAD)
    (step,) = cascade(venue, [B, A], [-WAD // 5], K)
    assert step.bad_debt > 20_000 * WAD
    # the first account holds a little SOL too: its part is another bucket's
    assert 100 * WAD < step.by_cover < 200 * WAD
    assert cascade(venue, [B], [-WAD // 5], K)[0].by_cover == 100 * WAD


# ---- cures -----------------------------------------------------------------------------------------
def called(price: int = 58_500, doge: int = 0):
    """1 BTC bought at 60 000 on 4 500, and DOGE as collateral."""
    venue = example_venue()
    venue.deposit(A, QUOTE, 4_500 * U)
    if doge:
        venue.deposit(A, 2, doge * 10**24)
    venue.trade(A, BTC, WAD, worst_price=ANY_BUY)
    venue.set_price(BTC, price * WAD)
    return venue


def surplus(venue, account: int) -> int:
    h = venue.health(account)
    return h.equity * BPS - venue.params.warning * h.maintenance


def test_outside_the_band_nothing_is_missing():
    venue = called(60_000)
    assert cures(venue, A) == {QUOTE: 0, 0: 0, 1: 0, 2: 0}
    assert cures(venue, B) == {QUOTE: 0, 0: 0, 1: 0, 2: 0}


def test_quote_by_hand():
    # MM = 0.0430813·58 500 = 2 520.26, 1.2 of it 3 024.31; E = 4 500 − 36 − 0.84 − 1 500 = 2 963.16: 61.14 missing.
    venue = called()
    missing = cures(venue, A)[QUOTE]
    assert missing / WAD == pytest.approx(61.14, abs=0.02)
    venue.ledger.move_cash(venue.pool_id, A, missing - 1)
    assert venue.health(A).state == 2
    venue.ledger.move_cash(venue.pool_id, A, 1)
    assert venue.health(A).state == 1


def test_collateral_by_hand():
    # A quote's worth of DOGE adds 0.9 to E and, for a little of it, 2340·0.08/2520 to MM (2340 = 0.04·58 500): the margin
    # called is 1.2 of that, 0.0891. 61.14/(0.9 − 0.0891)/0.15 = 502.7.
    venue = called()
    assert cures(venue, A)[2] / WAD == pytest.approx(502.7, rel=0.005)
    assert cures(venue, A)[1] / WAD == pytest.approx(
        61.14 / (0.93 - 1.2 * 2340 * 0.055 / 2520) / 3_000, rel=0.005
    )


def test_collateral_that_hedges_cures_faster():
    short = example_venue(kappa=3_000)
    short.deposit(A, QUOTE, 4_500 * U)
    short.trade(A, BTC, -WAD)
    short.set_price(BTC, 61_500 * WAD)
    found = cures(short, A)
    value = {a: found[a] * short.prices[u] / WAD**2 for a, u in ((0, BTC), (1, ETH), (2, DOGE))}
    assert all(v < found[QUOTE] / WAD * 1.2 for v in value.values())
    assert value[0] < found[QUOTE] / WAD


@settings(max_examples=40, deadline=None)
@given(
    st.integers(57_000, 58_690),
    st.integers(0, 4_000),
    st.sampled_from([0, 1, 2]),
)
def test_a_cure_cures_and_less_does_not(price, doge, asset):
    venue = called(price, doge)
    amount = cures(venue, A)[asset]
    if surplus(venue, A) >= 0:
        assert amount == 0
        return
    for change, cured in ((0, True), (-1, False)):
        copy = deepcopy(venue)
        copy.ledger.add_collateral(A, asset, amount + change)
        assert (surplus(copy, A) >= 0) == cured
    # well below it nothing does: a few wei of value is all that rounding can move
    for less in (10**4, amount // 1_000, amount // 2):
        copy = deepcopy(venue)
        copy.ledger.add_collateral(A, asset, max(0, amount - less))
        assert surplus(copy, A) < 0


def test_none_where_no_amount_does_it():
    # At a discount of 95 % a unit of DOGE is worth 0.05 and asks for 0.087·1.2 of margin.
    venue = called()
    assets = dict(venue.params.assets)
    assets[2] = type(assets[2])(DOGE, 9_500, 10**30, 24)
    venue.configure(assets=assets)
    assert cures(venue, A)[2] is None
    assert cures(venue, A)[1] is not None


def test_a_cure_before_the_summit_is_found():
    # Short DOGE, and DOGE as collateral at 95 % off: up to the short's size it is a hedge, after it a burden.
    venue = example_venue(kappa=1_000)
    venue.deposit(A, QUOTE, 2_000 * U)
    trade(venue, A, DOGE, -12_000)
    venue.set_price(DOGE, 16 * WAD // 100)  # −800 of 2 000
    assets = dict(venue.params.assets)
    assets[2] = type(assets[2])(DOGE, 9_500, 10**30, 24)
    venue.configure(assets=assets)
    assert venue.health(A).state in (2, 3)
    amount = cures(venue, A)[2]
    assert 0 < amount < 80_000 * WAD
    copy = deepcopy(venue)
    copy.ledger.add_collateral(A, 2, amount)
    assert surplus(copy, A) >= 0
    copy.ledger.add_collateral(A, 2, 10**9 * WAD)
    assert surplus(copy, A) < 0


def test_prices():
    venue = called()
    venue.set_price(ETH, 3_000 * WAD, valid=False)
    assert cures(venue, A)[1] is None
    venue.set_price(BTC, venue.prices[BTC], valid=False)
    with pytest.raises(Reject) as error:
        cures(venue, A)
    assert error.value.reason is Reason.PRICE
