"""The course of the demo: fund, open books, replay prices tick by tick, wait for the keepers, measure.

`Scenario` knows the order of things and no chain; `Venue` is what it asks of one. Keepers and liquidators are no part of
either: they are programs of their own, and the scenario only waits for what they do.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from crossmargin.demo.books import BPS, Book, Plan, Trade, notional_to_size
from crossmargin.demo.paths import PricePath
from crossmargin.demo.result import HEALTH_CAP, WAD, Conservation, DemoResult, Gas, Liquidation, Tick
from crossmargin.demo.waterfall import Waterfall
from crossmargin.errors import CrossmarginError
from crossmargin.processes import Child

SETTLE_SECONDS = 6.0  # how long a tick waits for the bots before what is left counts as left
START_SECONDS = 60.0  # the same while the bots are still starting
POLL_SECONDS = 0.01
QUIET_SECONDS = 0.4  # without a transaction: the liquidator has done what it can for a pool short of capital
SETUP_SECONDS = 3600  # of the chain before the first tick: for deployment, deposits and the first orders


class DemoError(CrossmarginError):
    """The demo cannot go on; the message is one line that says what to do."""


@dataclass(frozen=True)
class State:
    """The venue now. Amounts and utilisations in WAD; `health`: account -> E / MM in bps, of those with positions.

    `share_price`: quote token units for 1e18 shares of the pool. `cover_nav`: the cover pool's equity.
    """

    pool_nav: int
    share_price: int
    cover: int
    utilisation_net: int
    utilisation_gross: int
    open_interest: int
    health: Mapping[int, int]
    cover_nav: int = 0


@dataclass(frozen=True)
class Totals:
    """What the whole run added up to, read from the events of the chain. Amounts in WAD."""

    liquidations: tuple[Liquidation, ...]
    orders: Mapping[str, int]
    fees_paid: int
    funding_paid: int
    borrow_paid: int
    gas: tuple[Gas, ...]
    conservation: Conservation
    waterfall: Waterfall = field(default_factory=Waterfall)


class Venue(Protocol):
    """A deployed venue, as far as the demo needs one. Accounts are places in the plan; sizes are signed WAD."""

    def deploy(self, timestamp: int, prices: Mapping[str, int], quote: int) -> str:
        """Deploy tokens, feeds and contracts from `timestamp` on; returns what the feeds are."""

    def provide(self, provider: int, amount: int) -> None:
        """A liquidity provider puts in `amount` of quote, in smallest units."""

    def insure(self, provider: int, amount: int) -> None:
        """A liquidity provider puts `amount` of quote in the cover pool."""

    def open_account(self, account: int, book: Book) -> None:
        """Give the account's owner gas and tokens, and deposit them."""

    def bots(self) -> Sequence[Child]:
        """The keeper and liquidator programs, not yet started."""

    def now(self) -> int:
        """Time of the latest block."""

    def push(self, timestamp: int, prices: Mapping[str, int], quote: int) -> None:
        """Move the chain's clock to `timestamp` and publish a round on every feed there."""

    def step(self) -> bool:
        """Let what the bots have sent happen; True if there was any."""

    def submit(self, account: int, market: str, size: int, reduce_only: bool = False) -> None:
        """Prepare a market order; `commit` sends it."""

    def commit(self) -> None:
        """Commit the orders that were submitted. What the venue refuses is counted and left."""

    def affordable(self, account: int, market: str, size: int) -> int:
        """The part of `size` that `quote_order` allows, a multiple of a lot, possibly zero."""

    def order_delay(self) -> int:
        """Seconds between the commit of an order and the first round that may execute it."""

    def pending_orders(self) -> frozenset[object]:
        """Orders neither executed nor expired."""

    def liquidatable(self) -> frozenset[int]:
        """Accounts below maintenance."""

    def equity(self, account: int) -> int:
        """Equity of an account in WAD quote."""

    def position(self, account: int, market: str) -> int:
        """Size of a position."""

    def close_fraction(self, account: int, fraction: int) -> None:
        """Reduce the whole book in proportion; `fraction` in WAD."""

    def withdraw(self, account: int, share: int) -> None:
        """Withdraw `share` (bps) of the quote that margin allows."""

    def redeem(self, provider: int, share: int) -> None:
        """A liquidity provider leaves with `share` (bps) of its shares, at once or after the pool's cooldown."""

    def short(self) -> bool:
        """Whether the pool is short of capital (W-2)."""

    def close_market(self, market: str) -> None:
        """Begin to wind a market down."""

    def sample(self, market: str) -> bool:
        """Somebody has its price counted; True once sampling is over and the market can be settled."""

    def settle_market(self, market: str) -> None:
        """Fix its settlement price."""

    def open_in(self, market: str) -> frozenset[int]:
        """Accounts with a position in it."""

    def settle(self, account: int, market: str) -> None:
        """Close a position in it at the settlement price."""

    def state(self) -> State:
        """The venue after the last block."""

    def totals(self) -> Totals:
        """What the run added up to."""


class Watcher(Protocol):
    """Is told how the demo goes."""

    def stage(self, text: str) -> None:
        """A new part begins."""

    def tick(self, number: int, tick: Tick) -> None:
        """A tick is over."""


class Scenario:
    """One run of the demo on one venue."""

    def __init__(
        self,
        venue: Venue,
        path: PricePath,
        plan: Plan,
        watcher: Watcher,
        start: Callable[[Child], object],
        check: Callable[[], None],
        seed: int,
    ) -> None:
        """`start` starts a bot and keeps it; `check` raises if a bot has stopped."""
        self._venue = venue
        self._path = path
        self._plan = plan
        self._watcher = watcher
        self._start = start
        self._check = check
        self._seed = seed
        self._due = list(plan.trades)
        self._moves = list(plan.moves)
        self._settling = False  # the wound down market has its price
        self._cover_nav = 0
        self._opened = 0  # accounts with a position before the first tick
        self._given_up: frozenset[object] = frozenset()  # what no bot did in time: not waited for again

    def run(self) -> DemoResult:
        """From an empty chain to the result."""
        began = time.monotonic()
        self._set_up()
        self._opened = self._count_open()
        before = self._venue.state()
        self._watcher.stage(f"replaying {len(self._path)} ticks")
        ticks = tuple(self._tick(number) for number in range(len(self._path)))
        self._watcher.stage("adding up")
        return self._result(before, ticks, began)

    # ---- set-up --------------------------------------------------------------------------------

    def _set_up(self) -> None:
        self._watcher.stage("deploying tokens, feeds and contracts")
        # The books open before the first tick, at its prices.
        begin = self._path.timestamps[0] - SETUP_SECONDS
        feeds = self._venue.deploy(begin, self._path.at(0), self._path.quote[0])
        self._watcher.stage(f"prices come from {feeds}")
        self._watcher.stage(f"{len(self._plan.providers)} liquidity providers deposit")
        for provider, amount in enumerate(self._plan.providers):
            self._venue.provide(provider, amount)
        for provider, amount in enumerate(self._plan.cover):
            self._venue.insure(provider, amount)
        self._watcher.stage(f"{len(self._plan.books)} accounts deposit")
        for account, book in enumerate(self._plan.books):
            self._venue.open_account(account, book)
        self._watcher.stage("starting keeper and liquidator")
        for bot in self._venue.bots():
            self._start(bot)
        self._watcher.stage("opening the books")
        self._open_books()

    def _open_books(self) -> None:
        """Round by round, one leg of each account at a time: a later leg may need the margin an earlier one frees."""
        for leg in range(max((len(book.targets) for book in self._plan.books), default=0)):
            for account, book in enumerate(self._plan.books):
                if leg < len(book.targets):
                    target = book.targets[leg]
                    self._order(account, target.market, target.size)
            self._execute(0, START_SECONDS)

    def _count_open(self) -> int:
        """Accounts that hold any position of their book."""
        return sum(
            any(self._venue.position(account, target.market) for target in book.targets)
            for account, book in enumerate(self._plan.books)
        )

    def _order(self, account: int, market: str, size: int, reduce_only: bool = False) -> None:
        """Submit it, cut down to what the account can afford."""
        size = size if reduce_only else self._venue.affordable(account, market, size)
        if size:
            self._venue.submit(account, market, size, reduce_only)

    def _execute(self, tick: int, seconds: float | None = None) -> None:
        """Commit what was submitted, publish the round that executes it, at the tick's prices, wait for the keeper."""
        self._venue.commit()
        moment = self._venue.now() + self._venue.order_delay() + 1
        self._venue.push(moment, self._path.at(tick), self._path.quote[tick])
        self._settle(seconds)

    # ---- the run -------------------------------------------------------------------------------

    def _tick(self, number: int) -> Tick:
        moment = max(self._venue.now() + 1, self._path.timestamps[number])
        self._venue.push(moment, self._path.at(number), self._path.quote[number])
        self._settle()
        self._move(number)
        if self._trade(number):
            self._execute(number)
        self._rescue()
        self._wind_down(number)
        tick = self._measure(number)
        self._watcher.tick(number, tick)
        return tick

    def _is_due(self, permille: int, number: int) -> bool:
        return permille * len(self._path) <= number * 1000

    def _move(self, number: int) -> None:
        """Withdrawals and exits that are due."""
        due = [move for move in self._moves if self._is_due(move.permille, number)]
        self._moves = self._moves[len(due) :]
        for move in due:
            (self._venue.redeem if move.exit else self._venue.withdraw)(move.who, move.share)

    def _trade(self, number: int) -> bool:
        """Do what is due; True if orders wait for a round."""
        due = [trade for trade in self._due if self._is_due(trade.permille, number)]
        self._due = self._due[len(due) :]
        return any([self._do(trade, number) for trade in due])

    def _do(self, trade: Trade, number: int) -> bool:
        """True if it left an order."""
        if trade.market is None:
            self._venue.close_fraction(trade.account, trade.reduce * WAD // BPS)
            return False
        if trade.reduce:
            held = self._venue.position(trade.account, trade.market)
            size = notional_to_size(-held * trade.reduce // BPS, WAD)
        else:
            worth = self._venue.equity(trade.account) * trade.add // BPS
            price = self._path.at(number)[trade.market] * WAD // self._path.quote[number]
            size = notional_to_size(worth, price)
        self._order(trade.account, trade.market, size, reduce_only=bool(trade.reduce))
        return size != 0

    def _settle(self, seconds: float | None = None) -> None:
        """Wait until the bots have nothing left to do, or long enough."""
        deadline = time.monotonic() + (SETTLE_SECONDS if seconds is None else seconds)
        while (left := self._left()) - self._given_up:
            self._check()
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
            self._venue.step()
        self._given_up = left

    def _left(self) -> frozenset[object]:
        left: frozenset[object] = frozenset(self._venue.liquidatable()) | self._venue.pending_orders()
        return left | {("open", account) for account in self._open()}

    def _open(self) -> frozenset[int]:
        return self._venue.open_in(self._plan.closing or "") if self._settling else frozenset()

    # ---- the deeper end ------------------------------------------------------------------------

    def _rescue(self) -> None:
        """While the pool is short of capital, give the liquidator time for its alarm and for deleveraging."""
        now = time.monotonic()
        quiet, deadline = now + QUIET_SECONDS, now + SETTLE_SECONDS
        while self._plan.terms and self._venue.short() and time.monotonic() < min(quiet, deadline):
            self._check()
            time.sleep(POLL_SECONDS)
            if self._venue.step():
                quiet = time.monotonic() + QUIET_SECONDS

    def _wind_down(self, number: int) -> None:
        """Close the plan's market with the first of the last ticks, sample it at the others, settle it when that is over."""
        market, ticks_left = self._plan.closing, len(self._path) - number
        if market is None or ticks_left > self._plan.closing_ticks or self._settling:
            return
        if ticks_left == self._plan.closing_ticks:
            self._watcher.stage(f"winding {market} down")
            self._venue.close_market(market)
        elif self._venue.sample(market):
            self._venue.settle_market(market)
            self._settling = True
            self._settle()
            for account in sorted(self._open()):  # what no bot did anybody may
                self._venue.settle(account, market)

    def _measure(self, number: int) -> Tick:
        state = self._venue.state()
        self._cover_nav = state.cover_nav
        health = tuple(min(value, HEALTH_CAP) for value in state.health.values())
        return Tick(
            timestamp=self._path.timestamps[number],
            prices=self._path.at(number),
            quote=self._path.quote[number],
            pool_nav=state.pool_nav,
            share_price=state.share_price,
            cover=state.cover,
            utilisation_net=state.utilisation_net,
            utilisation_gross=state.utilisation_gross,
            open_interest=state.open_interest,
            unhealthy=sum(value < BPS for value in health),
            health=health,
        )

    # ---- the end -------------------------------------------------------------------------------

    def _result(self, before: State, ticks: tuple[Tick, ...], began: float) -> DemoResult:
        totals = self._venue.totals()
        return DemoResult(
            source=self._path.source,
            notes=self._path.notes,
            seed=self._seed,
            symbols=self._path.symbols,
            accounts=len(self._plan.books),
            opened=self._opened,
            providers=len(self._plan.providers),
            deposited=sum(book.equity for book in self._plan.books),
            ticks=ticks,
            liquidations=tuple(
                replace(row, tick=self._tick_of(row.timestamp)) for row in totals.liquidations
            ),
            gas=totals.gas,
            conservation=totals.conservation,
            pool_nav_start=before.pool_nav,
            share_price_start=before.share_price,
            cover_start=before.cover,
            orders=totals.orders,
            fees_paid=totals.fees_paid,
            funding_paid=totals.funding_paid,
            borrow_paid=totals.borrow_paid,
            seconds=time.monotonic() - began,
            deep=self._plan.terms is not None,
            cover_nav_start=before.cover_nav,
            cover_nav_end=self._cover_nav,
            waterfall=replace(totals.waterfall, kinds={book.name: book.kind for book in self._plan.books}),
        )

    def _tick_of(self, timestamp: int) -> int:
        return max(0, bisect_right(self._path.timestamps, timestamp) - 1)
