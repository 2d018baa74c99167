"""The OrderBook of the reference model: commitments, their price, and who pays for a failure (spec 8, I-19)."""

from __future__ import annotations

import pytest

from crossmargin.model import QUOTE, Order, OrderBook, Reason, Reject, Round, Timing
from crossmargin.model.example import BTC, DOGE, ETH, example_venue
from crossmargin.model.maths import LOT, WAD
from crossmargin.model.orders import EXECUTED, FAILED, SKIPPED, UNKNOWN

TRADER, KEEPER = 0x77 << 96, 0x99 << 96
FEE = WAD // 5
ANY = 10**30


class Desk:
    """A book with BTC after 10 s, ETH at once, DOGE closed; `rounds` by market, named by their place from 1."""

    def __init__(self, quote: int = 10_000) -> None:
        self.venue = example_venue()
        self.rounds: dict[int, list[Round]] = {BTC: [Round(60_000 * WAD, self.venue.time)]}
        self.book = OrderBook(self.venue, self.proof, FEE)
        self.book.set_timing(BTC, Timing(10, 100, 60))
        self.book.set_timing(ETH, Timing(0, 100, 60))
        self.venue.deposit(TRADER, QUOTE, quote * 10**6)
        self.salt = 0

    def proof(self, market: int, due: int, named: int) -> Round | None:
        """The named round, if no earlier one is at or after `due`."""
        rounds = self.rounds[market]
        found = rounds[named - 1 if named else -1]
        return found if found == next((r for r in rounds if r.time >= due), None) else None

    def order(self, size: int = WAD // 10, market: int = BTC, worst: int = ANY, only: bool = False) -> Order:
        """A new order."""
        self.salt += 1
        return Order(TRADER, market, size, worst if size > 0 else 0, only, self.salt)

    def commit(self, **kw) -> Order:
        """A committed one."""
        order = self.order(**kw)
        assert self.book.submit(order) is None
        return order

    def round(self, seconds: int, price: int = 60_000 * WAD) -> None:
        """A round of BTC so many seconds from now."""
        self.venue.warp(seconds)
        self.rounds[BTC].append(Round(price, self.venue.time))

    def execute(self, *named: tuple[Order, int]) -> list[int]:
        """Statuses of a batch."""
        self.results = self.book.execute(named, KEEPER)
        return [r.status for r in self.results]


def refused(call, *args) -> Reason:
    """The reason a call is refused for."""
    with pytest.raises(Reject) as error:
        call(*args)
    return error.value.reason


def test_what_is_no_order():
    desk = Desk()
    for size in (0, LOT // 2, 2**72 * LOT, -(2**72) * LOT):
        assert refused(desk.book.submit, desk.order(size)) is Reason.SIZE
    assert refused(desk.book.submit, desk.order(worst=0)) is Reason.WORST
    assert refused(desk.book.submit, desk.order(market=DOGE)) is Reason.CLOSED
    order = desk.commit()
    assert refused(desk.book.submit, order) is Reason.PENDING
    desk.book.set_timing(BTC, Timing(0, 0, 0))
    assert refused(desk.book.submit, desk.order()) is Reason.CLOSED


def test_eight_fees_can_be_reserved():
    desk = Desk()
    for _ in range(8):
        desk.commit()
    assert desk.venue.account(TRADER).reserved == 8 * FEE
    assert refused(desk.book.submit, desk.order()) is Reason.MANY
    desk.book.set_keeper_fee(2 * FEE)  # at twice the fee 8 more fit four times: 8 + 8 of 16
    for _ in range(4):
        desk.commit()
    assert refused(desk.book.submit, desk.order()) is Reason.MANY
    poor = Desk(1)
    for _ in range(5):
        poor.commit()
    assert refused(poor.book.submit, poor.order()) is Reason.FUNDS


def test_without_delay_it_fills_at_once_with_the_spread():
    desk = Desk()
    filled = desk.book.submit(desk.order(WAD, ETH))
    assert filled.price == desk.venue.fill_price(ETH, WAD, 0, True) - filled_drift(desk, WAD)
    assert desk.book.pending == {} and desk.venue.account(TRADER).reserved == 0


def filled_drift(desk: Desk, size: int) -> int:
    """The skew is now that after the trade: P·size/K dearer than before it, times the spread."""
    mp, price = desk.venue.params.markets[ETH], desk.venue.prices[ETH]
    before = price * (2 * mp.skew_scale + size // LOT) * (10**6 + mp.spread)
    unit = 2 * mp.skew_scale * 10**6
    return desk.venue.fill_price(ETH, size, 0, True) + (-before // unit)


def test_the_first_price_after_the_delay_and_no_other():
    desk = Desk()
    order = desk.commit()
    desk.round(9, 60_100 * WAD)  # a second too early
    assert desk.execute((order, 0)) == [SKIPPED] and desk.results[0].reason is Reason.EARLY
    desk.round(1, 60_200 * WAD)
    desk.round(5, 60_300 * WAD)
    for named in (0, 2, 4):
        assert desk.execute((order, named)) == [SKIPPED] and desk.results[0].reason is Reason.UNPROVEN
    assert desk.execute((order, 3), (order, 3)) == [EXECUTED, UNKNOWN]
    mp = desk.venue.params.markets[BTC]
    fill = -(-60_200 * WAD * (2 * mp.skew_scale + 10**7) // (2 * mp.skew_scale))
    assert desk.results[0].filled.price == fill
    assert desk.venue.account(KEEPER).cash == FEE and desk.venue.account(TRADER).reserved == 0


def test_a_round_may_be_too_old_and_a_window_over():
    desk = Desk()
    order = desk.commit()
    desk.round(10)
    desk.venue.warp(61)
    assert desk.execute((order, 2)) == [SKIPPED] and desk.results[0].reason is Reason.OLD
    desk.venue.warp(39)  # 110 s after the commit: the last second
    assert desk.book.clear_expired([order]) == 0
    desk.venue.warp(1)
    assert desk.execute((order, 2)) == [SKIPPED] and desk.results[0].reason is Reason.EXPIRED
    assert desk.book.clear_expired([order, order]) == 1
    assert desk.venue.account(TRADER).reserved == 0
    assert desk.execute((order, 2)) == [UNKNOWN]


def test_cancelling_stops_when_the_price_can_be_known():
    desk = Desk()
    early, late = desk.commit(), desk.commit()
    desk.venue.warp(9)
    desk.book.cancel(early)
    assert refused(desk.book.cancel, early) is Reason.UNKNOWN
    desk.venue.warp(1)
    assert refused(desk.book.cancel, late) is Reason.LATE
    desk.venue.warp(100)
    assert refused(desk.book.cancel, late) is Reason.LATE
    desk.venue.warp(1)
    desk.book.cancel(late)
    assert desk.venue.account(TRADER).reserved == 0


def test_a_failure_pays_the_keeper_and_is_over():
    desk = Desk()
    order = desk.commit(worst=60_000 * WAD)  # the fill is above the mark
    desk.round(10)
    assert desk.execute((order, 0)) == [FAILED]
    assert desk.results[0].reason is Reason.WORST and desk.results[0].paid == FEE
    assert desk.venue.account(KEEPER).cash == FEE
    assert desk.venue.account(TRADER).cash == 10_000 * WAD - FEE
    assert desk.execute((order, 0)) == [UNKNOWN]


def test_only_the_orders_own_market_excuses_a_missing_price():
    desk = Desk()
    desk.venue.deposit(TRADER, 1, WAD)
    order = desk.commit()
    desk.round(10)
    desk.venue.set_price(BTC, 60_000 * WAD, valid=False)
    assert desk.execute((order, 0)) == [SKIPPED] and desk.results[0].reason is Reason.PRICE
    desk.venue.set_price(BTC, 60_000 * WAD)
    desk.venue.set_price(ETH, 3_000 * WAD, valid=False)
    assert desk.execute((order, 0)) == [FAILED] and desk.results[0].reason is Reason.PRICE


def test_a_price_off_the_mark_is_nobodys_fault():
    desk = Desk()
    order = desk.commit()
    desk.round(10, 61_201 * WAD)  # the band is 2 %
    assert desk.execute((order, 0)) == [SKIPPED] and desk.results[0].reason is Reason.BAND
    assert desk.venue.account(TRADER).reserved == FEE
