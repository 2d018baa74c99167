"""Pause and grace; W-3: closing, settling, shutdown and claims (spec 5)."""

from __future__ import annotations

from .carry import price_float
from .deleverage import Deleveraging
from .liquidating import GRACE
from .maths import DAY
from .params import MarketParams, Reason, require
from .state import Closing, atomic

SAMPLING = 3_600  # seconds in which samples are taken
COVERED = 1_800  # seconds they must cover to settle after that time
STEP = 300  # seconds one sample counts for at most
LEAST = 2**25  # WAD: of a market that never had a price
LAST_PRICES = 7 * DAY  # from the shutdown to the day the last prices count


class Winddown(Deleveraging):
    """Who may pause, close and shut down is not modelled."""

    # ---- pause ---------------------------------------------------------------------------------
    @atomic
    def pause(self) -> None:
        """No increases from now on."""
        require(not self.flags.paused, Reason.NOTHING)
        self.flags = self.flags._replace(paused=True)

    @atomic
    def unpause(self) -> None:
        """Increases again; liquidations wait for 900 s. At most once a day, and not after a shutdown."""
        require(not self.flags.shutting_down, Reason.SHUTDOWN)
        require(self.flags.paused, Reason.NOTHING)
        last = self.flags.grace_until - GRACE
        require(self.time >= last + DAY, Reason.EARLY)
        self.flags = self.flags._replace(paused=False, grace_until=self.time + GRACE)

    # ---- closing a market ----------------------------------------------------------------------
    @atomic
    def close_market(self, market: int) -> None:
        """Growth stops, and the time for samples starts."""
        self._listed(market)
        require(market not in self.closings, Reason.CLOSED)
        self.configure_market(market, max_oi=0)
        self.closings = {**self.closings, market: Closing(self.time, self.time)}

    @atomic
    def sample(self, market: int) -> None:
        """Count the price for the seconds since the last sample, at most 300: for anybody, until the price is fixed."""
        now, closing = self.time, self.closings.get(market)
        require(closing is not None, Reason.OPEN)
        require(not self.sampled(market), Reason.EXPIRED)
        require(self.priced(market), Reason.PRICE)
        dt = min(now - closing.last, STEP)
        total = closing.total + self.prices[market] * dt
        fresh = Closing(closing.start, now, closing.seconds + dt, total)
        self.closings = {**self.closings, market: fresh}

    @atomic
    def settle_closing(self, market: int) -> int:
        """Settle at the mean of the samples: after the hour if 1,800 s are covered, after a day in any case.

        With no sample at the last price, of which there is none only where nobody could trade. Returns P_s.
        """
        closing = self.closings.get(market)
        require(closing is not None, Reason.OPEN)
        require(self.sampled(market), Reason.EARLY)
        last = max(self.prices[market], LEAST)
        return self.settle_market(market, closing.total // closing.seconds if closing.seconds else last)

    def sampled(self, market: int) -> bool:
        """Whether enough was sampled of a closing market's price, or a day is over."""
        closing = self.closings[market]
        age = self.time - closing.start
        return age >= DAY or (age >= SAMPLING and closing.seconds >= COVERED)

    @atomic
    def change_market(self, market: int, mp: MarketParams) -> None:
        """`set_market` for the owner of the venue: not of a market that is closing or settled, nor after a shutdown."""
        require(not self.flags.shutting_down, Reason.SHUTDOWN)
        known = self.markets.get(market)
        require(market not in self.closings and not (known and known.settled), Reason.CLOSED)
        self.set_market(market, mp)

    @atomic
    def settle_market(self, market: int, price: int) -> int:
        """Carry to now and no further; P̂ = P_s; no premium, rates or scales any more. Returns P_s (WAD)."""
        mp, mark = self._listed(market), price_float(price)
        require(mark > 0, Reason.PRICE)
        state = self._accrue(market)
        state.rate = state.skew_fraction = state.borrow = state.oi_scale = 0
        state.time, state.mark = 0, mark
        self._share(state, mp, self.indices(market))
        self.closings = {m: c for m, c in self.closings.items() if m != market}
        return mark

    # ---- closing out ---------------------------------------------------------------------------
    @atomic
    def settle(self, account: int, market: int) -> int:
        """Close a position of a settled market in full at P_s, for anybody, whatever its health. Returns WAD realised."""
        state = self.markets.get(market)
        require(state is not None and state.settled, Reason.OPEN)
        holder = self._trader(account)
        base, _ = self.position(account, market)
        require(base != 0, Reason.NOTHING)
        self._edit_market(market)
        realised = self._apply(holder, market, -base, state.mark)
        self.ledger.move_cash(self.pool_id, account, realised)
        self._share(state, self.params.markets[market], self.indices(market))
        return realised

    # ---- shutdown ------------------------------------------------------------------------------
    @atomic
    def shut_down(self) -> None:
        """All markets close, nothing grows, and no quote leaves any account until claims are open."""
        require(not self.flags.shutting_down, Reason.SHUTDOWN)
        self.flags = self.flags._replace(shutting_down=True, paused=True, shutdown_time=self.time)
        for m in self._alive():
            if m not in self.closings:
                self.close_market(m)

    def _alive(self) -> list[int]:
        """Listed markets that are not settled."""
        listed = (m for m, mp in self.params.markets.items() if mp.listed)
        return [m for m in sorted(listed) if not self.markets[m].settled]

    @atomic
    def take_last_prices(self) -> None:
        """Seven days after the shutdown the last prices count as valid."""
        require(self.flags.shutting_down, Reason.OPEN)
        require(not self.flags.last_prices, Reason.NOTHING)
        require(self.time >= self.flags.shutdown_time + LAST_PRICES, Reason.EARLY)
        self.flags = self.flags._replace(last_prices=True)

    @atomic
    def open_claims(self) -> int:
        """For anybody: with all settled, closed out and nobody owing but the LP pool, the cover pool pays what it owes.

        As far as it goes, and without caps. Returns WAD paid.
        """
        require(self.flags.shutting_down and not self.flags.claims_open, Reason.SHUTDOWN)
        idle = all(not (x.long or x.short) for x in self.markets.values())
        owed = max(0, -self.ledger.get(self.pool_id).cash)
        require(not self._alive() and idle and self.ledger.debt == owed, Reason.OPEN)
        paid = min(owed, max(0, self.ledger.get(self.cover_id).cash))
        self.ledger.move_cash(self.cover_id, self.pool_id, paid)
        self.flags = self.flags._replace(claims_open=True)
        return paid
