# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title auction: the falling price of the pool's inventory, and amounts at the border of token units
@notice One word an asset, from the least significant bit:
          0 amount last seen uint128 (WAD) | 128 start time uint64 (µs)
        The discount grows linearly from 0 at the start to the asset's d_c after the duration. What arrives later makes
        the lot younger: its age becomes the mean weighted by amount, where no age counts for more than the duration. So
        does what is sold: it takes its age along, and the rest waits on from there.
"""

from contracts.modules import rounding

U128: constant(uint256) = 2**128 - 1
WAD: constant(uint256) = 10**18
# times are kept in µs: in whole seconds each arrival of dust would take up to a second off the age
MICROS: constant(uint256) = 10**6


@pure
@internal
def age_of(word: uint256, now: uint256, duration: uint256) -> uint256:
    """
    @notice Age of the lot in µs, at most the duration. now, duration: seconds; the start is never later than now.
    """
    return min(unsafe_sub(unsafe_mul(now, MICROS), word >> 128), unsafe_mul(duration, MICROS))


@pure
@internal
def observed(word: uint256, amount: uint256, now: uint256, duration: uint256) -> uint256:
    """
    @notice The word once `amount` (WAD, < 2^128) is seen: what is more than before arrives now; nothing has no age.
    """
    seen: uint256 = word & U128
    if amount != 0 and amount <= seen:
        return ((word >> 128) << 128) | amount
    # Age < 2^64 and seen < 2^128. Rounded down: the younger lot is dearer. A division by 0 gives 0.
    age: uint256 = unsafe_div(unsafe_mul(self.age_of(word, now, duration), seen), amount)
    return amount | (unsafe_sub(unsafe_mul(now, MICROS), age) << 128)


@pure
@internal
def left(word: uint256, amount: uint256, now: uint256, duration: uint256) -> uint256:
    """
    @notice The word when `amount` is left of the lot after a sale: the age of what was sold is gone.
    """
    # rounded down: the younger lot is dearer
    age: uint256 = unsafe_div(unsafe_mul(self.age_of(word, now, duration), amount), word & U128)
    return amount | (unsafe_sub(unsafe_mul(now, MICROS), age) << 128)


@pure
@internal
def price_up(price: uint256, discount: uint256, age: uint256, duration: uint256) -> uint256:
    """
    @notice `price` less what of `discount` (bps) a lot of that age (µs) has reached, WAD, rounded up.
    """
    # discount * age < 2^80, price < 2^96
    full: uint256 = unsafe_mul(unsafe_mul(duration, MICROS), 10**4)
    rest: uint256 = unsafe_sub(full, unsafe_mul(discount, age))
    return rounding.ceil_div_unsigned(unsafe_mul(price, rest), full)


@pure
@internal
def cost_up(amount: uint256, price: uint256) -> uint256:
    """
    @notice WAD quote for `amount` (WAD, < 2^128) at `price` (WAD, < 2^96), rounded up.
    """
    return rounding.ceil_div_unsigned(unsafe_mul(amount, price), WAD)


@pure
@internal
def tokens_down(amount: uint256, decimals: uint256) -> uint256:
    """
    @notice Token units of a WAD amount, rounded down; whole WAD units where the token has more than 18 decimals.
    """
    if decimals <= 18:
        return unsafe_div(amount, 10**unsafe_sub(18, decimals))
    return amount * 10**unsafe_sub(decimals, 18)


@pure
@internal
def tokens_up(amount: uint256, decimals: uint256) -> uint256:
    """
    @notice The same, rounded up.
    """
    if decimals <= 18:
        return rounding.ceil_div_unsigned(amount, 10**unsafe_sub(18, decimals))
    return amount * 10**unsafe_sub(decimals, 18)


@pure
@internal
def wad_down(tokens: uint256, decimals: uint256) -> uint256:
    """
    @notice WAD amount of token units, rounded down.
    """
    if decimals <= 18:
        return tokens * 10**unsafe_sub(18, decimals)
    return unsafe_div(tokens, 10**unsafe_sub(decimals, 18))
