# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Search: the search of W-2 behind an external function, with what it costs
"""

from contracts.modules import deleveraging


@external
def lots_up(f: deleveraging.Frame, base: int256, skew: int256) -> (int256, uint256):
    """
    @return The lots to close, and the gas of the search.
    """
    before: uint256 = msg.gas
    lots: int256 = deleveraging.lots_up(f, base, skew)
    return lots, before - msg.gas


@external
def surplus(f: deleveraging.Frame, skew: int256) -> int256:
    return deleveraging.surplus(f, skew)
