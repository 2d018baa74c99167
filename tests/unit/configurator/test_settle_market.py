"""settle_market(id)"""

import boa
import pytest

from tests.unit.configurator.support import DAY, HOUR, WAD, Market, Venue

TOO_SOON = "configurator: too soon"


@pytest.fixture
def closing(stage):
    """Market 1 is closing since now."""
    stage.do("close_market", 1)
    stage.settings()
    return stage


@pytest.mark.parametrize("market", [0, 3, 2**255])
def test_only_a_closing_market(closing, market):
    with boa.reverts("configurator: not closing"):
        closing.configurator.settle_market(market)


def test_not_within_the_hour(closing):
    closing.sample(1, *[200] * 6)
    closing.wait(HOUR - 1_801)
    with boa.reverts(TOO_SOON):
        closing.configurator.settle_market(1)
    closing.wait(1)
    closing.configurator.settle_market(1)


def test_not_with_less_than_half_an_hour_before_the_day_is_over(closing):
    closing.sample(1, *[200] * 5)
    closing.sample(1, 200, every=299)
    closing.wait(DAY - 1_800)
    with boa.reverts(TOO_SOON):
        closing.configurator.settle_market(1)
    closing.wait(1)
    closing.configurator.settle_market(1)


def test_once(closing):
    closing.wait(DAY)
    closing.configurator.settle_market(1)
    with boa.reverts("configurator: settled"):
        closing.configurator.settle_market(1)


def test_at_the_average_whatever_the_price_is_then(closing, outsider):
    closing.sample(1, 100, 100, 100, 100, 100, 103)  # 1,800 s, (5·100 + 103)/6
    closing.wait(HOUR)
    closing.price(1, 5, 4)
    with boa.env.prank(outsider):
        closing.configurator.settle_market(1)
    assert closing.logged("ClosingEnded") == [(1, 603 * WAD // 6)]
    assert closing.settings() == [(7, 1, 603 * WAD // 6)]
    assert closing.configurator.settled() == 0b10
    assert closing.configurator.average(1) == 603 * WAD // 6


def test_rounded_down(closing):
    closing.sample(1, 1, 1, 2, every=1)
    closing.wait(DAY)
    closing.configurator.settle_market(1)
    assert closing.settings() == [(7, 1, 4 * WAD // 3)]


def test_after_a_day_one_second_is_enough(closing):
    closing.sample(1, 42, every=1)
    closing.price(1, 5)
    closing.wait(DAY)
    closing.configurator.settle_market(1)
    assert closing.settings() == [(7, 1, 42 * WAD)]


def test_with_the_average_no_price_is_read(closing):
    """A broken oracle does not hold it up."""
    closing.sample(1, *[200] * 6)
    closing.wait(HOUR)
    before = closing.manager.refreshed()
    closing.configurator.settle_market(1)
    assert closing.manager.refreshed() == before


@pytest.mark.parametrize("state", [0, 2, 4])
def test_without_a_sample_at_the_last_price(closing, state):
    closing.wait(DAY - 1)
    closing.price(1, 175, state)
    with boa.reverts(TOO_SOON):
        closing.configurator.settle_market(1)
    closing.wait(1)
    closing.configurator.settle_market(1)
    assert closing.settings() == [(7, 1, 175 * WAD)]


def test_a_sample_of_no_weight_is_none(closing):
    closing.sample(1, 900, every=0)
    closing.price(1, 175, 2)
    closing.wait(DAY)
    closing.configurator.settle_market(1)
    assert closing.settings() == [(7, 1, 175 * WAD)]


def test_a_settled_market_does_not_bind_the_venue(stage):
    stage.do("set_market", 0, Market(beta=500))
    stage.do("set_market", 1, Market(beta=281, sigma=0))
    stage.do("set_market", 2, Market(beta=500))
    with boa.reverts("configurator: p_max for this w"):
        stage.do("set_venue", Venue(kappa=5_900))
    stage.do("close_market", 1)
    with boa.reverts("configurator: p_max for this w"):  # it can still be liquidated in
        stage.do("set_venue", Venue(kappa=5_900))
    stage.wait(DAY)
    stage.configurator.settle_market(1)
    stage.do("set_venue", Venue(kappa=5_900))


def test_the_manager_settles_at_the_leading_bits(venue):
    """The real one, without any feed: the least price it can keep stands for none."""
    venue.do("close_market", 0)
    boa.env.timestamp += DAY
    assert venue.market_words(0).carry >> 128 & 2**32 - 1 != 0
    venue.configurator.settle_market(0)
    words = venue.market_words(0)
    assert words.carry >> 128 & 2**32 - 1 == 0
    assert words.carry >> 232 == 2**17 | 0 << 18  # mantissa 2^17, exponent 8
    assert words.terms == 1 << 168
    assert words.limits == Market(max_oi=0).limits()


def test_the_real_manager_through_a_shutdown(venue):
    """No positions, no debts: flags and kinds are what it takes them for."""
    venue.do("set_market", 1, Market())
    venue.do("shut_down")
    boa.env.timestamp += DAY
    for market in range(2):
        venue.configurator.settle_market(market)
    venue.configurator.open_claims()
    boa.env.timestamp += 6 * DAY
    venue.configurator.last_prices()
    assert venue.venue_words()[4] >> 232 == 0b1111
