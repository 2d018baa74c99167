"""pool_withdraw: out of the pool's cash, of which D stays (L-2)."""

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
            v.manager.pool_withdraw(sender, 1, sender=sender)


def test_reverts_for_more_than_its_cash(v: Venue, who: SimpleNamespace) -> None:
    with boa.reverts("vault: insufficient balance"):
        v.manager.pool_withdraw(who.receiver, 10_000_000 * USDC + 1, sender=v.pool)


def test_reverts_for_cash_owed_to_winners(v: Venue, who: SimpleNamespace, indebted: int) -> None:
    v.deposit(who.other, 50_000 * USDC)  # tokens there are enough
    debt = v.vault.debt()
    free = (v.manager.cash(v.pool_account) - debt) // 10**12
    with boa.reverts("manager: cash owed to winners"):
        v.manager.pool_withdraw(who.receiver, free + 1, sender=v.pool)
    v.manager.pool_withdraw(who.receiver, free, sender=v.pool)
    assert 0 <= v.manager.cash(v.pool_account) - debt < 10**12


def test_pays_the_receiver(v: Venue, who: SimpleNamespace) -> None:
    v.manager.pool_withdraw(who.receiver, 10_000_000 * USDC, sender=v.pool)
    event = next(e for e in v.manager.get_logs() if type(e).__name__ == "PoolFlow")
    assert v.quote.balanceOf(who.receiver) == 10_000_000 * USDC
    assert v.manager.cash(v.pool_account) == 0
    assert (event.counterparty, event.amount) == (who.receiver, -10_000_000 * WAD)
