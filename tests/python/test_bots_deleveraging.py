"""Whose position is closed first when the pool is short of capital, against records made by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from crossmargin.bots.deleveraging import MOST, Deleverager, Settler, Winner, is_short, queue
from crossmargin.bots.runtime import Head, Log
from crossmargin.client.codec import WAD, Book, Leg, decode_carry
from crossmargin.client.records import Account, MarketWords, PoolState, Position
from crossmargin.errors import ContractRefused
from tests.python.test_bots_runtime import common

HEAD = Head(7, 1_700_000_000, 10**9)
STATE = PoolState(0, 0, 0, 299, 100, 0, 0, 0, 0, True, 0)


def position(market: int, base: int, value: int, notional: int, price_state: int = 0) -> Position:
    return Position(market, base, 0, 1, price_state, 0, 0, value, notional, 0)


def account(id_: int, *positions: Position) -> Account:
    return Account(id_, *[0] * 9, 0, False, positions, ())


def test_the_pool_is_short_below_the_ratio_and_not_at_it() -> None:
    assert is_short(STATE, 30_000)
    assert not is_short(replace(STATE, reduced_equity=300), 30_000)
    assert is_short(replace(STATE, reduced_equity=-1, net=0), 30_000)
    assert not is_short(replace(STATE, reduced_equity=0, net=0), 30_000)
    assert not is_short(STATE, 0)


def test_the_largest_profit_by_its_notional_comes_first() -> None:
    accounts = [
        account(1, position(0, 5, 300, 1_000), position(1, -5, 100, 200)),
        account(2, position(0, 5, 400, 1_000)),
        account(3, position(1, -5, 5, 10)),
    ]
    found = queue(accounts, {0: 1, 1: -1}, WAD // 10)
    # 1/2 twice: in the order of accounts
    assert [(w.account, w.market) for w in found] == [(1, 1), (3, 1), (2, 0), (1, 0)]


@pytest.mark.parametrize(
    ("one", "skews"),
    [
        (position(0, 5, 99, 1_000), {0: 1}),  # below the threshold
        (position(0, 5, 0, 1_000), {0: 1}),
        (position(0, 5, -300, 1_000), {0: 1}),
        (position(0, -5, 300, 1_000), {0: 1}),  # it is on the pool's side
        (position(0, 5, 300, 1_000), {0: 0}),
        (position(0, 5, 300, 1_000), {}),
        (position(0, 5, 300, 1_000, price_state=2), {0: 1}),
    ],
)
def test_who_is_left_alone(one: Position, skews: dict[int, int]) -> None:
    assert queue([account(1, one)], skews, WAD // 10) == []


def test_a_profit_at_the_threshold_qualifies() -> None:
    assert queue([account(1, position(0, 5, 100, 1_000))], {0: 7}, WAD // 10) == [Winner(1, 0, 100, 1_000)]


class Desk:
    """Stands for the client: `answers` are what simulations of (account, market) give."""

    def __init__(self, answers: dict[tuple[int, int], Any], legs: dict[int, dict[int, Leg]] | None = None):
        self.calls = self
        self.answers, self.held = answers, legs or {}
        self.tried: list[tuple[int, int]] = []
        self.settled = MarketWords(decode_carry(2**17 << 232 | 30 << 250), Book(1, 1, 0))
        self.reads = 0

    def deleverage(self, account: int, market: int) -> tuple[int, int]:
        return account, market

    settle = deleverage

    def pool(self) -> tuple[str]:
        return ("pool",)

    def rates(self) -> tuple[str]:
        return ("rates",)

    def markets(self) -> tuple[str]:
        return ("markets",)

    def legs(self, account: int) -> int:
        return account

    def market_words(self, ids: int) -> int:
        return ids

    async def simulate(self, call: tuple[int, int], sender: str) -> int:
        self.tried.append(call)
        found = self.answers[call]
        if isinstance(found, Exception):
            raise found
        return found

    async def read(self, call: int) -> dict[int, MarketWords]:
        return {3: self.settled, 4: replace(self.settled, book=Book(0, 0, 0))}

    async def read_all(self, calls: Sequence[Any], may_fail: bool = False) -> list[Any]:
        self.reads += 1
        return [self.answers[c] if isinstance(c, tuple) else self.held.get(c, {}) for c in calls]


def deleverager(desk: Desk) -> Deleverager:
    return Deleverager(desk, replace(common(), dry_run=True, max_gas_price=None), Log("liquidator"), 10)


def standing(reduced_equity: int) -> dict[Any, Any]:
    """The pool as the Lens would have it, at a ratio of 3 and a requirement of 100."""
    state = replace(STATE, reduced_equity=reduced_equity)
    return {
        ("pool",): SimpleNamespace(state=state),
        ("rates",): SimpleNamespace(adl_ratio=30_000),
        ("markets",): [],
    }


WINNERS = [Winner(1, 0, 9, 10), Winner(2, 0, 8, 10), Winner(3, 0, 7, 10)]


def test_it_ends_where_the_pool_has_its_capital() -> None:
    desk = Desk({(1, 0): 0, **standing(300)})
    assert asyncio.run(deleverager(desk)._close(HEAD, WINNERS)) is False
    assert desk.tried == [(1, 0)]


def test_where_old_touches_hide_what_is_missing_the_markets_are_touched_once_a_minute() -> None:
    desk = Desk({(1, 0): 0, **standing(299)})
    bot = deleverager(desk)
    bot._common = replace(bot._common, dry_run=False)
    desk.send_all = lambda key, calls: asyncio.sleep(0, [])
    found = [asyncio.run(bot._close(replace(HEAD, time=HEAD.time + s), WINNERS)) for s in (0, 59, 60)]
    assert found == [True, False, True]


def test_who_is_refused_makes_room_for_the_next_and_is_left_for_a_while(
    capsys: pytest.CaptureFixture[str],
) -> None:
    desk = Desk({(1, 0): ContractRefused("waterfall: does not help", "x"), (2, 0): -5})
    bot = deleverager(desk)
    asyncio.run(bot._close(HEAD, WINNERS))
    asyncio.run(bot._close(HEAD, WINNERS))
    asyncio.run(bot._close(replace(HEAD, time=HEAD.time + 11), WINNERS))
    assert desk.tried == [(1, 0), (2, 0), (2, 0), (1, 0), (2, 0)]
    said = capsys.readouterr().out
    assert said.count("would_deleverage") == 3 and said.count("waterfall: does not help") == 2


def test_more_than_one_looks_worth_is_taken_up_at_once() -> None:
    many = [Winner(i, 0, 9, 10) for i in range(MOST + 1)]
    desk = Desk({(i, 0): ContractRefused("", "x") for i in range(MOST + 1)})
    assert asyncio.run(deleverager(desk)._close(HEAD, many)) is True
    assert len(desk.tried) == MOST


def test_accounts_are_asked_for_settled_positions_once_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    leg = Leg(1, 0)
    desk = Desk({(1, 3): None, (2, 3): ContractRefused("x", "y")}, {1: {3: leg, 5: leg}, 2: {3: leg, 4: leg}})
    bot = Settler(desk, replace(common(), dry_run=True, max_gas_price=None), Log("liquidator"))
    for seconds in (0, 1, 59):
        asyncio.run(bot.look(replace(HEAD, time=HEAD.time + seconds), [1, 2, 7]))
    assert desk.reads == 2  # who holds what, and what settling it would say
    said = capsys.readouterr().out
    assert said.count("would_settle") == 1 and said.count("not_settled") == 1
    asyncio.run(bot.look(replace(HEAD, time=HEAD.time + 60), [1, 2, 7]))
    assert desk.reads == 4
