# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title HugeToken: answers everything that is not on the list, and moves if told so, with as many words as told
"""

from tests.contracts.tokens import core

initializes: core

exports: (
    core.decimals,
    core.totalSupply,
    core.balanceOf,
    core.allowance,
    core.mint,
    core.approve,
)

WORDS: constant(uint256) = 2**15

fails: public(bool)
huge: public(bool)


@deploy
def __init__(decimals: uint256):
    core.__init__(decimals)


@external
def set_huge(huge: bool, fails: bool):
    """
    @notice huge: a megabyte, the first word true; fails: as revert data.
    """
    self.huge = huge
    self.fails = fails


@external
@raw_return
def transfer(receiver: address, amount: uint256) -> Bytes[32 * WORDS]:
    core._move(msg.sender, receiver, amount)
    return self._answer()


@external
@raw_return
def transferFrom(sender: address, receiver: address, amount: uint256) -> Bytes[32 * WORDS]:
    core._spend(sender, msg.sender, amount)
    core._move(sender, receiver, amount)
    return self._answer()


@external
@raw_return
def __default__() -> Bytes[32 * WORDS]:
    return self._answer()


@view
@internal
def _answer() -> Bytes[32 * WORDS]:
    if not self.huge:
        return abi_encode(True)
    words: uint256[WORDS - 2] = empty(uint256[WORDS - 2])
    data: Bytes[32 * WORDS] = abi_encode(True, words)
    if self.fails:
        raw_revert(data)
    return data
