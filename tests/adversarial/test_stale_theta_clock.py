"""Against our own rule: θ falls with the time on the clock, so an old clock is a weapon. Whoever let one run from an alarm of long ago would find θ at
nothing in the first second of a new shortage, and have small winners closed before large ones. The clock goes on only from one alarm to the next within
300 seconds, an alarm that sees the pool whole stops it, and `deleverage` asks for one that is fresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import ETH, USDC, Arena
from tests.adversarial.stress import close_anyway, ratio, set_rates, short, sized, value
from tests.support.words import WAD


@dataclass
class NaiveClock:
    """Starts with the first alarm and runs for good."""

    arena: Arena
    since: int = 0

    def alarm(self) -> None:
        if short(self.arena) and not self.since:
            self.since = boa.env.timestamp

    def threshold(self) -> int:
        ran = min(boa.env.timestamp - self.since, 900) if self.since else 0
        return WAD // 2 * (900 - ran) // 900

    def deleverage(self, account: int, market: int) -> None:
        notional = abs(self.arena.manager.position(account, market)[0]) * self.arena.prices[market]
        assert value(self.arena, account, market) * WAD * WAD >= self.threshold() * notional, (
            "others come first"
        )
        close_anyway(self.arena, account, market)


@dataclass
class RealClock:
    """The Waterfall."""

    arena: Arena

    def alarm(self) -> None:
        self.arena.waterfall.alarm()

    def deleverage(self, account: int, market: int) -> None:
        self.arena.waterfall.deleverage(account, market)


Clock = NaiveClock | RealClock


@pytest.fixture
def books(arena: Arena, who: SimpleNamespace) -> SimpleNamespace:
    """Shorts of ether from 2,000 and 1,840, now at 1,800; `sink` takes what the pool loses elsewhere, and gives it back."""
    set_rates(arena, adl_ratio=30_000)
    large, small = (
        arena.deposit(who.trader, 1_000_000 * USDC),
        arena.deposit(who.victim, 1_000_000 * USDC),
    )
    arena.trade(large, ETH, sized(arena, ETH, -1_500_000))
    arena.set_price(ETH, 1_840 * WAD)
    arena.trade(small, ETH, sized(arena, ETH, -1_500_000))
    arena.set_price(ETH, 1_800 * WAD)
    return SimpleNamespace(large=large, small=small, sink=arena.deposit(who.outsider, USDC))


def drain(arena: Arena, books: SimpleNamespace) -> int:
    """The pool is short; returns what it lost."""
    equity, net = ratio(arena)
    lost = equity - 5 * net // 2
    arena.move(arena.pool_account, books.sink, lost)
    assert short(arena)
    return lost


def two_shortages(arena: Arena, books: SimpleNamespace, clock: Clock, between: int) -> None:
    """One that passes, with an alarm; after `between` seconds another, and the smaller winner is named at once."""
    lost = drain(arena, books)
    clock.alarm()
    arena.warp(10)
    arena.move(books.sink, arena.pool_account, lost)
    arena.warp(between)
    drain(arena, books)
    clock.alarm()
    clock.deleverage(books.small, ETH)


def test_a_clock_that_runs_for_good(arena: Arena, books: SimpleNamespace) -> None:
    two_shortages(arena, books, NaiveClock(arena), 1_000)
    assert arena.manager.position(books.small, ETH)[0] == 0
    assert value(arena, books.large, ETH) > 4 * 20_000 * WAD


@pytest.mark.parametrize("between", [291, 1_000, 10**6])
def test_an_old_alarm_starts_afresh(arena: Arena, books: SimpleNamespace, between: int) -> None:
    with boa.reverts("waterfall: others come first"):
        two_shortages(arena, books, RealClock(arena), between)
    assert arena.waterfall.clock() == (boa.env.timestamp, boa.env.timestamp)
    assert arena.waterfall.threshold() == WAD // 2


def test_seen_whole_it_stops(arena: Arena, books: SimpleNamespace) -> None:
    """Whoever would be named too early calls the alarm when the shortage is over: a minute later it starts anew."""
    lost = drain(arena, books)
    arena.waterfall.alarm()
    arena.warp(200)
    arena.waterfall.alarm()
    arena.move(books.sink, arena.pool_account, lost)
    assert not arena.waterfall.alarm()
    assert arena.waterfall.clock() == (0, 0)
    arena.warp(60)
    drain(arena, books)
    with boa.reverts("waterfall: no fresh alarm"):
        arena.waterfall.deleverage(books.large, ETH)
    arena.waterfall.alarm()
    assert arena.waterfall.clock()[0] == boa.env.timestamp


def test_unseen_for_less_than_300_seconds_it_goes_on(arena: Arena, books: SimpleNamespace) -> None:
    """That is what anybody may look away for; it is worth a third of the way to nothing, and no more."""
    with boa.reverts("waterfall: others come first"):
        two_shortages(arena, books, RealClock(arena), 290)
    assert arena.waterfall.threshold() == WAD // 2 * 600 // 900


def test_a_stale_alarm_deleverages_nobody(arena: Arena, books: SimpleNamespace) -> None:
    drain(arena, books)
    for wait in (290, 290, 290, 10):
        arena.waterfall.alarm()
        arena.warp(wait)
    arena.warp(290)
    assert arena.waterfall.threshold() == 0
    with boa.env.anchor():
        assert arena.waterfall.deleverage(books.large, ETH) > 0
    arena.warp(1)
    assert arena.waterfall.threshold() == 2**256 - 1
    with boa.reverts("waterfall: no fresh alarm"):
        arena.waterfall.deleverage(books.large, ETH)
    arena.waterfall.alarm()
    with boa.reverts("waterfall: others come first"):
        arena.waterfall.deleverage(books.large, ETH)


def test_without_a_shortage_nothing_closes_whatever_the_clock(arena: Arena, books: SimpleNamespace) -> None:
    lost = drain(arena, books)
    for wait in (290, 290, 290, 30):
        arena.waterfall.alarm()
        arena.warp(wait)
    arena.move(books.sink, arena.pool_account, lost)
    for account in (books.large, books.small):
        assert arena.waterfall.deleverage(account, ETH) == 0
        assert arena.manager.position(account, ETH)[0] < 0
