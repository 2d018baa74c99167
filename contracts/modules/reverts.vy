# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title reverts: reading why a low-level call failed
"""

# selector, offset, length and 64 bytes of text of Error(string): enough for every reason of ours
MAX_SIZE: constant(uint256) = 132


@pure
@internal
def reason_of(data: Bytes[MAX_SIZE]) -> String[64]:
    """
    @notice The reason in the revert data of a call; empty when there is none: no gas left, arithmetic, a locked contract.
    @param data The first MAX_SIZE bytes of it. Nothing in them can make this revert.
    """
    if len(data) < 100 or slice(data, 0, 4) != method_id("Error(string)"):
        return ""
    size: uint256 = convert(extract32(data, 36), uint256)
    if extract32(data, 4) != convert(32, bytes32) or size > 64 or size > unsafe_sub(len(data), 68):
        return ""
    return abi_decode(slice(data, 4, unsafe_sub(len(data), 4)), String[64])


@pure
@internal
def spoken(reason: String[64]) -> String[64]:
    """
    @notice The reason, or words for its absence.
    """
    return reason if reason != "" else "orders: failed without a reason"
