"""set_feed(market, feed)."""

import boa
import pytest

from tests.support.chainlink import ZERO, boa_flux, boa_mock, boa_proxy
from tests.unit.oracle.conftest import (
    HOUR,
    INVALID,
    NO_MARKET,
    STALE,
    USD,
    VALID,
    WAD,
    WEEK,
    feed_of,
    now,
    wait,
)


def test_only_the_owner(venue, outsider):
    mock = boa_mock(8, USD)
    with boa.reverts("ownable: caller is not the owner"), boa.env.prank(outsider):
        venue.oracle.set_feed(0, feed_of(mock))


@pytest.mark.parametrize("market", [32, 255, 2**256 - 1])
def test_no_such_market(venue, market):
    with boa.reverts(NO_MARKET):
        venue.set_feed(market, feed_of(boa_mock(8, USD)))


def test_the_source_must_have_code(venue, outsider):
    for source in (ZERO, outsider):
        with boa.reverts("oracle: source has no code"):
            venue.set_feed(0, feed_of(source))


def test_decimals_are_those_of_the_source(venue):
    with boa.reverts("oracle: wrong decimals"):
        venue.set_feed(0, feed_of(boa_mock(8, USD), decimals=18))
    with boa.reverts("oracle: wrong decimals"):  # it would be 1e-19 units
        venue.set_feed(0, feed_of(boa_mock(19, 10**19), decimals=19))
    with boa.reverts("oracle: wrong decimals"):  # has code, but is no feed
        venue.set_feed(0, feed_of(venue.oracle))


@pytest.mark.parametrize("max_age", [0, WEEK + 1, 2**24, 2**256 - 1])
def test_max_age_is_bounded(venue, max_age):
    with boa.reverts("oracle: bad max age"):
        venue.set_feed(0, feed_of(boa_mock(8, USD), max_age=max_age))


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (0, USD),
        (USD, USD),
        (2 * USD, USD),
        (2**255, 2**256 - 1),  # beyond what is kept
        (1_234_567_801, 1_234_567_809),  # meet when rounded inwards
    ],
)
def test_bounds_must_leave_room(venue, low, high):
    mock = boa_mock(8, USD)
    with boa.reverts("oracle: bad bounds"):
        venue.set_feed(0, feed_of(mock, min_answer=low, max_answer=high))


@pytest.mark.parametrize("max_age", [1, WEEK])
def test_it_is_stored_and_told(venue, max_age):
    proxy = boa_proxy(boa_mock(18, WAD))
    feed = feed_of(proxy, 18, max_age, 12_345_678 * 10**10, 8 * 10**24)
    venue.set_feed(31, feed)
    (event,) = venue.oracle.get_logs()
    assert type(event).__name__ == "FeedSet"
    assert (event.market, tuple(event.feed)) == (31, feed)
    assert tuple(venue.oracle.feed(31)) == feed


def test_it_may_have_no_answer_yet(venue):
    flux = boa_flux(8)
    venue.set_feed(0, feed_of(boa_proxy(flux.aggregator)))
    assert venue.state(0) == INVALID
    venue.oracle.refresh(1)
    wait(1)
    flux.publish(7 * USD)
    assert tuple(venue.price(0)) == (7 * WAD, 7 * WAD, now(), VALID)


def test_a_new_source_starts_anew(venue):
    """Also with an older round than the last one of the source before."""
    other = boa_mock(8, 20 * USD)
    published = now()
    wait(100)
    venue.market(0, 10 * USD)
    venue.oracle.refresh(1)
    venue.set_feed(0, feed_of(boa_proxy(other)))
    venue.oracle.refresh(1)  # in the same block
    assert tuple(venue.price(0)) == (20 * WAD, 20 * WAD, published, VALID)


def test_the_last_price_stays_readable_until_the_new_source_answers(venue):
    venue.market(0, 10 * USD)
    venue.oracle.refresh(1)
    published = now()
    flux = boa_flux(8)
    venue.set_feed(0, feed_of(boa_proxy(flux.aggregator)))
    assert tuple(venue.price(0)) == (10 * WAD, 10 * WAD, published, INVALID)
    wait(5)
    venue.oracle.refresh(1)
    assert tuple(venue.price(0)) == (10 * WAD, 10 * WAD, published, INVALID)


def test_tighter_settings_hold_at_once(venue):
    mock = venue.market(0, 10 * USD)
    venue.oracle.refresh(1)
    wait(100)
    assert venue.state(0) == VALID
    venue.set_feed(0, feed_of(mock, max_age=99))
    assert venue.state(0) == STALE
    venue.set_feed(0, feed_of(mock, max_age=HOUR, max_answer=10 * USD))
    assert venue.state(0) == INVALID
