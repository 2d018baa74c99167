"""The contracts' events as records. Amounts are WAD, prices WAD quote per base unit, unless a unit is named.

Every record knows its block, that block's time (Unix seconds), its transaction and the gas that transaction used: all of
it, also when it emitted other events.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossmargin.client.abi import load
from crossmargin.client.codec import Leg, decode_position


@dataclass(frozen=True)
class OrderData:
    """An order as the OrderBook takes it: `size` signed WAD, a multiple of one lot; `worst_price` the limit of its fill."""

    account: int
    market: int
    size: int
    worst_price: int
    reduce_only: bool = False
    salt: int = 0

    def as_tuple(self) -> tuple[int, int, int, int, bool, int]:
        """In the ABI's order."""
        return (self.account, self.market, self.size, self.worst_price, self.reduce_only, self.salt)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Where and when. `contract` is the emitter's name; `gas_used` is 0 where it was not asked for."""

    contract: str
    block: int
    log_index: int
    tx_hash: str
    time: int = 0
    gas_used: int = 0


@dataclass(frozen=True, kw_only=True)
class Deposit(Event):
    """`amount` in token units of what was sent."""

    account: int
    token: str
    payer: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class Withdraw(Event):
    """`amount` in token units."""

    account: int
    token: str
    receiver: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class Transfer(Event):
    """Between two accounts of one owner; `amount` WAD."""

    from_account: int
    to_account: int
    token: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class Trade(Event):
    """A position changed by `size` at `price`; also by `close_fraction` and liquidation. `realised` went to cash."""

    account: int
    market: int
    size: int
    price: int
    fee: int
    realised: int


@dataclass(frozen=True, kw_only=True)
class LossSettled(Event):
    """An unrealised loss became cash."""

    account: int
    market: int
    amount: int


@dataclass(frozen=True, kw_only=True)
class Converted(Event):
    """Collateral went to the pool for `credit` quote."""

    account: int
    asset: int
    amount: int
    credit: int


@dataclass(frozen=True, kw_only=True)
class BookReduced(Event):
    """`close_fraction`: the fraction (WAD) and its cost against the mark."""

    account: int
    fraction: int
    cost: int


@dataclass(frozen=True, kw_only=True)
class Liquidated(Event):
    """One slice. `cash`: change of the account's cash; `equity`, `maintenance`: before it.

    `positions`: those left, in ascending order of their markets.
    """

    account: int
    keeper: int
    fraction: int
    reward: int
    to_cover: int
    cash: int
    equity: int
    maintenance: int
    positions: tuple[Leg, ...]


@dataclass(frozen=True, kw_only=True)
class BadDebt(Event):
    """Negative cash written off: paid by the cover fund (`by_first`) and by the pool (`by_last`)."""

    account: int
    by_first: int
    by_last: int


@dataclass(frozen=True, kw_only=True)
class InventorySold(Event):
    """Collateral of the pool sold for quote."""

    asset: int
    buyer: str
    amount: int
    cost: int


@dataclass(frozen=True, kw_only=True)
class PoolFlow(Event):
    """An LP's deposit (positive) or exit (negative)."""

    counterparty: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class Bought(Event):
    """`amount`, `cost` in token units."""

    token: str
    buyer: str
    receiver: str
    amount: int
    cost: int
    price: int


@dataclass(frozen=True, kw_only=True)
class LiquidationFailed(Event):
    """An account in a batch that could not be liquidated; no reason where gas ran out."""

    account: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderSubmitted(Event):
    """`executable_at`: the earliest publish time of the round that executes it."""

    account: int
    market: int
    order_hash: str
    order: OrderData
    executable_at: int


@dataclass(frozen=True, kw_only=True)
class OrderExecuted(Event):
    """`keeper` is the account that was paid."""

    account: int
    market: int
    order_hash: str
    size: int
    price: int
    keeper: int


@dataclass(frozen=True, kw_only=True)
class OrderFailed(Event):
    """Consumed without a trade."""

    account: int
    market: int
    order_hash: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(Event):
    """Taken back by its owner."""

    account: int
    market: int
    order_hash: str


@dataclass(frozen=True, kw_only=True)
class OrderExpired(Event):
    """Cleared after its window."""

    account: int
    market: int
    order_hash: str


@dataclass(frozen=True, kw_only=True)
class PriceUpdated(Event):
    """A word was refreshed; `published` is the round's time."""

    market: int
    price: int
    published: int
    state: int


RECORDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        *(Deposit, Withdraw, Transfer, Trade, LossSettled, Converted, BookReduced, Liquidated, BadDebt),
        *(InventorySold, PoolFlow, Bought, LiquidationFailed, PriceUpdated),
        *(OrderSubmitted, OrderExecuted, OrderFailed, OrderCancelled, OrderExpired),
    )
}
# An event's own `time` is not its block's.
RENAMED = {"PriceUpdated": {"time": "published"}}


# Where each comes from. A share token's Transfer and an ERC-4626's Deposit are not the ledger's.
HOME = {
    **dict.fromkeys(RECORDS, "PositionManager"),
    "BadDebt": "Vault",
    "Bought": "Liquidator",
    "LiquidationFailed": "Liquidator",
    "PriceUpdated": "OracleAdapter",
    **{name: "OrderBook" for name in RECORDS if name.startswith("Order")},
}
EMITTERS = frozenset(HOME.values())


def topics_of(kinds: Iterable[type[Event]]) -> dict[str, list[str]]:
    """Contract -> topics of these kinds of event."""
    found: dict[str, list[str]] = {}
    for kind in kinds:
        home = HOME[kind.__name__]
        found.setdefault(home, []).extend(t for t, e in load(home).events.items() if e.name == kind.__name__)
    return found


def decode_log(
    log: Mapping[str, Any], names: Mapping[str, str], gas: Mapping[str, int] | None = None
) -> Event | None:
    """The record of a raw log; None for an event that has none. `names`: lower-case address -> contract."""
    contract = names.get(log["address"].lower())
    if contract not in EMITTERS or not log["topics"]:
        return None
    kind = load(contract).events.get(log["topics"][0])
    if kind is None or HOME.get(kind.name) != contract:
        return None
    fields = _fields(kind.name, kind.decode(log["topics"], log["data"]))
    return RECORDS[kind.name](
        contract=contract,
        block=int(log["blockNumber"], 16),
        log_index=int(log["logIndex"], 16),
        tx_hash=log["transactionHash"],
        time=int(log.get("blockTimestamp") or "0x0", 16),
        gas_used=(gas or {}).get(log["transactionHash"], 0),
        **fields,
    )


def _fields(name: str, found: dict[str, Any]) -> dict[str, Any]:
    renamed = RENAMED.get(name, {})
    fields = {renamed.get(key, key): value for key, value in found.items()}
    if "order_hash" in fields:
        fields["order_hash"] = "0x" + fields["order_hash"].hex()
    if "positions" in fields:
        fields["positions"] = tuple(decode_position(word) for word in fields["positions"])
    if "order" in fields:
        fields["order"] = OrderData(**fields["order"])
    return fields


def complete(events: Sequence[Event], times: Mapping[int, int], gas: Mapping[str, int]) -> list[Event]:
    """The events with block times and gas filled in."""
    return [
        dataclasses.replace(e, time=times.get(e.block, e.time), gas_used=gas.get(e.tx_hash, e.gas_used))
        for e in events
    ]
