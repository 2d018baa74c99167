"""Calls that change positions: trade, close_fraction, liquidate."""

from __future__ import annotations

from typing import NamedTuple

from . import carry, liquidation, margin
from .doors import Doors
from .ledger import Account
from .liquidation import Charges, Rates
from .margin import Assessment
from .maths import BPS, LOT, LOTS, MICRO, WAD, ceil_div
from .params import MAX_LEGS, MarketParams, Reason, require
from .state import atomic

LIQUIDATED, HEALTHY, NO_PRICE, EMPTY = range(4)


class Filled(NamedTuple):
    """Result of a trade: size after a reduce-only clip, fill price, fee, realised (WAD)."""

    size: int
    price: int
    fee: int
    realised: int


class Slice(NamedTuple):
    """Result of a liquidation. reason: 0 liquidated, 1 healthy, 2 no valid price, 3 neither positions nor debt."""

    fraction: int
    reward: int
    reason: int


class Leg(NamedTuple):
    """A position about to be sliced: lots are signed, rates are Q-2."""

    market: int
    lots: int
    rates: Rates


class Venue(Doors):
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
            require(u <= WAD, Reason.UTILISATION)
            self._check_caps(holder, market, size, mp)
        require(self.valid.get(market, False) and self.legs_valid(holder), Reason.PRICE)
        conceded = fee + (keeper_fee if before and before.headroom >= 0 and keeper != account else 0)
        self._check_margin(holder, before, conceded, self.prices[market] // LOTS)
        return Filled(size, fill, fee, realised)

    def _check_order(self, market: int, size: int, price: int) -> tuple[int, MarketParams]:
        """The market, the execution band and whole lots. Returns P_x and the market's parameters."""
        mp = self._listed(market)
        mark = self.prices[market]
        price = price or mark
        require(abs(price - mark) * BPS <= self.params.exec_band * mark, Reason.BAND)
        require(size % LOT == 0, Reason.SIZE)
        return price, mp

    def _apply(self, holder: Account, market: int, size: int, price: int) -> int:
        """P-1 on the position and the market's book; returns what was realised. Carry must be accrued."""
        state = self._edit_market(market)
        base, quote = holder.positions.get(market, (0, 0))
        indices = carry.Indices(state.index_long, state.index_short, state.rate)
        after = carry.apply_trade(base, quote, size, price, indices)
        if after.base:
            holder.positions[market] = (after.base, after.quote)
        else:
            holder.positions.pop(market, None)
        carry.book(state, base, after.base, after.quote - quote)
        return after.realised

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

        Ascending markets, no caps, one margin check at the end (spec 4). f in WAD, 0 < f ≤ 1.
        """
        holder = self._trader(account)
        require(0 < f <= WAD, Reason.FRACTION)
        require(bool(holder.positions), Reason.NOTHING)
        require(self.legs_valid(holder), Reason.PRICE)
        markets = sorted(holder.positions)
        for m in markets:
            self._accrue(m)
        before = self.assess(holder)
        for m in markets:
            self._close_part(account, holder, m, f)
        self._touch(markets)
        conceded = max(0, before.equity - self.assess(holder).equity)
        self._check_margin(holder, before, conceded, sum(self.prices[m] // LOTS for m in markets))
        return conceded

    def _close_part(self, account: int, holder: Account, market: int, f: int) -> None:
        """One leg of close_fraction, at the mark ± spread and with its fee."""
        mp, state, price = self.params.markets[market], self.markets[market], self.prices[market]
        lots = holder.positions[market][0] // LOT
        size = liquidation.ceil_lots(f, abs(lots)) * (-1 if lots > 0 else 1)
        fill = carry.fill_price(price, state.skew, size, mp, spread=True)
        require(fill > 0, Reason.FILL)
        fee = carry.trade_fee(price, state.skew, size, mp)
        realised = self._apply(holder, market, size * LOT, fill)
        self.ledger.move_cash(account, self.pool_id, fee - realised)

    # ---- liquidation ---------------------------------------------------------------------------
    @atomic
    def liquidate(self, account: int, keeper_cost: int, reward_account: int) -> Slice:
        """Q-1, Q-2, W-1. Rejects only a reward to the account itself; K is held at `keeper_cap`, 0 with debt alone.

        b is that of the pool after W-1 and before the reward; a reward to the cover fund is the fund's to pay with in W-1.
        """
        require(reward_account != account, Reason.OWNER)
        skip = self._not_liquidatable(account)
        if skip:
            return Slice(0, 0, skip)
        holder = self.ledger.edit(account)
        markets = sorted(holder.positions)
        for m in markets:
            self._accrue(m)
        cost = min(keeper_cost, self.params.keeper_cap) if markets or holder.collateral else 0
        a = self.assess(holder)
        legs = [self._leg(holder, m) for m in markets]
        pen = sum(liquidation.penalty(x.rates.total, self.prices[x.market], abs(x.lots)) for x in legs)
        f = liquidation.fraction(a.equity, a.raw, pen, cost, self.params)
        due = self._slice_positions(account, holder, legs, f, cost)
        self._slice_collateral(account, holder, f)
        paid = liquidation.affordable(due, holder.cash) if f == WAD else due
        reward = self._book_charges(account, paid)
        debt = max(0, -holder.cash) if f == WAD else 0
        by_cover = self._absorb(account, debt, reward)
        self._touch(markets)
        self.ledger.move_cash(self.cover_id, reward_account, reward)
        if reward_account == self.cover_id:
            more = min(max(0, self.ledger.get(self.cover_id).cash), debt - by_cover, reward)
            self.ledger.move_cash(self.cover_id, self.pool_id, more)
        return Slice(f, reward, LIQUIDATED)

    def _not_liquidatable(self, account: int) -> int:
        """Reason to skip, or 0: nothing to liquidate, no valid price, healthy, looked at in this order."""
        holder = self.ledger.get(account)
        if self.is_protocol(account) or not holder.owes:
            return EMPTY
        if not self.legs_valid(holder):
            return NO_PRICE
        return LIQUIDATED if margin.is_liquidatable(self.assess(holder), holder.owes) else HEALTHY

    def _leg(self, holder: Account, market: int) -> Leg:
        lots = holder.positions[market][0] // LOT
        mp = self.params.markets[market]
        return Leg(market, lots, liquidation.rates(lots, self.markets[market].skew, mp, self.params))

    def _slice_positions(self, account: int, holder: Account, legs: list[Leg], f: int, cost: int) -> Charges:
        """Close the slice of every position at the mark; returns what is due for it (Q-2, each rounded up)."""
        pool = cover = keeper = 0
        for market, lots, rates in legs:
            price = self.prices[market]
            closed = liquidation.ceil_lots(f, abs(lots))
            size = closed * (-LOT if lots > 0 else LOT)
            realised = self._apply(holder, market, size, price)
            self.ledger.move_cash(self.pool_id, account, realised)
            pool += liquidation.penalty(rates.pool, price, closed)
            cover += liquidation.penalty(rates.cover, price, closed)
            keeper += liquidation.penalty(rates.keeper, price, closed)
        return Charges(pool, cover, keeper, cost)

    def _slice_collateral(self, account: int, holder: Account, f: int) -> None:
        """Hand ⌈f·coll⌉ of each collateral to the pool for ⌊P·a·(1 − d_c)⌋."""
        for asset in sorted(holder.collateral):
            ap = self.params.assets[asset]
            amount = ceil_div(f * holder.collateral[asset], WAD)
            self.ledger.add_collateral(account, asset, -amount)
            self.ledger.add_collateral(self.pool_id, asset, amount)
            credit = margin.discounted(self.prices[ap.underlying], amount, ap.discount)
            self.ledger.move_cash(self.pool_id, account, credit)

    def _book_charges(self, account: int, paid: Charges) -> int:
        """Charges to pool and cover fund, the keeper's share through the cover fund; returns the reward."""
        self.ledger.move_cash(account, self.pool_id, paid.pool)
        reward = liquidation.reward(paid, self.params)
        kept = paid.cover + paid.cost + paid.keeper - reward
        self.ledger.move_cash(account, self.cover_id, kept)
        self.ledger.move_cash(account, self.cover_id, reward)
        return reward

    def _absorb(self, account: int, debt: int, held: int) -> int:
        """W-1: with everything closed, negative cash is paid by the cover fund, the rest by the pool; returns the first.

        `held` is the reward that lies in the cover fund's account until it is handed on: not the fund's to use.
        """
        by_cover = min(max(0, self.ledger.get(self.cover_id).cash - held), debt)
        self.ledger.move_cash(self.cover_id, account, by_cover)
        self.ledger.move_cash(self.pool_id, account, debt - by_cover)
        return by_cover
