# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title core: the state and the honest moves that the test tokens share
"""


event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256


event Approval:
    owner: indexed(address)
    spender: indexed(address)
    value: uint256


# uint256, so that a test can claim decimals that no real token has
decimals: public(uint256)
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(decimals: uint256):
    self.decimals = decimals


@external
def mint(receiver: address, amount: uint256):
    self.totalSupply += amount
    self.balanceOf[receiver] += amount
    log Transfer(sender=empty(address), receiver=receiver, value=amount)


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    log Approval(owner=msg.sender, spender=spender, value=amount)
    return True


@internal
def _spend(owner: address, spender: address, amount: uint256):
    allowed: uint256 = self.allowance[owner][spender]
    assert allowed >= amount, "token: allowance"
    if allowed != max_value(uint256):
        self.allowance[owner][spender] = allowed - amount


@internal
def _move(sender: address, receiver: address, amount: uint256):
    self._change(sender, amount, receiver, amount)


@internal
def _change(sender: address, paid: uint256, receiver: address, got: uint256):
    assert self.balanceOf[sender] >= paid, "token: balance"
    self.balanceOf[sender] -= paid
    self.balanceOf[receiver] += got
    log Transfer(sender=sender, receiver=receiver, value=got)
