"""Who paid when margin was not enough: what a run shows of the waterfall, as plain data.

Amounts are WAD quote, sizes WAD base units, times Unix seconds. Accounts and markets by the names of the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

WAD = 10**18


@dataclass(frozen=True)
class Claim:
    """The cover pool paid `amount` of an account's bad debt for a market (W-1); `capped`: that was all its cap left."""

    timestamp: int
    account: str
    market: str
    amount: int
    used: int
    capped: bool


@dataclass(frozen=True)
class Deleveraging:
    """A winner's position was closed by `size` (W-2). `threshold`: theta then; `profit`: of what was closed, paid out."""

    timestamp: int
    account: str
    market: str
    size: int
    notional: int
    threshold: int
    profit: int

    @property
    def gain(self) -> int:
        """Profit as a part of notional, WAD: what theta was compared with."""
        return self.profit * WAD // self.notional if self.notional else 0


@dataclass(frozen=True)
class Settlement:
    """A position closed at the settlement price (W-3)."""

    timestamp: int
    account: str
    market: str
    size: int
    realised: int


@dataclass(frozen=True)
class WindDown:
    """A market that was wound down. `price`: WAD; 0 while it is not settled. `left`: positions still open in it."""

    market: str
    started: int
    ended: int
    price: int
    left: int = 0


@dataclass(frozen=True)
class Waterfall:
    """All of it. `alarms`: how many found the pool short of capital. `kinds`: account -> what the plan calls its kind."""

    claims: tuple[Claim, ...] = ()
    alarms: int = 0
    deleveraged: tuple[Deleveraging, ...] = ()
    settled: tuple[Settlement, ...] = ()
    wind_downs: tuple[WindDown, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)

    def claimed(self) -> dict[str, tuple[int, int, int]]:
        """Market -> (what the cover pool paid for it, claims, claims cut at its cap)."""
        rows: dict[str, tuple[int, int, int]] = {}
        for claim in self.claims:
            paid, count, capped = rows.get(claim.market, (0, 0, 0))
            rows[claim.market] = (paid + claim.amount, count + 1, capped + claim.capped)
        return rows

    def winners(self) -> dict[tuple[str, str], tuple[Deleveraging, ...]]:
        """(account, market) -> its deleveragings, in the order in which they came."""
        rows: dict[tuple[str, str], tuple[Deleveraging, ...]] = {}
        for row in self.deleveraged:
            key = (row.account, row.market)
            rows[key] = (*rows.get(key, ()), row)
        return rows

    def summary(self) -> dict[str, object]:
        """For the JSON file: exact integers as in this module."""
        return {
            "claims": [asdict(row) for row in self.claims],
            "alarms": self.alarms,
            "deleveraged": [asdict(row) for row in self.deleveraged],
            "settled": [asdict(row) for row in self.settled],
            "wind_downs": [asdict(row) for row in self.wind_downs],
        }


def missing(waterfall: Waterfall, by_cover: int, by_pool: int) -> list[str]:
    """What a deep run was to show and did not; one sentence each."""
    downs = waterfall.wind_downs
    wanted: Iterable[tuple[bool, str]] = (
        (by_cover + by_pool > 0, "no account went below zero"),
        (by_cover > 0, "the cover pool paid no bad debt"),
        (any(claim.capped for claim in waterfall.claims), "no market reached its cap on the cover pool"),
        (by_pool > 0, "the LP pool paid no bad debt"),
        (waterfall.alarms > 0, "no alarm found the pool short of capital"),
        (bool(waterfall.deleveraged), "nobody was deleveraged"),
        (any(down.price for down in downs), "no market was settled"),
        (bool(waterfall.settled), "no position was settled"),
        (not any(down.left for down in downs), "positions are left open in the market that was wound down"),
    )
    return [f"not all of it happened: {text}" for happened, text in wanted if not happened]
