"""What every suite shares. Light on purpose: nothing here imports Ape, boa or web3."""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Tools are looked up on PATH (vyper by Ape, anvil by the foundry plugin): find those of this environment,
# also when pytest was started without `./run` or an activated venv.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

# They take a minute or so: begun first, they do not leave one core at work at the end.
LONG = (
    "tests/stateful/test_campaign.py",
    "tests/stateful/test_campaign_again.py",
    "tests/integration/test_gas.py",
    "tests/integration/test_demo.py",
    "tests/integration/test_deploy.py",
    "tests/unit/liquidity_pool/test_properties.py",
)

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, the others as they were found."""
    items.sort(key=lambda item: item.nodeid.split("::")[0] not in LONG)


def _die_with_parent() -> None:
    """Runs in the child: the kernel kills it when the test process ends, however that ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _stop(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()


def rpc(url: str, method: str, *params: object, timeout: float = 10) -> object:
    """One JSON-RPC call with nothing but the standard library."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    # No proxies: the address is always on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=timeout) as response:
        answer = json.load(response)
    if "error" in answer:
        raise RuntimeError(f"{method}: {answer['error']}")
    return answer["result"]


def _start_anvil(*options: str) -> tuple[subprocess.Popen, str]:
    binary = shutil.which("anvil")
    if binary is None:
        pytest.skip("there is no anvil on PATH: run `./run setup`")
    for _ in range(3):  # another process may take the port between the look and the use
        port = _free_port()
        process = subprocess.Popen(
            [binary, "--host", "127.0.0.1", "--port", str(port), "--silent", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=_die_with_parent if LIBC else None,
        )
        atexit.register(_stop, process)
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < deadline:
            try:
                rpc(url, "eth_chainId")
                return process, url
            except OSError:
                time.sleep(0.02)
        _stop(process)
    raise RuntimeError(f"{binary} did not start: run it by hand to see why")


@pytest.fixture(scope="session")
def start_anvil() -> Iterator[Callable[..., str]]:
    """Start further anvils with options of their own: `url = start_anvil("--block-time", "1")`."""
    processes = []

    def start(*options: str) -> str:
        process, url = _start_anvil(*options)
        processes.append(process)
        return url

    yield start
    for process in processes:
        _stop(process)


@pytest.fixture(scope="session")
def anvil(start_anvil: Callable[..., str]) -> str:
    """URL of an automining anvil, one for each test process."""
    return start_anvil()


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The folder with the third-party contracts listed in package.json."""
    folder = ROOT / "node_modules"
    if not (folder / "@chainlink" / "contracts" / "package.json").exists():
        pytest.skip("node_modules is absent: run `./run setup`")
    return folder


@pytest.fixture(scope="session")
def ape_project(anvil: str) -> Iterator[object]:
    """Ape's project, connected to the `anvil` fixture and compiled from the sources as they are now."""
    import ape

    # Ape's cache keys on the contract file alone: after a change in a module it would hand out old bytecode.
    with ape.networks.ethereum.local.use_provider("foundry", provider_settings={"host": anvil}):
        ape.project.load_contracts(use_cache=False)
        yield ape.project
