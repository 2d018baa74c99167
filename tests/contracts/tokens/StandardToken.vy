# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title StandardToken: a plain ERC-20 for tests
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
def transfer(receiver: address, amount: uint256) -> bool:
    core._move(msg.sender, receiver, amount)
    return True


@external
def transferFrom(sender: address, receiver: address, amount: uint256) -> bool:
    core._spend(sender, msg.sender, amount)
    core._move(sender, receiver, amount)
    return True
