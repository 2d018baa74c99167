# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title sequencer: whether the chain's own sequencer is down, or came back a moment ago
@notice Reads a Chainlink L2 uptime feed: answer 0 is up, anything else down; `startedAt` is when that began. While it was down nobody
        could act, so prices jump when it is back. No feed can make the read revert or burn more than chainlink.GAS_CAP; what
        cannot be read counts as down.
"""

from contracts.modules import chainlink
from contracts.modules import checks

# s
GRACE: constant(uint256) = 900
# in a price word, see packing.vy: liquidations wait
GRACE_BIT: constant(uint256) = 1 << 255

SEQUENCER: public(immutable(address))


@deploy
def __init__(sequencer: address):
    """
    @param sequencer The uptime feed, up or down but readable ("oracle: sequencer unreadable"); zero on a chain without one.
    """
    if sequencer != empty(address):
        readable: bool = False
        since: uint256 = 0
        readable, since = self._up_since(sequencer)
        checks.that(readable, "oracle: sequencer unreadable")
    SEQUENCER = sequencer


@view
@internal
def grace_bit() -> uint256:
    """
    @notice GRACE_BIT while the sequencer is down, cannot be asked, or came back less than GRACE seconds ago; else 0.
            To be asked where there is a feed: the call would cost every refresh of the other chains.
    """
    readable: bool = False
    since: uint256 = 0
    readable, since = self._up_since(SEQUENCER)
    # down is up from the end of time on
    if since > block.timestamp or unsafe_sub(block.timestamp, since) < GRACE:
        return GRACE_BIT
    return 0


@view
@internal
def _up_since(feed: address) -> (bool, uint256):
    """
    @notice Whether the feed can be read, and since when it says up: 2^256 - 1 for down or unreadable.
    """
    ok: bool = False
    data: Bytes[160] = b""
    ok, data = raw_call(
        feed,
        chainlink.LATEST_ROUND,
        max_outsize=160,
        gas=chainlink.GAS_CAP,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not ok or len(data) != 160:
        return False, max_value(uint256)
    id: uint256 = 0
    answer: uint256 = 0
    started: uint256 = 0
    time: uint256 = 0
    answered_in: uint256 = 0
    id, answer, started, time, answered_in = abi_decode(data, (uint256, uint256, uint256, uint256, uint256))
    # a round that never began
    if started == 0:
        return False, max_value(uint256)
    return True, started if answer == 0 else max_value(uint256)
