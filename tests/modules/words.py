"""Words of one position, market or price, written field by field from the layouts in packing.vy."""

from __future__ import annotations

from tests.support.words import pack

U = 2**256


def two(value: int, bits: int) -> tuple[int, int]:
    """A signed field in two's complement."""
    return value % (1 << bits), bits


def position(base: int, quote: int) -> int:
    """base int128 | quote int128."""
    return pack(two(base, 128), two(quote, 128))


def book(longs: int, shorts: int, quote: int) -> int:
    """long lots 72 | short lots 72 | quote int112."""
    return pack((longs, 72), (shorts, 72), two(quote, 112))


def carry(
    long: int = 0,
    short: int = 0,
    time: int = 0,
    rate: int = 0,
    skew: int = 0,
    borrow: int = 0,
    oi: int = 0,
    price: int = 0,
) -> int:
    """Indices 1e-11, rate 1e-9 a day, skew 2^-19, borrow 1e-6 a day, oi hundredths, price as a float24."""
    return pack(
        two(long, 64),
        two(short, 64),
        (time, 32),
        two(rate, 30),
        two(skew, 20),
        (borrow, 14),
        (oi, 8),
        (price, 24),
    )


def risk(beta: int, sigma: int, w: int, clamp: int = 0, velocity: int = 0) -> int:
    """bps, bps, bps, 1e-4 a day, 1e-3 a day^2."""
    return pack((beta, 12), (sigma, 12), (w, 12), (clamp, 14), (velocity, 14))


def terms(scale: int, taker: int = 0, maker: int = 0, p_min: int = 0) -> int:
    """scale in lots, rates 1e-6, p_min bps."""
    return pack((scale, 64), (taker, 16), (maker, 16), (0, 16), (p_min, 16))


def price(value: int, state: int = 0) -> int:
    """A price word that matters only by value and state."""
    return value | state << 216


def leg(
    market: int = 0,
    position: int = 0,
    carry: int = 0,
    risk: int = 0,
    word: int = 0,
    held: int = 0,
    lendable: int = 0,
    book: int = 0,
    terms: int = 0,
) -> tuple[int, ...]:
    """IEngine.Leg."""
    return (market, position, carry, risk, word, held, lendable, book, terms)
