# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title sizing: the trade that closes a fraction of a position
"""

from contracts.modules import rounding


@pure
@internal
def closing_size(base: int256, f: uint256) -> int256:
    """
    @notice The trade that closes `f` of a position: whole lots, rounded up, opposite in sign.
    """
    # |base| < 2^127 and f <= 1e18: the product fits, and so does what is rounded up to lots
    whole: uint256 = convert(abs(base), uint256)
    lots: uint256 = rounding.ceil_div_unsigned(unsafe_mul(whole, f), 10**28)
    size: int256 = convert(convert(min(unsafe_mul(lots, 10**10), whole), bytes32), int256)
    return unsafe_sub(0, size) if base > 0 else size
