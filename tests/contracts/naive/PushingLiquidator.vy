# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title PushingLiquidator: closes an account and sends the rest to its owner and the reward to the keeper in the same call
"""

from ethereum.ercs import IERC20

TOKEN: immutable(address)
held: public(HashMap[address, uint256])


@deploy
def __init__(token: address):
    TOKEN = token


@external
def deposit(amount: uint256):
    extcall IERC20(TOKEN).transferFrom(msg.sender, self, amount)
    self.held[msg.sender] += amount


@external
def liquidate(owners: DynArray[address, 8], reward: uint256):
    for owner: address in owners:
        rest: uint256 = self.held[owner] - reward
        self.held[owner] = 0
        extcall IERC20(TOKEN).transfer(owner, rest)
        extcall IERC20(TOKEN).transfer(msg.sender, reward)
