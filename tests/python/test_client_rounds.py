"""The walk back to the first round of an order, on feeds of every shape."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossmargin.client import steps
from crossmargin.client.calls import Calls
from crossmargin.errors import ContractRefused

PHASE = 3 << 64
FEED = "0x" + "fe" * 20


class Feed:
    """Rounds 1, 2, … of a phase at the given times; `holes` cannot be read."""

    def __init__(self, times: list[int], phase: int = PHASE, holes: frozenset[int] = frozenset()) -> None:
        self.rounds = {phase | i + 1: time for i, time in enumerate(times)}
        self.holes = {phase | hole for hole in holes}
        self.phase = phase
        self.reads = 0

    def answer(self, one: Any) -> Any:
        self.reads += 1
        data = one.params[0]["data"]
        wanted = max(self.rounds) if len(data) == 10 else int(data[10:], 16)
        if wanted not in self.rounds or wanted in self.holes:
            return ContractRefused("No data present")
        return (wanted, 1, self.rounds[wanted])

    def search(self, since: int) -> int | None:
        walk = steps.first_round(Calls({}), FEED, since)
        asks = next(walk)
        while True:
            try:
                asks = walk.send([self.answer(one) for one in asks])
            except StopIteration as end:
                return end.value


def test_nothing_published_yet() -> None:
    assert Feed([10, 20]).search(21) is None


@pytest.mark.parametrize("phase", [0, PHASE])
def test_the_only_round_is_the_first(phase: int) -> None:
    assert Feed([10], phase).search(5) == phase | 1


def test_a_round_at_the_very_time_counts() -> None:
    assert Feed([10, 20, 30]).search(20) == PHASE | 2


@given(st.lists(st.integers(0, 50), min_size=1, max_size=300), st.integers(0, 10_000))
def test_finds_what_a_plain_search_finds(gaps: list[int], since: int) -> None:
    times = [1 + sum(gaps[: i + 1]) for i in range(len(gaps))]
    index = bisect_left(times, since)
    expected = None if index == len(times) else PHASE | index + 1
    assert Feed(times).search(since) == expected


def test_a_long_pause_costs_a_handful_of_reads() -> None:
    feed = Feed(list(range(100, 100_100)))
    assert feed.search(150) == PHASE | 51
    assert feed.reads < 45


def test_does_not_look_into_another_phase() -> None:
    feed = Feed([50, 60, 70])
    feed.rounds[PHASE - 1] = 45
    assert feed.search(40) == PHASE | 1


def test_a_round_that_cannot_be_read_counts_as_earlier() -> None:
    assert Feed([10, 20, 30, 40], holes=frozenset({2})).search(15) == PHASE | 3
