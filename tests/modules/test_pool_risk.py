"""pool_risk: U-0 and U-1 by hand. Sums are in µ (1e-6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.modules import words
from tests.support.words import WAD

UNITS = 10**8
MICRO = 10**6
RISK = words.risk(300, 400, 500)  # beta 3 %, sigma 4 %, w 5 %
TERMS = words.terms(scale=1_000 * UNITS)
ZERO = (0, 0, 0, 0, 0, 0, 0)


def test_contribution(values: Any) -> None:
    # 30 long, 10 short at 1,000, opened there: the pool is short 20,000
    book = words.book(30 * UNITS, 10 * UNITS, -20_000 * WAD)
    a, v, z, g, h, b, listed = values.contribution(book, 0, 1_000 * WAD, RISK, TERMS)
    assert a == -600 * MICRO  # 3 % of -20,000
    assert v == 0
    assert z == 200 * MICRO  # 1,000 * 20^2 / 2,000
    assert g == 1_500 * MICRO  # 5 % of 30,000
    assert h == 1_000 * MICRO  # 5 % of 20,000
    assert b == (800 * MICRO) ** 2
    assert listed == 0


def test_contribution_of_shorts(values: Any) -> None:
    # the pool is long 20,000; at 900 the shorts have won 100 each, so has it lost 2,000
    book = words.book(0, 20 * UNITS, 20_000 * WAD)
    a, v, z, g, h, b, _ = values.contribution(book, 0, 900 * WAD, RISK, TERMS)
    assert (a, v, z) == (540 * MICRO, -2_000 * MICRO, 180 * MICRO)
    assert (g, h, b) == (900 * MICRO, 900 * MICRO, (720 * MICRO) ** 2)


def test_contribution_is_rounded_against_the_pool(values: Any) -> None:
    # one lot at 1: 3e-10 of beta and so on are under a µ
    a, v, z, g, h, b, _ = values.contribution(words.book(1, 0, 0), 0, WAD, RISK, TERMS)
    assert (a, v, z, g, h, b) == (-1, -1, 1, 1, 1, 1)


def test_no_open_interest_no_part(values: Any) -> None:
    assert tuple(values.contribution(0, 0, WAD, RISK, TERMS)) == ZERO


def test_weigh_without_inventory(values: Any) -> None:
    # A 300, B 400^2: net 500; the floor 0.6 * 700 = 420; R = 10,000 + 50 - 20
    sums = (-300 * MICRO, 50 * MICRO, 20 * MICRO, 900 * MICRO, 700 * MICRO, (400 * MICRO) ** 2, 0)
    assert tuple(values.weigh(sums, 10_000 * WAD, [], True, 6_000)) == (10_030 * WAD, 500 * WAD, 900 * WAD)
    # kappa 0.9: 630
    assert values.weigh(sums, 10_000 * WAD, [], True, 9_000)[1] == 630 * WAD


def test_weigh_with_inventory_alone(values: Any) -> None:
    # 10 at 1,000 with d_c 10 %: R + 9,000, net and gross 5 % of 10,000
    leg = words.leg(risk=RISK, word=words.price(1_000 * WAD), held=10 * WAD, lendable=10 * WAD * 9_000)
    assert tuple(values.weigh(ZERO, WAD, [leg], False, 6_000)) == (9_001 * WAD, 500 * WAD, 500 * WAD)


@pytest.mark.parametrize("at_touch", [True, False])
def test_inventory_hedges_the_skew(values: Any, at_touch: bool) -> None:
    # short 20,000 by the skew, 20 in stock: nothing net, gross 5 % of 40 units. 2^70 is exact as a float24
    price = 2**70
    touched = words.carry(price=2**17 | 45 << 18)
    book = words.book(20 * UNITS, 0, -20 * price)
    sums = tuple(values.contribution(book, touched, price, RISK, TERMS))
    leg = words.leg(
        risk=RISK,
        word=words.price(price),
        held=20 * WAD,
        lendable=20 * WAD * 10_000,
        book=book,
        carry=touched,
        terms=TERMS,
    )
    equity, net, gross = values.weigh(sums, 0, [leg], at_touch, 6_000)
    assert net <= MICRO**2  # each of the two parts of A is rounded down
    assert gross == 2 * -(-price // MICRO**2) * MICRO**2  # a unit each, up to the µ
    assert 0 <= 20 * price - price * 20 * 20 // 2_000 - equity <= 2 * MICRO**2


# caps 10 % and 30 % of 10,000
@pytest.mark.parametrize(
    ("net", "gross", "used"),
    [
        (1_000 * WAD, 0, WAD),
        (500 * WAD, 3_000 * WAD, WAD),
        (500 * WAD, 600 * WAD, WAD // 2),
        (1, 0, 1),  # 1e-21 of the cap, rounded up
        (0, 0, 0),
    ],
)
def test_utilisation(values: Any, net: int, gross: int, used: int) -> None:
    assert values.utilisation_up(10_000 * WAD, net, gross, 1_000, 3_000) == used


@pytest.mark.parametrize("equity", [0, -WAD])
def test_utilisation_without_capital(values: Any, equity: int) -> None:
    assert values.utilisation_up(equity, 1, 0, 1_000, 3_000) == 2**64
    assert values.utilisation_up(equity, 0, 0, 1_000, 3_000) == 0


def test_utilisation_has_a_largest_value(values: Any) -> None:
    assert values.utilisation_up(1, 10**9 * WAD, 0, 1_000, 3_000) == 2**64
