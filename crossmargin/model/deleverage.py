"""W-2: the clock, the threshold and how much of a winning position is closed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import NamedTuple

from .carry import price_float
from .liquidating import Liquidations
from .maths import BPS, LOT, MICRO, WAD
from .params import Reason, require
from .pool import NO_SHARE, Share, add, contribution, requirement, skew_terms
from .state import Clock, atomic

STOPPED = Clock()
PATIENCE = 300  # seconds an alarm stays good
FALL = 900  # seconds in which the threshold falls to 0
CHORDS = 8  # steps of the search before it goes on by halving


class Strain(NamedTuple):
    """R and net of U-0 and U-1, WAD."""

    reduced: int
    net: int

    def excess(self, ratio: int) -> int:
        """1e4·R − q·net; q in bps."""
        return BPS * self.reduced - ratio * self.net


def threshold(seconds: int) -> int:
    """θ: from a half of the notional down to nothing, WAD, rounded down."""
    return WAD * (FALL - min(seconds, FALL)) // (2 * FALL)


def least(excess: Callable[[int], int], most: int) -> int:
    """Regula falsi of W-2 for the size from which `excess`, below 0 at none and not at `most`, is not: lots, exact to most/2^10."""
    low, high, grain = 0, most, max(1, most // 2**10)
    below, above = excess(low), excess(high)
    was_short: bool | None = None
    for step in count(1):
        if high - low <= grain:
            break
        if step > CHORDS:
            x = (low + high) // 2
        else:
            x = high - above * (high - low) // (above - below)
            if was_short is not False:
                x += grain // 8
            else:
                x = high - grain if high - x < grain else x - grain // 2
            x = min(max(x, low + 1), high - 1)
        found = excess(x)
        if found < 0:
            low, below, above = x, found, above // 2 if was_short else above
        else:
            high, above, below = x, found, below // 2 if was_short is False else below
        was_short = found < 0
    return high


class Deleveraging(Liquidations):
    """Auto-deleveraging, open to all."""

    # ---- the clock -----------------------------------------------------------------------------
    @atomic
    def alarm(self) -> bool:
        """Look at R and net as for LP flows; start, continue or stop the clock. Returns whether the pool is short."""
        require(self.prices_valid(), Reason.PRICE)
        state = self.pool_state()
        short = Strain(state.reduced_equity, state.net).excess(self.params.adl_ratio) < 0
        start = self.clock.start if self.clock_runs() else self.time
        self.clock = Clock(start, self.time) if short else STOPPED
        return short

    def clock_runs(self) -> bool:
        """Whether the pool was found short, and that no more than 300 s ago."""
        return self.clock != STOPPED and self.time - self.clock.last <= PATIENCE

    # ---- closing -------------------------------------------------------------------------------
    @atomic
    def deleverage(self, account: int, market: int) -> int:
        """Close a winning position on the side of the skew as far as the pool needs it, at the mark. Returns lots.

        0 if the pool is not short after all. The clock is left alone: only an alarm stops it. Afterwards E ≥ IM.
        """
        holder = self._trader(account)
        require(self.clock_runs(), Reason.CLOCK)
        self._listed(market)
        require(self.priced(market) and self.legs_valid(holder), Reason.PRICE)
        base = self._ranked(account, market)
        lots = self._lots(market, base // LOT)
        if not lots:
            return 0
        self._accrue(market)
        realised = self._apply(holder, market, lots * (-LOT if base > 0 else LOT), self.prices[market])
        self.ledger.move_cash(self.pool_id, account, realised)
        self._touch([market])
        after = self.assess(holder)
        require(after.equity >= after.initial, Reason.MARGIN)
        return lots

    def _ranked(self, account: int, market: int) -> int:
        """Base (WAD) of a position that qualifies: on the side of the skew, in profit by θ of its notional or more."""
        base, quote = self.position(account, market)
        require(base * self.markets[market].skew > 0, Reason.RANK)
        price = self.prices[market]
        profit = self.value(market, base, quote, price)
        theta = threshold(self.time - self.clock.start)
        require(profit > 0 and profit * WAD * WAD >= theta * price * abs(base), Reason.RANK)
        return base

    def _lots(self, market: int, base: int) -> int:
        """How much to close, in lots; `base` in signed lots."""
        ratio, sign = self.params.adl_ratio, 1 if base > 0 else -1
        skew, rest, value = self.markets[market].skew, *self._without(market)

        def excess(x: int) -> int:
            return self._strain(market, skew - sign * x, rest, value).excess(ratio)

        if excess(0) >= 0:
            return 0
        most = min(abs(base), abs(skew))
        if excess(most) < 0:
            require(excess(most) > excess(0), Reason.NOTHING)
            return most
        return least(excess, most)

    def _without(self, market: int) -> tuple[Share, Share]:
        """The sums of the trade path without a market, and what it has in them that its skew does not change: G and V.

        The latter as a touch at P would put it there now.
        """
        state, mp = self.markets[market], self.params.markets[market]
        now = contribution(state, mp, price_float(self.prices[market]), self.indices(market))
        return add(self.sums, state.share, -1), (*NO_SHARE[:3], now[3], now[4], 0)

    def _strain(self, market: int, skew: int, rest: Share, fixed: Share) -> Strain:
        """R and net with this skew (lots) of a market touched at P, all else as it is now."""
        mark, mp = price_float(self.prices[market]), self.params.markets[market]
        t = skew_terms(skew, mp, mark)
        sums = add(add(rest, fixed), (t.a, t.b, t.h, 0, 0, t.z))
        net, _ = requirement(sums, self.holdings(instead={market: (mark, skew)}), self.params)
        cash = self.ledger.get(self.pool_id).cash
        return Strain(cash + (sums[4] - sums[5]) * MICRO + self.inventory_value(), net)
