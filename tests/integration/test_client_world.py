"""A devnet for the tests of client, bots and documents: deployed once a process, put back after each test."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cache

import pytest

from crossmargin.client import WAD, Client, Order
from crossmargin.client.transport import Ask
from crossmargin.devnet import COVER_MONEY, LP_MONEY, Devnet, prepare
from crossmargin.processes import Anvil

pytestmark = pytest.mark.anvil

DELAY = 3  # seconds: a round this long after a commit executes it
ETH = 2_000 * 10**8  # the first answer of the ETH feed


@cache
def world() -> Devnet:
    """The one devnet of this process; its anvil dies with the process."""
    return prepare(Anvil().start().url)


def rpc(net: Devnet, method: str, *params: object) -> object:
    """One request to the node."""
    return net.client.transport.batch([Ask(method, params)])[0]


def fresh() -> Iterator[Devnet]:
    """The devnet with new rounds on its feeds, as it was before once the test is over."""
    shared = world()
    snapshot = rpc(shared, "evm_snapshot")
    client = Client.connect(shared.url, shared.deployment)  # nonces are counted in the client
    net = dataclasses.replace(shared, client=client, answers=dict(shared.answers))
    net.push(after=1)
    yield net
    rpc(shared, "evm_revert", snapshot)


net = pytest.fixture(fresh)


def fund(net: Devnet, role: str, amount: int, sub_id: int = 0) -> int:
    """Deposit whole quote tokens; returns the account."""
    account = net.account(role, sub_id)
    net.client.deposit(net.key(role), account, net.token("USDC"), net.units("USDC", amount))
    return account


def order(net: Devnet, account: int, symbol: str, size: int, salt: int = 0) -> Order:
    """A market order for `size` WAD at any price."""
    return Order(account, net.market(symbol), size, 10**25 if size > 0 else 0, salt=salt)


def open_position(net: Devnet, role: str, symbol: str, size: int, sub_id: int = 0) -> int:
    """Submit and execute; returns the account."""
    account = net.account(role, sub_id)
    one = order(net, account, symbol, size, salt=net.client.block_number())
    net.client.submit(net.key(role), one)
    net.push(after=DELAY)
    results, _ = net.client.execute(net.key("outsider"), [one])
    assert results[0].status == 1, results[0].reason
    return account


def test_the_devnet_is_deployed_funded_and_priced(net: Devnet) -> None:
    pool = net.client.pool()
    assert pool.state.reduced_equity == pool.state.cash == LP_MONEY * WAD
    assert pool.cover_cash == net.client.pool_state("cover").equity == COVER_MONEY * WAD
    assert net.client.balance_of(net.deployment.cover, net.key("lp").address) == COVER_MONEY * WAD
    assert net.client.balance_of(net.token("USDC"), net.key("trader").address) == net.units("USDC", 1_000_000)
    assert [price.state for price in net.client.prices(net.client.listed())] == [0] * len(
        net.deployment.markets
    )
    assert set(net.client.listed()) == set(net.deployment.markets.values())
