"""The runtime of the bots: what a node may do to it without ending it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from web3 import AsyncHTTPProvider, AsyncWeb3

from crossmargin.bots import runtime
from crossmargin.bots.runtime import Head, Log, Runner, log_receipt
from crossmargin.bots.settings import Common
from crossmargin.client.records import Receipt
from crossmargin.errors import ConfigError, ContractRefused, NetworkError, TransactionLost

GOOD = (7, 1_700_000_000, 10**9)


class Node:
    """Stands for the client: each head is the next of `answers`, the last for ever; an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.heads = 0

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    @property
    def w3(self) -> AsyncWeb3:
        return AsyncWeb3(AsyncHTTPProvider("http://node"))

    async def head(self) -> tuple[int, int, int]:
        self.heads += 1
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(found, Exception):
            raise found
        return found


class Looker:
    """A bot whose looks raise what it is given, one after the other."""

    name = "bot"

    def __init__(self, *faults: Exception | None) -> None:
        self._faults = list(faults)
        self.looks = 0

    async def start(self, head: Head) -> None:
        pass

    async def look(self, head: Head) -> None:
        self.looks += 1
        if self._faults and (fault := self._faults.pop(0)) is not None:
            raise fault

    def waiting(self) -> bool:
        return bool(self._faults)

    def state(self) -> Mapping[str, Any]:
        return {}


def common(**more: Any) -> Common:
    plain: dict[str, Any] = dict.fromkeys(Common.__dataclass_fields__)
    return Common(
        **{
            **plain,
            "rpc": ("http://node",),
            "poll": 0.001,
            "retries": 8,
            "dry_run": True,
            "once": False,
            **more,
        }
    )


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Let a bot live until it has looked often enough, without the pauses."""
    pauses: list[float] = []

    async def pause(self: Runner, seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(Runner, "_pause", pause)

    def runs(bot: Looker, node: Node, looks: int, **options: Any) -> list[float]:
        async def main() -> None:
            runner = Runner(bot, node, common(**options), Log("bot"))
            life = asyncio.ensure_future(runner.run())
            while not life.done() and bot.looks < looks:
                await asyncio.sleep(0)
            if not life.done():
                runner._stopping = True
            assert await asyncio.wait_for(life, 5) == 0

        asyncio.run(main())
        return pauses

    return runs


FAULTS = [
    ContractRefused("", "Lens.liquidatable"),
    ContractRefused("oracle: no such feed", "OracleAdapter.prices"),
    NetworkError("no answer from http://node: timed out"),
    NetworkError("Lens.health: header not found", -32000),
    TransactionLost("0x12", 30),
    ConfigError("Lens.health at 0x: the answer does not fit: is the address right?"),
    KeyError("number"),
    TypeError("'NoneType' object is not subscriptable"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_read_that_fails_in_the_middle_of_a_life_does_not_end_it(
    run: Callable[..., Any], capsys: pytest.CaptureFixture[str], fault: Exception
) -> None:
    """Once a read that reverted without a reason ended the liquidator with a traceback."""
    bot = Looker(None, fault, None)
    run(bot, Node(GOOD, (8, *GOOD[1:]), (9, *GOOD[1:])), looks=3)
    said = [line for line in capsys.readouterr().out.splitlines() if " failed " in line]
    assert bot.looks == 3
    assert len(said) == 1 and "warn failed count=1" in said[0]


def test_an_unforeseen_fault_says_what_and_where(
    run: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run(Looker(None, KeyError("number"), None), Node(GOOD), looks=3)
    assert "KeyError: 'number' (test_bots_runtime.py:" in capsys.readouterr().out


def test_pauses_grow_with_failures_in_a_row_up_to_a_bound(run: Callable[..., Any]) -> None:
    bot = Looker(None, *(ContractRefused("") for _ in range(9)), None)
    pauses = run(bot, Node(GOOD), looks=11)
    assert pauses[1:8] == [0.2, 0.4, 0.8, 1.6, 3.2, runtime.LONGEST_PAUSE, runtime.LONGEST_PAUSE]


def test_a_bot_that_has_seen_the_chain_never_gives_up(run: Callable[..., Any]) -> None:
    """A node that was down for half a minute ended both bots."""
    bot = Looker()
    node = Node(GOOD, *[NetworkError("no answer")] * 30, (8, *GOOD[1:]))
    run(bot, node, looks=2)
    assert (bot.looks, node.heads) == (2, 32)


def test_a_bot_that_never_saw_the_chain_gives_up_after_its_retries(run: Callable[..., Any]) -> None:
    with pytest.raises(NetworkError, match=r"^gave up after 3 failures in a row: no answer$"):
        run(Looker(), Node(NetworkError("no answer")), looks=1, retries=2)


def test_one_look_gives_up_after_its_retries(run: Callable[..., Any]) -> None:
    bot = Looker(*(ContractRefused("", "Lens.liquidatable") for _ in range(9)))
    with pytest.raises(
        NetworkError, match=r"^gave up after 3 failures in a row: Lens\.liquidatable: refused"
    ):
        run(bot, Node(GOOD), looks=99, retries=2, once=True)


def test_what_is_set_up_wrongly_ends_a_bot_at_once(run: Callable[..., Any]) -> None:
    with pytest.raises(ConfigError, match=r"^the deployment has no Lens$"):
        run(Looker(ConfigError("the deployment has no Lens")), Node(GOOD), looks=2)


def test_a_status_file_that_cannot_be_written_is_told_at_the_start(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "none" / "status.json"
    with pytest.raises(ConfigError, match=r"^cannot write .*status\.json: No such file or directory$"):
        run(Looker(), Node(GOOD), looks=2, status=file)


def test_a_disk_that_fills_up_later_does_not_end_a_bot(
    run: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The status file was written where nothing caught its failure."""
    monkeypatch.setattr(runtime, "STATUS_SECONDS", -1)

    class Filling(Looker):
        async def look(self, head: Head) -> None:
            await super().look(head)
            if self.looks == 2:
                folder.rename(tmp_path / "gone")

    (folder := tmp_path / "there").mkdir()
    bot = Filling(*[None] * 9)
    run(bot, Node(GOOD), looks=4, status=folder / "status.json")
    assert bot.looks >= 4
    assert "warn no_status" in capsys.readouterr().out


def test_a_receipt_is_one_line_with_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    receipt = Receipt("Lens.x", "0xab", 7, 21_000, 10**9, False, "manager: not the owner")
    assert log_receipt(Log("bot"), receipt, orders=3) == {"tx": "0xab", "block": 7}
    said = capsys.readouterr().out
    assert said.endswith(
        'info sent orders=3 gas=21000 ok=False reason="manager: not the owner" tx=0xab block=7\n'
    )
