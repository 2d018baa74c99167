# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title GuardedToken: can be paused, and refuses the blacklisted
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

paused: public(bool)
blacklisted: public(HashMap[address, bool])


@deploy
def __init__(decimals: uint256):
    core.__init__(decimals)


@external
def set_paused(paused: bool):
    self.paused = paused


@external
def set_blacklisted(holder: address, blacklisted: bool):
    self.blacklisted[holder] = blacklisted


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self._check(msg.sender, receiver)
    core._move(msg.sender, receiver, amount)
    return True


@external
def transferFrom(sender: address, receiver: address, amount: uint256) -> bool:
    self._check(sender, receiver)
    core._spend(sender, msg.sender, amount)
    core._move(sender, receiver, amount)
    return True


@view
@internal
def _check(sender: address, receiver: address):
    assert not self.paused, "token: paused"
    assert not (self.blacklisted[sender] or self.blacklisted[receiver]), "token: blacklisted"
