"""A Configurator before a real PositionManager. No feeds: no price is read when parameters are set."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boa
import pytest

from tests.unit.configurator.support import DAY, WAD, ZERO, Market, Rates, Venue, price_word


@dataclass(frozen=True)
class Setup:
    """Configurator and PositionManager, with `owner` as the sender of the setters."""

    configurator: Any
    manager: Any
    owner: str
    new_token: Callable[[], Any]

    def do(self, name: str, *arguments: object) -> Any:
        """Call a setter as the owner."""
        with boa.env.prank(self.owner):
            return getattr(self.configurator, name)(*arguments)

    def venue_words(self) -> tuple[int, ...]:
        """Venue, collateral, two sums, rates, listed."""
        return self.manager.venue_words()

    def market_words(self, market: int) -> Any:
        """Carry, book, terms, limits, risk."""
        return self.manager.market_words(1 << market)[0]


@pytest.fixture(scope="session")
def factories() -> dict[str, Any]:
    names = ("Configurator", "Engine", "OracleAdapter", "PositionManager", "Vault", "Waterfall")
    found = {name: boa.load_partial(f"contracts/{name}.vy") for name in names}
    found["Token"] = boa.load_partial("tests/contracts/tokens/StandardToken.vy")
    found["FakeManager"] = boa.load_partial("tests/contracts/mocks/FakeManager.vy")
    return found


@pytest.fixture(autouse=True)
def clean():
    with boa.env.anchor():
        yield


@dataclass(frozen=True)
class Stage(Setup):
    """The same before a FakeManager, with three markets at 100, 200 and 300."""

    def wait(self, seconds: int) -> int:
        """Let time pass; returns the new time."""
        boa.env.timestamp += seconds
        return boa.env.timestamp

    def rates(self) -> int:
        """The rates word."""
        return self.manager.venue_words()[4]

    def price(self, market: int, price: int, state: int = 0) -> None:
        """What the oracle says from now on, in quote."""
        self.manager.set_price(market, price_word(price * WAD, state))

    def sample(self, market: int, *prices: int, every: int = 300) -> None:
        """A sample at each price, `every` seconds after the one before."""
        for price in prices:
            self.wait(every)
            self.price(market, price)
            self.configurator.sample(market)

    def settings(self) -> list[tuple[int, int, int]]:
        """(kind, id, word) of everything set since this was asked last."""
        found = []
        with contextlib.suppress(boa.BoaError):
            while True:
                found.append(tuple(self.manager.settings(len(found))))
        self.manager.forget()
        return found

    def logged(self, name: str) -> list[tuple]:
        """The events of that name of the last call, without the address."""
        return [tuple(e)[1:] for e in self.configurator.get_logs() if type(e).__name__ == name]

    def settle_all(self) -> None:
        """Shut down and settle every market at its price of now."""
        self.do("shut_down")
        self.wait(DAY)
        for market in range(3):
            self.configurator.settle_market(market)


@pytest.fixture(scope="session")
def staged(factories) -> Stage:
    owner = boa.env.generate_address("owner")
    configurator = factories["Configurator"].deploy(owner)
    manager = factories["FakeManager"].deploy(configurator)
    found = Stage(configurator, manager, owner, lambda: factories["Token"].deploy(18))
    found.do("wire", manager)
    found.do("set_venue", Venue())
    found.do("set_rates", Rates())
    for market in range(3):
        found.do("set_market", market, Market())
        found.price(market, 100 * (market + 1))
    manager.forget()
    return found


@pytest.fixture
def stage(staged) -> Stage:
    """Wired to a FakeManager; as new in every test."""
    return staged


@pytest.fixture(scope="session")
def deployed(factories) -> Setup:
    """Not wired."""
    owner = boa.env.generate_address("owner")
    at = boa.env.generate_address("manager")
    configurator = factories["Configurator"].deploy(owner)
    vault = factories["Vault"].deploy(at, factories["Token"].deploy(6))
    oracle = factories["OracleAdapter"].deploy(owner, ZERO)
    waterfall = factories["Waterfall"].deploy(at)
    pools = (boa.env.generate_address("pool"), boa.env.generate_address("cover"))
    linked = (vault, oracle, factories["Engine"].deploy(), waterfall, *pools, configurator)
    manager = factories["PositionManager"].deploy(*linked, override_address=at)
    return Setup(configurator, manager, owner, lambda: factories["Token"].deploy(18))


@pytest.fixture
def bare(deployed) -> Setup:
    """Wired, nothing set."""
    deployed.do("wire", deployed.manager)
    return deployed


@pytest.fixture
def founded(bare) -> Setup:
    """Venue and rates set, no market."""
    bare.do("set_venue", Venue())
    bare.do("set_rates", Rates())
    return bare


@pytest.fixture
def venue(founded) -> Setup:
    """With one market."""
    founded.do("set_market", 0, Market())
    return founded


@pytest.fixture
def outsider() -> str:
    return boa.env.generate_address("outsider")
