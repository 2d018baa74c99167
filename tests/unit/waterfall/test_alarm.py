"""Waterfall.alarm (W-2): the pool is measured, and the clock starts, goes on or stops."""

import boa
import pytest

from tests.unit.waterfall.support import WAD, Stage, rates_word


@pytest.fixture(autouse=True)
def ratio(stage: Stage) -> None:
    """q is 3: short while R < 3 net."""
    stage.set_rates(rates_word(ratio=30_000))


def clock(stage: Stage) -> tuple[int, int]:
    return tuple(stage.waterfall.clock())


def test_reverts_without_a_valid_price(stage: Stage) -> None:
    with boa.reverts("waterfall: no valid price"):
        stage.alarm(2 * WAD, WAD, valid=False)
    assert clock(stage) == (0, 0)


def test_an_invalid_price_does_not_stop_a_clock(stage: Stage) -> None:
    stage.alarm(2 * WAD, WAD)
    before = clock(stage)
    with boa.reverts("waterfall: no valid price"):
        stage.alarm(10 * WAD, WAD, valid=False)
    assert clock(stage) == before != (0, 0)


@pytest.mark.parametrize(
    ("equity", "net", "short"),
    [
        (3 * WAD, WAD, False),
        (3 * WAD - 1, WAD, True),
        (-WAD, 0, True),
        (-1, 10**12, True),
        (0, 0, False),
        (0, 1, True),
        (10**30, 10**29, False),
    ],
)
def test_short_means_less_than_q_times_net(stage: Stage, equity: int, net: int, short: bool) -> None:
    assert stage.alarm(equity, net) is short
    since = boa.env.timestamp if short else 0
    assert stage.logs() == [("Alarm", {"short": short, "reduced_equity": equity, "net": net, "since": since})]
    assert clock(stage) == (since, since)


def test_the_ratio_is_the_venues(stage: Stage) -> None:
    for ratio, short in ((10_000, False), (20_000, False), (20_001, True), (65_535, True)):
        stage.set_rates(rates_word(ratio=ratio))
        assert stage.alarm(2 * WAD, WAD) is short


def test_goes_on_while_alarms_are_fresh(stage: Stage) -> None:
    stage.alarm(WAD, WAD)
    start = boa.env.timestamp
    for _ in range(5):
        boa.env.time_travel(seconds=300)
        assert stage.alarm(WAD, WAD)
        assert clock(stage) == (start, boa.env.timestamp)


def test_starts_anew_after_a_longer_silence(stage: Stage) -> None:
    stage.alarm(WAD, WAD)
    boa.env.time_travel(seconds=301)
    stage.alarm(WAD, WAD)
    assert clock(stage) == (boa.env.timestamp, boa.env.timestamp)


def test_stops_when_the_pool_is_not_short(stage: Stage) -> None:
    stage.alarm(WAD, WAD)
    boa.env.time_travel(seconds=200)
    assert stage.alarm(3 * WAD, WAD) is False
    assert clock(stage) == (0, 0)
    boa.env.time_travel(seconds=1)
    stage.alarm(WAD, WAD)
    assert clock(stage) == (boa.env.timestamp, boa.env.timestamp)


def test_is_open_to_all(stage: Stage) -> None:
    stage.books.set_pool_state((0, 0, WAD, WAD, WAD, 0, 0, 0, 0, True, 0))
    assert stage.waterfall.alarm(sender=str(boa.env.generate_address("outsider")))
