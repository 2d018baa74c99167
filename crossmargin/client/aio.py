"""The asynchronous client: the same calls and records, for programs that wait for a chain, such as the bots.

client = AsyncClient.connect("ws://127.0.0.1:8545", "deployments/31337.json")
await client.open()
ids = await client.read(client.calls.liquidatable(accounts))
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar

from eth_account.signers.local import LocalAccount
from web3 import AsyncWeb3

from crossmargin.client import steps
from crossmargin.client.abi import Call
from crossmargin.client.addresses import addresses_of, chain_of
from crossmargin.client.calls import Calls
from crossmargin.client.events import Event
from crossmargin.client.records import Receipt, Sent
from crossmargin.client.transport import (
    LATEST,
    Ask,
    AsyncTransport,
    Say,
    Steps,
    ask,
    connect_async,
    each,
    number,
    warn,
)
from crossmargin.errors import CrossmarginError, TransactionLost

T = TypeVar("T")
BUMP = 125  # per cent: what a node asks of a replacement, and some
MOST_TIMES = 10  # the fees of now that are ever offered to replace what is stuck
_POLL = (0.005, 0.5)  # seconds between looks for a receipt: first, most


class AsyncClient:
    """One venue on one chain, for one event loop. `receipt_seconds`: how long before fees are raised."""

    def __init__(
        self,
        w3: AsyncWeb3 | Sequence[AsyncWeb3],
        deployment: Mapping[str, str] | object,
        receipt_seconds: float = 30.0,
        bumps: int = 3,
        say: Say = warn,
    ) -> None:
        """`w3`: a node, or several to turn to one after the other; `say` is told when that happens."""
        nodes = w3 if isinstance(w3, Sequence) else [w3]
        self.calls = Calls(addresses_of(deployment))
        self.transport = AsyncTransport(*nodes, chain=chain_of(deployment), say=say)
        self._names = {address.lower(): name for name, address in self.calls.addresses.items()}
        self._receipt_seconds = receipt_seconds
        self._bumps = bumps
        self._lost: dict[str, Mapping[str, Any]] = {}  # by sender: what it sent last and never saw again

    @classmethod
    def connect(
        cls,
        url: str | Sequence[str],
        deployment: Mapping[str, str] | str | Path,
        timeout: float = 10.0,
        say: Say = warn,
    ) -> Self:
        """A client for the node at an http(s) or ws(s) URL, or for several nodes of one chain."""
        return cls([connect_async(one, timeout) for one in each(url)], deployment, say=say)

    @property
    def w3(self) -> AsyncWeb3:
        """The node in use."""
        return self.transport.w3

    async def open(self) -> None:
        """Connect, where the protocol has connections."""
        await self.transport.open()

    async def close(self) -> None:
        """Let go of sockets."""
        await self.transport.close()

    # ---- reads -----------------------------------------------------------------------------------

    async def run(self, procedure: Steps[T]) -> T:
        """The outcome of one of `crossmargin.client.steps`."""
        return await self.transport.run(procedure)

    async def head(self) -> tuple[int, int, int]:
        """(number, time, base fee in wei) of the latest block."""
        return await self.run(steps.head())

    async def read(self, call: Call[T], block: int | str = LATEST) -> T:
        """The answer of one call of `client.calls`."""
        return (await self.transport.batch([ask(call, block)]))[0]

    async def read_all(
        self, calls: Sequence[Call[Any]], block: int | str = LATEST, may_fail: bool = False
    ) -> list[Any]:
        """The answers of many, in one batch; with `may_fail` exceptions stand where answers failed."""
        return await self.transport.batch([ask(call, block, may_fail=may_fail) for call in calls])

    async def simulate(self, call: Call[T], sender: str, gas_price: int = 0) -> T:
        """What a call would return if it were sent now. Raises ContractRefused if it would revert.

        With `gas_price` (wei) the node also wants the sender to be able to pay; without it some show the call a base fee of 0.
        """
        plain = ask(call, sender=sender)
        priced = {**plain.params[0], "gasPrice": hex(gas_price)} if gas_price else plain.params[0]
        return (await self.transport.batch([replace(plain, params=(priced, LATEST))]))[0]

    async def estimate(self, call: Call[Any], sender: str) -> int:
        """Gas the node thinks it needs."""
        plain = Ask(
            "eth_estimateGas", (Call(call.label, call.to, call.data, call.decode).params(sender),), number
        )
        return (await self.transport.batch([plain]))[0]

    async def gas_price(self) -> int:
        """Wei a unit of gas costs now: base fee and tip."""
        base_fee, tip = await self.transport.batch(steps.fee_asks())
        return base_fee + steps.fees(base_fee, tip)["maxPriorityFeePerGas"]

    async def events(
        self, *kinds: type[Event], first: int, last: int | None = None, with_gas: bool = False
    ) -> list[Event]:
        """Events of these kinds, in order."""
        return await self.run(steps.events(self.calls, kinds, first, last, with_gas))

    # ---- sends -----------------------------------------------------------------------------------

    async def send_all(self, key: LocalAccount, calls: Sequence[Call[Any]]) -> list[Receipt]:
        """Send calls without waiting for each, then wait for all; look at each receipt's `ok`.

        What has no receipt in time is sent again with higher fees, a bounded number of times; then TransactionLost. What is
        sent next takes its place, so that nothing waits behind it: look again before you repeat it, it may have arrived.
        """
        if not calls:
            return []
        stuck = self._lost.get(key.address)
        state = (LATEST,) if stuck else ()  # what is to be replaced never happened
        asks = [Ask("eth_chainId", (), number), *steps.fee_asks()]
        asks += [
            Ask("eth_estimateGas", (call.params(key.address), *state), number, call.label)
            for call in calls
            if call.gas is None
        ]
        chain, base_fee, tip, *estimates = await self.transport.batch(asks)
        nonce = await self.run(steps.next_nonce(key.address, *state))
        take = iter(estimates)
        limits = [call.gas or steps.gas_limit(call, next(take)) for call in calls]
        fee = _above(steps.fees(base_fee, tip), stuck)
        txs = [steps.transaction(call, chain, gas, fee) for call, gas in zip(calls, limits, strict=True)]
        rows = await self._deliver(key, txs, nonce, [call.label for call in calls])
        return [
            await self.run(
                steps.read_receipt(
                    Sent(
                        row["transactionHash"], key.address, nonce + i, call.label, call.params(gas=limits[i])
                    ),
                    row,
                    self._names,
                )
            )
            for i, (call, row) in enumerate(zip(calls, rows, strict=True))
        ]

    async def _deliver(
        self, key: LocalAccount, txs: Sequence[Mapping[str, Any]], nonce: int, labels: Sequence[str]
    ) -> list[Mapping[str, Any]]:
        """Raw receipts. A transaction may arrive under any of the hashes it was sent with."""
        hashes: list[list[str]] = [[] for _ in txs]
        rows: list[Mapping[str, Any] | None] = [None] * len(txs)
        for attempt in range(self._bumps + 1):
            left = [i for i, row in enumerate(rows) if row is None]
            asks = [
                Ask(
                    *_parts(steps.sign(_bumped(txs[i], attempt), nonce + i, key)),
                    label=labels[i],
                    may_fail=attempt > 0,
                )
                for i in left
            ]
            for i, found in zip(left, await self.transport.batch(asks), strict=True):
                if not isinstance(found, CrossmarginError):
                    hashes[i].append(found)
            if await self._collect(hashes, rows):
                self._lost.pop(key.address, None)
                return rows
        late = next(i for i, row in enumerate(rows) if row is None)
        self._lost[key.address] = _bumped(txs[late], self._bumps)
        raise TransactionLost(hashes[late][-1], self._receipt_seconds * (self._bumps + 1))

    async def _collect(self, hashes: Sequence[Sequence[str]], rows: list[Mapping[str, Any] | None]) -> bool:
        """Fill in receipts until all are there (true) or time is up."""
        deadline = asyncio.get_running_loop().time() + self._receipt_seconds
        pause, most = _POLL
        while True:
            wanted = [(i, one) for i, row in enumerate(rows) if row is None for one in hashes[i]]
            asks = [Ask("eth_getTransactionReceipt", (one,)) for _, one in wanted]
            for (i, _), row in zip(wanted, await self.transport.batch(asks), strict=True):
                rows[i] = rows[i] or row
            if all(row is not None for row in rows):
                return True
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(pause)
            pause = min(2 * pause, most)


def _parts(one: Ask) -> tuple[str, tuple[Any, ...]]:
    return one.method, one.params


def _above(fee: dict[str, int], stuck: Mapping[str, Any] | None) -> dict[str, int]:
    """Fees with which a node takes a transaction in the place of one that is stuck; within bounds."""
    if stuck is None:
        return fee
    raised = _bumped(stuck, 1)
    return {name: max(value, min(raised[name], MOST_TIMES * value)) for name, value in fee.items()}


def _bumped(tx: Mapping[str, Any], attempt: int) -> dict[str, Any]:
    """The same transaction with its fees raised `attempt` times."""
    raised = {
        name: tx[name] * BUMP**attempt // 100**attempt + attempt
        for name in ("maxFeePerGas", "maxPriorityFeePerGas")
    }
    return {**tx, **raised}
