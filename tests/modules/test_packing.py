"""packing: every word there and back, its edges, and what does not fit."""

from __future__ import annotations

from typing import Any

import boa
import pytest

from tests.modules import words
from tests.support.words import WAD, AssetParams, MarketParams, VenueParams, collateral_word, pack

I127, I63 = 2**127, 2**63


@pytest.mark.parametrize(
    ("word", "bits", "value"), [(255, 8, -1), (127, 8, 127), (128, 8, -128), (2**256 - 1, 20, -1)]
)
def test_signed(numbers: Any, word: int, bits: int, value: int) -> None:
    assert numbers.signed(word, bits) == value


@pytest.mark.parametrize("cash", [0, 1, -1, I127 - 1, -I127])
@pytest.mark.parametrize(("reserved", "assets"), [(0, 0), (2**96 - 1, 255), (5, 0b101)])
def test_vault_word(numbers: Any, cash: int, reserved: int, assets: int) -> None:
    word = pack(words.two(cash, 128), (reserved, 96), (assets, 8))
    assert numbers.pack_vault(cash, reserved, assets) == word
    assert tuple(numbers.unpack_vault(word)) == (cash, reserved, assets)


def test_vault_word_reverts(numbers: Any) -> None:
    for cash in (I127, -I127 - 1):
        with boa.reverts("packing: out of range"):
            numbers.pack_vault(cash, 0, 0)
    with boa.reverts("packing: too large"):
        numbers.pack_vault(0, 2**96, 0)


def test_price_word(numbers: Any) -> None:
    fields = (123 * WAD, 1_700_000_000, 1_700_000_001, 1_700_086_400, 3)
    word = pack((fields[0], 96), (fields[1], 40), (fields[2], 40), (fields[3], 40), (fields[4], 8), (77, 32))
    assert tuple(numbers.unpack_price(word)) == fields


@pytest.mark.parametrize(("base", "quote"), [(0, 0), (-1, 1), (I127 - 1, -I127), (-I127, I127 - 1)])
def test_position_word(numbers: Any, base: int, quote: int) -> None:
    word = words.position(base, quote)
    assert numbers.pack_position(base, quote) == word
    assert tuple(numbers.unpack_position(word)) == (base, quote)


@pytest.mark.parametrize(("base", "quote"), [(I127, 0), (0, I127), (-I127 - 1, 0), (0, -I127 - 1)])
def test_position_word_reverts(numbers: Any, base: int, quote: int) -> None:
    with boa.reverts("packing: out of range"):
        numbers.pack_position(base, quote)


@pytest.mark.parametrize("quote", [0, -1, 2**111 - 1, -(2**111)])
def test_book_word(numbers: Any, quote: int) -> None:
    longs, shorts = 2**72 - 1, 12_345
    word = words.book(longs, shorts, quote)
    assert numbers.pack_book(longs, shorts, quote) == word
    assert tuple(numbers.unpack_book(word)) == (longs, shorts, quote)


def test_book_word_reverts(numbers: Any) -> None:
    for longs, shorts in ((2**72, 0), (0, 2**72)):
        with boa.reverts("packing: too large"):
            numbers.pack_book(longs, shorts, 0)
    with boa.reverts("packing: out of range"):
        numbers.pack_book(0, 0, 2**111)
    with boa.reverts():
        numbers.pack_book(-1, 0, 0)


def test_carry_word(numbers: Any) -> None:
    # 2,000e18 as a float: 2000e18 = 0x6c6b935b8bbd400000 has 71 bits, so e = 53 and m its 18 leading bits
    price = (2_000 * WAD >> 53) | (53 - 8) << 18
    full = words.carry(-5, 7, 1_700_000_000, -1_000_000, -(2**19) + 1, 2**14 - 1, 255, price)
    accrued = numbers.replace_accrued(full, I63 - 1, -I63, 2**32 - 1, 2**29 - 1)
    assert accrued == words.carry(I63 - 1, -I63, 2**32 - 1, 2**29 - 1, -(2**19) + 1, 2**14 - 1, 255, price)
    # a touch clears the borrow rate and leaves what time changes
    touched = numbers.replace_touched(full, 3, 9, 2_000 * WAD)
    assert touched == words.carry(-5, 7, 1_700_000_000, -1_000_000, 3, 0, 9, price)
    assert numbers.with_borrow(touched, 17) == words.carry(-5, 7, 1_700_000_000, -1_000_000, 3, 17, 9, price)


def test_carry_word_reverts(numbers: Any) -> None:
    for index in (I63, -I63 - 1):
        with boa.reverts("packing: out of range"):
            numbers.replace_accrued(0, index, 0, 0, 0)
        with boa.reverts("packing: out of range"):
            numbers.replace_accrued(0, 0, index, 0, 0)
    with boa.reverts("packing: out of range"):
        numbers.replace_accrued(0, 0, 0, 0, 2**29)
    with boa.reverts("packing: out of range"):
        numbers.replace_touched(0, 2**19, 0, 0)
    with boa.reverts("packing: too large"):
        numbers.replace_touched(0, 0, 256, 0)
    with boa.reverts("packing: too large"):
        numbers.with_borrow(0, 2**14)


# m * 2^(e + 8), m < 2^18, rounded down: what is lost is under 2^-17 of it
@pytest.mark.parametrize("x", [0, 2**25, 2**26 - 1, 10**15, WAD, 50_000 * WAD, 10**25, 2**89 - 1])
def test_price_float(numbers: Any, x: int) -> None:
    word = numbers.float_of(x)
    shift = max(x.bit_length() - 18, 8)
    expected = (x >> shift) << shift
    assert word < 2**24
    assert numbers.float_value(word) == expected
    assert x - expected <= x >> 17


@pytest.mark.parametrize("before", [0, 10**15, WAD, 50_000 * WAD, 2**89 - 1])
@pytest.mark.parametrize("after", [0, 2**25, 10**15, WAD, 2 * WAD, 50_000 * WAD, 51_000 * WAD, 2**89 - 1])
def test_price_of_a_touch(numbers: Any, before: int, after: int) -> None:
    # whatever the price of the touch before, whose exponent is tried first
    word = numbers.replace_touched(numbers.float_of(before) << 232, 0, 0, after)
    assert word >> 232 == numbers.float_of(after)


def test_risk_entry(numbers: Any) -> None:
    # BTC: 4 %, 1.6 %, 4.31 %; clamp of 2.15 % a day is 21,500,000e-9. The velocity beside it is read by carry.vy alone
    assert tuple(numbers.unpack_risk(words.risk(400, 160, 431, 215, 1_000))) == (
        400,
        160,
        431,
        21_500_000,
    )


def test_limits_word(numbers: Any) -> None:
    word = MarketParams("X", 100 * WAD, 400, 160, min_notional=12 * WAD, max_oi_quote=7 * WAD).limits_word()
    market = MarketParams("X", 100 * WAD, 400, 160)
    assert tuple(numbers.unpack_limits(word)) == (market.max_oi, 7 * WAD, 12 * WAD)


def test_collateral_word(numbers: Any) -> None:
    word = collateral_word((AssetParams("A", 8, 3, 500), AssetParams("B", 18, 31, 5_000)))
    assert tuple(numbers.unpack_asset(word, 0)) == (3, 500, 9_500)
    assert tuple(numbers.unpack_asset(word, 1)) == (31, 5_000, 5_000)
    assert tuple(numbers.unpack_asset(word, 2)) == (0, 0, 10_000)


def test_venue_word_is_full() -> None:
    assert VenueParams(keeper_cap=(2**64 - 1) * 10**12).word().bit_length() == 256


EDGE = (-I63, I63 - 1, 2**64 - 1, 2**64 - 2, 2**64 - 3, 2**128 - 1, 2**32 - 1)


@pytest.mark.parametrize("sums", [(0,) * 7, (-1, -2, 3, 4, 5, 6, 7), EDGE])
def test_sums(numbers: Any, sums: tuple[int, ...]) -> None:
    a, v, z, g, h, b, listed = sums
    first = pack(words.two(a, 64), words.two(v, 64), (z, 64), (g, 64))
    second = pack((h, 64), (b, 128), (listed, 32))
    assert tuple(numbers.pack_sums(sums)) == (first, second)
    assert tuple(numbers.unpack_sums(first, second)) == sums


@pytest.mark.parametrize("field", range(6))
def test_sums_revert(numbers: Any, field: int) -> None:
    sums = list(EDGE)
    sums[field] = (-(2**63) - 1, 2**63, 2**64, 2**64, 2**64, 2**128)[field]
    with boa.reverts("packing: out of range" if field < 2 else "packing: too large"):
        numbers.pack_sums(tuple(sums))
