"""A venue with a RiskLens and six accounts of different kinds, deployed once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boa
import pytest

from tests.adversarial.arena import BTC, DOGE, ETH, LINK, SOL, USDC, Arena, build
from tests.support.venue import load
from tests.support.words import RATES, WAD, change_rates

COVER_SHARE, ADL_RATIO = 2_500, 30_000


@dataclass(frozen=True)
class Ahead:
    """The venue, the lens, and accounts by what they hold."""

    arena: Arena
    lens: Any
    accounts: dict[str, int]

    @property
    def ids(self) -> list[int]:
        return list(self.accounts.values())


@pytest.fixture(scope="session")
def built() -> Ahead:
    arena = build()
    word = arena.manager.venue_words()[4]
    arena.configure(RATES, 0, change_rates(word, cover_share=COVER_SHARE, adl_ratio=ADL_RATIO))
    who = [str(boa.env.generate_address(f"trader {i}")) for i in range(6)]
    weth = arena.tokens[1]
    accounts = {
        "long": arena.deposit(who[0], 10_000 * USDC),
        "backed": arena.deposit(who[1], 20 * 10**18, weth),
        "mixed": arena.deposit(who[2], 12_000 * USDC),
        "hedged": arena.deposit(who[3], 15_000 * USDC),
        "short": arena.deposit(who[4], 20_000 * USDC),
        "idle": arena.deposit(who[5], 1_000 * USDC),
    }
    for name, market, size in (
        ("long", BTC, 3 * WAD),
        ("backed", ETH, 80 * WAD),
        ("backed", SOL, 200 * WAD),
        ("mixed", DOGE, 200_000 * WAD),
        ("mixed", LINK, 2_000 * WAD),
        ("hedged", BTC, 4 * WAD),
        ("hedged", ETH, -60 * WAD),
        ("short", SOL, -500 * WAD),
    ):
        arena.trade(accounts[name], market, size)
    arena.move(arena.pool_account, arena.cover_account, 700 * WAD)
    return Ahead(arena, load("contracts/RiskLens.vy", arena.manager.address), accounts)


@pytest.fixture
def ahead(built: Ahead) -> Iterator[Ahead]:
    boa.env.sstore_trace.clear()
    built.arena.prices[:] = [m.price for m in built.arena.setup.markets]
    with boa.env.anchor():
        yield built
