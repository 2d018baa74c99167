"""The register of invariants and what their checks look at: one step of the campaign, or one part of it.

A check runs on whole steps (chain state before and after a call, or time and prices) or on parts: every trade, liquidation
and keeper's fee inside a call, or the call itself where it has none. It returns how many times it could check something,
and raises Failure where its invariant does not hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from crossmargin.model import Reason, carry, pool
from crossmargin.model.maths import LOTS, WAD, ceil_div, floor_tokens
from tests.stateful.twin import Event, Health, Outcome, Snapshot
from tests.stateful.world import World

Check = Callable[[World, "Step"], int]
WHOLE: list[tuple[str, Check]] = []
PARTS: list[tuple[str, Check]] = []


class Worth(NamedTuple):
    """U-0 of a snapshot at the prices of now: R and the premium in WAD, and R in tokens, never below 0."""

    reduced: int
    premium: int
    assets: int


@dataclass
class Step:
    """Before and after: state, health of every trader, worth of the pool. name: what happened, "" for time and prices."""

    before: Snapshot
    after: Snapshot
    health_before: Health
    health_after: Health
    name: str = ""
    account: int = 0
    args: tuple[Any, ...] = ()
    result: Any = None
    refused: Reason | None = None
    outcome: Outcome | None = None
    own: set[int] = field(default_factory=set)
    number: int = 0
    worths: tuple[Worth, Worth] | None = None

    def is_(self, *names: str) -> bool:
        """Whether it is one of these, and went through."""
        return self.refused is None and self.name in names

    @property
    def note(self) -> str:
        """What the campaign meant by the call."""
        return self.outcome.call.note if self.outcome else ""


def whole(name: str) -> Callable[[Check], Check]:
    """Register a check of whole steps under the invariant's id."""
    return _register(WHOLE, name)


def part(name: str) -> Callable[[Check], Check]:
    """Register a check of the parts of a step."""
    return _register(PARTS, name)


def _register(register: list[tuple[str, Check]], name: str) -> Callable[[Check], Check]:
    def put(check: Check) -> Check:
        register.append((name, check))
        return check

    return put


def names() -> set[str]:
    """Ids of all registered invariants."""
    return {name for name, _ in (*WHOLE, *PARTS)}


def check_all(w: World, s: Step, counts: dict[str, int]) -> None:
    """Every registered invariant; adds what was checked."""
    for name, check in WHOLE:
        counts[name] += check(w, s)
    if s.outcome is None:
        return
    for one in parts(w, s):
        for name, check in PARTS:
            counts[name] += check(w, one)


def parts(w: World, s: Step) -> list[Step]:
    """The events inside a call; the call itself if it has none."""
    out = s.outcome
    if not out.events:
        return [s]
    return [_part(w, s, event) for event in out.events]


def _part(w: World, s: Step, e: Event) -> Step:
    before, health_before = e.before or (s.before, s.health_before)
    after, health_after = e.after or e.before or (s.after, s.health_after)
    if e.before is None and e.refused is not None:
        after, health_after = s.before, s.health_before
    found = Step(before, after, health_before, health_after, e.name, e.account, e.args, e.result, e.refused)
    found.outcome, found.own, found.number = s.outcome, {e.account}, s.number
    found.worths = s.worths if e.before is None else None
    return found


# ---- the pool's worth ---------------------------------------------------------------------------


def worth(w: World, shot: Snapshot) -> Worth:
    """U-0 from a snapshot, at the model's prices and time of now."""
    params, prices, now = w.model.params, w.model.prices, w.model.time
    held = shot.accounts[w.model.pool_id]
    total = held.cash + sum(discounted(w, held.collateral).values())
    premium = 0
    for m, x in shot.markets.items():
        if x.long or x.short or x.quote:
            total += carry.pool_value(x, x.mark if x.settled else prices[m], indices(w, m, x, now))
            premium += 0 if x.settled else premium_of(w, m, x.skew)
    reduced = total - premium
    return Worth(reduced, premium, max(0, floor_tokens(reduced, params.quote_decimals)))


def worths_of(w: World, s: Step) -> tuple[Worth, Worth]:
    """The pool's worth before and after a step or a part of it."""
    return s.worths or (worth(w, s.before), worth(w, s.after))


def premium_of(w: World, market: int, skew: int) -> int:
    """⌈P·skew²/(2K)⌉ in WAD."""
    scale = w.model.params.markets[market].skew_scale
    return ceil_div(w.model.prices[market] * skew * skew, 2 * scale * LOTS)


def discounted(w: World, collateral: dict[int, int]) -> dict[int, int]:
    """⌊P·Σ amount·(1 − d_c)⌋ by underlying."""
    found: dict[int, int] = {}
    for asset, amount in collateral.items():
        ap = w.model.params.assets[asset]
        found[ap.underlying] = found.get(ap.underlying, 0) + amount * (10**4 - ap.discount)
    return {u: w.model.prices[u] * part // (WAD * 10**4) for u, part in found.items()}


def requirements(w: World, shot: Snapshot) -> tuple[int, int]:
    """U-1 of a snapshot at the prices of now: net and gross, WAD."""
    params, prices, now = w.model.params, w.model.prices, w.model.time
    total = pool.NO_SHARE
    for m, x in shot.markets.items():
        at = indices(w, m, x, now)
        total = pool.add(total, pool.contribution(x, params.markets[m], prices[m], at))
    return pool.requirement(total, w.model.holdings(at_words=True), params)


def indices(w: World, market: int, x: carry.Market, now: int) -> carry.Indices:
    """F-1 brought to `now`; a settled market stands still."""
    if x.settled:
        return carry.Indices(x.index_long, x.index_short, x.rate)
    return carry.accrue(x, w.model.params.markets[market], now)
