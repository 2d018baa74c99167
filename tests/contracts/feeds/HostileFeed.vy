# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title HostileFeed: a price source with eight decimals that misbehaves as told
"""

# return the reply as it is, whatever its length
REPLY: constant(uint256) = 0
# revert with the reply
REVERT: constant(uint256) = 1
# burn all gas at once
BOMB: constant(uint256) = 2
# burn all gas in a loop
SPIN: constant(uint256) = 3
# return the reply and 32 kB more
HUGE: constant(uint256) = 4
# call back into the reader, which must work, then return the reply
REENTER: constant(uint256) = 5

WORDS: constant(uint256) = 1024

mode: public(uint256)
reply: public(Bytes[320])


@external
def set(mode: uint256, reply: Bytes[320]):
    self.mode = mode
    self.reply = reply


@view
@external
def decimals() -> uint8:
    return 8


@external
@raw_return
def __default__() -> Bytes[32 * WORDS + 320]:
    if self.mode == REVERT:
        raw_revert(self.reply)
    assert self.mode != BOMB, UNREACHABLE
    if self.mode == SPIN:
        for i: uint256 in range(max_value(uint256)):
            pass
    if self.mode == REENTER:
        raw_call(msg.sender, abi_encode(convert(1, uint256), method_id=method_id("refresh(uint256)")))
    if self.mode == HUGE:
        return concat(self.reply, abi_encode(empty(uint256[WORDS])))
    return self.reply
