"""The reference model in the places where it and docs/spec.md are not yet the same, as the spec has it.

Each function names the id it belongs to. What the model comes to say itself is taken out of here.
"""

from __future__ import annotations

from collections.abc import Iterable

from crossmargin.model import Params, margin, pool
from crossmargin.model.liquidation import Charges, Rates
from crossmargin.model.maths import BPS, PPM, WAD, ceil_div, ceil_sqrt
from crossmargin.model.params import MarketParams

U_MAX = 2**64
PPM_TO_WAD = WAD // PPM


def requirements(legs: Iterable[margin.Exposure], params: Params, positions: bool) -> tuple[int, int, int]:
    """(IM, MM, M-2 without the min_margin floor): M-2 … M-4."""
    plain, scaled, any_scale = [0, 0, 0], [0, 0, 0], False
    for net, gross, mp, scale in legs:
        s = 100 + scale
        any_scale |= scale > 0 and gross > 0
        for sums, k in ((plain, 1), (scaled, s)):
            sums[0] += k * mp.beta * net
            sums[1] += (k * mp.sigma * net) ** 2
            sums[2] += k * mp.w * gross
    raw = norm(plain, params)
    initial = max(norm(scaled, params), 100 * raw) if any_scale else 100 * raw
    im = ceil_div(initial * params.im_factor, PPM)
    least = params.min_margin if positions else 0
    return max(im, least), max(raw, least), raw


def norm(sums: list[int], params: Params) -> int:
    """M-2: ⌈max(⌈√(common² + squares)⌉, ⌈κ·gross/1e4⌉)/1e4⌉."""
    common, squares, gross = sums
    return ceil_div(max(ceil_sqrt(common * common + squares), ceil_div(params.kappa * gross, BPS)), BPS)


def rates(base: int, skew: int, mp: MarketParams, params: Params) -> Rates:
    """Q-2 in WAD, whole millionths; base and skew in lots."""
    against = (2 * skew - base) * (-1 if base > 0 else 1)
    impact = ceil_div(PPM * max(0, against), 2 * mp.skew_scale)
    to_pool = min(impact + mp.taker, 100 * params.p_max)
    floor = max(to_pool, 100 * mp.p_min)
    return Rates(to_pool * PPM_TO_WAD, (floor - to_pool) * PPM_TO_WAD, params.keeper_part * PPM_TO_WAD)


def fraction(equity: int, raw: int, pen: int, cost: int, params: Params) -> int:
    """Q-1 in WAD; raw is M-2 without the floor. An account already at its target closes nothing."""
    target = ceil_div(params.h * raw, BPS)
    if equity <= pen + cost or target <= pen:
        return WAD
    f = ceil_div(max(0, target - equity + cost) * WAD, target - pen)
    return WAD if f >= WAD or (WAD - f) * raw < params.min_margin * WAD else f


def affordable(due: Charges, cash: int) -> Charges:
    """Spec 5: when all is closed, from the cash left after K: keeper part, then cover, then pool."""
    left = max(0, cash - due.cost)
    keeper = min(due.keeper, left)
    cover = min(due.cover, left - keeper)
    return Charges(min(due.pool, left - keeper - cover), cover, keeper, due.cost)


def pool_requirement(sums: pool.Share, inventory: Iterable[pool.Holding], params: Params) -> tuple[int, int]:
    """U-1: net and gross in WAD; inventory joins n of B and H, A gets floor(β·P·inv) more."""
    a, b, h, g = sums[:4]
    unit = BPS * WAD * pool.MICRO
    for amount, price, mark, skew, mp in inventory:
        alone = -mark * skew * 10**10
        both = alone + price * amount
        a += mp.beta * price * amount // unit
        b += ceil_div(mp.sigma * abs(both), unit) ** 2 - ceil_div(mp.sigma * abs(alone), unit) ** 2
        h += ceil_div(mp.w * abs(both), unit) - ceil_div(mp.w * abs(alone), unit)
        g += ceil_div(mp.w * price * amount, unit)
    net = max(ceil_sqrt(a * a + b), ceil_div(params.kappa * h, BPS))
    return net * pool.MICRO, g * pool.MICRO


def utilisation(reduced: int, net: int, gross: int, params: Params) -> int:
    """U-1 in WAD, at most 2^64; nothing open is 0 whatever R."""
    if net == 0 and gross == 0:
        return 0
    if reduced <= 0:
        return U_MAX
    return min(
        U_MAX,
        max(
            ceil_div(net * BPS * WAD, params.cap_net * reduced),
            ceil_div(gross * BPS * WAD, params.cap_gross * reduced),
        ),
    )
