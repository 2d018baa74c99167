"""set_quote_feed(feed)."""

import boa
import pytest

from tests.support.chainlink import ZERO, boa_flux, boa_mock, boa_proxy
from tests.unit.oracle.conftest import DAY, INVALID, QUOTE, USD, VALID, WAD, WEEK, feed_of, wait


def test_only_the_owner(venue, outsider):
    with boa.reverts("ownable: caller is not the owner"), boa.env.prank(outsider):
        venue.oracle.set_quote_feed(feed_of(venue.quote))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"source": ZERO}, "oracle: source has no code"),
        ({"decimals": 6}, "oracle: wrong decimals"),
        ({"max_age": 0}, "oracle: bad max age"),
        ({"max_age": WEEK + 1}, "oracle: bad max age"),
        ({"min_answer": 0}, "oracle: bad bounds"),
        ({"max_answer": 1}, "oracle: bad bounds"),
    ],
)
def test_the_same_checks_as_for_a_market(venue, changes, reason):
    with boa.reverts(reason):
        venue.set_quote_feed(feed_of(**{"source": venue.quote} | changes))


def test_it_is_stored_and_told(bare, node_modules):
    feed = feed_of(boa_proxy(boa_mock(8, USD)), 8, DAY, USD // 2, 2 * USD)
    bare.set_quote_feed(feed)
    (event,) = bare.oracle.get_logs()
    assert type(event).__name__ == "FeedSet" and event.market == QUOTE
    assert tuple(bare.oracle.quote_feed()) == feed


def test_markets_are_read_anew_in_the_same_block(venue):
    venue.market(3, 10 * USD)
    venue.oracle.refresh(8)
    venue.set_quote_feed(feed_of(boa_mock(8, 2 * USD)))
    assert venue.price(3).price == 5 * WAD
    venue.oracle.refresh(8)
    assert venue.price(3).state == VALID and venue.price(3).price == 5 * WAD


def test_no_price_of_the_old_quote_stays_valid(venue):
    """Not even that of a market whose source falls silent in between."""
    mock = venue.market(3, 10 * USD)
    venue.oracle.refresh(8)
    venue.set_quote_feed(feed_of(boa_mock(8, 2 * USD)))
    mock.updateRoundData(2, 10 * USD, 0, 0)
    wait(1)
    assert venue.state(3) == INVALID


def test_it_may_have_no_answer_yet(bare, node_modules):
    flux = boa_flux(8)
    bare.set_quote_feed(feed_of(boa_proxy(flux.aggregator)))
    bare.market(0, 10 * USD)
    assert bare.state(0) == INVALID
    wait(1)
    flux.publish(USD)
    assert bare.state(0) == VALID
