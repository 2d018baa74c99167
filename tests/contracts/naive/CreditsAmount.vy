# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title CreditsAmount: a vault that credits what was asked for, or, where it shares its balance out, what a rebase made of it
"""

from ethereum.ercs import IERC20

TOKEN: immutable(address)
held: public(HashMap[address, uint256])
total: public(uint256)


@deploy
def __init__(token: address):
    TOKEN = token


@external
def deposit(amount: uint256):
    extcall IERC20(TOKEN).transferFrom(msg.sender, self, amount)
    self.held[msg.sender] += amount
    self.total += amount


@external
def withdraw(amount: uint256):
    self.held[msg.sender] -= amount
    self.total -= amount
    extcall IERC20(TOKEN).transfer(msg.sender, amount)


@view
@external
def worth(owner: address) -> uint256:
    """
    @notice The owner's part of the token balance of this moment.
    """
    return self.held[owner] * staticcall IERC20(TOKEN).balanceOf(self) // self.total
