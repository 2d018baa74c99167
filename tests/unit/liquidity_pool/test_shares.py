"""The ERC-20 face."""

from __future__ import annotations

import boa
import pytest
from eth_account import Account

from tests.support.words import WAD
from tests.unit.liquidity_pool.world import World

ZERO = "0x" + "0" * 40


def test_transfer(w: World):
    with boa.reverts("erc20: transfer amount exceeds balance"):
        w.pool.transfer(w.lp, 1, sender=w.outsider)
    with boa.reverts("erc20: transfer to the zero address"):
        w.pool.transfer(ZERO, 1, sender=w.lp)
    supply = w.pool.totalSupply()
    assert w.pool.transfer(w.outsider, WAD, sender=w.lp)
    assert w.pool.balanceOf(w.outsider) == WAD
    assert w.pool.balanceOf(w.lp) == supply - WAD
    assert w.pool.totalSupply() == supply


def test_transfer_from(w: World):
    with boa.reverts("erc20: insufficient allowance"):
        w.pool.transferFrom(w.lp, w.outsider, 1, sender=w.outsider)
    w.pool.approve(w.outsider, 5, sender=w.lp)
    assert w.pool.transferFrom(w.lp, w.trader, 3, sender=w.outsider)
    assert w.pool.allowance(w.lp, w.outsider) == 2
    assert w.pool.balanceOf(w.trader) == 3


@pytest.fixture
def holder() -> Account:
    return Account.from_key(b"\x11" * 32)


def signed(w: World, holder: Account, spender: str, amount: int, deadline: int) -> tuple[int, bytes, bytes]:
    """A permit as wallets sign it."""
    kinds = {
        "Permit": [
            {"name": "owner", "type": "address"},
            {"name": "spender", "type": "address"},
            {"name": "value", "type": "uint256"},
            {"name": "nonce", "type": "uint256"},
            {"name": "deadline", "type": "uint256"},
        ]
    }
    domain = {
        "name": w.pool.name(),
        "version": "1",
        "chainId": boa.env.evm.patch.chain_id,
        "verifyingContract": w.pool.address,
    }
    message = {
        "owner": holder.address,
        "spender": spender,
        "value": amount,
        "nonce": w.pool.nonces(holder.address),
        "deadline": deadline,
    }
    s = holder.sign_typed_data(domain, kinds, message)
    return s.v, s.r.to_bytes(32, "big"), s.s.to_bytes(32, "big")


def test_permit(w: World, holder: Account):
    deadline = boa.env.timestamp + 60
    v, r, s = signed(w, holder, w.outsider, 7, deadline)
    with boa.reverts("erc20: invalid signature"):
        w.pool.permit(holder.address, w.outsider, 8, deadline, v, r, s)
    w.pool.permit(holder.address, w.outsider, 7, deadline, v, r, s)
    assert w.pool.allowance(holder.address, w.outsider) == 7
    with boa.reverts("erc20: invalid signature"):
        w.pool.permit(holder.address, w.outsider, 7, deadline, v, r, s)
    boa.env.time_travel(seconds=61)
    with boa.reverts("erc20: expired deadline"):
        w.pool.permit(holder.address, w.outsider, 7, deadline, v, r, s)
