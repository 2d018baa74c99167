"""What it costs an owner to make a pending order fail once its price can be known (I-16: no order is a free option)."""

from __future__ import annotations

import random

import pytest

from crossmargin.model import QUOTE
from crossmargin.model.maths import WAD
from crossmargin.model.orders import FAILED
from tests.stateful import setups
from tests.stateful.twin import Call
from tests.stateful.world import World


@pytest.fixture
def world() -> World:
    """A venue whose market 0 waits two seconds."""
    w = World(setups.draw(random.Random(1)))
    owner, lp = w.actors["owner"], w.lps[0]
    w.settle(Call("set_timing", 0, (0, (2, 600, 600)), owner))
    tokens = 10**7 * 10**w.setup.quote_decimals
    w.settle(Call("lp_deposit", 0, (tokens, int(lp, 16)), lp))
    return w


def abort(w: World, keeper: str) -> int:
    """Commit a buy, see a lower price, take the margin out, have the order fail, put the margin back: cash lost, WAD."""
    trader, unit = w.owners[0], 10**w.setup.quote_decimals
    account = int(trader, 16) << 96
    w.settle(Call("deposit", account, (account, QUOTE, 10_000 * unit), trader))
    order = (account, 0, WAD, 2**200, 0, 1)
    w.settle(Call("submit", account, (order,), trader))
    w.warp(2)
    w.push({0: w.feeds.answer(0) * 98 // 100})
    out = w.settle(Call("withdraw", account, (account, QUOTE, 9_999 * unit), trader))
    assert out.refused is None
    (result,) = w.settle(Call("execute", account, (((order, 0),),), keeper)).result
    assert result.status == FAILED
    w.settle(Call("deposit", account, (account, QUOTE, 9_999 * unit), trader))
    return 10_000 * WAD - w.model.account(account).cash


def test_a_keeper_is_paid_for_it(world: World) -> None:
    """Executed by a keeper, a failure costs the fee."""
    assert abort(world, world.actors["keeper"]) == setups.FIRST_FEE


def test_the_owner_pays_for_it_too(world: World) -> None:
    """Executed by its owner it should not be free: the fee is what making an order fail costs."""
    assert abort(world, world.owners[0]) >= setups.FIRST_FEE
