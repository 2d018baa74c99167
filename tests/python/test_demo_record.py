"""Carry, gas shares and the choice of feeds, without a chain."""

import json

from crossmargin.client.codec import WAD, Book, Carry
from crossmargin.client.events import OrderExecuted
from crossmargin.client.records import MarketWords
from crossmargin.demo.feeds import AGGREGATOR, PROXY, ChainlinkFeeds, DevFeeds, available
from crossmargin.demo.record import Carried, Record
from crossmargin.demo.result import Gas

DAY = 86_400
UNIT = 10**11  # of an index, in a quote per base unit


def words(longs: int, shorts: int, long_index: int = 0, short_index: int = 0, time: int = 0) -> MarketWords:
    """At a price of 100 quote and a borrow rate of 0.1 % a day; sizes in whole base units."""
    carry = Carry(long_index, short_index, time, 0, 0, 1000, 0, 100 * WAD)
    return MarketWords(carry, Book(longs * WAD, shorts * WAD, 0))


def test_funding_is_what_the_paying_side_paid_beyond_borrow():
    # A day: borrow is 0.1 quote per base unit on both sides; longs also pay 2, shorts get 2.
    carried = Carried()
    carried.add(words(30, 10), words(0, 0, 21 * UNIT // 10, 19 * UNIT // 10, DAY))
    assert carried.borrow == 4 * WAD
    assert carried.funding == 60 * WAD


def test_funding_paid_by_shorts():
    carried = Carried()
    carried.add(words(5, 20), words(0, 0, -29 * UNIT // 10, -31 * UNIT // 10, DAY))
    assert carried.borrow == 25 * WAD // 10
    assert carried.funding == 60 * WAD


def test_nothing_is_paid_in_no_time():
    carried = Carried()
    carried.add(words(30, 10), words(40, 10))
    assert (carried.funding, carried.borrow) == (0, 0)


def test_a_batchs_gas_is_shared_by_what_it_did():
    where = {"contract": "x", "block": 1, "log_index": 0}
    order = {"account": 1, "market": 0, "order_hash": "0x", "size": 1, "price": 1, "keeper": 2}
    events = [
        *(OrderExecuted(tx_hash="a", gas_used=300, **where, **order) for _ in range(3)),
        OrderExecuted(tx_hash="b", gas_used=170, **where, **order),
    ]
    record = Record(client=None, names={}, markets=0)
    record.gas["deposit"] = [7, 9]
    assert record.gas_rows(events) == (Gas("deposit", (7, 9)), Gas("execute_order", (100, 100, 100, 170)))
    assert record.orders(events) == {"executed": 4}
    record.refused["submit_order"] = 2
    assert record.orders([]) == {"executed": 0, "refused": 2}


def test_real_feeds_where_their_bytecode_is_installed(tmp_path):
    assert isinstance(available(tmp_path), DevFeeds)
    for name in (AGGREGATOR, PROXY):
        output = {"abi": [], "evm": {"bytecode": {"object": "0x60"}}}
        (tmp_path / f"{name}.json").write_text(json.dumps({"compilerOutput": output}))
    assert isinstance(available(tmp_path), ChainlinkFeeds)
