"""DevToken: an ERC-20 with permit whose minters mint."""

from __future__ import annotations

import boa
import pytest
from eth_account import Account

TRADER = Account.from_key("0x" + "11" * 32)
OUTSIDER = boa.env.generate_address("outsider")


@pytest.fixture(autouse=True)
def clean():
    with boa.env.anchor():
        yield


@pytest.fixture
def owner() -> str:
    return boa.env.generate_address("owner")


@pytest.fixture
def token(owner):
    return boa.load("contracts/dev/DevToken.vy", "US dollar", "USDC", 6, owner)


def test_only_minters_mint(token, owner):
    for stranger in (OUTSIDER, boa.env.eoa):  # the deployer is none
        with boa.env.prank(stranger), boa.reverts("erc20: access is denied"):
            token.mint(OUTSIDER, 1)
    with boa.env.prank(owner):
        token.set_minter(OUTSIDER, True)
    with boa.env.prank(OUTSIDER):
        token.mint(TRADER.address, 7)
    assert (token.balanceOf(TRADER.address), token.totalSupply()) == (7, 7)


def test_it_says_what_it_is(token, owner):
    assert (token.name(), token.symbol(), token.decimals(), token.owner()) == ("US dollar", "USDC", 6, owner)


def test_its_permit(token):
    deadline = boa.env.timestamp + 60
    message = {"owner": TRADER.address, "spender": OUTSIDER, "value": 5, "nonce": 0, "deadline": deadline}
    kinds = (("owner", "address"), ("spender", "address"), ("value", "uint256"))
    kinds += (("nonce", "uint256"), ("deadline", "uint256"))
    domain = {
        "name": "US dollar",
        "version": "1",
        "chainId": boa.env.evm.patch.chain_id,
        "verifyingContract": token.address,
    }
    types = {"Permit": [{"name": name, "type": kind} for name, kind in kinds]}
    signed = TRADER.sign_typed_data(domain, types, message)
    r, s = (n.to_bytes(32, "big") for n in (signed.r, signed.s))
    token.permit(TRADER.address, OUTSIDER, 5, deadline, signed.v, r, s)
    assert token.allowance(TRADER.address, OUTSIDER) == 5
