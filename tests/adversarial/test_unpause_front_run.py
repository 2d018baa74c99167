"""Un-pause front-runs: a venue stops, the market moves, and in the first block after it bots liquidate accounts whose owners could not answer. Aave and
Compound forks lost users' collateral so. Here a pause stops growth alone, and after an un-pause liquidations wait 900 seconds, in which deposits,
reductions and closes go; nobody can make that wait for ever.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boa
import pytest

from tests.adversarial.arena import DAY, ETH, HOUR, USDC, Arena
from tests.adversarial.reentry import configurator
from tests.adversarial.stress import set_rates, sized
from tests.support.words import WAD

GRACE = 900
HEALTHY, IN_GRACE = 1, 5


@pytest.fixture
def setter(arena: Arena) -> Any:
    """The real Configurator."""
    return configurator(arena)


def paused_through_a_fall(arena: Arena, setter: Any, who: SimpleNamespace) -> list[int]:
    """Three long accounts in a venue that is paused while ether loses 8 %, and opened again."""
    accounts = [arena.deposit(u, 500_000 * USDC) for u in (who.victim, who.trader, who.outsider)]
    for account in accounts:
        arena.trade(account, ETH, sized(arena, ETH, 4_000_000))
    setter.pause(sender=arena.owner)
    arena.warp(HOUR)
    arena.set_price(ETH, arena.prices[ETH] * 92 // 100)
    setter.unpause(sender=arena.owner)
    return accounts


def test_in_the_first_block_without_grace(arena: Arena, setter: Any, who: SimpleNamespace) -> None:
    accounts = paused_through_a_fall(arena, setter, who)
    set_rates(arena, grace_until=0)
    for account in accounts:
        assert arena.liquidated(account, who.keeper).reason == 0


def test_deposits_and_reductions_go_first(arena: Arena, setter: Any, who: SimpleNamespace) -> None:
    deposits, reduces, sleeps = paused_through_a_fall(arena, setter, who)
    opened = boa.env.timestamp
    assert arena.manager.account_health(sleeps)[3] == 3
    for account in (deposits, reduces, sleeps):
        assert arena.liquidated(account, who.keeper).reason == IN_GRACE
    boa.env.time_travel(seconds=GRACE // 2)
    arena.keep_fresh()
    arena.deposit(who.victim, 500_000 * USDC)
    arena.manager.close_fraction(reduces, WAD * 9 // 10, sender=who.trader)
    boa.env.time_travel(seconds=opened + GRACE - 1 - boa.env.timestamp)
    arena.keep_fresh()
    assert arena.liquidated(sleeps, who.keeper).reason == IN_GRACE
    boa.env.time_travel(seconds=1)
    arena.keep_fresh()
    for account in (deposits, reduces):
        assert arena.liquidated(account, who.keeper).reason == HEALTHY
    assert arena.liquidated(sleeps, who.keeper).reason == 0


def test_the_pause_itself_stops_no_way_out(arena: Arena, setter: Any, who: SimpleNamespace) -> None:
    account = arena.deposit(who.victim, 500_000 * USDC)
    arena.trade(account, ETH, sized(arena, ETH, 1_000_000))
    setter.pause(sender=arena.owner)
    base = arena.manager.position(account, ETH)[0]
    with boa.reverts("engine: reduce only"):
        arena.trade(account, ETH, base)
    arena.trade(account, ETH, -base // 2 // 10**10 * 10**10)
    arena.manager.withdraw(account, arena.quote.address, 1_000 * USDC, who.victim, sender=who.victim)
    arena.deposit(who.victim, 1)
    arena.manager.close_fraction(account, WAD, sender=who.victim)
    assert arena.manager.position(account, ETH)[0] == 0


def test_grace_does_not_come_one_after_another(arena: Arena, setter: Any, who: SimpleNamespace) -> None:
    """An owner, or who stole his key, holds off liquidations for 900 seconds a day."""
    sleeps = paused_through_a_fall(arena, setter, who)[2]
    setter.pause(sender=arena.owner)
    with boa.reverts("configurator: too soon"):
        setter.unpause(sender=arena.owner)
    boa.env.time_travel(seconds=GRACE)
    arena.keep_fresh()
    assert arena.liquidated(sleeps, who.keeper).reason == 0
    boa.env.time_travel(seconds=DAY - GRACE - 1)
    with boa.reverts("configurator: too soon"):
        setter.unpause(sender=arena.owner)
    boa.env.time_travel(seconds=1)
    setter.unpause(sender=arena.owner)


def test_only_the_owner(arena: Arena, setter: Any, who: SimpleNamespace) -> None:
    for call in (setter.pause, setter.unpause):
        with boa.reverts("ownable: caller is not the owner"):
            call(sender=who.attacker)
