"""Stored words of the contracts, packed and unpacked in Python from the layouts of contracts/modules/packing.vy."""

from __future__ import annotations

from crossmargin.model.carry import Market

LOT = 10**10
MICRO = 10**12
U64 = 2**64 - 1
U128 = 2**128 - 1


def bits(word: int, at: int, size: int) -> int:
    """An unsigned field."""
    return word >> at & (1 << size) - 1


def signed(word: int, at: int, size: int) -> int:
    """A two's complement field."""
    value = word >> at & (1 << size) - 1
    return value - (1 << size) if value >> (size - 1) else value


class Misfit(Exception):
    """A value has no room in its field."""


def field(value: int, at: int, size: int) -> int:
    """A signed value put in its place, in two's complement."""
    if not -(1 << size - 1) <= value < 1 << size - 1:
        raise Misfit(f"{value} in {size} bits, signed")
    return (value & (1 << size) - 1) << at


def unsigned(value: int, at: int, size: int) -> int:
    """An unsigned value put in its place."""
    if not 0 <= value < 1 << size:
        raise Misfit(f"{value} in {size} bits")
    return value << at


def pack_position(base: int, quote: int) -> int:
    """Base and quote, WAD."""
    return field(base, 0, 128) | field(quote, 128, 128)


def unpack_position(word: int) -> tuple[int, int]:
    """Base and quote, WAD."""
    return signed(word, 0, 128), signed(word, 128, 128)


def unpack_vault(word: int) -> tuple[int, int, int]:
    """Cash (WAD), reserved (WAD), bitmap of collateral assets."""
    return signed(word, 0, 128), bits(word, 128, 96), bits(word, 224, 8)


def float_of(price: int) -> int:
    """float24 of a price: 18 leading bits, exponent less 8."""
    exponent = max(8, price.bit_length() - 18)
    return price >> exponent | (exponent - 8) << 18


def float_value(word: int) -> int:
    """WAD price of a float24."""
    return (word & 2**18 - 1) << ((word >> 18) + 8)


def pack_carry(m: Market) -> int:
    """The carry word of a market of the model."""
    return (
        field(m.index_long, 0, 64)
        | field(m.index_short, 64, 64)
        | unsigned(m.time, 128, 32)
        | field(m.rate, 160, 30)
        | field(m.skew_fraction, 190, 20)
        | unsigned(m.borrow, 210, 14)
        | unsigned(m.oi_scale, 224, 8)
        | (float_of(m.mark) if m.mark else 0) << 232
    )


def pack_book(m: Market) -> int:
    """The book word of a market of the model."""
    return unsigned(m.long, 0, 72) | unsigned(m.short, 72, 72) | field(m.quote, 144, 112)


def unpack_market(carry: int, book: int) -> Market:
    """A market of the model from its two words, without its share in the sums."""
    return Market(
        long=bits(book, 0, 72),
        short=bits(book, 72, 72),
        quote=signed(book, 144, 112),
        index_long=signed(carry, 0, 64),
        index_short=signed(carry, 64, 64),
        time=bits(carry, 128, 32),
        rate=signed(carry, 160, 30),
        skew_fraction=signed(carry, 190, 20),
        borrow=bits(carry, 210, 14),
        oi_scale=bits(carry, 224, 8),
        mark=float_value(carry >> 232),
    )


def unpack_sums(first: int, second: int) -> tuple[int, int, int, int, int, int]:
    """A, B, H, G, V, Z of U-1 in µ, in the model's order."""
    return (
        signed(first, 0, 64),
        bits(second, 64, 128),
        bits(second, 0, 64),
        bits(first, 192, 64),
        signed(first, 64, 64),
        bits(first, 128, 64),
    )


def pack_sums(sums: tuple[int, int, int, int, int, int], listed: int) -> tuple[int, int]:
    """The two words of the pool's sums; `listed` is the bitmap of markets."""
    a, b, h, g, v, z = sums
    first = field(a, 0, 64) | field(v, 64, 64) | unsigned(z, 128, 64) | unsigned(g, 192, 64)
    return first, unsigned(h, 0, 64) | unsigned(b, 64, 128) | listed << 192


def price_word(price: int, state: int = 0) -> int:
    """A price word as far as margin looks at it: WAD price and state."""
    return price | state << 216
