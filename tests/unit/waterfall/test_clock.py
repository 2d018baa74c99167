"""Waterfall.clock: since when it runs, and the last alarm."""

import boa

from tests.unit.waterfall.support import WAD, Stage, rates_word


def test_stands_until_an_alarm(stage: Stage) -> None:
    stage.set_rates(rates_word())
    assert tuple(stage.waterfall.clock()) == (0, 0)
    assert stage.alarm(10 * WAD, WAD) is False
    assert tuple(stage.waterfall.clock()) == (0, 0)


def test_says_both_times_and_does_not_tick_by_itself(stage: Stage) -> None:
    stage.set_rates(rates_word())
    stage.alarm(WAD, WAD)
    start = boa.env.timestamp
    boa.env.time_travel(seconds=250)
    stage.alarm(WAD, WAD)
    last = boa.env.timestamp
    assert (start, last) == (last - 250, last)
    boa.env.time_travel(seconds=10_000)
    found = stage.waterfall.clock()
    assert (found.since, found.last) == (start, last)
