"""Waterfall.used: what a market's claims count against its cap now."""

import boa

from tests.unit.waterfall.support import DAY, NOBODY, WAD, Stage, rates_word

SHARE = rates_word(share=2_500)


def test_is_nothing_at_first(stage: Stage) -> None:
    stage.set_rates(SHARE)
    assert (stage.waterfall.used(0), stage.waterfall.used(NOBODY), stage.waterfall.used(2**255)) == (0, 0, 0)


def test_falls_by_the_cap_of_now_within_a_day(stage: Stage) -> None:
    """100 claimed; the fund holds 1,000, then 400: caps of 250 and 100 a day."""
    stage.set_rates(SHARE)
    stage.claim(100 * WAD, 255, 1_000 * WAD, SHARE)
    for seconds, cash, left in (
        (0, 1_000, 100 * WAD),
        (1, 1_000, 100 * WAD - 250 * WAD // DAY),
        (8_640, 1_000, 75 * WAD),
        (8_640, 400, 90 * WAD),
        (8_640, 0, 100 * WAD),
        (8_640, -5, 100 * WAD),
        (34_560, 1_000, 0),
        (10 * DAY, 1, 100 * WAD - 25 * WAD // 10),
    ):
        with boa.env.anchor():
            stage.set_cover(cash * WAD)
            if seconds:
                boa.env.time_travel(seconds=seconds)
            assert stage.waterfall.used(0) == left


def test_follows_the_share_of_now(stage: Stage) -> None:
    stage.set_rates(SHARE)
    stage.claim(100 * WAD, 255, 1_000 * WAD, SHARE)
    boa.env.time_travel(seconds=8_640)
    for share, left in ((0, 100), (500, 95), (10_000, 0)):
        stage.set_rates(rates_word(share=share))
        assert stage.waterfall.used(0) == left * WAD


def test_is_kept_by_market(stage: Stage) -> None:
    stage.set_rates(SHARE)
    stage.claim(100 * WAD, 255 << 8 * 7, 1_000 * WAD, SHARE)
    assert [m for m in range(33) if stage.waterfall.used(m)] == [7]
