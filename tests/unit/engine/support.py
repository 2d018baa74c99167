"""Arguments of the Engine in units and quote. Layouts are those of packing.vy, written again."""

from __future__ import annotations

import boa

from tests.modules.words import book, carry, leg, position, price, risk, terms
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
    limits: int = 0,
) -> tuple[object, ...]:
    """IEngine.Order; `size` in WAD."""
    worst = (MAX if size > 0 else 0) if worst is None else worst
    return (size, at, worst, reduce_only, spread, fraction, settle, limits)


def a_pool(cash: int = 10_000_000, first: int = 0, second: int = 0, stock: tuple = ()) -> tuple[object, ...]:
    """IEngine.Pool; cash in quote."""
    return (cash * WAD, first, second, VENUE, RATES, list(stock))


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
    "unpacked",
]
