"""feed(market)."""

from fractions import Fraction

import boa
import pytest

from tests.support.chainlink import ZERO, boa_mock
from tests.unit.oracle.conftest import NO_MARKET, USD, feed_of

# the largest bound: 27 bits of mantissa, 31 decimal zeros
LARGEST = (2**27 - 1) * 10**31


def test_no_such_market(venue):
    with boa.reverts(NO_MARKET):
        venue.oracle.feed(32)


def test_empty_when_there_is_none(venue):
    assert tuple(venue.oracle.feed(0)) == (ZERO, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("low", "high"),
    [(1, 2), (99_999_999, 10**8), (12_345_678, 87_654_321 * 10**30), (10**7, 10**38)],
)
def test_eight_digits_are_exact(venue, low, high):
    mock = boa_mock(8, USD)
    venue.set_feed(0, feed_of(mock, min_answer=low, max_answer=high))
    assert tuple(venue.oracle.feed(0))[3:] == (low, high)


@pytest.mark.parametrize("number", [2**27, 2**27 + 1, 1_999_999_999, 123_456_789_012, 3**70, 2**126 - 1])
def test_others_are_rounded_inwards(venue, number):
    mock = boa_mock(8, USD)
    venue.set_feed(0, feed_of(mock, min_answer=number, max_answer=10**39))
    low = venue.oracle.feed(0).min_answer
    venue.set_feed(0, feed_of(mock, min_answer=1, max_answer=number))
    high = venue.oracle.feed(0).max_answer
    assert high <= number <= low
    assert Fraction(low - high, number) < Fraction(1, 10**7)


def test_what_is_too_large_is_cut(venue):
    venue.set_feed(0, feed_of(boa_mock(8, USD), max_answer=2**256 - 1))
    assert venue.oracle.feed(0).max_answer == LARGEST


def test_markets_do_not_mix(venue):
    mocks = [boa_mock(8, USD) for _ in range(32)]
    for market, mock in enumerate(mocks):
        venue.set_feed(market, feed_of(mock, max_age=market + 1))
    for market, mock in enumerate(mocks):
        assert tuple(venue.oracle.feed(market)) == feed_of(mock, max_age=market + 1)
    assert venue.oracle.quote_feed().max_age == 86400
