"""The Waterfall in a whole venue with its real pool: a rally, an alarm, the winners' turns, and the keepers' door."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import boa
import pytest

from tests.support.venue import load
from tests.support.words import RATES, WAD
from tests.unit.liquidity_pool.world import BTC, World, world


@pytest.fixture(scope="module")
def rally() -> SimpleNamespace:
    """8 million of bitcoin bought at 50,000 and 6 million at 60,000, from 10 million of LP money; the mark is 85,000.

    The pool has lost 8.1 of its millions, and its skew of 22.1 asks for 0.95: twice that is left, q is 3.
    """
    w = world()
    winner, late = w.account("winner", 2_000_000), w.account("late winner", 1_000_000)
    w.trade_quote(winner, BTC, 8_000_000)
    w.v.set_price(BTC, 60_000 * WAD)
    w.trade_quote(late, BTC, 6_000_000)
    w.v.set_price(BTC, 85_000 * WAD)
    w.v.configure(RATES, 0, w.v.setup.rates.word(cover_share=2_500, adl_ratio=30_000))
    return SimpleNamespace(w=w, v=w.v, winner=winner, late=late)


@pytest.fixture
def s(rally: SimpleNamespace) -> Iterator[SimpleNamespace]:
    prices = list(rally.v.prices)
    with boa.env.anchor():
        yield rally
    rally.v.prices[:] = prices


def short(w: World) -> float:
    """R over net, by the pool's own exact book."""
    state = w.state()
    return state.reduced_equity / state.net


def sound_the_alarm(s: SimpleNamespace, seconds: int) -> None:
    """An alarm every five minutes, so long."""
    assert s.v.waterfall.alarm()
    for _ in range(seconds // 300):
        s.v.warp(300)
        assert s.v.waterfall.alarm()


def test_winners_are_deleveraged_until_the_pool_has_its_capital(s: SimpleNamespace) -> None:
    v, w = s.v, s.w
    assert short(w) < 3
    sound_the_alarm(s, 600)
    base, equity = v.manager.position(s.winner, BTC)[0], v.manager.account_health(s.winner)[0]
    size = v.waterfall.deleverage(s.winner, BTC, sender=str(boa.env.generate_address("keeper")))
    assert -base < size < 0
    assert v.manager.position(s.winner, BTC)[0] == base + size
    # at the mark and free: its equity is the same
    assert abs(v.manager.account_health(s.winner)[0] - equity) <= 10
    # three to one, to a 1,024th of the position and the 18 bits of the price in the sums
    assert short(w) == pytest.approx(3, rel=2e-3)
    assert v.waterfall.deleverage(s.winner, BTC) == 0


def test_those_who_came_late_come_last(s: SimpleNamespace) -> None:
    """29 % of their notional is profit: 300 s after the first alarm a third is asked for, after 600 s a sixth."""
    sound_the_alarm(s, 300)
    with boa.reverts("waterfall: others come first"):
        s.v.waterfall.deleverage(s.late, BTC)
    with boa.env.anchor():
        assert s.v.waterfall.deleverage(s.winner, BTC) < 0
    s.v.warp(300)
    assert s.v.waterfall.alarm()
    base = s.v.manager.position(s.late, BTC)[0]
    assert -base < s.v.waterfall.deleverage(s.late, BTC) < 0
    # that was enough: the winner keeps his
    assert s.v.waterfall.deleverage(s.winner, BTC) == 0


def test_not_without_an_alarm_nor_after_a_recovery(s: SimpleNamespace) -> None:
    with boa.reverts("waterfall: no fresh alarm"):
        s.v.waterfall.deleverage(s.winner, BTC)
    sound_the_alarm(s, 600)
    s.v.set_price(BTC, 55_000 * WAD)
    assert s.v.waterfall.alarm() is False
    with boa.reverts("waterfall: no fresh alarm"):
        s.v.waterfall.deleverage(s.winner, BTC)


def test_an_alarm_needs_every_price(s: SimpleNamespace) -> None:
    boa.env.time_travel(seconds=1)
    s.v.feeds[BTC].push(2**81)
    with boa.reverts("waterfall: no valid price"):
        s.v.waterfall.alarm()


def test_keepers_reach_it_through_the_liquidator(s: SimpleNamespace) -> None:
    liquidator = load("contracts/Liquidator.vy", s.v.manager.address, s.v.owner)
    sound_the_alarm(s, 600)
    assert liquidator.deleverage(s.winner, BTC, sender=str(boa.env.generate_address("keeper"))) < 0


def test_solvency_is_the_managers(s: SimpleNamespace) -> None:
    own, shown = s.v.waterfall.solvency(), s.v.manager.solvency()
    assert tuple(own) == tuple(shown)
    assert own.tokens == own.credited
