"""Terms of a liquidation: rates (Q-2), the closed-form slice (Q-1) and the split of the charges."""

from __future__ import annotations

from typing import NamedTuple

from .maths import BPS, LOTS, PPM, WAD, ceil_div
from .params import MarketParams, Params


class Rates(NamedTuple):
    """Rates of Q-2 in 1e-6: to the pool, to the cover fund, to the keeper."""

    pool: int
    cover: int
    keeper: int

    @property
    def total(self) -> int:
        return self.pool + self.cover + self.keeper


class Charges(NamedTuple):
    """WAD quote taken from the account, by receiver; `cost` is the flat K."""

    pool: int
    cover: int
    keeper: int
    cost: int

    @property
    def total(self) -> int:
        return self.pool + self.cover + self.keeper + self.cost


def rates(base: int, skew: int, mp: MarketParams, params: Params) -> Rates:
    """Q-2; base and skew in lots, the book as it is before the slice. i is that of closing the whole position."""
    against = (2 * skew - base) * (-1 if base > 0 else 1)
    impact = ceil_div(PPM * max(0, against), 2 * mp.skew_scale)
    pool = min(impact + mp.taker, params.p_max * 100)
    floor = max(pool, mp.p_min * 100)
    return Rates(pool, floor - pool, params.keeper_part)


def penalty(rate: int, price: int, lots: int) -> int:
    """⌈rate·P·lots⌉ in WAD; rate in 1e-6."""
    return ceil_div(rate * price * lots, PPM * LOTS)


def fraction(equity: int, raw: int, pen: int, cost: int, params: Params) -> int:
    """Q-1: the slice in WAD, rounded up; `raw` is M-2 without the floor. 1.0 in the cases named there."""
    target = ceil_div(raw * params.h, BPS)
    if equity <= pen + cost or target <= pen:
        return WAD
    missing = max(target + cost - equity, 0)
    f = ceil_div(missing * WAD, target - pen)
    return WAD if f >= WAD or (WAD - f) * raw < params.min_margin * WAD else f


def ceil_lots(f: int, lots: int) -> int:
    """⌈f·lots⌉ for a fraction in WAD."""
    return ceil_div(f * lots, WAD)


def affordable(due: Charges, cash: int) -> Charges:
    """When all is closed: the rates are paid from max(0, cash − K) only: keeper part, then cover, then pool."""
    left = max(0, cash - due.cost)
    keeper = min(due.keeper, left)
    cover = min(due.cover, left - keeper)
    return Charges(min(due.pool, left - keeper - cover), cover, keeper, due.cost)


def reward(paid: Charges, params: Params) -> int:
    """Keeper reward = min(cap, max(K, keeper part)); the rest of K + keeper part is the cover fund's."""
    return min(params.keeper_cap, max(paid.cost, paid.keeper))
