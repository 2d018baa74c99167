"""A debt without anything beside it, while liquidations wait for the chain's sequencer (spec 5, Grace)."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from crossmargin.model import QUOTE
from crossmargin.model.liquidating import GRACE, IN_GRACE
from crossmargin.model.maths import WAD
from tests.stateful import setups
from tests.stateful.twin import Call
from tests.stateful.world import World


def settle(w: World, call: Call) -> None:
    """A call that goes through in both worlds."""
    assert w.settle(call).refused is None, call


@pytest.fixture
def world() -> World:
    """A trader closed at a loss larger than all he had: nothing is left but the debt."""
    w = World(replace(setups.draw(random.Random(1)), sequencer=True))
    trader, account, lp, unit = w.owners[0], w.traders[0], w.lps[0], 10**w.setup.quote_decimals
    settle(w, Call("lp_deposit", 0, (10**7 * unit, int(lp, 16)), lp))
    settle(w, Call("set_timing", 0, (0, (0, 600, 600)), w.actors["owner"]))
    settle(w, Call("deposit", account, (account, QUOTE, 10_000 * unit), trader))
    settle(w, Call("submit", account, ((account, 0, WAD, 2**200, 0, 1),), trader))
    w.warp(1)
    w.push({0: w.feeds.answer(0) * 60 // 100})
    settle(w, Call("close_fraction", account, (account, WAD), trader))
    held = w.model.account(account)
    assert held.cash < 0 and not held.positions and not held.collateral
    return w


def test_a_bare_debt_does_not_wait_for_the_sequencer(world: World) -> None:
    """No price decides of it: it is written off while the sequencer is down, but not before the end of the grace after an un-pause."""
    world.warp(1_000)
    world.sequencer(False)
    account, owner, keeper = world.traders[0], world.actors["owner"], world.actors["keeper"]
    settle(world, Call("pause", 0, (), owner))
    settle(world, Call("unpause", 0, (), owner))
    out = world.settle(Call("liquidate", 0, ((account,), 0), keeper))
    assert out.answer == [(0, 0, IN_GRACE)]
    world.warp(GRACE)
    out = world.settle(Call("liquidate", 0, ((account,), 0), keeper))
    assert out.answer == [(WAD, 0, 0)]
    assert world.model.account(account).cash == 0
