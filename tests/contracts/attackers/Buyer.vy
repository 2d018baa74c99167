# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Buyer: a buyer of inventory who remembers what he was told, makes one call of his own, and may change his mind
"""

from interfaces import IInventoryBuyer

implements: IInventoryBuyer


interface IToken:
    def approve(spender: address, amount: uint256) -> bool: nonpayable
    def balanceOf(holder: address) -> uint256: view


# of the last call of on_inventory
caller: public(address)
token: public(address)
amount: public(uint256)
cost: public(uint256)
data: public(Bytes[1024])
# what he held of the token by then
held: public(uint256)
calls: public(uint256)
succeeded: public(bool)
answer: public(Bytes[128])

target: address
order: Bytes[2048]
refuses: bool


@external
def pay(token: address, spender: address, amount: uint256):
    """
    @notice Approve `spender`.
    """
    extcall IToken(token).approve(spender, amount)


@external
def plan(target: address, order: Bytes[2048]):
    """
    @notice Call `target` with `order` from inside the callback.
    """
    self.target = target
    self.order = order


@external
def refuse(refuses: bool):
    """
    @notice Revert in the callback, with a reason.
    """
    self.refuses = refuses


@external
def act(target: address, order: Bytes[4096]) -> Bytes[64]:
    """
    @notice Call `target` in this contract's name.
    """
    return raw_call(target, order, max_outsize=64)


@external
def on_inventory(token: address, amount: uint256, cost: uint256, data: Bytes[1024]):
    assert not self.refuses, "buyer: refuses"
    self.caller = msg.sender
    self.token = token
    self.amount = amount
    self.cost = cost
    self.data = data
    self.held = staticcall IToken(token).balanceOf(self)
    self.calls += 1
    if self.target != empty(address):
        self.succeeded, self.answer = raw_call(
            self.target, self.order, max_outsize=128, revert_on_failure=False
        )
