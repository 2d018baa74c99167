"""Situations of the devnet that take many steps: words only the Configurator writes, a pool short of capital, a settled market."""

from __future__ import annotations

from crossmargin.client import WAD, Sent, abi
from crossmargin.devnet import Devnet
from tests.integration.test_client_world import ETH, fund, open_position, rpc
from tests.support.words import RATES, change_rates

SETTLE = 7  # a kind of PositionManager.configure


def configure(net: Devnet, kind: int, id_: int, word: int) -> None:
    """Write a parameter word as the Configurator would, whatever its own bounds."""
    sender = net.deployment.configurator
    rpc(net, "anvil_setBalance", sender, hex(10**18))
    rpc(net, "anvil_impersonateAccount", sender)
    call = abi.load("PositionManager").call(net.deployment.manager, "configure", kind, id_, word)
    tx = rpc(net, "eth_sendTransaction", call.params(sender, 3_000_000))
    (receipt,) = net.client.receipts([Sent(tx, sender, 0, "configure")])
    assert receipt.ok


def set_rates(net: Devnet, **fields: int) -> None:
    """Change fields of the rates word."""
    (word,) = net.client.read_all(
        [net.client.calls.call("PositionManager", "venue_words", make=lambda *words: words[4])]
    )
    configure(net, RATES, 0, change_rates(word, **fields))


def settle_market(net: Devnet, symbol: str, price: int) -> None:
    """Close a market for good at a WAD price."""
    configure(net, SETTLE, net.market(symbol), price)


def short_of_capital(net: Devnet, rise: int = 30) -> tuple[int, int]:
    """A pool of 1,000,000 whose traders' longs rose by so many per cent; returns the accounts, the larger profit first."""
    set_rates(net, pool_cooldown=0, adl_ratio=30_000)
    lp = net.key("lp")
    shares = net.client.balance_of(net.deployment.pool, lp.address)
    net.client.pool_redeem(lp, shares * 9 // 10)
    fund(net, "trader", 200_000)
    fund(net, "hedger", 200_000)
    first = open_position(net, "trader", "ETH", 400 * WAD)
    net.push({"ETH": ETH * 102 // 100}, after=1)
    second = open_position(net, "hedger", "ETH", 380 * WAD)
    most = net.client.read(net.client.calls.in_pool("pool", "maxRedeem", lp.address))
    net.client.pool_redeem(lp, most * 99 // 100)
    net.push({"ETH": ETH * (100 + rise) // 100}, after=1)
    return first, second
