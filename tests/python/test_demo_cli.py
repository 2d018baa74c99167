"""The demo's command line: refusals of one line, files written, no process left behind."""

import json
import os
import socket
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from crossmargin.demo import __main__ as cli
from crossmargin.demo.books import Plan
from crossmargin.demo.paths import PricePath
from crossmargin.demo.result import Conservation
from crossmargin.demo.scenario import Scenario, Totals
from crossmargin.processes import Child, free_port, rpc
from tests.python.demo_paper import Paper, Watcher

Run = Callable[..., tuple[int, str]]
NO_FOLDER = "there is no such folder, or it is one: name a file"


@pytest.fixture
def run(capsys) -> Run:
    """Run the command: (exit code, what it wrote to stderr)."""

    def call(*args: str) -> tuple[int, str]:
        code = cli.run(list(args))
        return code, capsys.readouterr().err

    return call


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            "--prices nowhere.csv",
            "cannot read nowhere.csv: No such file or directory; give --prices a CSV file",
        ),
        ("--shock deep --prices a.csv", "--shock deep has prices of its own: leave out --prices"),
        ("--shock deep --ticks 39", "--ticks 39 is out of range for --shock deep: choose 40 to 2000"),
        ("--markets BTC,PEPE", "unknown market 'PEPE': choose from BTC, ETH, SOL, LINK, DOGE"),
        ("--json no/such/file.json", f"--json no/such/file.json: {NO_FOLDER}"),
        ("--html .", f"--html .: {NO_FOLDER}"),
    ],
)
def test_refusals_are_one_line(run, args, message):
    assert run(*args.split()) == (1, f"demo: {message}\n")


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_a_file_that_cannot_be_written_is_told_before_the_run(run, tmp_path, option):
    """It was told after three minutes, when the report was lost."""
    (file := tmp_path / "link").symlink_to(tmp_path / "none" / "a.json")
    assert run(option, str(file)) == (
        1,
        f"demo: {option} {file}: cannot write it: No such file or directory; name another\n",
    )
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "args", ["--shock shallow", "--ticks 3", "--accounts 0", "--port 99999", "--seed x", "--sed 1"]
)
def test_bad_options_are_named_in_one_line(run, args):
    code, stderr = run(*args.split())
    assert code == 2
    assert args.split()[0] in stderr
    assert stderr.startswith("demo: ")
    assert stderr.count("\n") == 1


@pytest.fixture
def paper(monkeypatch) -> list[PricePath]:
    """Let the command run on a venue of paper; returns the paths it was asked to play."""
    asked = []

    def simulate(path, plan, seed, port, console):
        asked.append(path)
        return Scenario(Paper(), path, plan, Watcher(), start=id, check=lambda: None, seed=seed).run()

    monkeypatch.setattr(cli, "simulate", simulate)
    return asked


def test_the_command_writes_both_files(run, paper, tmp_path):
    files = {"--json": tmp_path / "a.json", "--html": tmp_path / "a.html"}
    output = [str(word) for pair in files.items() for word in pair]
    assert run("--ticks", "20", "--accounts", "5", "--markets", "eth,sol", *output) == (0, "")
    assert paper[0].symbols == ("ETH", "SOL")
    data = json.loads(files["--json"].read_text())
    assert (data["ticks"], data["accounts"], data["conservation_wei"]) == (20, 5, 0)
    assert files["--html"].read_text().startswith("<!doctype html>")


def test_a_deep_run_says_what_did_not_happen(run, paper, capsys, tmp_path):
    """On paper nothing of it does."""
    file = tmp_path / "a.json"
    assert cli.run(["--shock", "deep", "--ticks", "40", "--accounts", "4", "--json", str(file)]) == 0
    said = capsys.readouterr().out
    assert paper[0].source.startswith("synthetic, seed 1, drawn to go all the way down")
    assert "not all of it happened: nobody was deleveraged" in said
    assert "not all of it happened: no market was settled" in said
    assert json.loads(file.read_text())["deleveraged"] == 0


def test_a_ledger_that_does_not_balance_fails_the_command(run, paper, monkeypatch):
    totals = Totals((), {}, 0, 0, 0, (), Conservation({"USDC": -3}, 0))
    monkeypatch.setattr(Paper, "totals", lambda self: totals)
    expected = (1, "demo: the ledger and the tokens differ by 3 wei\n")
    assert run("--ticks", "12", "--accounts", "3") == expected


def test_an_interrupt_says_so(run, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "simulate", interrupted)
    code, stderr = run()
    # The empty line first: the terminal has just shown ^C.
    assert (code, stderr) == (130, "\ndemo: interrupted; everything it started has been stopped\n")


def test_prices_from_a_file(run, paper, tmp_path: Path):
    rows = [f"{1_700_000_000 + 3600 * i},ETH,{2000 - i},{2000 - i},{2000 - i},{2000 - i}" for i in range(60)]
    file = tmp_path / "p.csv"
    file.write_text("\n".join(["timestamp,symbol,open,high,low,close", *rows]))
    assert run("--prices", str(file), "--ticks", "12", "--accounts", "2") == (0, "")
    assert paper[0].source == "p.csv"


@pytest.fixture
def chain(monkeypatch) -> list[int]:
    """A chain part of paper beside a real anvil and a real child; fills in the child's process id."""
    pids = []

    class OnAnvil(Paper):
        def __init__(self, url: str, plan: Plan) -> None:
            super().__init__()
            assert int(rpc(url, "eth_chainId"), 16) == 777

        def bots(self):
            self.bot = Child([sys.executable, "-c", "import time; time.sleep(100)"], name="keeper")
            return [self.bot]

        def state(self):
            pids[:] = [self.bot.pid]
            return super().state()

    part = types.ModuleType("crossmargin.demo.chain")
    part.ChainVenue = OnAnvil
    part.prepare = lambda say: say("compiling")
    part.anvil_options = lambda path: ["--chain-id", "777"]
    monkeypatch.setitem(sys.modules, "crossmargin.demo.chain", part)
    return pids


@pytest.mark.anvil
def test_a_run_beside_anvil_leaves_no_process(run, chain):
    port = free_port()
    assert run("--ticks", "12", "--accounts", "3", "--port", str(port)) == (0, "")
    (bot,) = chain
    with pytest.raises(ProcessLookupError):
        os.kill(bot, 0)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_busy_port_is_one_line(run, chain):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        found = run("--port", str(port))
    message = f"port {port} is in use: stop what listens there or choose another with --port"
    assert found == (1, f"demo: {message}\n")
