"""What the OrderBook's tests share besides fixtures. Amounts are WAD, times seconds, unless a name says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import boa
from eth_abi import encode
from eth_utils import keccak

from tests.support.venue import MAX, Venue, account_of

WAD = 10**18
LOT = 10**10
TOKEN = 10**6  # one unit of the venue's quote token
ETH = 1
NOW_MARKET = 2  # SOL, without a delay
CLOSED_MARKET = 3
FEE = 2 * 10**17
MAX_PENDING = 8
DELAY, WINDOW, AGE = TIMING = (10, 120, 60)
DEPOSIT = 10_000 * TOKEN
ORDER = "(uint256,uint256,int256,uint256,bool,uint256)"

EXECUTED, FAILED, SKIPPED, UNKNOWN = 1, 2, 3, 4
Order = tuple[int, int, int, int, bool, int]
Result = tuple[int, str]


def now() -> int:
    return boa.env.timestamp


def wait(seconds: int) -> int:
    """Move the clock; returns the new time."""
    boa.env.time_travel(seconds=seconds)
    return now()


def wait_until(time: int) -> None:
    assert time >= now()
    if time > now():
        boa.env.time_travel(seconds=time - now())


def order_of(
    account: int,
    size: int = WAD,
    market: int = ETH,
    worst: int | None = None,
    reduce_only: bool = False,
    salt: int = 0,
) -> Order:
    """An order at any price unless `worst` says otherwise."""
    return (account, market, size, (MAX if size > 0 else 0) if worst is None else worst, reduce_only, salt)


def hash_of(book: Any, order: Order) -> bytes:
    """The documented hash, computed here."""
    return keccak(encode(["uint256", "address", ORDER], [boa.env.evm.patch.chain_id, book.address, order]))


def update(round_id: int) -> bytes:
    """The price update that names a round."""
    return round_id.to_bytes(32, "big")


def results_of(answer: Any) -> list[Result]:
    return [(r.status, r.reason) for r in answer]


def events(book: Any) -> list[tuple[str, dict[str, Any]]]:
    """Name and fields of the book's own events in its last call."""
    return [
        (type(e).__name__, {k: v for k, v in e._asdict().items() if k != "address"})
        for e in book.get_logs()
        if getattr(e, "address", None) == book.address
    ]


def event(book: Any) -> tuple[str, dict[str, Any]]:
    """The last of them."""
    return events(book)[-1]


def fill_price(stage: Stage, price: int, size: int, market: int = ETH, spread: int = 0) -> int:
    """P-3 on an empty book: WAD, up for buys and down for sells. spread: 1e-6."""
    scale = stage.venue.setup.markets[market].scale * LOT
    side = 1 if size > 0 else -1
    exact = price * (1 + Fraction(size, 2 * scale)) * (1 + Fraction(side * spread, 10**6))
    return -(-exact.numerator // exact.denominator) if size > 0 else exact.numerator // exact.denominator


@dataclass
class Stage:
    """A venue, its OrderBook, and one trader with 10,000 of cash."""

    venue: Venue
    book: Any
    trader: str
    keeper: str
    outsider: str

    @property
    def account(self) -> int:
        return account_of(self.trader)

    def order(self, size: int = WAD, **fields: Any) -> Order:
        return order_of(fields.pop("account", self.account), size, **fields)

    def submit(self, order: Order, sender: str | None = None) -> bytes:
        return self.book.submit(order, sender=sender or self.trader)

    def submitted(self, size: int = WAD, **fields: Any) -> Order:
        """Submit an order of the trader's and return it."""
        order = self.order(size, **fields)
        self.submit(order)
        return order

    def publish(self, price: int, market: int = ETH) -> int:
        """A round in this second; returns its id."""
        self.venue.feeds[market].push(price // 10**10)
        self.venue.prices[market] = price
        return self.venue.feeds[market].latest()

    def due(self, price: int = 2_000 * WAD, market: int = ETH) -> int:
        """Let the delay pass and publish a price; returns its round."""
        wait(DELAY)
        return self.publish(price, market)

    def execute(
        self, *orders: Order, updates: list[bytes] | None = None, sender: str | None = None, **options: Any
    ) -> list[Result]:
        return results_of(
            self.book.execute(list(orders), updates or [], sender=sender or self.keeper, **options)
        )

    def status(self, order: Order) -> tuple[int, int, int, int]:
        return tuple(self.book.order_status(hash_of(self.book, order)))

    def is_pending(self, order: Order) -> bool:
        return self.status(order) != (0, 0, 0, 0)

    def reserved(self, account: int | None = None) -> int:
        return self.venue.vault.reserved(self.account if account is None else account)

    def cash(self, owner: str) -> int:
        return self.venue.manager.cash(account_of(owner))

    def base(self, market: int = ETH) -> int:
        return self.venue.manager.position(self.account, market)[0]


@dataclass
class FakeStage:
    """An OrderBook over a FakeCore."""

    core: Any
    book: Any
    owner: str
    trader: str
    keeper: str

    def fund(self, account: int) -> None:
        self.core.give(account, 100 * WAD)
        self.core.set_price(2_000 * WAD, 2**40)

    def submitted(self, sub: int = 0, salt: int = 0) -> Order:
        order = order_of(account_of(self.trader, sub), salt=salt)
        self.book.submit(order, sender=self.trader)
        return order

    def execute(self, *orders: Order, **options: Any) -> list[Result]:
        return results_of(self.book.execute(list(orders), [], sender=self.keeper, **options))

    def is_pending(self, order: Order) -> bool:
        return tuple(self.book.order_status(hash_of(self.book, order))) != (0, 0, 0, 0)
