"""reserve: cash promised to a keeper."""

from __future__ import annotations

from types import SimpleNamespace

import boa

from tests.support.venue import Venue
from tests.support.words import WAD


def test_reverts_for_others(v: Venue, who: SimpleNamespace, account: int) -> None:
    for sender in (who.trader, v.liquidator, v.pool, v.configurator):
        with boa.reverts("manager: not allowed"):
            v.manager.reserve(account, 1, sender=sender)


def test_reverts_for_more_than_is_free(v: Venue, account: int) -> None:
    v.manager.reserve(account, 9_999 * WAD, sender=v.order_book)
    with boa.reverts("vault: insufficient balance"):
        v.manager.reserve(account, WAD + 1, sender=v.order_book)


def test_reverts_for_a_release_of_more_than_there_is(v: Venue, account: int) -> None:
    v.manager.reserve(account, WAD, sender=v.order_book)
    with boa.reverts("vault: reserved range"):
        v.manager.reserve(account, -WAD - 1, sender=v.order_book)


def test_promises_and_gives_back(v: Venue, account: int) -> None:
    v.manager.reserve(account, 3 * WAD, sender=v.order_book)
    assert v.vault.reserved(account) == 3 * WAD
    assert v.manager.cash(account) == 10_000 * WAD
    v.manager.reserve(account, -2 * WAD, sender=v.order_book)
    assert v.vault.reserved(account) == WAD
