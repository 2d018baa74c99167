"""The demo as a user runs it, in short: real contracts, real feeds, bots of their own, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from crossmargin.demo import __main__ as cli
from crossmargin.demo import feeds
from crossmargin.processes import free_port
from tests.support.signals import born

pytestmark = pytest.mark.anvil
SECONDS = 150  # for a run that takes twenty on an idle machine


def command(port: int, *options: str) -> list[str]:
    return [sys.executable, "-m", "crossmargin.demo", "--port", str(port), *options]


def speaking_of(port: int) -> list[str]:
    """Command lines of live processes that name this port: the chain and its clients."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(port) in line and ("anvil" in line or "crossmargin." in line):
            found.append(line)
    return found


def leftovers() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("crossmargin-demo-*"))


@pytest.fixture(scope="module")
def short(tmp_path_factory, node_modules) -> dict:
    """Twelve ticks with forty accounts, as JSON; `port` and `output` beside it."""
    file = tmp_path_factory.mktemp("demo") / "demo.json"
    port, before = free_port(), leftovers()
    options = (
        "--ticks",
        "12",
        "--accounts",
        "40",
        "--json",
        str(file),
        "--html",
        str(file.with_suffix(".html")),
    )
    done = subprocess.run(command(port, *options), capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    page = file.with_suffix(".html").read_text()
    return json.loads(file.read_text()) | {
        "port": port,
        "output": done.stdout,
        "page": page,
        "left": leftovers() - before,
    }


def test_the_ledger_matches_the_tokens_to_the_wei(short):
    assert short["conservation_wei"] == 0
    rows = short["conservation"]
    assert set(rows["tokens"]) == {"USDC", "WETH", "WBTC"}
    assert set(rows["base"]) == set(rows["quote"]) == {"BTC", "ETH", "SOL", "LINK", "DOGE"}
    assert "0 wei: ledger = tokens" in short["output"]


def test_accounts_traded_and_were_liquidated(short):
    assert (short["accounts"], short["ticks"]) == (40, 12)
    # those with collateral alone too; one wanted more than the premium of the round left it margin for
    assert short["accounts_opened"] >= 39
    assert short["orders"]["executed"] >= 60
    assert short["liquidations"] > 10
    assert short["rewards"] > 0
    assert short["funding_paid"] > 0
    assert short["unhealthy_after_tick_max"] == 0
    for event in short["liquidation_events"]:
        assert event["health_before"] < 1
        assert event["charged"] > 0
        if event["health_after"] is not None:  # h of Q-1 is 1.25; lots are rounded up
            assert 1.2499 <= event["health_after"] < 1.3


def test_money_moved_where_it_should(short):
    assert short["pool_nav_start"] > 9_990_000
    assert short["pool_nav_end"] > 0
    paid = sum(event["bad_debt"] - event["bad_debt_pool"] for event in short["liquidation_events"])
    taken = sum(event["to_cover"] for event in short["liquidation_events"])
    assert short["cover_start"] == 250_000
    assert short["cover_end"] == pytest.approx(250_000 + taken - paid, abs=0.01)
    assert short["bad_debt"] == pytest.approx(
        sum(e["bad_debt"] for e in short["liquidation_events"]), abs=0.01
    )


def test_gas_of_every_operation_is_measured(short):
    wanted = {"deposit", "withdraw", "submit_order", "execute_order", "liquidate", "close_fraction"}
    assert wanted | {"pool_deposit", "request_exit", "feed_round"} <= set(short["gas"])
    assert all(
        row["calls"] > 0 and 21_000 < row["min"] <= row["mean"] <= row["max"] for row in short["gas"].values()
    )


def test_prices_come_from_real_aggregators(short):
    assert "Chainlink aggregators" in short["output"]


def test_the_page_asks_nobody_for_anything(short):
    assert short["page"].startswith("<!doctype html>")
    assert 'src="http' not in short["page"]


def test_nothing_is_left_behind(short):
    assert speaking_of(short["port"]) == []
    assert short["left"] == set()


# ---- the deep scenario ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def down(tmp_path_factory, node_modules) -> dict:
    """Forty ticks with twelve accounts, all the way down, as JSON; `output` and `page` beside it."""
    file = tmp_path_factory.mktemp("deep") / "demo.json"
    page = file.with_suffix(".html")
    options = (
        "--shock",
        "deep",
        "--ticks",
        "40",
        "--accounts",
        "12",
        "--json",
        str(file),
        "--html",
        str(page),
    )
    done = subprocess.run(command(free_port(), *options), capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text()) | {"output": done.stdout, "page": page.read_text()}


def test_all_of_the_waterfall_happens_and_the_ledger_still_matches(down):
    assert down["conservation_wei"] == 0
    assert "not all of it happened" not in down["output"] + down["page"]
    assert down["unhealthy_after_tick_max"] == 0


def test_the_cover_pool_pays_first_and_the_pool_the_rest(down):
    claims = down["waterfall"]["claims"]
    assert any(claim["capped"] for claim in claims)
    assert sum(claim["amount"] for claim in claims) / 1e18 == pytest.approx(
        down["bad_debt_by_cover"], abs=0.01
    )
    assert down["bad_debt_by_pool"] > 0
    assert down["bad_debt_by_cover"] + down["bad_debt_by_pool"] == pytest.approx(down["bad_debt"], abs=0.01)
    taken = sum(event["to_cover"] for event in down["liquidation_events"])
    change = down["cover_nav_end"] - down["cover_nav_start"]
    assert change == pytest.approx(taken - down["bad_debt_by_cover"], abs=0.01)


def test_winners_give_way_by_their_profit(down):
    cuts = down["waterfall"]["deleveraged"]
    assert len(cuts) == down["deleveraged"] > 0
    for cut in cuts:
        assert cut["profit"] * 10**18 >= cut["threshold"] * cut["notional"] > -1
        assert cut["profit"] > 0
        assert cut["size"] < 0  # longs: the rally made them winners


def test_one_market_is_wound_down_to_its_last_position(down):
    (market,) = down["waterfall"]["wind_downs"]
    assert (market["market"], market["left"]) == ("DOGE", 0)
    assert 3600 <= market["ended"] - market["started"] < 4200
    settled = down["waterfall"]["settled"]
    assert {row["account"] for row in settled} == {"trader-05", "trader-10"}
    assert down["settled_positions"] == 2
    assert down["conservation"]["base"]["DOGE"] == down["conservation"]["quote"]["DOGE"] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_behind(number):
    port, before = free_port(), leftovers()
    with subprocess.Popen(
        command(port, "--ticks", "400", "--accounts", "2", "--markets", "ETH"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=born(signal.SIGINT),  # as a script's background job: the bots must not inherit it
    ) as run:
        await_(lambda: sum("bots." in line for line in speaking_of(port)) == 2)
        os.kill(run.pid, number)
        stderr = run.stderr.read()
        assert run.wait(20) == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    assert "Traceback" not in stderr
    assert speaking_of(port) == []
    assert leftovers() - before == set()


def await_(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not done():
        assert time.monotonic() < deadline, "the bots never started"
        time.sleep(0.05)


def test_without_the_npm_package_the_projects_own_feeds_serve(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(feeds, "available", feeds.DevFeeds)
    file = tmp_path / "demo.json"
    assert cli.run(["--ticks", "12", "--accounts", "3", "--markets", "ETH,BTC", "--json", str(file)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "dev feeds" in said and "./run setup" in said
    data = json.loads(file.read_text())
    assert (data["conservation_wei"], data["markets"]) == (0, ["ETH", "BTC"])
    assert data["orders"]["executed"] > 0
