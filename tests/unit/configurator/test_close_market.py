"""close_market(id)"""

import boa
import pytest

from tests.unit.configurator.support import NOT_OWNER, Market


def test_only_the_owner(stage, outsider):
    with boa.env.prank(outsider), boa.reverts(NOT_OWNER):
        stage.configurator.close_market(0)


@pytest.mark.parametrize("market", [3, 31, 32, 2**255])
def test_only_a_listed_market(stage, market):
    with boa.reverts("configurator: market id"):
        stage.do("close_market", market)


def test_once_for_good(stage):
    stage.do("close_market", 1)
    with boa.reverts("configurator: market closed"):
        stage.do("close_market", 1)
    stage.wait(86_400)
    stage.configurator.settle_market(1)
    with boa.reverts("configurator: market closed"):
        stage.do("close_market", 1)


def test_growth_stops_and_sampling_starts(stage):
    now = stage.wait(77)
    stage.do("close_market", 1)
    assert stage.logged("ClosingStarted") == [(1,)]
    assert stage.settings() == [(4, 1, Market(max_oi=0).limits())]
    assert stage.configurator.closing(1) == (now, now, 0, 0)
    assert stage.configurator.average(1) == 0
    assert tuple(stage.configurator.market(1)) == Market(max_oi=0)


def test_the_others_go_on(stage):
    stage.do("close_market", 1)
    for market in (0, 2, 3):
        assert stage.configurator.closing(market) == (0, 0, 0, 0)
        stage.do("set_market", market, Market(beta=410))


def test_it_cannot_be_changed_any_more(stage):
    stage.do("close_market", 1)
    with boa.reverts("configurator: market closed"):
        stage.do("set_market", 1, Market())
    stage.wait(86_400)
    stage.configurator.settle_market(1)
    with boa.reverts("configurator: market closed"):
        stage.do("set_market", 1, Market())


def test_the_manager_holds_a_cap_of_0_and_the_rest(venue):
    """The real one."""
    venue.do("close_market", 0)
    assert venue.market_words(0).limits == Market(max_oi=0).limits()
    assert venue.market_words(0).terms == Market().terms()
