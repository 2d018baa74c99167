"""The pool's capital and what it is used for (U-0, U-1), and the share arithmetic of spec 7."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .carry import Indices, Market, pool_value
from .maths import BPS, LOT, LOTS, MICRO, WAD, ceil_div, ceil_sqrt
from .params import MarketParams, Params

U_MAX = 2**64  # the largest u of U-1, in WAD (about 18.4); that of R ≤ 0
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
    """U-0 and U-1 at the current prices: WAD quote, utilisations in WAD with 1.0 = at the cap.

    equity: R plus the premium U-0 holds back. tied_up: the least R an LP exit may leave.
    """

    cash: int
    debt: int
    equity: int
    reduced_equity: int
    net: int
    gross: int
    utilisation: int
    exit_utilisation: int
    tied_up: int
    prices_valid: bool


class SkewTerms(NamedTuple):
    """A, B, H, Z of U-1 in µ (B in µ²): what depends on a market's skew alone."""

    a: int
    b: int
    h: int
    z: int


def skew_terms(skew: int, mp: MarketParams, price: int) -> SkewTerms:
    """A, B, H, Z of a skew in lots at `price` (WAD)."""
    exposure = price * abs(skew)
    unit = BPS * _LOT_MICRO
    return SkewTerms(
        -mp.beta * price * skew // unit,
        ceil_div(mp.sigma * exposure, unit) ** 2,
        ceil_div(mp.w * exposure, unit),
        ceil_div(exposure * abs(skew), 2 * mp.skew_scale * _LOT_MICRO),
    )


def contribution(market: Market, mp: MarketParams, price: int, indices: Indices) -> Share:
    """A, B, H, G, V, Z of U-1 in µ (B in µ²) at `price`.

    A settled market counts at P_s, with no premium and no carry since (W-3): Z = 0.
    """
    if market.settled:
        price, indices = market.mark, Indices(market.index_long, market.index_short, 0)
    a, b, h, z = skew_terms(market.skew, mp, price)
    if market.settled:
        z = 0
    gross = ceil_div(mp.w * price * max(market.long, market.short), BPS * _LOT_MICRO)
    return (a, b, h, gross, pool_value(market, price, indices) // MICRO, z)


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
    """U-1: (net, gross) in WAD. Inventory joins its market's n in B and H, and adds to A and G on its own."""
    a, b, h, g = sums[:4]
    unit = BPS * _WEI_MICRO
    for amount, price, mark, skew, mp in inventory:
        alone = -mark * skew * LOT
        both = abs(alone + price * amount)
        alone = abs(alone)
        a += mp.beta * price * amount // unit
        b += ceil_div(mp.sigma * both, unit) ** 2 - ceil_div(mp.sigma * alone, unit) ** 2
        h += ceil_div(mp.w * both, unit) - ceil_div(mp.w * alone, unit)
        g += ceil_div(mp.w * price * amount, unit)
    net = max(ceil_sqrt(a * a + b), ceil_div(params.kappa * h, BPS))
    return net * MICRO, g * MICRO


def utilisation(reduced: int, net: int, gross: int, params: Params) -> int:
    """U-1 against the caps of increases: u in WAD, rounded up, 1.0 = at a cap, at most U_MAX."""
    return _used(reduced, net, gross, params.cap_net, params.cap_gross)


def exit_utilisation(reduced: int, net: int, gross: int, params: Params) -> int:
    """U-1 against the caps of LP exits."""
    return _used(reduced, net, gross, params.exit_cap_net, params.exit_cap_gross)


def _used(reduced: int, net: int, gross: int, cap_net: int, cap_gross: int) -> int:
    """The larger ratio in WAD; nothing required is 0 whatever R, and R ≤ 0 is U_MAX otherwise."""
    if not net and not gross:
        return 0
    if reduced <= 0:
        return U_MAX
    unit = BPS * WAD
    return min(
        U_MAX, max(ceil_div(net * unit, reduced * cap_net), ceil_div(gross * unit, reduced * cap_gross))
    )


def tied_up(net: int, gross: int, params: Params) -> int:
    """The least R, in WAD, with which the exit utilisation is at most 1."""
    return max(ceil_div(net * BPS, params.exit_cap_net), ceil_div(gross * BPS, params.exit_cap_gross))


def virtual_shares(decimals: int) -> int:
    """10^(18 − d), at least 1."""
    return 10 ** max(0, 18 - decimals)


def shares_for(assets: int, supply: int, total: int, decimals: int, up: bool = False) -> int:
    """assets·(supply + 10^(18−d))/(totalAssets + 1), rounded down (entries) or up (exits by assets)."""
    top, bottom = assets * (supply + virtual_shares(decimals)), total + 1
    return ceil_div(top, bottom) if up else top // bottom


def assets_for(shares: int, supply: int, total: int, decimals: int, up: bool = False) -> int:
    """shares·(totalAssets + 1)/(supply + 10^(18−d)), rounded down (exits) or up (entries by shares).

    Of a token with more than 18 decimals only whole multiples of 10^(d−18) move (spec 1): rounded to those.
    """
    top, bottom, unit = shares * (total + 1), supply + virtual_shares(decimals), 10 ** max(0, decimals - 18)
    return ceil_div(ceil_div(top, bottom), unit) * unit if up else top // bottom // unit * unit
