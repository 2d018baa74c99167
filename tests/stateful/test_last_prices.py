"""What the end of a shutdown means beyond the PositionManager: seven days after it the last prices count as valid (W-3)."""

from __future__ import annotations

import random

import pytest

from crossmargin.model.maths import DAY, WAD
from tests.stateful import setups
from tests.stateful.twin import Call
from tests.stateful.world import World

WETH = 1  # asset; its underlying is market 1


def settle(w: World, call: Call) -> None:
    """A call that goes through in both worlds."""
    assert w.settle(call).refused is None, call


@pytest.fixture
def world() -> World:
    """Every feed published nothing for a week after a shutdown; a trader has collateral, and so has the pool."""
    w = World(setups.draw(random.Random(1)))
    trader, account = w.owners[0], w.traders[0]
    unit, lp = 10**w.setup.quote_decimals, w.lps[0]
    settle(w, Call("lp_deposit", 0, (10**6 * unit, int(lp, 16)), lp))
    settle(w, Call("deposit", account, (account, WETH, 10 * WAD), trader))
    settle(w, Call("set_timing", 0, (1, (0, 600, 600)), w.actors["owner"]))
    settle(w, Call("submit", account, ((account, 1, WAD, 2**200, 0, 1),), trader))  # the fee is owed
    settle(w, Call("convert_collateral", account, (account, WETH, WAD // 10**4), w.actors["outsider"]))
    settle(w, Call("shut_down", 0, (), w.actors["owner"]))
    w.warp(7 * DAY)
    settle(w, Call("last_prices", 0, (), w.actors["outsider"]))
    return w


def test_health_at_last_prices(world: World) -> None:
    """An account with collateral is healthy and not without a price."""
    account = world.traders[0]
    assert world.model.health(account).state == 0
    assert world.manager.read("account_health", account)[3] == 0


def test_inventory_is_sold_at_last_prices(world: World) -> None:
    """The pool's collateral of a dead feed can be bought, so that its LPs get money for it before the claims."""
    buyer = world.actors["buyer"]
    call = Call("buy_collateral", world.model.pool_id, (WETH, 10**12, 2**200, 0), buyer)
    settle(world, call)
