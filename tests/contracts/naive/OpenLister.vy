# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title OpenLister: a pool that lends against whatever its admin lists, at the price its admin says, without a cap or a discount
"""

from ethereum.ercs import IERC20

ADMIN: immutable(address)
TOKEN: immutable(address)
price: public(HashMap[address, uint256])
held: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(admin: address, token: address):
    ADMIN = admin
    TOKEN = token


@external
def list_collateral(token: address, price: uint256):
    assert msg.sender == ADMIN, "naive: not the admin"
    self.price[token] = price


@external
def borrow(collateral: address, amount: uint256, wanted: uint256):
    extcall IERC20(collateral).transferFrom(msg.sender, self, amount)
    self.held[collateral][msg.sender] += amount
    assert wanted <= amount * self.price[collateral], "naive: too much"
    extcall IERC20(TOKEN).transfer(msg.sender, wanted)
