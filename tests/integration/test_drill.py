"""The drill on a small devnet: everybody can be liquidated, what is sabotaged is named, and the chain is put back."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossmargin.client import Client, account_id
from crossmargin.client.abi import load
from crossmargin.devnet import Devnet
from crossmargin.drill import __main__ as command
from crossmargin.drill import course, rehearsal
from crossmargin.drill.node import Node
from crossmargin.drill.shocks import DrillError
from crossmargin.processes import Anvil
from tests.integration.stage import set_rates
from tests.integration.test_client_world import fresh, rpc

pytestmark = pytest.mark.anvil
KINDS = 6  # single long, long basket, hedged, single short, carry, mixed
SEED = 3


@pytest.fixture(scope="module")
def booked() -> Iterator[tuple[Devnet, list[int]]]:
    """The devnet with a few books open, and their accounts."""
    with contextmanager(fresh)() as net:
        traders = rehearsal.cast(net, SEED, KINDS)
        rehearsal.fund(net, traders)
        rehearsal.open_books(net, traders)
        yield net, [trader.account for trader in traders]


@pytest.fixture
def net(booked: tuple[Devnet, list[int]]) -> Iterator[Devnet]:
    """The same, put back after each test."""
    shared = booked[0]
    snapshot = rpc(shared, "evm_snapshot")
    yield replace(shared, client=Client.connect(shared.url, shared.deployment))
    rpc(shared, "evm_revert", snapshot)


@pytest.fixture
def traders(booked: tuple[Devnet, list[int]]) -> list[int]:
    return booked[1]


def state_of(net: Devnet) -> tuple[Any, ...]:
    """What a drill must leave as it was."""
    oracle = [net.client.calls.call("OracleAdapter", "feed", m) for m in range(5)]
    owner = net.key("owner").address
    return (
        rpc(net, "eth_getBlockByNumber", "latest", False)["hash"],
        rpc(net, "eth_getBalance", owner, "latest"),
        rpc(net, "eth_getTransactionCount", owner, "pending"),
        rpc(net, "anvil_getAutomine"),
        rpc(net, "anvil_getIntervalMining"),
        rpc(net, "txpool_status"),
        net.client.read_all(oracle),
    )


def drill(net: Devnet, folder: Path, *args: str, node: str = "--rpc") -> tuple[int, dict[str, Any]]:
    """Exit code and report; the chain must be as it was."""
    record, file = folder / "31337.json", folder / "report.json"
    net.deployment.save(record)
    before = state_of(net)
    code = command.run([node, net.url, "--deployments", str(folder), "--json", str(file), *args])
    assert state_of(net) == before
    return code, json.loads(file.read_text()) if file.exists() else {}


def test_everybody_can_be_liquidated(net: Devnet, traders: list[int], tmp_path: Path) -> None:
    clock = int(rpc(net, "eth_getBlockByNumber", "pending", False)["timestamp"], 16)
    code, found = drill(net, tmp_path)
    assert code == 0 and found["failures"] == 0 and found["wei"] == "0"
    assert {row["account"] for row in found["accounts"]} == {hex(a) for a in traders}
    for row in found["accounts"]:
        assert row["ok"] and row["slices"] == len(row["gas"]) == 1
        assert 100_000 < row["gas"][0] < 600_000
        assert row["shock"]["kind"] == "common" and row["shock"]["bps"] != 0
        assert int(row["equity"]) >= int(row["maintenance"]) * 124 // 100  # h = 1.25
    books = " ".join(row["book"] for row in found["accounts"])
    assert "carry: short ETH on WETH" in books and "hedge: long ETH, short BTC" in books
    fall, rise = found["crashes"]
    assert (fall["left"], rise["left"]) == (0, 0)
    assert fall["ill"] + rise["ill"] >= 5 and fall["calls"] == rise["calls"] == 1
    assert int(fall["bad_debt"]) == int(fall["by_cover"]) + int(fall["by_pool"]) > 0
    assert abs(int(rpc(net, "eth_getBlockByNumber", "pending", False)["timestamp"], 16) - clock) < 60


def test_the_venue_goes_on_after_a_drill(net: Devnet, traders: list[int], tmp_path: Path) -> None:
    rpc(net, "evm_setIntervalMining", 1_000)
    try:
        code, _ = drill(net, tmp_path, "--accounts", str(traders[0]))
    finally:
        rpc(net, "evm_setAutomine", True)
        rpc(net, "evm_setIntervalMining", 0)
        rpc(net, "evm_setAutomine", True)
    assert code == 0
    net.push(after=1)
    assert [price.state for price in net.client.prices(net.client.listed())] == [0] * 5


def test_a_liquidator_without_its_role_is_reported(net: Devnet, traders: list[int], tmp_path: Path) -> None:
    to_another = load("Configurator").call(net.deployment.configurator, "set_liquidator", net.deployment.lens)
    net.client.send(net.key("owner"), to_another)
    code, found = drill(net, tmp_path, "--accounts", str(traders[0]), "--accounts", str(traders[3]))
    assert code == 1
    assert [row["ok"] for row in found["accounts"]] == [False, False]
    assert {row["reason"] for row in found["accounts"]} == {"the call failed: manager: not allowed"}
    assert found["failures"] >= 3  # and in the crash nobody is liquidated


def test_grace_is_reported(net: Devnet, traders: list[int], tmp_path: Path) -> None:
    set_rates(net, grace_until=net.client.now() + 86_400)
    code, found = drill(net, tmp_path, "--accounts", str(traders[0]))
    assert code == 1
    (row,) = found["accounts"]
    assert (row["ok"], row["reason"], row["slices"]) == (False, "liquidate says: grace: wait", 0)
    assert any("is left: grace: wait" in text for text in found["crashes"][0]["failures"])


def test_time_is_the_last_resort(
    net: Devnet, traders: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "liquidation_shock", lambda *_: None)
    monkeypatch.setattr(course, "GRID", ())
    code, found = drill(net, tmp_path, "--accounts", str(traders[1]))
    (row,) = found["accounts"]
    assert code == 0 and row["shock"]["kind"] == "time" and row["shock"]["seconds"] >= 86_400


def test_one_market_can_be_what_breaks_a_hedge(
    net: Devnet, traders: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "liquidation_shock", lambda *_: None)
    monkeypatch.setattr(course, "GRID", (-700, 700))
    code, found = drill(net, tmp_path, "--accounts", str(traders[2]))
    (row,) = found["accounts"]
    assert row["book"] == "hedge: long ETH, short BTC"
    assert code == 0 and row["shock_text"] in ("ETH -7.00 %", "BTC +7.00 %")


def test_ctrl_c_puts_the_chain_back(
    net: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    push = course.Stage.push

    def interrupted(self: course.Stage, shock: course.Shock) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return push(self, shock)

    monkeypatch.setattr(course.Stage, "push", interrupted)
    code, found = drill(net, tmp_path)
    assert code == 130 and found == {}
    assert capsys.readouterr().err.strip() == "drill: interrupted; the chain was put back"


def test_a_fork_leaves_the_chain_alone(net: Devnet, traders: list[int], tmp_path: Path) -> None:
    code, found = drill(net, tmp_path, "--accounts", hex(traders[4]), node="--fork")
    assert code == 0 and [row["book"] for row in found["accounts"]] == ["carry: short ETH on WETH"]


def fault(net: Devnet, folder: Path, capsys: pytest.CaptureFixture[str], *args: str) -> str:
    assert drill(net, folder, *args)[0] == 1
    said = capsys.readouterr().err
    assert said.startswith("drill: ") and said.count("\n") == 1
    return said


def test_a_chain_that_could_not_be_put_back_is_told(
    net: Devnet, traders: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setattr(Node, "_is_last", lambda *_: False)
    said = fault(net, tmp_path, capsys, "--accounts", str(traders[0]))
    assert "THE CHAIN COULD NOT BE PUT BACK (its last block is another)" in said


def test_transactions_that_wait_are_not_lost(
    net: Devnet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rpc(net, "evm_setAutomine", False)
    try:
        net.client.post_all([(net.key("outsider"), net.client.calls.approve(net.token("USDC"), 1))])
        assert "1 transactions wait for a block, and would be lost" in fault(net, tmp_path, capsys)
    finally:
        rpc(net, "anvil_dropAllTransactions")
        rpc(net, "evm_setAutomine", True)


def test_a_clock_ahead_of_the_last_block_is_no_fault(net: Devnet, traders: list[int], tmp_path: Path) -> None:
    """A quiet chain's clock runs on; anvil takes no block before it."""
    rpc(net, "evm_setTime", net.client.now() + 3_000)
    code, _ = drill(net, tmp_path, "--accounts", str(traders[0]))
    assert code == 0
    assert (
        int(rpc(net, "eth_getBlockByNumber", "pending", False)["timestamp"], 16) - net.client.now() >= 3_000
    )


def test_what_a_fault_leaves_in_the_pool_is_never_mined(
    net: Devnet, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deployments of its feeds were, when blocks were made again."""

    def broken(self: Node, after: int = 1) -> None:
        raise DrillError("no block today")

    monkeypatch.setattr(Node, "mine", broken)
    assert fault(net, tmp_path, capsys) == "drill: no block today\n"


def test_a_node_that_dies_is_told(
    tmp_path: Path, net: Devnet, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Anvil(options=["--fork-url", net.url]) as anvil:
        net.deployment.save(tmp_path / "31337.json")
        monkeypatch.setattr(Node, "mine", lambda *_: anvil.stop(0))
        assert command.run(["--rpc", anvil.url, "--deployments", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "THE CHAIN COULD NOT BE PUT BACK (no answer from" in said and said.count("\n") == 1


def test_nobody_to_liquidate(net: Devnet, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = account_id(net.key("outsider").address)
    said = fault(net, tmp_path, capsys, "--accounts", str(empty))
    assert "none of 1 accounts has a position or debt" in said


@pytest.mark.parametrize(
    "change,words", [("chain", "is on chain 31337 and not on 1"), ("lens", "there is no Lens at")]
)
def test_another_deployment(
    net: Devnet, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str, words: str
) -> None:
    contracts = dict(net.deployment.contracts)
    if change == "lens":
        contracts["Lens"] = replace(contracts["Lens"], address=net.key("outsider").address)
    other = replace(net.deployment, contracts=contracts, chain_id=1 if change == "chain" else 31337)
    assert words in fault(replace(net, deployment=other), tmp_path, capsys)


def test_a_folder_without_the_chains_file(
    net: Devnet, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert command.run(["--rpc", net.url, "--deployments", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "31337.json: No such file" in said and said.count("\n") == 1


@pytest.mark.slow
def test_a_drill_of_its_own(tmp_path: Path) -> None:
    """Without a node: many kinds of books, up to sixteen positions, a whole batch of 32 in the crash."""
    file = tmp_path / "report.json"
    assert command.run(["--json", str(file)]) == 0
    found = json.loads(file.read_text())
    rows = found["accounts"]
    assert len(rows) >= 40 and all(row["ok"] for row in rows)
    assert sum(row["positions"] == 16 for row in rows) == len(rehearsal.WIDE)
    assert sum(row["book"].startswith("carry: ") for row in rows) >= 3
    assert sum(row["collateral"] > 0 for row in rows) >= 8
    assert max(gas for row in rows for gas in row["gas"]) < 1_400_000  # what the client allows for an account
    assert found["crashes"][0]["ill"] > 32
