"""convert_collateral: collateral covers negative cash, at the largest discount (L-2)."""

from __future__ import annotations

from types import SimpleNamespace

import boa

from tests.support.venue import Venue
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    DAY,
    ETH,
)

# ether at 2,000, d_c 7 %: 1,860
NET = 1_860 * WAD


def convert(v: Venue, account: int, amount: int, sender: str) -> int:
    return v.manager.convert_collateral(account, v.tokens[1].address, amount, sender=sender)


def test_reverts_for_more_than_is_owed(v: Venue, who: SimpleNamespace, indebted: int) -> None:
    owed = -v.manager.cash(indebted)
    with boa.reverts("manager: more than is owed"):
        convert(v, indebted, owed * WAD // NET + 2, who.outsider)


def test_reverts_without_debt(v: Venue, who: SimpleNamespace) -> None:
    account = v.deposit(who.trader, 10**18, v.tokens[1])
    with boa.reverts("manager: more than is owed"):
        convert(v, account, 1_000, who.outsider)


def test_reverts_for_more_than_there_is(v: Venue, who: SimpleNamespace, indebted: int) -> None:
    v.manager.withdraw(indebted, v.tokens[1].address, 8 * 10**18, who.trader, sender=who.trader)
    v.set_price(ETH, 450 * WAD)
    with boa.reverts("vault: insufficient balance"):
        convert(v, indebted, 2 * WAD + 1, who.outsider)


def test_reverts_for_an_unknown_token(v: Venue, who: SimpleNamespace, indebted: int) -> None:
    with boa.reverts("vault: unknown token"):
        v.manager.convert_collateral(indebted, who.outsider, 1)


def test_reverts_with_a_stale_price(v: Venue, who: SimpleNamespace, indebted: int) -> None:
    boa.env.time_travel(seconds=DAY + 1)
    with boa.reverts("manager: no valid price"):
        convert(v, indebted, 1, who.outsider)


def test_reverts_where_it_unhedges(v: Venue, who: SimpleNamespace) -> None:
    # 10 ether cover a short of 50: less of them would leave more of it bare
    account = v.deposit(who.trader, 10 * 10**18, v.tokens[1])
    v.trade(account, ETH, -52 * WAD)
    v.set_price(ETH, 2_040 * WAD)
    v.trade(account, ETH, 2 * WAD)
    assert v.manager.cash(account) < 0
    with boa.reverts("manager: conversion hurts"):
        convert(v, account, WAD // 100, who.outsider)


def test_covers_the_debt_to_the_wei(v: Venue, who: SimpleNamespace, indebted: int) -> None:
    owed = -v.manager.cash(indebted)
    assert owed == v.vault.debt() > 0
    pool = v.manager.cash(v.pool_account)
    amount = owed * WAD // NET
    credit = convert(v, indebted, amount, who.outsider)
    assert credit == amount * NET // WAD
    assert v.manager.cash(indebted) == credit - owed <= 0
    assert v.manager.cash(v.pool_account) == pool - credit
    assert v.manager.collateral(indebted, v.tokens[1].address) == 10 * WAD - amount
    assert v.manager.collateral(v.pool_account, v.tokens[1].address) == amount
    assert v.vault.debt() == owed - credit < 10**4


def test_equity_stays(v: Venue, who: SimpleNamespace, indebted: int) -> None:
    equity = v.manager.account_health(indebted)[0]
    convert(v, indebted, WAD // 3, who.outsider)
    assert 0 <= equity - v.manager.account_health(indebted)[0] <= 1


def test_event(v: Venue, who: SimpleNamespace, indebted: int) -> None:
    credit = convert(v, indebted, WAD // 10, who.outsider)
    event = next(e for e in v.manager.get_logs() if type(e).__name__ == "Converted")
    assert (event.account, event.asset, event.amount, event.credit) == (indebted, 1, WAD // 10, credit)


# ---- the last wei -------------------------------------------------------------------------------


def test_the_last_unit_pays_the_last_wei(v: Venue, who: SimpleNamespace, indebted: int) -> None:
    """Rounded up to a unit, which may be worth more than what is left: nothing is owed then."""
    owed = -v.manager.cash(indebted)
    amount = -(-owed * WAD // NET)
    assert amount * NET // WAD > owed
    with boa.reverts("manager: more than is owed"):
        convert(v, indebted, amount + 1, who.outsider)
    assert convert(v, indebted, amount, who.outsider) == owed
    assert (v.manager.cash(indebted), v.vault.debt()) == (0, 0)
    with boa.reverts("manager: more than is owed"):
        convert(v, indebted, 1, who.outsider)


def test_nothing_is_never_too_much(v: Venue, who: SimpleNamespace, indebted: int) -> None:
    owed = -v.manager.cash(indebted)
    assert convert(v, indebted, 0, who.outsider) == 0
    assert v.manager.cash(indebted) == -owed


def test_without_debt_not_even_nothing(v: Venue, who: SimpleNamespace) -> None:
    account = v.deposit(who.trader, 10**18, v.tokens[1])
    for amount in (0, 1):
        with boa.reverts("manager: more than is owed"):
            convert(v, account, amount, who.outsider)


def test_no_wei_of_debt_is_left_behind(v: Venue, who: SimpleNamespace, indebted: int) -> None:
    """Somebody converts a unit too little: the rest of less than a unit's worth can still be paid."""
    owed = -v.manager.cash(indebted)
    convert(v, indebted, owed * WAD // NET, who.outsider)
    assert 0 < -v.manager.cash(indebted) < NET // WAD
    convert(v, indebted, 1, who.outsider)
    assert (v.manager.cash(indebted), v.vault.debt()) == (0, 0)


def test_repeated_it_costs_nobody_anything(v: Venue, who: SimpleNamespace) -> None:
    """L-2: a call may lower E - MM by what a unit is credited with, and no more: fifty units that unhedge, one after the other.

    1,860 wei of quote a call: whoever makes them burns more gas for each than all calls of a lifetime could take.
    """
    account = v.deposit(who.trader, 10 * 10**18, v.tokens[1])
    v.trade(account, ETH, -52 * WAD)
    v.set_price(ETH, 2_040 * WAD)
    v.trade(account, ETH, 2 * WAD)
    assert v.manager.cash(account) < 0
    unit = 2_040 * 93 // 100 + 1  # wei of quote, rounded up
    equity, _, maintenance, _ = v.manager.account_health(account)
    slack = equity - maintenance
    calls = 50
    for _ in range(calls):
        convert(v, account, 1, who.outsider)
    equity, _, maintenance, _ = v.manager.account_health(account)
    assert 0 < slack - (equity - maintenance) <= calls * unit
    # a million of such calls do not move a ten-millionth of a quote
    assert 10**6 * unit < WAD // 10**7
    # what is lost by more than that is refused: the smallest amount that is, and one wei less
    low, high = 1, WAD // 100
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if hurts(v, account, middle, who.outsider) else (middle, high)
    with boa.env.anchor():
        equity, _, maintenance, _ = v.manager.account_health(account)
        convert(v, account, low, who.outsider)
        left, _, asked, _ = v.manager.account_health(account)
        assert 0 < equity - maintenance - (left - asked) <= unit
    with boa.reverts("manager: conversion hurts"):
        convert(v, account, high, who.outsider)


def hurts(v: Venue, account: int, amount: int, sender: str) -> bool:
    """Whether a conversion is refused."""
    with boa.env.anchor():
        try:
            convert(v, account, amount, sender)
        except boa.BoaError:
            return True
    return False
