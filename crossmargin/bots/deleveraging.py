"""Deleveraging (W-2): raise the alarm when the pool is short of capital, then close winners, the largest profit first.

Anyone may, and nobody is paid for it: it keeps the pool able to pay the winners that are left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from crossmargin.bots.money import Purse
from crossmargin.bots.runtime import Head, Log, log_receipt
from crossmargin.bots.settings import Common
from crossmargin.client.aio import AsyncClient
from crossmargin.client.calls import ACCOUNTS_CHUNK
from crossmargin.client.codec import WAD, show_account
from crossmargin.client.events import Alarm, Deleveraged
from crossmargin.client.records import NO_THRESHOLD, Account, Clock, PoolState
from crossmargin.errors import NO_REASON, ContractRefused, CrossmarginError

BPS = 10_000
REPEAT = 120  # seconds between alarms: after 300 the clock would have to start anew
RENEW = 60  # seconds between touches of all markets
MOST = 16  # positions closed in one look


@dataclass(frozen=True)
class Winner:
    """A position that may be closed. `value` is P-2, both WAD quote."""

    account: int
    market: int
    value: int
    notional: int

    @property
    def profit(self) -> Fraction:
        """Profit as a part of notional: who has most of it comes first."""
        return Fraction(self.value, self.notional)


def is_short(state: PoolState, ratio: int) -> bool:
    """Whether R is below `ratio` (bps) of the net requirement."""
    return BPS * state.reduced_equity < ratio * state.net


def queue(accounts: Iterable[Account], skews: Mapping[int, int], threshold: int) -> list[Winner]:
    """Positions against the pool with a profit of `threshold` (WAD of notional) or more, the largest first."""
    found = [
        Winner(account.id, p.market, p.value, p.notional)
        for account in accounts
        for p in account.positions
        if p.price_state == 0 and p.base * skews.get(p.market, 0) > 0
        if p.value > 0 and p.value * WAD >= threshold * p.notional
    ]
    return sorted(found, key=lambda winner: (-winner.profit, winner.account, winner.market))


class Deleverager:
    """Does it for one liquidator. `cooldown`: seconds before a position that was refused is tried again."""

    def __init__(self, client: AsyncClient, common: Common, log: Log, cooldown: int = 10) -> None:
        self._client = client
        self._calls = client.calls
        self._common = common
        self._log = log
        self._cooldown = cooldown
        self._purse = Purse(client, common)
        self._quiet_until: dict[tuple[int, int], int] = {}
        self._renew_at = 0

    async def look(self, head: Head, accounts: Iterable[int]) -> bool:
        """Close what must be closed of the positions of `accounts`; true if there is more to do at once."""
        reads = [self._calls.pool(), self._calls.rates(), self._calls.clock()]
        pool, rates, clock = await self._client.read_all(reads)
        if not is_short(pool.state, rates.adl_ratio):
            return False
        if not pool.state.prices_valid:
            self._log.warn("short_without_prices", capital=pool.state.reduced_equity, net=pool.state.net)
            return False
        if not await self._purse.affordable():
            self._log.info("gas_too_dear", alarm=True)
            return False
        if not await self._alarmed(head, clock, pool.state):
            return False
        return await self._close(head, await self._winners(sorted(accounts)))

    async def _alarmed(self, head: Head, clock: Clock, state: PoolState) -> bool:
        """Whether the clock runs; raises the alarm if the last one is old."""
        if clock.since and head.time < clock.last + REPEAT:
            return True
        if self._common.dry_run:
            self._log.info("would_alarm", capital=state.reduced_equity, net=state.net)
            return False
        try:
            (receipt,) = await self._client.send_all(self._common.key, [self._calls.alarm()])
        except ContractRefused as fault:
            self._log.warn("alarm_refused", reason=fault.reason or NO_REASON)
            return False
        where = log_receipt(self._log, receipt, alarms=1)
        alarms = [event for event in receipt.events if isinstance(event, Alarm)]
        for one in alarms:
            self._log.warn(
                "alarm", short=one.short, capital=one.reduced_equity, net=one.net, since=one.since, **where
            )
        return any(one.short for one in alarms)

    async def _winners(self, accounts: Sequence[int]) -> list[Winner]:
        parts = [accounts[i : i + ACCOUNTS_CHUNK] for i in range(0, len(accounts), ACCOUNTS_CHUNK)]
        threshold, markets, *rows = await self._client.read_all(
            [self._calls.threshold(), self._calls.markets(), *(self._calls.accounts(p) for p in parts)]
        )
        if threshold == NO_THRESHOLD:
            return []
        skews = {market.id: market.skew for market in markets}
        return queue((one for part in rows for one in part), skews, threshold)

    async def _close(self, head: Head, winners: Sequence[Winner]) -> bool:
        """One after the other, until the pool has its capital."""
        left = [w for w in winners if self._quiet_until.get((w.account, w.market), 0) <= head.time]
        for winner in left[:MOST]:
            call = self._calls.deleverage(winner.account, winner.market)
            try:
                if await self._client.simulate(call, self._common.sender) == 0:
                    return await self._renew(head)
            except ContractRefused as fault:
                self._leave(winner, head, fault.reason)
                continue
            if self._common.dry_run:
                self._log.info("would_deleverage", **_who(winner))
                return False  # what comes after depends on it
            await self._send(winner, head)
        return len(left) > MOST

    async def _renew(self, head: Head) -> bool:
        """Touch the markets: deleveraging looks at them as of then, and found nothing missing. True if it may now."""
        pool, rates, markets = await self._client.read_all(
            [self._calls.pool(), self._calls.rates(), self._calls.markets()]
        )
        if self._common.dry_run or head.time < self._renew_at or not is_short(pool.state, rates.adl_ratio):
            return False
        self._renew_at = head.time + RENEW
        calls = [self._calls.poke(m.id) for m in markets if (m.long or m.short) and not m.settled]
        try:
            receipts = await self._client.send_all(self._common.key, calls)
        except ContractRefused as fault:
            self._log.warn("not_touched", markets=len(calls), reason=fault.reason or NO_REASON)
            return False
        for receipt in receipts:
            log_receipt(self._log, receipt, touched=1)
        return True

    async def _send(self, winner: Winner, head: Head) -> None:
        call = self._calls.deleverage(winner.account, winner.market)
        try:
            (receipt,) = await self._client.send_all(self._common.key, [call])
        except ContractRefused as fault:
            self._leave(winner, head, fault.reason)
            return
        where = log_receipt(self._log, receipt, deleveraged=1)
        if not receipt.ok:
            self._leave(winner, head, receipt.reason)
        for event in receipt.events:
            if isinstance(event, Deleveraged):
                self._log.info("deleveraged", **_who(winner), size=event.size, **where)

    def _leave(self, winner: Winner, head: Head, reason: str) -> None:
        self._quiet_until[winner.account, winner.market] = head.time + self._cooldown
        self._log.info("left_open", **_who(winner), reason=reason or NO_REASON)


def _who(winner: Winner) -> dict[str, object]:
    return {"account": show_account(winner.account), "market": winner.market}


class Settler:
    """Closes positions in settled markets at the settlement price (W-3). `every`: seconds between looks at all accounts."""

    BATCH = 16  # transactions sent at once
    CHUNK = 500  # accounts asked about at once

    def __init__(self, client: AsyncClient, common: Common, log: Log, every: int = 60) -> None:
        self._client = client
        self._calls = client.calls
        self._common = common
        self._log = log
        self._every = every
        self._purse = Purse(client, common)
        self._settled: frozenset[int] = frozenset()
        self._next = 0

    async def look(self, head: Head, accounts: Iterable[int]) -> None:
        """Settle what `accounts` hold in settled markets."""
        words = await self._client.read(self._calls.market_words(2**32 - 1))
        open_ones = {m for m, w in words.items() if w.carry.settled and (w.book.longs or w.book.shorts)}
        if not open_ones or (open_ones <= self._settled and head.time < self._next):
            return
        if not await self._purse.affordable():
            self._log.info("gas_too_dear", settled_markets=len(open_ones))
            return
        self._settled, self._next = frozenset(open_ones), head.time + self._every
        pairs = await self._positions(sorted(accounts), open_ones)
        for start in range(0, len(pairs), self.BATCH):
            await self._settle(pairs[start : start + self.BATCH])

    async def _positions(self, accounts: Sequence[int], markets: set[int]) -> list[tuple[int, int]]:
        found = []
        for start in range(0, len(accounts), self.CHUNK):
            part = accounts[start : start + self.CHUNK]
            held = await self._client.read_all([self._calls.legs(account) for account in part])
            found += [(a, m) for a, legs in zip(part, held, strict=True) for m in sorted(markets & set(legs))]
        return found

    async def _settle(self, pairs: Sequence[tuple[int, int]]) -> None:
        calls = [self._calls.settle(*pair) for pair in pairs]
        answers = await self._client.read_all(calls, may_fail=True)
        good = []
        for (account, market), call, answer in zip(pairs, calls, answers, strict=True):
            if isinstance(answer, CrossmarginError):
                self._log.warn("not_settled", account=show_account(account), market=market, reason=answer)
            elif self._common.dry_run:
                self._log.info("would_settle", account=show_account(account), market=market)
            else:
                good.append(call)
        try:
            receipts = await self._client.send_all(self._common.key, good) if good else []
        except ContractRefused as fault:  # another was faster: what is left is found at the next look
            self._log.warn("not_settled", positions=len(good), reason=fault.reason or NO_REASON)
            return
        for receipt in receipts:
            log_receipt(self._log, receipt, settled=1)
