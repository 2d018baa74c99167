# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title auction: the falling price of the pool's inventory, and amounts at the border of token units
@notice One word an asset, from the least significant bit:
          0 amount last seen uint128 (WAD) | 128 start time uint64 (µs) | 192 duration uint32 (s)
        The discount grows linearly from 0 at the start to the asset's d_c after the duration. What arrives later makes
        the lot younger: its age becomes the mean weighted by amount, where no age counts for more than the duration. So
        does what is sold: it takes its age along, and the rest waits on from there.
"""

from contracts.modules import rounding

U64: constant(uint256) = 2**64 - 1
U128: constant(uint256) = 2**128 - 1
WAD: constant(uint256) = 10**18
BPS: constant(uint256) = 10**4
# times are kept in µs: in whole seconds each arrival of dust would take up to a second off the age
MICROS: constant(uint256) = 10**6


@pure
@internal
def lasting(word: uint256, duration: uint256) -> uint256:
    """
    @notice The word with another duration (seconds, below 2^32).
    """
    return (word & (2**192 - 1)) | (duration << 192)


@pure
@internal
def age_of(word: uint256, amount: uint256, now: uint256) -> uint256:
    """
    @notice Age of the lot in µs once `amount` (WAD, < 2^128) is seen, at most the duration: what is more than before arrives now;
            nothing has no age. now: seconds; the start is never later.
    """
    start: uint256 = (word >> 128) & U64
    age: uint256 = min(unsafe_sub(unsafe_mul(now, MICROS), start), unsafe_mul(word >> 192, MICROS))
    seen: uint256 = word & U128
    if amount != 0 and amount <= seen:
        return age
    # Age < 2^64 and seen < 2^128. Rounded down: the younger lot is dearer. A division by 0 gives 0.
    return unsafe_div(unsafe_mul(age, seen), amount)


@pure
@internal
def observed(word: uint256, amount: uint256, now: uint256) -> uint256:
    """
    @notice The word once `amount` is seen.
    """
    if amount != 0 and amount <= word & U128:
        # an age beyond the duration is kept, which may be set longer
        return ((word >> 128) << 128) | amount
    return self.left(word, amount, amount, self.age_of(word, amount, now), now)


@pure
@internal
def left(word: uint256, amount: uint256, rest: uint256, age: uint256, now: uint256) -> uint256:
    """
    @notice The word when of `amount` at that age the `rest` is left: what was sold has taken its age along.
    """
    # rounded down: the younger lot is dearer
    kept: uint256 = unsafe_div(unsafe_mul(age, rest), amount)
    return ((word >> 192) << 192) | (unsafe_sub(unsafe_mul(now, MICROS), kept) << 128) | rest


@pure
@internal
def share(word: uint256, age: uint256) -> uint256:
    """
    @notice How much of its discount a lot of that age (µs, at most the duration) has reached: WAD, rounded down.
    """
    return unsafe_div(unsafe_mul(age, WAD), unsafe_mul(word >> 192, MICROS))


@pure
@internal
def price_up(price: uint256, discount: uint256, share: uint256) -> uint256:
    """
    @notice `price` (WAD, < 2^96) less a share (WAD, which counts for at most 1) of `discount` (bps, at most 1e4), rounded up.
    """
    # price * 1e22 < 2^170
    rest: uint256 = unsafe_sub(BPS * WAD, unsafe_mul(discount, min(share, WAD)))
    return rounding.ceil_div_unsigned(unsafe_mul(price, rest), BPS * WAD)


@pure
@internal
def portion(amount: uint256, decimals: uint256, most: uint256) -> (uint256, uint256):
    """
    @notice What of `amount` (WAD, < 2^128) can be sold when at most `most` token units are asked for: whole token units that are
            whole WAD units.
    @return Token units, and the same in WAD.
    """
    # decimals is 2 ... 24: no power and no product overflows
    tokens: uint256 = 0
    if decimals <= 18:
        scale: uint256 = 10**unsafe_sub(18, decimals)
        tokens = min(unsafe_div(amount, scale), most)
        return tokens, unsafe_mul(tokens, scale)
    unit: uint256 = 10**unsafe_sub(decimals, 18)
    wad: uint256 = unsafe_div(min(unsafe_mul(amount, unit), most), unit)
    return unsafe_mul(wad, unit), wad
