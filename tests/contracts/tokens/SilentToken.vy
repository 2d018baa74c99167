# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title SilentToken: moves that return nothing
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


@deploy
def __init__(decimals: uint256):
    core.__init__(decimals)


@external
def transfer(receiver: address, amount: uint256):
    core._move(msg.sender, receiver, amount)


@external
def transferFrom(sender: address, receiver: address, amount: uint256):
    core._spend(sender, msg.sender, amount)
    core._move(sender, receiver, amount)
