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
    lots: int256 = convert(
        rounding.ceil_div_unsigned(unsafe_mul(convert(abs(base), uint256), f), 10**28), int256
    )
    size: int256 = min(unsafe_mul(lots, 10**10), abs(base))
    return -size if base > 0 else size
