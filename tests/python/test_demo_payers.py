"""Who paid what: read from events, added up, and shown whole."""

import dataclasses
import io
import json

import pytest
from rich.console import Console

from crossmargin.client.events import (
    Alarm,
    BadDebt,
    Claimed,
    ClosingEnded,
    ClosingStarted,
    Deleveraged,
    Liquidated,
    Trade,
)
from crossmargin.demo.page import render
from crossmargin.demo.payers import absences, sheets
from crossmargin.demo.report import print_report
from crossmargin.demo.result import WAD, Conservation, DemoResult, Liquidation, Tick
from crossmargin.demo.trace import Reader
from crossmargin.demo.waterfall import Claim, Deleveraging, Settlement, Waterfall, WindDown

ETH, DOGE = 1, 4


# ---- reading -------------------------------------------------------------------------------------


class Chain:
    """Events in their order; a block's time is ten times its number."""

    def __init__(self) -> None:
        self.events: list = []

    def log(self, block: int, kind: type, tx: str = "0x1", **fields: object) -> None:
        where = {
            "contract": "x",
            "block": block,
            "log_index": len(self.events),
            "tx_hash": tx,
            "time": 10 * block,
        }
        self.events.append(kind(**where, **fields))

    def liquidation(
        self, block: int, account: int, to_cover: int, paid: int, claims: dict[int, tuple[int, int]]
    ):
        for market, (amount, used) in claims.items():
            self.log(block, Claimed, market=market, amount=amount, used=used)
        if paid:
            self.log(block, BadDebt, account=account, by_first=paid, by_last=7)
        rest = {"keeper": 0, "fraction": WAD, "reward": 1, "cash": 0, "equity": 0, "maintenance": 1}
        self.log(block, Liquidated, account=account, to_cover=to_cover, positions=(), **rest)

    def read(self, cash: int = 1000, left: dict[int, int] | None = None) -> Waterfall:
        asked = []

        def before(block: int) -> int:
            asked.append(block)
            return cash

        names = {7: "gap", 8: "buyer"}
        found = Reader(names, {ETH: "ETH", DOGE: "DOGE"}, before, share=2500).read(self.events, left or {})
        assert len(asked) == len(set(asked))
        return found


def test_a_claim_is_cut_when_it_fills_a_quarter_of_the_cash_after_the_charges():
    chain = Chain()
    # 1000 and 40 of charges: a cap of 260. The next of the block meets 1040 - 260 + 20 = 800: a cap of 200.
    chain.liquidation(3, 7, 40, 260, {ETH: (260, 260)})
    chain.liquidation(3, 8, 20, 150, {DOGE: (150, 150)})
    chain.liquidation(3, 7, 0, 12, {DOGE: (12, 163)})  # 650: a cap of 162
    claims = chain.read().claims
    assert [(c.account, c.market, c.amount, c.capped) for c in claims] == [
        ("gap", "ETH", 260, True),
        ("buyer", "DOGE", 150, False),
        ("gap", "DOGE", 12, True),
    ]


def test_a_loss_of_no_market_has_a_name():
    chain = Chain()
    chain.liquidation(3, 9, 0, 5, {32: (5, 5)})
    (claim,) = chain.read().claims
    assert (claim.account, claim.market, claim.timestamp) == ("0x9", "none", 30)


def test_a_deleveraging_is_told_with_what_its_trade_paid():
    chain = Chain()
    trade = {"account": 8, "market": ETH, "price": 200 * WAD, "fee": 0}
    chain.log(1, Trade, tx="0xa", size=9 * WAD, realised=0, **trade)
    chain.log(4, Trade, tx="0xb", size=-3 * WAD, realised=120 * WAD, **trade)
    chain.log(4, Deleveraged, tx="0xb", account=8, market=ETH, size=-3 * WAD, threshold=WAD // 10)
    chain.log(4, Alarm, short=True, reduced_equity=1, net=1, since=5)
    chain.log(5, Alarm, short=False, reduced_equity=1, net=1, since=0)
    found = chain.read()
    assert found.alarms == 1
    (row,) = found.deleveraged
    assert row == Deleveraging(40, "buyer", "ETH", -3 * WAD, 600 * WAD, WAD // 10, 120 * WAD)
    assert row.gain == WAD // 5


def test_trades_of_a_settled_market_after_its_price_are_settlements():
    chain = Chain()
    trade = {"account": 8, "price": 2 * WAD, "fee": 0, "realised": -5}
    chain.log(1, Trade, market=DOGE, size=4, **trade)
    chain.log(2, ClosingStarted, market=DOGE)
    chain.log(3, Trade, market=DOGE, size=-1, **trade)
    chain.log(9, ClosingEnded, market=DOGE, price=2 * WAD)
    chain.log(9, Trade, market=ETH, size=-2, **trade)
    chain.log(9, Trade, market=DOGE, size=-3, **trade)
    found = chain.read(left={DOGE: 2})
    assert found.settled == (Settlement(90, "buyer", "DOGE", -3, -5),)
    assert found.wind_downs == (WindDown("DOGE", 20, 90, 2 * WAD, 2),)


def test_a_market_that_is_not_settled_yet_has_no_price():
    chain = Chain()
    chain.log(2, ClosingStarted, market=ETH)
    assert chain.read().wind_downs == (WindDown("ETH", 20, 0, 0, 0),)


# ---- adding up -----------------------------------------------------------------------------------


def slice_(account: str, bad_debt: int, by_pool: int) -> Liquidation:
    charge = {"charged": 60 * WAD, "reward": 10 * WAD, "to_cover": 20 * WAD}
    health = {"fraction": WAD, "health_before": -1, "health_after": None}
    debt = {"bad_debt": bad_debt * WAD, "bad_debt_pool": by_pool * WAD}
    return Liquidation(timestamp=0, tick=0, account=account, **charge, **health, **debt)


@pytest.fixture
def result() -> DemoResult:
    tick = Tick(0, {"ETH": 1}, 1, 800 * WAD, 1, 300 * WAD, 0, 0, 0, 0, (20_000,))
    return DemoResult(
        source="drawn",
        notes=(),
        seed=1,
        symbols=("ETH",),
        accounts=3,
        providers=3,
        deposited=1,
        ticks=(tick,),
        liquidations=(slice_("gap-1", 100, 30), slice_("gap-2", 50, 50)),
        gas=(),
        conservation=Conservation({"USDC": 0}, 0),
        pool_nav_start=1000 * WAD,
        share_price_start=1,
        cover_start=400 * WAD,
        orders={},
        fees_paid=0,
        funding_paid=0,
        borrow_paid=0,
        seconds=1,
        deep=True,
        cover_nav_start=400 * WAD,
        cover_nav_end=300 * WAD,
        waterfall=Waterfall(
            claims=(
                Claim(0, "gap-1", "ETH", 40 * WAD, 40 * WAD, True),
                Claim(0, "gap-1", "SOL", 30 * WAD, 30 * WAD, False),
            ),
            alarms=2,
            deleveraged=(
                Deleveraging(60, "late-1", "ETH", -WAD, 200 * WAD, WAD // 10, 34 * WAD),
                Deleveraging(120, "late-1", "ETH", -WAD, 200 * WAD, 0, 36 * WAD),
            ),
            settled=(
                Settlement(180, "kept-1", "DOGE", -WAD, 5 * WAD),
                Settlement(180, "kept-2", "DOGE", WAD, -4 * WAD),
            ),
            wind_downs=(WindDown("DOGE", 0, 3600, WAD // 8),),
            kinds={
                "gap-1": "gap long",
                "gap-2": "gap long",
                "late-1": "late buyer",
                "kept-1": "kept",
                "kept-2": "kept",
            },
        ),
    )


def rows(result: DemoResult, title: str) -> list[list[str]]:
    (sheet,) = [sheet for sheet in sheets(result) if sheet.title == title]
    assert all(len(row) == len(sheet.columns) for row in sheet.rows)
    return [list(row) for row in sheet.rows]


def test_who_paid_what(result):
    assert rows(result, "Who paid what") == [
        ["liquidation", "traders", "LP pool", "60.00", "2 slices, 2 of them everything"],
        ["liquidation", "traders", "cover pool", "40.00", ""],
        ["liquidation", "traders", "keepers", "20.00", ""],
        ["bad debt, ETH", "cover pool", "LP pool", "40.00", "1 claim, 1 cut at the market's cap"],
        ["bad debt, SOL", "cover pool", "LP pool", "30.00", "1 claim"],
        [
            "bad debt, the rest",
            "LP pool",
            "",
            "80.00",
            "of 150.00 that 2 accounts left; for 1 of them the cover pool paid nothing",
        ],
        [
            "deleveraging",
            "LP pool",
            "winners",
            "70.00",
            "2 closings of 1 positions, 400 notional, at the mark, no fee",
        ],
        ["settlement", "LP pool", "winners", "5.00", "2 positions"],
        ["settlement", "losers", "LP pool", "4.00", ""],
        ["NAV of the LP pool", "", "", "800.00", "1,000.00 before: -20.00 %"],
        ["NAV of the cover pool", "", "", "300.00", "400.00 before: -25.00 %"],
    ]


def test_by_kind_of_account(result):
    assert rows(result, "By kind of account") == [
        ["accounts", "2", "1", "2"],
        ["liquidated", "2", "0", "0"],
        ["charged, to the LP pool", "60", "0", "0"],
        ["to the cover pool", "40", "0", "0"],
        ["to keepers", "20", "0", "0"],
        ["bad debt left", "150", "0", "0"],
        ["paid by the cover pool", "70", "0", "0"],
        ["paid by the LP pool", "80", "0", "0"],
        ["deleveraged notional", "0", "400", "0"],
        ["settled positions", "0", "0", "2"],
    ]


def test_winners_and_the_wound_down_market(result):
    assert rows(result, "Deleveraged, in this order") == [
        ["late-1 ETH", "2", "00:01", "400", "10 → 0 %", "17.0 → 18.0 %", "70"]
    ]
    assert rows(result, "Wound down") == [
        ["DOGE", "at 0.125000 after 60 min", "", "", "0 left open"],
        ["DOGE", "kept-1", "00:03", "-1.00", "5.00"],
        ["DOGE", "kept-2", "00:03", "1.00", "-4.00"],
    ]


def test_json_of_a_deep_run(result, tmp_path):
    result.write_json(tmp_path / "a.json")
    data = json.loads((tmp_path / "a.json").read_text())
    assert (data["bad_debt"], data["bad_debt_by_cover"], data["bad_debt_by_pool"]) == (150, 70, 80)
    assert (data["deleveraged"], data["settled_positions"]) == (2, 2)
    assert (data["cover_nav_start"], data["cover_nav_end"]) == (400, 300)
    assert data["waterfall"]["deleveraged"][0]["threshold"] == WAD // 10
    assert data["waterfall"]["wind_downs"] == [
        {"market": "DOGE", "started": 0, "ended": 3600, "price": WAD // 8, "left": 0}
    ]


def printed(result: DemoResult) -> str:
    out = io.StringIO()
    print_report(result, Console(file=out, width=80))
    return out.getvalue()


def test_the_terminal_and_the_page_show_every_figure(result):
    page, text = render(result), printed(result)
    for sheet in sheets(result):
        assert f"<h2>{sheet.title}</h2>" in page
        for row in sheet.rows:
            for cell in row:
                assert cell.replace("'", "&#x27;") in page
                assert all(word in text for word in cell.split())
    assert "not all of it happened" not in page + text


def test_the_march_shows_none_of_it(result):
    march = dataclasses.replace(result, deep=False, waterfall=Waterfall())
    assert absences(march) == []
    for text in (printed(march), render(march)):
        assert "Who paid what" not in text
        assert "not all of it happened" not in text


def test_what_did_not_happen_is_said(result):
    assert absences(result) == []
    nothing = dataclasses.replace(result, liquidations=(), waterfall=Waterfall())
    assert len(absences(nothing)) == 8
    open_left = dataclasses.replace(result.waterfall, wind_downs=(WindDown("DOGE", 0, 3600, 1, 3),))
    (only,) = absences(dataclasses.replace(result, waterfall=open_left))
    assert only == "not all of it happened: positions are left open in the market that was wound down"
    for text in (printed(nothing), render(nothing)):
        assert "not all of it happened: nobody was deleveraged" in text
