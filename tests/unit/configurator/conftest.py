"""A Configurator before a real PositionManager. No feeds: no price is read when parameters are set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boa
import pytest

from tests.unit.configurator.support import ZERO, Market, Rates, Venue


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
    names = ("Configurator", "Engine", "OracleAdapter", "PositionManager", "Vault")
    found = {name: boa.load_partial(f"contracts/{name}.vy") for name in names}
    found["Token"] = boa.load_partial("tests/contracts/tokens/StandardToken.vy")
    return found


@pytest.fixture(autouse=True)
def clean():
    with boa.env.anchor():
        yield


@pytest.fixture(scope="session")
def deployed(factories) -> Setup:
    """Not wired."""
    owner = boa.env.generate_address("owner")
    at = boa.env.generate_address("manager")
    configurator = factories["Configurator"].deploy(owner)
    vault = factories["Vault"].deploy(at, factories["Token"].deploy(6))
    oracle = factories["OracleAdapter"].deploy(owner, ZERO)
    pool = boa.env.generate_address("pool")
    linked = (vault, oracle, factories["Engine"].deploy(), pool, configurator)
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
