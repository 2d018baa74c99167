"""liquidation: Q-1 and Q-2 by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.modules import words
from tests.support.words import LOT, WAD, VenueParams

VENUE = VenueParams()  # h 1.25, p_max 2 %, keeper part 0.1 %, min_margin 25
UNITS = 10**8  # lots in a unit
TERMS = words.terms(scale=1_000 * UNITS, taker=500, p_min=75)


# rate = max(0, -sign(base)(2 skew - base)) / (2K), 2K = 2,000 units, in 1e-6, + taker 500, at most 20,000
@pytest.mark.parametrize(
    ("base", "longs", "shorts", "pool", "cover"),
    [
        # all of the skew: closing it earns, so taker alone; p_min of 7,500 leaves 7,000 to the cover fund
        (10, 10, 0, 500, 7_000),
        # skew 0: 10 / 2,000 = 0.5 % + 0.05 %
        (10, 10, 10, 5_500, 2_000),
        # skew -10: (20 + 10) / 2,000 = 1.5 % + 0.05 %, over p_min
        (10, 10, 20, 15_500, 0),
        # skew -30: 3.5 % is cut at 2 %
        (10, 10, 40, 20_000, 0),
        # the same for shorts, mirrored
        (-10, 0, 10, 500, 7_000),
        (-10, 10, 10, 5_500, 2_000),
        (-10, 20, 10, 15_500, 0),
        # 2 skew = base: nothing
        (10, 15, 10, 500, 7_000),
    ],
)
def test_rates(numbers: Any, base: int, longs: int, shorts: int, pool: int, cover: int) -> None:
    found = numbers.rates(base * WAD, words.book(longs * UNITS, shorts * UNITS, 0), TERMS, VENUE.word())
    assert list(found) == [pool, cover, 1_000]


def test_rates_round_up(numbers: Any) -> None:
    # one lot at skew 0: 1e6 / 2e11 of 1e-6 becomes 1e-6
    found = numbers.rates(LOT, words.book(1, 1, 0), TERMS, VENUE.word())
    assert list(found) == [501, 6_999, 1_000]


# 0.1 % of 2 * 1,500 = 3
@pytest.mark.parametrize(
    ("base", "price", "rate", "charge"),
    [
        (2 * WAD, 1_500 * WAD, 1_000, 3 * WAD),
        (-2 * WAD, 1_500 * WAD, 1_000, 3 * WAD),
        (LOT, 10**15, 1, 10),  # 1e-8 * 1e-3 * 1e-6 = 1e-17
        (LOT, 10**15 + 1, 1, 11),
        (WAD, WAD, 0, 0),
    ],
)
def test_charge(numbers: Any, base: int, price: int, rate: int, charge: int) -> None:
    assert numbers.charge_up(base, price, rate) == charge


def test_fraction(numbers: Any) -> None:
    # MM 1,000, target 1,250, E 900, Pen 100, K 10: (1,250 - 900 + 10) / (1,250 - 100) = 360 / 1,150 = 0.3130434782608695652…
    found = numbers.fraction_up(900 * WAD, 1_000 * WAD, 100 * WAD, 10 * WAD, VENUE.word())
    assert found == 313043478260869566


def test_fraction_restores_the_target(numbers: Any) -> None:
    # E - f Pen - K >= h (1 - f) MM, and not with a wei of f less
    equity, raw, penalty, cost = 4_321 * WAD, 5_000 * WAD, 432 * WAD, WAD
    f = numbers.fraction_up(equity, raw, penalty, cost, VENUE.word())

    def healthy(f: int) -> bool:
        return (equity - cost) * WAD * 4 - f * penalty * 4 >= 5 * (WAD - f) * raw

    assert healthy(f) and not healthy(f - 1)


@pytest.mark.parametrize(
    ("equity", "raw", "penalty", "cost"),
    [
        (110, 1_000, 100, 10),  # E = Pen + K
        (-50, 1_000, 100, 10),
        (2_000, 100, 125, 10),  # h MM = Pen
        (111, 1_000, 100, 10),  # f = (1,250 - 111 + 10) / 1,150 = 0.9991…: a MM of under 1 would be left
        (20, 24, 1, 1),  # everything is under min_margin
    ],
)
def test_all_of_it(numbers: Any, equity: int, raw: int, penalty: int, cost: int) -> None:
    found = numbers.fraction_up(equity * WAD, raw * WAD, penalty * WAD, cost * WAD, VENUE.word())
    assert found == WAD


def test_the_remainder_is_at_least_min_margin(numbers: Any) -> None:
    # f = (125 - 90) / 125 = 0.28 leaves a MM of 72: enough for a min_margin of 72, not for a µ more
    for least, found in ((72 * WAD, 28 * WAD // 100), (72 * WAD + 10**12, WAD)):
        venue = replace(VENUE, min_margin=least).word()
        assert numbers.fraction_up(90 * WAD, 100 * WAD, 0, 0, venue) == found


def test_share(numbers: Any) -> None:
    assert numbers.share_up(10, WAD // 3) == 4
    assert numbers.share_up(10, WAD) == 10
    assert numbers.share_up(2**128 - 1, WAD) == 2**128 - 1
    assert numbers.share_up(1, 1) == 1
