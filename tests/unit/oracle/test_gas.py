"""What reading prices costs, on a real chain: each figure is a transaction less its 21,000 and its calldata."""

from __future__ import annotations

import pytest
from web3 import Web3

from tests.conftest import ROOT, rpc
from tests.support.chainlink import ZERO, web3_deploy, web3_mock, web3_proxy
from tests.unit.oracle.conftest import DAY, USD, feed_of
from tools.compile import compile_contract

# A cold account, as every source but the first address of a transaction is.
COLD_CALL = 2_500

pytestmark = pytest.mark.anvil


class Chain:
    """An adapter with markets 0 … 2 on MockV3Aggregator and 3 … 5 on FluxAggregator, all behind proxies."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.w3 = Web3(Web3.HTTPProvider(url))
        self.account = self.w3.eth.accounts[0]
        self.call = self.adapter(ZERO)
        self.quote = web3_mock(self.w3, 8, USD)
        self.sources = [web3_mock(self.w3, 8, USD) if market < 3 else self.flux() for market in range(6)]
        self.proxies = [web3_proxy(self.w3, source) for source in self.sources]
        self.round = 1
        self.publish()
        for market, proxy in enumerate(self.proxies):
            self.block(self.call.set_feed(market, feed_of(proxy, max_age=DAY)))
        self.block(self.call.set_quote_feed(feed_of(web3_proxy(self.w3, self.quote), max_age=DAY)))
        self.block(self.call.refresh(63))

    def adapter(self, sequencer: str):
        """The functions of an OracleAdapter."""
        compiled = compile_contract(ROOT / "contracts" / "OracleAdapter.vy")
        factory = self.w3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
        receipt = self.w3.eth.wait_for_transaction_receipt(
            factory.constructor(self.account, sequencer).transact({"from": self.account})
        )
        return self.w3.eth.contract(address=receipt["contractAddress"], abi=compiled["abi"]).functions

    def flux(self):
        flux = web3_deploy(self.w3, "FluxAggregator", ZERO, 0, 600, ZERO, 1, 2**127, 8, "test")
        change = flux.functions.changeOracles([], [self.account], [self.account], 1, 1, 0)
        change.transact({"from": self.account})
        return flux

    def publish(self) -> None:
        """A new round everywhere."""
        calls = [self.quote.functions.updateAnswer(USD)]
        calls += [mock.functions.updateAnswer(2 * USD) for mock in self.sources[:3]]
        calls += [flux.functions.submit(self.round, 2 * USD) for flux in self.sources[3:]]
        self.block(*calls)
        self.round += 1

    def block(self, *calls) -> list[int]:
        """Gas of each call, all in one block, ten seconds after the last."""
        self.time = self.w3.eth.get_block("latest")["timestamp"] + 10
        rpc(self.url, "evm_setAutomine", False)
        sent = [call.transact({"from": self.account, "gas": 1_000_000}) for call in calls]
        rpc(self.url, "evm_setNextBlockTimestamp", self.time)
        rpc(self.url, "evm_mine")
        rpc(self.url, "evm_setAutomine", True)
        return [self._execution(call, hash) for call, hash in zip(calls, sent)]

    def _execution(self, call, hash) -> int:
        receipt = self.w3.eth.wait_for_transaction_receipt(hash)
        assert receipt["status"] == 1
        data = bytes.fromhex(call._encode_transaction_data().removeprefix("0x"))
        return receipt["gasUsed"] - 21_000 - sum(16 if byte else 4 for byte in data)


@pytest.fixture(scope="module")
def chain(anvil, node_modules):
    return Chain(anvil)


def ids(*markets):
    return sum(1 << market for market in markets)


def test_words_checked_in_this_block(chain):
    """The read that every margin check makes: one cold slot each and little more."""
    bitmaps = [0, ids(0), ids(0, 1), ids(0, 1, 2), ids(5), ids(0, 1, 2, 3, 4, 5)]
    calls = [chain.call.refresh(63)]
    calls += [chain.call.refresh(bitmap) for bitmap in bitmaps] + [
        chain.call.words(bitmap) for bitmap in bitmaps
    ]
    _, *figures = chain.block(*calls)
    refresh, words = figures[: len(bitmaps)], figures[len(bitmaps) :]
    print(f"\nchecked in this block, refresh: {dict(zip(map(bin, bitmaps), refresh))}; words: {words}")
    for gas in (refresh, words):
        assert gas[0] <= 1_100  # fixed
        assert gas[4] - gas[0] <= 2_500  # wherever the bit stands
        assert gas[5] - gas[0] <= 6 * 2_500


@pytest.mark.parametrize(
    ("source", "one", "two"), [("MockV3Aggregator", (0,), (0, 1)), ("FluxAggregator", (3,), (3, 4))]
)
def test_refreshing_one_more_market(chain, source, one, two):
    """The source's own call through its proxy, three of our slots, and at most 3,000 of work."""
    (read,) = chain.block(chain.proxies[one[0]].functions.latestRoundData())
    read += COLD_CALL
    figures = {}
    for name, published in (("same round", False), ("new round", True)):
        if published:
            chain.publish()
        (first,) = chain.block(chain.call.refresh(ids(*one)))
        if published:
            chain.publish()
        (both,) = chain.block(chain.call.refresh(ids(*two)))
        figures[name] = both - first
    print(f"\n{source}: the source's own call {read}, a further market {figures}")
    slots = 2_100 + 2_100 + 2_900
    event = 375 * 3 + 8 * 96
    assert figures["same round"] <= read + slots + 3_250
    assert figures["new round"] <= read + slots + event + 3_450


def test_the_gas_cap_leaves_room(chain):
    (mock,) = chain.block(chain.proxies[0].functions.latestRoundData())
    (flux,) = chain.block(chain.proxies[3].functions.latestRoundData())
    assert max(mock, flux) + COLD_CALL < 100_000 // 4


def test_the_sequencers_feed_is_read_once_a_call(chain):
    uptime = web3_proxy(chain.w3, web3_mock(chain.w3, 0, 0))
    layer2 = chain.adapter(uptime.address)
    (read,) = chain.block(uptime.functions.latestRoundData())
    plain, with_feed, again = chain.block(chain.call.refresh(0), layer2.refresh(0), layer2.in_grace())
    print(f"\nthe sequencer's feed: its own call {read}, in refresh {with_feed - plain}, in_grace {again}")
    assert with_feed - plain <= read + COLD_CALL + 900
