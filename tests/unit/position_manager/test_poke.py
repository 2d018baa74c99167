"""poke: accrue a market and renew its part of the pool's sums."""

from __future__ import annotations

from types import SimpleNamespace

import boa

from tests.support.venue import MAX, Venue
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    BTC,
    DAY,
)


def test_reverts_for_an_unknown_market(v: Venue) -> None:
    for market in (5, 31, 32, MAX):
        with boa.reverts("manager: unknown market"):
            v.manager.poke(market)


def test_reverts_with_a_stale_price(v: Venue) -> None:
    boa.env.time_travel(seconds=DAY + 1)
    with boa.reverts("manager: no valid price"):
        v.manager.poke(BTC)


def test_accrues_to_now(v: Venue, who: SimpleNamespace, long: int) -> None:
    v.warp(3_600)
    v.manager.poke(BTC, sender=who.outsider)
    word = v.manager.market_words(1)[0].carry
    assert word >> 128 & 2**32 - 1 == boa.env.timestamp
    assert word & 2**64 - 1 > 0  # longs owe: funding and borrow


def test_the_sums_take_the_price(v: Venue, long: int) -> None:
    before = v.manager.solvency().reduced_equity
    v.set_price(BTC, 49_000 * WAD)
    assert v.manager.solvency().reduced_equity == before
    v.manager.poke(BTC)
    # a bitcoin's fall of 1,000 is the pool's gain, within the 2^-17 of the stored price and the premium of a dollar
    assert abs(v.manager.solvency().reduced_equity - before - 1_000 * WAD) < 2 * WAD


def test_twice_in_a_second(v: Venue, long: int) -> None:
    v.manager.poke(BTC)
    words, sums = v.manager.market_words(1), v.manager.venue_words()
    v.manager.poke(BTC)
    assert (v.manager.market_words(1), v.manager.venue_words()) == (words, sums)


def test_nobodys_position_changes(v: Venue, long: int) -> None:
    before = v.manager.position(long, BTC)
    v.warp(3_600)
    v.manager.poke(BTC)
    assert v.manager.position(long, BTC) == before
    assert v.manager.position(0, BTC) == (0, 0)
