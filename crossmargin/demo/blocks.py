"""Anvil as a chain whose blocks the demo makes.

The clock moves with the rounds of prices alone; all other blocks share the second after their round, as on chains with
several blocks a second. There is a reason beyond that: while anvil makes a block, it answers some calls from the new state at
the old block's time. Contracts take time to run forwards, and a bot that asks in that moment would be told nonsense.
"""

from __future__ import annotations

from collections.abc import Iterable

from crossmargin.client.transport import Ask, Transport, connect, number

BASE_FEE = 10**9  # wei, in every block: the liquidator's reward depends on it
BALANCE = 10_000 * 10**18  # wei for everybody who sends
INTERVAL = 0  # seconds between blocks whose time is not given


class Blocks:
    """The making of blocks."""

    def __init__(self, url: str) -> None:
        self.w3 = connect(url)
        self._transport = Transport(self.w3)

    def begin(self, timestamp: int, senders: Iterable[str]) -> None:
        """Give gas to `senders` and let every transaction have a block of its own, from `timestamp` on."""
        asks = [Ask("anvil_setBalance", (address, hex(BALANCE))) for address in senders]
        self._transport.batch([*asks, Ask("anvil_setBlockTimestampInterval", (INTERVAL,))])
        self.mine(timestamp)

    def by_hand(self) -> None:
        """From now on a block is made by `mine` alone."""
        self._transport.batch([Ask("evm_setAutomine", (False,))])

    def mine(self, timestamp: int | None = None) -> int:
        """Make a block, at `timestamp` if that is given; returns its number."""
        # One after the other: anvil answers the requests of a batch at the same time.
        self._transport.batch([Ask("anvil_setNextBlockBaseFeePerGas", (hex(BASE_FEE),))])
        at = () if timestamp is None else (timestamp,)
        ((block,),) = self._transport.batch([Ask("evm_mine_detailed", at)])
        return number(block["number"])

    def waiting(self) -> bool:
        """True if a transaction waits for a block."""
        (status,) = self._transport.batch([Ask("txpool_status")])
        return number(status["pending"]) > 0

    def now(self) -> int:
        """Time of the latest block."""
        (block,) = self._transport.batch([Ask("eth_getBlockByNumber", ("latest", False))])
        return number(block["timestamp"])
