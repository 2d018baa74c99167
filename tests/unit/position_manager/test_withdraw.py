"""withdraw: E_free >= IM with positions or debt (M-5), no price without (M-6)."""

from __future__ import annotations

from math import isqrt
from types import SimpleNamespace

import boa

from tests.support.venue import Venue
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    BTC,
    DAY,
    USDC,
)


def test_reverts_for_another(v: Venue, who: SimpleNamespace, account: int) -> None:
    with boa.reverts("manager: not the owner"):
        v.manager.withdraw(account, v.quote.address, 1, who.outsider, sender=who.outsider)


def test_reverts_for_more_than_there_is(v: Venue, who: SimpleNamespace, account: int) -> None:
    with boa.reverts("vault: insufficient balance"):
        v.manager.withdraw(account, v.quote.address, 10_000 * USDC + 1, who.trader, sender=who.trader)


def test_reverts_for_what_is_reserved(v: Venue, who: SimpleNamespace, account: int) -> None:
    v.manager.reserve(account, 1_000 * WAD, sender=v.order_book)
    with boa.reverts("vault: insufficient balance"):
        v.manager.withdraw(account, v.quote.address, 9_000 * USDC + 1, who.trader, sender=who.trader)
    v.manager.withdraw(account, v.quote.address, 9_000 * USDC, who.trader, sender=who.trader)


def test_reverts_below_initial_margin(v: Venue, who: SimpleNamespace, long: int) -> None:
    equity, initial, _, _ = v.manager.account_health(long)
    free = (equity - initial) // 10**12
    with boa.reverts("manager: below initial margin"):
        v.manager.withdraw(long, v.quote.address, free + 1, who.trader, sender=who.trader)
    v.manager.withdraw(long, v.quote.address, free, who.trader, sender=who.trader)
    equity, initial, _, _ = v.manager.account_health(long)
    assert 0 <= equity - initial < 10**12


def test_reverts_for_unrealised_profit(v: Venue, who: SimpleNamespace, long: int) -> None:
    # E_free = E - U+ = cash: the rise adds nothing that could leave; IM becomes 1.5 * 55,000 * sqrt(4 %^2 + 1.6 %^2)
    v.set_price(BTC, 55_000 * WAD)
    cash = v.manager.cash(long)
    initial = 3 * isqrt((400**2 + 160**2) * (55_000 * WAD) ** 2) // 20_000 + 2
    free = (cash - initial) // 10**12
    with boa.reverts("manager: below initial margin"):
        v.manager.withdraw(long, v.quote.address, free + 1, who.trader, sender=who.trader)
    v.manager.withdraw(long, v.quote.address, free, who.trader, sender=who.trader)


def test_reverts_with_positions_and_a_stale_price(v: Venue, who: SimpleNamespace, long: int) -> None:
    boa.env.time_travel(seconds=DAY + 1)
    with boa.reverts("manager: no valid price"):
        v.manager.withdraw(long, v.quote.address, 1, who.trader, sender=who.trader)


def test_reverts_for_collateral_behind_debt(v: Venue, who: SimpleNamespace, indebted: int) -> None:
    with boa.reverts("manager: below initial margin"):
        v.manager.withdraw(indebted, v.tokens[1].address, 10 * 10**18, who.trader, sender=who.trader)
    # debt of a little over 1,025: two ether at 1,860 with IM 8.78 % carry it, half an ether does not
    v.manager.withdraw(indebted, v.tokens[1].address, 8 * 10**18, who.trader, sender=who.trader)
    with boa.reverts("manager: below initial margin"):
        v.manager.withdraw(indebted, v.tokens[1].address, 15 * 10**17, who.trader, sender=who.trader)


def test_all_of_it_with_every_feed_dead(v: Venue, who: SimpleNamespace, account: int) -> None:
    v.deposit(who.trader, 10**18, v.tokens[1])
    boa.env.time_travel(seconds=30 * DAY)
    v.manager.withdraw(account, v.quote.address, 10_000 * USDC, who.receiver, sender=who.trader)
    v.manager.withdraw(account, v.tokens[1].address, 10**18, who.receiver, sender=who.trader)
    assert v.quote.balanceOf(who.receiver) == 10_000 * USDC
    assert v.tokens[1].balanceOf(who.receiver) == 10**18
    assert v.vault.snapshot(account)[0] == 0


def test_event(v: Venue, who: SimpleNamespace, account: int) -> None:
    v.manager.withdraw(account, v.quote.address, 7, who.receiver, sender=who.trader)
    event = next(e for e in v.manager.get_logs() if type(e).__name__ == "Withdraw")
    assert (event.account, event.receiver, event.amount) == (account, who.receiver, 7)
