"""legs: the markets held and their packed positions."""

from __future__ import annotations

from tests.support.venue import Venue
from tests.support.words import WAD, pack
from tests.unit.position_manager.support import (
    BTC,
    DOGE,
    ETH,
)


def test_none(v: Venue, account: int) -> None:
    assert v.manager.legs(account) == (0, [])


def test_ascending(v: Venue, account: int) -> None:
    for market in (DOGE, ETH):
        v.trade(account, market, 1_000 * WAD if market == DOGE else -WAD)
    held, words = v.manager.legs(account)
    assert held == 1 << ETH | 1 << DOGE
    for market, word in zip((ETH, DOGE), words):
        base, quote = v.manager.position(account, market)
        assert word == pack((base % 2**128, 128), (quote % 2**128, 128))


def test_the_bit_leaves_with_the_position(v: Venue, long: int) -> None:
    # I-7
    v.trade(long, ETH, WAD)
    v.trade(long, BTC, -WAD)
    assert v.manager.legs(long)[0] == 1 << ETH
