"""carry: F-1 and F-2 by hand."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Any

import boa
import pytest

from tests.modules import words
from tests.support.words import WAD, Rates, unsigned_to_signed

DAY = 86_400
HALF = 2**18  # a skew of half the scale
# 2^70 (1,180.59 quote) is one of the prices that a float24 holds exactly: 2^17 * 2^(45 + 8)
PRICE = 2**70
FLOAT = 2**17 | 45 << 18


def up(part: Fraction) -> int:
    """A part of the price in units of the index (1e-11), rounded up."""
    return ceil(PRICE * part / 10**7)


def down(part: Fraction) -> int:
    """The same, rounded down."""
    return floor(PRICE * part / 10**7)


def fields(word: int) -> tuple[int, int, int, int]:
    """Long index, short index, time, rate."""
    return (
        unsigned_to_signed(word, 64),
        unsigned_to_signed(word >> 64, 64),
        word >> 128 & 2**32 - 1,
        unsigned_to_signed(word >> 160, 30),
    )


def after(numbers: Any, seconds: int, risk: int, **start: int) -> tuple[int, int, int]:
    """Long index, short index and rate after so many seconds, the index also as views see it."""
    now = boa.env.timestamp
    word = words.carry(time=now, price=FLOAT, **start)
    boa.env.time_travel(seconds=seconds)
    long, short, time, rate = fields(numbers.accrue(word, risk))
    assert time == now + seconds
    assert numbers.index_now(word, risk, True) == long * 10**7
    assert numbers.index_now(word, risk, False) == short * 10**7
    return long, short, rate


def test_the_price_is_exact() -> None:
    assert (FLOAT & 2**18 - 1) << (FLOAT >> 18) + 8 == PRICE


def test_no_time_no_change(numbers: Any) -> None:
    word = words.carry(-3, 4, boa.env.timestamp, 10**6, HALF, 500, 7, FLOAT)
    assert numbers.accrue(word, words.risk(400, 160, 431, 215, 1_000)) == word


def test_borrow_alone(numbers: Any) -> None:
    # 1,000e-6 a day for a day: a thousandth of the price from both sides
    long, short, rate = after(numbers, DAY, words.risk(400, 160, 431, 215, 0), borrow=1_000)
    assert (long, short, rate) == (up(Fraction(1, 1_000)), -up(Fraction(1, 1_000)), 0)


def test_funding_alone(numbers: Any) -> None:
    # a steady 1 % a day: longs pay it, shorts get it
    long, short, rate = after(numbers, DAY, words.risk(400, 160, 431, 215, 0), rate=10**7)
    assert (long, short, rate) == (up(Fraction(1, 100)), down(Fraction(1, 100)), 10**7)


def test_shorts_pay_when_the_rate_is_negative(numbers: Any) -> None:
    # half a day of -1 %
    long, short, rate = after(numbers, DAY // 2, words.risk(400, 160, 431, 215, 0), rate=-(10**7))
    assert (long, short, rate) == (up(Fraction(-1, 200)), down(Fraction(-1, 200)), -(10**7))


def test_the_rate_moves_with_the_skew(numbers: Any) -> None:
    # velocity 0.02 a day^2 * half: 1 % more after a day, half a percent on average
    long, short, rate = after(numbers, DAY, words.risk(400, 160, 431, 215, 20), skew=HALF)
    assert (long, short, rate) == (up(Fraction(1, 200)), down(Fraction(1, 200)), 10**7)


def test_the_rate_stops_at_its_clamp(numbers: Any) -> None:
    # velocity 0.08 * half = 0.04 a day^2 reaches the clamp of 2 % in half a day: 0.5 % under the slope, 1 % at the clamp
    risk = words.risk(400, 160, 431, 200, 80)
    long, short, rate = after(numbers, DAY, risk, skew=HALF)
    assert (long, short, rate) == (up(Fraction(15, 1_000)), down(Fraction(15, 1_000)), 2 * 10**7)
    long, short, rate = after(numbers, DAY, risk, skew=-HALF)
    assert (long, short, rate) == (up(Fraction(-15, 1_000)), down(Fraction(-15, 1_000)), -2 * 10**7)


def test_from_one_clamp_to_the_other(numbers: Any) -> None:
    # from -2 % at 0.04 a day^2: +2 % after a day, with nothing in sum, then a day at 2 %
    long, _, rate = after(numbers, 2 * DAY, words.risk(400, 160, 431, 200, 80), rate=-2 * 10**7, skew=HALF)
    assert (long, rate) == (up(Fraction(2, 100)), 2 * 10**7)


def test_each_side_is_rounded_against_it(numbers: Any) -> None:
    # a second of 1e-6 a day: 1,180.59e-6 / 86,400 = 1.36642e-8 quote = 1,366.42 of the index
    long, short, _ = after(numbers, 1, words.risk(400, 160, 431, 215, 0), borrow=1)
    assert (long, short) == (1_367, -1_367)


def test_what_one_pays_the_others_get(numbers: Any) -> None:
    # I-6: without borrow the indices differ by the rounding alone
    long, short, _ = after(numbers, 12_345, words.risk(400, 160, 431, 215, 1_000), rate=1_234_567, skew=1_001)
    assert 0 <= long - short <= 1


def test_clamped(numbers: Any) -> None:
    word = words.carry(-3, 4, 77, 10**8, HALF, 500, 7, FLOAT)
    found = numbers.clamped(word, words.risk(400, 160, 431, 215, 0))
    assert found == words.carry(-3, 4, 77, 21_500_000, HALF, 500, 7, FLOAT)
    word = words.carry(-3, 4, 77, -(10**8), HALF, 500, 7, FLOAT)
    assert fields(numbers.clamped(word, words.risk(400, 160, 431, 215, 0)))[3] == -21_500_000


@pytest.mark.parametrize(
    ("skew", "scale", "k"),
    [
        (0, 100, 0),
        (50, 100, 2**18),
        (-50, 100, -(2**18)),
        (100, 100, 2**19 - 1),
        (-1_000, 100, -(2**19) + 1),
        (1, 3, 174_762),  # 524,288 / 3 = 174,762.67 towards zero
        (-1, 3, -174_762),
    ],
)
def test_skew_fraction(numbers: Any, skew: int, scale: int, k: int) -> None:
    assert numbers.skew_fraction(skew, scale) == k


# base 20, slope1 300, slope2 3,000, kink 80 %
@pytest.mark.parametrize(
    ("used", "rate"),
    [
        (0, 20),
        (WAD // 2, 170),  # 20 + 150
        (8 * WAD // 10, 260),  # 20 + 240
        (WAD, 860),  # 260 + 600
        (WAD // 2 + 1, 171),  # rounded up
        (2 * WAD, 3_860),  # 260 + 3,600
        (2**255, 2**14 - 1),  # at most what fits
    ],
)
def test_borrow_rate(numbers: Any, used: int, rate: int) -> None:
    assert numbers.borrow_rate(used, Rates().word()) == rate
