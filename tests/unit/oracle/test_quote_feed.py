"""quote_feed()."""

from tests.support.chainlink import ZERO
from tests.unit.oracle.conftest import DAY, USD, feed_of


def test_empty_when_there_is_none(bare):
    assert tuple(bare.oracle.quote_feed()) == (ZERO, 0, 0, 0, 0)


def test_what_was_set(venue):
    feed = feed_of(venue.quote, 8, DAY - 1, USD // 4, 4 * USD)
    venue.set_quote_feed(feed)
    assert tuple(venue.oracle.quote_feed()) == feed
