"""cash: signed, the reserved part included."""

from __future__ import annotations

from types import SimpleNamespace

from tests.support.venue import Venue, account_of
from tests.support.words import WAD


def test_none(v: Venue, who: SimpleNamespace) -> None:
    assert v.manager.cash(account_of(who.outsider)) == 0


def test_includes_what_is_reserved(v: Venue, account: int) -> None:
    v.manager.reserve(account, WAD, sender=v.order_book)
    assert v.manager.cash(account) == 10_000 * WAD


def test_negative(v: Venue, indebted: int) -> None:
    assert v.manager.cash(indebted) < -WAD
