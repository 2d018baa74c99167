"""market(id), weight(id)"""

import boa

from tests.unit.configurator.support import Market


def test_unlisted(venue):
    for name in ("market", "weight"):
        for market in (1, 31, 32, 2**255):
            with boa.reverts("configurator: market id"):
                getattr(venue.configurator, name)(market)


def test_listed(venue):
    assert tuple(venue.configurator.market(0)) == Market()
    assert venue.configurator.weight(0) == 431
