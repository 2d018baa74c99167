"""priced_leg: a position with its market and the venue's words, at a price of now."""

from __future__ import annotations

import boa
import pytest

from tests.support.venue import Venue
from tests.support.words import WAD
from tests.unit.position_manager.support import BTC, DAY, ETH, settle_market


def test_reverts_without_a_valid_price(v: Venue, long: int) -> None:
    boa.env.time_travel(seconds=DAY + 1)
    with boa.reverts("manager: no valid price"):
        v.manager.priced_leg(long, BTC)


@pytest.mark.parametrize("market", [9, 31, 32, 2**255])
def test_reverts_for_what_is_not_listed(v: Venue, long: int, market: int) -> None:
    with boa.reverts("manager: unknown market"):
        v.manager.priced_leg(long, market)


def test_reverts_in_a_settled_market(v: Venue, long: int) -> None:
    settle_market(v, BTC, 50_000 * WAD)
    with boa.reverts("manager: market closed"):
        v.manager.priced_leg(long, BTC)


def test_is_what_the_other_views_say(v: Venue, long: int) -> None:
    v.warp(300)
    v.set_price(BTC, 51_000 * WAD)
    leg, venue, first, second, rates = v.manager.priced_leg(long, BTC)
    words = v.manager.market_words(1 << BTC)[0]
    base, quote = v.manager.position(long, BTC)
    assert leg.market == BTC
    assert leg.position == base % 2**128 | (quote % 2**128) << 128
    assert (leg.carry, leg.book, leg.terms, leg.risk) == (words.carry, words.book, words.terms, words.risk)
    assert (leg.held, leg.lendable) == (0, 0)
    assert leg.word % 2**96 == 51_000 * WAD
    assert (venue, first, second, rates) == tuple(v.manager.venue_words()[i] for i in (0, 2, 3, 4))


def test_of_no_position(v: Venue, long: int) -> None:
    leg = v.manager.priced_leg(long, ETH)[0]
    assert (leg.market, leg.position) == (ETH, 0)
    assert leg.word % 2**96 == v.prices[ETH]


def test_finds_the_round_that_is_there_by_then(v: Venue, long: int) -> None:
    v.warp(10)
    v.set_price(BTC, 52_000 * WAD)
    assert v.manager.priced_leg(long, BTC, sender=v.owner)[0].word % 2**96 == 52_000 * WAD
