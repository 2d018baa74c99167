"""The sequencer's uptime feed: in_grace(), SEQUENCER(), and the grace bit of refresh(ids) and words(ids)."""

import boa
import pytest
from eth_abi import encode

from tests.support.chainlink import ZERO, boa_mock, boa_proxy
from tests.unit.oracle.conftest import DAY, HOUR, USD, VALID, WAD, Venue, feed_of, now, pack, wait

GRACE = 900
GRACE_BIT = 1 << 255
GAS_CAP = 100_000
REPLY, REVERT, BOMB, SPIN, HUGE, REENTER = range(6)
UP, DOWN = 0, 1


@pytest.fixture
def uptime(node_modules):
    """MockV3Aggregator as the uptime feed, up for a day."""
    feed = boa_mock(0, UP)
    tell(feed, UP, now() - DAY)
    return feed


def tell(feed, status: int, since: int) -> None:
    """A further round of the uptime feed, reported now."""
    feed.updateRoundData(feed.latestRound() + 1, status, now(), since)


@pytest.fixture
def layer2(adapter, owner, uptime):
    """On a chain with a sequencer: two markets, the quote at 1 USD."""
    quote = boa_mock(8, USD)
    venue = Venue(adapter.deploy(owner, boa_proxy(uptime)), owner, quote)
    venue.set_quote_feed(feed_of(boa_proxy(quote), 8, DAY, USD // 2, 2 * USD))
    for market in range(2):
        venue.market(market, (market + 1) * USD)
    return venue


@pytest.fixture
def hostile(adapter, owner, hostile_feed):
    """A feed under our control, up for a day, and an adapter over it."""
    feed = hostile_feed.deploy()
    feed.set(REPLY, status_words())
    return feed, adapter.deploy(owner, feed)


def status_words(answer: int = UP, since: int | None = None) -> bytes:
    """The five words of latestRoundData."""
    since = now() - DAY if since is None else since
    return encode(["uint256"] * 5, (7, answer % 2**256, since, now(), 7))


def bits(venue, ids: int = 3) -> set[int]:
    """The grace bits of all words, of refresh and words alike; what is stored never has one."""
    viewed = venue.oracle.words(ids)
    refreshed = venue.oracle.refresh(ids)
    assert viewed == refreshed
    for market in range(2):
        assert venue.oracle.eval(f"self.price_words[{market}]") >> 224 == 0
    return {word >> 255 for word in refreshed}


# ---------------------------------------------------------------- the constructor


def test_an_address_without_code_is_refused(adapter, owner):
    with boa.reverts("oracle: sequencer unreadable"):
        adapter.deploy(owner, boa.env.generate_address("nobody"))


def test_a_contract_that_is_no_feed_is_refused(adapter, owner, bare):
    with boa.reverts("oracle: sequencer unreadable"):
        adapter.deploy(owner, bare.oracle)


def test_a_feed_that_says_down_is_a_feed(adapter, owner, uptime):
    tell(uptime, DOWN, now())
    assert adapter.deploy(owner, uptime).in_grace()


def test_it_is_named(layer2, bare, uptime):
    assert bare.oracle.SEQUENCER() == ZERO
    assert not bare.oracle.in_grace()
    assert layer2.oracle.SEQUENCER() != ZERO


# ---------------------------------------------------------------- up, down, back


def test_no_bit_while_it_is_up(layer2):
    assert not layer2.oracle.in_grace()
    assert bits(layer2) == {0}


def test_every_word_has_the_bit_while_it_is_down(layer2, uptime):
    tell(uptime, DOWN, now())
    for _ in range(2):
        assert layer2.oracle.in_grace()
        assert bits(layer2) == {1}
        wait(GRACE + 1)  # however long


def test_the_bit_goes_900_seconds_after_it_came_back(layer2, uptime):
    tell(uptime, DOWN, now())
    wait(HOUR)
    tell(uptime, UP, now())
    assert layer2.oracle.in_grace()
    wait(GRACE - 1)
    assert layer2.oracle.in_grace() and bits(layer2) == {1}
    wait(1)
    assert not layer2.oracle.in_grace() and bits(layer2) == {0}


def test_a_report_that_it_is_still_up_changes_nothing(layer2, uptime):
    """Its round is updated, but began long ago."""
    tell(uptime, UP, now() - GRACE)
    assert not layer2.oracle.in_grace()


def test_prices_and_states_are_as_without_it(layer2, uptime):
    tell(uptime, DOWN, now())
    wait(1)
    assert layer2.oracle.refresh(2) == [pack(2 * WAD, now() - 1, now(), now() - 1 + HOUR, VALID) | GRACE_BIT]
    assert tuple(layer2.price(1)) == (2 * WAD, 2 * WAD, now() - 1, VALID)
    # the same word, not read again
    tell(uptime, UP, now() - GRACE)
    assert layer2.oracle.refresh(2) == [pack(2 * WAD, now() - 1, now(), now() - 1 + HOUR, VALID)]


def test_no_words_no_bit(layer2, uptime):
    tell(uptime, DOWN, now())
    assert layer2.oracle.refresh(0) == layer2.oracle.words(0) == []


# ---------------------------------------------------------------- garbage counts as down


@pytest.mark.parametrize("mode", [REVERT, BOMB, SPIN, REENTER])
def test_a_feed_that_fails(hostile, mode):
    feed, oracle = hostile
    assert not oracle.in_grace()
    feed.set(mode, status_words())
    assert oracle.in_grace()
    assert oracle._computation.get_gas_used() < GAS_CAP + 10_000


@pytest.mark.parametrize("length", [0, 1, 32, 159])
def test_short_answers(hostile, length):
    feed, oracle = hostile
    feed.set(REPLY, status_words()[:length])
    assert oracle.in_grace()


def test_what_comes_after_the_round_is_not_read(hostile):
    feed, oracle = hostile
    feed.set(HUGE, status_words())
    assert not oracle.in_grace()


@pytest.mark.parametrize("answer", [1, 2, -1, 2**128, 2**255])
def test_any_answer_but_0_is_down(hostile, answer):
    feed, oracle = hostile
    feed.set(REPLY, status_words(answer))
    assert oracle.in_grace()


def test_times_that_cannot_be(hostile):
    feed, oracle = hostile
    for since in (0, now() + 1, now() + GRACE, 2**64, 2**256 - GRACE, 2**256 - 1):
        feed.set(REPLY, status_words(UP, since))
        assert oracle.in_grace(), since
    feed.set(REPLY, status_words(UP, 1))
    assert not oracle.in_grace()


def test_with_little_gas_no_word_comes_that_lacks_the_bit(layer2, uptime):
    """Starving the feed's read makes the call fail or the bit come, never go."""
    tell(uptime, DOWN, now())
    layer2.oracle.refresh(3)
    outcomes = set()
    for gas in range(2_000, 60_000, 500):
        with boa.env.anchor():
            try:
                words = layer2.oracle.refresh(3, gas=gas)
            except boa.BoaError:
                outcomes.add("failed")
            else:
                assert {word >> 255 for word in words} == {1}
                outcomes.add("read")
    assert outcomes == {"failed", "read"}
