# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title CallingToken: wakes a contract in the middle of every move and of every permit, as an ERC-777 token would
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

woken: public(address)


@deploy
def __init__(decimals: uint256):
    core.__init__(decimals)


@external
def set_woken(woken: address):
    """
    @notice Whom to wake; the empty address for nobody.
    """
    self.woken = woken


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self._wake()
    core._move(msg.sender, receiver, amount)
    self._wake()
    return True


@external
def transferFrom(sender: address, receiver: address, amount: uint256) -> bool:
    core._spend(sender, msg.sender, amount)
    self._wake()
    core._move(sender, receiver, amount)
    self._wake()
    return True


@external
def permit(
    owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32
):
    self._wake()


@internal
def _wake():
    if self.woken != empty(address):
        raw_call(self.woken, b"")
