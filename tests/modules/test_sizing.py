"""sizing: the trade that closes a fraction of a position, in whole lots, rounded up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.words import LOT, WAD


@pytest.mark.parametrize(
    ("lots", "f", "closed"),
    [
        (10, WAD, 10),
        (10, WAD // 2, 5),
        (10, WAD // 2 + 1, 6),  # 5.00…01 lots
        (3, WAD // 2, 2),  # 1.5 lots
        (10, 1, 1),  # a crumb is a lot
        (1, 1, 1),
        (2**72 - 1, WAD, 2**72 - 1),
        (2**72 - 1, WAD - 1, 2**72 - 1 - 4722),  # 1e-18 of 4.7e21 lots are 4,722.4
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_closing_size(numbers: Any, lots: int, f: int, closed: int, sign: int) -> None:
    assert numbers.closing_size(sign * lots * LOT, f) == -sign * closed * LOT
