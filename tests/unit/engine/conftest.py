"""The Engine by itself: words in, words out. One market at 1,000 with 2K = 2,000 units; no state anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boa
import pytest

from tests.support.venue import load


@pytest.fixture(scope="session")
def engine() -> Any:
    return load("contracts/Engine.vy")


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    with boa.env.anchor():
        yield
