"""The keeper: executes every order as soon as its first round is published, and clears what expired.

    python -m crossmargin.bots.keeper --config keeper.toml

Orders come from the OrderBook's events. Each block, every order that is due gets the id of the first round at or after its
delay (found by walking back from the latest), whole batches are simulated, what would execute is sent, and what must wait
is tried again later. The keeper fee goes to the account 0 of the key's address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import click

from crossmargin.bots import settings
from crossmargin.bots.money import Purse
from crossmargin.bots.runtime import REREAD, Cursor, Head, Log, connect, first_block, log_receipt, serve
from crossmargin.bots.settings import Common
from crossmargin.client import steps
from crossmargin.client.aio import AsyncClient
from crossmargin.client.events import (
    Event,
    OrderCancelled,
    OrderData,
    OrderExecuted,
    OrderExpired,
    OrderFailed,
    OrderSubmitted,
)
from crossmargin.client.records import EXECUTED, FAILED, SKIPPED, OrderResult, Receipt
from crossmargin.errors import NO_REASON, ContractRefused, CrossmarginError

NAME = "keeper"
BATCH = 16  # what OrderBook.execute takes
LONGEST_WAIT = 64  # seconds of the chain between attempts at one order
KINDS = (OrderSubmitted, OrderExecuted, OrderFailed, OrderCancelled, OrderExpired)


@dataclass(frozen=True)
class Pending:
    """An order that waits. `due`: earliest publish time of its round; `expires`: last second it can execute.

    `retry_at`: not tried again before this time, after `attempts` in vain.
    """

    order: OrderData
    due: int
    expires: int
    fee: int
    attempts: int = 0
    retry_at: int = 0

    def put_off(self, now: int) -> Pending:
        """After an attempt in vain: twice as long as the last time."""
        wait = min(2**self.attempts, LONGEST_WAIT)
        return replace(self, attempts=self.attempts + 1, retry_at=now + wait)


class Keeper:
    """The bot. `markets`: only these, if any are named. `attempts`: tries before an order is left to others."""

    name = NAME

    def __init__(
        self,
        client: AsyncClient,
        common: Common,
        log: Log,
        markets: frozenset[int] = frozenset(),
        clear: bool = True,
        attempts: int = 50,
        batch: int = BATCH,
    ) -> None:
        self._client = client
        self._calls = client.calls
        self._common = common
        self._log = log
        self._markets = markets
        self._clear = clear
        self._attempts = attempts
        self._batch = batch
        self._purse = Purse(client, common)
        self._pending: dict[str, Pending] = {}
        self._cursor = Cursor(common.cursor, NAME, "order_book", "OrderBook", self._calls.at("OrderBook"))
        self._next_block = common.from_block
        self._sources: dict[int, str] = {}

    # ---- what the runtime asks for -----------------------------------------------------------------

    async def start(self, head: Head) -> None:
        """Go on where the cursor says the last run stopped."""
        self._load_cursor(head)
        self._log.info(
            "started",
            address=self._common.sender,
            dry_run=self._common.dry_run,
            block=head.block,
            from_block=self._next_block,
        )

    def state(self) -> Mapping[str, Any]:
        """Orders that wait, and how far the chain was read."""
        return {"pending": len(self._pending), "next_block": self._next_block}

    def waiting(self) -> bool:
        """Nothing changes without a block."""
        return False

    async def look(self, head: Head) -> None:
        """Read what is new, execute what is due, clear what is past."""
        await self._discover(head)
        expired = {h: p for h, p in self._pending.items() if head.time > p.expires}
        due = {
            h: p
            for h, p in self._pending.items()
            if h not in expired
            and p.due <= head.time
            and p.retry_at <= head.time
            and p.attempts < self._attempts
        }
        if due:
            await self._execute(due, head)
        if expired:
            await self._clear_expired(expired)
        self._save_cursor()

    # ---- discovering -------------------------------------------------------------------------------

    async def _discover(self, head: Head) -> None:
        first = max(self._next_block - REREAD, self._common.from_block)
        if first > head.block:
            return
        submitted: dict[str, OrderSubmitted] = {}
        for event in await self._client.events(*KINDS, first=first, last=head.block):
            self._note(event, submitted)
        new = {h: e for h, e in submitted.items() if h not in self._pending and self._wanted(e.market)}
        if new:
            await self._adopt(new)
        self._next_block = head.block + 1

    def _note(self, event: Event, submitted: dict[str, OrderSubmitted]) -> None:
        if isinstance(event, OrderSubmitted):
            submitted[event.order_hash] = event
        else:
            submitted.pop(event.order_hash, None)
            if self._pending.pop(event.order_hash, None):
                self._log.info("gone", order=event.order_hash, by=type(event).__name__, tx=event.tx_hash)

    def _wanted(self, market: int) -> bool:
        return not self._markets or market in self._markets

    async def _adopt(self, new: Mapping[str, OrderSubmitted]) -> None:
        statuses = await self._client.read_all([self._calls.order_status(h) for h in new])
        for (order_hash, event), status in zip(new.items(), statuses, strict=True):
            if status.pending:
                self._pending[order_hash] = Pending(
                    event.order, status.executable_from, status.expires, status.fee
                )
                self._log.info(
                    "found",
                    order=order_hash,
                    market=event.market,
                    size=event.order.size,
                    due=status.executable_from,
                )

    # ---- executing ---------------------------------------------------------------------------------

    async def _execute(self, due: Mapping[str, Pending], head: Head) -> None:
        rounds = await self._rounds(due)
        ready = list(rounds)
        batches = [ready[i : i + self._batch] for i in range(0, len(ready), self._batch)]
        worth = []
        for batch in batches:
            if good := await self._promising(batch, rounds, head):
                worth.append(good)
        if not worth:
            return
        calls = [
            self._calls.execute([self._pending[h].order for h in b], [rounds[h] for h in b]) for b in worth
        ]
        if self._common.dry_run:
            for batch in worth:
                self._log.info("would_execute", orders=",".join(batch))
            return
        receipts = await self._client.send_all(self._common.key, calls)
        for batch, receipt in zip(worth, receipts, strict=True):
            self._settle(batch, receipt, head)

    async def _rounds(self, due: Mapping[str, Pending]) -> dict[str, int]:
        """The round of each order that has one."""
        markets = sorted({p.order.market for p in due.values()})
        await self._read_sources(markets)
        latest = await self._client.read_all(
            [self._calls.round(self._sources[m]) for m in markets], may_fail=True
        )
        found: dict[str, int] = {}
        known: dict[tuple[int, int], int | None] = {}
        for market, newest in zip(markets, latest, strict=True):
            if isinstance(newest, CrossmarginError):
                self._log.warn("feed_silent", market=market, error=newest)
                self._sources.pop(market)
                continue
            for order_hash, one in due.items():
                if one.order.market == market:
                    if (market, one.due) not in known:
                        search = steps.first_round(self._calls, self._sources[market], one.due, newest)
                        known[market, one.due] = await self._client.run(search)
                    if (round_id := known[market, one.due]) is not None:
                        found[order_hash] = round_id
        return found

    async def _read_sources(self, markets: Sequence[int]) -> None:
        missing = [m for m in markets if m not in self._sources]
        sources = await self._client.read_all([self._calls.source(m) for m in missing])
        self._sources |= dict(zip(missing, sources, strict=True))

    async def _promising(self, batch: Sequence[str], rounds: Mapping[str, int], head: Head) -> list[str]:
        """Those of a batch that would execute, or fail and pay, if the batch is worth its gas."""
        orders = [self._pending[h].order for h in batch]
        call = self._calls.execute(orders, [rounds[h] for h in batch])
        try:
            results = await self._client.simulate(call, self._common.sender)
        except ContractRefused as fault:
            self._log.warn("batch_refused", orders=len(batch), reason=fault.reason)
            for order_hash in batch:
                self._put_off(order_hash, fault.reason, head)
            return []
        good = []
        for order_hash, result in zip(batch, results, strict=True):
            if result.status in (EXECUTED, FAILED):
                good.append(order_hash)
            else:
                self._skip(order_hash, result, head)
        reward = sum(self._pending[h].fee for h in good)
        if good and not await self._purse.worth(call, reward):
            self._log.info("not_worth", orders=len(good), reward=reward)
            return []
        return good

    def _skip(self, order_hash: str, result: OrderResult, head: Head) -> None:
        if result.status == SKIPPED:
            self._put_off(order_hash, result.reason, head)
            if result.reason.startswith("oracle:"):
                self._sources.pop(self._pending[order_hash].order.market, None)
        else:
            self._pending.pop(order_hash)
            self._log.info("unknown", order=order_hash, reason=result.reason)

    def _put_off(self, order_hash: str, reason: str, head: Head) -> None:
        later = self._pending[order_hash].put_off(head.time)
        self._pending[order_hash] = later
        self._log.warn(
            "put_off", order=order_hash, reason=reason, attempts=later.attempts, until=later.retry_at
        )
        if later.attempts == self._attempts:
            self._log.warn("left", order=order_hash, attempts=later.attempts)

    def _settle(self, batch: Sequence[str], receipt: Receipt, head: Head) -> None:
        where = log_receipt(self._log, receipt, orders=len(batch))
        done = set()
        for event in receipt.events:
            if isinstance(event, OrderExecuted):
                self._log.info(
                    "executed", order=event.order_hash, size=event.size, price=event.price, **where
                )
            elif isinstance(event, OrderFailed):
                self._log.info("failed_order", order=event.order_hash, reason=event.reason, **where)
            else:
                continue
            done.add(event.order_hash)
            self._pending.pop(event.order_hash, None)
        for order_hash in set(batch) - done:
            if order_hash in self._pending:
                self._put_off(order_hash, receipt.reason or "not executed", head)

    # ---- clearing ----------------------------------------------------------------------------------

    async def _clear_expired(self, expired: Mapping[str, Pending]) -> None:
        """Release what they reserved; what does not get through is tried again at the next look."""
        if self._clear and self._common.dry_run:
            self._log.info("would_clear", orders=",".join(expired))
        elif self._clear:
            await self._send_clearing([pending.order for pending in expired.values()])
        for order_hash in expired:
            self._pending.pop(order_hash)

    async def _send_clearing(self, orders: Sequence[OrderData]) -> None:
        calls = [self._calls.clear_expired(orders[i : i + BATCH]) for i in range(0, len(orders), BATCH)]
        try:
            receipts = await self._client.send_all(self._common.key, calls)
        except ContractRefused as fault:
            self._log.warn("not_cleared", orders=len(orders), reason=fault.reason or NO_REASON)
            return
        for receipt in receipts:
            self._log.info("cleared", gas=receipt.gas_used, ok=receipt.ok, tx=receipt.tx_hash)

    # ---- cursor ------------------------------------------------------------------------------------

    def _load_cursor(self, head: Head) -> None:
        if (found := self._cursor.read(_remembered)) is not None:
            block, self._pending = found
            self._next_block = first_block(block, head, self._common, self._log)

    def _save_cursor(self) -> None:
        if not self._common.dry_run:
            pending = {h: asdict(replace(p, attempts=0, retry_at=0)) for h, p in self._pending.items()}
            self._cursor.write({"next_block": self._next_block, "pending": pending})


def _remembered(row: Mapping[str, Any]) -> tuple[int, dict[str, Pending]]:
    pending = {h: Pending(**{**one, "order": OrderData(**one["order"])}) for h, one in row["pending"].items()}
    return int(row["next_block"]), pending


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@settings.options(
    click.option(
        "--market",
        "markets",
        type=click.IntRange(0, 31),
        multiple=True,
        help="Only this market; may be repeated.",
    ),
    click.option("--clear/--no-clear", default=True, help="Clear expired orders, which earns nothing."),
    click.option(
        "--attempts", type=click.IntRange(1), default=50, help="Tries before an order is left to others."
    ),
    click.option(
        "--batch", type=click.IntRange(1, BATCH), default=BATCH, help="Most orders in a transaction."
    ),
)
def main(markets: tuple[int, ...], clear: bool, attempts: int, batch: int, **given: Any) -> int:
    """Execute orders as soon as their price is published.

    Every option may stand in the file of --config or in the environment as CROSSMARGIN_<OPTION>. The key comes from
    --keyfile or CROSSMARGIN_KEY.
    """
    common = settings.common(given)
    log = Log(NAME)
    client = connect(common, log)
    return serve(Keeper(client, common, log, frozenset(markets), clear, attempts, batch), client, common, log)


if __name__ == "__main__":
    settings.run_program(main, NAME)
