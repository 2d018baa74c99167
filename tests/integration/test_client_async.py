"""The asynchronous client, and what it does about transactions that do not arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest

from crossmargin.client import (
    AsyncClient,
    ContractRefused,
    NetworkError,
    TransactionLost,
    connect_async,
    events,
)
from crossmargin.devnet import Devnet
from tests.integration.test_client_world import fresh, fund, rpc

pytestmark = pytest.mark.anvil
T = TypeVar("T")
USDC = 10**6
net = pytest.fixture(fresh)


def run(net: Devnet, act: Callable[[AsyncClient], Awaitable[T]], scheme: str = "http", **options: float) -> T:
    async def main() -> T:
        client = AsyncClient(connect_async(net.url.replace("http", scheme)), net.deployment, **options)
        await client.open()
        try:
            return await act(client)
        finally:
            await client.close()

    return asyncio.run(main())


@pytest.fixture
def stuck(net: Devnet) -> Iterator[None]:
    """A chain that makes no blocks by itself."""
    rpc(net, "evm_setAutomine", False)
    yield
    rpc(net, "anvil_dropAllTransactions")
    rpc(net, "evm_setAutomine", True)


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_reads_and_sends_as_the_blocking_client_does(net: Devnet, scheme: str) -> None:
    me = net.account("trader")

    async def act(client: AsyncClient) -> tuple:
        calls = [client.calls.deposit(me, net.token("USDC"), i * USDC) for i in (1, 2, 3)]
        receipts = await client.send_all(net.key("trader"), calls)
        found = await client.events(events.Deposit, first=0, with_gas=True)
        return receipts, found, await client.read(client.calls.cash(me))

    receipts, found, cash = run(net, act, scheme)
    assert [receipt.ok for receipt in receipts] == [True] * 3
    assert [event.amount for event in found] == [USDC, 2 * USDC, 3 * USDC]
    assert [event.gas_used for event in found] == [receipt.gas_used for receipt in receipts]
    assert cash == net.client.cash(me) == 6 * 10**18


def test_a_refusal_has_its_reason_before_and_after_sending(net: Devnet) -> None:
    me = fund(net, "trader", 5)
    thief = net.key("outsider")

    async def act(client: AsyncClient) -> tuple:
        call = client.calls.withdraw(me, net.token("USDC"), USDC, thief.address)
        with pytest.raises(ContractRefused, match="manager: not the owner"):
            await client.simulate(call, thief.address)
        with pytest.raises(ContractRefused, match="manager: not the owner"):
            await client.send_all(thief, [call])
        blind = type(call)(call.label, call.to, call.data, call.decode, gas=300_000)
        return await client.send_all(thief, [blind])

    (receipt,) = run(net, act)
    assert (receipt.ok, receipt.reason) == (False, "manager: not the owner")


def test_what_does_not_arrive_is_sent_again_for_more(net: Devnet, stuck: None) -> None:
    me = net.account("trader")

    async def act(client: AsyncClient) -> tuple:
        calls = [client.calls.deposit(me, net.token("USDC"), i * USDC) for i in (1, 2)]
        sending = asyncio.ensure_future(client.send_all(net.key("trader"), calls))
        prices = []
        for _ in range(2):
            await asyncio.sleep(0.3)
            pool = rpc(net, "txpool_content")["pending"]
            (mine,) = [
                txs for sender, txs in pool.items() if sender.lower() == net.key("trader").address.lower()
            ]
            prices.append(sorted(int(tx["maxFeePerGas"], 16) for tx in mine.values()))
            await asyncio.sleep(0.25)
        rpc(net, "evm_mine")
        return prices, await sending

    prices, receipts = run(net, act, receipt_seconds=0.5, bumps=5)
    assert [receipt.ok for receipt in receipts] == [True, True]
    assert all(later * 100 >= first * 110 for first, later in zip(*prices, strict=True))
    assert net.client.cash(me) == 3 * 10**18  # each of them once


def test_what_never_arrives_is_lost_after_a_bounded_time(net: Devnet, stuck: None) -> None:
    async def act(client: AsyncClient) -> None:
        await client.send_all(
            net.key("trader"), [client.calls.deposit(net.account("trader"), net.token("USDC"), USDC)]
        )

    with pytest.raises(TransactionLost, match="it may still arrive"):
        run(net, act, receipt_seconds=0.1, bumps=2)


def test_what_is_stuck_is_replaced_by_what_comes_next(net: Devnet, stuck: None) -> None:
    """What came after a lost transaction was sent behind it, and waited as long as that did: for ever."""
    deposit = [
        net.client.calls.deposit(net.account("trader"), net.token("USDC"), amount * USDC) for amount in (1, 2)
    ]

    async def act(client: AsyncClient) -> list:
        with pytest.raises(TransactionLost):
            await client.send_all(net.key("trader"), deposit[:1])
        sending = asyncio.ensure_future(client.send_all(net.key("trader"), deposit[1:]))
        await asyncio.sleep(0.15)
        waiting = rpc(net, "txpool_content")["pending"]
        rpc(net, "evm_mine")
        return waiting, await sending

    waiting, (receipt,) = run(net, act, receipt_seconds=0.3, bumps=1)
    mine = next(txs for sender, txs in waiting.items() if sender.lower() == net.key("trader").address.lower())
    assert len(mine) == 1 and receipt.ok
    assert net.client.cash(net.account("trader")) == 2 * 10**18  # the second took the first one's place


def test_the_next_transaction_after_one_that_arrived_late_has_a_nonce_of_its_own(
    net: Devnet, stuck: None
) -> None:
    deposit = [
        net.client.calls.deposit(net.account("trader"), net.token("USDC"), amount * USDC) for amount in (1, 2)
    ]

    async def act(client: AsyncClient) -> list:
        with pytest.raises(TransactionLost):
            await client.send_all(net.key("trader"), deposit[:1])
        rpc(net, "evm_mine")
        rpc(net, "evm_setAutomine", True)
        return await client.send_all(net.key("trader"), deposit[1:])

    (receipt,) = run(net, act, receipt_seconds=0.1, bumps=1)
    assert receipt.ok
    assert net.client.cash(net.account("trader")) == 3 * 10**18


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_an_absent_node_is_a_network_error(net: Devnet, scheme: str) -> None:
    async def main() -> None:
        client = AsyncClient(connect_async(f"{scheme}://127.0.0.1:9", timeout=2), net.deployment)
        await client.open()
        await client.head()

    with pytest.raises(NetworkError, match="no answer from"):
        asyncio.run(main())
