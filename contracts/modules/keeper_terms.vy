# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title keeper_terms: the Liquidator's terms in one word
@notice From the least significant bit:
          0 flat uint96 (WAD quote) | 96 gas units uint32 | 128 native uint8 | 136 auction duration uint32 (s)
"""

from contracts.modules import packing
from interfaces import ILiquidator

MAX_FLAT: constant(uint256) = 1_000 * 10**18
MAX_GAS_UNITS: constant(uint256) = 10_000_000
MIN_DURATION: constant(uint256) = 60
MAX_DURATION: constant(uint256) = 7 * 86_400


@pure
@internal
def checked(terms: ILiquidator.Terms) -> uint256:
    """
    @notice The word of terms within their bounds.
    """
    assert terms.flat <= MAX_FLAT, "liquidator: flat out of bounds"
    assert terms.gas_units <= MAX_GAS_UNITS, "liquidator: gas out of bounds"
    assert terms.native < 32, "liquidator: no such market"
    long_enough: bool = terms.auction_duration >= MIN_DURATION
    assert long_enough and terms.auction_duration <= MAX_DURATION, "liquidator: bad duration"
    head: uint256 = (terms.native << 128) | (terms.auction_duration << 136)
    return terms.flat | (terms.gas_units << 96) | head


@pure
@internal
def decoded(word: uint256) -> ILiquidator.Terms:
    """
    @notice The terms in a word.
    """
    return ILiquidator.Terms(
        flat=word & packing.U96,
        gas_units=self.gas_units(word),
        native=self.native(word),
        auction_duration=(word >> 136) & packing.U32,
    )


@pure
@internal
def gas_units(word: uint256) -> uint256:
    return (word >> 96) & packing.U32


@pure
@internal
def native(word: uint256) -> uint256:
    """
    @notice Underlying id of the gas token.
    """
    return (word >> 128) & packing.U8
