"""The Lens over a venue with its real pool and OrderBook; accounts of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import boa
import pytest

from tests.support.venue import account_of
from tests.support.words import ASSETS, WAD, AssetParams, Setup
from tests.unit.liquidity_pool.world import BTC, DOGE, ETH, LINK, SOL, World, busy, compiled, world

# DOGE as well: a wei of it is worth less than a wei of quote.
BACKING = (*ASSETS, AssetParams("DOGE", 18, DOGE, 1_000))


@dataclass
class Seen:
    """A world, what looks at it, and the accounts in it."""

    w: World
    lens: Any
    quotes: Any
    risks: Any
    orders: Any
    accounts: dict[str, int]

    @property
    def ids(self) -> list[int]:
        """All accounts, in the order in which they were made."""
        return list(self.accounts.values())

    def health(self, account: int) -> tuple[int, int, int, int]:
        """The PositionManager's own answer."""
        return tuple(self.w.v.manager.account_health(account))


def inhabited(w: World) -> dict[str, int]:
    """One account of each kind; DOGE's open interest is beyond the level from which IM is scaled."""
    v = w.v
    found = dict(zip(("long", "mixed", "short"), busy(w)))
    found["nobody"] = account_of(w.outsider, 7)
    found["cash"] = w.account("cash", 50)
    found["collateral"] = v.deposit(boa.env.generate_address("holder"), 3 * 10**8, v.tokens[0])
    carry = boa.env.generate_address("cash and carry")
    found["hedged"] = v.deposit(carry, 10 * 10**8, v.tokens[0])
    w.trade_quote(found["hedged"], BTC, -500_000)
    both = boa.env.generate_address("two kinds")
    found["five"] = v.deposit(both, w.units(20_000))
    v.deposit(both, 5 * WAD, v.tokens[1])
    for market, quote in ((BTC, 200_000), (ETH, -90_000), (SOL, 60_000), (LINK, 40_000), (DOGE, -30_000)):
        w.trade_quote(found["five"], market, quote)
    found["scaled"] = w.account("scaled", 2_000_000)
    w.trade_quote(found["scaled"], DOGE, 4_500_000)
    found["debtor"] = v.deposit(boa.env.generate_address("debtor"), 10**5, v.tokens[0])
    v.move(found["debtor"], v.pool_account, 40 * WAD)
    found["dust"] = v.deposit(boa.env.generate_address("dust"), 1, v.tokens[2])
    found["pool"] = v.pool_account
    return found


def looked_at(w: World) -> Seen:
    """Deploy OrderBook, QuoteLens and Lens; markets trade ten seconds after the commitment, LINK at once, SOL is closed."""
    v = w.v
    orders = compiled("contracts/OrderBook.vy").deploy(v.manager.address, v.owner)
    v.manager.set_role(orders.address, 1, sender=v.configurator)
    for market in (BTC, ETH, DOGE):
        orders.set_timing(market, (10, 600, 300), sender=v.owner)
    orders.set_timing(LINK, (0, 600, 300), sender=v.owner)
    quotes = compiled("contracts/QuoteLens.vy").deploy(v.manager.address, orders.address)
    risks = compiled("contracts/RiskLens.vy").deploy(v.manager.address)
    lens = compiled("contracts/Lens.vy").deploy(
        v.manager.address, orders.address, v.liquidator, v.pool, quotes.address, risks.address
    )
    return Seen(w, lens, quotes, risks, orders, inhabited(w))


@pytest.fixture(scope="session")
def seen_once() -> Seen:
    return looked_at(world(replace(Setup(), assets=BACKING)))


@pytest.fixture
def seen(seen_once: Seen) -> Iterator[Seen]:
    prices = list(seen_once.w.v.prices)
    with boa.env.anchor():
        yield seen_once
    seen_once.w.v.prices[:] = prices
