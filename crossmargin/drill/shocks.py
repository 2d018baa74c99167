"""How prices and time are moved in a drill: shocks, and what they make of the feeds' answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from crossmargin.client.codec import WAD
from crossmargin.errors import CrossmarginError

BPS = 10_000
DAY = 86_400
QUOTE_FEED = -1  # the quote's own feed among those of the markets
NOBODY = "0x" + "00" * 20
# Moves of one market, or of the lowest one when all move, that are tried in this order; bps.
GRID = tuple(
    sign * size for size in (100, 300, 700, 1_500, 3_000, 5_000, 7_000, 9_000, 9_800) for sign in (-1, 1)
)
GRID += (20_000, 50_000, 90_000, 300_000)
NUDGES = (0, 1, 4, 20, 100)  # bps beyond the move found: prices are rounded to the feeds' digits
WAITS = (1, 3, 10, 30, 100, 300, 1_000)  # days
DEEP = (-8_000, 5_000)  # a part of the deepest fall, and a rise of the lowest market; bps


class DrillError(CrossmarginError):
    """The drill cannot go on; the message is one line that says what to do."""


@dataclass(frozen=True)
class Shock:
    """What is done to the venue. `bps`: move of the market, or of the lowest market where all move with their betas."""

    kind: str = "none"  # none, common, market, time
    bps: int = 0
    market: int = -1
    seconds: int = 0

    def text(self, symbols: Mapping[int, str]) -> str:
        """For people."""
        if self.kind == "time":
            return f"{self.seconds // DAY} days"
        if self.kind == "none":
            return "none needed"
        name = "all" if self.kind == "common" else symbols.get(self.market, f"market {self.market}")
        return f"{name} {self.bps / 100:+.2f} %"

    def further(self) -> list[Shock]:
        """The move and some a little beyond it."""
        if self.kind not in ("common", "market"):
            return [self]
        return [replace(self, bps=self.bps + (bps if self.bps > 0 else -bps)) for bps in NUDGES]


@dataclass(frozen=True)
class Feed:
    """A feed as the oracle has it, and what stands in for it. `answer` in its own units; `beta` of its market in bps."""

    market: int
    answer: int
    decimals: int
    max_age: int
    low: int
    high: int
    beta: int = 0
    source: str = NOBODY

    def moved(self, shock: Shock, ref: int) -> int | None:
        """The answer after a shock; None where the oracle would not take it. `ref`: beta of the lowest market."""
        up, unit = 0, 1
        if shock.kind == "common":
            up, unit = shock.bps * self.beta, ref * BPS
        elif shock.kind == "market" and shock.market == self.market:
            up, unit = shock.bps, BPS
        found = self.answer * (unit + up) // unit
        return found if self.low < found < self.high else None


def answers(feeds: Mapping[int, Feed], shock: Shock, ref: int) -> dict[int, int] | None:
    """The answer of every feed after a shock; None if one would leave its bounds."""
    found = {
        market: feed.answer if market == QUOTE_FEED else feed.moved(shock, ref)
        for market, feed in feeds.items()
    }
    given = {market: answer for market, answer in found.items() if answer is not None}
    return given if len(given) == len(found) else None


def wad_prices(feeds: Mapping[int, Feed], given: Mapping[int, int]) -> dict[int, int]:
    """O-1 of answers, by market."""
    quote = given[QUOTE_FEED] * 10 ** (18 - feeds[QUOTE_FEED].decimals)
    return {
        market: answer * 10 ** (18 - feeds[market].decimals) * WAD // quote
        for market, answer in given.items()
        if market != QUOTE_FEED
    }


def deepest(feeds: Mapping[int, Feed], ref: int, share: int) -> Shock:
    """The common move of `share` bps: of the way to the first price of zero, or upwards; less where a feed's bounds are nearer."""
    most = max([feed.beta for feed in feeds.values()] + [1])
    whole = share if share > 0 else share * ref // most
    for tenths in range(20, 0, -1):
        shock = Shock("common", whole * tenths // 20)
        if shock.bps and answers(feeds, shock, ref) is not None:
            return shock
    raise DrillError("the bounds of the feeds leave no room for a shock")
