"""Requirements of a book of exposures (M-2 … M-5) and the state they give an account."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from .maths import BPS, WAD, ceil_div, ceil_sqrt, trunc_div
from .params import MarketParams, Params


class State(IntEnum):
    """Spec 4, last line."""

    HEALTHY = 0
    BELOW_INITIAL = 1
    MARGIN_CALL = 2
    LIQUIDATABLE = 3
    NO_PRICE = 4


class Exposure(NamedTuple):
    """One underlying: net n and gross g (WAD quote), its parameters, and the OI scale in hundredths."""

    net: int
    gross: int
    mp: MarketParams
    oi_scale: int


class Assessment(NamedTuple):
    """Equity, net position value (Σ P-2), requirements: WAD quote."""

    equity: int
    pnl: int
    initial: int
    maintenance: int


class Health(NamedTuple):
    """What `account_health` returns."""

    equity: int
    initial: int
    maintenance: int
    state: State


def exposure(price: int, base: int, collateral: int, mp: MarketParams, scale: int) -> Exposure:
    """n = trunc(P·(base + coll)), g = ⌈P·(|base| + coll)⌉, one rounding each."""
    net = trunc_div(price * (base + collateral), WAD)
    gross = ceil_div(price * (abs(base) + collateral), WAD)
    return Exposure(net, gross, mp, scale)


def requirements(legs: Iterable[Exposure], params: Params, positions: bool) -> tuple[int, int]:
    """(IM, MM) of M-2 … M-4 in WAD, each norm rounded up once, `min_margin` while a position is open."""
    factor = own = floor = 0
    factor_im = own_im = floor_im = 0
    for net, gross, mp, scale in legs:
        common, single, alone = mp.beta * net, mp.sigma * net, mp.w * gross
        factor += common
        own += single * single
        floor += alone
        scale += 100
        factor_im += common * scale
        own_im += (single * scale) ** 2
        floor_im += alone * scale
    mm = max(
        ceil_div(ceil_sqrt(factor * factor + own), BPS),
        ceil_div(params.kappa * floor, BPS * BPS),
    )
    norm = max(
        ceil_div(ceil_sqrt(factor_im * factor_im + own_im), 100 * BPS),
        ceil_div(params.kappa * floor_im, 100 * BPS * BPS),
    )
    im = ceil_div(params.im_factor * norm, BPS)
    return (max(im, params.min_margin), max(mm, params.min_margin)) if positions else (im, mm)


def discounted(price: int, amount: int, discount: int) -> int:
    """⌊P·amount·(1 − d_c)⌋ in WAD quote; amount in WAD tokens."""
    return price * amount * (BPS - discount) // (WAD * BPS)


def risk_equity(a: Assessment, params: Params) -> int:
    """M-5: E_risk = E − ⌈(1 − profit_weight)·U⁺⌉."""
    return a.equity - ceil_div((BPS - params.profit_weight) * max(0, a.pnl), BPS)


def free_equity(a: Assessment) -> int:
    """M-5: E_free = E − U⁺."""
    return a.equity - max(0, a.pnl)


def is_liquidatable(a: Assessment, cash: int, positions: bool) -> bool:
    """Spec 5: E < MM; without positions only if cash < 0."""
    return a.equity < a.maintenance and (positions or cash < 0)


def state_of(a: Assessment, cash: int, positions: bool, params: Params) -> State:
    """State by the worst threshold crossed. Dust without positions or debt is a margin call at most."""
    if is_liquidatable(a, cash, positions):
        return State.LIQUIDATABLE
    if a.equity * BPS < params.warning * a.maintenance:
        return State.MARGIN_CALL
    return State.HEALTHY if a.equity >= a.initial else State.BELOW_INITIAL
