# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title carry: funding and borrow of a market, by side (F-1, F-2)
"""

from contracts.modules import floats
from contracts.modules import packing
from contracts.modules import rounding

DAY: constant(int256) = 86400
SKEW_ONE: constant(int256) = 2**19
# 2 (trapezoid) * seconds a day * 1e9 (rate) * 1e7 (WAD to index)
INDEX_DIVISOR: constant(int256) = 2 * 86400 * 10**16


@pure
@internal
def _clamp(x: int256, bound: int256) -> int256:
    return min(max(x, -bound), bound)


@pure
@internal
def _paid(word: uint256, risk: uint256, dt: int256) -> (int256, int256, int256):
    """
    @notice F-1 over dt seconds: price times funding area, price times borrow (both over INDEX_DIVISOR), and the rate at the end.
    @dev The hottest formula of the venue: fields are read in place. |rate| < 2^30, |velocity * skew| < 2^54, dt < 2^32,
         price < 2^89: every product stays under 2^200. The stored rate lies within the clamp (`clamped` sees to it).
    """
    start: int256 = convert(convert(word << 66, bytes32), int256) >> 226
    bound: int256 = convert(convert(unsafe_mul((risk >> 36) & packing.U14, 10**5), bytes32), int256)
    velocity: int256 = convert(convert(unsafe_mul(risk >> 50, 10**6), bytes32), int256)
    num: int256 = unsafe_mul(velocity, convert(convert(word << 46, bytes32), int256) >> 236)
    end: int256 = unsafe_add(start, unsafe_div(unsafe_mul(num, dt), SKEW_ONE * DAY))
    area: int256 = unsafe_mul(unsafe_add(start, end), dt)
    if end > bound or end < unsafe_sub(0, bound):
        end = bound if num > 0 else unsafe_sub(0, bound)
        rising: int256 = unsafe_div(unsafe_mul(unsafe_sub(end, start), SKEW_ONE * DAY), num)
        area = unsafe_mul(unsafe_add(start, end), rising)
        area = unsafe_add(area, unsafe_mul(unsafe_mul(2, end), unsafe_sub(dt, rising)))
    price: int256 = convert(
        convert(((word >> 232) & floats.MANTISSA) << unsafe_add((word >> 250), 8), bytes32), int256
    )
    borrow: int256 = convert(convert(unsafe_mul(2000, (word >> 210) & packing.U14), bytes32), int256)
    return unsafe_mul(price, area), unsafe_mul(price, unsafe_mul(borrow, dt)), end


@view
@internal
def index_now(word: uint256, risk: uint256, long: bool) -> int256:
    """
    @notice WAD carry index of one side at this block.
    """
    index: int256 = convert(convert((word if long else word >> 64) << 192, bytes32), int256) >> 192
    since: uint256 = (word >> 128) & packing.U32
    if since != block.timestamp:
        funding: int256 = 0
        borrow: int256 = 0
        end: int256 = 0
        funding, borrow, end = self._paid(
            word, risk, convert(convert(unsafe_sub(block.timestamp, since), bytes32), int256)
        )
        # up for longs, down for shorts, but division truncates
        growth: int256 = 0
        if long:
            growth = unsafe_add(funding, borrow)
            if growth > 0:
                growth = unsafe_add(growth, INDEX_DIVISOR - 1)
        else:
            growth = unsafe_sub(funding, borrow)
            if growth < 0:
                growth = unsafe_sub(growth, INDEX_DIVISOR - 1)
        index = unsafe_add(index, unsafe_div(growth, INDEX_DIVISOR))
    return unsafe_mul(index, 10**7)


@view
@internal
def accrue(word: uint256, risk: uint256) -> uint256:
    """
    @notice The carry word brought to this block (F-1). Same second, or carry stopped for good: same word.
    """
    since: uint256 = (word >> 128) & packing.U32
    if since == block.timestamp or since == 0:
        return word
    funding: int256 = 0
    borrow: int256 = 0
    rate: int256 = 0
    dt: uint256 = unsafe_sub(block.timestamp, since)
    funding, borrow, rate = self._paid(word, risk, convert(dt, int256))
    long_growth: int256 = rounding.ceil_div(unsafe_add(funding, borrow), INDEX_DIVISOR)
    short_growth: int256 = rounding.floor_div(unsafe_sub(funding, borrow), INDEX_DIVISOR)
    return packing.replace_accrued(
        word,
        unsafe_add(convert(convert(word << 192, bytes32), int256) >> 192, long_growth),
        unsafe_add(convert(convert((word >> 64) << 192, bytes32), int256) >> 192, short_growth),
        block.timestamp,
        rate,
    )


@pure
@internal
def stopped(word: uint256, price: uint256) -> uint256:
    """
    @notice The carry word of a market settled at `price` (W-3), which keeps its 18 leading bits: carry has stopped.
    """
    return (word & packing.U128) | (floats.of(price) << 232)


@pure
@internal
def clamped(word: uint256, risk: uint256) -> uint256:
    """
    @notice The carry word with its funding rate inside the clamp of `risk`.
    """
    rate: int256 = self._clamp(packing.signed(word >> 160, 30), packing.risk_clamp(risk))
    return packing.replace_accrued(
        word, packing.signed(word, 64), packing.signed(word >> 64, 64), (word >> 128) & packing.U32, rate
    )


@pure
@internal
def skew_fraction(skew: int256, scale: int256) -> int256:
    """
    @notice k of F-1: skew over skew scale (both lots) in 2^-19, truncated, clamped to one.
    """
    k: int256 = unsafe_div(unsafe_mul(skew, SKEW_ONE), scale)
    if k >= SKEW_ONE:
        return SKEW_ONE - 1
    if k <= -SKEW_ONE:
        return 1 - SKEW_ONE
    return k


@pure
@internal
def borrow_rate(utilisation: uint256, rates: uint256) -> uint256:
    """
    @notice F-2: 1e-6 a day, rounded up, for a normalised utilisation in WAD (1 = at the cap).
    """
    u: uint256 = min(utilisation, 2**64)
    kink: uint256 = unsafe_mul(packing.field16(rates, 112), 10**14)
    low: uint256 = unsafe_mul(packing.field16(rates, 80), min(u, kink))
    high: uint256 = unsafe_mul(packing.field16(rates, 96), unsafe_sub(max(u, kink), kink))
    rate: uint256 = unsafe_add(
        packing.field16(rates, 64), rounding.ceil_div_unsigned(unsafe_add(low, high), 10**18)
    )
    return min(rate, 2**14 - 1)
