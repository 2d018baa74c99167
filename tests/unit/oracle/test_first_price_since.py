"""first_price_since(market, not_before, round_id)."""

import boa
import pytest

from tests.support.chainlink import (
    FLUX_TIMEOUT,
    boa_flux,
    boa_mock,
    boa_proxy,
    round_id,
    switch_phase,
)
from tests.unit.oracle.conftest import DAY, HOUR, NO_MARKET, USD, WAD, feed_of, now, wad_price, wait

INCOMPLETE = "oracle: round not complete"
UNPROVEN = "oracle: round unproven"
NOT_FIRST = "oracle: not the first round"
EARLY = "oracle: round too early"
PHASE = "oracle: not the current phase"


@pytest.fixture
def rounds(venue):
    """Market 0 with rounds 1 … 5 a minute apart, at 10 … 14 USD, in phase 1; yields their times by round."""
    mock = venue.market(0, 10 * USD)
    times = {1: now()}
    for number in range(2, 6):
        times[number] = wait(60)
        mock.updateAnswer((9 + number) * USD)
    wait(1)
    return times


def first(venue, not_before, number=None, market=0):
    """The call with a round of phase 1, or with the latest."""
    return venue.oracle.first_price_since(market, not_before, round_id(1, number) if number else 0)


# ---------------------------------------------------------------- reverts


def test_no_such_market(venue):
    with boa.reverts(NO_MARKET):
        venue.oracle.first_price_since(32, 0, 0)


def test_no_feed(venue):
    with boa.reverts("oracle: no feed"):
        venue.oracle.first_price_since(1, 0, 0)


def test_the_quote_must_be_valid(venue, rounds):
    venue.quote.updateAnswer(2 * USD)
    with boa.reverts("oracle: quote not valid"):
        first(venue, rounds[5])
    venue.quote.updateAnswer(USD)
    venue.set_quote_feed(feed_of(venue.quote, max_age=1))
    wait(2)  # stale
    with boa.reverts("oracle: quote not valid"):
        first(venue, rounds[5])


def test_a_round_without_data(venue, rounds):
    for number in (6, 2**32, 2**64 - 1):
        with boa.reverts(INCOMPLETE):
            first(venue, rounds[5], number)


def test_an_aggregator_that_reverts_without_data(venue, node_modules):
    flux = boa_flux(8)
    venue.set_feed(0, feed_of(boa_proxy(flux.aggregator)))
    with boa.reverts(INCOMPLETE):  # "No data present"
        first(venue, now())
    flux.publish(10 * USD)
    with boa.reverts(INCOMPLETE):
        first(venue, now(), 2)


def test_ids_beyond_uint80_are_no_aliases(venue, rounds):
    with boa.reverts(PHASE):
        venue.oracle.first_price_since(0, rounds[3], 2**80 + round_id(1, 3))


def test_ids_without_the_phase_are_none(venue, rounds):
    with boa.reverts(PHASE):
        venue.oracle.first_price_since(0, rounds[3], 3)


def test_a_round_before_the_time(venue, rounds):
    for number in (1, 2):
        with boa.reverts(EARLY):
            first(venue, rounds[2] + 1, number)
    with boa.reverts(EARLY):
        first(venue, rounds[5] + 1)


def test_a_round_after_the_first(venue, rounds):
    for number in (4, 5, None):
        with boa.reverts(NOT_FIRST):
            first(venue, rounds[3], number)


def test_the_round_before_must_be_strictly_earlier(venue, rounds):
    with boa.reverts(NOT_FIRST):
        first(venue, rounds[3], 4)
    assert first(venue, rounds[3] + 1, 4) == (13 * WAD, rounds[4])


def test_too_old(venue, rounds):
    boa.env.timestamp = rounds[4] + HOUR
    assert first(venue, rounds[4], 4) == (13 * WAD, rounds[4])
    wait(1)
    with boa.reverts("oracle: round too old"):
        first(venue, rounds[4], 4)


def test_out_of_bounds(venue, rounds):
    venue.set_feed(0, feed_of(venue.oracle.feed(0).source, min_answer=12 * USD, max_answer=14 * USD))
    for number in (3, 5):
        with boa.reverts("oracle: price out of bounds"):
            first(venue, rounds[number], number)
    assert first(venue, rounds[4], 4) == (13 * WAD, rounds[4])


def test_out_of_the_range_of_prices(venue):
    mock = venue.market(0, WAD, 18, max_answer=10**37)
    start = wait(1)
    mock.updateAnswer(10**25 + 1)
    with boa.reverts("oracle: price out of bounds"):
        first(venue, start)


def test_a_round_with_a_time_in_the_future(venue, rounds):
    mock = boa_mock(8, USD)
    venue.set_feed(0, feed_of(mock))
    mock.updateRoundData(2, USD, now() + 1, 0)
    with boa.reverts(INCOMPLETE):
        venue.oracle.first_price_since(0, now(), 0)


def test_the_very_first_round_has_no_proof(venue):
    venue.market(0, USD)
    with boa.reverts(UNPROVEN):
        first(venue, now(), 1)
    venue.set_feed(0, feed_of(boa_mock(8, USD)))  # nor without a proxy
    with boa.reverts(UNPROVEN):
        venue.oracle.first_price_since(0, now(), 1)


def test_a_gap_before_the_round(venue, rounds):
    proxy = venue.oracle.feed(0).source
    mock = boa_mock(8, USD)
    mock.updateRoundData(7, USD, now(), now())
    venue.set_feed(0, feed_of(boa_proxy(mock)))
    assert proxy != venue.oracle.feed(0).source
    with boa.reverts(UNPROVEN):
        first(venue, now())


def test_a_round_carried_over_proves_nothing(venue, node_modules):
    """A round that timed out carries the answer of the one before and is neither priced nor a proof."""
    flux = boa_flux(8)
    proxy = boa_proxy(flux.aggregator)
    venue.set_feed(0, feed_of(proxy))
    flux.publish(10 * USD)
    wait(10)
    flux.submit(0, 11 * USD)  # round 2, never finished
    wait(FLUX_TIMEOUT + 1)
    flux.publish(12 * USD)  # round 3
    assert proxy.getRoundData(round_id(1, 2))[4] == round_id(1, 1)
    with boa.reverts(INCOMPLETE):
        first(venue, now(), 2)
    with boa.reverts(UNPROVEN):
        first(venue, now(), 3)


# ---------------------------------------------------------------- it is the first


@pytest.mark.parametrize("number", [2, 3, 4, 5])
def test_the_first_round_since(venue, rounds, number):
    for not_before in (rounds[number - 1] + 1, rounds[number]):
        assert first(venue, not_before, number) == ((9 + number) * WAD, rounds[number])


def test_exactly_one_round_is_the_first(venue, rounds):
    """For any time, every other round is refused."""
    for not_before in range(rounds[1] + 1, rounds[5] + 1, 7):
        found = []
        for number in range(1, 7):
            try:
                found.append(first(venue, not_before, number)[1])
            except boa.BoaError:
                pass
        assert found == [min(time for time in rounds.values() if time >= not_before)]


def test_zero_means_the_latest(venue, rounds):
    assert first(venue, rounds[4] + 1) == (14 * WAD, rounds[5])


def test_a_source_without_a_proxy(venue):
    mock = boa_mock(8, USD)
    venue.set_feed(0, feed_of(mock))
    start = wait(5)
    mock.updateAnswer(2 * USD)
    assert venue.oracle.first_price_since(0, start, 2) == (2 * WAD, start)


def test_it_is_converted_at_the_quote_of_now(venue, rounds):
    venue.oracle.refresh(1)
    wait(1)
    venue.quote.updateAnswer(88_000_000)
    assert first(venue, rounds[3], 3) == (wad_price(12 * USD, 8, 88_000_000), rounds[3])


def test_it_does_not_depend_on_the_stored_word(venue, rounds):
    expected = first(venue, rounds[3], 3)
    venue.oracle.refresh(1)
    assert first(venue, rounds[3], 3) == expected


# ---------------------------------------------------------------- phases


@pytest.fixture
def phases(venue, node_modules):
    """Market 0 on a FluxAggregator with one round, then on a second one in phase 2, without a round yet."""
    old, new = boa_flux(8), boa_flux(8)
    proxy = boa_proxy(old.aggregator)
    venue.set_feed(0, feed_of(proxy, max_age=DAY))
    old.publish(10 * USD)
    wait(30)
    switch_phase(proxy, new.aggregator)
    return old, new


def test_the_first_round_of_a_phase_is_proved_by_the_last_of_the_one_before(venue, phases):
    _, new = phases
    ordered = now()
    published = wait(30)
    new.publish(11 * USD)
    for number in (0, round_id(2, 1)):
        assert venue.oracle.first_price_since(0, ordered, number) == (11 * WAD, published)
    with boa.reverts(NOT_FIRST):
        venue.oracle.first_price_since(0, ordered - 30, round_id(2, 1))


def test_rounds_of_an_old_phase_do_not_count(venue, phases):
    """The old aggregator may go on: its rounds give no second choice, and stand against the first of the new."""
    old, new = phases
    ordered = wait(30)
    old.publish(9 * USD)
    wait(30)
    new.publish(11 * USD)
    with boa.reverts(PHASE):
        venue.oracle.first_price_since(0, ordered, round_id(1, 2))
    with boa.reverts(NOT_FIRST):
        venue.oracle.first_price_since(0, ordered, round_id(2, 1))
    published = wait(30)
    new.publish(12 * USD)
    assert venue.oracle.first_price_since(0, ordered + 31, round_id(2, 2)) == (12 * WAD, published)


def test_an_old_phase_closed_to_us_proves_nothing(venue, node_modules):
    old, new = boa_flux(8, "AccessControlledAggregator"), boa_flux(8)
    proxy = boa_proxy(old.aggregator)
    old.aggregator.addAccess(proxy.address)
    venue.set_feed(0, feed_of(proxy))
    old.publish(10 * USD)
    ordered = wait(30)
    switch_phase(proxy, new.aggregator)
    new.publish(11 * USD)
    with boa.reverts(UNPROVEN), boa.env.prank(boa.env.generate_address("keeper")):
        venue.oracle.first_price_since(0, ordered, 0)
    old.aggregator.addAccess(venue.oracle.address)
    with boa.env.prank(boa.env.generate_address("keeper")):
        assert venue.oracle.first_price_since(0, ordered, 0) == (11 * WAD, ordered)


def test_an_old_phase_without_a_round_proves_nothing(venue, node_modules):
    empty, new = boa_flux(8), boa_flux(8)
    proxy = boa_proxy(empty.aggregator)
    venue.set_feed(0, feed_of(proxy))
    switch_phase(proxy, new.aggregator)
    new.publish(11 * USD)
    with boa.reverts(UNPROVEN):
        venue.oracle.first_price_since(0, now(), 0)


def test_an_old_aggregator_cannot_point_into_another_phase(venue, node_modules):
    """Its latest round lies beyond 64 bits and would become round 1 of phase 3."""
    odd = boa_mock(8, 10 * USD)
    odd.updateRoundData(2**64 + 1, 10 * USD, now(), now())
    proxy = boa_proxy(boa_mock(8, 10 * USD))
    venue.set_feed(0, feed_of(proxy))
    switch_phase(proxy, odd)
    wait(30)
    switch_phase(proxy, boa_mock(8, 11 * USD))
    with boa.reverts(UNPROVEN):
        venue.oracle.first_price_since(0, now(), round_id(3, 1))
