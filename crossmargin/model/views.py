"""Everything that can be asked without changing anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from . import carry, checks, margin, pool
from .ledger import Account
from .margin import Assessment, Health, State
from .maths import BPS, LOT, LOTS, WAD, ceil_div
from .params import QUOTE, Reason, require
from .pool import PoolState
from .state import Store

SHOCK_LIMIT = 100_000  # bps: the search for a shock ends at elevenfold prices


class Solvency(NamedTuple):
    """Terms of the `solvency` view, WAD quote; the last two from the sums of the last touches (U-0, U-1)."""

    tokens: int
    credited: int
    pool_cash: int
    cover_cash: int
    debt: int
    reduced_equity: int
    utilisation: int


class Views(Store):
    """Health, fills and the pool, from the stored state with carry brought to now."""

    # ---- accounts ------------------------------------------------------------------------------
    def assess(self, account: Account, prices: Mapping[int, int] | None = None) -> Assessment:
        """E, Σ P-2, IM, MM (M-2 … M-4) at the words, or at injected prices; carry is brought to now.

        A position in a settled market counts at P_s and is no exposure (W-3); with it too MM has its floor.
        """
        words = self.prices if prices is None else {**self.prices, **prices}
        params, collateral = self.params, {}
        equity, pnl, legs = account.cash, 0, []
        for asset, amount in account.collateral.items():
            u = params.assets[asset].underlying
            collateral[u] = collateral.get(u, 0) + amount
        for u, lendable in self.lendable(account).items():
            equity += margin.lent(words[u], lendable)
        for m, (base, quote) in account.positions.items():
            pnl += self.value(m, base, quote, words[m])
            if not self.markets[m].settled:
                legs.append(self._exposure(m, words[m], base, collateral.pop(m, 0)))
        for u, amount in collateral.items():
            legs.append(self._exposure(u, words[u], 0, amount))
        required = margin.requirements(legs, params, bool(account.positions))
        return Assessment(equity + pnl, pnl, *required)

    def value(self, market: int, base: int, quote: int, price: int) -> int:
        """P-2 of a position at `price`, or at P_s where the market is settled, with carry brought to now, WAD."""
        state, indices = self.markets[market], self.indices(market)
        index = indices.long if base > 0 else indices.short
        return carry.value(base, quote, state.mark if state.settled else price, index)

    def _exposure(self, u: int, price: int, base: int, collateral: int) -> margin.Exposure:
        scale = self.markets[u].oi_scale if base else 0
        return margin.exposure(price, base, collateral, self.params.markets[u], scale)

    def health(self, account: int) -> Health:
        """(E, IM, MM, state) of M-4, at the last words; the state is NO_PRICE while a leg has no valid price."""
        holder = self.ledger.get(account)
        found = self._health(holder, None)
        return found if self.legs_valid(holder) else found._replace(state=State.NO_PRICE)

    def health_at(self, account: int, prices: Mapping[int, int]) -> Health:
        """Health with some or all prices replaced (WAD); validity is not looked at."""
        return self._health(self.ledger.get(account), prices)

    def _health(self, holder: Account, prices: Mapping[int, int] | None) -> Health:
        a = self.assess(holder, prices)
        return Health(a.equity, a.initial, a.maintenance, margin.state_of(a, holder.owes, self.params))

    def risk_equity(self, account: int) -> int:
        """M-5: E_risk."""
        return margin.risk_equity(self.assess(self.ledger.get(account)), self.params)

    def free_equity(self, account: int) -> int:
        """M-5: E_free."""
        return margin.free_equity(self.assess(self.ledger.get(account)))

    def position(self, account: int, market: int) -> tuple[int, int]:
        """(base, quote) in WAD; zeros when there is none."""
        return self.ledger.get(account).positions.get(market, (0, 0))

    def shocked(self, x: int, one: int = BPS) -> dict[int, int]:
        """Prices after a common move of x (bps, or parts of `one`) of the first listed market: P_u·(1 + x·β_u/β_ref).

        Rounded down; β_ref is at least 1 bps.
        """
        markets = self.params.markets
        unit = one * self._beta_ref()
        return {u: p * (unit + x * markets[u].beta) // unit for u, p in self.prices.items()}

    def _beta_ref(self) -> int:
        markets = self.params.markets
        return max(1, next(markets[m].beta for m in sorted(markets) if markets[m].listed))

    def liquidation_shock(self, account: int) -> int | None:
        """x*: the smallest common move, in bps of the first listed market, that makes the account liquidatable.

        Negative is down; 0 if it is liquidatable now; None if no move does that leaves every price positive and
        is below SHOCK_LIMIT. E is linear and MM convex in x, so the healthy moves are an interval and bisection
        finds its ends, exact to one bps. Of two equal moves the one down is given.
        """
        holder = self.ledger.get(account)
        require(self.legs_valid(holder), Reason.PRICE)
        if self._breaks(holder, 0):
            return 0
        most = max(1, *(self.params.markets[u].beta for u in self.prices))
        lowest = -((BPS * self._beta_ref() - 1) // most)
        found = [self._edge(holder, far) for far in (lowest, SHOCK_LIMIT)]
        moves = [x for x in found if x is not None]
        return min(moves, key=abs) if moves else None

    def _breaks(self, holder: Account, x: int) -> bool:
        a = self.assess(holder, self.shocked(x))
        return margin.is_liquidatable(a, holder.owes)

    def _edge(self, holder: Account, far: int) -> int | None:
        if not self._breaks(holder, far):
            return None
        near = 0
        while abs(far - near) > 1:
            middle = (near + far) // 2
            near, far = (near, middle) if self._breaks(holder, middle) else (middle, far)
        return far

    # ---- markets -------------------------------------------------------------------------------
    def fill_price(self, market: int, size: int, price: int = 0, spread: bool = False) -> int:
        """P-3 for `size` (WAD) now; price 0 is the mark."""
        mp = self._listed(market)
        skew = self.markets[market].skew
        return carry.fill_price(price or self.prices[market], skew, size // LOT, mp, spread)

    # ---- the pool ------------------------------------------------------------------------------
    def pool_state(self) -> PoolState:
        """U-0 exactly, and U-1 with the sums in µ, recomputed from every market at current prices and indices (LP flows)."""
        cash, equity = self.ledger.get(self.pool_id).cash, self.pool_equity()
        reduced = equity - self.premium()
        net, gross = pool.requirement(self._recomputed(), self.holdings(at_words=True), self.params)
        return PoolState(
            cash,
            self.ledger.debt,
            equity,
            reduced,
            net,
            gross,
            pool.utilisation(reduced, net, gross, self.params),
            pool.exit_utilisation(reduced, net, gross, self.params),
            pool.tied_up(net, gross, self.params),
            self.prices_valid(),
        )

    def pool_equity(self) -> int:
        """R of U-0 and the premium: cash, every market (P-4; a settled one at P_s) and the inventory, WAD."""
        total = self.ledger.get(self.pool_id).cash + self.inventory_value()
        for m, x in self.markets.items():
            if x.long or x.short or x.quote:
                total += carry.pool_value(x, self.price_of(m), self.indices(m))
        return total

    def premium(self) -> int:
        """Σ ⌈P·skew²/(2K)⌉ of U-0, WAD; none is owed in a settled market (W-3)."""
        return sum(self._premium(m) for m, x in self.markets.items() if x.skew and not x.settled)

    def _premium(self, market: int) -> int:
        """⌈P·skew²/(2K)⌉ of U-0 in WAD."""
        skew, scale = self.markets[market].skew, self.params.markets[market].skew_scale
        return ceil_div(self.prices[market] * skew * skew, 2 * scale * LOTS)

    def _recomputed(self) -> pool.Share:
        """The sums of U-1 at word prices with carry brought to now."""
        sums = pool.NO_SHARE
        for m, state in self.markets.items():
            if state.long or state.short or state.quote:
                share = pool.contribution(state, self.params.markets[m], self.prices[m], self.indices(m))
                sums = pool.add(sums, share)
        return sums

    def prices_valid(self) -> bool:
        """Every market with open interest, and every underlying the pool has inventory in, has a valid price.

        Settled markets need none (W-3).
        """
        markets = (m for m, s in self.markets.items() if (s.long or s.short) and not s.settled)
        return all(self.priced(m) for m in markets) and self.legs_valid(self.ledger.get(self.pool_id))

    def discounts(self) -> int:
        """Σ ⌈inv·P·d_c⌉ of the inventory at word prices, each underlying rounded once, WAD."""
        parts: dict[int, int] = {}
        for asset, amount in self.ledger.get(self.pool_id).collateral.items():
            ap = self.params.assets[asset]
            parts[ap.underlying] = parts.get(ap.underlying, 0) + amount * ap.discount
        return sum(ceil_div(self.prices[u] * part, WAD * BPS) for u, part in parts.items())

    def solvency(self) -> Solvency:
        """All terms of solvency; tokens in WAD of what the door took in and did not give back."""
        credited = self.ledger.credited[QUOTE]
        cash = self.ledger.get(self.pool_id).cash
        cover = self.ledger.get(self.cover_id).cash
        reduced, used = self.stored_reduced_equity(), self.stored_utilisation()
        return Solvency(credited, credited, cash, cover, self.ledger.debt, reduced, used)

    def invariants(self) -> list[str]:
        """Identities of the books that do not hold, by id; empty when all is well."""
        return checks.broken(self)
