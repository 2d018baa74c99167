"""Requirements of a book of exposures (M-2 … M-5) and the state they give an account."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from .maths import BPS, PPM, WAD, ceil_div, ceil_sqrt, trunc_div
from .params import MarketParams, Params


class State(IntEnum):
    """Spec 4, last line."""

    HEALTHY = 0
    BELOW_INITIAL = 1
    MARGIN_CALL = 2
    LIQUIDATABLE = 3
    NO_PRICE = 4


class Exposure(NamedTuple):
    """One underlying: net n and gross g (WAD quote), its parameters, and the OI scale in hundredths above 1.

    The scale is that of the market where a position is held, 0 where there is only collateral (M-3).
    """

    net: int
    gross: int
    mp: MarketParams
    oi_scale: int


class Assessment(NamedTuple):
    """Equity, net position value (Σ P-2), IM and MM, and M-2 without the min_margin floor: WAD quote."""

    equity: int
    pnl: int
    initial: int
    maintenance: int
    raw: int = 0

    @property
    def headroom(self) -> int:
        """E − MM."""
        return self.equity - self.maintenance


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


class Requirements(NamedTuple):
    """IM, MM and M-2 without the min_margin floor: WAD quote."""

    initial: int
    maintenance: int
    raw: int


def requirements(legs: Iterable[Exposure], params: Params, positions: bool) -> Requirements:
    """M-2 … M-4: the scaled norm of IM is never below the plain one; `min_margin` while a position is open."""
    legs = list(legs)
    raw = norm([(x.mp, 1, x.net, x.gross) for x in legs], params)
    scaled = norm([(x.mp, 100 + x.oi_scale, x.net, x.gross) for x in legs], params)
    initial = ceil_div(max(scaled, 100 * raw) * params.im_factor, PPM)
    least = params.min_margin if positions else 0
    return Requirements(max(initial, least), max(raw, least), raw)


def norm(legs: Iterable[tuple[MarketParams, int, int, int]], params: Params) -> int:
    """⌈norm/1e4⌉ of M-2 over (parameters, scale, n, g): in WAD quote times the scale."""
    factor = own = floor = 0
    for mp, scale, net, gross in legs:
        factor += scale * mp.beta * net
        own += (scale * mp.sigma * net) ** 2
        floor += scale * mp.w * gross
    return ceil_div(max(ceil_sqrt(factor**2 + own), ceil_div(params.kappa * floor, BPS)), BPS)


def discounted(price: int, amount: int, discount: int) -> int:
    """⌊P·amount·(1 − d_c)⌋ in WAD quote; amount in WAD tokens."""
    return lent(price, amount * (BPS - discount))


def lent(price: int, lendable: int) -> int:
    """⌊P·lendable⌋ in WAD quote; lendable: Σ amount·(1e4 − d_c), WAD tokens in bps (M-4)."""
    return price * lendable // (WAD * BPS)


def risk_equity(a: Assessment, params: Params) -> int:
    """M-5: E_risk = E − ⌈(1 − profit_weight)·U⁺⌉."""
    return a.equity - ceil_div((BPS - params.profit_weight) * max(0, a.pnl), BPS)


def free_equity(a: Assessment) -> int:
    """M-5: E_free = E − U⁺."""
    return a.equity - max(0, a.pnl)


def is_liquidatable(a: Assessment, owes: bool) -> bool:
    """Spec 5: E < MM with a position or negative cash (`owes`); without positions MM has no min_margin floor."""
    return owes and a.headroom < 0


def state_of(a: Assessment, owes: bool, params: Params) -> State:
    """State by the worst threshold crossed: MM, then warning·MM, then IM. Prices are taken to be valid."""
    if is_liquidatable(a, owes):
        return State.LIQUIDATABLE
    if a.equity * BPS < params.warning * a.maintenance:
        return State.MARGIN_CALL
    return State.HEALTHY if a.equity >= a.initial else State.BELOW_INITIAL
