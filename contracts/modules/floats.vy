# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title floats: the 24 bits in which a market keeps the price of its last touch
@notice Mantissa in the low 18 bits, exponent less 8 in the high 6.
"""

MANTISSA: constant(uint256) = 2**18 - 1


@pure
@internal
def value(f: uint256) -> uint256:
    """
    @notice Value of a float24: mantissa in the low 18 bits, exponent - 8 in the high 6.
    """
    return (f & MANTISSA) << unsafe_add((f >> 18) & 63, 8)


@pure
@internal
def near(e: uint256, x: uint256) -> uint256:
    """
    @notice `of` tried first with the exponent field of an earlier price: most prices keep it.
    """
    m: uint256 = x >> unsafe_add(e, 8)
    # only the right exponent leaves exactly 18 bits
    if m >> 17 == 1:
        return m | (e << 18)
    return self.of(x)


@pure
@internal
def of(x: uint256) -> uint256:
    """
    @notice The 18 leading bits of x, rounded down. x is 0 or in [2^25, 2^89): any price the oracle accepts is.
    """
    if x == 0:
        return 0
    # a binary search for the exponent, written out
    e: uint256 = 8
    if x >> 57 != 0:
        e = 40
    if x >> unsafe_add(e, 33) != 0:
        e = unsafe_add(e, 16)
    if x >> unsafe_add(e, 25) != 0:
        e = unsafe_add(e, 8)
    if x >> unsafe_add(e, 21) != 0:
        e = unsafe_add(e, 4)
    if x >> unsafe_add(e, 19) != 0:
        e = unsafe_add(e, 2)
    if x >> unsafe_add(e, 18) != 0:
        e = unsafe_add(e, 1)
    return (x >> e) | (unsafe_sub(e, 8) << 18)
