"""A venue with 10 million in its pool; Configurator, OrderBook, Liquidator and pool contract are plain accounts."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import boa
import pytest

from tests.support.venue import Venue, build
from tests.support.words import WAD

USDC = 10**6
BTC, ETH, SOL, LINK, DOGE = range(5)


@pytest.fixture(scope="session")
def deployed() -> Venue:
    venue = build()
    venue.lp_deposit(10_000_000 * USDC)
    return venue


@pytest.fixture
def v(deployed: Venue) -> Iterator[Venue]:
    # boa's record of written slots outlives its anchors
    boa.env.sstore_trace.clear()
    deployed.prices[:] = [m.price for m in deployed.setup.markets]
    with boa.env.anchor():
        yield deployed


@pytest.fixture(scope="session")
def who() -> SimpleNamespace:
    """People by role."""
    names = ("trader", "other", "keeper", "outsider", "receiver")
    return SimpleNamespace(**{name: str(boa.env.generate_address(name)) for name in names})


@pytest.fixture
def account(v: Venue, who: SimpleNamespace) -> int:
    """The trader's account with 10,000 quote."""
    return v.deposit(who.trader, 10_000 * USDC)


@pytest.fixture
def long(v: Venue, account: int) -> int:
    """The same account, long one bitcoin: notional 50,000, w 4.31 %, so MM 2,155 and IM 3,232.5."""
    v.trade(account, BTC, WAD)
    return account


@pytest.fixture
def indebted(v: Venue, who: SimpleNamespace) -> int:
    """An account with 10 ether and -1,000 quote or a little more, flat: what a closed loss leaves."""
    account = v.deposit(who.trader, 10 * 10**18, v.tokens[1])
    v.trade(account, BTC, WAD)
    v.set_price(BTC, 49_000 * WAD)
    v.trade(account, BTC, -WAD)
    return account
