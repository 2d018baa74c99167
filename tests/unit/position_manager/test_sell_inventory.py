"""sell_inventory: collateral of the pool for quote, no cheaper than the discount."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.support.venue import Venue
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    DAY,
    USDC,
)


@pytest.fixture
def stock(v: Venue, who: SimpleNamespace) -> int:
    """4 ether in the pool's inventory, a buyer with quote."""
    account = v.deposit(who.trader, 4 * 10**18, v.tokens[1])
    v.vault.shift(account, v.pool_account, 1, 4 * WAD, sender=v.manager.address)
    v.fund(who.other, 1_000_000 * USDC)
    return 4 * 10**18


def sell(v: Venue, who: SimpleNamespace, amount: int, cost: int) -> None:
    v.manager.sell_inventory(1, amount, cost, who.other, who.receiver, b"", sender=v.liquidator)


def test_reverts_for_others(v: Venue, who: SimpleNamespace, stock: int) -> None:
    for sender in (who.other, v.order_book, v.pool, v.configurator):
        with boa.reverts("manager: not allowed"):
            v.manager.sell_inventory(1, 1, 1, who.other, who.other, b"", sender=sender)


def test_reverts_below_the_discount(v: Venue, who: SimpleNamespace, stock: int) -> None:
    # 3 ether at 2,000 less 7 %
    with boa.reverts("manager: below the discount"):
        sell(v, who, 3 * 10**18, 5_580 * USDC - 1)
    sell(v, who, 3 * 10**18, 5_580 * USDC)


def test_reverts_for_more_than_there_is(v: Venue, who: SimpleNamespace, stock: int) -> None:
    with boa.reverts("vault: insufficient balance"):
        sell(v, who, stock + 1, 100_000 * USDC)


def test_reverts_without_a_valid_price(v: Venue, who: SimpleNamespace, stock: int) -> None:
    boa.env.time_travel(seconds=DAY + 1)
    with boa.reverts("manager: no valid price"):
        sell(v, who, 10**18, 100_000 * USDC)


def test_reverts_when_the_buyer_cannot_pay(v: Venue, who: SimpleNamespace, stock: int) -> None:
    with boa.reverts():
        v.manager.sell_inventory(
            1, 10**18, 2_000 * USDC, who.outsider, who.outsider, b"", sender=v.liquidator
        )


def test_moves_both(v: Venue, who: SimpleNamespace, stock: int) -> None:
    pool = v.manager.cash(v.pool_account)
    sell(v, who, 10**18, 2_000 * USDC)
    event = next(e for e in v.manager.get_logs() if type(e).__name__ == "InventorySold")
    assert v.tokens[1].balanceOf(who.receiver) == 10**18
    assert v.quote.balanceOf(who.other) == 998_000 * USDC
    assert v.manager.cash(v.pool_account) == pool + 2_000 * WAD
    assert v.manager.collateral(v.pool_account, v.tokens[1].address) == 3 * WAD
    assert (event.asset, event.buyer, event.amount, event.cost) == (1, who.other, WAD, 2_000 * WAD)
