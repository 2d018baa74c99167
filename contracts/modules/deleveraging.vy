# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title deleveraging: how much of a winning position must close for the pool to have its capital again (W-2)
"""

from interfaces import IEngine
from contracts.modules import carry
from contracts.modules import checks
from contracts.modules import floats
from contracts.modules import packing
from contracts.modules import pool_risk
from contracts.modules import venue_rates

LOT: constant(int256) = 10**10
BPS: constant(int256) = 10**4
# the search ends at this part of the position
GRAIN: constant(int256) = 2**10


# The pool without the skew of one market. a, b, h: sums of everything else (µ, µ^2, µ); cash: its worth, that market's own but for the
# premium included (WAD); at: the market's P-hat; stock: inventory that nets with the market (WAD^2); ratio: q of W-2, bps.
struct Frame:
    a: int256
    b: uint256
    h: uint256
    cash: int256
    at: uint256
    stock: int256
    risk: uint256
    terms: uint256
    kappa: uint256
    ratio: int256


@view
@internal
def frame(leg: IEngine.Leg, pool: IEngine.Pool) -> Frame:
    """
    @notice The pool as a touch of the leg's market at its price would leave it, but for the part of its skew.
    """
    f: Frame = empty(Frame)
    f.at = floats.value(floats.near(leg.carry >> 250, packing.price_of(leg.word)))
    f.risk = leg.risk
    f.terms = leg.terms
    f.kappa = packing.field16(pool.venue, packing.KAPPA)
    f.ratio = convert(packing.field16(pool.rates, venue_rates.ADL_RATIO), int256)
    accrued: uint256 = carry.accrue(leg.carry, leg.risk)
    before: uint256 = floats.value(leg.carry >> 232)
    s: packing.Sums = packing.unpack_sums(pool.first_sums, pool.second_sums)
    s = pool_risk.replaced(s, leg.book, leg.carry, before, leg.book, accrued, f.at, leg.risk, leg.terms)
    # closing at the mark moves worth from the market to cash and leaves R alone, but for the premium
    worth: int256 = s.v
    s = pool_risk.replaced(s, leg.book, accrued, f.at, 0, 0, 0, leg.risk, leg.terms)
    f.cash = pool.cash
    for stock: IEngine.Leg in pool.inventory:
        seen: IEngine.Leg = stock
        if stock.market == leg.market:
            # without a skew: what nets with it is added when it is known
            seen.book = 0
            f.stock = convert(unsafe_mul(packing.price_of(stock.word), stock.held), int256)
        s, f.cash = pool_risk.with_stock(s, f.cash, seen, True)
        if stock.market == leg.market:
            s = pool_risk.without_netting(s, leg.risk, f.stock)
    f.a = s.a
    f.b = s.b
    f.h = s.h
    f.cash = unsafe_add(f.cash, unsafe_mul(unsafe_sub(worth, convert(s.z, int256)), 10**12))
    return f


@pure
@internal
def surplus(f: Frame, skew: int256) -> int256:
    """
    @notice 1e4 R - q net with the market's skew at `skew` lots: below zero the pool is short.
    """
    a: int256 = 0
    b: uint256 = 0
    h: uint256 = 0
    z: uint256 = 0
    a, b, h, z = pool_risk.of_skew(skew, f.at, f.stock, f.risk, f.terms)
    net: uint256 = pool_risk.net_up(unsafe_add(f.a, a), unsafe_add(f.b, b), unsafe_add(f.h, h), f.kappa)
    equity: int256 = unsafe_sub(f.cash, unsafe_mul(convert(z, int256), 10**12))
    # R < 2^128, net < 2^126, q < 2^16
    return unsafe_sub(unsafe_mul(BPS, equity), unsafe_mul(f.ratio, convert(net, int256)))


@pure
@internal
def check_qualifies(base: int256, worth: int256, price: uint256, skew: int256, threshold: uint256):
    """
    @notice In profit, on the side against the pool, and by at least `threshold` (WAD) of its notional.
    """
    checks.that(base != 0 and (base > 0) == (skew > 0) and skew != 0, "waterfall: not against the pool")
    notional: uint256 = unsafe_mul(convert(abs(base), uint256), price)
    checks.that(
        worth > 0 and convert(worth, uint256) * 10**36 >= notional * threshold,
        "waterfall: others come first",
    )


@pure
@internal
def lots_up(f: Frame, base: int256, skew: int256) -> int256:
    """
    @notice The lots to close, in the sign of the position: the least that give the pool its capital, to a 1024th of the position; all that
            is against the pool if that is not enough; none if nothing is missing.
    """
    whole: int256 = self.surplus(f, skew)
    if whole >= 0:
        return 0
    side: int256 = 1 if skew > 0 else -1
    most: int256 = min(abs(base) // LOT, abs(skew))
    all: int256 = self.surplus(f, skew - side * most)
    if all < 0:
        checks.that(all > whole, "waterfall: does not help")
        return side * most
    low: int256 = 0
    high: int256 = most
    grain: int256 = max(1, most // GRAIN)
    for _i: uint256 in range(16):
        if high - low <= grain:
            break
        middle: int256 = (low + high) // 2
        if self.surplus(f, skew - side * middle) < 0:
            low = middle
        else:
            high = middle
    return side * high
