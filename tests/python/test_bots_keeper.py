"""The keeper against a client of paper: what it keeps when a transaction does not get through."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from crossmargin.bots.keeper import Keeper, Pending
from crossmargin.bots.runtime import Head, Log
from crossmargin.client.events import OrderData
from crossmargin.client.records import Receipt
from crossmargin.errors import ConfigError, ContractRefused, CrossmarginError, NetworkError, TransactionLost
from tests.python.test_bots_runtime import common

HEAD = Head(7, 1_700_000_000, 10**9)
HASHES = ["0x01", "0x02"]


class Book:
    """Takes transactions that clear orders, after raising `faults`, one for each time it is asked."""

    def __init__(self, *faults: CrossmarginError) -> None:
        self.calls = self
        self.cleared: list[OrderData] = []
        self._faults = list(faults)

    def at(self, name: str) -> str:
        return f"{name} at 1"

    def clear_expired(self, orders: Sequence[OrderData]) -> Sequence[OrderData]:
        return orders

    async def send_all(self, key: object, calls: Sequence[Sequence[OrderData]]) -> list[Receipt]:
        if self._faults:
            raise self._faults.pop(0)
        self.cleared += [order for part in calls for order in part]
        return [Receipt("clear", "0x", 8, 1, 1, True) for _ in calls]


def keeper(book: Book, **options: Any) -> Keeper:
    bot = Keeper(book, common(dry_run=False, from_block=99, **options), Log("keeper"))
    for salt, one in enumerate(HASHES):
        bot._pending[one] = Pending(
            OrderData(1, 0, 10**18, 0, salt=salt), due=0, expires=HEAD.time - 1, fee=1
        )
    return bot


@pytest.mark.parametrize("fault", [NetworkError("no answer"), TransactionLost("0x1", 30)])
def test_expired_orders_are_not_forgotten_when_clearing_them_fails(fault: CrossmarginError) -> None:
    """They were dropped before the transaction was sent: what they reserved stayed reserved."""
    bot = keeper(book := Book(fault))
    with pytest.raises(type(fault)):
        asyncio.run(bot.look(HEAD))
    assert bot.state()["pending"] == 2
    asyncio.run(bot.look(HEAD))
    assert [order.salt for order in book.cleared] == [0, 1]
    assert bot.state()["pending"] == 0


def test_a_clearing_that_is_refused_is_told_and_left(capsys: pytest.CaptureFixture[str]) -> None:
    bot = keeper(Book(ContractRefused("orders: paused")))
    asyncio.run(bot.look(HEAD))
    assert bot.state()["pending"] == 0
    assert 'warn not_cleared orders=2 reason="orders: paused"' in capsys.readouterr().out


# ---- the cursor ------------------------------------------------------------------------------------


def remembering(cursor: Path) -> Keeper:
    return Keeper(Book(), common(dry_run=False, from_block=2, cursor=cursor), Log("keeper"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "null",
        '{"order_book": "OrderBook at 1"}',
        '{"order_book": "OrderBook at 1", "next_block": "x", "pending": {}}',
        '{"order_book": "OrderBook at 1", "next_block": 3, "pending": []}',
        '{"order_book": "OrderBook at 1", "next_block": 3, "pending": {"0x1": {"order": 1}}}',
        '{"order_book": "OrderBook at 2", "next_block": 3, "pending": {}}',
    ],
)
def test_a_cursor_of_something_else_is_one_line(tmp_path: Path, text: str) -> None:
    """A list where a table belongs was a traceback."""
    (file := tmp_path / "cursor.json").write_text(text)
    with pytest.raises(ConfigError, match=r"^the cursor .*: remove it to start afresh$"):
        asyncio.run(remembering(file).start(HEAD))


def test_a_cursor_is_read_as_it_was_written(tmp_path: Path) -> None:
    bot = keeper(Book(), cursor=tmp_path / "cursor.json")
    bot._next_block = 5
    bot._save_cursor()
    other = remembering(tmp_path / "cursor.json")
    asyncio.run(other.start(HEAD))
    assert (other._next_block, other._pending) == (5, bot._pending)


@pytest.mark.parametrize("block,first", [(8, 8), (10, 10), (11, 2), (5_000, 2), (1, 2)])
def test_a_cursor_ahead_of_the_chain_does_not_blind_the_bot(tmp_path: Path, block: int, first: int) -> None:
    """On a chain begun anew it waited without a word for the block at which it had stopped on the old one."""
    file = tmp_path / "cursor.json"
    file.write_text(json.dumps({"order_book": "OrderBook at 1", "next_block": block, "pending": {}}))
    bot = remembering(file)
    asyncio.run(bot.start(HEAD))
    assert bot._next_block == first
