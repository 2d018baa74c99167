"""Dead legs and grace in the reference model (spec 5): no hiding behind a dead feed, no rush after a standstill."""

from __future__ import annotations

import pytest

from crossmargin.model import QUOTE, Reason
from crossmargin.model.example import BTC, DOGE, ETH, example_venue
from crossmargin.model.maths import DAY, LOT, WAD
from crossmargin.model.venue import EMPTY, HEALTHY, IN_GRACE, LIQUIDATED, NO_PRICE

TRADER, KEEPER = 0x77 << 96, 0x79 << 96
ANY_BUY = 10**30


def trade(venue, m: int, quote: int) -> None:
    size = quote * WAD * WAD // venue.prices[m] // LOT * LOT
    venue.trade(TRADER, m, size, worst_price=ANY_BUY if size > 0 else 0)


def book(cash: int = 10_000, doge: int = 0, **quotes: int):
    """A trader with these notionals, and DOGE as collateral."""
    venue = example_venue()
    venue.deposit(TRADER, QUOTE, cash * 10**6)
    if doge:
        venue.deposit(TRADER, 2, doge * 10**24)
    for name, quote in quotes.items():
        trade(venue, {"BTC": BTC, "ETH": ETH, "DOGE": DOGE}[name], quote)
    return venue


def move(venue, m: int, bps: int) -> None:
    venue.set_price(m, venue.prices[m] * (10_000 + bps) // 10_000, venue.valid[m])


def kill(venue, m: int) -> None:
    venue.set_price(m, venue.prices[m], valid=False)


# ---- dead legs -------------------------------------------------------------------------------------
def test_prices_move_by_w_in_the_accounts_favour():
    # w: BTC ⌈√(400² + 160²)⌉ = 431, ETH 586, DOGE 874 bps (rounded up: 430.8, 585.2, 873.2)
    venue = book(40_000, doge=10_000, BTC=60_000, ETH=-30_000, DOGE=-1_500)
    for m in (BTC, ETH, DOGE):
        kill(venue, m)
    # DOGE: 10 000 short and 10 000 held, a net of nothing: not moved
    assert venue.dead_prices(venue.account(TRADER)) == {
        BTC: 62_586 * WAD,
        ETH: 3_000 * WAD - 3_000 * WAD * 586 // 10_000,
        DOGE: 15 * WAD // 100,
    }
    trade_less = book(40_000, doge=9_999, DOGE=-1_500)
    kill(trade_less, DOGE)
    price = 15 * WAD // 100
    assert trade_less.dead_prices(trade_less.account(TRADER)) == {DOGE: price - price * 874 // 10_000}


def test_the_move_is_rounded_up():
    venue = book(10_000, BTC=60_000)
    venue.set_price(BTC, 60_000 * WAD + 1, valid=False)
    assert venue.dead_prices(venue.account(TRADER))[BTC] == 60_000 * WAD + 1 + 2_586 * WAD + 1


def test_healthy_with_the_benefit_of_the_doubt():
    # 100 000 of BTC on 10 000; a fall of 8 % leaves 1 940 under a margin of 3 963: with w in its favour it is well again.
    venue = book(10_000, BTC=100_000)
    move(venue, BTC, -800)
    assert venue.dry_run("liquidate", TRADER, 0, KEEPER).reason == LIQUIDATED
    kill(venue, BTC)
    assert venue.liquidate(TRADER, 0, KEEPER) == (0, 0, NO_PRICE)


def test_nothing_live_is_left_alone_however_bad():
    venue = book(10_000, BTC=100_000)
    move(venue, BTC, -5000)
    kill(venue, BTC)
    assert venue.liquidate(TRADER, 0, KEEPER) == (0, 0, NO_PRICE)


def test_everything_live_closes_and_nothing_is_written_off():
    # A dead DOGE leg of 100 cannot shield 100 000 of BTC that lost 12 %.
    venue = book(10_000, BTC=100_000, DOGE=100)
    venue.ledger.move_cash(venue.pool_id, venue.cover_id, 5_000 * WAD)
    kill(venue, DOGE)
    move(venue, BTC, -1200)
    doge, market = venue.position(TRADER, DOGE), venue.markets[DOGE].copy()
    btc = venue.value(BTC, *venue.position(TRADER, BTC), venue.prices[BTC])
    cash = venue.account(TRADER).cash
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER) == (WAD, 3 * WAD, LIQUIDATED)
    holder = venue.account(TRADER)
    assert holder.positions == {DOGE: doge} and venue.markets[DOGE] == market
    assert holder.cash == cash + btc - 3 * WAD < 0 and venue.ledger.debt == -holder.cash
    assert venue.account(venue.cover_id).cash == 5_000 * WAD and venue.claims == {}
    assert venue.invariants() == []
    # With the dead leg alone nothing more can be done; with its price back the rest is closed and written off.
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER) == (0, 0, NO_PRICE)
    venue.set_price(DOGE, venue.prices[DOGE])
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER) == (WAD, 3 * WAD, LIQUIDATED)
    assert venue.account(TRADER).empty and venue.account(venue.cover_id).cash < 5_000 * WAD
    assert venue.invariants() == []


def test_live_collateral_goes_dead_collateral_stays():
    # 2 ETH (5580) and 1 DOGE for a debt of 5 600: E = −19.9 whatever DOGE does.
    venue = example_venue()
    venue.deposit(TRADER, 1, 2 * WAD)
    venue.deposit(TRADER, 2, 10**24)
    venue.ledger.move_cash(TRADER, venue.pool_id, 5_600 * WAD)
    kill(venue, DOGE)
    done = venue.liquidate(TRADER, 3 * WAD, KEEPER)
    assert done == (WAD, 3 * WAD, LIQUIDATED)
    holder = venue.account(TRADER)
    assert (holder.cash, holder.collateral) == (-23 * WAD, {2: WAD})
    assert venue.account(venue.pool_id).collateral == {1: 2 * WAD}
    assert venue.invariants() == []
    # cash alone is nothing live
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER) == (0, 0, NO_PRICE)


def test_charges_are_those_of_the_live_legs():
    # Live: 60 000 of BTC at −3 %; dead: 100 000 of ETH, deep under water even with w. All of BTC closes at 58 200: 75 bp
    # and 5 bp on it, the reward is the cap.
    venue = book(20_000, BTC=60_000, ETH=100_000)
    move(venue, BTC, -300)
    move(venue, ETH, -1800)
    kill(venue, ETH)
    pool, cover = venue.account(venue.pool_id).cash, venue.account(venue.cover_id).cash
    btc = venue.value(BTC, *venue.position(TRADER, BTC), venue.prices[BTC])
    cash = venue.account(TRADER).cash
    rates = (
        600,
        6_900,
        500,
    )  # closing a long against the long skew costs no impact: taker, cover up to p_min, keeper
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER) == (WAD, 5 * WAD, LIQUIDATED)
    due = [58_200 * WAD * r // 10**6 for r in rates]
    assert venue.account(TRADER).cash == cash + btc - 3 * WAD - sum(due)
    assert venue.account(venue.pool_id).cash == pool - btc + due[0]
    assert venue.account(venue.cover_id).cash == cover + due[1] + due[2] + 3 * WAD - 5 * WAD
    assert set(venue.account(TRADER).positions) == {ETH}
    assert venue.invariants() == []


def test_health_is_not_changed_by_it():
    venue = book(10_000, BTC=100_000, DOGE=100)
    kill(venue, DOGE)
    move(venue, BTC, -1200)
    assert venue.health(TRADER).state == 4


# ---- grace -----------------------------------------------------------------------------------------
def weak():
    venue = book(10_000, BTC=100_000)
    move(venue, BTC, -800)
    return venue


def reason(venue) -> int:
    return venue.dry_run("liquidate", TRADER, 0, KEEPER).reason


def test_a_pause_stops_increases_only():
    venue = weak()
    venue.pause()
    assert venue.refusal("trade", TRADER, ETH, WAD, 0, ANY_BUY) == Reason.PAUSED
    assert venue.refusal("trade", TRADER, BTC, -5 * WAD) == Reason.PAUSED  # through zero is an opening
    assert venue.refusal("trade", TRADER, BTC, -WAD) is None
    assert venue.refusal("deposit", TRADER, QUOTE, 1) is None
    assert venue.refusal("close_fraction", TRADER, WAD) is None
    assert reason(venue) == LIQUIDATED


def test_liquidations_wait_after_an_unpause():
    venue = weak()
    assert venue.refusal("unpause") == Reason.NOTHING
    venue.pause()
    venue.unpause()
    assert (reason(venue), venue.flags.grace_until) == (IN_GRACE, venue.time + 900)
    assert venue.refusal("trade", TRADER, BTC, -WAD) is None
    venue.warp(899)
    assert reason(venue) == IN_GRACE
    venue.warp(1)
    assert reason(venue) == LIQUIDATED


def test_one_unpause_a_day():
    venue = weak()
    venue.pause()
    venue.unpause()
    venue.pause()
    assert venue.refusal("unpause") == Reason.EARLY
    venue.warp(DAY - 1)
    assert venue.refusal("unpause") == Reason.EARLY
    venue.warp(1)
    assert venue.refusal("unpause") is None


def test_liquidations_wait_for_the_sequencer():
    venue = weak()
    venue.set_sequencer(True)  # it never fell
    assert reason(venue) == LIQUIDATED
    venue.set_sequencer(False)
    venue.warp(DAY)
    assert reason(venue) == IN_GRACE
    venue.set_sequencer(True)
    venue.warp(899)
    venue.set_sequencer(True)
    assert reason(venue) == IN_GRACE
    venue.warp(1)
    assert reason(venue) == LIQUIDATED


@pytest.mark.parametrize("dead", [True, False])
def test_grace_comes_before_health_and_prices_but_not_before_nothing(dead):
    venue = book(10_000, BTC=50_000)
    if dead:
        kill(venue, BTC)
    venue.set_sequencer(False)
    assert reason(venue) == IN_GRACE
    assert venue.liquidate(venue.pool_id, 0, KEEPER).reason == EMPTY
    assert venue.liquidate(0x99 << 96, 0, KEEPER).reason == EMPTY
    venue.set_sequencer(True)
    venue.warp(900)
    assert reason(venue) == (NO_PRICE if dead else HEALTHY)
