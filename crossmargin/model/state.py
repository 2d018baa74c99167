"""What the venue stores, how a call is undone, and the touch of a market."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from .carry import Indices, Market, accrue, borrow_rate, oi_scale, price_float, skew_fraction
from .ledger import Account, Ledger
from .margin import discounted
from .maths import MICRO
from .params import MarketParams, Params, Reason, Reject, require
from .pool import NO_SHARE, Holding, Share, add, contribution, requirement, utilisation

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
        self.prices: dict[int, int] = {}
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
        self._saved = (self.sums, self.supply, self.shares)
        self.ledger.begin()

    def _rollback(self) -> None:
        self.markets.update(self._undo)
        self.sums, self.supply, self.shares = self._saved
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
        """Σ ⌊inv·P·(1 − d_c)⌋ at word prices, WAD."""
        total = 0
        for asset, amount in self.ledger.get(self.pool_id).collateral.items():
            ap = self.params.assets[asset]
            total += discounted(self.prices[ap.underlying], amount, ap.discount)
        return total

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
            fresh = contribution(state, mp, state.mark, self.indices(m))
            self.sums = add(add(self.sums, fresh), state.share, -1)
            state.share = fresh
        u = self.stored_utilisation()
        rate = borrow_rate(u, self.params)
        for state in touched:
            state.borrow = rate
        return u
