"""`liquidate`: Q-1, Q-2, W-1, dead legs, grace (spec 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from . import liquidation, margin, waterfall
from .doors import Doors
from .ledger import Account
from .liquidation import Charges, Rates
from .margin import Assessment
from .maths import BPS, LOT, LOTS, WAD, ceil_div
from .params import Reason, require
from .state import atomic

LIQUIDATED, HEALTHY, NO_PRICE, EMPTY = range(4)
IN_GRACE, UNSETTLED = 5, 6
GRACE = 900  # seconds after an un-pause, and after the sequencer came back


class Slice(NamedTuple):
    """Result of a liquidation. reason: 0 liquidated, 1 healthy, 2 no valid price, 3 neither positions nor debt,
    5 in grace, 6 a position in a settled market."""

    fraction: int
    reward: int
    reason: int


class Liquidated(NamedTuple):
    """The same with what was closed (Σ ⌊P·lots⌋ a leg), what cover pool and LP pool paid, and the first's part: WAD quote."""

    slice: Slice
    notional: int = 0
    bad_debt: int = 0
    by_cover: int = 0


class Leg(NamedTuple):
    """A position about to be sliced: lots are signed, rates are Q-2, value is P-2 in WAD."""

    market: int
    lots: int
    rates: Rates
    value: int


class Liquidations(Doors):
    """Liquidations. The order of reasons: 3, 6, 5, then 2 or 1."""

    def in_grace(self, holder: Account) -> bool:
        """Whether its liquidation waits: after an un-pause, and with a price to read for the chain's sequencer."""
        flags, now = self.flags, self.time
        back = flags.sequencer_since is not None and now - flags.sequencer_since < GRACE
        prices = bool(self.underlyings(holder))
        return now < flags.grace_until or (prices and (flags.sequencer_down or back))

    @atomic
    def liquidate(self, account: int, keeper_cost: int, reward_account: int) -> Slice:
        """Q-1, Q-2, W-1. Rejects only a reward to the account itself; K is held at `keeper_cap`, 0 with debt alone."""
        return self.liquidate_in_full(account, keeper_cost, reward_account).slice

    @atomic
    def liquidate_in_full(self, account: int, keeper_cost: int, reward_account: int) -> Liquidated:
        """`liquidate` with what it closed and wrote off.

        b is that of a pool that pays all bad debt itself, before the reward. What the cover pool pays of it comes last, out
        of what it has after the charges (and the reward, if that is its own).
        """
        require(reward_account != account, Reason.OWNER)
        dead = self.dead_prices(self.ledger.get(account))
        skip = self._reason_to_skip(account, dead)
        if skip:
            return Liquidated(Slice(0, 0, skip))
        holder = self.ledger.edit(account)
        markets = sorted(m for m in holder.positions if m not in dead)
        for m in markets:
            self._accrue(m)
        cost = min(keeper_cost, self.params.keeper_cap) if holder.positions or holder.collateral else 0
        a = self.assess(holder, dead)
        legs = [self._leg(holder, m) for m in markets]
        f = WAD if dead else self._fraction(a, legs, cost)
        due, notional = self._slice_positions(account, holder, legs, f, cost)
        self._slice_collateral(account, holder, f, dead)
        reward = self._book_charges(account, liquidation.affordable(due, holder.cash) if f == WAD else due)
        debt = 0 if dead or f < WAD else max(0, -holder.cash)
        self.ledger.move_cash(self.pool_id, account, debt)
        self._touch(markets)
        self.ledger.move_cash(self.cover_id, reward_account, reward)
        return Liquidated(Slice(f, reward, LIQUIDATED), notional, debt, self._claim(debt, legs))

    # ---- whether -------------------------------------------------------------------------------
    def dead_prices(self, holder: Account) -> dict[int, int]:
        """Prices without which the account is, moved by w of their market in its favour: WAD.

        Up where base + collateral of the underlying is positive, down where it is negative.
        """
        found = {}
        for u in self.underlyings(holder):
            if self.priced(u):
                continue
            net = holder.positions.get(u, (0, 0))[0] + self.collateral_of(holder, u)
            move = ceil_div(self.prices[u] * self.params.markets[u].w, BPS)
            found[u] = self.prices[u] + (move if net > 0 else -move if net < 0 else 0)
        return found

    def collateral_of(self, holder: Account, underlying: int) -> int:
        assets = self.params.assets
        return sum(x for a, x in holder.collateral.items() if assets[a].underlying == underlying)

    def _reason_to_skip(self, account: int, dead: Mapping[int, int]) -> int:
        """Reason to skip, or 0, looked at in this order: nothing to liquidate, settle first, grace, price or health."""
        holder = self.ledger.get(account)
        if self.is_protocol(account) or not holder.owes:
            return EMPTY
        if any(self.markets[m].settled for m in holder.positions):
            return UNSETTLED
        if self.in_grace(holder):
            return IN_GRACE
        if dead and not self.underlyings(holder) - dead.keys():
            return NO_PRICE
        if margin.is_liquidatable(self.assess(holder, dead), holder.owes):
            return LIQUIDATED
        return NO_PRICE if dead else HEALTHY

    # ---- how much ------------------------------------------------------------------------------
    def _leg(self, holder: Account, market: int) -> Leg:
        base, quote = holder.positions[market]
        mp, price = self.params.markets[market], self.prices[market]
        rates = liquidation.rates(base // LOT, self.markets[market].skew, mp, self.params)
        return Leg(market, base // LOT, rates, self.value(market, base, quote, price))

    def _fraction(self, a: Assessment, legs: list[Leg], cost: int) -> int:
        """Q-1 over all legs, WAD."""
        pen = sum(liquidation.penalty(x.rates.total, self.prices[x.market], abs(x.lots)) for x in legs)
        return liquidation.fraction(a.equity, a.raw, pen, cost, self.params)

    def _claim(self, debt: int, legs: list[Leg]) -> int:
        """W-1: the LP pool paid a debt, the cover pool gives it back what it grants for it; books the claims. Returns that."""
        values = {x.market: x.value for x in legs}
        cash, share = self.ledger.get(self.cover_id).cash, self.params.cover_share
        granted, self.claims = waterfall.grant(debt, values, cash, share, self.claims, self.time)
        self.ledger.move_cash(self.cover_id, self.pool_id, granted)
        return granted

    def claim_used(self, bucket: int) -> int:
        """used_m of a market (or bucket 32) now, WAD: at the cover pool's cash of now."""
        cap = waterfall.cap_of(max(0, self.ledger.get(self.cover_id).cash), self.params.cover_share)
        claim = self.claims.get(bucket)
        return waterfall.used(claim, cap, self.time) if claim else 0

    # ---- the books -----------------------------------------------------------------------------
    def _slice_positions(
        self, account: int, holder: Account, legs: list[Leg], f: int, cost: int
    ) -> tuple[Charges, int]:
        """Close the slice of every leg at the mark; what is due for it (Q-2, each rounded up), and Σ ⌊P·lots⌋."""
        pool = cover = keeper = notional = 0
        for market, lots, rates, _ in legs:
            price = self.prices[market]
            closed = liquidation.ceil_lots(f, abs(lots))
            size = closed * (-LOT if lots > 0 else LOT)
            realised = self._apply(holder, market, size, price)
            self.ledger.move_cash(self.pool_id, account, realised)
            pool += liquidation.penalty(rates.pool, price, closed)
            cover += liquidation.penalty(rates.cover, price, closed)
            keeper += liquidation.penalty(rates.keeper, price, closed)
            notional += price * closed // LOTS
        return Charges(pool, cover, keeper, cost), notional

    def _slice_collateral(self, account: int, holder: Account, f: int, dead: Mapping[int, int]) -> None:
        """Hand ⌈f·coll⌉ of each live collateral to the pool for ⌊P·a·(1 − d_c)⌋."""
        for asset in sorted(holder.collateral):
            ap = self.params.assets[asset]
            if ap.underlying in dead:
                continue
            amount = ceil_div(f * holder.collateral[asset], WAD)
            self.ledger.add_collateral(account, asset, -amount)
            self.ledger.add_collateral(self.pool_id, asset, amount)
            credit = margin.discounted(self.prices[ap.underlying], amount, ap.discount)
            self.ledger.move_cash(self.pool_id, account, credit)

    def _book_charges(self, account: int, paid: Charges) -> int:
        """Charges to LP pool and cover pool, the keeper's share through the cover pool; returns the reward."""
        self.ledger.move_cash(account, self.pool_id, paid.pool)
        reward = liquidation.reward(paid, self.params)
        self.ledger.move_cash(account, self.cover_id, paid.cover + paid.cost + paid.keeper)
        return reward
