"""The drill without a chain: shocks, what is wrong with a liquidation, the report, and faults of the command line."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from crossmargin.client import Conservation, account_id
from crossmargin.client.events import Liquidated, LiquidationFailed
from crossmargin.client.records import (
    Account,
    AssetBooks,
    Collateral,
    Health,
    MarketBooks,
    Outcome,
    Position,
    Receipt,
)
from crossmargin.drill import __main__ as command
from crossmargin.drill import course
from crossmargin.drill.node import Interrupts
from crossmargin.drill.result import Crash, Report, Row, apart, describe, strays, unhealed
from crossmargin.drill.shocks import QUOTE_FEED, DrillError, Feed, Shock, answers, deepest, wad_prices
from crossmargin.processes import free_port

WAD = 10**18
KEEPER = account_id("0x" + "22" * 20)
PATIENT = account_id("0x" + "11" * 20, 3)
BTC, ETH, DOGE = 0, 1, 4
SYMBOLS = {BTC: "BTC", ETH: "ETH", 2: "SOL", DOGE: "DOGE", 5: "LINK"}
FEEDS = {
    QUOTE_FEED: Feed(QUOTE_FEED, 99_000_000, 8, 90_000, 5 * 10**7, 2 * 10**8),
    BTC: Feed(BTC, 40_000 * 10**8, 8, 4_200, 100 * 10**8, 9_000_000 * 10**8, beta=400),
    DOGE: Feed(DOGE, 15 * 10**5, 7, 4_200, 2 * 10**4, 10**9, beta=800),
}


# ---- shocks ------------------------------------------------------------------------------------------


def test_a_common_move_goes_with_the_betas() -> None:
    fall = answers(FEEDS, Shock("common", -1_000), ref=400)
    assert fall == {QUOTE_FEED: 99_000_000, BTC: 36_000 * 10**8, DOGE: 12 * 10**5}  # DOGE twice as far


def test_a_market_moves_alone() -> None:
    assert answers(FEEDS, Shock("market", 5_000, DOGE), ref=400) == {
        QUOTE_FEED: 99_000_000,
        BTC: 40_000 * 10**8,
        DOGE: 225 * 10**4,
    }


@pytest.mark.parametrize("kind", ["none", "time"])
def test_other_shocks_leave_prices_alone(kind: str) -> None:
    found = answers(FEEDS, Shock(kind, seconds=86_400), ref=400)
    assert found == {market: feed.answer for market, feed in FEEDS.items()}


@pytest.mark.parametrize("bps,inside", [(-4_933, True), (-4_934, False), (-5_100, False)])
def test_no_answer_leaves_the_bounds_of_its_feed(bps: int, inside: bool) -> None:
    """DOGE at 2 % of 0.15 is 0.003; its feed takes answers above 0.002 alone."""
    assert (answers(FEEDS, Shock("common", bps), ref=400) is not None) is inside


def test_prices_are_in_quote() -> None:
    found = wad_prices(FEEDS, {market: feed.answer for market, feed in FEEDS.items()})
    assert found == {BTC: 40_000 * WAD * 100 // 99, DOGE: 15 * 10**16 * 100 // 99}


def test_the_deepest_fall_is_a_part_of_that_to_the_first_zero() -> None:
    assert deepest(FEEDS, 400, -8_000) == Shock("common", -4_000)  # DOGE would be at zero with BTC at a half
    assert deepest(FEEDS, 400, 5_000) == Shock("common", 5_000)


def test_bounds_make_the_deepest_move_shallower() -> None:
    tight = {**FEEDS, BTC: replace(FEEDS[BTC], low=30_000 * 10**8)}
    assert deepest(tight, 400, -8_000) == Shock("common", -2_400)
    closed = {**FEEDS, BTC: replace(FEEDS[BTC], low=40_000 * 10**8 - 1)}
    with pytest.raises(DrillError, match="no room"):
        deepest(closed, 400, -8_000)


@pytest.mark.parametrize(
    "shock,text",
    [
        (Shock(), "none needed"),
        (Shock("common", -1_234), "all -12.34 %"),
        (Shock("market", 300, ETH), "ETH +3.00 %"),
        (Shock("time", seconds=10 * 86_400), "10 days"),
    ],
)
def test_shocks_in_words(shock: Shock, text: str) -> None:
    assert shock.text(SYMBOLS) == text


def test_only_moves_are_pushed_further_and_in_their_own_direction() -> None:
    assert [one.bps for one in Shock("common", -50).further()] == [-50, -51, -54, -70, -150]
    assert [one.bps for one in Shock("market", 50, ETH).further()] == [50, 51, 54, 70, 150]
    assert Shock("time", seconds=9).further() == [Shock("time", seconds=9)]


# ---- accounts ------------------------------------------------------------------------------------------


def position(market: int, base: int, notional: int = 1_000, state: int = 0) -> Position:
    return Position(market, base * WAD, 0, 100 * WAD, state, 0, 0, 0, notional * WAD, 0)


def account(
    *positions: Position, cash: int = 0, equity: int = 0, raw: int = 0, pledged: Sequence[int] = ()
) -> Account:
    held = tuple(Collateral(asset, (ETH, BTC)[asset], WAD, WAD, 0, WAD) for asset in pledged)
    values = (cash * WAD, 0, equity, 0, raw, raw, 0, 0, 0, 0, False)
    return Account(PATIENT, *values, tuple(positions), held)


@pytest.mark.parametrize(
    "one,words",
    [
        (account(position(ETH, 1)), "long ETH"),
        (account(position(ETH, 1), position(BTC, -1, 900)), "hedge: long ETH, short BTC"),
        (account(position(ETH, 1), position(BTC, -1, 300)), "long ETH, short BTC"),
        (account(position(ETH, -1), pledged=[0]), "carry: short ETH on WETH"),
        (account(position(BTC, -1), pledged=[0]), "short BTC on WETH"),
        (account(position(BTC, 1), pledged=[0, 1]), "long BTC on WETH, WBTC"),
        (account(*(position(m, 1) for m in range(6))), "6 long"),
        (account(*(position(m, (-1) ** m) for m in range(6))), "hedge: 3 long, 3 short"),
        (account(cash=-7, pledged=[0]), "debt of 7.00: no position on WETH"),
    ],
)
def test_books_in_words(one: Account, words: str) -> None:
    assert describe(one, SYMBOLS, {0: "WETH", 1: "WBTC"}) == words


H = 12_500


@pytest.mark.parametrize(
    "after,fault",
    [
        (account(position(ETH, 1), equity=125 * WAD, raw=100 * WAD), ""),
        (account(position(ETH, 1), equity=125 * WAD - 10**12, raw=100 * WAD), ""),  # a lot at 100 is 1e12 wei
        (account(position(ETH, 1), equity=124 * WAD, raw=100 * WAD), "equity 124.00 is below h MM = 125.00"),
        (account(position(ETH, 1, state=2), equity=1 * WAD, raw=100 * WAD), ""),
        (account(), ""),
        (account(cash=-1), "everything is closed and it still owes 1.00"),
    ],
)
def test_what_a_slice_must_leave(after: Account, fault: str) -> None:
    assert unhealed(after, H) == fault


WHOLE = {"held": 1_000, "credited": 1_000, "accounts": 400, "base": 5, "quote": -3, "debt": 9, "owed": 2}


def books(**changes: int) -> Conservation:
    given = WHOLE | changes
    asset = AssetBooks("0x", given["held"], given["credited"], given["accounts"])
    market = MarketBooks(given["base"], given["quote"])
    return Conservation(1, {255: asset}, {0: market}, given["debt"], given["owed"])


def test_books_of_some_accounts_are_compared_with_themselves() -> None:
    assert apart(books(), books()) == 0
    assert apart(books(), books(credited=1_010, held=1_010, accounts=410, debt=10, owed=3)) == 0


@pytest.mark.parametrize("name", ["held", "accounts", "base", "quote", "debt", "owed"])
def test_a_wei_that_is_lost_shows(name: str) -> None:
    assert apart(books(), books(**{name: WHOLE[name] - 1})) == 1


def test_donations_are_no_fault_of_the_books() -> None:
    whole = books(accounts=1_000, base=0, quote=0, debt=2)
    assert strays(whole) == 0
    assert strays(books(held=1_500, accounts=1_000, base=0, quote=0, debt=2)) == 0
    assert strays(books(held=999, accounts=1_000, base=0, quote=0, debt=2)) == 1


# ---- the course, on a stage that plays ---------------------------------------------------------------------


class Scripted:
    """A stage and its client for one account: ill after `ill_after` pushes, healthy after `slices` slices."""

    symbols = assets = {0: "BTC"}
    feeds, ref, keeper_account = FEEDS, 400, KEEPER

    def __init__(self, ill_after: int, slices: int, shock: int | None = -WAD // 10, **told: Any) -> None:
        self.client = self
        self.calls = self
        self.ill_after, self.left, self.shock, self.told = ill_after, slices, shock, told
        self.pushed: list[Shock] = []
        self.owes = 0

    def rewind(self) -> None:
        pass

    def push(self, shock: Shock) -> bool:
        if answers(self.feeds, shock, self.ref) is None:
            return False
        self.pushed.append(shock)
        return True

    def _ill(self) -> bool:
        return len(self.pushed) >= self.ill_after and self.left > 0

    def health(self, accounts: Sequence[int]) -> list[Health]:
        return [Health(0, 0, 0, 3 if self._ill() else 0)]

    def health_at(self, accounts: Sequence[int], prices: Sequence[int]) -> Sequence[int]:
        return prices

    def read_all(self, calls: Sequence[Sequence[int]]) -> list[list[Health]]:
        return [[Health(0, 0, 0, 3 if row[DOGE] > WAD // 2 else 0)] for row in calls]

    def liquidatable(self, accounts: Sequence[int]) -> list[int]:
        return list(accounts) if self._ill() else []

    def liquidation_shock(self, account: int) -> int | None:
        return self.shock

    def conservation(self, accounts: Sequence[int]) -> Conservation:
        return books(debt=9 + self.owes)

    def solvency(self) -> Conservation:
        return books(debt=9 + self.owes)

    def outcome(self, account: int) -> Outcome:
        return Outcome(0, 0, self.told.get("reason", 0))

    def liquidate(self, accounts: Sequence[int]) -> Receipt:
        self.left -= 1
        self.owes += self.told.get("lost", 0)
        at = {"contract": "", "block": 1, "log_index": 0, "tx_hash": ""}
        sliced = Liquidated(
            account=PATIENT,
            keeper=self.told.get("keeper", KEEPER),
            fraction=WAD // 4,
            reward=0,
            to_cover=0,
            cash=0,
            equity=5,
            maintenance=self.told.get("mm", 9),
            positions=(),
            **at,
        )
        failed = LiquidationFailed(account=PATIENT, reason=self.told.get("failed", ""), **at)
        event = failed if "failed" in self.told else sliced
        return Receipt("liquidate", "0x", 1, 200_000 + self.left, 1, "reverts" not in self.told, "", (event,))

    def accounts(self, ids: Sequence[int]) -> list[Account]:
        return [account(position(BTC, 1), equity=125 * WAD, raw=100 * WAD)]


def drilled(stage: Scripted) -> Row:
    drill = course.Drill(stage)  # type: ignore[arg-type]
    drill._h = H
    return drill._account(account(position(BTC, 1)))


def test_the_lens_says_how_far() -> None:
    stage = Scripted(ill_after=1, slices=1)
    row = drilled(stage)
    assert (row.ok, row.shock, row.gas, row.fraction) == (True, Shock("common", -1_000), [200_000], WAD // 4)


def test_a_move_that_rounding_spoils_is_pushed_further() -> None:
    row = drilled(Scripted(ill_after=3, slices=1))
    assert (row.ok, row.shock) == (True, Shock("common", -1_004))


def test_without_a_common_move_the_grid_is_tried_then_time() -> None:
    row = drilled(Scripted(ill_after=1, slices=1, shock=None))
    assert row.shock == Shock("common", 20_000)  # the first at which DOGE is above a half
    waits = Scripted(ill_after=10**6, slices=1, shock=None)
    row = drilled(waits)
    assert not row.ok and row.shock is None
    assert row.reason == "no move of prices and no time makes it liquidatable"
    assert [one.seconds // 86_400 for one in waits.pushed[-7:]] == list(course.WAITS)
    assert {one.market for one in waits.pushed if one.kind == "market"} <= {BTC}


def test_slices_are_repeated_until_it_is_healthy() -> None:
    row = drilled(Scripted(ill_after=1, slices=3))
    assert (row.ok, row.slices) == (True, 3)
    assert row.fraction == WAD - WAD * 27 // 64


def test_sixteen_slices_are_enough() -> None:
    assert drilled(Scripted(ill_after=1, slices=16)).ok
    row = drilled(Scripted(ill_after=1, slices=17))
    assert row.reason == "still liquidatable after 16 slices"


@pytest.mark.parametrize(
    "told,reason",
    [
        ({"failed": "manager: not allowed"}, "the call failed: manager: not allowed"),
        ({"failed": ""}, "the call failed: no reason: too little gas, or arithmetic"),
        ({"reason": 5}, "liquidate says: grace: wait"),
        ({"reverts": True}, "liquidate reverted: no reason"),
        ({"keeper": PATIENT}, "the reward went to another account than the caller's"),
        ({"mm": 5}, "it was liquidated with equity above maintenance"),
        ({"lost": 7}, "the books moved apart by 7 wei"),
    ],
)
def test_what_is_wrong_is_the_reason(told: dict[str, Any], reason: str) -> None:
    assert drilled(Scripted(ill_after=1, slices=1, **told)).reason == reason


# ---- the report ----------------------------------------------------------------------------------------


def report() -> Report:
    good = Row(PATIENT, "long ETH", 1, 0, Shock("common", -500), [220_000], WAD // 4, 0, 125 * WAD, 100 * WAD)
    bad = Row(KEEPER, "short ETH", 1, 0, reason="liquidate says: grace: wait")
    return Report(31337, 7, SYMBOLS, [good, bad], [Crash(Shock("common", -4_000), 2, 2, 1, 400_000)])


def test_the_report_counts_what_failed() -> None:
    found = report()
    assert found.failures == 1
    assert found.line().startswith(
        "2 accounts: 1 liquidated, 1 failed; at most 1 slice each, the dearest 220,000 gas"
    )
    assert [row.result() for row in found.rows] == [
        "closed 25.0%",
        "FAILED: liquidate says: grace: wait",
    ]
    found.crashes[0].failures.append("somebody is left")
    found.wei = 1
    assert found.failures == 3


def test_the_file_keeps_every_digit() -> None:
    found = json.loads(json.dumps(report().content()))
    first, second = found["accounts"]
    assert first["account"] == hex(PATIENT) and first["sub_id"] == 3
    assert first["equity"] == str(125 * WAD) and first["shock"]["bps"] == -500 and first["gas"] == [220_000]
    assert (second["ok"], second["shock"], second["reason"]) == (False, None, "liquidate says: grace: wait")
    assert found["crashes"][0]["bad_debt"] == "0" and found["failures"] == 1


# ---- the command ---------------------------------------------------------------------------------------


class Stranger(BaseHTTPRequestHandler):
    """A node of another make."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = {"eth_chainId": "0x1", "web3_clientVersion": "Geth/v1.14.0"}
        missing = {"code": -32601, "message": "the method does not exist"}
        rows = [
            {"jsonrpc": "2.0", "id": one["id"]}
            | ({"result": known[one["method"]]} if one["method"] in known else {"error": missing})
            for one in asked
        ]
        body = json.dumps(rows).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def failed(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str]:
    code = command.run(list(args))
    said = capsys.readouterr().err
    assert said.startswith("drill: ") and said.count("\n") == 1
    return code, said


def test_a_node_that_is_no_anvil_is_told(stranger: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = failed(capsys, "--rpc", stranger)
    assert code == 1
    assert "is not an anvil (Geth/v1.14.0): drill on a copy of its chain with --fork" in said


@pytest.mark.parametrize("option", ["--rpc", "--fork"])
def test_a_dead_node_is_told(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = failed(capsys, option, f"http://user:secret@127.0.0.1:{free_port()}/key")
    assert code == 1 and "connection refused" in said
    assert "secret" not in said and "key" not in said


@pytest.mark.parametrize(
    "args,code,words",
    [
        (["--rpc", "http://a", "--fork", "http://b"], 2, "choose one of --rpc and --fork"),
        (["--rpc", "ftp://a"], 1, "is not the address of a node"),
        (["--accounts", "me"], 2, "write 0xowner"),
        (["--json", "nowhere/report.json"], 2, "there is no such folder"),
        (["--seed", "-1"], 2, "--seed"),
    ],
)
def test_mistakes_are_one_line(
    args: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found, said = failed(capsys, *args)
    assert found == code and words in said


def test_one_interrupt_waits_for_a_good_moment_and_the_second_does_not() -> None:
    with Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    with Interrupts() as interrupts:
        interrupts.wait()  # the chain is being put back
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_hangup_that_nohup_ignores_is_not_heeded() -> None:
    theirs = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            os.kill(os.getpid(), signal.SIGHUP)
            interrupts.check()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, theirs)
