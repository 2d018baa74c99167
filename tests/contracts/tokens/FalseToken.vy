# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title FalseToken: answers false, and moves nothing, where others revert
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

# moves on a false all the same: the answer alone must be enough to stop the Vault
lies: public(bool)


@deploy
def __init__(decimals: uint256):
    core.__init__(decimals)


@external
def set_lies(lies: bool):
    self.lies = lies


@external
def transfer(receiver: address, amount: uint256) -> bool:
    if core.balanceOf[msg.sender] < amount:
        return False
    core._move(msg.sender, receiver, amount)
    return not self.lies


@external
def transferFrom(sender: address, receiver: address, amount: uint256) -> bool:
    if core.balanceOf[sender] < amount or core.allowance[sender][msg.sender] < amount:
        return False
    core._spend(sender, msg.sender, amount)
    core._move(sender, receiver, amount)
    return not self.lies
