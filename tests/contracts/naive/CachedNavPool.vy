# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title CachedNavPool: shares of a pool whose NAV is a stored number, renewed after the token has moved, and no lock
"""

from ethereum.ercs import IERC20

TOKEN: immutable(address)
nav: public(uint256)
supply: public(uint256)
shares: public(HashMap[address, uint256])


@deploy
def __init__(token: address):
    TOKEN = token


@external
def deposit(amount: uint256):
    minted: uint256 = amount if self.supply == 0 else amount * self.supply // self.nav
    self.shares[msg.sender] += minted
    self.supply += minted
    extcall IERC20(TOKEN).transferFrom(msg.sender, self, amount)
    self.nav += amount


@external
def redeem(shares: uint256):
    worth: uint256 = shares * self.nav // self.supply
    self.shares[msg.sender] -= shares
    self.supply -= shares
    extcall IERC20(TOKEN).transfer(msg.sender, worth)
    self.nav -= worth
