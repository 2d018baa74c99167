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

WANTED = (
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
    "whole close without a price refused",
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
    "close_fraction: part",
    "close_fraction: all",
    "conversion",
    "settlement",
    "nothing withdrawn or transferred",
    "inventory bought",
    "inventory bought at a discount",
    "inventory bought with a callback",
    "inventory: buyer refused when called",
    "inventory: price above the limit",
    "LP entered",
    "LP left",
    "LP shares transferred",
    "LP refused: exit caps",
    "LP refused: cash owed to winners",
    "LP refused: SHARES",
    "LP refused: PRICE",
    "LP refused: NOTHING",
    "LP round trip",
    "LP round trip with a donation",
    "first depositor with a donation",
    "M-6 withdrawal with dead feeds",
    "price past a liquidation point",
    "feed dead",
    "feed silent",
    "quote feed dead",
    "stale",
    "parameters: set_venue",
    "parameters: set_rates",
    "parameters: set_market",
    "parameters: set_collateral",
    "parameters: set_timing",
    "parameters: set_keeper_fee",
    "parameters: set_terms",
    "parameters out of bounds refused",
    "outsider refused",
    "round trip",
    "round trip in a batch",
    "free for all",
    "donation",
    "ADL closing",
    "ADL refused: threshold or side",
    "ADL refused: hedge",
    "ADL refused: no fresh alarm",
    "alarm: short of capital",
    "alarm: not short",
    "cover pool exhausted by a cap",
    "cover pool exhausted entirely",
    "liquidation: dead leg",
    "liquidation: refused, grace",
    "liquidation: refused, sequencer",
    "liquidation: settled first",
    "settled market closed out",
    "shutdown completed",
    "shutdown at last prices",
    "claims opened with a shortfall",
    "claims paid with a shortfall",
    "exit requested",
    "exit finalised",
    "exit lapsed",
    "margin call entered",
    "margin call left",
)


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
        """A table of the three counters."""
        ids = sorted(self.checks, key=lambda x: int(x[2:]))
        rate = self.steps / max(self.seconds, 0.01)
        lines = [f"{self.steps} steps in {self.seconds:.1f} s, {rate:.0f} a second", ""]
        lines += ["invariant  checked  violated"] + [f"{x:9} {self.checks[x]:9} {0:9}" for x in ids]
        lines += ["", "happened"] + [f"{self.seen[x]:9}  {x}" for x in sorted(set(WANTED) | set(self.seen))]
        lines += ["", "calls (ok / refused)"] + [f"{n:9}  {x}" for x, n in sorted(self.calls.items())]
        return "\n".join(lines)
