# pragma version 0.4.3
"""
@title PermitToken: a token that remembers the permit it was shown, and grants it unless told to refuse
"""


struct Seen:
    owner: address
    spender: address
    amount: uint256
    deadline: uint256
    v: uint8
    r: bytes32
    s: bytes32


decimals: public(constant(uint8)) = 18
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
seen: public(Seen)
refuses: bool


@external
def set_refuses(refuses: bool):
    self.refuses = refuses


@external
def mint(receiver: address, amount: uint256):
    self.balanceOf[receiver] += amount


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    return True


@external
def permit(
    owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32
):
    assert not self.refuses, "permit refused"
    self.seen = Seen(owner=owner, spender=spender, amount=amount, deadline=deadline, v=v, r=r, s=s)
    self.allowance[owner][spender] = amount


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self.balanceOf[msg.sender] -= amount
    self.balanceOf[receiver] += amount
    return True


@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    self.allowance[owner][msg.sender] -= amount
    self.balanceOf[owner] -= amount
    self.balanceOf[receiver] += amount
    return True
