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
    """A position changed by `size` at `price`; also by `close_fraction`, deleveraging and settling. `realised` went to cash."""

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
class MarginCall(Event):
    """The account entered (or left) the warning band, as one of its own calls found it."""

    account: int
    entered: bool
    equity: int
    maintenance: int


@dataclass(frozen=True, kw_only=True)
class BadDebt(Event):
    """Negative cash written off: paid by the cover pool (`by_first`) and by the pool (`by_last`)."""

    account: int
    by_first: int
    by_last: int


@dataclass(frozen=True, kw_only=True)
class Claimed(Event):
    """The cover pool paid `amount` of a bad debt for a market (32: for none); `used` counts against its cap now."""

    market: int
    amount: int
    used: int


@dataclass(frozen=True, kw_only=True)
class Alarm(Event):
    """Whether the pool was short of capital, what that was measured at, and since when the clock runs (0: it stands)."""

    short: bool
    reduced_equity: int
    net: int
    since: int


@dataclass(frozen=True, kw_only=True)
class Deleveraged(Event):
    """A winner's position was closed by `size` (signed WAD); `threshold`: theta at that moment."""

    account: int
    market: int
    size: int
    threshold: int


@dataclass(frozen=True, kw_only=True)
class ClosingStarted(Event):
    """A market is being wound down: it does not grow any more, and its price is sampled."""

    market: int


@dataclass(frozen=True, kw_only=True)
class ClosingEnded(Event):
    """A market was settled at `price`: positions in it close at that."""

    market: int
    price: int


@dataclass(frozen=True, kw_only=True)
class ShutDown(Event):
    """The venue is being wound down: no quote leaves accounts before the claims are open."""


@dataclass(frozen=True, kw_only=True)
class ClaimsOpened(Event):
    """Quote leaves accounts again; `debt` is what is missing of it, borne by all alike."""

    debt: int


@dataclass(frozen=True, kw_only=True)
class PoolFlow(Event):
    """An LP's deposit (positive) or exit (negative), of the pool or the cover pool."""

    counterparty: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class PoolDeposit(Event):
    """ERC-4626 `Deposit` of a pool (`contract`): `sender` paid `assets` quote token units, `owner` got `shares`."""

    sender: str
    owner: str
    assets: int
    shares: int


@dataclass(frozen=True, kw_only=True)
class PoolWithdraw(Event):
    """ERC-4626 `Withdraw` of a pool (`contract`): `shares` of `owner` became `assets` quote token units for `receiver`."""

    sender: str
    receiver: str
    owner: str
    assets: int
    shares: int


@dataclass(frozen=True, kw_only=True)
class ShareTransfer(Event):
    """ERC-20 `Transfer` of `value` pool shares; from or to the zero address where they are made or burnt."""

    sender: str
    receiver: str
    value: int


@dataclass(frozen=True, kw_only=True)
class ExitRequested(Event):
    """`shares` of `owner` went into escrow; all that it has there can be finalised from `ready_at` on."""

    owner: str
    shares: int
    ready_at: int


@dataclass(frozen=True, kw_only=True)
class Bought(Event):
    """Inventory of the pool sold: `amount`, `cost` in token units, `price` WAD quote a token."""

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
class OrderEvent(Event):
    """What happened to one order."""

    account: int
    market: int
    order_hash: str


@dataclass(frozen=True, kw_only=True)
class OrderSubmitted(OrderEvent):
    """`executable_at`: the earliest publish time of the round that executes it."""

    order: OrderData
    executable_at: int


@dataclass(frozen=True, kw_only=True)
class OrderExecuted(OrderEvent):
    """`keeper` is the account that was paid."""

    size: int
    price: int
    keeper: int


@dataclass(frozen=True, kw_only=True)
class OrderFailed(OrderEvent):
    """Consumed without a trade."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(OrderEvent):
    """Taken back by its owner."""


@dataclass(frozen=True, kw_only=True)
class OrderExpired(OrderEvent):
    """Cleared after its window."""


@dataclass(frozen=True, kw_only=True)
class PriceUpdated(Event):
    """A word was refreshed; `published` is the round's time."""

    market: int
    price: int
    published: int
    state: int


# Where each kind of event comes from.
HOMES: dict[tuple[str, ...], tuple[type[Event], ...]] = {
    ("PositionManager",): (
        *(Deposit, Withdraw, Transfer, Trade, LossSettled, Converted, BookReduced, Liquidated, MarginCall),
        PoolFlow,
    ),
    ("Vault",): (BadDebt,),
    ("Configurator",): (ClosingStarted, ClosingEnded, ShutDown, ClaimsOpened),
    ("Waterfall",): (Claimed, Alarm, Deleveraged),
    ("LiquidityPool", "CoverPool"): (PoolDeposit, PoolWithdraw, ShareTransfer, ExitRequested),
    ("Liquidator",): (Bought, LiquidationFailed),
    ("OracleAdapter",): (PriceUpdated,),
    ("OrderBook",): (OrderSubmitted, OrderExecuted, OrderFailed, OrderCancelled, OrderExpired),
}
RECORDS: dict[str, type[Event]] = {kind.__name__: kind for kinds in HOMES.values() for kind in kinds}
# What a contract calls an event whose name another contract has given to one of its own.
NAMES = {"PoolDeposit": "Deposit", "PoolWithdraw": "Withdraw", "ShareTransfer": "Transfer"}
# Fields called otherwise here: an event's own `time` is not its block's, and an `id` is a market's.
RENAMED = {
    "PriceUpdated": {"time": "published"},
    "ClosingStarted": {"id": "market"},
    "ClosingEnded": {"id": "market"},
}

_EMITTERS = {home for homes in HOMES for home in homes}
_HOMES_OF = {kind: homes for homes, kinds in HOMES.items() for kind in kinds}
_RECORD_OF = {
    (home, NAMES.get(kind.__name__, kind.__name__)): kind
    for kind, homes in _HOMES_OF.items()
    for home in homes
}


def topics_of(kinds: Iterable[type[Event]]) -> dict[str, list[str]]:
    """Contract -> topics of these kinds of event."""
    found: dict[str, list[str]] = {}
    for kind in kinds:
        name = NAMES.get(kind.__name__, kind.__name__)
        for home in _HOMES_OF[kind]:
            found.setdefault(home, []).extend(t for t, e in load(home).events.items() if e.name == name)
    return found


def decode_log(
    log: Mapping[str, Any], names: Mapping[str, str], gas: Mapping[str, int] | None = None
) -> Event | None:
    """The record of a raw log; None for an event that has none. `names`: lower-case address -> contract."""
    contract = names.get(log["address"].lower())
    if contract not in _EMITTERS or not log["topics"]:
        return None
    kind = load(contract).events.get(log["topics"][0])
    record = _RECORD_OF.get((contract, kind.name)) if kind else None
    if record is None:
        return None
    fields = _fields(kind.name, kind.decode(log["topics"], log["data"]))
    return record(
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
