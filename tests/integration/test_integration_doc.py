"""The code of docs/integration.md, taken out of the page and run against a chain."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from eth_abi.abi import encode
from vyper import compile_code

from crossmargin.bots import keeper, liquidator
from crossmargin.client import WAD, ContractRefused, abi, events
from crossmargin.devnet import Devnet
from tests.integration.test_client_world import ETH, fresh, fund, open_position, rpc

pytestmark = pytest.mark.anvil
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "integration.md").read_text()
net = pytest.fixture(fresh)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def run(net: Devnet, tmp_path: Path, code: str, **environment: str) -> str:
    """What the code writes, run from the root of the checkout as a reader would."""
    record = tmp_path / "31337.json"
    net.deployment.save(record)
    given = {"RPC_URL": net.url, "DEPLOYMENT": str(record), "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def key_of(net: Devnet, role: str) -> str:
    return "0x" + bytes(net.key(role).key).hex()


def test_thirty_lines_make_a_liquidation(net: Devnet, tmp_path: Path) -> None:
    code = blocks("python")[0]
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 30
    assert "crossmargin." not in code  # web3.py alone
    fund(net, "hedger", 1_000)
    ill = []
    for sub in range(2):
        net.client.deposit(net.key("trader"), net.account("trader", sub), net.token("WETH"), 5 * WAD)
        fund(net, "trader", 4_000, sub)
        ill.append(open_position(net, "trader", "ETH", 20 * WAD, sub))
    net.push({"ETH": ETH * 76 // 100}, after=1)

    written = run(net, tmp_path, code, KEEPER_KEY=key_of(net, "keeper"))

    found = net.client.events(events.Liquidated)
    assert {event.account for event in found} == set(ill)
    assert [line.split()[0] for line in written.splitlines()] == [str(event.account) for event in found]
    assert net.client.liquidatable(ill) == []
    rewards = sum(event.reward for event in found)
    assert net.client.cash(net.account("keeper")) == rewards > 0
    assert run(net, tmp_path, code, KEEPER_KEY=key_of(net, "keeper")) == ""  # nothing is left to do


def test_the_client_block_trades_and_is_refused(net: Devnet, tmp_path: Path) -> None:
    written = run(net, tmp_path, blocks("python")[1], TRADER_KEY=key_of(net, "outsider"))
    (submitted,) = net.client.events(events.OrderSubmitted)
    assert f"submitted {submitted.order_hash}" in written
    assert "refused by the vault because of vault: insufficient balance" in written
    assert ": 0 wei apart" in written


SWAP = """
# pragma version 0.4.3
from ethereum.ercs import IERC20
QUOTE: immutable(address)
@deploy
def __init__(quote: address):
    QUOTE = quote
@external
def sell(token: address, amount: uint256, least: uint256):
    extcall IERC20(token).transferFrom(msg.sender, self, amount)
    extcall IERC20(QUOTE).transfer(msg.sender, least + 7)
"""


def deployed(net: Devnet, role: str, source: str, *args: str) -> tuple[str, abi.Abi]:
    """A contract from its source: address and ABI."""
    found = compile_code(source, output_formats=["abi", "bytecode"])
    data = found["bytecode"] + encode(["address"] * len(args), args).hex()
    owner = net.key(role).address
    sent = rpc(net, "eth_sendTransaction", {"from": owner, "data": data, "gas": hex(3_000_000)})
    receipt = net.client.w3.eth.wait_for_transaction_receipt(sent)
    return receipt["contractAddress"], abi.parse("Example", found["abi"])


def test_the_buyer_pays_with_what_it_bought(net: Devnet) -> None:
    """It holds no money before, and keeps the difference."""
    net.client.deposit(net.key("trader"), net.account("trader"), net.token("WETH"), 5 * WAD)
    fund(net, "trader", 4_000)
    me = open_position(net, "trader", "ETH", 20 * WAD)
    net.push({"ETH": ETH * 76 // 100}, after=1)
    net.client.liquidate(net.key("keeper"), [me])
    (source,) = blocks("vyper")
    d, usdc, weth, owner = net.deployment, net.token("USDC"), net.token("WETH"), net.key("liquidator")
    swap, _ = deployed(net, "liquidator", SWAP, usdc)
    buyer, calls = deployed(net, "liquidator", source, d.liquidator, d.vault, usdc)
    offer = net.client.inventory_price(weth)
    mint = abi.load("DevToken").call(usdc, "mint", swap, net.units("USDC", 100_000))
    net.client.send(net.key("owner"), mint)
    before = net.client.balance_of(usdc, owner.address)
    receipt = net.client.send(owner, calls.call(buyer, "buy", weth, 2**128, offer.price, swap))
    bought = receipt.event(events.Bought)
    assert (bought.buyer, bought.receiver, bought.amount) == (buyer, buyer, offer.available)
    assert net.client.balance_of(weth, swap) == bought.amount
    assert net.client.balance_of(usdc, owner.address) == before + 7
    assert net.client.balance_of(usdc, buyer) == 0
    assert net.client.conservation().wei == 0
    with pytest.raises(ContractRefused, match="not the vault"):
        net.client.send(owner, calls.call(buyer, "on_inventory", weth, 1, 1, b""))


def test_the_shown_configuration_is_one(net: Devnet) -> None:
    (text,) = blocks("toml")
    shown = {name.replace("-", "_") for name in tomllib.loads(text)}
    for command in (keeper.main, liquidator.main):
        assert shown <= {param.name for param in command.params if isinstance(param, click.Option)}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(\w+)\(", PAGE))))
def test_every_call_the_page_names_exists(name: str) -> None:
    contracts = ("Lens", "PositionManager", "OrderBook", "Liquidator", "LiquidityPool", "OracleAdapter")
    contracts += ("Waterfall", "Configurator")
    assert any(name in abi.load(contract).functions for contract in contracts)


@pytest.mark.parametrize("reason", re.findall(r"`(\w+: [\w ]+)`", PAGE))
def test_every_reason_the_page_names_is_in_the_sources(reason: str) -> None:
    sources = "".join(path.read_text() for path in (ROOT / "contracts").rglob("*.vy"))
    assert f'"{reason}"' in sources
    assert len(reason) <= 32
