"""transfer: between one owner's accounts, under the withdrawal rule."""

from __future__ import annotations

from types import SimpleNamespace

import boa

from tests.support.venue import Venue, account_of
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    DAY,
)


def move(v: Venue, source: int, target: int, amount: int, sender: str, token: object = None) -> None:
    v.manager.transfer(source, target, (token or v.quote).address, amount, sender=sender)


def test_reverts_for_another(v: Venue, who: SimpleNamespace, account: int) -> None:
    with boa.reverts("manager: not the owner"):
        move(v, account, account_of(who.outsider), 1, who.outsider)


def test_reverts_to_another(v: Venue, who: SimpleNamespace, account: int) -> None:
    for target in (account_of(who.other), v.pool_account):
        with boa.reverts("manager: not the same owner"):
            move(v, account, target, 1, who.trader)


def test_reverts_for_more_than_is_free(v: Venue, who: SimpleNamespace, account: int) -> None:
    v.manager.reserve(account, WAD, sender=v.order_book)
    with boa.reverts("vault: insufficient balance"):
        move(v, account, account + 1, 9_999 * WAD + 1, who.trader)


def test_reverts_below_initial_margin(v: Venue, who: SimpleNamespace, long: int) -> None:
    equity, initial, _, _ = v.manager.account_health(long)
    with boa.reverts("manager: below initial margin"):
        move(v, long, long + 1, equity - initial + 1, who.trader)
    move(v, long, long + 1, equity - initial, who.trader)
    assert v.manager.account_health(long)[0] == initial
    assert v.manager.cash(long + 1) == equity - initial


def test_reverts_for_an_unknown_token(v: Venue, who: SimpleNamespace, account: int) -> None:
    with boa.reverts("vault: unknown token"):
        v.manager.transfer(account, account + 1, who.other, 1, sender=who.trader)


def test_moves_collateral(v: Venue, who: SimpleNamespace, account: int) -> None:
    v.deposit(who.trader, 10**18, v.tokens[1])
    move(v, account, account + 7, WAD // 4, who.trader, v.tokens[1])
    assert v.manager.collateral(account, v.tokens[1].address) == 3 * WAD // 4
    assert v.manager.collateral(account + 7, v.tokens[1].address) == WAD // 4


def test_to_itself_changes_nothing(v: Venue, who: SimpleNamespace, account: int) -> None:
    move(v, account, account, 10_000 * WAD, who.trader)
    assert v.manager.cash(account) == 10_000 * WAD


def test_reads_no_price_without_positions(v: Venue, who: SimpleNamespace, account: int) -> None:
    boa.env.time_travel(seconds=30 * DAY)
    move(v, account, account + 1, 10_000 * WAD, who.trader)
    assert v.manager.cash(account + 1) == 10_000 * WAD


def test_event(v: Venue, who: SimpleNamespace, account: int) -> None:
    move(v, account, account + 1, 5, who.trader)
    event = next(e for e in v.manager.get_logs() if type(e).__name__ == "Transfer")
    assert (event.from_account, event.to_account, event.amount) == (account, account + 1, 5)
