"""Anvil as a chain whose blocks the demo makes: what waits goes into the next block, a second after the last."""

from __future__ import annotations

from collections.abc import Iterable

from crossmargin.client.transport import Ask, Transport, connect, number

BASE_FEE = 10**9  # wei, in every block: the liquidator's reward depends on it
BALANCE = 10_000 * 10**18  # wei for everybody who sends
INTERVAL = 1  # seconds between blocks


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
