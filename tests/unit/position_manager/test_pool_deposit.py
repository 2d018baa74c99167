"""pool_deposit: quote into the pool's account."""

from __future__ import annotations

from types import SimpleNamespace

import boa

from tests.support.venue import Venue
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    USDC,
)


def test_reverts_for_others(v: Venue, who: SimpleNamespace) -> None:
    for sender in (who.outsider, v.order_book, v.liquidator, v.configurator):
        with boa.reverts("manager: not the pool"):
            v.manager.pool_deposit(sender, 1, sender=sender)


def test_credits_the_pool(v: Venue, who: SimpleNamespace) -> None:
    v.fund(who.other, 7 * USDC)
    v.manager.pool_deposit(who.other, 7 * USDC, sender=v.pool)
    event = next(e for e in v.manager.get_logs() if type(e).__name__ == "PoolFlow")
    assert v.manager.cash(v.pool_account) == 10_000_007 * WAD
    assert (event.counterparty, event.amount) == (who.other, 7 * WAD)
