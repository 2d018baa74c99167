"""A market: fills, positions, carry. Pure functions of integers (P-1 … P-4, F-1, F-2, fee, OI scale)."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import NamedTuple

from .maths import BPS, DAY, INDEX, LOT, LOTS, PPM, SKEW_ONE, WAD, ceil_div, clamp, trunc_div
from .params import MarketParams, Params

RATE_MAX = 2**14 - 1  # of b
OI_SCALE_MAX = 255
MANTISSA_BITS = 18
EXPONENT_BIAS = 8


class Indices(NamedTuple):
    """Carry indices of the two sides (1e-11 quote per base unit) and the funding rate (1e-9 a day)."""

    long: int
    short: int
    rate: int


@dataclass(slots=True)
class Market:
    """State of spec 3. long, short: lots. quote: Σ of the traders' position quote. mark: P̂ in WAD.

    `share` is the contribution of U-1 as it was added to the pool's sums at the last touch.
    A settled market (W-3) has time 0, which no other has after a touch, and P̂ = P_s.
    """

    long: int = 0
    short: int = 0
    quote: int = 0
    index_long: int = 0
    index_short: int = 0
    time: int = 0
    rate: int = 0
    skew_fraction: int = 0
    borrow: int = 0
    oi_scale: int = 0
    mark: int = 0
    share: tuple[int, int, int, int, int, int] = (0, 0, 0, 0, 0, 0)

    @property
    def skew(self) -> int:
        """L − S in lots."""
        return self.long - self.short

    @property
    def settled(self) -> bool:
        """W-3: closed for good at the price `mark`."""
        return self.time == 0 and self.mark != 0

    def copy(self) -> Market:
        return copy(self)


class Closed(NamedTuple):
    """A position after a trade and what the trade realised (WAD)."""

    base: int
    quote: int
    realised: int


def price_float(price: int) -> int:
    """P̂: the 18 leading bits of a price times a power of two ≥ 2^8, rounded down."""
    shift = max(EXPONENT_BIAS, price.bit_length() - MANTISSA_BITS)
    return price >> shift << shift


def skew_fraction(skew: int, scale: int) -> int:
    """k = trunc(skew·2^19/K), clamped to ±(2^19 − 1)."""
    return clamp(trunc_div(skew * SKEW_ONE, scale), 1 - SKEW_ONE, SKEW_ONE - 1)


def oi_scale(long: int, short: int, mp: MarketParams) -> int:
    """OI scale o in hundredths, rounded up: cap·clamp((x − lo)/(hi − lo), 0, 1), x = max(L, S)/K.

    With hi ≤ lo it is a step: the whole cap above lo.
    """
    above = max(long, short) * BPS - mp.oi_lo * mp.skew_scale
    if above <= 0:
        return 0
    width = (mp.oi_hi - mp.oi_lo) * mp.skew_scale
    raw = mp.oi_cap if above >= width else ceil_div(mp.oi_cap * above, width)
    return min(raw, OI_SCALE_MAX)


def borrow_rate(u: int, params: Params) -> int:
    """F-2: b in 1e-6 a day, rounded up once and held below 2^14. `u` in WAD, 1.0 = at the cap."""
    kink = params.borrow_kink * WAD // BPS
    curve = params.borrow_slope1 * min(u, kink) + params.borrow_slope2 * max(0, u - kink)
    return min(RATE_MAX, params.borrow_base + ceil_div(curve, WAD))


def accrue(market: Market, mp: MarketParams, now: int) -> Indices:
    """F-1: indices and rate at `now` from the stored values; both sides are rounded against the trader."""
    dt = now - market.time
    if not dt:
        return Indices(market.index_long, market.index_short, market.rate)
    limit = mp.clamp * 10**5  # 1e-4 a day to 1e-9 a day
    r0 = clamp(market.rate, -limit, limit)
    num = mp.velocity * PPM * market.skew_fraction
    r1 = r0 + trunc_div(num * dt, SKEW_ONE * DAY)
    if abs(r1) <= limit:
        area2 = (r0 + r1) * dt
    else:
        r1 = limit if num > 0 else -limit
        t1 = trunc_div((r1 - r0) * SKEW_ONE * DAY, num)
        area2 = (r0 + r1) * t1 + 2 * r1 * (dt - t1)
    borrow2 = 2000 * market.borrow * dt
    unit = 2 * DAY * 10**16
    return Indices(
        market.index_long + ceil_div(market.mark * (area2 + borrow2), unit),
        market.index_short + market.mark * (area2 - borrow2) // unit,
        r1,
    )


def fill_price(price: int, skew: int, size: int, mp: MarketParams, spread: bool) -> int:
    """P-3: skew and size in lots; one rounding, up for buys and down for sells. May be ≤ 0 (then no fill)."""
    margin = (mp.spread if size > 0 else -mp.spread) if spread else 0
    top = price * (2 * mp.skew_scale + 2 * skew + size) * (PPM + margin)
    bottom = 2 * mp.skew_scale * PPM
    return ceil_div(top, bottom) if size > 0 else top // bottom


def trade_fee(price: int, skew: int, size: int, mp: MarketParams) -> int:
    """Fee in WAD, rounded up: maker for the part that narrows the skew, taker for the rest. Lots."""
    narrowing = min(abs(size), abs(skew)) if size * skew < 0 else 0
    return ceil_div(price * (mp.maker * narrowing + mp.taker * (abs(size) - narrowing)), LOTS * PPM)


def value(base: int, quote: int, price: int, index: int) -> int:
    """P-2: ⌊base·(P − I)⌋ + quote; `index` of the side of `base`."""
    return base * (price - index * INDEX) // WAD + quote


def pool_value(market: Market, price: int, indices: Indices) -> int:
    """P-4: the pool's mirror of a market in WAD: −⌈L·(P − I_L) − S·(P − I_S)⌉ − Σq."""
    gross = market.long * (price - indices.long * INDEX) - market.short * (price - indices.short * INDEX)
    return -ceil_div(gross, LOTS) - market.quote


def apply_trade(base: int, quote: int, size: int, price: int, indices: Indices) -> Closed:
    """P-1: a trade of `size` (WAD) at fill `price`: the closing part first, then the opening part."""
    realised = 0
    closing = closing_part(base, size)
    if closing:
        index = indices.long if base > 0 else indices.short
        out = quote * abs(closing) // abs(base)
        realised = out - ceil_div(closing * (price - index * INDEX), WAD)
        base, quote = base + closing, quote - out
    opening = size - closing
    if opening:
        index = indices.long if opening > 0 else indices.short
        quote -= ceil_div(opening * (price - index * INDEX), WAD)
        base += opening
    return Closed(base, quote, realised)


def closing_part(base: int, size: int) -> int:
    """The part of `size` that reduces `base`, signed like `size`."""
    if base * size >= 0:
        return 0
    return size if abs(size) <= abs(base) else -base


def book(market: Market, before: int, after: int, quote_change: int) -> None:
    """Move the market's L, S and Σq with one position's base (WAD) and quote."""
    market.long += (max(after, 0) - max(before, 0)) // LOT
    market.short += (max(-after, 0) - max(-before, 0)) // LOT
    market.quote += quote_change


def notional_up(price: int, lots: int) -> int:
    """⌈P·lots⌉ in WAD."""
    return ceil_div(price * lots, LOTS)
