"""Arguments of the Engine in units and quote. Layouts are those of packing.vy, written again."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from typing import Any

import boa

from tests.modules.words import book, carry, leg, position, price, risk, terms
from tests.support.state_words import float_value, unpack_sums
from tests.support.words import LOT, WAD, MarketParams, Rates, VenueParams, pack, unsigned_to_signed

UNITS = 10**8
MAX = 2**256 - 1
RISK = risk(300, 400, 500)
TERMS = terms(1_000 * UNITS, taker=500, maker=200, p_min=75)
LIMITS = pack((100 * UNITS, 72), (90_000 * WAD, 96), (10_000, 16), (10 * 10**6, 48))
VENUE = VenueParams().word()
RATES = Rates().word()


def a_leg(base: int = 0, quote: int = 0, longs: int = 0, shorts: int = 0, **more: int) -> tuple[int, ...]:
    """A market with open interest in units, of which the account holds `base`; the sum of quotes is at the mark."""
    mark = more.pop("mark", 1_000)
    market_quote = more.pop("market_quote", -(longs - shorts) * 1_000) * WAD
    return leg(
        market=more.pop("market", 0),
        position=position(base * WAD, quote * WAD),
        carry=more.pop("carry", carry(time=boa.env.timestamp)),
        risk=more.pop("risk", RISK),
        word=price(mark * WAD),
        book=book(longs * UNITS, shorts * UNITS, market_quote),
        terms=TERMS,
        **more,
    )


def an_order(
    size: int = 0,
    at: int = 0,
    worst: int | None = None,
    reduce_only: bool = False,
    spread: bool = False,
    fraction: int = 0,
    settle: int = 0,
    at_mark: bool = False,
    limits: int = 0,
) -> tuple[object, ...]:
    """IEngine.Order; `size` in WAD."""
    worst = (MAX if size > 0 else 0) if worst is None else worst
    return (size, at, worst, reduce_only, spread, fraction, settle, at_mark, limits)


def a_pool(
    cash: int = 10_000_000, first: int = 0, second: int = 0, stock: tuple = (), rates: int = RATES
) -> tuple[object, ...]:
    """IEngine.Pool; cash in quote."""
    return (cash * WAD, first, second, VENUE, rates, list(stock))


def put_in(engine: Any, *legs: tuple[int, ...]) -> tuple[int, int]:
    """The pool's sums with these markets in it."""
    first, second = 0, 0
    for market in legs:
        # without a price in the word: that would settle it
        unpriced = (*market[:4], 0, *market[5:])
        first, second = engine.reprice((*unpriced[:7], 0, unpriced[8]), unpriced, first, second)[1:]
    return first, second


def up(x: Fraction | int) -> int:
    """ceil."""
    return -(-Fraction(x).numerator // Fraction(x).denominator)


def weighed(pool: tuple[Any, ...]) -> tuple[int, int]:
    """R and utilisation of U-0 and U-1, from the two words of sums and the inventory, in plain integers."""
    cash, first, second, venue, rates, stock = pool
    a, b, h, g, v, z = unpack_sums(first, second)
    for _, _, carry_word, weights, word, held, lendable, book_word, _ in stock:
        beta, sigma, w = (weights >> at & 2**12 - 1 for at in (0, 12, 24))
        mark = word & 2**96 - 1
        worth = mark * held
        before = (
            -float_value(carry_word >> 232)
            * ((book_word & 2**72 - 1) - (book_word >> 72 & 2**72 - 1))
            * 10**10
        )
        after = before + worth
        g += up(Fraction(w * worth, 10**34))
        a += beta * worth // 10**34
        b += up(Fraction(sigma * abs(after), 10**34)) ** 2 - up(Fraction(sigma * abs(before), 10**34)) ** 2
        h += up(Fraction(w * abs(after), 10**34)) - up(Fraction(w * abs(before), 10**34))
        cash += mark * lendable // 10**22
    equity = cash + (v - z) * 10**12
    root = isqrt(a * a + b)
    kappa, cap_net, cap_gross = venue >> 32 & 2**16 - 1, rates & 2**16 - 1, rates >> 16 & 2**16 - 1
    net = max(root + (root * root < a * a + b), up(Fraction(kappa * h, 10**4))) * 10**12
    gross = g * 10**12
    if net == gross == 0:
        return equity, 0
    if equity <= 0:
        return equity, 2**64
    used = max(up(Fraction(net * 10**22, equity * cap_net)), up(Fraction(gross * 10**22, equity * cap_gross)))
    return equity, min(used, 2**64)


def unpacked(word: int) -> tuple[int, int]:
    """Base and quote of a position word."""
    return unsigned_to_signed(word, 128), unsigned_to_signed(word >> 128, 128)


__all__ = [
    "LIMITS",
    "LOT",
    "MAX",
    "RISK",
    "TERMS",
    "UNITS",
    "VENUE",
    "WAD",
    "MarketParams",
    "a_leg",
    "a_pool",
    "an_order",
    "book",
    "carry",
    "leg",
    "position",
    "price",
    "put_in",
    "risk",
    "unpacked",
    "up",
    "weighed",
]
