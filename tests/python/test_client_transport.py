"""Requests to nodes that are absent, slow, broken or of another chain; and to several nodes of one chain."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from eth_account import Account
from websockets.asyncio.server import ServerConnection, serve

from crossmargin.client import AsyncClient, Client, ConfigError, ContractRefused, NetworkError, steps
from crossmargin.client.transport import Ask, AsyncTransport, Transport, connect, connect_async
from crossmargin.errors import CrossmarginError, without_secrets

BLOCK = {"number": "0x7", "timestamp": "0x64", "baseFeePerGas": "0x1"}
CHAIN = 31337
ABSENT = "http://127.0.0.1:9"
KEY = Account.from_key("0x" + "11" * 32)


class Node:
    """A node that answers requests from a table, or with whatever bytes it is told to.

    `asked`: methods, in order; `together`: how many came in each request.
    """

    def __init__(self, chain: int = CHAIN) -> None:
        self.answers: dict[str, Any] = {"eth_chainId": hex(chain), "eth_getBlockByNumber": BLOCK}
        self.raw: bytes | None = None
        self.status = 200
        self.pause = 0.0
        self.asked: list[str] = []
        self.together: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(outer.pause)
                text = outer.raw if outer.raw is not None else outer.reply(json.loads(body))
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):  # who asked may have given up
                    self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def reply(self, requests: list[dict[str, Any]]) -> bytes:
        self.asked += [one["method"] for one in requests]
        self.together.append(len(requests))
        return json.dumps(
            [{"jsonrpc": "2.0", "id": one["id"], **_part(self.answers[one["method"]])} for one in requests]
        ).encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _part(answer: Any) -> dict[str, Any]:
    return answer if isinstance(answer, dict) and "error" in answer else {"result": answer}


@pytest.fixture
def node() -> Iterator[Callable[..., Node]]:
    made: list[Node] = []

    def make(chain: int = CHAIN) -> Node:
        made.append(Node(chain))
        return made[-1]

    yield make
    for one in made:
        one.close()


def head(
    kind: str, *urls: str, say: Callable[[str], object] = print, timeout: float = 0.3
) -> tuple[int, ...]:
    """The head by the blocking or the asynchronous transport."""
    if kind == "blocking":
        return Transport(*[connect(url, timeout) for url in urls], say=say).run(steps.head())

    async def main() -> tuple[int, ...]:
        transport = AsyncTransport(*[connect_async(url, timeout) for url in urls], say=say)
        try:
            return await transport.run(steps.head())
        finally:
            await transport.close()

    return asyncio.run(main())


KINDS = pytest.mark.parametrize("kind", ["blocking", "asynchronous"])
JUNK = [
    b"",
    b"<html>502 Bad Gateway</html>",
    b"\xff\xfe\x00",
    b"null",
    b"[]",
    b'"busy"',
    b"[1]",
    b'["busy"]',
    b"[null]",
    b'[{"id": 1}]',
    b'[{"id": 1, "result": null}]',
    b'[{"id": 1, "result": []}]',
    b'[{"id": 1, "result": {}}]',
    b'[{"id": 1, "result": {"number": null, "timestamp": "0x1"}}]',
    b'[{"id": 1, "result": {"number": "seven", "timestamp": "0x1"}}]',
    b'[{"id": 1, "error": "busy"}]',
    b'[{"id": 1, "error": {"code": -32000}}]',
    b'{"id": 1, "error": {"code": -32005, "message": "too many requests"}}',
    b'{"id": 1, "error": null}',
]


@KINDS
@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_an_answer_that_is_no_json_rpc_is_a_network_error(
    node: Callable[..., Node], kind: str, junk: bytes
) -> None:
    """Some of these once came out as TypeError, KeyError or AttributeError, which ended the bots."""
    broken = node()
    broken.raw = junk
    with pytest.raises(NetworkError) as fault:
        head(kind, broken.url)
    assert "\n" not in str(fault.value)


@KINDS
def test_a_node_that_hangs_is_a_network_error(node: Callable[..., Node], kind: str) -> None:
    slow = node()
    slow.pause = 0.6
    with pytest.raises(NetworkError, match=f"^no answer from {slow.url}: timed out$"):
        head(kind, slow.url)


# ---- several nodes ---------------------------------------------------------------------------------


@KINDS
def test_the_next_node_is_asked_when_one_does_not_answer(node: Callable[..., Node], kind: str) -> None:
    said: list[str] = []
    good = node()
    assert head(kind, ABSENT, good.url, say=said.append) == (7, 100, 1)
    assert said == [f"no answer from {ABSENT}: connection refused; going on with {good.url}"]


@KINDS
@pytest.mark.parametrize("ill", ["slow", "broken", "busy"])
def test_the_next_node_is_asked_when_one_answers_badly(
    node: Callable[..., Node], kind: str, ill: str
) -> None:
    first, second = node(), node()
    first.pause = 0.6 if ill == "slow" else 0
    first.raw = b"<html>" if ill == "broken" else None
    first.status = 503 if ill == "busy" else 200
    said: list[str] = []
    assert head(kind, first.url, second.url, say=said.append) == (7, 100, 1)
    assert len(said) == 1 and said[0].endswith(f"; going on with {second.url}")


@KINDS
def test_without_any_node_the_last_one_is_named(kind: str) -> None:
    with pytest.raises(NetworkError, match=r"^no answer from http://127\.0\.0\.1:10: connection refused$"):
        head(kind, ABSENT, "http://127.0.0.1:10", say=lambda text: None)


def test_it_stays_with_the_node_that_answered(node: Callable[..., Node]) -> None:
    first, second = node(), node()
    transport = Transport(connect(first.url), connect(second.url), say=lambda text: None)
    transport.run(steps.head())
    first.status = 503
    for _ in range(3):
        transport.run(steps.head())
    first.status, second.status = 200, 503
    transport.run(steps.head())
    assert first.asked == ["eth_chainId", *["eth_getBlockByNumber"] * 3]  # one of them in vain
    assert second.asked == ["eth_chainId", *["eth_getBlockByNumber"] * 4]


def test_a_spare_node_of_another_chain_is_not_asked(node: Callable[..., Node]) -> None:
    first, second = node(), node(1)
    said: list[str] = []
    transport = Transport(connect(first.url), connect(second.url), say=said.append)
    transport.run(steps.head())
    first.status = 503
    with pytest.raises(NetworkError, match="is on chain 1 and not on 31337"):
        transport.run(steps.head())
    assert second.asked == ["eth_chainId"]


def test_what_a_contract_refuses_is_asked_of_nobody_else(node: Callable[..., Node]) -> None:
    first, second = node(), node()
    first.answers["eth_call"] = {"error": {"code": 3, "message": "execution reverted", "data": "0x"}}
    transport = Transport(connect(first.url), connect(second.url))
    with pytest.raises(ContractRefused):
        transport.batch([Ask("eth_call")])
    assert second.asked == []


def test_a_transaction_is_not_sent_to_a_second_node_unasked(node: Callable[..., Node]) -> None:
    """It may have arrived: who sent it looks first."""
    first, second = node(), node()
    transport = Transport(connect(first.url), connect(second.url), say=lambda text: None)
    transport.run(steps.head())
    first.raw = b"<html>"
    with pytest.raises(NetworkError):
        transport.batch([Ask("eth_sendRawTransaction", ("0x00",))])
    assert second.asked == []
    assert transport.url == second.url  # but what comes next goes there


@KINDS
def test_no_transaction_overtakes_another(kind: str, node: Callable[..., Node]) -> None:
    """In one request they did: a chain that mines each at once then left one of eight waiting for ever."""
    one = node()
    one.answers |= {"eth_sendRawTransaction": "0x01", "eth_sendTransaction": "0x02", "eth_gasPrice": "0x3"}
    sending = ["eth_sendRawTransaction", "eth_sendTransaction", "eth_sendRawTransaction"]
    asks = [Ask(method) for method in ("eth_gasPrice", "eth_gasPrice", *sending, "eth_gasPrice")]

    async def main() -> list[str]:
        transport = AsyncTransport(connect_async(one.url))
        try:
            return await transport.batch(asks)
        finally:
            await transport.close()

    found = Transport(connect(one.url)).batch(asks) if kind == "blocking" else asyncio.run(main())
    assert found == ["0x3", "0x3", "0x01", "0x02", "0x01", "0x3"]
    assert one.asked == [ask.method for ask in asks]
    assert one.together == [2, 1, 1, 1, 1]


# ---- the wrong network -----------------------------------------------------------------------------

PLACES = {"chain_id": CHAIN, "contracts": {"Lens": {"address": "0x" + "ab" * 20}}}


def test_a_node_of_another_chain_than_the_deployments_is_refused_at_once(node: Callable[..., Node]) -> None:
    """It once read garbage there, and would have signed for that chain."""
    other = node(1)
    words = rf"^{other.url} is on chain 1 and not on 31337: check --rpc and --deployment$"
    with pytest.raises(ConfigError, match=words):
        Client.connect(other.url, PLACES).now()

    async def main() -> None:
        client = AsyncClient.connect(other.url, PLACES)
        try:
            await client.head()
        finally:
            await client.close()

    with pytest.raises(ConfigError, match=words):
        asyncio.run(main())


# ---- websockets ------------------------------------------------------------------------------------


def test_an_answer_of_several_megabytes_comes_over_a_websocket() -> None:
    """The library closes the connection at 1 MB: a keeper with many events to read never started."""

    async def answer(wire: ServerConnection) -> None:
        async for text in wire:
            rows = json.loads(text)
            await wire.send(
                json.dumps([{"jsonrpc": "2.0", "id": r["id"], "result": "x" * 3_000_000} for r in rows])
            )

    async def main() -> str:
        async with serve(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            transport = AsyncTransport(connect_async(f"ws://127.0.0.1:{port}", 5))
            try:
                return (await transport.batch([Ask("eth_getLogs")]))[0]
            finally:
                await transport.close()

    assert len(asyncio.run(main())) == 3_000_000


# ---- secrets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text,shown",
    [
        ("no answer from https://eth.example.com/v3/5ecret", "no answer from https://eth.example.com/…"),
        ("wss://user:5ecret@eth.example.com:1/", "wss://eth.example.com:1"),
        ("https://eth.example.com?key=5ecret", "https://eth.example.com/…"),
        ("401 for url: https://eth.example.com/5ecret", "401 for url: https://eth.example.com/…"),
        (
            "Max retries exceeded with url: /v3/5ecret (Caused by",
            "Max retries exceeded with url: … (Caused by",
        ),
        ("url='https://eth.example.com/5ecret'", "url='https://eth.example.com/…'"),
        (
            "no answer from http://127.0.0.1:8545: timed out",
            "no answer from http://127.0.0.1:8545: timed out",
        ),
    ],
)
def test_the_key_in_a_nodes_address_is_cut_out(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@KINDS
@pytest.mark.parametrize("ill", ["absent", "forbidden", "broken"])
def test_a_failing_node_does_not_show_the_key_in_its_address(
    node: Callable[..., Node], kind: str, ill: str
) -> None:
    """Providers put the key into the path; it went into logs and status files."""
    one = node()
    one.status = 401 if ill == "forbidden" else 200
    one.raw = b"<html>" if ill == "broken" else None
    said: list[str] = []
    base = ABSENT if ill == "absent" else one.url
    with pytest.raises(CrossmarginError) as fault:
        head(kind, f"{base}/v3/5ecret", f"{base}/v4/5ecret", say=said.append)
    assert "5ecret" not in str(fault.value) + "".join(said)
    assert base in str(fault.value)


def test_an_address_that_is_none_does_not_show_its_key() -> None:
    with pytest.raises(ConfigError) as fault:
        connect("wss://eth.example.com/5ecret")
    assert "5ecret" not in str(fault.value)
