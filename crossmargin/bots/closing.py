"""Winding down (W-3): sample the price of every closing market, and fix its settlement price when sampling is over.

Anyone may, and nobody is paid for it: the price is the average of the samples that somebody takes, or the last one if nobody does.
"""

from __future__ import annotations

from crossmargin.bots.money import Purse
from crossmargin.bots.runtime import Head, Log, log_receipt
from crossmargin.bots.settings import Common
from crossmargin.client.abi import Call
from crossmargin.client.aio import AsyncClient
from crossmargin.client.events import ClosingEnded
from crossmargin.client.records import Closing
from crossmargin.errors import NO_REASON, ContractRefused

REPEAT = 120  # seconds between samples: each counts for the time since the last one, at most 300
ALL = 2**32 - 1  # bitmap of all markets


def is_due(closing: Closing, now: int) -> bool:
    """Whether a market is closing, and there is something to do: a sample, or the settlement."""
    return closing.started != 0 and (closing.is_over(now) or now >= closing.sampled + REPEAT)


class Closer:
    """Does it for one liquidator. `every`: seconds between looks at all markets."""

    def __init__(self, client: AsyncClient, common: Common, log: Log, every: int = 30) -> None:
        self._client = client
        self._calls = client.calls
        self._common = common
        self._log = log
        self._every = every
        self._purse = Purse(client, common)
        self._next = 0

    async def look(self, head: Head) -> None:
        """Sample what is closing, settle what was sampled for long enough."""
        if head.time < self._next:
            return
        self._next = head.time + self._every
        closings = await self._closings()
        due = {market: closing for market, closing in closings.items() if is_due(closing, head.time)}
        if not due:
            return
        if not await self._purse.affordable():
            self._log.info("gas_too_dear", closing_markets=len(due))
            return
        for market, closing in due.items():
            if closing.is_over(head.time):
                await self._act(self._calls.settle_market(market), "settled_market", market)
            else:
                await self._act(self._calls.sample(market), "sampled_market", market)

    async def _closings(self) -> dict[int, Closing]:
        """By market, of those that are listed and not settled."""
        listed, words = await self._client.read_all([self._calls.listed(), self._calls.market_words(ALL)])
        markets = [m for m, w in words.items() if listed >> m & 1 and not w.carry.settled]
        found = await self._client.read_all([self._calls.closing(m) for m in markets])
        return dict(zip(markets, found, strict=True))

    async def _act(self, call: Call[None], what: str, market: int) -> None:
        """Send it if it would do something. If not, somebody was faster, or there is no valid price to sample."""
        try:
            await self._client.simulate(call, self._common.sender)
        except ContractRefused:
            return
        if self._common.dry_run:
            self._log.info("would_send", **{what: market})
            return
        try:
            (receipt,) = await self._client.send_all(self._common.key, [call])
        except ContractRefused as fault:
            self._log.warn("refused", **{what: market}, reason=fault.reason or NO_REASON)
            return
        told = {what: market}
        for event in receipt.events:
            if isinstance(event, ClosingEnded):
                told["price"] = event.price
        log_receipt(self._log, receipt, **told)
