"""An OracleAdapter over real Chainlink contracts, and the words it should hold."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import boa
import pytest

from crossmargin.processes import Anvil
from tests.support.chainlink import ZERO, boa_mock, boa_proxy

WAD = 10**18
USD = 10**8  # most feeds have eight decimals
HOUR = 3600
DAY = 86400
WEEK = 7 * DAY
QUOTE = 255
VALID, STALE, INVALID = 0, 2, 4
U40 = 2**40 - 1

NO_MARKET = "oracle: no such market"


def wad_price(answer: int, decimals: int, quote_answer: int = USD, quote_decimals: int = 8) -> int:
    """floor(asset/USD / quote/USD) in WAD."""
    asset = Fraction(answer, 10**decimals)
    return WAD * asset // Fraction(quote_answer, 10**quote_decimals)


def now() -> int:
    return boa.env.timestamp


def wait(seconds: int) -> int:
    """Move the clock; returns the new time."""
    boa.env.timestamp = now() + seconds
    return now()


def pack(price: int, time: int, checked: int, until: int, state: int) -> int:
    """A price word."""
    return price | time << 96 | checked << 136 | until << 176 | state << 216


def feed_of(
    source: object,
    decimals: int = 8,
    max_age: int = HOUR,
    min_answer: int = 1,
    max_answer: int = 10**15,
) -> tuple[object, int, int, int, int]:
    """A Feed struct; bounds in the source's own units."""
    return (getattr(source, "address", source), decimals, max_age, min_answer, max_answer)


@dataclass(frozen=True)
class Venue:
    """The contract, its owner, and the quote's source."""

    oracle: Any
    owner: str
    quote: Any

    def set_feed(self, market: int, feed: tuple) -> None:
        with boa.env.prank(self.owner):
            self.oracle.set_feed(market, feed)

    def set_quote_feed(self, feed: tuple) -> None:
        with boa.env.prank(self.owner):
            self.oracle.set_quote_feed(feed)

    def market(self, market: int, answer: int, decimals: int = 8, **settings: int) -> Any:
        """List a MockV3Aggregator behind a proxy; returns the mock."""
        mock = boa_mock(decimals, answer)
        self.set_feed(market, feed_of(boa_proxy(mock), decimals, **settings))
        return mock

    def price(self, market: int) -> Any:
        return self.oracle.prices([market])[0]

    def state(self, market: int) -> int:
        return self.price(market).state


@pytest.fixture(scope="session")
def adapter():
    return boa.load_partial("contracts/OracleAdapter.vy")


@pytest.fixture(scope="session")
def hostile_feed():
    return boa.load_partial("tests/contracts/feeds/HostileFeed.vy")


@pytest.fixture(autouse=True)
def clean():
    with boa.env.anchor():
        yield


@pytest.fixture
def owner():
    return boa.env.generate_address("owner")


@pytest.fixture
def outsider():
    return boa.env.generate_address("outsider")


@pytest.fixture
def bare(adapter, owner):
    """An adapter without any feed."""
    return Venue(adapter.deploy(owner, ZERO), owner, None)


@pytest.fixture
def venue(bare, node_modules):
    """The quote is at 1.00 USD, good for a day, in the bounds 0.5 ... 2."""
    quote = boa_mock(8, USD)
    venue = Venue(bare.oracle, bare.owner, quote)
    venue.set_quote_feed(feed_of(boa_proxy(quote), 8, DAY, USD // 2, 2 * USD))
    return venue


@pytest.fixture(scope="module")
def anvil():
    """A chain of the module's own: its tests set the time and stop automatic mining."""
    with Anvil() as chain:
        yield chain.url
