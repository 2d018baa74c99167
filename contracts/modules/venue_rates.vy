# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title venue_rates: the venue's rates word, its layout and its readers
@notice From the least significant bit:
          0 cap net | 16 cap gross | 32 exit cap net | 48 exit cap gross uint16 (bps) |
          64 borrow base | 80 slope 1 | 96 slope 2 uint16 (1e-6 a day) | 112 kink uint16 (bps) |
          128 cooldown of the pool | 144 of the cover pool uint16 (minutes) | 160 cover share | 176 ADL ratio uint16 (bps) |
          192 grace until uint40 (unix s) | 232 flags uint8
        Written by the Configurator (parameters.vy); a field of 16 bits is read with packing.field16.
"""

from contracts.modules import packing

COVER_SHARE: constant(uint256) = 160
ADL_RATIO: constant(uint256) = 176

# bits of the flags, by their place in the word
PAUSED: constant(uint256) = 232
SHUTTING_DOWN: constant(uint256) = 233
CLAIMS_OPEN: constant(uint256) = 234
LAST_PRICES: constant(uint256) = 235


@pure
@internal
def has(word: uint256, flag: uint256) -> bool:
    """
    @notice Whether a flag is set.
    """
    return (word >> flag) & 1 == 1


@pure
@internal
def grace_until(word: uint256) -> uint256:
    """
    @notice No liquidation before that second.
    """
    return (word >> 192) & packing.U40


@pure
@internal
def withheld(word: uint256) -> bool:
    """
    @notice Whether quote may not leave accounts: a shutdown has begun, and what is left has not been counted yet.
    """
    return (word >> SHUTTING_DOWN) & 3 == 1
