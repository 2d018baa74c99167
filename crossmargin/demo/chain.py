"""The demo's venue on anvil: real contracts, real feeds, traders with keys of their own, bots as separate programs.

While the venue is set up every transaction has its own block. From the start of the bots on blocks are made here: one for
what traders do together, one for each round of prices, and one whenever a bot has sent something.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from eth_account import Account as Keys
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from crossmargin.artifacts import compiled
from crossmargin.bots.settings import environment_of
from crossmargin.client import Client, Order, Receipt, account_id
from crossmargin.client.abi import Call, load
from crossmargin.client.codec import LOT
from crossmargin.client.events import (
    Alarm,
    Deleveraged,
    Liquidated,
    OrderCancelled,
    OrderExecuted,
    OrderExpired,
    OrderFailed,
    Trade,
)
from crossmargin.demo import feeds
from crossmargin.demo.audit import conservation, waterfall
from crossmargin.demo.blocks import Blocks
from crossmargin.demo.books import BPS, QUOTE, Book, Plan
from crossmargin.demo.deep import configured
from crossmargin.demo.paths import DOLLAR, PricePath
from crossmargin.demo.record import Record, fees_of
from crossmargin.demo.scenario import SETUP_SECONDS, DemoError, Totals
from crossmargin.demo.views import Views
from crossmargin.deploy import COMPILED, deploy
from crossmargin.deployment import Deployment
from crossmargin.processes import Child
from crossmargin.sending import Sender

GAS_LIMIT = 100_000_000  # of a block: two of a bot's largest batches fit
GAS = 2_000_000  # limit of a trader's transaction, which is not estimated
SLACK = 5  # per cent that a market order's fill may be worse than the mark
POLL = "0.03"  # seconds between a bot's looks
DUTIES = {"keeper": (), "liquidator": ("--deleverage",)}  # options of each bot
CUTS = (100, 97, 93, 88, 80, 70, 60, 50, 40, 30, 20, 10)  # per cent of an order that are tried
LEDGER = 10 ** (18 - 6)  # WAD in a unit of the quote token


def anvil_options(path: PricePath) -> list[str]:
    """How to start the chain for a path."""
    genesis = path.timestamps[0] - SETUP_SECONDS - 60
    return ["--timestamp", str(genesis), "--gas-limit", str(GAS_LIMIT), "--accounts", "1"]


def prepare(say: Callable[[str], object]) -> None:
    """Have the contracts compiled before the clock runs; `say` is told if that takes a while."""
    compiled(COMPILED, say=say)


class ChainVenue(Views):
    """A `Venue` (see scenario.py) on the anvil at `url`: what is done there, beside what is seen."""

    def __init__(self, url: str, plan: Plan) -> None:
        self._traders = [_key(f"trader {i}") for i in range(len(plan.books))]
        super().__init__(account_id(key.address) for key in self._traders)
        self._url = url
        self._plan = plan
        self._blocks = Blocks(url)
        self._folder = TemporaryDirectory(prefix="crossmargin-demo-")
        self._owner = _key("owner")
        self._providers = [_key(f"provider {i}") for i in range(len(plan.providers))]
        self._bots = {name: _key(name) for name in DUTIES}
        self._feeds = feeds.available()
        self._queue: list[tuple[int, Order]] = []
        self._leaving: dict[str, int] = {}  # address of a provider -> when its exit may be finalised
        self._salt = 0

    def close(self) -> None:
        """Remove the files that the bots were given."""
        self._folder.cleanup()

    # ---- set-up --------------------------------------------------------------------------------

    def deploy(self, timestamp: int, prices: Mapping[str, int], quote: int) -> str:
        """Deploy everything; returns what the feeds are made of."""
        everyone = [self._owner, *self._providers, *self._traders, *self._bots.values()]
        self._blocks.begin(timestamp, [key.address for key in everyone])
        answers = {**prices, QUOTE: quote}
        self._feeds.deploy(Sender(self._blocks.w3, self._owner), answers)
        self._venue: Deployment = deploy(
            self._blocks.w3,
            configured(self._plan.terms),
            key=self._owner,
            markets=list(prices),
            feeds=self._feeds.addresses,
            prices={symbol: Fraction(answer, DOLLAR) for symbol, answer in answers.items()},
            out=self._folder.name,
        )
        self._feeds.adopt(self._venue.feeds)
        self._look(Client(self._blocks.w3, self._venue), self._venue.markets)
        names = {account: book.name for account, book in zip(self._ids, self._plan.books, strict=True)}
        listed = sum(1 << market for market in self._markets.values())
        self._record = Record(self._client, names, listed)
        return self._feeds.kind

    def provide(self, provider: int, amount: int) -> None:
        """A liquidity provider's deposit."""
        key = self._providers[provider]
        self._mint(QUOTE, key, amount)
        self._client.approve(key, self._venue.tokens[QUOTE], amount, self._venue.pool)
        self._note("pool_deposit", self._client.pool_deposit(key, amount))

    def insure(self, provider: int, amount: int) -> None:
        """A provider's deposit in the cover pool, before it earns anything: that would be nobody's."""
        key = self._providers[provider]
        self._mint(QUOTE, key, amount)
        self._client.approve(key, self._venue.tokens[QUOTE], amount, self._venue.cover)
        self._note("pool_deposit", self._client.pool_deposit(key, amount, pool="cover"))

    def open_account(self, account: int, book: Book) -> None:
        """Tokens for a trader, deposited with a permit."""
        key = self._traders[account]
        for deposit in book.deposits:
            self._mint(deposit.token, key, deposit.amount)
            token = self._venue.tokens[deposit.token]
            receipt = self._client.deposit_with_permit(key, self._ids[account], token, deposit.amount)
            self._note("deposit", receipt)

    def bots(self) -> Sequence[Child]:
        """Keeper and liquidator, each with a key and a connection of its own."""
        self._blocks.by_hand()
        self._mine()
        file = Path(self._folder.name) / f"{self._venue.chain_id}.json"
        options = ["--rpc", self._url, "--deployment", str(file), "--poll", POLL]
        return [
            Child(
                [sys.executable, "-m", f"crossmargin.bots.{name}", *options, *DUTIES[name]],
                name=name,
                env=environment_of(key),
            )
            for name, key in self._bots.items()
        ]

    def _mint(self, token: str, to: LocalAccount, amount: int) -> None:
        call = load("DevToken").call(self._venue.tokens[token], "mint", to.address, amount)
        self._client.send(self._owner, call)

    # ---- blocks --------------------------------------------------------------------------------

    def now(self) -> int:
        """Time of the latest block."""
        return self._blocks.now()

    def push(self, timestamp: int, prices: Mapping[str, int], quote: int) -> None:
        """A round on every feed, all in one block at `timestamp`, which must be later than the last."""
        calls = self._feeds.rounds({**prices, QUOTE: quote})
        self._send("feed_round", [(self._owner, call) for call in calls], timestamp)
        # A second later, so that no price word was looked up before the rounds in what the venue takes for one block.
        self._mine(timestamp + 1)
        self._finalise(timestamp + 1)

    def step(self) -> bool:
        """Make a block if anything waits for one."""
        if waiting := self._blocks.waiting():
            self._mine()
        return waiting

    def _mine(self, timestamp: int | None = None) -> None:
        self._block = self._blocks.mine(timestamp)
        self._record.block(self._block)

    def _send(
        self, operation: str, items: Sequence[tuple[LocalAccount, Call[Any]]], timestamp: int | None = None
    ) -> list[Receipt]:
        """Send these, make a block, look at their receipts. What was refused is counted."""
        sent = self._client.post_all(items, GAS)
        self._mine(timestamp)
        receipts = self._client.receipts(sent)
        for receipt in receipts:
            if receipt.ok:
                self._note(operation, receipt)
            elif operation == "feed_round":
                raise DemoError(
                    f"a feed refused its price ({receipt.reason or 'no reason'}): check the prices"
                )
            else:
                self._record.refused[operation] += 1
        return receipts

    def _note(self, operation: str, receipt: Receipt) -> None:
        self._record.gas[operation].append(receipt.gas_used)

    # ---- traders -------------------------------------------------------------------------------

    def affordable(self, account: int, market: str, size: int) -> int:
        """The largest of some parts of `size` that `quote_order` allows now."""
        for cut in CUTS:
            part = abs(size) * cut // 100 // LOT * LOT * (1 if size > 0 else -1)
            if part == 0:
                return 0
            if self._allowed(account, self._order(account, market, part, False)):
                return part
        return 0

    def _allowed(self, account: int, order: Order) -> bool:
        call = self._calls.call(
            "Lens", "quote_order", self._ids[account], order.as_tuple(), make=lambda row: row["ok"]
        )
        return self._client.read(call)

    def submit(self, account: int, market: str, size: int, reduce_only: bool = False) -> None:
        """Queue a market order for `commit`."""
        self._queue.append((account, self._order(account, market, size, reduce_only)))

    def commit(self) -> None:
        """Commit all queued orders in one block."""
        items = [(self._traders[account], self._calls.submit(order)) for account, order in self._queue]
        self._queue.clear()
        for receipt in self._send("submit_order", items) if items else []:
            self._pending |= {event.order_hash for event in receipt.events if hasattr(event, "order_hash")}

    def order_delay(self) -> int:
        """Seconds between the commit of an order and the first round that may execute it."""
        return int(self._venue.parameters["timing"]["delay"])

    def _order(self, account: int, market: str, size: int, reduce_only: bool) -> Order:
        mark = self._mark(market)
        worst = mark * (100 + SLACK) // 100 if size > 0 else mark * (100 - SLACK) // 100
        self._salt += 1
        return Order(self._ids[account], self._markets[market], size, worst, reduce_only, self._salt)

    def _mark(self, market: str) -> int:
        prices = self._now_read("prices", lambda: self._client.prices(sorted(self._markets.values())))
        return prices[sorted(self._markets.values()).index(self._markets[market])].price

    def close_fraction(self, account: int, fraction: int) -> None:
        """Reduce the whole book."""
        call = self._calls.close_fraction(self._ids[account], fraction)
        self._send("close_fraction", [(self._traders[account], call)])

    def withdraw(self, account: int, share: int) -> None:
        """Take out `share` (bps) of the quote that margin allows."""
        (row,) = self._client.accounts([self._ids[account]])
        free = min(row.cash - row.reserved, row.free_equity - row.initial) * share // BPS // LEDGER
        if free > 0:
            key, token = self._traders[account], self._venue.tokens[QUOTE]
            self._send(
                "withdraw", [(key, self._calls.withdraw(self._ids[account], token, free, key.address))]
            )

    def redeem(self, provider: int, share: int) -> None:
        """A liquidity provider takes `share` (bps) of its shares out, or asks to where there is a cooldown."""
        key = self._providers[provider]
        shares = self._client.balance_of(self._venue.pool, key.address) * share // BPS
        if not self._client.rates().pool_cooldown:
            self._send("pool_redeem", [(key, self._calls.pool_redeem(shares, key.address, key.address))])
            return
        self._send("request_exit", [(key, self._calls.request_exit(shares))])
        self._leaving[key.address] = self._client.pending_exit(key.address).ready_at

    def _finalise(self, now: int) -> None:
        """Pay out those whose cooldown is over; what the exit rules keep back is tried again at the next round."""
        ready = [owner for owner, ready_at in self._leaving.items() if ready_at <= now]
        for owner in ready:
            self._send("finalise_exit", [(self._owner, self._calls.finalise_exit(owner))])
            if not self._client.pending_exit(owner).shares:
                del self._leaving[owner]

    # ---- winding down ----------------------------------------------------------------------------

    def close_market(self, market: str) -> None:
        """The owner's decision."""
        self._send("close_market", [(self._owner, self._at_configurator("close_market", market))])

    def sample(self, market: str) -> bool:
        """By a provider, as anybody might; not when it is over."""
        number = self._markets[market]
        if over := self._client.closing(number).is_over(self._blocks.now()):
            return over
        self._send("sample", [(self._providers[0], self._calls.sample(number))])
        return False

    def settle_market(self, market: str) -> None:
        """By a provider, as anybody might."""
        self._send("settle_market", [(self._providers[0], self._calls.settle_market(self._markets[market]))])

    def settle(self, account: int, market: str) -> None:
        """By a provider, as anybody might."""
        call = self._calls.settle(self._ids[account], self._markets[market])
        self._send("settle", [(self._providers[0], call)])

    def _at_configurator(self, function: str, market: str) -> Call[Any]:
        return load("Configurator").call(self._venue.configurator, function, self._markets[market])

    # ---- adding up -------------------------------------------------------------------------------

    def _everyone(self) -> set[int]:
        """Every account that the events name, and every one that the demo knows."""
        bots = {account_id(key.address) for key in self._bots.values()}
        return {*self._client.known_accounts(), *self._ids, *bots}

    def totals(self) -> Totals:
        """From the events of the whole chain, after a last touch of every market."""
        live = [m for m, words in self._words().items() if not words.carry.settled]
        self._send("poke", [(self._owner, self._calls.poke(m)) for m in live])
        kinds = (
            OrderExecuted,
            OrderFailed,
            OrderExpired,
            OrderCancelled,
            Trade,
            Liquidated,
            Alarm,
            Deleveraged,
        )
        events = self._client.events(*kinds, with_gas=True)
        return Totals(
            liquidations=tuple(self._record.liquidations),
            orders=self._record.orders(events),
            fees_paid=fees_of(events),
            funding_paid=self._record.carried.funding,
            borrow_paid=self._record.carried.borrow,
            gas=self._record.gas_rows(events),
            conservation=conservation(self._client, self._venue, self._everyone()),
            waterfall=waterfall(self._client, self._venue, self._record.names),
        )


def _key(role: str) -> LocalAccount:
    return Keys.from_key(keccak(text=f"crossmargin demo {role}"))
