"""What the venue stores, how a call is undone, and the touch of a market."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from .carry import Indices, Market, accrue, borrow_rate, oi_scale, price_float, skew_fraction
from .ledger import Account, Ledger
from .margin import lent
from .maths import BPS, MICRO, clamp
from .params import MarketParams, Params, Reason, Reject, require
from .pool import NO_SHARE, Holding, Share, add, contribution, requirement, utilisation

# Parameters of a market that trades are checked against and that nothing stored depends on.
LIMITS = {"max_oi", "max_oi_quote", "share", "min_notional"}

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="Store")


def atomic(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """A call applies as a whole or raises and leaves no trace. A call inside a call is part of it."""

    @wraps(method)
    def call(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._open:
            return method(self, *args, **kwargs)
        self._begin()
        try:
            return method(self, *args, **kwargs)
        except BaseException:
            self._rollback()
            raise
        finally:
            self._open = False

    return call


class Store:
    """State of the venue. Prices: underlying → WAD quote; an invalid price keeps its last value.

    Account ids are `owner << 96 | sub_id`; the pool is `pool_owner << 96`, the cover fund the same with sub id 1.
    """

    def __init__(self, params: Params, time: int = 0, pool_owner: int = 1) -> None:
        self.params = params
        self.time = time
        self.pool_id = pool_owner << 96
        self.cover_id = self.pool_id | 1
        self.prices: dict[int, int] = {m: 0 for m in sorted(params.markets)}
        self.valid: dict[int, bool] = {}
        self.ledger = Ledger()
        self.markets = {m: Market(time=time) for m in sorted(params.markets)}
        self.sums: Share = NO_SHARE
        self.supply = 0
        self.shares: dict[int, int] = {}
        self._open = False
        self._undo: dict[int, Market] = {}
        self._saved: tuple[Any, ...] = ()

    def _begin(self) -> None:
        self._open = True
        self._undo = {}
        self._saved = (self.sums, self.supply, self.shares, self.params, self.markets)
        self.ledger.begin()

    def _rollback(self) -> None:
        self.sums, self.supply, self.shares, self.params, self.markets = self._saved
        self.markets.update(self._undo)
        self.ledger.rollback()

    def dry_run(self, call: str, *args: Any, **kwargs: Any) -> Any:
        """What a call would return or raise; the state stays as it is."""
        self._begin()
        try:
            return getattr(self, call)(*args, **kwargs)
        finally:
            self._rollback()
            self._open = False

    def refusal(self, call: str, *args: Any, **kwargs: Any) -> Reason | None:
        """The class of reason a call must fail with now, or None when it must succeed."""
        try:
            self.dry_run(call, *args, **kwargs)
        except Reject as error:
            return error.reason
        return None

    # ---- the world outside ---------------------------------------------------------------------
    def set_price(self, underlying: int, price: int, valid: bool = True) -> None:
        """The word of one underlying: WAD quote, and whether it is in state 0 (O-1)."""
        self.prices[underlying] = price
        self.valid[underlying] = valid

    def warp(self, seconds: int) -> None:
        """Let time pass. Validity of prices by age is the caller's to set."""
        self.time += seconds

    # ---- reading -------------------------------------------------------------------------------
    def account(self, account: int) -> Account:
        """The account as stored (for reading); an unknown one is empty."""
        return self.ledger.get(account)

    def is_protocol(self, account: int) -> bool:
        """Whether the id belongs to the pool's contract."""
        return account >> 96 == self.pool_id >> 96

    def legs_valid(self, account: Account) -> bool:
        """Whether every underlying the account holds has a valid price."""
        valid, assets = self.valid, self.params.assets
        return all(valid.get(m, False) for m in account.positions) and all(
            valid.get(assets[a].underlying, False) for a in account.collateral
        )

    def indices(self, market: int) -> Indices:
        """F-1 brought to now, without storing."""
        return accrue(self.markets[market], self.params.markets[market], self.time)

    def holdings(self, at_words: bool = False) -> list[Holding]:
        """The pool's inventory per underlying, netting with the market at P̂ (or at the word price)."""
        amounts: dict[int, int] = {}
        for asset, amount in self.ledger.get(self.pool_id).collateral.items():
            u = self.params.assets[asset].underlying
            amounts[u] = amounts.get(u, 0) + amount
        found = []
        for u, amount in amounts.items():
            market, price = self.markets[u], self.prices[u]
            mark = price if at_words else market.mark
            found.append(Holding(amount, price, mark, market.skew, self.params.markets[u]))
        return found

    def inventory_value(self) -> int:
        """Σ ⌊inv·P·(1 − d_c)⌋ at word prices, each underlying rounded once, WAD."""
        lendable = self.lendable(self.ledger.get(self.pool_id))
        return sum(lent(self.prices[u], amount) for u, amount in lendable.items())

    def lendable(self, account: Account) -> dict[int, int]:
        """Per underlying Σ coll·(1e4 − d_c): WAD tokens in bps."""
        found: dict[int, int] = {}
        for asset, amount in account.collateral.items():
            ap = self.params.assets[asset]
            found[ap.underlying] = found.get(ap.underlying, 0) + amount * (BPS - ap.discount)
        return found

    def stored_reduced_equity(self) -> int:
        """U-0 from the sums of the last touches, inventory at word prices: the R of trades, WAD."""
        cash = self.ledger.get(self.pool_id).cash
        return cash + (self.sums[4] - self.sums[5]) * MICRO + self.inventory_value()

    def stored_utilisation(self) -> int:
        """U-1 from the sums of the last touches, in WAD, rounded up."""
        net, gross = requirement(self.sums, self.holdings(), self.params)
        return utilisation(self.stored_reduced_equity(), net, gross, self.params)

    # ---- writing -------------------------------------------------------------------------------
    def _listed(self, market: int) -> MarketParams:
        mp = self.params.markets.get(market)
        require(mp is not None and mp.listed, Reason.MARKET)
        return mp

    def _edit_market(self, market: int) -> Market:
        state = self.markets[market]
        if market not in self._undo:
            self._undo[market] = state.copy()
        return state

    def _accrue(self, market: int) -> Market:
        """First half of a touch (F-1): indices, rate and time become those of now."""
        state = self._edit_market(market)
        state.index_long, state.index_short, state.rate = self.indices(market)
        state.time = self.time
        return state

    def _touch(self, markets: Iterable[int]) -> int:
        """Second half: k, o, P̂ and the sums of each market, then one u and b for all of them; returns u (WAD).

        Cash and inventory must be final. The sums move by the difference to what the last touch added.
        """
        touched = [self.markets[m] for m in markets]
        for m, state in zip(markets, touched):
            mp = self.params.markets[m]
            state.skew_fraction = skew_fraction(state.skew, mp.skew_scale)
            state.oi_scale = oi_scale(state.long, state.short, mp)
            state.mark = price_float(self.prices[m])
            self._share(state, mp, self.indices(m))
        u = self.stored_utilisation()
        rate = borrow_rate(u, self.params)
        for state in touched:
            state.borrow = rate
        return u

    # ---- parameters ----------------------------------------------------------------------------
    @atomic
    def set_market(self, market: int, mp: MarketParams) -> None:
        """Set all of a market's parameters, as the Configurator does, or list a new one.

        What is stored by time or in the sums follows: carry is brought to now under the old parameters, the rate is
        clamped into the new ones, and the contribution of U-1 is taken anew at P̂. k, b and o wait for a touch.
        """
        listed = market in self.markets
        if listed:
            self._accrue(market)
        self.params = replace(self.params, markets={**self.params.markets, market: mp})
        if not listed:
            self.markets = {**self.markets, market: Market(time=self.time)}
            self.prices.setdefault(market, 0)
            return
        state, limit = self.markets[market], mp.clamp * 10**5  # 1e-4 a day to 1e-9 a day
        state.rate = clamp(state.rate, -limit, limit)
        self._share(state, mp, self.indices(market))

    @atomic
    def configure_market(self, market: int, **changes: Any) -> None:
        """Set some fields of a market's parameters; limits alone (`max_oi` … `min_notional`) leave its state as it is."""
        mp = replace(self.params.markets[market], **changes)
        if set(changes) <= LIMITS:
            self.params = replace(self.params, markets={**self.params.markets, market: mp})
        else:
            self.set_market(market, mp)

    def _share(self, state: Market, mp: MarketParams, indices: Indices) -> None:
        """Put a market's contribution at P̂ into the sums in place of what the last touch put there."""
        fresh = contribution(state, mp, state.mark, indices)
        self.sums = add(add(self.sums, fresh), state.share, -1)
        state.share = fresh

    @atomic
    def configure(self, **changes: Any) -> None:
        """Set fields of `Params` other than the markets; nothing stored depends on them."""
        self.params = replace(self.params, **changes)
