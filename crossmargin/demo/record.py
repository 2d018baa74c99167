"""What happened on the chain, block by block: liquidations with the health they left, and what carry cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crossmargin.client import Client
from crossmargin.client.codec import WAD
from crossmargin.client.events import (
    Alarm,
    BadDebt,
    Deleveraged,
    Event,
    Liquidated,
    OrderCancelled,
    OrderExecuted,
    OrderExpired,
    OrderFailed,
    Trade,
)
from crossmargin.client.records import Health, MarketWords
from crossmargin.demo.result import Gas, Liquidation

BPS = 10_000
DAY = 86_400
ORDER_ENDS = {
    OrderExecuted: "executed",
    OrderFailed: "failed",
    OrderExpired: "expired",
    OrderCancelled: "cancelled",
}


@dataclass
class Carried:
    """Carry so far, WAD quote: funding by the side that pays, borrow by both."""

    funding: int = 0
    borrow: int = 0

    def add(self, before: MarketWords, after: MarketWords, now: int = 0) -> None:
        """What a market's open interest paid between two readings with at most one accrual in between (F-1).

        `now`: when it was settled, if that came in between: its carry has no time any more.
        """
        carry, book = before.carry, before.book
        seconds = (now if after.carry.time < carry.time else after.carry.time) - carry.time
        moved = (
            (book.longs, after.carry.long_index - carry.long_index),
            (book.shorts, carry.short_index - after.carry.short_index),
        )
        for size, index in moved:
            borrow = size * carry.price // WAD * carry.borrow_rate * seconds // (DAY * 10**6)
            self.borrow += borrow
            self.funding += max(0, size * index // 10**11 - borrow)


@dataclass
class Record:
    """The books of a run. `names`: account id -> what the report calls it; `markets`: bitmap of those listed."""

    client: Client
    names: Mapping[int, str]
    markets: int
    liquidations: list[Liquidation] = field(default_factory=list)
    carried: Carried = field(default_factory=Carried)
    gas: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    refused: Counter[str] = field(default_factory=Counter)
    _words: Mapping[int, MarketWords] = field(default_factory=dict)

    def block(self, number: int) -> None:
        """Take down what the latest block, `number`, did."""
        words = self.client.read(self.client.calls.market_words(self.markets))
        stopped = any(words[market].carry.time < before.carry.time for market, before in self._words.items())
        now = self.client.now() if stopped else 0
        for market, before in self._words.items():
            self.carried.add(before, words[market], now)
        self._words = words
        events = self.client.events(Liquidated, BadDebt, first=number, last=number)
        slices = [event for event in events if isinstance(event, Liquidated)]
        if slices:
            after = self.client.health([event.account for event in slices])
            debts = {event.account: event for event in events if isinstance(event, BadDebt)}
            self.liquidations += [
                self._slice(e, h, debts.get(e.account)) for e, h in zip(slices, after, strict=True)
            ]

    def _slice(self, event: Liquidated, after: Health, debt: BadDebt | None) -> Liquidation:
        lost = debt.by_first + debt.by_last if debt else 0
        return Liquidation(
            timestamp=event.time,
            tick=0,
            account=self.names.get(event.account, f"{event.account:#x}"),
            fraction=event.fraction,
            health_before=event.equity * BPS // event.maintenance if event.maintenance else 0,
            health_after=after.equity * BPS // after.maintenance if after.maintenance else None,
            charged=event.equity - (after.equity - lost),
            reward=event.reward,
            to_cover=event.to_cover,
            bad_debt=lost,
            bad_debt_pool=debt.by_last if debt else 0,
        )

    # ---- at the end ----------------------------------------------------------------------------

    def orders(self, events: Iterable[Event]) -> dict[str, int]:
        """How orders ended: state -> how many."""
        found = Counter(ORDER_ENDS[type(event)] for event in events if type(event) in ORDER_ENDS)
        if refused := self.refused["submit_order"]:
            found["refused"] = refused
        return {"executed": 0, **found}

    def gas_rows(self, events: Sequence[Event]) -> tuple[Gas, ...]:
        """Gas by operation: of the demo's own transactions, and of the bots' as shares of their batches."""
        rows = {name: list(used) for name, used in self.gas.items()}
        for name, kinds in (
            ("execute_order", (OrderExecuted, OrderFailed)),
            ("liquidate", (Liquidated,)),
            ("alarm", (Alarm,)),
            ("deleverage", (Deleveraged,)),
        ):
            rows[name] = _shares([event for event in events if isinstance(event, kinds)])
        return tuple(Gas(name, tuple(used)) for name, used in sorted(rows.items()) if used)


def _shares(events: Iterable[Event]) -> list[int]:
    """The gas of each event's transaction divided among those of its kind."""
    by_tx: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_tx[event.tx_hash].append(event)
    return [event.gas_used // len(group) for group in by_tx.values() for event in group]


def fees_of(events: Iterable[Event]) -> int:
    """Trading fees paid, WAD."""
    return sum(event.fee for event in events if isinstance(event, Trade))
