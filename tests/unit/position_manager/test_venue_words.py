"""venue_words: what all markets share."""

from __future__ import annotations

from tests.support.venue import Venue
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    BTC,
    ETH,
)


def test_as_configured(v: Venue) -> None:
    from tests.support.words import collateral_word

    venue, collateral, first, second, rates, listed = v.manager.venue_words()
    assert venue == v.setup.venue.word()
    assert collateral == collateral_word(v.setup.assets)
    assert rates == v.setup.rates.word()
    assert (first, second) == (0, 0b11111 << 192)
    assert listed == 0b11111


def test_sums_return_to_nothing(v: Venue, long: int) -> None:
    # I-5: what the markets put into the sums, they take out again
    v.trade(long, ETH, -10 * WAD)
    assert v.manager.venue_words()[2] != 0
    v.set_price(BTC, 51_000 * WAD)
    v.set_price(ETH, 2_100 * WAD)
    v.warp(3_600)
    v.trade(long, BTC, -WAD)
    v.trade(long, ETH, 10 * WAD)
    assert v.manager.venue_words()[2:4] == (0, 0b11111 << 192)
