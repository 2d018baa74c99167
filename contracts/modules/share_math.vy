# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title share_math: what shares of the pool are worth (spec 7)
@notice Beside the real ones there are `virtual` shares, 10^(18-d), which nobody owns and which stand against one unit of assets: they make
        it cost more than it brings to move the price of a share before others come in (I-21).
"""

from snekmate.utils import math


@pure
@internal
def of_assets(assets: uint256, supply: uint256, total: uint256, virtual: uint256, up: bool) -> uint256:
    """
    @notice assets * (supply + virtual) / (total + 1), rounded down for entries, up for exits.
    """
    return math._mul_div(assets, supply + virtual, total + 1, up)


@pure
@internal
def to_assets(
    amount: uint256, supply: uint256, total: uint256, virtual: uint256, unit: uint256, up: bool
) -> uint256:
    """
    @notice amount * (total + 1) / (supply + virtual) in whole `unit`s, rounded down for exits, up for entries.
    """
    exact: uint256 = math._mul_div(amount, total + 1, supply + virtual, up)
    if up:
        exact += unit - 1
    return exact - exact % unit
