"""The devnet and the scripts as their users start them."""

from __future__ import annotations

import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from crossmargin.client import WAD, Client, codec
from crossmargin.deployment import Deployment
from crossmargin.devnet import Devnet
from crossmargin.processes import Child, free_port
from tests.integration.test_client_world import DELAY, fresh, fund

pytestmark = pytest.mark.anvil
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds; compiling the contracts first, if they changed, takes longest
net = pytest.fixture(fresh)


def alive(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# ---- devnet ----------------------------------------------------------------------------------------


def test_a_devnet_serves_until_ctrl_c_and_leaves_nothing(tmp_path: Path) -> None:
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "crossmargin.devnet", "--port", str(port), "--interval", "0.3", "--bots"]
    with Child(command, "devnet", env=environment) as child:
        deadline = time.monotonic() + PATIENCE
        while "ready" not in (said := "\n".join(child.output(100))):
            child.check()
            assert time.monotonic() < deadline, said
            time.sleep(0.1)
        record = Path(re.search(r"addresses +(\S+)", said).group(1))
        deployment = Deployment.load(record)
        client = Client.connect(f"http://127.0.0.1:{port}", deployment)
        key = re.search(r"trader +0x\w{40} +(0x\w{64})", said).group(1)
        assert "10,000,000 in the pool, 1,000,000 in the cover pool" in said
        assert client.pool().cover_cash == 10**6 * WAD
        for contract in ("Lens", "Vault", "OrderBook"):
            assert deployment.address(contract) in said

        # an integrator's first steps: the feeds move on by themselves, and the keeper executes
        me = codec.account_id(client.address_of(key))
        client.deposit(key, me, deployment.tokens["USDC"], 10**9)
        client.submit(key, order_at_any_price(me, deployment.markets["ETH"], WAD // 10))
        while client.position(me, deployment.markets["ETH"]).base == 0:
            child.check()
            assert time.monotonic() < deadline
            time.sleep(0.1)

        os.kill(child.pid, signal.SIGINT)
        assert child.wait(10) == 130
        assert child.output(1) == ["devnet: stopped; nothing was left running"]
    assert not alive(port)
    assert list(tmp_path.glob("crossmargin-*")) == []


def order_at_any_price(account: int, market: int, size: int) -> object:
    from crossmargin.client import Order

    return Order(account, market, size, 10**25)


def test_a_busy_port_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "crossmargin.devnet", "--port", str(port)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"devnet: port {port} is in use") and done.stderr.count("\n") == 1


# ---- scripts ---------------------------------------------------------------------------------------

SCRIPTS = ("account", "demo", "deploy", "devnet", "drill", "keeper", "liquidator")


def command_of(script: str) -> click.Command:
    return runpy.run_path(str(ROOT / "scripts" / f"{script}.py"))["cli"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_a_command_of_its_name_with_help(script: str) -> None:
    command = command_of(script)
    assert command.name == script
    done = CliRunner().invoke(command, ["--help"])
    assert done.exit_code == 0, done.output
    assert "Usage:" in done.output


def test_ape_lists_the_scripts() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "ape", "run", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^  ([a-z]+) ", done.stdout.partition("Commands:")[2], re.MULTILINE) == list(SCRIPTS)


@pytest.fixture
def account(net: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Run a command of scripts/account.py as the trader."""
    record = tmp_path / "31337.json"
    net.deployment.save(record)
    monkeypatch.setenv("CROSSMARGIN_RPC", net.url)
    monkeypatch.setenv("CROSSMARGIN_DEPLOYMENT", str(record))
    monkeypatch.setenv("CROSSMARGIN_KEY", "0x" + bytes(net.key("trader").key).hex())
    command = command_of("account")

    def run(*args: str) -> Result:
        return CliRunner().invoke(command, list(args))

    return run


def test_account_deposits_trades_shows_and_withdraws(net: Devnet, account: object) -> None:
    me = net.account("trader")
    assert account("deposit", "1000.5").exit_code == 0
    assert net.client.cash(me) == 1_000_500_000_000_000_000_000
    said = account("order", "ETH", "-0.25")
    assert said.exit_code == 0 and said.output.startswith("submitted 0x")
    (pending,) = net.client.events()[-1:]
    net.push(after=DELAY)
    net.client.execute(net.key("keeper"), [pending.order])
    shown = account("show").output
    assert "ETH          -0.25 at" in shown and "state        healthy" in shown
    assert account("withdraw", "500").exit_code == 0
    assert net.client.cash(me) < 501 * WAD
    assert (
        account("show", str(fund(net, "hedger", 7))).output.splitlines()[1] == "cash         7 (0 reserved)"
    )


@pytest.mark.parametrize(
    "args,words",
    [
        (["withdraw", "1000000"], "PositionManager.withdraw: refused: vault: insufficient balance"),
        (["deposit", "0.0000001"], "more than 6 decimals"),
        (["deposit", "1", "NONE"], "there is no token NONE: there is USDC, WBTC, WETH"),
        (["order", "NONE", "1"], "there is no market NONE"),
        (["order", "ETH", "1"], "the order would be refused"),
        (["show", "me"], "write 0xowner, 0xowner/sub or the id"),
        (["show", "--rpc", "http://127.0.0.1:9"], "no answer from http://127.0.0.1:9: connection refused"),
        (["show", "--deployment", "none.json"], "cannot read the deployment none.json"),
        (["show", "--deployment", "pyproject.toml"], "is not a deployment's file of format 1"),
        (["show", "--deployment", "."], "is a directory"),
        (["show", "--keyfile", "none"], "cannot read the keyfile none"),
        (["show", "--keyfile", "pyproject.toml"], "pyproject.toml is not a private key"),
        (["show", "--rpc", "node"], "'node' is not the address of a node"),
        (["show", "--sub", "-1"], "-1 is not in the range"),
        (["deposit", "-5"], "'-5' is not above 0"),
        (["deposit", "0"], "'0' is not above 0"),
        (["deposit", "nan"], "'nan' is not an amount"),
        (["deposit", "1e99999"], "'1e99999' is not an amount"),
        (["deposit", "1e40"], "1E+40 is more than an account can hold"),
        (["deposit", "much"], "'much' is not an amount"),
        (["withdraw", "-1"], "'-1' is not above 0"),
        (["withdraw", "5", "--to", "me"], "--to me: that is not an address"),
        (["order", "ETH", "0"], "'0' is not other than 0"),
        (["order", "ETH", "1e60"], "1E+60 is more than an account can hold"),
        (["order", "ETH", "1e-19"], "1E-19 has more than 18 decimals"),
        (["order", "ETH", "1", "--slippage", "x"], "'x' is not a valid integer"),
        (["order", "ETH"], "Missing argument 'SIZE'"),
        (["ordre", "ETH", "1"], "No such command 'ordre'"),
    ],
)
def test_account_failures_are_one_line(account: object, args: list[str], words: str) -> None:
    done = account(*args)
    assert done.exit_code != 0
    assert words in done.output
    assert done.output.startswith("Error: ") and done.output.count("\n") == 1


def test_account_on_another_chain_than_its_deployment_says_so(
    account: object, net: Devnet, tmp_path: Path
) -> None:
    """It read garbage there: "the answer does not fit"."""
    other = tmp_path / "1.json"
    other.write_text((tmp_path / "31337.json").read_text().replace('"chain_id": 31337', '"chain_id": 1'))
    done = account("show", "--deployment", str(other))
    said = f"Error: {net.url} is on chain 31337 and not on 1: check --rpc and --deployment\n"
    assert (done.exit_code, done.output) == (1, said)


def test_account_takes_every_digit_of_an_amount() -> None:
    """Decimal rounded amounts of more than 28 digits to other amounts."""
    units = runpy.run_path(str(ROOT / "scripts" / "account.py"))["units"]
    assert units(Decimal("12345678901.123456789012345678"), 18) == 12345678901123456789012345678


def test_account_goes_on_with_another_node(account: object, net: Devnet) -> None:
    done = account("show", "--rpc", "http://127.0.0.1:9", "--rpc", net.url)
    assert done.exit_code == 0 and "state        healthy" in done.output


@pytest.mark.parametrize(
    "args", ["--interval inf", "--interval nan", "--block-time nan", "--walk -1", "--port 0"]
)
def test_a_devnet_with_a_bad_number_is_one_line_and_starts_nothing(args: str) -> None:
    """An endless interval was a traceback after everything had been deployed."""
    done = subprocess.run(
        [sys.executable, "-m", "crossmargin.devnet", *args.split()],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"devnet: Invalid value for '{args.split()[0]}'")
    assert done.stderr.count("\n") == 1


def test_account_without_a_key_says_how_to_give_one(account: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROSSMARGIN_KEY")
    assert "there is no key: set CROSSMARGIN_KEY" in account("show").output
