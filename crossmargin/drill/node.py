"""The anvil of a drill: its blocks are made here, and it is put back afterwards."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from crossmargin.client.transport import Ask, Transport, connect, number
from crossmargin.drill.shocks import DrillError
from crossmargin.errors import CrossmarginError
from crossmargin.processes import ignored

SECONDS = 300.0  # a fork fetches what it reads, one word at a time
SETTLE = 0.1  # seconds in which a block that is being made is there


class Interrupts:
    """While it is open, Ctrl-C and a polite kill wait for the next `check`; the second one does not wait.

    A SIGHUP that was ignored (nohup) stays so.
    """

    def __init__(self) -> None:
        self._asked = 0
        self._deaf = False
        self._before: dict[int, Any] = {}

    def check(self) -> None:
        """Stop here if somebody asked for it."""
        if self._asked:
            raise KeyboardInterrupt

    def wait(self) -> None:
        """What comes now must not be cut short."""
        self._deaf = True

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            hangup = () if ignored(signal.SIGHUP) else (signal.SIGHUP,)
            for number_ in (signal.SIGINT, signal.SIGTERM, *hangup):
                self._before[number_] = signal.signal(number_, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number_, handler in self._before.items():
            signal.signal(number_, handler)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._asked += 1
        if self._asked == 2 and not self._deaf:
            raise KeyboardInterrupt


class Node:
    """An anvil whose blocks are made here."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.w3 = connect(url, SECONDS)
        self.transport = Transport(self.w3)
        self.found = 0  # the last block when the drill came
        self.chain_id = self.ask("eth_chainId", decode=number)
        if isinstance(self.ask("anvil_nodeInfo", may_fail=True), CrossmarginError):
            what = self.ask("web3_clientVersion", may_fail=True)
            told = f" ({what[:40]})" if isinstance(what, str) else ""
            raise DrillError(
                f"{self.transport.url} is not an anvil{told}: drill on a copy of its chain with --fork"
            )

    def ask(self, method: str, *params: object, decode: Any = lambda raw: raw, may_fail: bool = False) -> Any:
        """One request."""
        return self.transport.batch([Ask(method, params, decode, may_fail=may_fail)])[0]

    def block(self, tag: str = "latest") -> Mapping[str, Any]:
        """A block's header."""
        return self.ask("eth_getBlockByNumber", tag, False)

    def now(self) -> int:
        """Time of the latest block."""
        return number(self.block()["timestamp"])

    def mine(self, after: int = 1) -> None:
        """A block with all that waits, `after` seconds later than the last."""
        self.ask("evm_mine", self.now() + after)

    @contextmanager
    def kept(self, interrupts: Interrupts, say: Callable[[str], object]) -> Iterator[None]:
        """Whatever happens within, the chain is put back: state, blocks, clock, and how blocks are made."""
        automatic, interval = self.ask("anvil_getAutomine"), self.ask("anvil_getIntervalMining")
        self.ask("evm_setIntervalMining", 0) if interval else self.ask("evm_setAutomine", False)
        resume = ("evm_setIntervalMining", interval) if interval else ("evm_setAutomine", bool(automatic))
        was, snapshot = self._snapshot(resume)
        self.found = number(was["number"])
        skew = number(self.block("pending")["timestamp"]) - time.time()
        # anvil's clock may be ahead of the last block, and takes no time before it
        self.ask("evm_mine", max(self.now(), number(self.block("pending")["timestamp"])) + 1)
        try:
            yield
        finally:
            interrupts.wait()
            faults = [
                self._undo("anvil_dropAllTransactions"),  # none waited before
                self._undo("evm_revert", snapshot),
                self._undo("evm_setTime", int(time.time() + skew)),
            ]
            same = self._is_last(was)
            faults += [self._undo(*resume), "" if same else "its last block is another"]
            fault = next(filter(None, faults), None)
            if fault:
                raise DrillError(
                    f"THE CHAIN COULD NOT BE PUT BACK ({fault}): evm_revert {snapshot} by hand, or start it anew"
                )
            say(f"the chain is as it was at block {self.found}")

    def _snapshot(self, resume: tuple[object, ...]) -> tuple[Mapping[str, Any], Any]:
        """The last block and a snapshot of it: on a busy machine one more may come between the two."""
        while True:
            was = self._quiet(resume)
            snapshot = self.ask("evm_snapshot")
            if self.block()["hash"] == was["hash"]:
                return was, snapshot

    def _quiet(self, resume: tuple[object, ...]) -> Mapping[str, Any]:
        """The last block, once none is being made any more. What waits in the pool would be lost with the snapshot."""
        was = self.block()
        while True:
            time.sleep(SETTLE)
            if (now := self.block())["hash"] == was["hash"]:
                break
            was = now
        waiting = number(self.ask("txpool_status")["pending"])
        if waiting:
            self._undo(*resume)
            raise DrillError(
                f"{waiting} transactions wait for a block, and would be lost: let them be mined, or use --fork"
            )
        return was

    def _undo(self, method: object, *params: object) -> str:
        try:
            found = self.ask(str(method), *params)
        except CrossmarginError as fault:
            return str(fault)
        return f"{method} was refused" if found is False and method == "evm_revert" else ""

    def _is_last(self, block: Mapping[str, Any]) -> bool:
        try:
            return bool(self.block()["hash"] == block["hash"])
        except CrossmarginError:
            return False
