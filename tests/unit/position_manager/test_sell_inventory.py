"""sell_inventory: collateral of the pool for quote, priced here, no cheaper than the discount."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from types import SimpleNamespace
from typing import Any

import boa
import pytest

from tests.support.venue import Venue
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    DAY,
    LAST_PRICES,
    SHUTTING_DOWN,
    USDC,
    set_rates,
)


@pytest.fixture
def stock(v: Venue, who: SimpleNamespace) -> int:
    """4 ether in the pool's inventory, a buyer with quote."""
    account = v.deposit(who.trader, 4 * 10**18, v.tokens[1])
    v.vault.shift(account, v.pool_account, 1, 4 * WAD, sender=v.manager.address)
    v.fund(who.other, 1_000_000 * USDC)
    return 4 * 10**18


def sell(v: Venue, who: SimpleNamespace, amount: int, share: int = 0, **kw: Any) -> tuple[int, int]:
    """Ether of the pool's, by default as the Liquidator, with no limit; (price, cost)."""
    token = kw.get("token", v.tokens[1].address)
    sale = (kw.get("asset", 1), token, amount, kw.get("buyer", who.other), who.receiver)
    limit, sender = kw.get("limit", 2**256 - 1), kw.get("sender", v.liquidator)
    return tuple(v.manager.sell_inventory(sale, share, limit, b"", sender=sender))


def test_reverts_for_others(v: Venue, who: SimpleNamespace, stock: int) -> None:
    for sender in (who.other, v.order_book, v.pool, v.configurator):
        with boa.reverts("manager: not allowed"):
            sell(v, who, 1, sender=sender)


def test_reverts_above_the_limit(v: Venue, who: SimpleNamespace, stock: int) -> None:
    # half of 7 % off 2,000
    with boa.reverts("manager: price above the limit"):
        sell(v, who, 10**18, WAD // 2, limit=1_930 * WAD - 1)
    assert sell(v, who, 10**18, WAD // 2, limit=1_930 * WAD) == (1_930 * WAD, 1_930 * USDC)


def test_reverts_for_more_than_there_is(v: Venue, who: SimpleNamespace, stock: int) -> None:
    with boa.reverts("vault: insufficient balance"):
        sell(v, who, stock + 1)


def test_reverts_for_the_price_of_another_asset(v: Venue, who: SimpleNamespace, stock: int) -> None:
    """The Liquidator names id and token; a cheap id does not buy a dear token."""
    for asset in (0, 2, 255, 2**251 + 1):
        with boa.reverts("vault: unknown asset"):
            sell(v, who, 10**18, asset=asset)
    with boa.reverts("vault: unknown asset"):
        sell(v, who, 10**8, token=v.tokens[0].address)
    with boa.reverts("vault: unknown token"):
        sell(v, who, 10**18, token=who.other)


def test_reverts_without_a_valid_price(v: Venue, who: SimpleNamespace, stock: int) -> None:
    boa.env.time_travel(seconds=DAY + 1)
    with boa.reverts("manager: no valid price"):
        sell(v, who, 10**18)


def test_a_last_price_will_do_once_it_counts(v: Venue, who: SimpleNamespace, stock: int) -> None:
    v.oracle.refresh(2)
    boa.env.time_travel(seconds=DAY + 1)
    set_rates(v, flags=SHUTTING_DOWN)
    with boa.reverts("manager: no valid price"):
        sell(v, who, 10**18)
    set_rates(v, flags=SHUTTING_DOWN | LAST_PRICES)
    assert sell(v, who, 10**18) == (2_000 * WAD, 2_000 * USDC)


def test_reverts_when_the_buyer_cannot_pay(v: Venue, who: SimpleNamespace, stock: int) -> None:
    with boa.reverts():
        sell(v, who, 10**18, buyer=who.outsider)


@pytest.mark.parametrize("share", [WAD, WAD + 1, 2 * WAD, 2**255, 2**256 - 1])
def test_never_below_the_largest_discount(v: Venue, who: SimpleNamespace, stock: int, share: int) -> None:
    """Whatever the Liquidator says: 2,000 less 7 %."""
    assert sell(v, who, 3 * 10**18, share) == (1_860 * WAD, 5_580 * USDC)


@pytest.mark.parametrize("share", [0, 1, WAD // 3, WAD // 7, WAD - 1])
@pytest.mark.parametrize("amount", [1, 123_456_789, 10**18 // 3])
def test_rounds_against_the_buyer(
    v: Venue, who: SimpleNamespace, stock: int, share: int, amount: int
) -> None:
    """The price up to a wei, the cost up to a unit."""
    price = ceil(2_000 * (WAD - Fraction(7 * share, 100)))
    cost = ceil(Fraction(price * amount, WAD * 10**12))
    assert sell(v, who, amount, share) == (price, cost)


def test_the_price_is_refreshed(v: Venue, who: SimpleNamespace, stock: int) -> None:
    v.set_price(1, 2_500 * WAD)
    assert sell(v, who, 10**18) == (2_500 * WAD, 2_500 * USDC)


def test_moves_both(v: Venue, who: SimpleNamespace, stock: int) -> None:
    pool = v.manager.cash(v.pool_account)
    assert sell(v, who, 10**18) == (2_000 * WAD, 2_000 * USDC)
    assert v.tokens[1].balanceOf(who.receiver) == 10**18
    assert v.quote.balanceOf(who.other) == 998_000 * USDC
    assert v.manager.cash(v.pool_account) == pool + 2_000 * WAD
    assert v.manager.collateral(v.pool_account, v.tokens[1].address) == 3 * WAD
