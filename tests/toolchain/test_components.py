"""The real components are there: anvil answers, third-party contracts carry their bytecode."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import rpc

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.anvil
def test_anvil_is_the_pinned_version(anvil):
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]["@foundry-rs/anvil"]
    assert rpc(anvil, "web3_clientVersion").startswith(f"anvil/v{wanted}")


@pytest.mark.anvil
@pytest.mark.skipif(sys.platform != "linux", reason="needs the kernel's parent-death signal")
def test_anvil_dies_with_a_killed_test_process():
    code = "from tests.conftest import _start_anvil; p, _ = _start_anvil(); print(p.pid, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while _alive(child):
        assert time.monotonic() < deadline, "anvil outlived the process that started it"
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    """Running, and not just a zombie that nobody has reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("name", ["EACAggregatorProxy", "AccessControlledAggregator", "MockV3Aggregator"])
def test_chainlink_artifacts_load(node_modules, name):
    artifact = json.loads((node_modules / f"@chainlink/contracts/abi/v0.6/{name}.json").read_text())
    output = artifact["compilerOutput"]
    assert {"latestRoundData"} <= {item.get("name") for item in output["abi"]}
    assert len(bytes.fromhex(output["evm"]["bytecode"]["object"].removeprefix("0x"))) > 1000


@pytest.mark.parametrize(
    "path",
    [
        "@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json",
        "@uniswap/v3-periphery/artifacts/contracts/SwapRouter.sol/SwapRouter.json",
        "canonical-weth/build/contracts/WETH9.json",
    ],
)
def test_other_artifacts_load(node_modules, path):
    artifact = json.loads((node_modules / path).read_text())
    assert artifact["abi"]
    assert len(bytes.fromhex(artifact["bytecode"].removeprefix("0x"))) > 1000


def test_pyth_abi_loads(node_modules):
    abi = json.loads((node_modules / "@pythnetwork/pyth-sdk-solidity/abis/IPyth.json").read_text())
    assert "getPriceUnsafe" in {item.get("name") for item in abi}
