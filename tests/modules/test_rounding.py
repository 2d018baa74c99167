"""rounding: division with the direction in the name."""

from __future__ import annotations

from typing import Any

import pytest

BIG = 2**254


# -7/2 = -3.5: down is -4, up is -3
@pytest.mark.parametrize(
    ("a", "b", "down", "up"),
    [
        (7, 2, 3, 4),
        (-7, 2, -4, -3),
        (6, 3, 2, 2),
        (-6, 3, -2, -2),
        (0, 5, 0, 0),
        (1, 10**18, 0, 1),
        (-1, 10**18, -1, 0),
        (-BIG, 3, -(BIG // 3) - 1, -(BIG // 3)),
        (BIG, 3, BIG // 3, BIG // 3 + 1),
        (2**255 - 1, 1, 2**255 - 1, 2**255 - 1),
        (-(2**255), 1, -(2**255), -(2**255)),
    ],
)
def test_signed(numbers: Any, a: int, b: int, down: int, up: int) -> None:
    assert numbers.floor_div(a, b) == down
    assert numbers.ceil_div(a, b) == up


@pytest.mark.parametrize(("a", "b", "up"), [(0, 7, 0), (1, 7, 1), (7, 7, 1), (8, 7, 2), (2**255, 2, 2**254)])
def test_unsigned(numbers: Any, a: int, b: int, up: int) -> None:
    assert numbers.ceil_div_unsigned(a, b) == up


# the smallest r with r^2 >= a
@pytest.mark.parametrize(
    ("a", "root"),
    [(0, 0), (1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10**36, 10**18), (10**36 + 1, 10**18 + 1)],
)
def test_root(numbers: Any, a: int, root: int) -> None:
    assert numbers.ceil_sqrt(a) == root


def test_the_largest_root(numbers: Any) -> None:
    # 2^250 - 1 lies between (2^125 - 1)^2 and (2^125)^2
    assert numbers.ceil_sqrt(2**250 - 1) == 2**125
