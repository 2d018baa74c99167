"""The liquidator against a client of paper: what one account or one read can do to all the others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from crossmargin.bots.liquidator import Buyer, Liquidator
from crossmargin.bots.runtime import Head, Log
from crossmargin.client.codec import account_id, show_account
from crossmargin.client.events import Bought
from crossmargin.client.records import Receipt
from crossmargin.errors import ContractRefused, NetworkError
from tests.python.test_bots_runtime import common

HEAD = Head(7, 1_700_000_000, 10**9)
ACCOUNTS = [account_id(f"0x{i:040x}") for i in range(1, 11)]
ILL = {ACCOUNTS[2], ACCOUNTS[7]}


class Lens:
    """Answers `liquidatable` for at most `most` accounts at once, and never for `poison`."""

    def __init__(self, most: int = 99, poison: int = 0, fault: Exception | None = None) -> None:
        self.calls = self
        self.sizes: list[int] = []
        self.treated: list[int] = []
        self._most, self._poison = most, poison
        self._fault = fault or ContractRefused("", "Lens.liquidatable")

    def at(self, name: str) -> str:
        return f"{name} at 1"

    def liquidatable(self, accounts: Sequence[int]) -> Sequence[int]:
        return accounts

    async def read_all(self, calls: Sequence[Sequence[int]], may_fail: bool = False) -> list[Any]:
        found = [self._answer(part) for part in calls]
        if not may_fail:
            for one in found:
                if isinstance(one, Exception):
                    raise one
        return found

    def _answer(self, part: Sequence[int]) -> Any:
        self.sizes.append(len(part))
        if len(part) > self._most or self._poison in part:
            return self._fault
        return [account for account in part if account in ILL]


class Patient(Liquidator):
    """Takes down whom it would treat."""

    async def _treat(self, accounts: Sequence[int], head: Head) -> None:
        self._client.treated += accounts


def look(lens: Lens, chunk: int = 1000, times: int = 1) -> None:
    bot = Patient(lens, common(from_block=0, min_profit=0), Log("liquidator"), ACCOUNTS, 1, chunk=chunk)
    for _ in range(times):
        asyncio.run(bot.look(HEAD))


def test_accounts_too_many_for_the_gas_of_one_call_are_asked_in_halves() -> None:
    """A call that ran out of gas reverted without a reason, and ended the bot; later it would have been repeated for ever."""
    lens = Lens(most=3)
    look(lens)
    assert set(lens.treated) == ILL
    assert max(lens.sizes[1:]) < 10


def test_a_size_that_works_is_remembered() -> None:
    lens = Lens(most=3)
    look(lens, times=2)
    first = lens.sizes[: len(lens.sizes) - 4]
    assert first[0] == 10
    assert sum(lens.sizes[-4:]) == len(ACCOUNTS) and max(lens.sizes[-4:]) <= 3


def test_one_account_that_cannot_be_read_hides_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    lens = Lens(poison=ACCOUNTS[4])
    look(lens)
    assert set(lens.treated) == ILL
    (said,) = [line for line in capsys.readouterr().out.splitlines() if "cannot be read" in line]
    assert show_account(ACCOUNTS[4]) in said


def test_a_network_error_is_left_to_the_runtime() -> None:
    lens = Lens(most=3, fault=NetworkError("no answer"))
    with pytest.raises(NetworkError):
        look(lens)
    assert lens.sizes == [10]


def test_a_purchase_is_counted_at_what_it_cost_on_chain(capsys: pytest.CaptureFixture[str]) -> None:
    """It was counted at what the simulation before it had said."""
    buyer = Buyer(Lens(), common(), Log("liquidator"), budget=1_000, discount=0, receiver="0x1")
    where = {"contract": "Liquidator", "block": 7, "log_index": 0, "tx_hash": "0xab"}
    bought = Bought(**where, token="0x2", buyer="0x1", receiver="0x1", amount=5, cost=90, price=18)
    buyer._settle(Receipt("buy", "0xab", 7, 50_000, 1, True, events=(bought,)))
    buyer._settle(Receipt("buy", "0xcd", 8, 50_000, 1, False, "liquidator: too dear"))
    assert buyer.spent == 90
    assert "bought token=0x2 amount=5 cost=90 price=18 tx=0xab block=7" in capsys.readouterr().out
