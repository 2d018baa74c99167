# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title pricing: fill price, fee, and what a trade does to a position and to its market's book (P-1 … P-4)
"""

from contracts.modules import packing
from contracts.modules import rounding

WAD: constant(int256) = 10**18
LOT: constant(int256) = 10**10
INDEX_TO_WAD: constant(int256) = 10**7
MILLION: constant(int256) = 10**6


@pure
@internal
def fill_price(price: uint256, skew: int256, lots: int256, scale: int256, spread: uint256) -> uint256:
    """
    @notice P-3: WAD price of trading `lots` against `skew` (lots), spread in 1e-6; up for buys, down for sells.
            0 when the market has no such depth.
    """
    # lots < 2^72 (sizes < 2^128), price < 2^84, spread < 2^16: products under 2^240
    depth: int256 = unsafe_mul(2, scale)
    factor: int256 = unsafe_add(unsafe_add(depth, unsafe_mul(2, skew)), lots)
    if factor <= 0:
        return 0
    s: int256 = convert(spread, int256)
    exact: int256 = unsafe_mul(
        unsafe_mul(convert(price, int256), factor), unsafe_add(MILLION, s if lots > 0 else -s)
    )
    if lots > 0:
        return convert(rounding.ceil_div(exact, unsafe_mul(depth, MILLION)), uint256)
    return convert(rounding.floor_div(exact, unsafe_mul(depth, MILLION)), uint256)


@pure
@internal
def fee_up(price: uint256, skew: int256, lots: int256, terms: uint256) -> int256:
    """
    @notice Maker rate on the part that narrows the skew, taker on the rest; WAD quote, rounded up.
    """
    size: int256 = abs(lots)
    narrowing: int256 = 0
    if (lots > 0) != (skew > 0):
        narrowing = min(size, abs(skew))
    taker: int256 = convert(packing.field16(terms, 64), int256)
    maker: int256 = convert(packing.field16(terms, 80), int256)
    weighted: int256 = unsafe_add(
        unsafe_mul(maker, narrowing), unsafe_mul(taker, unsafe_sub(size, narrowing))
    )
    # lots carry 1e-8, rates 1e-6
    return rounding.ceil_div(unsafe_mul(convert(price, int256), weighted), 10**14)


@pure
@internal
def index_of(carry: uint256, base: int256) -> int256:
    """
    @notice WAD carry index of the side that `base` is on.
    """
    word: uint256 = carry if base > 0 else carry >> 64
    return unsafe_mul(convert(convert(word << 192, bytes32), int256) >> 192, INDEX_TO_WAD)


@pure
@internal
def value_down(base: int256, quote: int256, price: uint256, index: int256) -> int256:
    """
    @notice P-2. |base| < 2^127 and |price - index| < 2^90: the product fits.
    """
    return unsafe_add(
        rounding.floor_div(unsafe_mul(base, unsafe_sub(convert(price, int256), index)), WAD), quote
    )


@pure
@internal
def apply(position: uint256, size: int256, price: uint256, carry: uint256) -> (uint256, int256):
    """
    @notice P-1: the position after `size` (WAD) at fill `price`, and the cash it realises. Crossing zero closes, then opens.
    """
    # |base|, |quote|, |size| < 2^127 and |price - index| < 2^91: products under 2^255; pack_position checks the result
    base: int256 = convert(convert(position << 128, bytes32), int256) >> 128
    quote: int256 = convert(convert(position, bytes32), int256) >> 128
    p: int256 = convert(price, int256)
    realised: int256 = 0
    opening: int256 = size
    if base != 0 and (base > 0) != (size > 0):
        whole: int256 = abs(base)
        part: int256 = min(abs(size), whole)
        closing: int256 = part if base < 0 else unsafe_sub(0, part)
        opening = unsafe_sub(size, closing)
        out: int256 = rounding.floor_div(unsafe_mul(quote, part), whole)
        paid: int256 = rounding.ceil_div(unsafe_mul(closing, unsafe_sub(p, self.index_of(carry, base))), WAD)
        realised = unsafe_sub(out, paid)
        base = unsafe_add(base, closing)
        quote = unsafe_sub(quote, out)
    if opening != 0:
        base = unsafe_add(base, opening)
        paid: int256 = rounding.ceil_div(
            unsafe_mul(opening, unsafe_sub(p, self.index_of(carry, opening))), WAD
        )
        quote = unsafe_sub(quote, paid)
    return packing.pack_position(base, quote), realised


@pure
@internal
def moved_book(book: uint256, before: uint256, after: uint256) -> uint256:
    """
    @notice The market's book when one of its positions goes from `before` to `after`.
    """
    # fields read in place: this runs at every touch
    old: int256 = unsafe_div(convert(convert(before << 128, bytes32), int256) >> 128, LOT)
    new: int256 = unsafe_div(convert(convert(after << 128, bytes32), int256) >> 128, LOT)
    longs: int256 = convert(convert(book & packing.U72, bytes32), int256)
    shorts: int256 = convert(convert((book >> 72) & packing.U72, bytes32), int256)
    if old > 0:
        longs = unsafe_sub(longs, old)
    else:
        shorts = unsafe_add(shorts, old)
    if new > 0:
        longs = unsafe_add(longs, new)
    else:
        shorts = unsafe_sub(shorts, new)
    quote: int256 = unsafe_sub(
        convert(convert(after, bytes32), int256) >> 128, convert(convert(before, bytes32), int256) >> 128
    )
    return packing.pack_book(longs, shorts, unsafe_add(convert(convert(book, bytes32), int256) >> 144, quote))


@pure
@internal
def pool_value_down(book: uint256, carry: uint256, price: uint256) -> int256:
    """
    @notice P-4: the pool's side of a market, WAD quote.
    """
    # lots are 1e10 WAD, so WAD / LOT = 1e8
    p: int256 = convert(convert(price, bytes32), int256)
    longs: int256 = convert(convert(book & packing.U72, bytes32), int256)
    shorts: int256 = convert(convert((book >> 72) & packing.U72, bytes32), int256)
    long_index: int256 = convert(convert(carry << 192, bytes32), int256) >> 192
    short_index: int256 = convert(convert((carry >> 64) << 192, bytes32), int256) >> 192
    longs = unsafe_mul(longs, unsafe_sub(p, unsafe_mul(long_index, INDEX_TO_WAD)))
    shorts = unsafe_mul(shorts, unsafe_sub(p, unsafe_mul(short_index, INDEX_TO_WAD)))
    # minus what is owed rounded up is what is due rounded down, but division truncates
    due: int256 = unsafe_sub(shorts, longs)
    if due < 0:
        due = unsafe_sub(due, 10**8 - 1)
    return unsafe_sub(unsafe_div(due, 10**8), convert(convert(book, bytes32), int256) >> 144)
