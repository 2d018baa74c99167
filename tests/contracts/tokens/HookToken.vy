# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title HookToken: calls a target in the middle of every move and remembers how that went
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

target: public(address)
data: Bytes[1024]
calls: public(uint256)
succeeded: public(bool)
answer: public(Bytes[128])


@deploy
def __init__(decimals: uint256):
    core.__init__(decimals)


@external
def arm(target: address, data: Bytes[1024]):
    """
    @notice Call `target` with `data` in every move from now on; the empty address disarms.
    """
    self.target = target
    self.data = data


@external
def act(target: address, data: Bytes[1024]):
    """
    @notice Call `target` in this contract's name: it may be a Vault's manager as well as a token.
    """
    raw_call(target, data)


@external
def transfer(receiver: address, amount: uint256) -> bool:
    core._move(msg.sender, receiver, amount)
    self._call()
    return True


@external
def transferFrom(sender: address, receiver: address, amount: uint256) -> bool:
    core._spend(sender, msg.sender, amount)
    core._move(sender, receiver, amount)
    self._call()
    return True


@internal
def _call():
    if self.target == empty(address):
        return
    self.calls += 1
    self.succeeded, self.answer = raw_call(self.target, self.data, max_outsize=128, revert_on_failure=False)
