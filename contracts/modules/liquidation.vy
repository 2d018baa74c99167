# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title liquidation: how much to close and what it costs (Q-1, Q-2)
"""

from contracts.modules import packing
from contracts.modules import rounding

WAD: constant(uint256) = 10**18
# WAD tokens * WAD price * 1e-6 to WAD quote, and what rounds a division by it up
RATED: constant(uint256) = 10**24
UP: constant(uint256) = 10**24 - 1


@pure
@internal
def rates(base: int256, book: uint256, terms: uint256, venue: uint256) -> uint256[3]:
    """
    @notice Q-2 of a position in 1e-6 of notional, rounded up: what an ordinary close would have cost (to the pool), what
            p_min adds (to the cover pool), and the keeper part.
    """
    # fields read in place: this runs for every position. lots < 2^72, |base| < 2^127: |move| < 2^128, products under 2^148
    longs: int256 = convert(convert(book & packing.U72, bytes32), int256)
    shorts: int256 = convert(convert((book >> 72) & packing.U72, bytes32), int256)
    # closing -base moves along P-3 by (2 skew - base) / (2 scale); a long loses when that is negative
    move: int256 = unsafe_sub(unsafe_mul(unsafe_sub(longs, shorts), 2 * 10**10), base)
    if base > 0:
        move = unsafe_sub(0, move)
    to_pool: uint256 = (terms >> 64) & packing.U16
    if move > 0:
        cost: uint256 = unsafe_mul(convert(convert(move, bytes32), uint256), 10**6)
        twice_scale: uint256 = unsafe_mul(terms & packing.U64, 2 * 10**10)
        to_pool = unsafe_add(to_pool, rounding.ceil_div_unsigned(cost, twice_scale))
    to_pool = min(to_pool, unsafe_mul(100, (venue >> packing.P_MAX) & packing.U16))
    least: uint256 = unsafe_mul(100, (terms >> 112) & packing.U16)
    to_cover: uint256 = unsafe_sub(max(least, to_pool), to_pool)
    return [to_pool, to_cover, (venue >> packing.KEEPER_PART) & packing.U16]


@pure
@internal
def favoured(word: uint256, position: uint256, held: uint256, risk: uint256) -> uint256:
    """
    @notice The word of a dead leg with its price moved by w of its market in the favour of whoever holds position and collateral.
    """
    price: uint256 = packing.price_of(word)
    moved: uint256 = rounding.ceil_div_unsigned(unsafe_mul(price, packing.risk_w(risk)), 10**4)
    # price < 2^84, w <= 1, |base| and held < 2^128
    exposed: int256 = unsafe_add(packing.position_base(position), convert(held, int256))
    if exposed == 0:
        return word
    return unsafe_add(word, moved) if exposed > 0 else unsafe_sub(word, min(moved, price))


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
def charged(charges: uint256[3], base: int256, price: uint256, rates: uint256[3]) -> uint256[3]:
    """
    @notice Three charges, each more by `charge_up` at its rate.
    """
    # |base| < 2^127, price < 2^96, rates < 2^24: products under 2^247, sixteen charges under 2^172
    notional: uint256 = unsafe_mul(convert(abs(base), uint256), price)
    return [
        unsafe_add(charges[0], unsafe_div(unsafe_add(unsafe_mul(notional, rates[0]), UP), RATED)),
        unsafe_add(charges[1], unsafe_div(unsafe_add(unsafe_mul(notional, rates[1]), UP), RATED)),
        unsafe_add(charges[2], unsafe_div(unsafe_add(unsafe_mul(notional, rates[2]), UP), RATED)),
    ]


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
