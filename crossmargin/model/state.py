"""What the venue stores, how a call is undone, and the touch of a market."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from .carry import Indices, Market, accrue, borrow_rate, oi_scale, price_float, skew_fraction
from .ledger import Account, Ledger
from .margin import lent
from .maths import BPS, MICRO, clamp
from .params import MarketParams, Params, Reason, Reject, require
from .pool import NO_SHARE, Holding, Share, add, contribution, requirement, utilisation
from .shares import Book, Tranche
from .waterfall import Claim

# Parameters of a market that trades are checked against and that nothing stored depends on.
LIMITS = {"max_oi", "max_oi_quote", "share", "min_notional"}

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="Store")


class Clock(NamedTuple):
    """W-2, in seconds: when the pool was first seen short of capital, and when last. Both 0 while it stands."""

    start: int = 0
    last: int = 0


class Closing(NamedTuple):
    """W-3: when a market began to close, when it was last sampled, Σ dt (s) and Σ P·dt (WAD·s)."""

    start: int
    last: int
    seconds: int = 0
    total: int = 0


class MarginCall(NamedTuple):
    """A call of an account's own found it inside the band (entered) or outside it, unlike the last one."""

    account: int
    entered: bool


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


class Flags(NamedTuple):
    """Switches of the venue (spec 5), times in seconds.

    paused: no increases. shutting_down: no quote leaves accounts until claims_open. last_prices: they count as valid.
    grace_until: no liquidation before it. sequencer_down; sequencer_since: when it came back, None if it never fell.
    """

    paused: bool = False
    shutting_down: bool = False
    claims_open: bool = False
    last_prices: bool = False
    grace_until: int = 0
    shutdown_time: int = 0
    sequencer_down: bool = False
    sequencer_since: int | None = None


class Store:
    """State of the venue. Prices: underlying → WAD quote; an invalid price keeps its last value.

    Account ids are `owner << 96 | sub_id`; the LP pool is `pool_owner << 96`. The cover pool is `cover_id`, unless told
    otherwise the LP pool's sub-account 1. Everything that a call can change and that is not in the ledger or in a market
    is replaced, never altered, so that what `_UNDONE` names can be put back.
    """

    _UNDONE = ("sums", "books", "params", "markets", "flags", "clock", "claims", "closings", "in_band")

    def __init__(
        self, params: Params, time: int = 1, pool_owner: int = 1, cover_id: int | None = None
    ) -> None:
        self.params = params
        self.time = time
        self.pool_id = pool_owner << 96
        self.cover_id = self.pool_id | 1 if cover_id is None else cover_id
        self.prices: dict[int, int] = {m: 0 for m in sorted(params.markets)}
        self.valid: dict[int, bool] = {}
        self.ledger = Ledger()
        self.markets = {m: Market(time=time) for m in sorted(params.markets)}
        self.sums: Share = NO_SHARE
        self.books: Mapping[Tranche, Book] = {t: Book() for t in Tranche}
        self.flags = Flags()
        self.clock = Clock()
        self.claims: Mapping[int, Claim] = {}
        self.closings: Mapping[int, Closing] = {}
        self.in_band: frozenset[int] = frozenset()
        self.margin_calls: list[MarginCall] = []
        self._open = False
        self._undo: dict[int, Market] = {}
        self._saved: dict[str, Any] = {}
        self._told = 0

    def _begin(self) -> None:
        self._open = True
        self._undo = {}
        self._saved = {name: getattr(self, name) for name in self._UNDONE}
        self._told = len(self.margin_calls)
        self.ledger.begin()

    def _rollback(self) -> None:
        for name, value in self._saved.items():
            setattr(self, name, value)
        self.markets.update(self._undo)
        del self.margin_calls[self._told :]
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

    def set_sequencer(self, up: bool) -> None:
        """What the chain's sequencer feed says from now on."""
        since = self.time if up and self.flags.sequencer_down else self.flags.sequencer_since
        self.flags = self.flags._replace(sequencer_down=not up, sequencer_since=since)

    def warp(self, seconds: int) -> None:
        """Let time pass. Validity of prices by age is the caller's to set."""
        self.time += seconds

    # ---- reading -------------------------------------------------------------------------------
    @property
    def shares(self) -> Mapping[int, int]:
        """Shares of the LP pool by holder, without those in escrow."""
        return self.books[Tranche.POOL].holders

    @property
    def supply(self) -> int:
        """All shares of the LP pool."""
        return self.books[Tranche.POOL].supply

    def account(self, account: int) -> Account:
        """The account as stored (for reading); an unknown one is empty."""
        return self.ledger.get(account)

    def is_protocol(self, account: int) -> bool:
        """Whether the id belongs to the contract of the LP pool or of the cover pool (spec 1)."""
        return account >> 96 in (self.pool_id >> 96, self.cover_id >> 96)

    def tranche_id(self, tranche: Tranche) -> int:
        """The account of a pool."""
        return self.pool_id if tranche is Tranche.POOL else self.cover_id

    def priced(self, underlying: int) -> bool:
        """Whether its price is valid, as the last one is at the end of a shutdown (W-3)."""
        last = self.flags.last_prices and self.prices.get(underlying, 0) > 0
        return last or self.valid.get(underlying, False)

    def price_of(self, market: int) -> int:
        """What a position in a market is valued at: P_s once it is settled (W-3), WAD."""
        state = self.markets[market]
        return state.mark if state.settled else self.prices[market]

    def underlyings(self, account: Account) -> set[int]:
        """Underlyings whose prices the account depends on: not those of settled markets (W-3)."""
        assets = self.params.assets
        held = {m for m in account.positions if not self.markets[m].settled}
        return held | {assets[a].underlying for a in account.collateral}

    def legs_valid(self, account: Account) -> bool:
        """Whether every underlying the account depends on has a valid price."""
        return all(self.priced(u) for u in self.underlyings(account))

    def indices(self, market: int) -> Indices:
        """F-1 brought to now, without storing; those of a settled market stand still."""
        state = self.markets[market]
        if state.settled:
            return Indices(state.index_long, state.index_short, state.rate)
        return accrue(state, self.params.markets[market], self.time)

    def holdings(
        self, at_words: bool = False, instead: Mapping[int, tuple[int, int]] | None = None
    ) -> list[Holding]:
        """The pool's inventory per underlying, netting with the market's skew at P̂ (or at the word price).

        `instead` gives other marks (WAD) and skews (lots) for some markets. A settled market is at P_s in either case.
        """
        amounts: dict[int, int] = {}
        for asset, amount in self.ledger.get(self.pool_id).collateral.items():
            u = self.params.assets[asset].underlying
            amounts[u] = amounts.get(u, 0) + amount
        found = []
        for u, amount in amounts.items():
            market, price = self.markets[u], self.prices[u]
            mark = price if at_words and not market.settled else market.mark
            mark, skew = (instead or {}).get(u, (mark, market.skew))
            found.append(Holding(amount, price, mark, skew, self.params.markets[u]))
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
        """Parameters of a market that is listed and not settled."""
        mp = self.params.markets.get(market)
        require(mp is not None and mp.listed, Reason.MARKET)
        require(not self.markets[market].settled, Reason.SETTLED)
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
        A settled market keeps what it has.
        """
        state = self.markets.get(market)
        if state and not state.settled:
            self._accrue(market)
        self.params = replace(self.params, markets={**self.params.markets, market: mp})
        if state is None:
            self.markets = {**self.markets, market: Market(time=self.time)}
            self.prices.setdefault(market, 0)
        elif not state.settled:
            limit = mp.clamp * 10**5  # 1e-4 a day to 1e-9 a day
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
