"""Requests to a node through web3.py's providers: in batches, blocking or not.

A procedure of several requests is written once, as a generator of batches ("steps"), and run by either transport.
Everything here speaks JSON-RPC's own hexadecimal; failures come out as `crossmargin.errors`.

A transport may know several nodes of one chain. It stays with one until that gives no answer, or none that is JSON-RPC; then it
says so in one line and turns to the next. A batch that sends transactions is not sent again elsewhere: it may have arrived.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from aiohttp import ClientError
from web3 import AsyncHTTPProvider, AsyncWeb3, HTTPProvider, Web3, WebSocketProvider
from web3.exceptions import Web3Exception
from websockets.exceptions import WebSocketException

from crossmargin.client.abi import Call, first_line
from crossmargin.errors import ConfigError, CrossmarginError, NetworkError, from_rpc, without_secrets

T = TypeVar("T")
Say = Callable[[str], object]
BATCH = 200  # requests in one batch: nodes limit it
TIMEOUT = 30.0  # seconds
CLOSE_SECONDS = 0.4
MOST_BYTES = 2**26  # of one answer over a websocket: the library's bound, 1 MB, is less than some batches
LATEST = "latest"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_SIGNS = (
    ("refused", "connection refused"),
    ("connect call failed", "connection refused"),
    ("timed out", "timed out"),
    ("resolve", "there is no such host"),
    ("name or service", "there is no such host"),
)
_FAULTS = (OSError, asyncio.TimeoutError, Web3Exception, ClientError, WebSocketException)
_JUNK = (ValueError, TypeError, KeyError, AttributeError)  # what comes of reading what is no JSON-RPC
warn = logging.getLogger("crossmargin").warning  # on stderr, if the program has not set up logging


@dataclass(frozen=True)
class Ask:
    """One request. What fails raises, unless `may_fail`: then the exception is the result."""

    method: str
    params: tuple[Any, ...] = ()
    decode: Callable[[Any], Any] = lambda raw: raw
    label: str = ""
    may_fail: bool = False


Steps = Generator[Sequence[Ask], list[Any], T]


def number(raw: str) -> int:
    """A hexadecimal quantity."""
    return int(raw, 16)


def record(raw: Any) -> Mapping[str, Any]:
    """An answer that must be an object."""
    if not isinstance(raw, Mapping):
        raise TypeError(f"{str(raw)[:40]} is no object")
    return raw


_SENDING = ("eth_sendRawTransaction", "eth_sendTransaction")
_CHAIN = (Ask("eth_chainId", (), number),)


def tag(block: int | str) -> str:
    """A block number or tag as JSON-RPC has it."""
    return hex(block) if isinstance(block, int) else block


def ask(
    call: Call[Any],
    block: int | str = LATEST,
    sender: str | None = None,
    gas: int | None = None,
    may_fail: bool = False,
) -> Ask:
    """The `eth_call` of a contract call."""
    return Ask("eth_call", (call.params(sender, gas), tag(block)), call.answer, call.label, may_fail)


def each(url: str | Sequence[str]) -> tuple[str, ...]:
    """One address or several, each once."""
    return tuple(dict.fromkeys([url] if isinstance(url, str) else url))


def connect(url: str, timeout: float = TIMEOUT, **options: Any) -> Web3:
    """A blocking web3 for an http(s) URL; `options` are its provider's. The environment's proxies are not used for this machine."""
    parts = _check(url, "http", "https")
    session = requests.Session()
    session.trust_env = parts.hostname not in LOCAL_HOSTS
    return Web3(HTTPProvider(url, request_kwargs={"timeout": timeout}, session=session, **options))


def connect_async(url: str, timeout: float = TIMEOUT) -> AsyncWeb3:
    """An asyncio web3 for an http(s) or ws(s) URL; one of the latter is connected by `AsyncTransport.open`."""
    if _check(url, "http", "https", "ws", "wss").scheme in ("ws", "wss"):
        # one attempt: whoever connects knows best how long to go on trying
        kwargs = {"max_size": MOST_BYTES}
        return AsyncWeb3(WebSocketProvider(url, kwargs, request_timeout=timeout, max_connection_retries=1))
    return AsyncWeb3(AsyncHTTPProvider(url, request_kwargs={"timeout": timeout}))


def _check(url: str, *schemes: str) -> Any:
    try:
        parts = urlsplit(url)
        good = parts.scheme in schemes and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise ConfigError(
            f"{without_secrets(url)!r} is not the address of a node: it begins with {' or '.join(schemes)}://"
        )
    return parts


class _Unreachable(NetworkError):
    """A node gave no answer, or none that is JSON-RPC: another may."""


class _Nodes:
    """What both transports share: the nodes, and which of them is in use. `chain`: the id they must have, if it is known."""

    def __init__(self, nodes: Sequence[Any], chain: int | None, say: Say) -> None:
        self._nodes = tuple(nodes)
        self._at = 0
        self._chain = chain
        self._checked: set[int] = set()
        self._say = say

    @property
    def w3(self) -> Any:
        """The node in use."""
        return self._nodes[self._at]

    @property
    def url(self) -> str:
        """Its address, without what may be a key."""
        return without_secrets(str(getattr(self.w3.provider, "endpoint_uri", "") or "the node"))

    def _unchecked(self) -> bool:
        """Whether the chain of the node in use is still to be looked at."""
        return self._at not in self._checked and (self._chain is not None or len(self._nodes) > 1)

    def _check_chain(self, found: int) -> None:
        if self._chain not in (None, found):
            text = f"{self.url} is on chain {found} and not on {self._chain}: check --rpc and --deployment"
            raise _Unreachable(text) if len(self._nodes) > 1 else ConfigError(text)
        self._chain = found
        self._checked.add(self._at)

    def _turn(self, failed: int, fault: _Unreachable, asks: Sequence[Ask]) -> None:
        """Turn to the next node, unless somebody has already. Raises if the batch must not go to it."""
        if len(self._nodes) > 1 and self._at == failed:
            self._at = (failed + 1) % len(self._nodes)
            self._say(f"{fault}; going on with {self.url}")
        if any(one.method in _SENDING for one in asks):
            raise fault

    def _unreachable(self, fault: BaseException) -> _Unreachable:
        return _Unreachable(f"no answer from {self.url}: {why(fault)}")


class Transport(_Nodes):
    """Blocking requests to one of some nodes."""

    def __init__(self, *nodes: Web3, chain: int | None = None, say: Say = warn) -> None:
        super().__init__(nodes, chain, say)

    def batch(self, asks: Sequence[Ask]) -> list[Any]:
        """The results, in order."""
        return [result for part in _chunks(asks) for result in self._part(part)]

    def run(self, steps: Steps[T]) -> T:
        """The outcome of a procedure."""
        results: list[Any] | None = None
        while True:
            try:
                asks = steps.send(results)
            except StopIteration as end:
                return end.value
            results = self.batch(asks)

    def _part(self, asks: Sequence[Ask]) -> list[Any]:
        last: _Unreachable | None = None
        for _ in self._nodes:
            at = self._at
            try:
                if self._unchecked():
                    self._check_chain(*_outcomes(_CHAIN, self._post(_CHAIN)))
                responses = self._post(asks)
            except _Unreachable as fault:
                self._turn(at, fault, asks)
                last = fault
            else:
                return _outcomes(asks, responses)
        raise last or NetworkError("there is no node to ask")

    def _post(self, asks: Sequence[Ask]) -> list[Any]:
        try:
            return _listed(asks, self.w3.provider.make_batch_request(_requests(asks)))
        except (*_FAULTS, *_JUNK) as fault:
            raise self._unreachable(fault) from None


class AsyncTransport(_Nodes):
    """The same without blocking."""

    def __init__(self, *nodes: AsyncWeb3, chain: int | None = None, say: Say = warn) -> None:
        super().__init__(nodes, chain, say)
        self._open: set[int] = set()  # nodes with a websocket

    async def open(self) -> None:
        """Connect, where the protocol has connections; requests do so by themselves."""
        await self._part(())

    async def close(self) -> None:
        """Let go of sockets."""
        for at, node in enumerate(self._nodes):
            if at in self._open or not isinstance(node.provider, WebSocketProvider):
                await self._hang_up(at)

    async def batch(self, asks: Sequence[Ask]) -> list[Any]:
        """The results, in order."""
        return [result for part in _chunks(asks) for result in await self._part(part)]

    async def run(self, steps: Steps[T]) -> T:
        """The outcome of a procedure."""
        results: list[Any] | None = None
        while True:
            try:
                asks = steps.send(results)
            except StopIteration as end:
                return end.value
            results = await self.batch(asks)

    async def _part(self, asks: Sequence[Ask]) -> list[Any]:
        last: _Unreachable | None = None
        for _ in self._nodes:
            at = self._at
            try:
                await self._connect()
                if asks and self._unchecked():
                    self._check_chain(*_outcomes(_CHAIN, await self._post(_CHAIN)))
                responses = await self._post(asks) if asks else []
            except _Unreachable as fault:
                await self._hang_up(at)
                self._turn(at, fault, asks)
                last = fault
            else:
                return _outcomes(asks, responses)
        raise last or NetworkError("there is no node to ask")

    async def _connect(self) -> None:
        """Open the websocket of the node in use, if it has one and it is not open."""
        if isinstance(self.w3.provider, WebSocketProvider) and self._at not in self._open:
            try:
                await self.w3.provider.connect()
            except (*_FAULTS, *_JUNK) as fault:
                raise self._unreachable(fault) from None
            self._open.add(self._at)

    async def _hang_up(self, at: int) -> None:
        """Close what connects to a node: what failed is opened anew."""
        self._open.discard(at)
        with contextlib.suppress(*_FAULTS, *_JUNK):
            await asyncio.wait_for(self._nodes[at].provider.disconnect(), CLOSE_SECONDS)

    async def _post(self, asks: Sequence[Ask]) -> list[Any]:
        try:
            return _listed(asks, await self.w3.provider.make_batch_request(_requests(asks)))
        except (*_FAULTS, *_JUNK) as fault:
            raise self._unreachable(fault) from None


def why(fault: BaseException) -> str:
    """In a few words: libraries wrap the fault of the system in several of their own."""
    text = without_secrets(first_line(fault))
    for sign, words in _SIGNS:
        if sign in text.lower():
            return words
    return "timed out" if isinstance(fault, TimeoutError) else f"{type(fault).__name__}: {text[:160]}"


def _chunks(asks: Sequence[Ask]) -> list[Sequence[Ask]]:
    """Parts that go in one request each.

    A transaction goes alone: nodes take up the parts of a batch in any order, and one that mines each transaction at
    once may leave the second waiting for ever for a first that has just been mined (anvil's automine does).
    """
    parts: list[list[Ask]] = []
    for one in asks:
        alone = one.method in _SENDING or (parts and parts[-1][-1].method in _SENDING)
        if alone or not parts or len(parts[-1]) == BATCH:
            parts.append([])
        parts[-1].append(one)
    return parts


def _requests(asks: Sequence[Ask]) -> list[tuple[str, list[Any]]]:
    return [(one.method, list(one.params)) for one in asks]


def _listed(asks: Sequence[Ask], responses: Any) -> list[Any]:
    """The answers to a batch, one for each request."""
    if isinstance(responses, dict):  # the batch itself was refused
        _result(responses, "batch")
    if not isinstance(responses, list) or len(responses) != len(asks):
        raise _Unreachable(f"the node does not answer batches: {without_secrets(str(responses))[:120]}")
    return responses


def _outcomes(asks: Sequence[Ask], responses: Sequence[Any]) -> list[Any]:
    return [_outcome(one, response) for one, response in zip(asks, responses, strict=True)]


def _outcome(one: Ask, response: Any) -> Any:
    label = one.label or one.method
    try:
        try:
            return one.decode(_result(response, label))
        except _JUNK as fault:
            raise NetworkError(
                f"{label}: the node's answer makes no sense: {first_line(fault)[:120]}"
            ) from None
    except CrossmarginError as fault:
        if one.may_fail:
            return fault
        raise


def _result(response: Any, label: str) -> Any:
    if not isinstance(response, dict) or ("error" not in response and "result" not in response):
        raise NetworkError(f"{label}: not a JSON-RPC answer: {str(response)[:120]}")
    if response.get("error") is not None:
        raise from_rpc(response["error"], label)
    return response["result"]
