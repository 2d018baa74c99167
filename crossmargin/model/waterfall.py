"""W-1: what the cover pool grants for bad debt, market by market."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .maths import BPS, DAY, ceil_div

NO_MARKET = 32  # the bucket of a debt that no position answers for
BLAME = 255  # all of it


class Claim(NamedTuple):
    """used_m: what a market's claims count against its cap, WAD, as of `time` (s)."""

    used: int
    time: int


class Grant(NamedTuple):
    """What the cover pool pays at most, WAD, and the claims as they are afterwards."""

    granted: int
    claims: Mapping[int, Claim]


def blame(values: Mapping[int, int]) -> dict[int, int]:
    """k_m = ⌈255·l_m/Σ l⌉ of each losing market; `values`: P-2 by market before the slice, WAD."""
    losses = {m: -v for m, v in values.items() if v < 0}
    total = sum(losses.values())
    return {m: ceil_div(BLAME * loss, total) for m, loss in losses.items()}


def answers(debt: int, values: Mapping[int, int]) -> dict[int, int]:
    """d_m = ⌈debt·k_m/Σ k⌉: what of a debt each losing market answers for, WAD; without one it is no market's."""
    parts = blame(values)
    if not parts:
        return {NO_MARKET: debt}
    total = sum(parts.values())
    return {m: ceil_div(debt * part, total) for m, part in parts.items()}


def cap_of(cash: int, share: int) -> int:
    """⌊cover_share·cover cash⌋; share in bps, WAD."""
    return share * cash // BPS


def used(claim: Claim, cap: int, now: int) -> int:
    """used_m brought to now: it falls by ⌊cap·dt/86400⌋, down to 0."""
    return max(0, claim.used - cap * (now - claim.time) // DAY)


def grant(
    debt: int, values: Mapping[int, int], cash: int, share: int, claims: Mapping[int, Claim], now: int
) -> Grant:
    """W-1. debt: −cash after everything is closed. cash: of the cover pool after the charges, WAD. share: bps.

    A market that is granted something has its claim brought to now and grown by it; others' claims stay as they are, so that
    their fall is rounded once.
    """
    cash = max(0, cash)
    if debt <= 0:
        return Grant(0, claims)
    cap, taken, after = cap_of(cash, share), 0, dict(claims)
    for m, part in answers(debt, values).items():
        before = used(claims.get(m, Claim(0, now)), cap, now)
        mine = min(part, max(0, cap - before))
        if mine:
            taken += mine
            after[m] = Claim(before + mine, now)
    return Grant(min(debt, cash, taken), after)
