"""Who samples a closing market, how often, and when it is settled, against closings made by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from crossmargin.bots.closing import REPEAT, Closer, is_due
from crossmargin.bots.runtime import Head, Log
from crossmargin.client.codec import Book, decode_carry
from crossmargin.client.events import ClosingEnded
from crossmargin.client.records import Closing, MarketWords, Receipt
from crossmargin.errors import ContractRefused
from tests.python.test_bots_runtime import common

NOW = 1_700_000_000
HEAD = Head(7, NOW, 10**9)
CALM = Closing(0, 0, 0, 0)
OVER = Closing(NOW - 3_600, NOW - 1, 1_800, 10**24)
LIVE = MarketWords(decode_carry(NOW << 128), Book(1, 1, 0))
SETTLED = MarketWords(decode_carry(2**17 << 232 | 30 << 250), Book(1, 1, 0))


@pytest.mark.parametrize(
    ("closing", "due"),
    [
        (CALM, False),
        (Closing(NOW, NOW, 0, 0), False),
        (Closing(NOW - REPEAT, NOW - REPEAT, 0, 0), True),
        (Closing(NOW - 600, NOW - REPEAT + 1, 300, 1), False),
        (Closing(NOW - 600, NOW - REPEAT, 300, 1), True),
        (OVER, True),  # sampled a second ago, and over
        (replace(OVER, covered=1_799), False),
        (Closing(NOW - 86_400, NOW - 1, 0, 0), True),
    ],
)
def test_what_is_due(closing: Closing, due: bool) -> None:
    assert is_due(closing, NOW) == due


class Desk:
    """Stands for the client: `closings` by market, those in `settled` are; `refused` calls cannot be made."""

    def __init__(self, closings: dict[int, Closing], settled: Sequence[int] = (), listed: int = 2**5 - 1):
        self.calls = self
        self.closings = closings
        self.words = {m: SETTLED if m in settled else LIVE for m in range(6)}
        self.bitmap = listed
        self.refused: set[tuple[str, int]] = set()
        self.late: set[tuple[str, int]] = set()
        self.sent: list[tuple[str, int]] = []
        self.looks = 0

    def listed(self) -> int:
        return self.bitmap

    def market_words(self, ids: int) -> dict[int, MarketWords]:
        return self.words

    def closing(self, market: int) -> Closing:
        return self.closings.get(market, CALM)

    def sample(self, market: int) -> tuple[str, int]:
        return "sample", market

    def settle_market(self, market: int) -> tuple[str, int]:
        return "settle", market

    async def read_all(self, calls: Sequence[Any]) -> list[Any]:
        self.looks += 1
        return list(calls)

    async def gas_price(self) -> int:
        return 10**9

    async def simulate(self, call: tuple[str, int], sender: str) -> None:
        if call in self.refused:
            raise ContractRefused("configurator: no valid price", "x")

    async def send_all(self, key: Any, calls: Sequence[tuple[str, int]]) -> list[Receipt]:
        if calls[0] in self.late:
            raise ContractRefused("configurator: settled", "x")
        self.sent += calls
        where = {"contract": "Configurator", "block": 8, "log_index": 0, "tx_hash": "0xab"}
        ended = calls[0][0] == "settle"
        events = (ClosingEnded(**where, market=calls[0][1], price=77),) if ended else ()
        return [Receipt("", "0xab", 8, 50_000, 10**9, True, "", events)]


def closer(desk: Desk, **changes: Any) -> Closer:
    given = {"max_gas_price": None, "dry_run": False, **changes}
    return Closer(desk, replace(common(), **given), Log("liquidator"))


def look(bot: Closer, seconds: int = 0) -> None:
    asyncio.run(bot.look(replace(HEAD, time=NOW + seconds)))


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_nothing_is_said_and_sent_where_nothing_closes(capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk({})
    look(closer(desk))
    assert desk.sent == [] and lines(capsys) == []


def test_what_is_closing_is_sampled_and_what_is_over_is_settled(capsys: pytest.CaptureFixture[str]) -> None:
    old = Closing(NOW - 600, NOW - 300, 300, 1)
    desk = Desk({1: old, 3: OVER, 4: OVER, 5: OVER}, settled=[4])
    look(closer(desk))
    # 4 is settled already, 5 is not listed
    assert desk.sent == [("sample", 1), ("settle", 3)]
    first, second = lines(capsys)
    assert "sent sampled_market=1" in first and "price" not in first
    assert "sent settled_market=3 price=77" in second


def test_markets_are_looked_at_twice_a_minute() -> None:
    desk = Desk({})
    bot = closer(desk)
    for seconds in (0, 1, 29, 30, 59, 60):
        look(bot, seconds)
    assert desk.looks == 2 * 3  # what is listed, then the closings


def test_what_cannot_be_sampled_is_passed_over_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    old = Closing(NOW - 600, NOW - 300, 300, 1)
    desk = Desk({0: old, 1: old})
    desk.refused = {("sample", 0)}
    look(closer(desk))
    assert desk.sent == [("sample", 1)] and len(lines(capsys)) == 1


def test_somebody_else_was_faster(capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk({3: OVER})
    desk.late = {("settle", 3)}
    look(closer(desk))
    (line,) = lines(capsys)
    assert "refused settled_market=3" in line and "configurator: settled" in line


def test_a_dry_run_says_what_it_would_do(capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk({3: OVER})
    look(closer(desk, dry_run=True))
    (line,) = lines(capsys)
    assert "would_send settled_market=3" in line and desk.sent == []


def test_gas_may_be_too_dear(capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk({3: OVER})
    bot = Closer(desk, replace(common(), max_gas_price=1), Log("liquidator"))
    look(bot)
    (line,) = lines(capsys)
    assert "gas_too_dear" in line and desk.sent == []
