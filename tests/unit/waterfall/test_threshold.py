"""Waterfall.threshold: theta of W-2, floor(0.5 (900 - min(t, 900)) / 900)."""

import boa
import pytest

from tests.unit.waterfall.support import WAD, Stage, rates_word

NEVER = 2**256 - 1


@pytest.fixture(autouse=True)
def short(stage: Stage) -> None:
    stage.set_rates(rates_word())


def run(stage: Stage, seconds: int) -> None:
    """A clock that has run so long, with an alarm a hundred seconds old at most."""
    stage.alarm(WAD, WAD)
    for _ in range(seconds // 100):
        boa.env.time_travel(seconds=100)
        stage.alarm(WAD, WAD)
    if seconds % 100:
        boa.env.time_travel(seconds=seconds % 100)


def test_nobody_qualifies_without_a_clock(stage: Stage) -> None:
    assert stage.waterfall.threshold() == NEVER
    stage.alarm(WAD, WAD)
    stage.alarm(3 * WAD, WAD)
    assert stage.waterfall.threshold() == NEVER


@pytest.mark.parametrize(
    ("seconds", "threshold"),
    [
        (0, WAD // 2),
        (1, 499_444_444_444_444_444),
        (90, 45 * WAD // 100),
        (450, WAD // 4),
        (899, 555_555_555_555_555),
        (900, 0),
        (5_000, 0),
    ],
)
def test_falls_from_one_half_to_nothing_in_a_quarter_of_an_hour(
    stage: Stage, seconds: int, threshold: int
) -> None:
    run(stage, seconds)
    assert stage.waterfall.threshold() == threshold


def test_ends_with_the_last_alarms_freshness(stage: Stage) -> None:
    run(stage, 900)
    boa.env.time_travel(seconds=300)
    assert stage.waterfall.threshold() == 0
    boa.env.time_travel(seconds=1)
    assert stage.waterfall.threshold() == NEVER
