"""Price paths for the demo: a seeded synthetic crash, or candles from a CSV file.

Everything is integer arithmetic on `random.Random.getrandbits`, so a seed gives the same path on every
platform. Prices are in 1e-8 dollars (the usual unit of a USD feed), times in Unix seconds.

The synthetic path is *not* market data. It is a curve drawn by hand through a few facts about ETH on
12 and 13 March 2020 (about -43 % in a day on hourly closes, -55 % at the lowest, a partial rebound) with
fat-tailed noise on it; the other markets follow it by a one-factor model.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt

from crossmargin.errors import CrossmarginError

UNIT = 10**9  # 1.0 in levels and returns
DOLLAR = 10**8  # one dollar in prices
HOUR = 3600
DEFAULT_TICKS = 432  # of 36 hours: every five minutes
MIN_TICKS = 12
MAX_TICKS = 2000

MARKETS = ("BTC", "ETH", "SOL", "LINK", "DOGE")

# Loading on the common factor and idiosyncratic part, in bps: the maintenance defaults of docs/parameters.md.
BETA = {"BTC": 400, "ETH": 550, "SOL": 800, "LINK": 750, "DOGE": 800}
SIGMA = {"BTC": 160, "ETH": 200, "SOL": 250, "LINK": 300, "DOGE": 350}

# Where a generated market starts: round numbers, far inside the price bounds of a market.
START_PRICE = {
    "BTC": 40_000 * DOLLAR,
    "ETH": 2_000 * DOLLAR,
    "SOL": 100 * DOLLAR,
    "LINK": 15 * DOLLAR,
    "DOGE": DOLLAR * 15 // 100,
}

# The curve: (minutes from the start, level in per mille of the start). Straight lines between.
DURATION = 36 * HOUR
_CURVE = (
    (0, 1000),
    (90, 960),
    (270, 925),
    (420, 885),
    (590, 870),
    (650, 680),
    (690, 650),
    (740, 705),
    (1020, 730),
    (1200, 675),
    (1350, 655),
    (1400, 560),
    (1440, 570),
    (1500, 505),
    (1560, 450),
    (1600, 570),
    (1640, 625),
    (1690, 560),
    (1800, 640),
    (1980, 665),
    (2160, 655),
)
_LOWEST = min(_CURVE, key=lambda knot: knot[1])
_WILD = (9 * HOUR, 30 * HOUR)  # noise is doubled between these
_SYNTHETIC_START = 1_583_971_200  # 2020-03-12 00:00 UTC


class PathError(CrossmarginError):
    """A price path cannot be made; the message is one line that says what to do."""


@dataclass(frozen=True)
class PricePath:
    """Prices of some markets and of the quote token over time.

    `prices[i][k]` is the price of `symbols[k]` at `timestamps[i]`, in 1e-8 dollars; `quote[i]` that of the quote
    token. `notes` are sentences for the reader: what was derived, filled in or left out.
    """

    timestamps: tuple[int, ...]
    symbols: tuple[str, ...]
    prices: tuple[tuple[int, ...], ...]
    quote: tuple[int, ...]
    source: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.timestamps) == len(self.prices) == len(self.quote) > 0:
            raise PathError("a path needs as many rows of prices as times")
        if any(b <= a for a, b in pairwise(self.timestamps)):
            raise PathError("the times of a path must rise")
        if any(len(row) != len(self.symbols) or min(row) <= 0 for row in self.prices) or min(self.quote) <= 0:
            raise PathError("every price of a path must be positive")

    def __len__(self) -> int:
        return len(self.timestamps)

    def column(self, symbol: str) -> tuple[int, ...]:
        """All prices of one market, in 1e-8 dollars."""
        index = self.symbols.index(symbol)
        return tuple(row[index] for row in self.prices)

    def at(self, tick: int) -> dict[str, int]:
        """Symbol -> price at a tick, in 1e-8 dollars."""
        return dict(zip(self.symbols, self.prices[tick]))

    def depth(self, symbol: str) -> int:
        """Largest fall from an earlier price to a later one, in bps."""
        top, deepest = 0, 0
        for price in self.column(symbol):
            top = max(top, price)
            deepest = max(deepest, (top - price) * 10_000 // top)
        return deepest


def parse_markets(text: str) -> tuple[str, ...]:
    """`"btc, ETH"` -> `("BTC", "ETH")`, in the order given and each once."""
    names = [name.strip().upper() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in MARKETS]
    if unknown:
        raise PathError(f"unknown market {unknown[0]!r}: choose from {', '.join(MARKETS)}")
    if not names:
        raise PathError(f"--markets is empty: name some of {', '.join(MARKETS)}")
    return tuple(dict.fromkeys(names))


def generate(markets: Sequence[str] = MARKETS, ticks: int = DEFAULT_TICKS, seed: int = 1) -> PricePath:
    """The synthetic crash: 36 hours in `ticks` steps. A market's path does not depend on which others are asked for."""
    check_ticks(ticks)
    step = DURATION // ticks
    source = f"synthetic, seed {seed}, shaped like ETH on 12-13 March 2020"
    return around(_factor(ticks, step, seed), markets, _SYNTHETIC_START, step, seed, source)


def around(
    levels: Sequence[int], markets: Sequence[str], start: int, step: int, seed: int, source: str
) -> PricePath:
    """A path of markets that follow ETH's levels, a tick every `step` seconds from `start` on, beside a quote near one."""
    returns = step_returns(levels)
    columns = [follow(symbol, "ETH", returns, START_PRICE[symbol], step, seed) for symbol in markets]
    return PricePath(
        timestamps=tuple(start + step * i for i in range(len(levels))),
        symbols=tuple(markets),
        prices=tuple(zip(*columns)),
        quote=quote_near_one(len(levels), step, seed),
        source=source,
    )


def check_ticks(ticks: int) -> None:
    """Refuse a number of ticks that no path can have."""
    if not MIN_TICKS <= ticks <= MAX_TICKS:
        raise PathError(f"--ticks {ticks} is out of range: choose {MIN_TICKS} to {MAX_TICKS}")


def step_returns(levels: Sequence[int]) -> tuple[int, ...]:
    """Simple returns between neighbours, in 1e-9; one fewer than there are levels."""
    return tuple((b - a) * UNIT // a for a, b in pairwise(levels))


def follow(
    symbol: str, leader: str, returns: Sequence[int], start: int, step: int, seed: int
) -> tuple[int, ...]:
    """A market that moves with `leader` by the ratio of their loadings, with noise of its own on top.

    `returns` are the leader's, in 1e-9; `start` is the first price in 1e-8 dollars, `step` the seconds between.
    """
    rng = random.Random(f"{seed}/{symbol}")
    size = _per_step(SIGMA[symbol] * UNIT * 15 // 1_000_000, step)  # 0.15 * sigma in a quarter of an hour
    noise, level, column = 0, start * UNIT, [start]
    for change in returns:
        level = moved(level, scaled(change, symbol, leader))
        noise = noise * 15 // 16 + size * fat_normal(rng) // UNIT
        column.append(max(1, level * max(UNIT // 10, UNIT + noise) // UNIT**2))
    return tuple(column)


def scaled(change: int, symbol: str, leader: str) -> int:
    """A return of `leader` as `symbol` feels it by the one-factor model, in 1e-9, at worst -60 %."""
    return max(change * BETA[symbol] // BETA[leader], -6 * UNIT // 10)


def moved(level: int, change: int) -> int:
    """`level` after a return of `change` (1e-9)."""
    return level * (UNIT + change) // UNIT


def quote_near_one(ticks: int, step: int, seed: int) -> tuple[int, ...]:
    """The quote token in 1e-8 dollars: mean-reverting noise of a few bps around one dollar, at most 20 bps off."""
    rng = random.Random(f"{seed}/quote")
    size, limit = _per_step(DOLLAR // 10_000, step), DOLLAR * 20 // 10_000
    noise, column = 0, [DOLLAR]
    for _ in range(ticks - 1):
        noise = noise * 7 // 8 + size * fat_normal(rng) // UNIT
        noise = max(-limit, min(limit, noise))
        column.append(DOLLAR + noise)
    return tuple(column)


def _factor(ticks: int, step: int, seed: int) -> list[int]:
    """The common factor as levels (1e-9 of the start): the curve times mean-reverting, fat-tailed noise."""
    rng = random.Random(f"{seed}/factor")
    calm = _per_step(UNIT * 35 // 10_000, step)
    lowest = round_div(_LOWEST[0] * 60, step)
    noise, levels = 0, [UNIT]
    for tick in range(1, ticks):
        second = tick * step
        wild = _WILD[0] <= second <= _WILD[1]
        noise = noise * 3 // 4 + calm * (2 if wild else 1) * fat_normal(rng) // UNIT
        # The lowest tick lies on the curve exactly: every seed falls equally deep.
        level = _LOWEST[1] * UNIT // 1000 if tick == lowest else _curve(second) * (UNIT + noise) // UNIT
        levels.append(level)
    return levels


def _curve(second: int) -> int:
    """The drawn curve at a time, as a level in 1e-9 of the start."""
    for (t0, y0), (t1, y1) in pairwise(_CURVE):
        if second <= t1 * 60:
            return (y0 * UNIT + (y1 - y0) * UNIT * (second - t0 * 60) // ((t1 - t0) * 60)) // 1000
    return _CURVE[-1][1] * UNIT // 1000


def fat_normal(rng: random.Random) -> int:
    """A bell-shaped draw in 1e-9 with standard deviation 1; one in sixteen is three times as wide."""
    total = sum(rng.getrandbits(32) for _ in range(12)) - (6 << 32)
    wide = 3 if rng.getrandbits(4) == 0 else 1
    return (total * UNIT >> 32) * wide * 9 // 11  # 9/11: the mixture's own deviation is 1.22


def _per_step(quarter_hour: int, step: int) -> int:
    """A deviation per quarter of an hour as one per `step` seconds (square root of time)."""
    return quarter_hour * isqrt(step * 10**6 // 900) // 1000


def round_div(a: int, b: int) -> int:
    """a / b to the nearest integer, for positive b."""
    return (2 * a + b) // (2 * b)
