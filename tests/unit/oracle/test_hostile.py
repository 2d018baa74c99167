"""Sources that misbehave: their own word may not become wrong, everybody else's not even late."""

import random

import boa
import pytest
from eth_abi import encode

from tests.support.chainlink import boa_flux, boa_proxy
from tests.unit.oracle.conftest import DAY, HOUR, INVALID, USD, VALID, WAD, feed_of, now, pack, wait

REPLY, REVERT, BOMB, SPIN, HUGE, REENTER = range(6)
MODES = {"reverts": REVERT, "bomb": BOMB, "spin": SPIN, "reenter": REENTER}
# one call to a source may burn so much, plus what our own work takes
GAS_CAP = 100_000
OWN_WORK = 15_000


def round_words(number=1, answer=10 * USD, time=None, answered_in=None):
    """The five words of a round; published now unless told otherwise."""
    time = now() if time is None else time
    words = (number, answer % 2**256, time, time, number if answered_in is None else answered_in)
    return encode(["uint256"] * 5, words)


@pytest.fixture
def hostile(venue, hostile_feed):
    """Market 1 on a source under our control, good so far; markets 0 and 2 are real."""
    feed = hostile_feed.deploy()
    feed.set(REPLY, round_words())
    venue.market(0, 5 * USD)
    venue.market(2, 7 * USD)
    venue.set_feed(1, feed_of(feed))
    venue.oracle.refresh(7)
    return feed


def others_are_right(venue, start):
    """Markets 0 and 2 after a refresh of all three; returns market 1's word."""
    viewed = venue.oracle.words(7)
    zero, one, two = venue.oracle.refresh(7)
    assert viewed == [zero, one, two]
    assert zero == pack(5 * WAD, start, now(), start + HOUR, VALID)
    assert two == pack(7 * WAD, start, now(), start + HOUR, VALID)
    return one


def kept(start, state=VALID):
    return pack(10 * WAD, start, now(), start + HOUR, state)


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_a_source_that_fails_keeps_its_last_word(venue, hostile, mode):
    start = now()
    wait(1)
    hostile.set(mode, round_words(2, 12 * USD))
    assert others_are_right(venue, start) == kept(start)


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_a_source_that_fails_has_no_rounds(venue, hostile, mode):
    hostile.set(mode, round_words())
    with boa.reverts("oracle: round not complete"):
        venue.oracle.first_price_since(1, now(), 0)


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_a_failing_quote_source(venue, hostile, mode):
    start = now()
    venue.set_quote_feed(feed_of(hostile))
    hostile.set(mode, round_words(2, 2 * USD))
    wait(1)
    states = [word >> 216 for word in venue.oracle.refresh(7)]
    assert states == [INVALID] * 3
    hostile.set(REPLY, round_words(2, 2 * USD))
    wait(1)
    assert venue.oracle.refresh(1) == [pack(5 * WAD // 2, start, now(), start + HOUR, VALID)]


@pytest.mark.parametrize("length", [0, 1, 31, 32, 64, 159])
def test_short_answers(venue, hostile, length):
    start = now()
    wait(1)
    hostile.set(REPLY, round_words(2, 12 * USD)[:length])
    assert others_are_right(venue, start) == kept(start)


def test_what_comes_after_a_round_is_not_read(venue, hostile):
    start = now()
    wait(1)
    hostile.set(HUGE, round_words(2, 12 * USD))
    one = others_are_right(venue, start)
    assert one == pack(12 * WAD, now(), now(), now() + HOUR, VALID)


def test_garbage(venue, hostile):
    """Whatever the five words are: the batch works, and only a credible round within bounds is taken."""
    choose = random.Random(11)
    start = now()
    edges = (0, 1, 2**63, 2**80 - 1, 2**80, 2**255 - 1, 2**255, 2**256 - 1)
    for _ in range(60):
        wait(1)
        number, answered_in = (choose.choice((*edges, 5)) for _ in range(2))
        answer = choose.choice((*edges, -1, 11 * USD))
        time = choose.choice((*edges, now(), now() + 1, now() - 1))
        hostile.set(REPLY, round_words(number, answer, time, answered_in))
        one = others_are_right(venue, start)
        credible = number < 2**80 and number <= answered_in and start <= time <= now()
        if credible and answer == 11 * USD:
            assert one == pack(11 * WAD, time, now(), time + HOUR, VALID)
            return
        assert one & (2**96 - 1) == 10 * WAD
        assert one >> 96 & (2**40 - 1) == start
    raise AssertionError("no credible round was drawn")


@pytest.mark.parametrize("mode", [BOMB, SPIN])
def test_a_bomb_costs_at_most_its_share(venue, hostile, hostile_feed, mode):
    wait(1)
    venue.oracle.refresh(7)
    usual = venue.oracle._computation.get_gas_used()
    hostile.set(mode, b"")
    wait(1)
    venue.oracle.refresh(7)
    assert venue.oracle._computation.get_gas_used() < usual + GAS_CAP + OWN_WORK


def test_a_source_cannot_be_starved_into_silence(venue, node_modules):
    """With little gas the call fails; it never stores that a working source had nothing to say."""
    flux = boa_flux(8)
    flux.publish(10 * USD)
    venue.set_feed(0, feed_of(boa_proxy(flux.aggregator), max_age=DAY))
    venue.oracle.refresh(1)
    wait(1)
    flux.publish(12 * USD)
    wait(1)
    outcomes = set()
    for gas in range(3_000, 120_000, 500):
        with boa.env.anchor():
            try:
                (word,) = venue.oracle.refresh(1, gas=gas)
            except boa.BoaError:
                outcomes.add("failed")
            else:
                assert word & (2**96 - 1) == 12 * WAD
                outcomes.add("read")
    assert outcomes == {"failed", "read"}


@pytest.mark.parametrize("mode", [REVERT, BOMB, SPIN])
def test_a_failing_source_can_be_replaced(venue, hostile, hostile_feed, mode):
    hostile.set(mode, b"")
    good = hostile_feed.deploy()
    good.set(REPLY, round_words(1, 20 * USD))
    venue.set_feed(1, feed_of(good))
    assert venue.price(1).price == 20 * WAD
    assert venue.price(1).state == VALID


def test_a_round_asked_for_must_be_the_one_that_comes(venue, hostile):
    """The source answers with round 5, whatever is asked."""
    hostile.set(REPLY, round_words(5))
    with boa.reverts("oracle: round not complete"):
        venue.oracle.first_price_since(1, now(), 4)
    with boa.reverts("oracle: round unproven"):  # round 4 is not to be had
        venue.oracle.first_price_since(1, now(), 5)


@pytest.mark.parametrize(("number", "price"), [(2**80 - 1, 12), (2**80, 10), (2**256 - 1, 10)])
def test_ids_of_more_than_eighty_bits_are_no_rounds(venue, hostile, number, price):
    wait(1)
    hostile.set(REPLY, round_words(number, 12 * USD))
    venue.oracle.refresh(2)
    assert venue.price(1).price == price * WAD
