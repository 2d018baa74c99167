"""refresh(ids): what one read of a real source does to a word."""

import random

import boa
import pytest

from tests.support.chainlink import boa_flux, boa_mock, boa_proxy, switch_phase
from tests.unit.oracle.conftest import (
    DAY,
    HOUR,
    INVALID,
    NO_MARKET,
    QUOTE,
    STALE,
    USD,
    VALID,
    WAD,
    feed_of,
    now,
    pack,
    wad_price,
    wait,
)


def refreshed(venue, market=0):
    """One market's word after a refresh."""
    (word,) = venue.oracle.refresh(1 << market)
    return word


def updates(venue):
    """(market, price, time, state) of the PriceUpdated events of the last call."""
    return [
        (log.market, log.price, log.time, log.state)
        for log in venue.oracle.get_logs()
        if type(log).__name__ == "PriceUpdated"
    ]


# ---------------------------------------------------------------- the call


@pytest.mark.parametrize("ids", [1 << 32, 1 << 255, 2**256 - 1])
def test_no_such_market(venue, ids):
    with boa.reverts(NO_MARKET):
        venue.oracle.refresh(ids)


def test_no_ids_no_words(venue):
    assert venue.oracle.refresh(0) == []


def test_words_come_in_ascending_order_for_any_bitmap(venue):
    for market in range(32):
        venue.market(market, (market + 1) * USD)
    generator = random.Random(5)
    bitmaps = [1 << market for market in range(32)] + [generator.getrandbits(32) for _ in range(20)]
    for ids in [2**32 - 1, *bitmaps]:
        expected = [
            pack((market + 1) * WAD, now(), now(), now() + HOUR, VALID)
            for market in range(32)
            if ids >> market & 1
        ]
        assert venue.oracle.refresh(ids) == expected


def test_anyone_may_call(venue, outsider):
    venue.market(0, 5 * USD)
    with boa.env.prank(outsider):
        assert refreshed(venue) == pack(5 * WAD, now(), now(), now() + HOUR, VALID)


def test_a_market_without_a_feed_is_invalid(venue):
    assert refreshed(venue, 9) == pack(0, 0, now(), 0, INVALID)


# ---------------------------------------------------------------- O-1


@pytest.mark.parametrize(
    ("answer", "decimals", "quote_answer"),
    [
        (3000, 0, USD),
        (3_141_592_653_589_793_238_462, 18, USD),
        (60_000 * USD + 1, 8, 88_000_000),  # the quote at 0.88
        (60_000 * USD + 1, 8, 99_999_999),
        (10, 4, USD),  # the lowest price
        (10**7, 0, USD),  # the highest
        (7 * 10**17, 18, 133_333_333),
    ],
)
def test_price_is_asset_over_quote_rounded_down(venue, answer, decimals, quote_answer):
    wait(1)
    venue.quote.updateAnswer(quote_answer)
    venue.market(4, answer, decimals, max_answer=10**30)
    price = wad_price(answer, decimals, quote_answer)
    assert refreshed(venue, 4) == pack(price, now(), now(), now() + HOUR, VALID)


def test_a_quote_feed_with_eighteen_decimals(bare, node_modules):
    bare.set_quote_feed(feed_of(boa_mock(18, 880_000_000_000_000_001), 18, DAY, 1, 10**30))
    bare.market(0, 10 * USD)
    price = wad_price(10 * USD, 8, 880_000_000_000_000_001, 18)
    assert refreshed(bare) == pack(price, now(), now(), now() + HOUR, VALID)


@pytest.mark.parametrize("answer", [10**15 - 1, 10**25 + 1, 1, 10**36])
def test_prices_outside_the_range_are_invalid(venue, answer):
    mock = venue.market(0, WAD, 18, max_answer=10**37)
    refreshed(venue)
    start = now()
    wait(1)
    mock.updateAnswer(answer)
    assert refreshed(venue) == pack(WAD, start, now(), start + HOUR, INVALID)


def test_a_depeg_moves_every_price_at_the_same_round(venue):
    venue.market(0, 10 * USD)
    refreshed(venue)
    start = now()
    wait(12)
    venue.quote.updateAnswer(88_000_000)
    price = wad_price(10 * USD, 8, 88_000_000)
    assert price > 11 * WAD
    assert refreshed(venue) == pack(price, start, now(), start + HOUR, VALID)
    assert updates(venue) == [(QUOTE, 88 * 10**16, now(), VALID)]  # the market's publish time is the same


def test_a_quote_outside_its_bounds_makes_prices_invalid(venue):
    mock = venue.market(0, 10 * USD)
    refreshed(venue)
    start = now()
    wait(12)
    venue.quote.updateAnswer(USD // 2)
    mock.updateAnswer(11 * USD)
    assert refreshed(venue) == pack(10 * WAD, start, now(), start + HOUR, INVALID)
    wait(12)
    venue.quote.updateAnswer(USD // 2 + 1)
    assert refreshed(venue) == pack(
        wad_price(11 * USD, 8, USD // 2 + 1), start + 12, now(), start + 12 + HOUR, VALID
    )


def test_without_a_quote_feed_every_price_is_invalid(bare, node_modules):
    bare.market(0, 10 * USD)
    assert refreshed(bare) == pack(0, 0, now(), 0, INVALID)


# ---------------------------------------------------------------- age


@pytest.mark.parametrize(("age", "state"), [(HOUR, VALID), (HOUR + 1, STALE), (30 * DAY, STALE)])
def test_stale_by_the_age_of_the_asset(venue, age, state):
    venue.market(0, 10 * USD)
    start = now()
    wait(age)
    venue.quote.updateAnswer(USD)
    assert refreshed(venue) == pack(10 * WAD, start, now(), start + HOUR, state)


@pytest.mark.parametrize(("age", "state"), [(DAY, VALID), (DAY + 1, STALE)])
def test_stale_by_the_age_of_the_quote(venue, age, state):
    quoted = now()
    mock = venue.market(0, 10 * USD)
    wait(age)
    mock.updateAnswer(11 * USD)
    assert refreshed(venue) == pack(11 * WAD, now(), now(), quoted + DAY, state)


def test_a_stored_price_turns_stale_by_itself(venue):
    mock = venue.market(0, 10 * USD)
    refreshed(venue)
    start = now()
    mock.updateRoundData(2, 0, 0, 0)  # no round to read any more
    wait(HOUR)
    assert refreshed(venue) == pack(10 * WAD, start, now(), start + HOUR, VALID)
    wait(1)
    assert refreshed(venue) == pack(10 * WAD, start, now(), start + HOUR, STALE)


# ---------------------------------------------------------------- rounds


def test_a_new_round_replaces_the_old_one_and_is_told(venue):
    mock = venue.market(0, 10 * USD)
    refreshed(venue)
    start = now()
    assert updates(venue) == [(QUOTE, WAD, start, VALID), (0, 10 * WAD, start, VALID)]
    wait(60)
    assert refreshed(venue) == pack(10 * WAD, start, now(), start + HOUR, VALID)
    assert updates(venue) == []
    wait(1)
    mock.updateAnswer(12 * USD)
    assert refreshed(venue) == pack(12 * WAD, now(), now(), now() + HOUR, VALID)
    assert updates(venue) == [(0, 12 * WAD, now(), VALID)]


def test_once_a_block(venue):
    mock = venue.market(0, 10 * USD)
    first = refreshed(venue)
    mock.updateAnswer(12 * USD)
    assert refreshed(venue) == first
    assert venue.price(0).price == 10 * WAD
    wait(1)
    assert refreshed(venue) != first


@pytest.mark.parametrize("answer", [12 * USD, 0, 10**15])
def test_an_older_round_never_replaces_a_newer(venue, answer):
    mock = venue.market(0, 10 * USD)
    wait(100)
    mock.updateAnswer(11 * USD)
    start = now()
    refreshed(venue)
    wait(1)
    mock.updateRoundData(3, answer, start - 1, start - 1)
    assert refreshed(venue) == pack(11 * WAD, start, now(), start + HOUR, VALID)


@pytest.mark.parametrize("time", [0, 1, 2**64])
def test_a_round_without_a_credible_time_is_none(venue, time):
    """No time, or one in the future."""
    mock = venue.market(0, 10 * USD)
    refreshed(venue)
    start = now()
    wait(1)
    mock.updateRoundData(2, 12 * USD, now() + time if time else 0, 0)
    assert refreshed(venue) == pack(10 * WAD, start, now(), start + HOUR, VALID)


@pytest.mark.parametrize(
    "answer", [2 * USD, 2 * USD - 1, 20 * USD, 20 * USD + 1, 0, -1, -(2**255), 2**255 - 1]
)
def test_outside_the_bounds_is_invalid_with_the_last_good_price(venue, answer):
    mock = venue.market(0, 10 * USD, min_answer=2 * USD, max_answer=20 * USD)
    refreshed(venue)
    start = now()
    wait(1)
    mock.updateAnswer(answer)
    assert refreshed(venue) == pack(10 * WAD, start, now(), start + HOUR, INVALID)
    # stays so until a good round is there
    mock.updateRoundData(3, 10 * USD, 0, 0)
    wait(1)
    assert refreshed(venue) == pack(10 * WAD, start, now(), start + HOUR, INVALID)
    mock.updateAnswer(11 * USD)
    wait(1)
    assert refreshed(venue) == pack(11 * WAD, now() - 1, now(), now() - 1 + HOUR, VALID)


@pytest.mark.parametrize("answer", [2 * USD + 1, 20 * USD - 1])
def test_just_inside_the_bounds(venue, answer):
    venue.market(0, answer, min_answer=2 * USD, max_answer=20 * USD)
    assert refreshed(venue) == pack(wad_price(answer, 8), now(), now(), now() + HOUR, VALID)


# ---------------------------------------------------------------- aggregators with oracles, phases


@pytest.fixture(params=["FluxAggregator", "AccessControlledAggregator"])
def flux(request, node_modules):
    return boa_flux(8, request.param)


def behind_proxy(flux):
    proxy = boa_proxy(flux.aggregator)
    if hasattr(flux.aggregator, "addAccess"):
        flux.aggregator.addAccess(proxy.address)
    return proxy


def test_the_median_of_the_oracles_counts(venue, flux):
    venue.set_feed(0, feed_of(behind_proxy(flux)))
    assert refreshed(venue) == pack(0, 0, now(), 0, INVALID)
    flux.submit(0, 9 * USD)
    flux.submit(1, 30 * USD)
    wait(1)
    assert refreshed(venue) == pack(0, 0, now(), 0, INVALID)  # the round is not complete
    flux.submit(2, 10 * USD)
    wait(1)
    assert refreshed(venue) == pack(10 * WAD, now() - 1, now(), now() - 1 + HOUR, VALID)


def test_an_aggregator_closed_to_us_is_silent(venue, node_modules):
    flux = boa_flux(8, "AccessControlledAggregator")
    flux.publish(10 * USD)
    venue.set_feed(0, feed_of(flux.aggregator))
    with boa.env.prank(boa.env.generate_address("keeper")):
        assert refreshed(venue) == pack(0, 0, now(), 0, INVALID)


def test_a_phase_change(venue, node_modules):
    old, new = boa_flux(8), boa_flux(8)
    proxy = boa_proxy(old.aggregator)
    venue.set_feed(0, feed_of(proxy))
    old.publish(10 * USD)
    refreshed(venue)
    start = now()
    switch_phase(proxy, new.aggregator)
    wait(1)
    assert refreshed(venue) == pack(10 * WAD, start, now(), start + HOUR, VALID)  # no round there yet
    new.publish(11 * USD)
    wait(1)
    assert refreshed(venue) == pack(11 * WAD, start + 1, now(), start + 1 + HOUR, VALID)


def test_a_phase_change_to_an_aggregator_that_lags(venue, node_modules):
    lagging = boa_mock(8, 9 * USD)
    wait(10)
    current = boa_mock(8, 10 * USD)
    proxy = boa_proxy(current)
    venue.set_feed(0, feed_of(proxy))
    refreshed(venue)
    start = now()
    switch_phase(proxy, lagging)
    wait(1)
    assert refreshed(venue) == pack(10 * WAD, start, now(), start + HOUR, VALID)
