"""DevFeed: the reading side of an aggregator, for devnets."""

from __future__ import annotations

import boa
import pytest

USD = 10**8


@pytest.fixture(autouse=True)
def clean():
    with boa.env.anchor():
        yield


@pytest.fixture
def owner() -> str:
    return boa.env.generate_address("owner")


@pytest.fixture
def feed(owner):
    return boa.load("contracts/dev/DevFeed.vy", 8, "BTC / USD", 40_000 * USD, owner)


def test_only_the_owner_publishes(feed):
    with boa.env.prank(boa.env.generate_address("outsider")), boa.reverts("ownable: caller is not the owner"):
        feed.push(1)


def test_rounds_that_are_not_there(feed):
    for id in (0, 2, 2**80 - 1):
        with boa.reverts("feed: no such round"):
            feed.getRoundData(id)


def test_rounds_are_kept(feed, owner):
    first = boa.env.timestamp
    assert (feed.decimals(), feed.description(), feed.latestRound()) == (8, "BTC / USD", 1)
    boa.env.time_travel(seconds=60)
    with boa.env.prank(owner):
        assert feed.push(-5) == 2
    (event,) = feed.get_logs()
    assert (event.current, event.round_id, event.updated_at) == (-5, 2, first + 60)
    assert feed.getRoundData(1) == (1, 40_000 * USD, first, first, 1)
    assert feed.latestRoundData() == feed.getRoundData(2) == (2, -5, first + 60, first + 60, 2)


def test_the_oracle_reads_it_and_proves_its_rounds(feed, owner):
    oracle = boa.load("contracts/OracleAdapter.vy", owner, "0x" + "00" * 20)
    quote = boa.load("contracts/dev/DevFeed.vy", 8, "USDC / USD", USD, owner)
    start = boa.env.timestamp
    with boa.env.prank(owner):
        oracle.set_quote_feed((quote.address, 8, 86_400, 1, 2 * USD))
        oracle.set_feed(0, (feed.address, 8, 3_600, 1, 10**6 * USD))
        boa.env.time_travel(seconds=10)
        feed.push(41_000 * USD)
    assert oracle.prices([0])[0].price == 41_000 * 10**18
    assert oracle.first_price_since(0, start + 1, 2) == (41_000 * 10**18, start + 10)
    with boa.reverts("oracle: not the first round"):
        oracle.first_price_since(0, start, 2)
