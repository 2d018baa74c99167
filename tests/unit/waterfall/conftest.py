"""A Waterfall over books that a test writes word by word (`stage`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boa
import pytest

from tests.support.venue import load
from tests.unit.waterfall.support import Stage


@pytest.fixture(scope="session")
def deployed() -> tuple[Any, Any, str]:
    boa.env.set_balance(boa.env.eoa, 10**18)
    cover = str(boa.env.generate_address("cover"))
    books = load("tests/contracts/mocks/FakeBooks.vy", cover)
    return load("contracts/Waterfall.vy", books.address), books, cover


@pytest.fixture
def stage(deployed: tuple[Any, Any, str]) -> Iterator[Stage]:
    boa.env.sstore_trace.clear()
    with boa.env.anchor():
        yield Stage(*deployed)
