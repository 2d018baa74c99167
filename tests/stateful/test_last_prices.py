"""What the end of a shutdown means for a view: seven days after it the last prices count as valid (W-3)."""

from __future__ import annotations

import random

from crossmargin.model.maths import DAY
from tests.stateful import setups
from tests.stateful.twin import Call
from tests.stateful.world import World


def test_health_at_last_prices() -> None:
    """An account with collateral, whose feed published nothing for a week, is healthy and not without a price."""
    w = World(setups.draw(random.Random(1)))
    trader, account = w.owners[0], w.traders[0]
    out = w.settle(Call("deposit", account, (account, 1, 10**18), trader))
    assert out.refused is None
    w.settle(Call("shut_down", 0, (), w.actors["owner"]))
    w.warp(7 * DAY)
    w.settle(Call("last_prices", 0, (), w.actors["outsider"]))
    assert w.model.health(account).state == 0
    assert w.manager.read("account_health", account)[3] == 0
