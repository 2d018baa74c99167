"""market_words: raw words of the markets in a bitmap."""

from __future__ import annotations

from tests.support.venue import Venue
from tests.support.words import LOT, pack
from tests.unit.position_manager.support import (
    BTC,
    DOGE,
)


def test_none(v: Venue) -> None:
    assert v.manager.market_words(0) == []


def test_ascending_as_configured(v: Venue) -> None:
    found = v.manager.market_words(1 << DOGE | 1 << BTC)
    assert len(found) == 2
    for words, market in zip(found, (BTC, DOGE)):
        m = v.setup.markets[market]
        assert words.terms == m.terms_word()
        assert words.limits == m.limits_word()
        assert words.risk == m.risk_word()
        assert words.book == 0


def test_unlisted_are_zero(v: Venue) -> None:
    assert tuple(v.manager.market_words(1 << 31)[0]) == (0, 0, 0, 0, 0)


def test_the_book(v: Venue, long: int) -> None:
    base, quote = v.manager.position(long, BTC)
    book = v.manager.market_words(1)[0].book
    assert book == pack((base // LOT, 72), (0, 72), (quote % 2**112, 112))
