"""One venue with fees and one without, deployed once; every test starts from both as they were deployed."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import Arena, build, free_of_fees


@pytest.fixture(scope="session")
def deployed() -> dict[str, Arena]:
    return {"with fees": build(), "free of fees": build(free_of_fees())}


@pytest.fixture(autouse=True)
def clean(deployed: dict[str, Arena]) -> Iterator[None]:
    # boa's record of written slots outlives its anchors
    boa.env.sstore_trace.clear()
    for arena in deployed.values():
        arena.prices[:] = [m.price for m in arena.setup.markets]
    with boa.env.anchor():
        yield


@pytest.fixture
def arena(deployed: dict[str, Arena]) -> Arena:
    """The venue with all its fees."""
    return deployed["with fees"]


@pytest.fixture(params=["with fees", "free of fees"])
def either(request: pytest.FixtureRequest, deployed: dict[str, Arena]) -> Arena:
    """The venue with its fees, then without: the rule must stop the attacker, not the fee."""
    return deployed[request.param]


@pytest.fixture(scope="session")
def who() -> SimpleNamespace:
    """People by role. attacker, second and bot are one person."""
    names = ("attacker", "second", "bot", "trader", "victim", "keeper", "outsider")
    return SimpleNamespace(**{name: str(boa.env.generate_address(name)) for name in names})


@pytest.fixture
def ours(who: SimpleNamespace) -> tuple[str, str, str]:
    """All addresses of the attacker."""
    return who.attacker, who.second, who.bot
