"""Terms of a liquidation: rates (Q-2), the closed-form slice (Q-1) and the split of the charges."""

from __future__ import annotations

from typing import NamedTuple

from .maths import BPS, LOTS, PPM, WAD, ceil_div
from .params import MarketParams, Params


class Rates(NamedTuple):
    """Rates of Q-2 in WAD: to the pool, to the cover fund, to the keeper."""

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
    """Q-2 in WAD; base and skew in lots. The impact i is that of closing the whole position, rounded up to WAD."""
    signed = (2 * skew - base) * (-1 if base > 0 else 1)
    impact = max(0, ceil_div(signed * WAD, 2 * mp.skew_scale))
    pool = min(impact + mp.taker * (WAD // PPM), params.p_max * (WAD // BPS))
    floor = max(pool, mp.p_min * (WAD // BPS))
    return Rates(pool, floor - pool, params.keeper_part * (WAD // PPM))


def penalty(rate: int, price: int, lots: int) -> int:
    """⌈rate·P·lots⌉ in WAD; rate in WAD."""
    return ceil_div(rate * price * lots, WAD * LOTS)


def fraction(equity: int, maintenance: int, pen: int, cost: int, params: Params) -> int:
    """Q-1: the slice in WAD, rounded up once from the exact quotient; 1.0 in the four cases named there."""
    target = params.h * maintenance  # h·MM in bps of a wei
    if equity <= pen + cost or target <= BPS * pen:
        return WAD
    f = ceil_div(WAD * (target - BPS * (equity - cost)), target - BPS * pen)
    if f >= WAD or (WAD - f) * maintenance < params.min_margin * WAD:
        return WAD
    return f


def ceil_lots(f: int, lots: int) -> int:
    """⌈f·lots⌉ for a fraction in WAD."""
    return ceil_div(f * lots, WAD)


def affordable(due: Charges, equity: int) -> Charges:
    """When all is closed: the rates are paid from max(0, E − K) only: the pool first, then cover, the keeper last."""
    left = max(0, equity - due.cost)
    pool = min(due.pool, left)
    cover = min(due.cover, left - pool)
    keeper = min(due.keeper, left - pool - cover)
    return Charges(pool, cover, keeper, due.cost)


def reward(paid: Charges, params: Params) -> int:
    """Keeper reward = min(cap, max(K, keeper part)); the rest of K + keeper part is the cover fund's."""
    return min(params.keeper_cap, max(paid.cost, paid.keeper))
