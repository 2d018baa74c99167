"""What the Vault's calls cost as whole transactions on a real chain, 21,000 and calldata included.

Ceilings a little above what was measured: a change that makes the money path dearer has to raise them in the open.
"""

from __future__ import annotations

import time

import boa
import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.conftest import rpc
from tests.unit.vault.conftest import ROOT, TOKENS, UNLIMITED
from tests.unit.vault.support import MOST, QUOTE, WAD

pytestmark = pytest.mark.anvil

# Account ids with as many non-zero bytes as real ones.
ACCOUNTS = [int.from_bytes(keccak(text=f"owner {i}")[:20], "big") << 96 for i in range(4)]
POST = "post(uint256,uint256,int256,uint256,uint256,uint256,uint256)"
PULL = "pull(uint256,uint256,address,uint256)"
PUSH = "push(uint256,uint256,address,uint256,uint256)"


class Chain:
    """A Vault on anvil with a quote of 6 and a collateral of 18 decimals; the first account sends as manager."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.manager, self.payer, self.receiver = rpc(url, "eth_accounts")[:3]
        token = boa.load_partial(str(TOKENS / "StandardToken.vy")).compiler_data.bytecode
        self.quote = self.deploy(token + encode(["uint256"], [6]))
        self.weth = self.deploy(token + encode(["uint256"], [18]))
        vault = boa.load_partial(str(ROOT / "contracts" / "Vault.vy")).compiler_data.bytecode
        self.vault = self.deploy(vault + encode(["address", "address"], [self.manager, self.quote]))
        self.call("list_asset(address)", self.weth)
        self.call("set_cap(uint256,uint256)", 0, MOST)
        for address in (self.quote, self.weth):
            self.call("mint(address,uint256)", self.payer, 10**30, to=address)
            self.call("approve(address,uint256)", self.vault, UNLIMITED, to=address, sender=self.payer)

    def send(self, **transaction: str) -> dict:
        sent = rpc(self.url, "eth_sendTransaction", {"gas": hex(10**7), **transaction})
        deadline = time.monotonic() + 10
        while (receipt := rpc(self.url, "eth_getTransactionReceipt", sent)) is None:
            assert time.monotonic() < deadline, "no receipt"
        assert receipt["status"] == "0x1"
        return receipt

    def deploy(self, code: bytes) -> str:
        return self.send(**{"from": self.manager, "data": "0x" + code.hex()})["contractAddress"]

    def call(self, signature: str, *args: object, to: str | None = None, sender: str | None = None) -> int:
        """Gas used by the transaction."""
        types = signature.partition("(")[2][:-1].split(",")
        data = keccak(text=signature)[:4] + encode(types, args)
        sender, to = sender or self.manager, to or self.vault
        return int(self.send(**{"from": sender, "to": to, "data": "0x" + data.hex()})["gasUsed"], 16)

    def pull(self, account: int, asset: int, tokens: int) -> int:
        return self.call(PULL, account, asset, self.payer, tokens)

    def push(self, account: int, asset: int, tokens: int) -> int:
        return self.call(PUSH, account, asset, self.receiver, tokens, 0)


@pytest.fixture(scope="module")
def chain(anvil) -> Chain:
    """Four accounts that all hold cash and collateral; the receiver holds both tokens."""
    chain = Chain(anvil)
    for account in ACCOUNTS:
        chain.pull(account, QUOTE, 10**9)
        chain.pull(account, 0, 10**19)
    chain.push(ACCOUNTS[0], QUOTE, 1)
    chain.push(ACCOUNTS[0], 0, 1)
    return chain


@pytest.mark.parametrize(
    ("fee", "to_cover", "slots", "ceiling"), [(0, 0, 2, 35_500), (WAD, 0, 3, 41_000), (WAD, WAD, 4, 46_500)]
)
def test_post_to_known_accounts(chain, fee, to_cover, slots, ceiling):
    """5,000 a cold slot, 21,000, about 1,900 of calldata, and what is left for the code."""
    account, pool, keeper, cover = ACCOUNTS
    gas = chain.call(POST, account, pool, -WAD, keeper, fee, cover, to_cover)
    assert 21_000 + 5_000 * slots < gas < ceiling


def test_post_that_changes_the_debt_costs_one_slot_more(chain):
    first, last = ACCOUNTS[0], ACCOUNTS[3]
    chain.call(POST, first, last, -(10**25), 0, 0, 0, 0)
    plain = chain.call(POST, first, last, 10**6, 0, 0, 0, 0)
    chain.call(POST, first, last, 10**25, 0, 0, 0, 0)
    without = chain.call(POST, first, last, 10**6, 0, 0, 0, 0)
    assert 5_000 <= plain - without < 5_400


@pytest.mark.parametrize(("asset", "tokens", "ceiling"), [(QUOTE, 10**6, 56_200), (0, 10**18, 58_200)])
def test_deposit_of_a_known_asset(chain, asset, tokens, ceiling):
    """The Vault's share of the 70,000 that a deposit through the PositionManager may cost."""
    assert chain.pull(ACCOUNTS[1], asset, tokens) < ceiling


@pytest.mark.parametrize(("asset", "tokens", "ceiling"), [(QUOTE, 10**6, 58_000), (0, 10**18, 58_000)])
def test_withdrawal_of_a_part(chain, asset, tokens, ceiling):
    assert chain.push(ACCOUNTS[2], asset, tokens) < ceiling
