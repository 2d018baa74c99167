"""The pure modules behind two harness contracts, and words made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boa
import pytest

from tests.support.venue import load


@pytest.fixture(scope="session")
def numbers() -> Any:
    """rounding, packing, sizing, liquidation, carry."""
    return load("tests/contracts/harness_units/Numbers.vy")


@pytest.fixture(scope="session")
def values() -> Any:
    """pricing, margin, pool_risk."""
    return load("tests/contracts/harness_units/Values.vy")


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    with boa.env.anchor():
        yield
