"""What a run counted, and what must have happened in a run worth its name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.stateful import check_backing, check_books, check_health, check_pool, check_trading, invariants

CHECKS = (
    check_backing,
    check_books,
    check_health,
    check_pool,
    check_trading,
)  # importing them registers their checks

# What must have happened, by subject.
SUBJECTS: dict[str, tuple[str, ...]] = {
    "liquidations": (
        "liquidation: slice",
        "liquidation: full close",
        "liquidation: bad debt",
        "liquidation: cover used",
        "liquidation: refused, healthy",
        "liquidation: refused, no price",
        "liquidation: nothing there",
        "liquidation: debt without positions",
        "liquidation: named twice",
        "liquidation: reward to itself refused",
        "liquidation: reward to the cover fund",
        "liquidation: reward to the pool",
        "liquidation: batch of several",
        "liquidation: K at the venue's cap",
        "liquidation: dead leg",
        "liquidation: refused, grace",
        "liquidation: refused, sequencer",
        "liquidation: settled first",
        "margin call entered",
        "margin call left",
    ),
    "caps and refusals": (
        "cap: MAX_OI",
        "cap: MAX_OI_QUOTE",
        "cap: SHARE",
        "cap: UTILISATION",
        "cap: MIN_NOTIONAL",
        "cap: DEPOSIT_CAP",
        "cap: SLOTS",
        "refused: MARGIN at an increase",
        "refused: MARGIN at a reduction",
        "refused: MARGIN at a withdrawal",
        "refused: PRICE",
        "refused: WORST",
        "refused: REDUCE_ONLY",
        "refused: SIZE",
        "refused: FUNDS",
        "refused: OWED",
        "refused: OWNER",
        "refused: AMOUNT",
        "refused: PROTOCOL",
        "refused: FRACTION",
        "refused: CLOSED",
        "refused: PENDING",
        "refused: MANY",
        "refused: UNKNOWN",
        "refused: LATE",
        "refused: PAUSED",
        "refused: SHUTDOWN",
        "refused: SETTLED",
    ),
    "orders and trades": (
        "order committed",
        "order executed",
        "order executed at once",
        "order executed by its owner",
        "order executed in a batch",
        "order failed",
        "order failed for a price elsewhere",
        "order failed, keeper paid",
        "order failed, keeper not paid",
        "order skipped: EARLY",
        "order skipped: EXPIRED",
        "order skipped: UNPROVEN",
        "order skipped: OLD",
        "order skipped: BAND",
        "order unknown in a batch",
        "order named with a round that is not the first",
        "order executed with a round that is not the latest",
        "order cancelled",
        "order cancelled after its window",
        "order expired",
        "several orders pending in an account",
        "trade: flip",
        "trade: close",
        "trade: reduce below initial margin",
        "trade: sixteen markets",
    ),
    "accounts": (
        "whole close without a price refused",
        "close_fraction: part",
        "close_fraction: all",
        "conversion",
        "settlement",
        "nothing withdrawn or transferred",
        "M-6 withdrawal with dead feeds",
    ),
    "the inventory auction": (
        "inventory bought",
        "inventory bought at a discount",
        "inventory bought with a callback",
        "inventory: buyer refused when called",
        "inventory: price above the limit",
    ),
    "LPs": (
        "LP entered",
        "LP left",
        "LP shares transferred",
        "LP refused: exit caps",
        "LP refused: cash owed to winners",
        "LP refused: SHARES",
        "LP refused: PRICE",
        "LP refused: NOTHING",
        "exit requested",
        "exit finalised",
        "exit lapsed",
    ),
    "the cover pool": (
        "cover pool exhausted by a cap",
        "cover pool exhausted entirely",
    ),
    "deleveraging": (
        "ADL closing",
        "ADL refused: threshold or side",
        "ADL refused: hedge",
        "ADL refused: no fresh alarm",
        "alarm: short of capital",
        "alarm: not short",
    ),
    "winding down": (
        "settled market closed out",
        "shutdown completed",
        "shutdown at last prices",
        "claims opened with a shortfall",
        "claims paid with a shortfall",
    ),
    "the world": (
        "price past a liquidation point",
        "feed dead",
        "feed silent",
        "quote feed dead",
        "stale",
    ),
    "the owner and strangers": (
        "parameters: set_venue",
        "parameters: set_rates",
        "parameters: set_market",
        "parameters: set_collateral",
        "parameters: set_timing",
        "parameters: set_keeper_fee",
        "parameters: set_terms",
        "parameters out of bounds refused",
        "outsider refused",
    ),
    "going in circles": (
        "LP round trip",
        "LP round trip with a donation",
        "first depositor with a donation",
        "round trip",
        "round trip in a batch",
        "free for all",
        "donation",
    ),
}
WANTED = tuple(name for names in SUBJECTS.values() for name in names)


@dataclass
class Report:
    """Counters of one run. steps: calls, and moves of time or prices, each with every check after it."""

    steps: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def missing(self) -> list[str]:
        """What never happened, or was never checked."""
        ids = {*invariants.names(), "I-16", "I-21", "I-28", "I-29"}
        return [x for x in WANTED if not self.seen[x]] + [x for x in sorted(ids) if not self.checks[x]]

    def text(self) -> str:
        """Tables: each invariant, what happened by subject (what must have happened first), and every call."""
        rate = self.steps / max(self.seconds, 0.01)
        head = f"{self.steps:,} steps in {self.seconds:.1f} s, {rate:.0f} a second"
        rows = [
            (f"{x:36}", f"{self.checks[x]:11,}", f"{0:9}")
            for x in sorted(self.checks, key=lambda x: int(x[2:]))
        ]
        lines = [head, "", f"{'invariant':36} {'checked':>11} {'violated':>9}", *map(" ".join, rows)]
        for subject, names in self._subjects().items():
            lines += ["", subject] + [f"{self.seen[x]:9,}  {x}" for x in names]
        lines += ["", f"{'calls':36} {'ok':>11} {'refused':>9}"]
        for name in sorted({x.split()[0] for x in self.calls}):
            done, refused = (self.calls[f"{name} {how}"] for how in ("ok", "refused"))
            lines.append(f"{name:36} {done:11,} {refused:9,}")
        return "\n".join(lines)

    def _subjects(self) -> dict[str, list[str]]:
        """What was counted by subject; at the end what nothing asks for."""
        found = {subject: list(names) for subject, names in SUBJECTS.items()}
        return found | {"besides": sorted(set(self.seen) - set(WANTED))}
