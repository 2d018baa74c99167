# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title liquidation: how much to close and what it costs (Q-1, Q-2)
"""

from contracts.modules import packing
from contracts.modules import rounding

WAD: constant(uint256) = 10**18


@pure
@internal
def rates(base: int256, book: uint256, terms: uint256, venue: uint256) -> uint256[3]:
    """
    @notice Q-2 of a position in 1e-6 of notional, rounded up: what an ordinary close would have cost (to the pool), what
            p_min adds (to the cover fund), and the keeper part.
    """
    skew: int256 = unsafe_mul(unsafe_sub(packing.book_long(book), packing.book_short(book)), 10**10)
    scale: int256 = unsafe_mul(packing.terms_scale(terms), 2 * 10**10)
    # closing -base moves along P-3 by (2 skew - base) / (2 scale); a long loses when that is negative
    move: int256 = unsafe_sub(unsafe_mul(2, skew), base)
    cost: int256 = max(-move if base > 0 else move, 0)
    impact: uint256 = convert(rounding.ceil_div(unsafe_mul(cost, 10**6), scale), uint256)
    most: uint256 = unsafe_mul(100, packing.field16(venue, packing.P_MAX))
    to_pool: uint256 = min(unsafe_add(impact, packing.field16(terms, 64)), most)
    least: uint256 = unsafe_mul(100, packing.field16(terms, 112))
    return [to_pool, unsafe_sub(max(least, to_pool), to_pool), packing.field16(venue, packing.KEEPER_PART)]


@pure
@internal
def charge_up(base: int256, price: uint256, rate: uint256) -> uint256:
    """
    @notice `rate` (1e-6) of the notional of `base` at `price`, WAD, rounded up.
    """
    return rounding.ceil_div_unsigned(
        unsafe_mul(unsafe_mul(convert(abs(base), uint256), price), rate), 10**24
    )


@pure
@internal
def fraction_up(equity: int256, raw: uint256, penalty: uint256, cost: uint256, venue: uint256) -> uint256:
    """
    @notice Q-1: the fraction of the book that restores E = h * MM, WAD, rounded up; WAD (all of it) where a slice cannot.
    @param penalty Pen of Q-1, at full size. @param cost K.
    """
    # requirements and penalties are under 2^112 WAD
    due: int256 = convert(unsafe_add(penalty, cost), int256)
    if equity <= due:
        return WAD
    target: uint256 = rounding.ceil_div_unsigned(unsafe_mul(raw, packing.field16(venue, packing.H)), 10**4)
    if target <= penalty:
        return WAD
    missing: int256 = max(unsafe_sub(convert(unsafe_add(target, cost), int256), equity), 0)
    f: uint256 = rounding.ceil_div_unsigned(
        unsafe_mul(convert(missing, uint256), WAD), unsafe_sub(target, penalty)
    )
    if f >= WAD or unsafe_mul(unsafe_sub(WAD, f), raw) < unsafe_mul(packing.venue_min_margin(venue), WAD):
        return WAD
    return f


@pure
@internal
def share_up(amount: uint256, f: uint256) -> uint256:
    """
    @notice `f` (WAD) of an amount, rounded up.
    """
    return rounding.ceil_div_unsigned(unsafe_mul(amount, f), WAD)
