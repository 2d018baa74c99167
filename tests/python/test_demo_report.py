"""The report: figures that add up, JSON with its keys, one page that asks nobody for anything."""

import dataclasses
import io
import json
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from crossmargin.demo.formats import change, money, percent, times
from crossmargin.demo.page import render, write_page
from crossmargin.demo.report import print_report
from crossmargin.demo.result import WAD, Conservation, DemoResult, Gas, Liquidation, Tick, quote

START = 1_583_971_200


def tick(i: int) -> Tick:
    return Tick(
        timestamp=START + 900 * i,
        prices={"BTC": (40_000 - 100 * i) * 10**8, "ETH": (2_000 - 10 * i) * 10**8},
        quote=10**8,
        pool_nav=(10_000_000 + 100 * i) * WAD,
        share_price=1_000_000 + 10 * i,
        cover=(50_000 - i) * WAD,
        utilisation_net=WAD * i // 1000,
        utilisation_gross=WAD * i // 500,
        open_interest=12_000_000 * WAD,
        unhealthy=2 if i == 30 else 0,
        health=(-500, 9_000 + 100 * i, 15_000, 40_000, 900_000),
    )


def slice_(i: int, fraction: int, after: int | None, bad_debt: int = 0) -> Liquidation:
    return Liquidation(
        timestamp=START + 900 * i,
        tick=i,
        account=f"trader-{i % 3:02}",
        fraction=fraction,
        health_before=9_700,
        health_after=after,
        charged=12 * WAD + WAD // 2,
        reward=5 * WAD,
        to_cover=3 * WAD,
        bad_debt=bad_debt,
        bad_debt_pool=bad_debt // 4,
    )


@pytest.fixture
def result() -> DemoResult:
    slices = [slice_(i, WAD // 3, 12_500) for i in range(20)]
    return DemoResult(
        source="synthetic, seed 1",
        notes=("SOL <follows> ETH",),
        seed=1,
        symbols=("BTC", "ETH"),
        accounts=44,
        providers=3,
        deposited=3_000_000 * WAD,
        ticks=tuple(tick(i) for i in range(40)),
        liquidations=(*slices, slice_(25, WAD, None), slice_(26, WAD, None, bad_debt=400 * WAD)),
        gas=(Gas("liquidate", (150_000, 250_001)), Gas("order", (210_000,)), Gas("never", ())),
        conservation=Conservation(tokens={"USDC": 0, "WETH": 0}, cash=0, base={"BTC": 0}, quote={"BTC": 0}),
        pool_nav_start=10_000_000 * WAD,
        share_price_start=1_000_000,
        cover_start=50_000 * WAD,
        orders={"executed": 90, "failed": 1},
        fees_paid=9 * WAD,
        funding_paid=1234 * WAD + WAD // 2,
        borrow_paid=0,
        seconds=91.26,
    )


def test_json_has_the_promised_keys_and_figures(result, tmp_path):
    file = tmp_path / "demo.json"
    result.write_json(file)
    data = json.loads(file.read_text())
    assert data["conservation_wei"] == 0
    assert data["bad_debt"] == 400
    assert data["bad_debt_wei"] == 400 * WAD
    assert data["liquidations"] == 22 == len(data["liquidation_events"])
    assert data["full_closes"] == 2
    assert data["accounts_liquidated"] == 3
    assert data["rewards"] == 110
    assert data["unhealthy_after_tick_max"] == 2
    assert data["pool_share_price_change"] == 0.00039
    assert (data["pool_nav_start"], data["pool_nav_end"]) == (10_000_000, 10_003_900)
    assert data["gas"]["liquidate"] == {"calls": 2, "mean": 200_000, "min": 150_000, "max": 250_001}
    assert "never" not in data["gas"]
    assert data["funding_paid"] == 1234.5
    assert data["liquidation_events"][0] == {
        "timestamp": START,
        "tick": 0,
        "account": "trader-00",
        "fraction": 0.333333,
        "health_before": 0.97,
        "health_after": 1.25,
        "charged": 12.5,
        "reward": 5,
        "to_cover": 3,
        "bad_debt": 0,
        "bad_debt_pool": 0,
    }
    assert data["liquidation_events"][-1]["health_after"] is None


def test_differences_do_not_cancel():
    off = Conservation(tokens={"USDC": 5}, cash=-5, base={"BTC": 1}, quote={"BTC": -2})
    assert off.wei == 13


def test_a_run_without_liquidations_still_reports(result, tmp_path):
    empty = dataclasses.replace(result, liquidations=(), gas=(), orders={})
    empty.write_json(tmp_path / "demo.json")
    assert json.loads((tmp_path / "demo.json").read_text())["liquidations"] == 0
    assert "<p>None.</p>" in render(empty)
    print_report(empty, Console(file=io.StringIO()))


def printed(result: DemoResult) -> str:
    out = io.StringIO()
    print_report(result, Console(file=out, width=140))
    return out.getvalue()


def test_terminal_report(result):
    text = printed(result)
    assert "0 wei: ledger = tokens" in text
    assert "22 on 3 accounts, 2 full closes" in text
    assert "400.00 (cover 300.00, pool 100.00)" in text
    assert "10,000,000 → 10,003,900 (+0.04 %)" in text
    assert "1,234.50, 0.00, 9.00" in text
    assert "The 15 largest of 22 liquidations" in text
    assert re.search(r"liquidate +2 +200,000 +150,000 +250,001", text)
    assert "BTC -10 %, ETH -20 %" in text  # 3,900 of 40,000 and 390 of 2,000


def test_a_broken_ledger_is_not_called_balanced(result):
    broken = dataclasses.replace(result, conservation=Conservation(tokens={"USDC": -1}, cash=0))
    assert "OFF BY 1 WEI" in printed(broken)
    assert "0 wei: ledger" not in printed(broken)
    assert '<div class="card bad"><b>1 wei</b>' in render(broken)


class Page(HTMLParser):
    """What the page would load, and its text outside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.text: list[str] = []
        self._skip = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._skip += tag in ("script", "style")
        found = dict(attrs)
        if tag in ("script", "img", "iframe", "link", "source", "video", "audio", "embed", "object"):
            self.loads += [found[key] for key in ("src", "href", "data") if found.get(key)]

    def handle_endtag(self, tag):
        self._skip -= tag in ("script", "style")

    def handle_data(self, data):
        if not self._skip:
            self.text.append(data)


def test_the_page_is_whole_and_loads_nothing(result, tmp_path):
    file = tmp_path / "demo.html"
    write_page(result, file)
    page = Page(file.read_text())
    assert page.loads == ["data:,"]
    text = " ".join(page.text)
    for words in (
        "Prices",
        "Pool and cover pool",
        "Utilisation",
        "Liquidations",
        "Health of accounts",
        "Gas by operation",
    ):
        assert words in text
    assert "SOL <follows> ETH" in text  # escaped in the source
    assert "10,003,900" in text
    assert file.read_text().count("Plotly.newPlot(") >= 6


def test_equal_results_make_equal_pages(result):
    assert render(result) == render(result)


@pytest.mark.parametrize(
    ("amount", "decimals", "text"),
    [
        (0, 0, "0"),
        (-1, 2, "0.00"),
        (WAD // 2, 0, "1"),
        (1_234_567 * WAD + WAD // 4, 2, "1,234,567.25"),
        (-5 * WAD - WAD // 200, 2, "-5.01"),
        (10**40, 0, "10,000,000,000,000,000,000,000"),
    ],
)
def test_money(amount, decimals, text):
    assert money(amount, decimals) == text


def test_small_formats():
    assert (percent(WAD // 8), percent(5, 10, 0)) == ("12.5 %", "50 %")
    assert (change(200, 150), change(0, 5)) == ("-25.00 %", "n/a")
    assert (times(9_712), times(None)) == ("0.97", "closed")
    assert quote(WAD // 3) == 0.333333
