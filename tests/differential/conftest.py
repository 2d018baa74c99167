"""The harness contracts on one pyrevm, and how often each comparison was made."""

from __future__ import annotations

import pytest

from tests.differential.stage import Stage
from tests.support.pyrevm_chain import Chain, Contract, address


@pytest.fixture(scope="session")
def chain() -> Chain:
    """A chain whose clock stands at START."""
    return Chain()


@pytest.fixture(scope="session")
def market_formulas(chain: Chain) -> Contract:
    """Formulas of a market and of the pool."""
    return chain.deploy("tests/contracts/harness/MarketFormulas.vy", address("deployer"))


@pytest.fixture(scope="session")
def account_formulas(chain: Chain) -> Contract:
    """Formulas of an account."""
    return chain.deploy("tests/contracts/harness/AccountFormulas.vy", address("deployer"))


@pytest.fixture(scope="session")
def stage(chain: Chain) -> Stage:
    """The contracts that previews read."""
    return Stage(chain)
