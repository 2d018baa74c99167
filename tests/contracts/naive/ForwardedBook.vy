# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title ForwardedBook: positions at a price that only the trusted forwarder may set, and a forwarder that anyone may use
"""

price: public(uint256)
cash: public(HashMap[address, int256])
base: public(HashMap[address, int256])


@deploy
def __init__(price: uint256):
    self.price = price


@external
def forward(target: address, data: Bytes[1024]):
    raw_call(target, data)


@external
def set_price(price: uint256):
    assert msg.sender == self, "naive: not the forwarder"
    self.price = price


@external
def fund(owner: address, amount: uint256):
    self.cash[owner] += convert(amount, int256)


@external
def trade(size: int256):
    self.base[msg.sender] += size
    self.cash[msg.sender] -= size * convert(self.price, int256)


@view
@external
def equity(owner: address) -> int256:
    return self.cash[owner] + self.base[owner] * convert(self.price, int256)
