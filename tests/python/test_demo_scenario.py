"""The order of things, on a venue of paper."""

from collections.abc import Callable

import pytest

from crossmargin.demo import scenario as module
from crossmargin.demo.books import Plan, Target, make_plan
from crossmargin.demo.paths import PricePath, generate
from crossmargin.demo.result import WAD, DemoResult
from crossmargin.demo.scenario import Scenario
from crossmargin.processes import ProcessError
from tests.python.demo_paper import Paper, Watcher


def play(
    venue: Paper, check: Callable[[], None] = lambda: None
) -> tuple[DemoResult, Watcher, list[str], Plan, PricePath]:
    path = generate(ticks=30)
    plan = make_plan(path.at(0))
    watcher, started = Watcher(), []
    result = Scenario(venue, path, plan, watcher, start=started.append, check=check, seed=1).run()
    return result, watcher, started, plan, path


def test_everything_happens_in_order():
    venue = Paper()
    result, watcher, started, plan, path = play(venue)
    kinds = [entry[0] for entry in venue.log]
    assert kinds[0] == "deploy"
    assert venue.log[0][1] < path.timestamps[0]
    assert kinds[1:4] == ["provide"] * 3
    assert venue.log[4] == ("insure", 0, plan.cover[0])
    assert kinds[5 : 5 + len(plan.books)] == ["open"] * len(plan.books)
    assert started == ["keeper", "liquidator"]
    assert watcher.ticks == list(range(30))
    assert venue.pushes == sorted(set(venue.pushes))
    assert result.opened == result.accounts == len(plan.books)
    assert [tick.prices for tick in result.ticks] == [path.at(i) for i in range(30)]


def test_books_are_opened_as_planned_and_cut_to_what_is_affordable():
    venue = Paper()
    _, _, _, plan, _ = play(venue)
    submitted = [entry[1:] for entry in venue.log if entry[0] == "submit"]
    wanted: list[tuple[int, Target]] = [(i, t) for i, book in enumerate(plan.books) for t in book.targets]
    for account, target in wanted:
        size = target.size // 2 if account == 1 else target.size
        assert (account, target.market, size) in submitted


def test_later_trades_reduce_what_is_held():
    venue = Paper()
    _, _, _, plan, _ = play(venue)
    closed = [t for t in plan.trades if t.market and t.reduce == 10_000]
    assert len(closed) >= 3
    for trade in closed:
        assert venue.positions[trade.account, trade.market] == 0
    assert [entry[1:] for entry in venue.log if entry[0] == "close"] == [
        (t.account, t.reduce * WAD // 10_000) for t in plan.trades if t.market is None
    ]


def test_money_is_taken_out_while_prices_fall():
    venue = Paper()
    _, _, _, plan, _ = play(venue)
    done = [entry for entry in venue.log if entry[0] in ("withdraw", "redeem")]
    assert done == [("redeem" if m.exit else "withdraw", m.who, m.share) for m in plan.moves]
    assert {m.exit for m in plan.moves} == {True, False}


def test_a_tick_waits_for_the_bots():
    result, *_ = play(Paper(patience=4))
    assert result.unhealthy_after_tick_max == 0


def test_whom_no_bot_helps_is_counted_and_not_waited_for_twice(monkeypatch):
    monkeypatch.setattr(module, "SETTLE_SECONDS", 0.1)
    monkeypatch.setattr(module, "START_SECONDS", 0.1)
    venue = Paper(stuck=(3,))
    result, *_ = play(venue)
    assert result.unhealthy_after_tick_max >= 1
    assert all(tick.unhealthy >= 1 for tick in result.ticks)
    # One look a round, a few for the others, and one full wait: waiting each time would make over 150.
    assert venue.looks < 100


def test_a_dead_bot_ends_the_run():
    def check() -> None:
        raise ProcessError("keeper stopped with code 1: out of luck")

    with pytest.raises(ProcessError, match="keeper stopped"):
        play(Paper(), check)
