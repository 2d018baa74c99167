"""Price feeds for the demo: Chainlink's own aggregator bytecode, or, where that is not installed, the project's dev feeds.

Each feed is an AccessControlledAggregator with one oracle behind an EACAggregatorProxy, as on a live chain. Answers are in
1e-8 dollars. The bytecode is that of the npm package `@chainlink/contracts`, fetched by `./run setup`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from eth_abi.abi import encode

from crossmargin.artifacts import ROOT
from crossmargin.client import abi
from crossmargin.client.abi import Abi, Call
from crossmargin.sending import Sender

FOLDER = ROOT / "node_modules" / "@chainlink" / "contracts" / "abi" / "v0.6"
AGGREGATOR, PROXY = "AccessControlledAggregator", "EACAggregatorProxy"
DECIMALS = 8
NOBODY = "0x" + "00" * 20
TIMEOUT = 600  # seconds until an unfinished round may be passed over; ours never are
BOUNDS = (1, 10**17)  # what the aggregator accepts: up to a billion dollars
ROUND_GAS = 300_000  # limit of one submission


class ChainlinkFeeds:
    """Feeds that `sender` deploys and is the only oracle of. `addresses`: symbol -> proxy."""

    kind = "Chainlink aggregators (npm bytecode) behind their proxies"

    def __init__(self, folder: Path = FOLDER) -> None:
        self._aggregator, self._aggregator_code = _load(folder, AGGREGATOR)
        self._proxy, self._proxy_code = _load(folder, PROXY)
        self._sources: dict[str, str] = {}
        self._rounds: dict[str, int] = {}
        self.addresses: dict[str, str] = {}

    def deploy(self, sender: Sender, answers: Mapping[str, int]) -> None:
        """One feed for each symbol, its first round published now."""
        for symbol in answers:
            self._deploy(sender, symbol)
        for call in self.rounds(answers):
            _send(sender, call)

    def adopt(self, addresses: Mapping[str, str]) -> None:
        """Nothing to learn: they are ours."""

    def rounds(self, answers: Mapping[str, int]) -> list[Call[None]]:
        """The oracle's submissions that make the next round of each feed."""
        calls = []
        for symbol, answer in answers.items():
            self._rounds[symbol] += 1
            submission = (self._rounds[symbol], answer)
            calls.append(self._aggregator.call(self._sources[symbol], "submit", *submission, gas=ROUND_GAS))
        return calls

    def _deploy(self, sender: Sender, symbol: str) -> None:
        terms = (NOBODY, 0, TIMEOUT, NOBODY, *BOUNDS, DECIMALS, f"{symbol} / USD")
        kinds = ("address", "uint128", "uint32", "address", "int256", "int256", "uint8", "string")
        source = _create(sender, f"aggregator {symbol}", self._aggregator_code + encode(kinds, terms))
        proxy = _create(
            sender, f"proxy {symbol}", self._proxy_code + encode(("address", "address"), (source, NOBODY))
        )
        oracle = [sender.address]
        _send(sender, self._aggregator.call(source, "changeOracles", [], oracle, oracle, 1, 1, 0))
        _send(sender, self._aggregator.call(source, "addAccess", proxy))
        self._sources[symbol], self._rounds[symbol], self.addresses[symbol] = source, 0, proxy


class DevFeeds:
    """The project's own feeds, which the deployment makes. `addresses` stays empty until `adopt`."""

    kind = "the project's dev feeds, as node_modules is absent: ./run setup fetches the real aggregators"

    def __init__(self) -> None:
        self.addresses: dict[str, str] = {}
        self._feeds: dict[str, str] = {}

    def deploy(self, sender: Sender, answers: Mapping[str, int]) -> None:
        """Nothing: the deployment does it."""

    def adopt(self, addresses: Mapping[str, str]) -> None:
        """Where the deployment put them."""
        self._feeds = dict(addresses)

    def rounds(self, answers: Mapping[str, int]) -> list[Call[None]]:
        """The owner's call for the next round of each feed."""
        feed = abi.load("DevFeed")
        return [
            feed.call(self._feeds[symbol], "push", answer, gas=ROUND_GAS)
            for symbol, answer in answers.items()
        ]


Feeds = ChainlinkFeeds | DevFeeds


def available(folder: Path = FOLDER) -> Feeds:
    """The real ones if their bytecode is installed."""
    there = all((folder / f"{name}.json").exists() for name in (AGGREGATOR, PROXY))
    return ChainlinkFeeds(folder) if there else DevFeeds()


def _load(folder: Path, name: str) -> tuple[Abi, bytes]:
    output = json.loads((folder / f"{name}.json").read_text())["compilerOutput"]
    code = bytes.fromhex(output["evm"]["bytecode"]["object"].removeprefix("0x"))
    return abi.parse(name, _callable(output["abi"])), code


def _callable(entries: Iterable[Mapping[str, object]]) -> list[Mapping[str, object]]:
    return [entry for entry in entries if entry["type"] == "function"]


def _create(sender: Sender, label: str, code: bytes) -> str:
    address = sender.created()
    sender.send(label, sender.signed(label, code))
    return address


def _send(sender: Sender, call: Call[None]) -> None:
    sender.send(call.label, sender.signed(call.label, call.data, call.to))
