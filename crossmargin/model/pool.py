"""The pool's capital and what it is used for (U-0, U-1), and the share arithmetic of spec 7."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .carry import Indices, Market, pool_value
from .maths import BPS, LOT, LOTS, MICRO, WAD, ceil_div, ceil_sqrt
from .params import MarketParams, Params

U_MAX = 2**64 * WAD  # of U-1 with R ≤ 0, in WAD
_LOT_MICRO = LOTS * MICRO  # divides P·lots into µ
_WEI_MICRO = WAD * MICRO  # divides P·wei into µ

Share = tuple[int, int, int, int, int, int]
NO_SHARE: Share = (0, 0, 0, 0, 0, 0)


class Holding(NamedTuple):
    """Inventory of one underlying: the WAD amount, its word price, and the market it nets with at `mark`."""

    amount: int
    price: int
    mark: int
    skew: int
    mp: MarketParams


class PoolState(NamedTuple):
    """What `pool_refresh` reports: WAD quote."""

    cash: int
    debt: int
    reduced_equity: int
    net: int
    gross: int
    prices_valid: bool


def contribution(market: Market, mp: MarketParams, price: int, indices: Indices) -> Share:
    """A, B, H, G, V, Z of U-1 in µ (B in µ²) at `price`."""
    skew = market.skew
    exposure = price * abs(skew)
    unit = BPS * _LOT_MICRO
    return (
        -mp.beta * price * skew // unit,
        ceil_div(mp.sigma * exposure, unit) ** 2,
        ceil_div(mp.w * exposure, unit),
        ceil_div(mp.w * price * max(market.long, market.short), unit),
        pool_value(market, price, indices) // MICRO,
        ceil_div(exposure * abs(skew), 2 * mp.skew_scale * _LOT_MICRO),
    )


def add(a: Share, b: Share, sign: int = 1) -> Share:
    """a ± b, term by term."""
    return (
        a[0] + sign * b[0],
        a[1] + sign * b[1],
        a[2] + sign * b[2],
        a[3] + sign * b[3],
        a[4] + sign * b[4],
        a[5] + sign * b[5],
    )


def requirement(sums: Share, inventory: Iterable[Holding], params: Params) -> tuple[int, int]:
    """U-1: (net, gross) in WAD. Inventory joins its market's n before the rounding; H and G grow by w·P·inv."""
    a, b, h, g = sums[:4]
    unit = BPS * _WEI_MICRO
    for amount, price, mark, skew, mp in inventory:
        alone = -mark * skew * LOT
        both = alone + price * amount
        a += mp.beta * both // unit - mp.beta * alone // unit
        b += ceil_div(mp.sigma * abs(both), unit) ** 2 - ceil_div(mp.sigma * abs(alone), unit) ** 2
        extra = ceil_div(mp.w * price * amount, unit)
        h += extra
        g += extra
    net = max(ceil_sqrt(a * a + b), ceil_div(params.kappa * h, BPS))
    return net * MICRO, g * MICRO


def utilisation(reduced: int, net: int, gross: int, params: Params) -> int:
    """U-1: u in WAD, rounded up, 1.0 = at a cap; R ≤ 0 gives U_MAX."""
    if reduced <= 0:
        return U_MAX
    return max(
        ceil_div(net * BPS * WAD, params.cap_net * reduced),
        ceil_div(gross * BPS * WAD, params.cap_gross * reduced),
    )


def within_exit_caps(reduced: int, net: int, gross: int, params: Params) -> bool:
    """U-1 against the exit caps; R must be positive."""
    return (
        reduced > 0
        and net * BPS <= params.exit_cap_net * reduced
        and gross * BPS <= params.exit_cap_gross * reduced
    )


def virtual_shares(decimals: int) -> int:
    """10^(18 − d), at least 1."""
    return 10 ** max(0, 18 - decimals)


def shares_for(assets: int, supply: int, total: int, decimals: int, up: bool = False) -> int:
    """assets·(supply + 10^(18−d))/(totalAssets + 1), rounded down (entries) or up (exits by assets)."""
    top, bottom = assets * (supply + virtual_shares(decimals)), total + 1
    return ceil_div(top, bottom) if up else top // bottom


def assets_for(shares: int, supply: int, total: int, decimals: int, up: bool = False) -> int:
    """shares·(totalAssets + 1)/(supply + 10^(18−d)), rounded down (exits) or up (entries by shares)."""
    top, bottom = shares * (total + 1), supply + virtual_shares(decimals)
    return ceil_div(top, bottom) if up else top // bottom
