"""An OrderBook over a whole venue (`stage`), and one over a scripted core for what the real one seldom does (`fake`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boa
import pytest

from tests.support.venue import Venue, account_of, build, load
from tests.unit.order_book.support import (
    DEPOSIT,
    ETH,
    NOW_MARKET,
    TIMING,
    TOKEN,
    FakeStage,
    Stage,
)

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def deployed() -> tuple[Venue, Any, dict[str, str]]:
    """A venue with 10 million in the pool, and an OrderBook that has its role."""
    venue = build()
    venue.lp_deposit(10_000_000 * TOKEN)
    book = load("contracts/OrderBook.vy", venue.manager.address, venue.owner)
    venue.manager.set_role(book.address, 1, sender=venue.configurator)
    book.set_timing(ETH, TIMING, sender=venue.owner)
    book.set_timing(NOW_MARKET, (0, *TIMING[1:]), sender=venue.owner)
    actors = {name: str(boa.env.generate_address(name)) for name in ("trader", "keeper", "outsider")}
    venue.deposit(actors["trader"], DEPOSIT)
    venue.oracle.refresh(2 ** len(venue.feeds) - 1)
    return venue, book, actors


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    with boa.env.anchor():
        yield


@pytest.fixture
def stage(deployed: tuple[Venue, Any, dict[str, str]]) -> Stage:
    venue, book, actors = deployed
    venue.prices[:] = [m.price for m in venue.setup.markets]
    return Stage(venue, book, **actors)


@pytest.fixture
def fake(deployer: str) -> FakeStage:
    """The trader's account may reserve 100 quote; prices are 2,000, published whenever they are asked for."""
    owner, trader, keeper = (str(boa.env.generate_address(n)) for n in ("owner", "trader", "keeper"))
    with boa.env.prank(deployer):
        core = load("tests/contracts/mocks/FakeCore.vy")
        book = load("contracts/OrderBook.vy", core.address, owner)
    book.set_timing(ETH, TIMING, sender=owner)
    fake = FakeStage(core, book, owner, trader, keeper)
    fake.fund(account_of(trader))
    return fake


@pytest.fixture(scope="session")
def deployer() -> str:
    """Of these two alone: boa mistakes the storage of an address that held another contract before a rollback."""
    return str(boa.env.generate_address("deployer"))
