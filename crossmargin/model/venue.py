"""Calls of an account's own that change positions: trade, close_fraction; and the whole of the model."""

from __future__ import annotations

from typing import NamedTuple

from . import carry, liquidation, margin
from .ledger import Account
from .liquidating import EMPTY, HEALTHY, IN_GRACE, LIQUIDATED, NO_PRICE, UNSETTLED, Slice
from .margin import Assessment
from .maths import BPS, LOT, LOTS, MICRO, WAD
from .params import MAX_LEGS, MarketParams, Reason, require
from .state import atomic
from .winddown import Winddown

__all__ = [
    "EMPTY",
    "HEALTHY",
    "IN_GRACE",
    "LIQUIDATED",
    "NO_PRICE",
    "UNSETTLED",
    "Filled",
    "Slice",
    "Venue",
]


class Filled(NamedTuple):
    """Result of a trade: size after a reduce-only clip, fill price, fee, realised (WAD)."""

    size: int
    price: int
    fee: int
    realised: int


class Venue(Winddown):
    """The reference model. Every call is atomic: it applies as a whole or raises `Reject` and changes nothing."""

    # ---- trade ---------------------------------------------------------------------------------
    @atomic
    def trade(
        self,
        account: int,
        market: int,
        size: int,
        price: int = 0,
        worst_price: int = 0,
        reduce_only: bool = False,
        spread: bool = False,
        keeper: int = 0,
        keeper_fee: int = 0,
        reserved: int = 0,
    ) -> Filled:
        """P-1, P-3, fee, caps, U-1, prices, margin, in this order. Sizes in WAD; price 0 is the mark.

        Prices are asked for last but margin: an order that fails for a reason of its own fails with it (spec 8).
        """
        holder = self._trader(account)
        require(size != 0, Reason.SIZE)
        self.ledger.reserve(account, -reserved)
        price, mp = self._check_order(market, size, price)
        state = self._accrue(market)
        base = self.position(account, market)[0]
        if reduce_only:
            require(base * size < 0, Reason.REDUCE_ONLY)
            size = carry.closing_part(base, size)
        opening = size != carry.closing_part(base, size)
        before = None if opening else self.assess(holder)
        fill = carry.fill_price(price, state.skew, size // LOT, mp, spread)
        require(fill > 0, Reason.FILL)
        require(fill <= worst_price if size > 0 else fill >= worst_price, Reason.WORST)
        fee = carry.trade_fee(price, state.skew, size // LOT, mp)
        realised = self._apply(holder, market, size, fill)
        self.ledger.move_cash(account, self.pool_id, fee - realised)
        self.ledger.move_cash(account, keeper, keeper_fee)
        u = self._touch([market])
        if opening:
            require(not self.flags.paused, Reason.PAUSED)
            require(u <= WAD, Reason.UTILISATION)
            self._check_caps(holder, market, size, mp)
        require(self.priced(market) and self.legs_valid(holder), Reason.PRICE)
        conceded = fee + (keeper_fee if before and before.headroom >= 0 and keeper != account else 0)
        self._check_margin(holder, before, conceded, self.prices[market] // LOTS)
        self._note_band(account)
        return Filled(size, fill, fee, realised)

    def _check_order(self, market: int, size: int, price: int) -> tuple[int, MarketParams]:
        """The market, the execution band and whole lots. Returns P_x and the market's parameters."""
        mp = self._listed(market)
        mark = self.prices[market]
        price = price or mark
        require(abs(price - mark) * BPS <= self.params.exec_band * mark, Reason.BAND)
        require(size % LOT == 0, Reason.SIZE)
        return price, mp

    def _check_caps(self, holder: Account, market: int, size: int, mp: MarketParams) -> None:
        """Step 6, after a trade that opens: OI of the side it opens on, share of R, notional, number of markets."""
        state, price = self.markets[market], self.prices[market]
        oi = state.long if size > 0 else state.short
        notional = carry.notional_up(price, oi)
        require(oi <= mp.max_oi, Reason.MAX_OI)
        require(notional <= mp.max_oi_quote, Reason.MAX_OI_QUOTE)
        require(notional * BPS <= mp.share * self.stored_reduced_equity(), Reason.SHARE)
        own = price * abs(holder.positions[market][0])
        require(own >= mp.min_notional // MICRO * MICRO * WAD, Reason.MIN_NOTIONAL)
        require(len(holder.positions) <= MAX_LEGS, Reason.SLOTS)

    def _check_margin(
        self, holder: Account, before: Assessment | None, conceded: int, tolerance: int
    ) -> None:
        """E_risk ≥ IM; a reduction (`before` given) may instead keep E − MM but for what is conceded.

        Spec 4: E' + fees − MM' ≥ E − MM − tol.
        """
        after = self.assess(holder)
        if margin.risk_equity(after, self.params) >= after.initial:
            return
        require(before is not None, Reason.MARGIN)
        require(after.headroom + conceded >= before.headroom - tolerance, Reason.MARGIN)

    # ---- close_fraction ------------------------------------------------------------------------
    @atomic
    def close_fraction(self, account: int, f: int) -> int:
        """Close ⌈f·|base|⌉ lots of every position by P-3 with spread and fees; returns the equity it cost.

        Leg after leg in ascending markets, each a touch of its own; no caps, one margin check at the end (spec 4).
        f in WAD, 0 < f ≤ 1. Refused while the account holds a position in a settled market (W-3).
        """
        holder = self._trader(account)
        require(0 < f <= WAD, Reason.FRACTION)
        require(bool(holder.positions), Reason.NOTHING)
        require(self.legs_valid(holder), Reason.PRICE)
        markets = sorted(holder.positions)
        before = self.assess(holder)
        for m in markets:
            self._close_part(account, holder, m, f)
        conceded = max(0, before.equity - self.assess(holder).equity)
        self._check_margin(holder, before, conceded, sum(self.prices[m] // LOTS for m in markets))
        self._note_band(account)
        return conceded

    def _close_part(self, account: int, holder: Account, market: int, f: int) -> None:
        """One leg of close_fraction, at the mark ± spread and with its fee: a touch of its market."""
        mp, price = self._listed(market), self.prices[market]
        state = self._accrue(market)
        lots = holder.positions[market][0] // LOT
        size = liquidation.ceil_lots(f, abs(lots)) * (-1 if lots > 0 else 1)
        fill = carry.fill_price(price, state.skew, size, mp, spread=True)
        require(fill > 0, Reason.FILL)
        fee = carry.trade_fee(price, state.skew, size, mp)
        realised = self._apply(holder, market, size * LOT, fill)
        self.ledger.move_cash(account, self.pool_id, fee - realised)
        self._touch([market])
