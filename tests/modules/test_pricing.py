"""pricing: P-1 to P-4 and fees by hand, and thousands of smallest steps (I-16, I-23)."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.modules import words
from tests.support.words import LOT, WAD, unsigned_to_signed

UNITS = 10**8
K = 1_000 * UNITS  # 2K = 2,000 units
TERMS = words.terms(K, taker=500, maker=200)


# p = P (1 + (2 skew + size) / 2,000)
@pytest.mark.parametrize(
    ("skew", "size", "price"),
    [
        (0, 10, 100_500),  # + 0.5 %
        (0, -10, 99_500),
        (10, 10, 101_500),  # + 1.5 %
        (10, -10, 100_500),  # what was paid to open comes back
        (10, -20, 100_000),
        (-10, 10, 99_500),
    ],
)
def test_fill(values: Any, skew: int, size: int, price: int) -> None:
    found = values.fill_price(1_000 * WAD, skew * UNITS, size * UNITS, K, 0)
    assert found == price * WAD // 100


def test_fill_with_the_spread(values: Any) -> None:
    # 1,005 * 1.002 = 1,007.01 and 995 * 0.998 = 993.01
    assert values.fill_price(1_000 * WAD, 0, 10 * UNITS, K, 2_000) == 100_701 * WAD // 100
    assert values.fill_price(1_000 * WAD, 0, -10 * UNITS, K, 2_000) == 99_301 * WAD // 100


def test_fill_is_rounded_against_the_taker(values: Any) -> None:
    # 7 (1 ± 1/6) = 8.1666… and 5.8333…
    assert values.fill_price(7, 0, 1, 3, 0) == 9
    assert values.fill_price(7, 0, -1, 3, 0) == 5


def test_no_depth_left(values: Any) -> None:
    assert values.fill_price(1_000 * WAD, 0, -2 * K, K, 0) == 0
    assert values.fill_price(1_000 * WAD, -K, -1, K, 0) == 0
    assert values.fill_price(1_000 * WAD, 0, -2 * K + 1, K, 0) > 0


@pytest.mark.parametrize("skew", [0, 3, -3])
def test_path_independence(values: Any, skew: int) -> None:
    # ten at once cost what three and seven cost
    whole = 10 * values.fill_price(1_000 * WAD, skew * UNITS, 10 * UNITS, K, 0)
    parts = 3 * values.fill_price(1_000 * WAD, skew * UNITS, 3 * UNITS, K, 0)
    parts += 7 * values.fill_price(1_000 * WAD, (skew + 3) * UNITS, 7 * UNITS, K, 0)
    assert whole == parts


# taker 0.05 %, maker 0.02 % at a price of 1,000
@pytest.mark.parametrize(
    ("skew", "size", "fee"),
    [
        (0, 10, 5_000),  # 10,000 * 0.05 % = 5
        (5, 10, 5_000),
        (-10, 10, 2_000),  # all of it narrows: 2
        (-4, 10, 3_800),  # 4 narrow, 6 widen: 0.8 + 3
        (4, -10, 3_800),
        (-20, 10, 2_000),
    ],
)
def test_fee(values: Any, skew: int, size: int, fee: int) -> None:
    assert values.fee_up(1_000 * WAD, skew * UNITS, size * UNITS, TERMS) == fee * WAD // 1_000


def test_fee_is_rounded_up(values: Any) -> None:
    # a lot at 1e-18: 1e-8 * 1e-18 * 5e-4 is far under a wei
    assert values.fee_up(1, 0, 1, TERMS) == 1


def test_value(values: Any) -> None:
    assert values.value_down(2 * WAD, -1_900 * WAD, 1_000 * WAD, 10 * WAD) == 80 * WAD  # 2 * 990 - 1,900
    assert values.value_down(-2 * WAD, 2_100 * WAD, 1_000 * WAD, 10 * WAD) == 120 * WAD
    assert values.value_down(LOT, 0, 10**8 + 1, 0) == 1  # 1.00000001 down
    assert values.value_down(-LOT, 0, 10**8 + 1, 0) == -2


def opened(values: Any, position: int, size: int, price: int, carry: int = 0) -> tuple[int, int, int]:
    """Base, quote and cash realised."""
    word, realised = values.apply(position, size, price, carry)
    return unsigned_to_signed(word, 128), unsigned_to_signed(word >> 128, 128), realised


def test_open_and_add(values: Any) -> None:
    assert opened(values, 0, 2 * WAD, 1_000 * WAD) == (2 * WAD, -2_000 * WAD, 0)
    assert opened(values, words.position(2 * WAD, -2_000 * WAD), WAD, 1_100 * WAD) == (
        3 * WAD,
        -3_100 * WAD,
        0,
    )
    assert opened(values, 0, -2 * WAD, 1_000 * WAD) == (-2 * WAD, 2_000 * WAD, 0)


def test_open_under_carry(values: Any) -> None:
    # longs owe from an index of 5, shorts from -3 (1e-11 units)
    carry = words.carry(5 * 10**11, -3 * 10**11)
    assert opened(values, 0, 2 * WAD, 1_000 * WAD, carry) == (2 * WAD, -1_990 * WAD, 0)
    assert opened(values, 0, -2 * WAD, 1_000 * WAD, carry) == (-2 * WAD, 2_006 * WAD, 0)


def test_close_half(values: Any) -> None:
    # half of -3,000 goes: -1,500 + 2 * 900 = 300
    assert opened(values, words.position(4 * WAD, -3_000 * WAD), -2 * WAD, 900 * WAD) == (
        2 * WAD,
        -1_500 * WAD,
        300 * WAD,
    )


def test_close_under_carry(values: Any) -> None:
    # opened at index 0, closed at 5: 2 * 1,000 - 2 * 5 - 2,000 = -10
    carry = words.carry(5 * 10**11, 0)
    assert opened(values, words.position(2 * WAD, -2_000 * WAD), -2 * WAD, 1_000 * WAD, carry) == (
        0,
        0,
        -10 * WAD,
    )


def test_through_zero(values: Any) -> None:
    # closes 2 at 1,100 (+200), opens -1 at 1,100
    assert opened(values, words.position(2 * WAD, -2_000 * WAD), -3 * WAD, 1_100 * WAD) == (
        -WAD,
        1_100 * WAD,
        200 * WAD,
    )


def test_a_third_is_rounded_against_the_account(values: Any) -> None:
    # a third of a quote of -100 wei is -33.3: -34 leaves with the closed part
    base, quote, realised = opened(values, words.position(3 * LOT, -100), -LOT, 10**10)
    assert (base, quote, realised) == (2 * LOT, -66, -34 + 100)


def test_book_follows(values: Any) -> None:
    book = words.book(10, 20, -500)
    before, after = words.position(3 * LOT, -70), words.position(-4 * LOT, 90)
    assert values.moved_book(book, before, after) == words.book(7, 24, -340)


def test_pool_value(values: Any) -> None:
    # 3 long opened at 1,000, 1 short opened at 1,000 (quote sum -2,000), price 1,100: the pool loses 200
    book = words.book(3 * UNITS, UNITS, -2_000 * WAD)
    assert values.pool_value_down(book, 0, 1_100 * WAD) == -200 * WAD
    # indices of 5 and -3: it gains 3 * 5 + 1 * 3
    assert values.pool_value_down(book, words.carry(5 * 10**11, -3 * 10**11), 1_100 * WAD) == -182 * WAD


def test_pool_value_is_rounded_down(values: Any) -> None:
    assert values.pool_value_down(words.book(1, 0, 0), 0, 10**8 + 1) == -2
    assert values.pool_value_down(words.book(0, 1, 0), 0, 10**8 + 1) == 1


@pytest.mark.parametrize("price", [10**15, 3 * WAD // 7, 50_000 * WAD + 1])
@pytest.mark.parametrize("largest", [1, 3, 10**6])
def test_thousands_of_steps_earn_nothing(values: Any, price: int, largest: int) -> None:
    rng = random.Random(largest + price)
    sizes = [rng.choice((-1, 1)) * rng.randint(1, largest) * LOT for _ in range(399)]
    held = sum(sizes)
    if held:
        sizes.append(-held)
    carry = words.carry(12_345_678_901, -987_654_321)
    position, book, cash = values.walk(sizes, price, carry, 10**14 + 7)
    assert position == 0 and book & 2**144 - 1 == 0
    assert cash <= 0
    # two roundings a step at most: of the fill price, a wei a unit, and of the amount
    assert cash >= -400 * (2 + largest * LOT // WAD + 2)
