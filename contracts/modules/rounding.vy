# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title rounding: division with the direction in the name
@notice Denominators are positive. Vyper's own `//` truncates signed values, which favours nobody in particular.
"""


@pure
@internal
def floor_div(a: int256, b: int256) -> int256:
    """
    @notice a / b towards minus infinity, for b > 0.
    """
    if a < 0:
        return unsafe_sub(unsafe_div(unsafe_add(a, 1), b), 1)
    return unsafe_div(a, b)


@pure
@internal
def ceil_div(a: int256, b: int256) -> int256:
    """
    @notice a / b towards plus infinity, for b > 0.
    """
    if a > 0:
        return unsafe_add(unsafe_div(unsafe_sub(a, 1), b), 1)
    return unsafe_div(a, b)


@pure
@internal
def ceil_div_unsigned(a: uint256, b: uint256) -> uint256:
    """
    @notice a / b rounded up, for b > 0 and a + b < 2^256.
    """
    return unsafe_div(unsafe_add(a, unsafe_sub(b, 1)), b)


@pure
@internal
def ceil_sqrt(a: uint256) -> uint256:
    """
    @notice The smallest r with r^2 >= a.
    """
    r: uint256 = isqrt(a)
    if unsafe_mul(r, r) != a:
        r = unsafe_add(r, 1)
    return r
