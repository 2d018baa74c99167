# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title bits: walking a bitmap of at most 32 ids from the lowest set bit upwards
@notice A loop over all 32 ids costs more than reading the few that are set.
"""

# Five bits at 5 * (2^i mod 37) hold i: the remainders of 2^0 ... 2^31 by 37 all differ.
INDEX: constant(uint256) = 28507754684909926779703069327497961803097624868629054464


@pure
@internal
def lowest(bits: uint256) -> uint256:
    """
    @notice Index of the lowest set bit of a bitmap that is not 0 and has no bit above 31.
    """
    return (INDEX >> unsafe_mul((bits & unsafe_sub(0, bits)) % 37, 5)) & 31


@pure
@internal
def without_lowest(bits: uint256) -> uint256:
    """
    @notice The bitmap less its lowest set bit.
    """
    return bits & unsafe_sub(bits, 1)


@pure
@internal
def count(bits: uint256) -> uint256:
    """
    @notice Number of set bits.
    """
    n: uint256 = 0
    left: uint256 = bits
    for _i: uint256 in range(32):
        if left == 0:
            break
        left = left & unsafe_sub(left, 1)
        n = unsafe_add(n, 1)
    return n
