"""A Liquidator over a whole venue (`stage`), and one over a scripted core for what the real one seldom does (`fake`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boa
import pytest

from tests.support.venue import Venue, build, load
from tests.unit.liquidator.support import TOKEN, Stage

ROLES = ("trader", "keeper", "buyer", "outsider")


@pytest.fixture(scope="session")
def deployed() -> tuple[Venue, Any, dict[str, str]]:
    """A venue with 10 million in the pool and a Liquidator that has its role; the buyer holds a million."""
    venue = build()
    venue.lp_deposit(10_000_000 * TOKEN)
    liquidator = load("contracts/Liquidator.vy", venue.manager.address, venue.owner)
    venue.manager.set_role(liquidator.address, 2, sender=venue.configurator)
    actors = {name: str(boa.env.generate_address(name)) for name in ROLES}
    venue.fund(actors["buyer"], 1_000_000 * TOKEN)
    venue.oracle.refresh(2 ** len(venue.feeds) - 1)
    return venue, liquidator, actors


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    with boa.env.anchor():
        yield


@pytest.fixture
def stage(deployed: tuple[Venue, Any, dict[str, str]]) -> Stage:
    venue, liquidator, actors = deployed
    venue.prices[:] = [m.price for m in venue.setup.markets]
    return Stage(venue, liquidator, **actors)


@pytest.fixture
def core(deployer: str) -> Any:
    """Liquidations succeed with the account's number as the fraction, unless told to fail."""
    with boa.env.prank(deployer):
        return load("tests/contracts/mocks/FakeCore.vy")


@pytest.fixture
def over_core(deployer: str, core: Any) -> Any:
    with boa.env.prank(deployer):
        return load("contracts/Liquidator.vy", core.address, str(boa.env.generate_address("owner")))


@pytest.fixture(scope="session")
def deployer() -> str:
    """Of these two alone: boa mistakes the storage of an address that held another contract before a rollback."""
    return str(boa.env.generate_address("deployer"))
