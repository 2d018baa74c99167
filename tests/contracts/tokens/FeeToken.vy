# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title FeeToken: the sender pays, and the receiver gets, a part of the amount in bps
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

# fee on transfer: 10_000, 9_900; sender's fee: 10_100, 10_000; a liar that moves nothing: 0, 0
BPS: constant(uint256) = 10_000

paid_bps: public(uint256)
got_bps: public(uint256)


@deploy
def __init__(decimals: uint256):
    core.__init__(decimals)
    self.paid_bps = BPS
    self.got_bps = BPS


@external
def set_parts(paid_bps: uint256, got_bps: uint256):
    self.paid_bps = paid_bps
    self.got_bps = got_bps


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self._part(msg.sender, receiver, amount)
    return True


@external
def transferFrom(sender: address, receiver: address, amount: uint256) -> bool:
    core._spend(sender, msg.sender, amount)
    self._part(sender, receiver, amount)
    return True


@internal
def _part(sender: address, receiver: address, amount: uint256):
    core._change(sender, amount * self.paid_bps // BPS, receiver, amount * self.got_bps // BPS)
