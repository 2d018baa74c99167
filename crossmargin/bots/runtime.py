"""The life of a bot: look at each new block, survive a node's bad moments, stop when told, say how it is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from web3 import AsyncWeb3, WebSocketProvider

from crossmargin.bots.settings import Common
from crossmargin.client.abi import first_line
from crossmargin.client.aio import AsyncClient
from crossmargin.client.records import Receipt
from crossmargin.errors import ConfigError, CrossmarginError, NetworkError, without_secrets

T = TypeVar("T")
LONGEST_PAUSE = 5.0  # seconds between looks at a node that fails
STATUS_SECONDS = 0.5  # at most so often is the status file written
REREAD = 3  # blocks read again at each look, in case the chain was reorganised
STOP_SECONDS = 1.0  # after a signal: what is under way may take so long


@dataclass(frozen=True)
class Head:
    """The latest block: `time` is the venue's now, `base_fee` in wei."""

    block: int
    time: int
    base_fee: int


class Bot(Protocol):
    """What the runtime needs of a bot."""

    name: str

    async def start(self, head: Head) -> None:
        """Before the first look."""

    async def look(self, head: Head) -> None:
        """Do what a block asks for."""

    def waiting(self) -> bool:
        """True if there is something to try again before the next block."""

    def state(self) -> Mapping[str, Any]:
        """For the status line."""


class Log:
    """One line an entry: time, bot, level, event, fields."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.counts: dict[str, int] = {}

    def info(self, event: str, **fields: object) -> None:
        """Something happened."""
        self._write("info", event, fields)

    def warn(self, event: str, **fields: object) -> None:
        """Something went wrong that the bot can live with."""
        self._write("warn", event, fields)

    def _write(self, level: str, event: str, fields: Mapping[str, object]) -> None:
        self.counts[event] = self.counts.get(event, 0) + 1
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        text = " ".join(f"{key}={_value(value)}" for key, value in fields.items())
        print(f"{now}Z {self._name} {level} {event} {text}".rstrip(), flush=True)


def log_receipt(log: Log, receipt: Receipt, **what: object) -> dict[str, object]:
    """Say what became of a transaction that was sent. Returns where it is, for the lines about its events."""
    where = {"tx": receipt.tx_hash, "block": receipt.block}
    log.info("sent", **what, gas=receipt.gas_used, ok=receipt.ok, reason=receipt.reason or "-", **where)
    return where


def _value(value: object) -> str:
    text = " ".join(str(value).split())
    return json.dumps(text) if " " in text or "=" in text or not text else text


class Runner:
    """Runs one bot until it is stopped (exit code 0) or cannot go on (raises).

    It cannot go on when it is set up wrongly, when the first looks all fail, or when one look was asked for and fails. Once it
    has looked at the chain, nothing that a node or a contract says ends it.
    """

    def __init__(self, bot: Bot, client: AsyncClient, common: Common, log: Log) -> None:
        self._bot = bot
        self._client = client
        self._common = common
        self._log = log
        self._failures = 0
        self._last_error = ""
        self._head = Head(0, 0, 0)
        self._began = time.monotonic()
        self._written = 0.0
        self._news = asyncio.Event()
        self._stopping = False
        self._started = False  # the bot knows where to go on
        self._looked = False  # and has looked at the chain at least once
        self._listener: asyncio.Task | None = None
        self._heard: AsyncWeb3 | None = None  # the node that the listener listens to

    async def run(self) -> int:
        """Until SIGTERM, SIGINT, or after one look."""
        task = asyncio.ensure_future(self._live())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, task)
        try:
            await task
        except asyncio.CancelledError:
            pass
        finally:
            if self._stopping:
                self._log.info("stopped", block=self._head.block)
            self._write_status(force=True)
            if self._listener is not None:
                self._listener.cancel()
            await self._client.close()
        return 0

    def _stop(self, task: asyncio.Task) -> None:
        """Let a request that is under way come back, but not for long."""
        self._stopping = True
        self._news.set()
        asyncio.get_running_loop().call_later(STOP_SECONDS, task.cancel)

    async def _live(self) -> None:
        seen = -1
        while not self._stopping:
            try:
                seen = await self._once(seen)
            except ConfigError as fault:
                if not self._looked:
                    raise
                await self._failed(str(fault))
            except CrossmarginError as fault:
                await self._failed(str(fault))
            except Exception as fault:  # whatever a node may answer: better a line than the end
                await self._failed(_unforeseen(fault))
            else:
                if self._common.once:
                    break
                await self._pause(self._common.poll)

    async def _once(self, seen: int) -> int:
        """Look at the chain if there is a block after `seen`; returns the latest."""
        self._head = head = Head(*await self._client.head())
        self._listen()
        if not self._started:
            await self._bot.start(head)
            self._started = True
        if head.block != seen or self._bot.waiting():
            await self._bot.look(head)
        self._failures = 0
        self._write_status()
        self._looked = True
        return head.block

    async def _failed(self, what: str) -> None:
        """Say it and wait: longer with each failure in a row."""
        self._failures += 1
        self._last_error = what
        self._write_status(force=True)
        if self._failures > self._common.retries and (self._common.once or not self._looked):
            raise NetworkError(f"gave up after {self._failures} failures in a row: {what}")
        self._log.warn("failed", count=self._failures, error=what)
        await self._pause(min(0.1 * 2 ** min(self._failures, 10), LONGEST_PAUSE))

    def _listen(self) -> None:
        """Over a websocket, let new blocks cut the pauses short."""
        node = self._client.w3
        over = self._listener is None or self._listener.done() or self._heard is not node
        if over and isinstance(node.provider, WebSocketProvider):
            if self._listener is not None:
                self._listener.cancel()
            self._heard, self._listener = node, asyncio.ensure_future(self._follow(node))

    async def _follow(self, node: AsyncWeb3) -> None:
        with contextlib.suppress(Exception):  # without news the bot still polls
            await node.eth.subscribe("newHeads")
            async for _ in node.socket.process_subscriptions():
                self._news.set()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)
        self._news.clear()

    def _write_status(self, force: bool = False) -> None:
        path = self._common.status
        now = time.monotonic()
        if path is None or not (force or now - self._written > STATUS_SECONDS):
            return
        self._written = now
        line = {
            "bot": self._bot.name,
            "ok": self._failures == 0,
            "address": self._common.key.address if self._common.key else None,
            "dry_run": self._common.dry_run,
            "block": self._head.block,
            "time": self._head.time,
            "seconds": round(now - self._began, 1),
            "failures": self._failures,
            "last_error": self._last_error,
            **self._bot.state(),
            "counts": self._log.counts,
        }
        try:
            write_atomically(path, json.dumps(line) + "\n")
        except ConfigError as fault:
            if not self._looked:
                raise
            self._log.warn("no_status", error=fault)


def _unforeseen(fault: Exception) -> str:
    """An exception that is none of ours, on one line: what it is and where it came from."""
    frames = traceback.extract_tb(fault.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
    return f"{type(fault).__name__}: {without_secrets(first_line(fault))} ({where})"


def write_atomically(path: Path, text: str) -> None:
    """Replace a file in one step: a reader never sees half of it."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_text(text)
        beside.replace(path)
    except OSError as fault:
        raise ConfigError(f"cannot write {path}: {fault.strerror}") from None


@dataclass(frozen=True)
class Cursor:
    """Where a bot remembers how far it read the chain. `contract`, `address`: whose events; `key`: where the file says so."""

    path: Path | None
    bot: str
    key: str
    contract: str
    address: str

    def read(self, make: Callable[[Mapping[str, Any]], T]) -> T | None:
        """What `make` makes of the file; None if there is none. Raises ConfigError for one of anything else."""
        if self.path is None or not self.path.exists():
            return None
        try:
            row = json.loads(self.path.read_text("utf-8"))
            owner, found = row[self.key], make(row)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise ConfigError(
                f"the cursor {self.path} is not one of this {self.bot}: remove it to start afresh"
            ) from None
        if owner != self.address:
            raise ConfigError(
                f"the cursor {self.path} is of the {self.contract} {owner}: remove it to start afresh"
            )
        return found

    def write(self, row: Mapping[str, Any]) -> None:
        """Replace the file, if there is to be one."""
        if self.path is not None:
            write_atomically(self.path, json.dumps({self.key: self.address, **row}) + "\n")


def first_block(remembered: int, head: Head, common: Common, log: Log) -> int:
    """The block to go on from. A chain that ends far before it was begun anew, as development chains are: all of it is read."""
    if remembered - REREAD > head.block:
        log.warn("cursor_ahead", next_block=remembered, block=head.block, from_block=common.from_block)
        return common.from_block
    return max(remembered, common.from_block)


def connect(common: Common, log: Log) -> AsyncClient:
    """The client of the nodes and the deployment that the options name."""
    return AsyncClient.connect(common.rpc, common.deployment, say=lambda text: log.warn("node", what=text))


def serve(bot: Bot, client: AsyncClient, common: Common, log: Log) -> int:
    """Run a bot in an event loop of its own."""

    async def main() -> int:
        return await Runner(bot, client, common, log).run()

    return asyncio.run(main())
