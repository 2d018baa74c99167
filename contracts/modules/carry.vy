# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title carry: funding and borrow of a market, by side (F-1, F-2)
"""

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


@view
@internal
def accrued(word: uint256, risk: uint256) -> (int256, int256, int256):
    """
    @notice F-1: the long index, the short index (1e-11 quote per base) and the funding rate (1e-9 a day) at this block,
            from the stored rates and price. The hottest formula of the venue: fields are read in place.
    @dev |rate| < 2^30, |velocity * skew| < 2^54, dt < 2^32, price < 2^89: every product stays under 2^200.
    """
    long_index: int256 = convert(convert(word << 192, bytes32), int256) >> 192
    short_index: int256 = convert(convert((word >> 64) << 192, bytes32), int256) >> 192
    end: int256 = convert(convert(word << 66, bytes32), int256) >> 226
    dt: int256 = convert(unsafe_sub(block.timestamp, (word >> 128) & packing.U32), int256)
    if dt == 0:
        return long_index, short_index, end
    bound: int256 = convert(unsafe_mul((risk >> 36) & packing.U14, 10**5), int256)
    start: int256 = end  # within the clamp: the PositionManager re-clamps it when the clamp changes
    num: int256 = unsafe_mul(
        convert(unsafe_mul((risk >> 50) & packing.U14, 10**6), int256),
        convert(convert(word << 46, bytes32), int256) >> 236,
    )
    end = unsafe_add(start, unsafe_div(unsafe_mul(num, dt), SKEW_ONE * DAY))
    area: int256 = unsafe_mul(unsafe_add(start, end), dt)
    if abs(end) > bound:
        end = bound if num > 0 else -bound
        rising: int256 = unsafe_div(unsafe_mul(unsafe_sub(end, start), SKEW_ONE * DAY), num)
        area = unsafe_mul(unsafe_add(start, end), rising)
        area = unsafe_add(area, unsafe_mul(unsafe_mul(2, end), unsafe_sub(dt, rising)))
    price: int256 = convert(((word >> 232) & packing.U18) << unsafe_add((word >> 250), 8), int256)
    borrow: int256 = unsafe_mul(convert(unsafe_mul(2000, (word >> 210) & packing.U14), int256), dt)
    long_index = unsafe_add(long_index, rounding.ceil_div(unsafe_mul(price, unsafe_add(area, borrow)), INDEX_DIVISOR))
    short_index = unsafe_add(short_index, rounding.floor_div(unsafe_mul(price, unsafe_sub(area, borrow)), INDEX_DIVISOR))
    return long_index, short_index, end


@view
@internal
def accrue(word: uint256, risk: uint256) -> uint256:
    """
    @notice The carry word brought to this block (F-1). Same second, same word.
    """
    if (word >> 128) & packing.U32 == block.timestamp:
        return word
    long_index: int256 = 0
    short_index: int256 = 0
    rate: int256 = 0
    long_index, short_index, rate = self.accrued(word, risk)
    return packing.replace_accrued(word, long_index, short_index, block.timestamp, rate)


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
    return self._clamp(unsafe_div(unsafe_mul(skew, SKEW_ONE), scale), SKEW_ONE - 1)


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
    rate: uint256 = unsafe_add(packing.field16(rates, 64), rounding.ceil_div_unsigned(unsafe_add(low, high), 10**18))
    return min(rate, 2**14 - 1)
