"""The OrderBook (spec 8): commit under the order itself, wait, execute at the first price after the delay."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from .maths import LOT
from .params import Reason, Reject, require
from .venue import Filled, Venue

MAX_PENDING = 8  # fees of today that one account may have reserved
MAX_LOTS = 2**72
EXECUTED, FAILED, SKIPPED, UNKNOWN = range(1, 5)


class Order(NamedTuple):
    """size: signed WAD. worst_price: WAD, the most a buy may pay, the least a sale may fetch. salt tells equal orders apart."""

    account: int
    market: int
    size: int
    worst_price: int
    reduce_only: bool
    salt: int


class Timing(NamedTuple):
    """Seconds. A market that is not listed in the book's timings is closed for new orders."""

    delay: int
    window: int
    max_exec_age: int


class Pending(NamedTuple):
    """The terms an order was committed under: seconds, and the fee it reserved in WAD quote."""

    time: int
    timing: Timing
    fee: int

    @property
    def due(self) -> int:
        """The first second whose prices count."""
        return self.time + self.timing.delay

    @property
    def expires(self) -> int:
        """The last second in which it can execute."""
        return self.due + self.timing.window


class Round(NamedTuple):
    """A price (WAD quote) and the second it was published in."""

    price: int
    time: int


class Result(NamedTuple):
    """What became of one order of a batch: 1 executed, 2 failed and gone, 3 skipped, 4 not pending."""

    status: int
    reason: Reason | None = None
    filled: Filled | None = None
    paid: int = 0


# market, not before, the round a keeper names (0: the latest) → the round, if that is the first one since
Proof = Callable[[int, int, int], Round | None]


class OrderBook:
    """Pending orders beside a venue. Who may call is not modelled."""

    def __init__(self, venue: Venue, proof: Proof, keeper_fee: int) -> None:
        self.venue, self.proof, self.keeper_fee = venue, proof, keeper_fee
        self.timings: dict[int, Timing] = {}
        self.pending: dict[Order, Pending] = {}

    def set_timing(self, market: int, timing: Timing) -> None:
        """For orders submitted from now on; all zero closes the market."""
        self.timings = {m: t for m, t in self.timings.items() if m != market}
        if any(timing):
            self.timings[market] = timing

    def set_keeper_fee(self, fee: int) -> None:
        """WAD quote, for orders submitted from now on."""
        self.keeper_fee = fee

    # ---- the owner -----------------------------------------------------------------------------
    def submit(self, order: Order) -> Filled | None:
        """Commit and reserve the fee; with a delay of 0 fill at once at the mark with the spread."""
        lots, rest = divmod(order.size, LOT)
        require(order.size != 0 and not rest and abs(lots) < MAX_LOTS, Reason.SIZE)
        require(order.size < 0 or order.worst_price > 0, Reason.WORST)
        timing = self.timings.get(order.market)
        require(timing is not None, Reason.CLOSED)
        require(order not in self.pending, Reason.PENDING)
        if not timing.delay:
            return self.venue.trade(*order[:3], 0, order.worst_price, order.reduce_only, spread=True)
        reserved = self.venue.account(order.account).reserved
        require(reserved + self.keeper_fee <= MAX_PENDING * self.keeper_fee, Reason.MANY)
        self.venue.reserve(order.account, self.keeper_fee)
        self.pending[order] = Pending(self.venue.time, timing, self.keeper_fee)
        return None

    def cancel(self, order: Order) -> None:
        """Before its price can be known, or after its window."""
        p = self.pending.get(order)
        require(p is not None, Reason.UNKNOWN)
        require(not p.due <= self.venue.time <= p.expires, Reason.LATE)
        self._release(order)

    # ---- anyone --------------------------------------------------------------------------------
    def clear_expired(self, orders: Iterable[Order]) -> int:
        """Release what orders past their window reserved; others are passed over. Returns how many."""
        past = [o for o in dict.fromkeys(orders) if o in self.pending]
        past = [o for o in past if self.venue.time > self.pending[o].expires]
        for order in past:
            self._release(order)
        return len(past)

    def execute(self, named: Iterable[tuple[Order, int]], keeper: int) -> list[Result]:
        """Each order with the round its keeper names; one order's failure does not touch the others."""
        return [self._execute(order, round_id, keeper) for order, round_id in named]

    # ---- one order -----------------------------------------------------------------------------
    def _execute(self, order: Order, round_id: int, keeper: int) -> Result:
        p = self.pending.get(order)
        if p is None:
            return Result(UNKNOWN, Reason.UNKNOWN)
        found = self._price(order, p, round_id)
        if isinstance(found, Reason):
            return Result(SKIPPED, found)
        try:
            bounds = (order.worst_price, order.reduce_only, False)
            filled = self.venue.trade(*order[:3], found, *bounds, keeper, p.fee, p.fee)
        except Reject as error:
            return self._failed(order, p, keeper, error.reason)
        del self.pending[order]
        return Result(EXECUTED, None, filled)

    def _price(self, order: Order, p: Pending, round_id: int) -> int | Reason:
        """The one price the order can have now, or why there is none."""
        now = self.venue.time
        if now < p.due:
            return Reason.EARLY
        if now > p.expires:
            return Reason.EXPIRED
        found = self.proof(order.market, p.due, round_id)
        if found is None:
            return Reason.UNPROVEN
        return Reason.OLD if now > found.time + p.timing.max_exec_age else found.price

    def _failed(self, order: Order, p: Pending, keeper: int, reason: Reason) -> Result:
        """A price of the order's own market is nobody's fault, nor is one off the mark; all else is the account's."""
        priced = self.venue.priced(order.market)
        if reason is Reason.BAND or (reason is Reason.PRICE and not priced):
            return Result(SKIPPED, reason)
        del self.pending[order]
        payee = self.venue.cover_id if keeper >> 96 == order.account >> 96 else keeper
        paid = self.venue.charge_keeper_fee(order.account, payee, p.fee)
        return Result(FAILED, reason, None, paid)

    def _release(self, order: Order) -> None:
        self.venue.reserve(order.account, -self.pending.pop(order).fee)
