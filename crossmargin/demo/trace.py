"""The waterfall as the events of a chain tell it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from crossmargin.client.codec import WAD
from crossmargin.client.events import (
    Alarm,
    BadDebt,
    Claimed,
    ClosingEnded,
    ClosingStarted,
    Deleveraged,
    Event,
    Liquidated,
    Trade,
)
from crossmargin.demo.waterfall import Claim, Deleveraging, Settlement, Waterfall, WindDown

BPS = 10_000
KINDS = (Alarm, BadDebt, Claimed, ClosingEnded, ClosingStarted, Deleveraged, Liquidated, Trade)
NO_MARKET = "none"  # losses of no market


@dataclass(frozen=True)
class Reader:
    """`cash`: of the cover pool after a block, WAD; `share`: of it that one market may claim, bps."""

    accounts: Mapping[int, str]
    markets: Mapping[int, str]
    cash: Callable[[int], int]
    share: int

    def read(self, events: Sequence[Event], left: Mapping[int, int]) -> Waterfall:
        """From all events in their order. `left`: market -> positions still open."""
        ended = {event.market: event for event in events if isinstance(event, ClosingEnded)}
        return Waterfall(
            claims=tuple(self._claims(events)),
            alarms=sum(isinstance(event, Alarm) and event.short for event in events),
            deleveraged=tuple(self._deleveraged(events)),
            settled=tuple(
                Settlement(e.time, self._name(e.account), self._market(e.market), e.size, e.realised)
                for e in events
                if isinstance(e, Trade) and e.market in ended and _after(e, ended[e.market])
            ),
            wind_downs=tuple(
                self._wind_down(event, ended.get(event.market), left)
                for event in events
                if isinstance(event, ClosingStarted)
            ),
        )

    def _name(self, account: int) -> str:
        return self.accounts.get(account, f"{account:#x}")

    def _market(self, market: int) -> str:
        return self.markets.get(market, NO_MARKET)

    def _claims(self, events: Sequence[Event]) -> Iterable[Claim]:
        """A liquidation logs its claims, then the debt, then itself, after its charges went to the cover pool."""
        claims: list[Claimed] = []
        blocks = {event.block for event in events if isinstance(event, Claimed)}
        debt, block, cash = 0, -1, 0
        for event in events:
            if event.block not in blocks:
                continue
            if event.block != block:
                claims, debt, block, cash = [], 0, event.block, self.cash(event.block - 1)
            if isinstance(event, Claimed):
                claims.append(event)
            elif isinstance(event, BadDebt):
                debt = event.by_first
            elif isinstance(event, Liquidated):
                cash += event.to_cover
                cap = max(0, cash) * self.share // BPS
                for claim in claims:
                    yield self._claim(claim, event.account, cap)
                cash -= debt
                claims, debt = [], 0

    def _claim(self, event: Claimed, account: int, cap: int) -> Claim:
        return Claim(
            timestamp=event.time,
            account=self._name(account),
            market=self._market(event.market),
            amount=event.amount,
            used=event.used,
            capped=event.used >= cap,
        )

    def _deleveraged(self, events: Sequence[Event]) -> Iterable[Deleveraging]:
        trades = {
            (event.tx_hash, event.account, event.market): event
            for event in events
            if isinstance(event, Trade)
        }
        for event in events:
            if isinstance(event, Deleveraged):
                trade = trades[event.tx_hash, event.account, event.market]
                yield Deleveraging(
                    timestamp=event.time,
                    account=self._name(event.account),
                    market=self._market(event.market),
                    size=event.size,
                    notional=abs(event.size) * trade.price // WAD,
                    threshold=event.threshold,
                    profit=trade.realised,
                )

    def _wind_down(
        self, start: ClosingStarted, end: ClosingEnded | None, left: Mapping[int, int]
    ) -> WindDown:
        return WindDown(
            market=self._market(start.market),
            started=start.time,
            ended=end.time if end else 0,
            price=end.price if end else 0,
            left=left.get(start.market, 0),
        )


def _after(event: Event, other: Event) -> bool:
    return (event.block, event.log_index) > (other.block, other.log_index)
