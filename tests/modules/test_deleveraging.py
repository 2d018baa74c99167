"""deleveraging: the search for the size (W-2), on bytecode: what it guarantees, and that it looks only a few times."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from math import isqrt
from typing import Any

import pytest

from tests.support.venue import load
from tests.support.words import LOT
from tests.unit.waterfall.support import regula_falsi, up

# gas of one look at the surplus and of the step around it, and of what there is besides
A_LOOK, BESIDES = 2_000, 1_500
WIDE, MILD = "wide", "mild"


@pytest.fixture(scope="module")
def search() -> Any:
    return load("tests/contracts/harness_units/Search.vy")


def surplus_of(frame: tuple[int, ...]) -> Callable[[int], int]:
    """1e4 R - q net of U-0 and U-1 by the skew, in plain integers."""
    a0, b0, h0, cash, at, stock, beta, sigma, w, depth, kappa, ratio = frame

    def surplus(skew: int) -> int:
        n = -at * skew * LOT + stock
        a = a0 - up(Fraction(beta * at * skew, 10**24))
        b = b0 + up(Fraction(sigma * abs(n), 10**34)) ** 2
        h = h0 + up(Fraction(w * abs(n), 10**34))
        root = isqrt(a * a + b)
        net = max(root + (root * root < a * a + b), up(Fraction(kappa * h, 10**4)))
        return 10**4 * (cash - up(Fraction(at * skew * skew, depth)) * 10**12) - ratio * net * 10**12

    return surplus


def drawn(r: random.Random, kind: str) -> tuple[tuple[int, ...], int, int]:
    """A pool that is short and has its capital with what is closed; base in WAD and skew in lots. `mild`: as deep as the shipped markets."""
    while True:
        price, side = int(10 ** r.uniform(-2, 5) * 10**18), r.choice([1, -1])
        beta, sigma = r.randint(100, 800), r.randint(50, 500)
        w = max(1, round((beta**2 + sigma**2) ** 0.5))
        quote = 10 ** r.uniform(4, 8)
        lots = max(1, int(quote * 10**26 / price))
        deep = 400 if kind == MILD else 10 ** r.uniform(-0.3, 2.5)
        depth = max(1, int(quote * deep * 10**26 / price)) * 2 * 10**20
        big, others = int(quote * 100 * w), r.choice([0, 0, 1, 3, 10])
        a = sum(r.randint(-big, big) for _ in range(others))
        b = sum(r.randint(0, big) ** 2 for _ in range(others))
        stock = 0 if kind == MILD else r.choice([0, 0, int(r.random() * quote * 10**36)])
        rest = (beta, sigma, w, depth, r.choice([3_000, 6_000, 9_000]), r.randint(10_000, 60_000))
        frame = (a, b, others * big // 2, 0, price, stock, *rest)
        most = r.choice([lots, r.randint(1, lots), max(1, lots // 10**3)])
        surplus = surplus_of(frame)
        none, all_ = surplus(side * lots), surplus(side * (lots - most))
        if all_ > none:
            cash = -(none + r.randint(0, all_ - none)) // 10**4
            frame = (*frame[:3], cash, *frame[4:])
            surplus = surplus_of(frame)
            if surplus(side * lots) < 0 <= surplus(side * (lots - most)):
                return frame, side * most * LOT, side * lots


@pytest.mark.parametrize(("kind", "mean", "worst"), [(MILD, 6, 12), (WIDE, 7, 18)])
def test_closes_enough_and_no_more_in_a_few_looks(search: Any, kind: str, mean: int, worst: int) -> None:
    """Bisection would look twelve or thirteen times."""
    r, all_looks = random.Random(kind), []
    for _ in range(60):
        frame, base, skew = drawn(r, kind)
        side, most = (1 if skew > 0 else -1), abs(base) // LOT
        exact, grain = surplus_of(frame), max(1, most // 2**10)
        lots, gas = search.lots_up(frame, base, skew)
        closed = side * lots
        assert 0 < closed <= most
        for x in (0, closed, most):
            assert search.surplus(frame, skew - side * x) == exact(skew - side * x)
        assert exact(skew - lots) >= 0
        assert exact(skew - side * max(0, closed - grain)) < 0
        rule, looks = regula_falsi(lambda x: exact(skew - side * x), most)  # noqa: B023
        assert closed == rule
        assert gas <= A_LOOK * looks + BESIDES
        all_looks.append(looks)
    assert sum(all_looks) / len(all_looks) <= mean
    assert max(all_looks) <= worst


@pytest.mark.parametrize("most", [1, 2, 3, 1_023, 1_024, 2_047, 2_049, 3_071, 10**9])
def test_small_and_odd_positions(search: Any, most: int) -> None:
    """Forty µ from none to all: the surplus is a stair, and the search ends with what is true of both ends all the same."""
    frame = (0, 0, 0, 0, 40 * 10**24 // most, 0, 1, 1, 1, 10**60, 6_000, 30_000)
    for part in (1, 2, 3):
        exact = surplus_of(frame)
        none, whole = exact(2 * most), exact(most)
        assert none < whole
        frame = (*frame[:3], frame[3] - (none + (whole - none) * part // 4) // 10**4, *frame[4:])
        exact = surplus_of(frame)
        assert exact(2 * most) < 0 <= exact(most)
        lots, gas = search.lots_up(frame, most * LOT, 2 * most)
        assert exact(2 * most - lots) >= 0 > exact(2 * most - max(0, lots - max(1, most // 2**10)))
        assert gas <= 21 * A_LOOK + BESIDES


def test_nothing_where_nothing_is_missing_and_all_where_all_is_too_little(search: Any) -> None:
    frame, base, skew = drawn(random.Random(1), WIDE)
    rich, poor = ((*frame[:3], frame[3] + change, *frame[4:]) for change in (10**40, -(10**40)))
    assert search.lots_up(rich, base, skew)[0] == 0
    assert search.lots_up(poor, base, skew)[0] == base // LOT
