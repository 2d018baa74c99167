"""Requests to a node through web3.py's providers: in batches, blocking or not.

A procedure of several requests is written once, as a generator of batches ("steps"), and run by either transport.
Everything here speaks JSON-RPC's own hexadecimal; failures come out as `crossmargin.errors`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from aiohttp import ClientError
from web3 import AsyncHTTPProvider, AsyncWeb3, HTTPProvider, Web3, WebSocketProvider
from web3.exceptions import Web3Exception
from websockets.exceptions import WebSocketException

from crossmargin.client.abi import Call, first_line
from crossmargin.errors import ConfigError, CrossmarginError, NetworkError, from_rpc

T = TypeVar("T")
BATCH = 200  # requests in one batch: nodes limit it
TIMEOUT = 30.0  # seconds
LATEST = "latest"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_SIGNS = (
    ("refused", "connection refused"),
    ("connect call failed", "connection refused"),
    ("timed out", "timed out"),
    ("resolve", "there is no such host"),
    ("name or service", "there is no such host"),
)
_FAULTS = (OSError, asyncio.TimeoutError, ValueError, Web3Exception, ClientError, WebSocketException)


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


def connect(url: str, timeout: float = TIMEOUT) -> Web3:
    """A blocking web3 for an http(s) URL. Proxies of the environment are not used for this machine."""
    parts = _check(url, "http", "https")
    session = requests.Session()
    session.trust_env = parts.hostname not in LOCAL_HOSTS
    return Web3(HTTPProvider(url, request_kwargs={"timeout": timeout}, session=session))


def connect_async(url: str, timeout: float = TIMEOUT) -> AsyncWeb3:
    """An asyncio web3 for an http(s) or ws(s) URL; one of the latter is connected by `AsyncTransport.open`."""
    if _check(url, "http", "https", "ws", "wss").scheme in ("ws", "wss"):
        # one attempt: whoever connects knows best how long to go on trying
        return AsyncWeb3(WebSocketProvider(url, request_timeout=timeout, max_connection_retries=1))
    return AsyncWeb3(AsyncHTTPProvider(url, request_kwargs={"timeout": timeout}))


def _check(url: str, *schemes: str) -> Any:
    try:
        parts = urlsplit(url)
        good = parts.scheme in schemes and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise ConfigError(f"{url!r} is not the address of a node: it begins with {' or '.join(schemes)}://")
    return parts


class _Provider:
    """What both transports share."""

    def __init__(self, w3: Web3 | AsyncWeb3) -> None:
        self._provider = w3.provider
        self.url = str(getattr(w3.provider, "endpoint_uri", "") or "the node")

    def _unreachable(self, fault: BaseException) -> NetworkError:
        return NetworkError(f"no answer from {self.url}: {_why(fault)}")


class Transport(_Provider):
    """Blocking requests."""

    def batch(self, asks: Sequence[Ask]) -> list[Any]:
        """The results, in order."""
        found: list[Any] = []
        for part in _chunks(asks):
            try:
                responses = self._provider.make_batch_request(_requests(part))
            except _FAULTS as fault:
                raise self._unreachable(fault) from None
            found += _results(part, responses)
        return found

    def run(self, steps: Steps[T]) -> T:
        """The outcome of a procedure."""
        results: list[Any] | None = None
        while True:
            try:
                asks = steps.send(results)
            except StopIteration as end:
                return end.value
            results = self.batch(asks)


class AsyncTransport(_Provider):
    """The same without blocking."""

    async def open(self) -> None:
        """Connect, where the protocol has connections."""
        if isinstance(self._provider, WebSocketProvider):
            try:
                await self._provider.connect()
            except _FAULTS as fault:
                raise self._unreachable(fault) from None

    async def close(self) -> None:
        """Let go of sockets."""
        try:
            await self._provider.disconnect()
        except _FAULTS:
            pass

    async def batch(self, asks: Sequence[Ask]) -> list[Any]:
        """The results, in order."""
        found: list[Any] = []
        for part in _chunks(asks):
            try:
                responses = await self._provider.make_batch_request(_requests(part))
            except _FAULTS as fault:
                raise self._unreachable(fault) from None
            found += _results(part, responses)
        return found

    async def run(self, steps: Steps[T]) -> T:
        """The outcome of a procedure."""
        results: list[Any] | None = None
        while True:
            try:
                asks = steps.send(results)
            except StopIteration as end:
                return end.value
            results = await self.batch(asks)


def _why(fault: BaseException) -> str:
    """In a few words: libraries wrap the fault of the system in several of their own."""
    text = first_line(fault)
    for sign, words in _SIGNS:
        if sign in text.lower():
            return words
    return "timed out" if isinstance(fault, TimeoutError) else f"{type(fault).__name__}: {text[:160]}"


def _chunks(asks: Sequence[Ask]) -> list[Sequence[Ask]]:
    return [asks[i : i + BATCH] for i in range(0, len(asks), BATCH)]


def _requests(asks: Sequence[Ask]) -> list[tuple[str, list[Any]]]:
    return [(one.method, list(one.params)) for one in asks]


def _results(asks: Sequence[Ask], responses: Any) -> list[Any]:
    if isinstance(responses, dict):  # the batch itself was refused
        _result(responses, "batch")
    if not isinstance(responses, list) or len(responses) != len(asks):
        raise NetworkError(f"the node does not answer batches: {str(responses)[:120]}")
    return [_outcome(one, response) for one, response in zip(asks, responses, strict=True)]


def _outcome(one: Ask, response: Any) -> Any:
    try:
        return one.decode(_result(response, one.label or one.method))
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
