"""The deep scenario (`--shock deep`): a path and a plan that walk all the way down the waterfall.

*Not* market data, and not shaped like any: a curve drawn by hand so that every party has its turn to pay.

* A quiet start; then one candle in which everything jumps down, so that longs are below zero before anybody can act: the cover
  pool pays under its caps, the pool the rest.
* At the bottom many buy; the rally after it is one-sided. The pool pays them until it is short of capital, and winners are
  deleveraged.
* In the last ticks one market is wound down: sampled for an hour, settled, every position in it closed out.

A tick is four minutes however many there are: an alarm counts for five, and sampling takes an hour.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from crossmargin.config import Config, load
from crossmargin.demo.books import (
    BPS,
    DECIMALS,
    QUOTE,
    WAD,
    Book,
    Plan,
    Terms,
    Trade,
    check_accounts,
    make_book,
    template,
)
from crossmargin.demo.paths import (
    DOLLAR,
    MARKETS,
    MAX_TICKS,
    UNIT,
    PathError,
    PricePath,
    around,
    fat_normal,
)

STEP = 240  # seconds
WIND_TICKS = 18  # at the end, for the wind-down
MIN_TICKS = 40
DEFAULT_TICKS = 120
START = 1_600_000_000  # of the path's own calendar
WOUND_DOWN = "DOGE"  # or the last market, where that is not traded

# (per mille of the ticks before the wind-down, level of ETH in per mille of the start). From GAP on the second part.
GAP = 280
_BEFORE = ((0, 1000), (100, 990), (GAP, 945))
_AFTER = ((GAP, 780), (440, 776), (520, 800), (900, 1035), (1000, 1030))
_NOISE = UNIT // 1000  # deviation of a tick

LONGS = "gap long"
BUYERS = "late buyer"
KEPT = "kept"
_TEMPLATES = (
    template(LONGS, "ETH:1", 8400),
    template(BUYERS, "ETH:1", 8400),
    template(BUYERS, "BTC:1", 8400),
    template(LONGS, "BTC:1", 8400),
    template(KEPT, "DOGE:1", 2000),
    template(BUYERS, "SOL:1", 8400),
    template("single short", "BTC:-1", 2500),
    template(BUYERS, "ETH:2 LINK:1", 8400),
    template(LONGS, "SOL:1", 8400),
    template(KEPT, "DOGE:-1", 2000),
    template(BUYERS, "BTC:1 ETH:1", 8400),
    template("hedged", "ETH:1 BTC:-1", 8000),
)
_SIZES = (40_000, 90_000, 25_000, 60_000)  # equity in dollars before the seeded spread
_BUYING = (330, 440)  # per mille of the ticks before the wind-down: one buyer after the other

# Capital in bps of what the buyers bring: enough to let them in, too little for what they will win.
_CAPITAL = 23_000
_COVER = 4_000  # the cover pool, in bps of what the longs bring
_SHARES = (5, 3, 2)  # of the providers, in tenths
# Within the Configurator's bounds: adl_ratio * exit_cap_net <= 1.
_RATES = {
    "cap_net": "0.25",
    "exit_cap_net": "0.25",
    "cap_gross": "0.6",
    "exit_cap_gross": "0.7",
    "adl_ratio": "4",
}

_NOTE = "not market data; the pool is small and its caps are wide (adl_ratio 4, cap_net 25 %), so that it can run short of capital"


def generate(markets: Sequence[str] = MARKETS, ticks: int = DEFAULT_TICKS, seed: int = 1) -> PricePath:
    """The deep path. A market's path does not depend on which others are asked for."""
    if not MIN_TICKS <= ticks <= MAX_TICKS:
        raise PathError(
            f"--ticks {ticks} is out of range for --shock deep: choose {MIN_TICKS} to {MAX_TICKS}"
        )
    shape = "drawn to go all the way down the waterfall: a gap, a one-sided rally, a wind-down"
    path = around(_levels(ticks, seed), markets, START, STEP, seed, f"synthetic, seed {seed}, {shape}")
    return replace(path, notes=(_NOTE,))


def gap_tick(ticks: int) -> int:
    """The tick whose candle jumps."""
    return -(-GAP * (ticks - WIND_TICKS) // 1000)


def make_plan(
    prices: Mapping[str, int], accounts: int, seed: int = 1, quote: int = DOLLAR, ticks: int = DEFAULT_TICKS
) -> Plan:
    """The deep plan for these markets at these starting prices (1e-8 dollars)."""
    check_accounts(accounts)
    rng = random.Random(f"{seed}/deep")
    in_quote = {market: price * WAD // quote for market, price in prices.items()}
    wanted = [_book(place, in_quote, rng) for place in range(accounts)]
    brought = {kind: sum(b.equity for b in wanted if b.kind == kind) // WAD for kind in (LONGS, BUYERS)}
    capital = max(100_000, brought[BUYERS] * _CAPITAL // BPS)
    symbols = tuple(prices)
    return Plan(
        providers=_split(capital),
        cover=_split(max(10_000, brought[LONGS] * _COVER // BPS)),
        books=tuple(replace(b, targets=(), use=0) if b.kind == BUYERS else b for b in wanted),
        trades=_purchases(wanted, ticks),
        terms=Terms(capital, _RATES),
        closing=WOUND_DOWN if WOUND_DOWN in symbols else symbols[-1],
        closing_ticks=WIND_TICKS,
    )


def configured(terms: Terms | None) -> Config:
    """The shipped deployment, with what the plan says otherwise."""
    found = load()
    if terms is None:
        return found
    rates = {**found.rates, **{key: Fraction(value) for key, value in terms.rates.items()}}
    return replace(found, capital=Fraction(terms.capital), rates=rates)


def _book(place: int, prices: Mapping[str, int], rng: random.Random) -> Book:
    size = _SIZES[(place * 5 + place // len(_TEMPLATES)) % len(_SIZES)]
    return make_book(place, _TEMPLATES[place % len(_TEMPLATES)], prices, rng, size)


def _split(dollars: int) -> tuple[int, ...]:
    return tuple(dollars * share // 10 * 10 ** DECIMALS[QUOTE] for share in _SHARES)


def _purchases(books: Sequence[Book], ticks: int) -> tuple[Trade, ...]:
    """What the buyers would have opened with, bought at the bottom."""
    buyers = [(i, book) for i, book in enumerate(books) if book.kind == BUYERS]
    first, last = (moment * (ticks - WIND_TICKS) // ticks for moment in _BUYING)
    trades = []
    for place, (account, book) in enumerate(buyers):
        moment = first + (last - first) * place // len(buyers)
        trades += [Trade(moment, account, target.market, add=target.leverage) for target in book.targets]
    return tuple(trades)


def _levels(ticks: int, seed: int) -> list[int]:
    """ETH as levels (1e-9 of the start): the curve with mean-reverting noise, but none on the gap."""
    rng = random.Random(f"{seed}/deep factor")
    active, gap = ticks - WIND_TICKS, gap_tick(ticks)
    noise, levels = 0, [UNIT]
    for tick in range(1, ticks):
        noise = noise * 3 // 4 + _NOISE * fat_normal(rng) // UNIT
        noise = 0 if tick in (gap - 1, gap) else noise
        knots = _BEFORE if tick < gap else _AFTER
        levels.append(_curve(knots, tick * 1000 * 1000 // active) * (UNIT + noise) // UNIT)
    return levels


def _curve(knots: Sequence[tuple[int, int]], place: int) -> int:
    """A drawn curve at a place in 1e-6 of the ticks before the wind-down, in 1e-9 of the start."""
    for (x0, y0), (x1, y1) in pairwise(knots):
        if place <= x1 * 1000:
            return (y0 * UNIT + (y1 - y0) * UNIT * (place - x0 * 1000) // ((x1 - x0) * 1000)) // 1000
    return knots[-1][1] * UNIT // 1000
