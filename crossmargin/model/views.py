"""Everything that can be asked without changing anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from . import carry, checks, margin, pool
from .ledger import Account
from .margin import Assessment, Health, State
from .maths import BPS, LOT, LOTS, ceil_div, floor_tokens
from .params import QUOTE, Reason, require
from .pool import PoolState
from .state import Store

SHOCK_LIMIT = 100_000  # bps: the search for a shock ends at elevenfold prices


class Solvency(NamedTuple):
    """Terms of the `solvency` view, WAD quote. pool_equity is U-0 before the premium (the last term) is taken off."""

    tokens: int
    credited: int
    pool_cash: int
    cover_cash: int
    debt: int
    pool_equity: int
    reduced_equity: int
    net_margin: int
    gross_margin: int


class Views(Store):
    """Health, fills and the pool, from the stored state with carry brought to now."""

    # ---- accounts ------------------------------------------------------------------------------
    def assess(self, account: Account, prices: Mapping[int, int] | None = None) -> Assessment:
        """E, Σ P-2, IM, MM (M-2 … M-4) at the words, or at injected prices; carry is brought to now."""
        words = self.prices if prices is None else {**self.prices, **prices}
        params, collateral = self.params, {}
        equity, pnl, legs = account.cash, 0, []
        for asset, amount in account.collateral.items():
            ap = params.assets[asset]
            equity += margin.discounted(words[ap.underlying], amount, ap.discount)
            collateral[ap.underlying] = collateral.get(ap.underlying, 0) + amount
        for m, (base, quote) in account.positions.items():
            indices = self.indices(m)
            pnl += carry.value(base, quote, words[m], indices.long if base > 0 else indices.short)
            legs.append(self._exposure(m, words[m], base, collateral.pop(m, 0)))
        for u, amount in collateral.items():
            legs.append(self._exposure(u, words[u], 0, amount))
        initial, maintenance = margin.requirements(legs, params, bool(account.positions))
        return Assessment(equity + pnl, pnl, initial, maintenance)

    def _exposure(self, u: int, price: int, base: int, collateral: int) -> margin.Exposure:
        return margin.exposure(price, base, collateral, self.params.markets[u], self.markets[u].oi_scale)

    def health(self, account: int) -> Health:
        """(E, IM, MM, state) of M-4; zeros and NO_PRICE while a leg has no valid price."""
        holder = self.ledger.get(account)
        if not self.legs_valid(holder):
            return Health(0, 0, 0, State.NO_PRICE)
        return self._health(holder, None)

    def health_at(self, account: int, prices: Mapping[int, int]) -> Health:
        """Health with some or all prices replaced (WAD); validity is not looked at."""
        return self._health(self.ledger.get(account), prices)

    def _health(self, holder: Account, prices: Mapping[int, int] | None) -> Health:
        a = self.assess(holder, prices)
        state = margin.state_of(a, holder.cash, bool(holder.positions), self.params)
        return Health(a.equity, a.initial, a.maintenance, state)

    def risk_equity(self, account: int) -> int:
        """M-5: E_risk."""
        return margin.risk_equity(self.assess(self.ledger.get(account)), self.params)

    def free_equity(self, account: int) -> int:
        """M-5: E_free."""
        return margin.free_equity(self.assess(self.ledger.get(account)))

    def position(self, account: int, market: int) -> tuple[int, int]:
        """(base, quote) in WAD; zeros when there is none."""
        return self.ledger.get(account).positions.get(market, (0, 0))

    def shocked(self, x: int) -> dict[int, int]:
        """Prices after a common move of x bps of the first listed market: P_u·(1 + x·β_u/β_ref), rounded down."""
        markets = self.params.markets
        unit = BPS * next(markets[m].beta for m in sorted(markets) if markets[m].listed)
        return {u: p * (unit + x * markets[u].beta) // unit for u, p in self.prices.items()}

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
        betas = {u: self.params.markets[u].beta for u in self.prices}
        ref = next(mp.beta for _, mp in sorted(self.params.markets.items()) if mp.listed)
        lowest = -((BPS * ref - 1) // max(betas.values()))
        found = [self._edge(holder, far) for far in (lowest, SHOCK_LIMIT)]
        moves = [x for x in found if x is not None]
        return min(moves, key=abs) if moves else None

    def _breaks(self, holder: Account, x: int) -> bool:
        a = self.assess(holder, self.shocked(x))
        return margin.is_liquidatable(a, holder.cash, bool(holder.positions))

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
        """U-0 in WAD and U-1 at current prices and indices, recomputed from every market (LP flows)."""
        held = self.ledger.get(self.pool_id)
        sums, reduced, _ = self._recomputed()
        net, gross = pool.requirement(sums, self.holdings(at_words=True), self.params)
        return PoolState(held.cash, self.ledger.debt, reduced, net, gross, self.prices_valid())

    def _recomputed(self) -> tuple[pool.Share, int, int]:
        """(terms of U-1 at word prices, R, R before the premium)."""
        sums = pool.NO_SHARE
        equity = self.ledger.get(self.pool_id).cash + self.inventory_value()
        premium = 0
        for m, state in self.markets.items():
            if not (state.long or state.short or state.quote):
                continue
            price, indices, mp = self.prices[m], self.indices(m), self.params.markets[m]
            sums = pool.add(sums, pool.contribution(state, mp, price, indices))
            equity += carry.pool_value(state, price, indices)
            premium += ceil_div(price * state.skew**2, 2 * mp.skew_scale * LOTS)
        return sums, equity - premium, equity

    def prices_valid(self) -> bool:
        """Every market with open interest, and every underlying the pool has inventory in, has a valid price."""
        markets = (m for m, s in self.markets.items() if s.long or s.short)
        return all(self.valid.get(m, False) for m in markets) and self.legs_valid(
            self.ledger.get(self.pool_id)
        )

    def total_assets(self) -> int:
        """Spec 7: max(0, ⌊R in tokens⌋), token units."""
        return max(0, floor_tokens(self._recomputed()[1], self.params.quote_decimals))

    def preview_deposit(self, assets: int) -> int:
        """Shares for an entry by assets (token units), rounded down."""
        return pool.shares_for(assets, self.supply, self.total_assets(), self.params.quote_decimals)

    def preview_mint(self, shares: int) -> int:
        """Assets for an entry by shares, rounded up."""
        return pool.assets_for(shares, self.supply, self.total_assets(), self.params.quote_decimals, up=True)

    def preview_withdraw(self, assets: int) -> int:
        """Shares for an exit by assets, rounded up."""
        return pool.shares_for(assets, self.supply, self.total_assets(), self.params.quote_decimals, up=True)

    def preview_redeem(self, shares: int) -> int:
        """Assets for an exit by shares, rounded down."""
        return pool.assets_for(shares, self.supply, self.total_assets(), self.params.quote_decimals)

    def solvency(self) -> Solvency:
        """All terms of solvency; tokens in WAD of what the door took in and did not give back."""
        sums, reduced, equity = self._recomputed()
        net, gross = pool.requirement(sums, self.holdings(at_words=True), self.params)
        credited = self.ledger.credited[QUOTE]
        cash = self.ledger.get(self.pool_id).cash
        cover = self.ledger.get(self.cover_id).cash
        return Solvency(credited, credited, cash, cover, self.ledger.debt, equity, reduced, net, gross)

    def invariants(self) -> list[str]:
        """Identities of the books that do not hold, by id; empty when all is well."""
        return checks.broken(self)
