"""What a run of the demo measured, as plain data. Amounts are WAD quote, fractions WAD, times Unix seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from crossmargin.demo.waterfall import Waterfall

WAD = 10**18
HEALTH_CAP = 1_000_000  # bps; an account without a requirement counts as this healthy


@dataclass(frozen=True)
class Tick:
    """The venue after one tick, when keepers had their turn.

    `prices`: symbol -> 1e-8 dollars; `quote` the same for the quote token. `health`: equity over maintenance margin in
    bps of every account with a position. `unhealthy`: how many of them stayed liquidatable. Utilisations are
    requirement over capacity, 1 = at the cap's base of U-1 (reduced equity). `share_price`: quote token units for 1e18
    shares of the pool.
    """

    timestamp: int
    prices: Mapping[str, int]
    quote: int
    pool_nav: int
    share_price: int
    cover: int
    utilisation_net: int
    utilisation_gross: int
    open_interest: int
    unhealthy: int
    health: tuple[int, ...]


@dataclass(frozen=True)
class Liquidation:
    """One slice. Health before and after is E / MM in bps; after is None when everything was closed."""

    timestamp: int
    tick: int
    account: str
    fraction: int
    health_before: int
    health_after: int | None
    charged: int
    reward: int
    to_cover: int
    bad_debt: int
    bad_debt_pool: int

    @property
    def to_pool(self) -> int:
        """What of the charge went to the pool."""
        return self.charged - self.reward - self.to_cover


@dataclass(frozen=True)
class Gas:
    """Gas used by the calls of one operation in the run."""

    operation: str
    used: tuple[int, ...]

    @property
    def mean(self) -> int:
        """Mean gas, rounded down."""
        return sum(self.used) // len(self.used)

    def summary(self) -> dict[str, int]:
        """For the JSON file."""
        used = self.used
        return {"calls": len(used), "mean": self.mean, "min": min(used), "max": max(used)}


@dataclass(frozen=True)
class Conservation:
    """Ledger against tokens, in the smallest ledger unit (1e-18): every field must be zero.

    `tokens`: token -> what the Vault holds less what it has credited. `cash`: sum of cash over all accounts less what is
    credited; `collateral`: token -> the same. `base` and `quote`: market -> sum over traders and pool. `debt`: D less the
    sum of negative cash.
    """

    tokens: Mapping[str, int]
    cash: int
    collateral: Mapping[str, int] = field(default_factory=dict)
    base: Mapping[str, int] = field(default_factory=dict)
    quote: Mapping[str, int] = field(default_factory=dict)
    debt: int = 0

    @property
    def wei(self) -> int:
        """The sum of all absolute differences."""
        by_name = (self.tokens, self.collateral, self.base, self.quote)
        rows = [value for row in by_name for value in row.values()]
        return sum(abs(value) for value in (*rows, self.cash, self.debt))

    def summary(self) -> dict[str, object]:
        """For the JSON file."""
        return {
            "tokens": dict(self.tokens),
            "cash": self.cash,
            "collateral": dict(self.collateral),
            "debt": self.debt,
            "base": dict(self.base),
            "quote": dict(self.quote),
        }


@dataclass(frozen=True)
class DemoResult:
    """Everything the report is made from."""

    source: str
    notes: tuple[str, ...]
    seed: int
    symbols: tuple[str, ...]
    accounts: int
    providers: int
    deposited: int
    ticks: tuple[Tick, ...]
    liquidations: tuple[Liquidation, ...]
    gas: tuple[Gas, ...]
    conservation: Conservation
    pool_nav_start: int
    share_price_start: int
    cover_start: int
    orders: Mapping[str, int]  # executed, failed, expired … -> how many
    fees_paid: int
    funding_paid: int  # by the side that pays
    borrow_paid: int
    seconds: float
    opened: int = 0  # accounts with a position before the first tick
    deep: bool = False  # whether the scenario was to go all the way down the waterfall
    cover_nav_start: int = 0
    cover_nav_end: int = 0
    waterfall: Waterfall = field(default_factory=Waterfall)

    @property
    def pool_nav_end(self) -> int:
        """The pool's equity after the last tick."""
        return self.ticks[-1].pool_nav

    @property
    def share_price_change(self) -> float:
        """Growth of what a share of the pool is worth, which deposits and exits leave alone; 0.01 is 1 %."""
        if self.share_price_start <= 0:
            return 0.0
        return round(self.ticks[-1].share_price / self.share_price_start - 1, 6)

    @property
    def cover_end(self) -> int:
        """The cover pool's cash after the last tick."""
        return self.ticks[-1].cover

    @property
    def bad_debt(self) -> int:
        """Losses that accounts left behind, booked to cover pool and pool together."""
        return sum(row.bad_debt for row in self.liquidations)

    @property
    def bad_debt_by_pool(self) -> int:
        """What of the bad debt the LP pool bore."""
        return sum(row.bad_debt_pool for row in self.liquidations)

    @property
    def bad_debt_by_cover(self) -> int:
        """What of it the cover pool paid."""
        return self.bad_debt - self.bad_debt_by_pool

    @property
    def unhealthy_after_tick_max(self) -> int:
        """The most accounts that were still liquidatable after keepers had their turn at a tick."""
        return max(tick.unhealthy for tick in self.ticks)

    @property
    def full_closes(self) -> int:
        """Liquidations that closed everything."""
        return sum(row.fraction >= WAD for row in self.liquidations)

    def summary(self) -> dict[str, object]:
        """The figures of the JSON file: amounts in quote as numbers, `…_wei` exact in 1e-18."""
        return {
            **self._run(),
            **self._losses(),
            **self._pools(),
            "orders": dict(self.orders),
            "gas": {row.operation: row.summary() for row in self.gas if row.used},
            "conservation": self.conservation.summary(),
            "waterfall": self.waterfall.summary(),
            "liquidation_events": [_event(row) for row in self.liquidations],
        }

    def _run(self) -> dict[str, object]:
        return {
            "source": self.source,
            "notes": list(self.notes),
            "seed": self.seed,
            "markets": list(self.symbols),
            "accounts": self.accounts,
            "accounts_opened": self.opened,
            "ticks": len(self.ticks),
            "seconds": round(self.seconds, 1),
            "conservation_wei": self.conservation.wei,
        }

    def _losses(self) -> dict[str, object]:
        return {
            "bad_debt": quote(self.bad_debt),
            "bad_debt_wei": self.bad_debt,
            "bad_debt_by_cover": quote(self.bad_debt_by_cover),
            "bad_debt_by_pool": quote(self.bad_debt_by_pool),
            "deleveraged": len(self.waterfall.deleveraged),
            "settled_positions": len(self.waterfall.settled),
            "liquidations": len(self.liquidations),
            "full_closes": self.full_closes,
            "accounts_liquidated": len({row.account for row in self.liquidations}),
            "rewards": quote(sum(row.reward for row in self.liquidations)),
            "unhealthy_after_tick_max": self.unhealthy_after_tick_max,
        }

    def _pools(self) -> dict[str, object]:
        return {
            "pool_nav_start": quote(self.pool_nav_start),
            "pool_nav_end": quote(self.pool_nav_end),
            "pool_share_price_change": self.share_price_change,
            "cover_start": quote(self.cover_start),
            "cover_end": quote(self.cover_end),
            "cover_nav_start": quote(self.cover_nav_start),
            "cover_nav_end": quote(self.cover_nav_end),
            "utilisation_net_max": fraction(max(tick.utilisation_net for tick in self.ticks)),
            "utilisation_gross_max": fraction(max(tick.utilisation_gross for tick in self.ticks)),
            "funding_paid": quote(self.funding_paid),
            "borrow_paid": quote(self.borrow_paid),
            "fees_paid": quote(self.fees_paid),
        }

    def write_json(self, file: Path) -> None:
        """Write the summary as JSON."""
        file.write_text(json.dumps(self.summary(), indent=2) + "\n", encoding="utf-8")


def _event(row: Liquidation) -> dict[str, object]:
    return {
        "timestamp": row.timestamp,
        "tick": row.tick,
        "account": row.account,
        "fraction": fraction(row.fraction),
        "health_before": row.health_before / 10_000,
        "health_after": None if row.health_after is None else row.health_after / 10_000,
        "charged": quote(row.charged),
        "reward": quote(row.reward),
        "to_cover": quote(row.to_cover),
        "bad_debt": quote(row.bad_debt),
        "bad_debt_pool": quote(row.bad_debt_pool),
    }


def quote(amount: int) -> float:
    """WAD quote as a number with at most six decimals, for reading; exact figures stay integers."""
    return float(round(Fraction(amount, WAD), 6))


def fraction(value: int) -> float:
    """A WAD fraction as a number with at most six decimals."""
    return float(round(Fraction(value, WAD), 6))
