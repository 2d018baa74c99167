"""The pool and its books in quote and units, and W-1, W-2 in plain integers. Amounts are WAD unless a name says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import isqrt
from typing import Any

import boa

from tests.modules.words import book, carry, position, price, risk, terms
from tests.support.state_words import float_of, float_value, pack_sums
from tests.support.words import LOT, WAD, Rates, VenueParams, pack

UNITS = 10**8  # lots in a unit
DAY = 86_400
NOBODY = 32
U128 = 2**128 - 1


def up(x: Fraction | int) -> int:
    """ceil."""
    return -(-Fraction(x).numerator // Fraction(x).denominator)


def rates_word(share: int = 2_500, ratio: int = 30_000, flags: int = 0) -> int:
    """cover_share and adl_ratio in bps over the usual caps."""
    return Rates(cover_share=share, adl_ratio=ratio).word(flags=flags)


@dataclass
class Stage:
    """The contract, its books, and the cover pool's address."""

    waterfall: Any
    books: Any
    cover: str

    @property
    def pool_account(self) -> int:
        return int(self.books.address, 16) << 96

    @property
    def cover_account(self) -> int:
        return int(self.cover, 16) << 96

    def set_rates(self, rates: int, first: int = 0, second: int = 0, entries: int = 0) -> None:
        self.books.set_venue([VenueParams().word(), entries, first, second, rates, 2**32 - 1])

    def set_cover(self, cash: int) -> None:
        self.books.set_cash(self.cover_account, cash)

    def claim(self, debt: int, blame: int, cash: int, rates: int) -> int:
        """As the PositionManager; the cover pool holds `cash`."""
        self.set_cover(cash)
        return self.waterfall.claim(debt, blame, cash, rates, sender=self.books.address)

    def alarm(self, equity: int, net: int, valid: bool = True) -> bool:
        """With the pool's R and net requirement as its own book has them."""
        state = (0, 0, equity, equity, net, 0, 0, 0, 0, valid, 0)
        self.books.set_pool_state(state)
        return self.waterfall.alarm()

    def logs(self) -> list[tuple[str, dict[str, Any]]]:
        """Name and fields of the contract's events in its last call."""
        return [
            (type(e).__name__, {k: v for k, v in e._asdict().items() if k != "address"})
            for e in self.waterfall.get_logs()
            if getattr(e, "address", None) == self.waterfall.address
        ]

    def write(self, pool: Pool) -> None:
        """Put a pool into the books."""
        first, second = pool.words()
        entries = 0
        for asset, stock in enumerate(pool.stock):
            entries |= (stock.market | stock.discount << 8 | 1 << 24) << (32 * asset)
        self.set_rates(rates_word(ratio=pool.ratio), first, second, entries)
        self.books.set_cash(self.pool_account, pool.cash)
        self.books.set_stock(self.pool_account, 2 ** len(pool.stock) - 1, [s.amount for s in pool.stock])
        for m in pool.markets.values():
            self.books.set_market(m.id, (m.carry, m.book, m.terms, 0, m.risk))
            self.books.set_price(m.id, price(m.price), price(m.price))


@dataclass(frozen=True)
class Market:
    """A market: lots a side, the traders' quote, prices now and at its last touch, indices in 1e-11."""

    id: int = 0
    longs: int = 0
    shorts: int = 0
    quote: int = 0
    price: int = 1_000 * WAD
    touched: int = 1_000 * WAD
    beta: int = 300
    sigma: int = 400
    w: int = 500
    scale: int = 100_000 * UNITS
    long_index: int = 0
    short_index: int = 0
    borrow: int = 0

    @property
    def skew(self) -> int:
        return self.longs - self.shorts

    @property
    def carry(self) -> int:
        return carry(
            self.long_index,
            self.short_index,
            time=boa.env.timestamp,
            price=float_of(self.touched),
            borrow=self.borrow,
        )

    @property
    def book(self) -> int:
        return book(self.longs, self.shorts, self.quote)

    @property
    def terms(self) -> int:
        return terms(self.scale) | 1 << 168

    @property
    def risk(self) -> int:
        return risk(self.beta, self.sigma, self.w)

    def worth(self, mark: int) -> int:
        """P-4."""
        exact = Fraction(
            self.longs * LOT * (mark - self.long_index * 10**7)
            - self.shorts * LOT * (mark - self.short_index * 10**7),
            WAD,
        )
        return -up(exact) - self.quote

    def sums(self, mark: int, skew: int | None = None) -> tuple[int, ...]:
        """A, B, H, G, V, Z of U-1 in µ at a 24-bit price; with another skew than that of its book if given."""
        s = self.skew if skew is None else skew
        n = -mark * s * LOT  # WAD^2
        a = self.beta * n // 10**34
        b = up(Fraction(self.sigma * abs(n), 10**34)) ** 2
        h = up(Fraction(self.w * abs(n), 10**34))
        g = up(Fraction(self.w * mark * max(self.longs, self.shorts) * LOT, 10**34))
        z = up(Fraction(mark * s * s, 2 * self.scale * 10**8 * 10**12))
        return a, b, h, g, self.worth(mark) // 10**12, z


@dataclass(frozen=True)
class Stock:
    """Inventory: WAD of an asset on a market, discount in bps."""

    market: int
    amount: int
    discount: int = 1_000


@dataclass(frozen=True)
class Pool:
    """The pool of W-2 as the trade path knows it."""

    cash: int
    markets: dict[int, Market]
    stock: tuple[Stock, ...] = ()
    ratio: int = 30_000
    kappa: int = field(default=VenueParams().kappa)

    def words(self) -> tuple[int, int]:
        """The two words of sums, every market at its last touch."""
        parts = [m.sums(float_value(float_of(m.touched))) for m in self.markets.values()]
        return pack_sums(tuple(sum(column) for column in zip(*parts)), 2**32 - 1)

    def weigh(self, market: int, skew: int) -> tuple[int, int]:
        """R and net with one market touched at its price of now, its A, B, H and Z those of `skew` lots."""
        a = b = h = v = z = 0
        cash = self.cash
        for m in self.markets.values():
            mark = float_value(float_of(m.price if m.id == market else m.touched))
            s = skew if m.id == market else m.skew
            part = m.sums(mark, s)
            held = sum(x.amount for x in self.stock if x.market == m.id)
            lent = sum(x.amount * (10**4 - x.discount) for x in self.stock if x.market == m.id)
            n = -mark * s * LOT + m.price * held
            a += part[0] + m.beta * m.price * held // 10**34
            b += up(Fraction(m.sigma * abs(n), 10**34)) ** 2
            h += up(Fraction(m.w * abs(n), 10**34))
            v += part[4]
            z += part[5]
            cash += m.price * lent // 10**22
        root = isqrt(a * a + b)
        net = max(root + (root * root < a * a + b), up(Fraction(self.kappa * h, 10**4)))
        return cash + (v - z) * 10**12, net * 10**12

    def surplus(self, market: int, skew: int) -> int:
        """1e4 R - q net; short where it is below zero."""
        equity, net = self.weigh(market, skew)
        return 10**4 * equity - self.ratio * net

    def answer(self, market: int, base: int) -> int | None:
        """W-2: lots to close of a position (WAD, on the side of the skew); None: does not help."""
        skew = self.markets[market].skew
        if self.surplus(market, skew) >= 0:
            return 0
        side = 1 if skew > 0 else -1
        m = min(abs(base) // LOT, abs(skew))
        if self.surplus(market, skew - side * m) < 0:
            return m if self.surplus(market, skew - side * m) > self.surplus(market, skew) else None
        return regula_falsi(lambda x: self.surplus(market, skew - side * x), m)[0]


def regula_falsi(surplus: Callable[[int], int], m: int) -> tuple[int, int]:
    """W-2's search: a size that is not short, at most m / 2^10 above one that is, and how often it looked."""
    ends = {True: (0, surplus(0)), False: (m, surplus(m))}  # by whether it is short
    grain, before, looks = max(1, m // 2**10), None, 2
    while ends[False][0] - ends[True][0] > grain:
        (low, under), (high, over) = ends[True], ends[False]
        x = (low + high) // 2
        if looks < 10:
            x = high - over * (high - low) // (over - under)
            if before is not False:
                x += grain // 8
            else:
                x = high - grain if high - x < grain else x - grain // 2
            x = min(max(x, low + 1), high - 1)
        found, looks = surplus(x), looks + 1
        short = found < 0
        if short is before:
            end, weight = ends[not short]
            ends[not short] = (end, weight // 2)
        ends[short], before = (x, found), short
    return ends[False][0], looks


__all__ = [
    "DAY",
    "LOT",
    "NOBODY",
    "UNITS",
    "WAD",
    "Market",
    "Pool",
    "Stage",
    "Stock",
    "pack",
    "position",
    "regula_falsi",
    "replace",
    "up",
]
