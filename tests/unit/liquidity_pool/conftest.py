"""A pool with ten million in it; every test starts from the same block."""

from __future__ import annotations

from collections.abc import Iterator

import boa
import pytest

from tests.unit.liquidity_pool.paper import Paper, paper
from tests.unit.liquidity_pool.world import World, busy, world


@pytest.fixture(scope="session")
def built() -> World:
    return world()


@pytest.fixture
def w(built: World) -> Iterator[World]:
    """The venue with one LP and nothing open."""
    prices = list(built.v.prices)
    with boa.env.anchor():
        yield built
    built.v.prices[:] = prices


@pytest.fixture
def accounts(w: World) -> list[int]:
    """Three traders with skews in three markets."""
    return busy(w)


@pytest.fixture
def fresh() -> Iterator[World]:
    """A pool in which nobody has put anything."""
    with boa.env.anchor():
        yield world(capital=0)


@pytest.fixture(scope="session")
def empty_world() -> World:
    return world(capital=0)


@pytest.fixture
def fresh_pool(empty_world: World) -> Iterator[World]:
    """As `fresh`, built once: tests undo what they do."""
    with boa.env.anchor():
        yield empty_world


@pytest.fixture(scope="session")
def written() -> Paper:
    return paper()


@pytest.fixture
def p(written: Paper) -> Iterator[Paper]:
    """Both tranches, empty, over a venue on paper."""
    with boa.env.anchor():
        yield written
