"""Account ids and packed words: every field at its extremes, words put together by hand from the published layouts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossmargin.client import codec

OWNER = "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"


def twos(value: int, bits: int) -> int:
    return value % 2**bits


def ints(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def uints(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1)


@pytest.mark.parametrize("sub", [0, 1, 2**96 - 1])
def test_account_id_holds_owner_and_sub_id(sub: int) -> None:
    account = codec.account_id(OWNER, sub)
    assert account == int(OWNER, 16) * 2**96 + sub
    assert codec.owner_of(account) == OWNER
    assert codec.sub_id_of(account) == sub


@pytest.mark.parametrize("sub", [-1, 2**96])
def test_account_id_refuses_a_sub_id_that_would_change_the_owner(sub: int) -> None:
    with pytest.raises(ValueError, match="sub id"):
        codec.account_id(OWNER, sub)


@pytest.mark.parametrize("sub", [0, 7])
def test_show_and_parse_are_inverse(sub: int) -> None:
    account = codec.account_id(OWNER, sub)
    assert codec.parse_account(codec.show_account(account)) == account
    assert codec.parse_account(str(account)) == account
    assert codec.parse_account(hex(account)) == account


def test_show_leaves_out_sub_id_0() -> None:
    assert codec.show_account(codec.account_id(OWNER)) == OWNER
    assert codec.show_account(codec.account_id(OWNER, 3)) == OWNER + "/3"


@pytest.mark.parametrize("text", ["", "trader", OWNER + "/", OWNER + "/x", "1/2", "-1", str(2**256)])
def test_parse_refuses_what_is_no_account(text: str) -> None:
    with pytest.raises(ValueError, match="0xowner/sub"):
        codec.parse_account(text)


@given(ints(128), uints(96), st.sets(st.integers(0, 7)), st.data())
def test_balance(cash: int, reserved: int, assets: set[int], data: st.DataObject) -> None:
    amounts = {asset: data.draw(uints(128)) for asset in sorted(assets)}
    word = twos(cash, 128) | reserved << 128 | sum(1 << asset for asset in assets) << 224
    found = codec.decode_balance(word, list(amounts.values()))
    assert found == codec.Balance(cash, reserved, amounts)


@given(ints(128), ints(128))
def test_position(base: int, quote: int) -> None:
    assert codec.decode_position(twos(base, 128) | twos(quote, 128) << 128) == codec.Leg(base, quote)


@given(ints(64), ints(64), uints(32), ints(30), ints(20), uints(14), uints(8), uints(18), st.integers(0, 63))
def test_carry(
    longs: int,
    shorts: int,
    time: int,
    rate: int,
    skew: int,
    borrow: int,
    scale: int,
    mantissa: int,
    exponent: int,
) -> None:
    word = twos(longs, 64) | twos(shorts, 64) << 64 | time << 128 | twos(rate, 30) << 160
    word |= twos(skew, 20) << 190 | borrow << 210 | scale << 224 | mantissa << 232 | exponent << 250
    price = mantissa * 2 ** (exponent + 8)
    assert codec.decode_carry(word) == codec.Carry(longs, shorts, time, rate, skew, borrow, scale, price)


@given(uints(72), uints(72), ints(112))
def test_book_is_in_wad(longs: int, shorts: int, quote: int) -> None:
    found = codec.decode_book(longs | shorts << 72 | twos(quote, 112) << 144)
    assert found == codec.Book(longs * 10**10, shorts * 10**10, quote)
    assert found.skew == (longs - shorts) * 10**10


@given(
    st.lists(uints(16), min_size=12, max_size=12), uints(40), st.lists(st.booleans(), min_size=4, max_size=4)
)
def test_rates(fields: list[int], grace: int, flags: list[bool]) -> None:
    word = sum(value << 16 * i for i, value in enumerate(fields)) | grace << 192
    word |= sum(flag << 232 + i for i, flag in enumerate(flags))
    found = codec.decode_rates(word)
    assert [found.cap_net, found.cap_gross, found.exit_cap_net, found.exit_cap_gross] == fields[:4]
    assert [found.borrow_base, found.borrow_slope1, found.borrow_slope2, found.borrow_kink] == fields[4:8]
    assert (found.pool_cooldown, found.cover_cooldown) == (fields[8] * 60, fields[9] * 60)
    assert (found.cover_share, found.adl_ratio, found.grace_until) == (fields[10], fields[11], grace)
    assert [found.paused, found.shutting_down, found.claims_open, found.last_prices] == flags


def test_a_market_without_a_time_and_with_a_price_is_settled() -> None:
    settled = codec.decode_carry((2**17) << 232 | 30 << 250)
    assert settled.settled and settled.price == 2**17 << 38
    assert not codec.decode_carry((2**17) << 232 | 30 << 250 | 1 << 128).settled
    assert not codec.decode_carry(0).settled


def test_collateral_leaves_out_what_is_not_listed() -> None:
    word = (3 | 700 << 8 | 1 << 24) | (5 | 900 << 8) << 32 | (31 | 65535 << 8 | 1 << 24) << 32 * 7
    assert codec.decode_collateral(word) == {
        0: codec.CollateralTerms(0, 3, 700),
        7: codec.CollateralTerms(7, 31, 65535),
    }


def test_bits_of() -> None:
    assert codec.bits_of(0) == []
    assert codec.bits_of(1 << 31 | 0b101) == [0, 2, 31]
