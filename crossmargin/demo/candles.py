"""Read candles from a CSV file and turn them into a price path.

Columns `timestamp,symbol,open,high,low,close[,volume]`, in any order; times in Unix seconds (or milliseconds)
or ISO 8601. Symbols may be spelt `BTC`, `BTCUSDT`, `BTC/USD`, `BTC-PERP` and the like. Every fault is a
`PathError` of one line that names the line of the file and what to do.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from statistics import median_low

from crossmargin.demo.paths import (
    DEFAULT_TICKS,
    DOLLAR,
    HOUR,
    MARKETS,
    MIN_TICKS,
    START_PRICE,
    UNIT,
    PathError,
    PricePath,
    check_ticks,
    follow,
    moved,
    quote_near_one,
    scaled,
    step_returns,
)

COLUMNS = ("timestamp", "symbol", "open", "high", "low", "close")
QUOTE = "USDC"  # rows of this symbol price the quote token
KNOWN_BUT_UNLISTED = ("LUNA",)  # in well-known files, but below the price bounds of a market within the fall
WINDOW = 36 * HOUR
MIN_CANDLES = 12
MAX_PRICE = 10**7  # dollars
MAX_ROWS = 1_000_000  # minutes of five markets for four months; the demo shows a day and a half
TIMES = (datetime(1990, 1, 1, tzinfo=UTC).timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp())
_SUFFIX = re.compile(r"[-_/:]?(PERP|SWAP|USDT|USDC|USD|BUSD|IMPLIED)$")
_ALIASES = {"XBT": "BTC", "XDG": "DOGE"}


@dataclass(frozen=True)
class Candle:
    """One bar: opening time in seconds, prices in 1e-8 dollars."""

    time: int
    open: int
    high: int
    low: int
    close: int


@dataclass(frozen=True)
class Window:
    """`count` buckets of `step` seconds from `start`."""

    start: int
    step: int
    count: int

    def ends(self) -> tuple[int, ...]:
        """The time at which each bucket is over."""
        return tuple(self.start + self.step * (i + 1) for i in range(self.count))


def load(
    file: Path | str, markets: Sequence[str] | None = None, ticks: int | None = None, seed: int = 1
) -> PricePath:
    """A path of `ticks` prices around the largest fall in the file.

    `markets=None` means all five: those the file lacks follow ETH (or BTC) by the one-factor model. Named markets must be
    in the file. `ticks=None` means the default, or fewer if the file has no more. Lows that stand out from their neighbours are
    kept, so the path goes as deep as the candles did.
    """
    if ticks is not None:
        check_ticks(ticks)
    candles, skipped = _read(Path(file), chosen=markets)
    wanted = tuple(markets or MARKETS)
    leader = _leader(file, candles, wanted, named=markets is not None)
    window = _window(file, candles[leader], ticks, leader)
    columns, notes = _columns(candles, wanted, leader, window, seed)
    quote, quote_note = _quote(candles, window, seed)
    return PricePath(
        timestamps=window.ends(),
        symbols=wanted,
        prices=tuple(zip(*columns)),
        quote=quote,
        source=Path(file).name,
        notes=tuple([*notes, *quote_note, *(f"{name} in the file is left out" for name in skipped)]),
    )


# ---- reading -----------------------------------------------------------------------------------


def normalise(symbol: str) -> str:
    """`btc/usdt`, `XBTUSD`, `BTC-PERP` -> `BTC`; `USDC_implied` -> `USDC`."""
    name = symbol.strip().upper()
    while (bare := _SUFFIX.sub("", name)) and bare != name:
        name = bare
    return _ALIASES.get(name, name)


def _read(file: Path, chosen: Sequence[str] | None) -> tuple[dict[str, list[Candle]], list[str]]:
    """Candles by symbol, and the known symbols that no market of the demo has."""
    try:
        if file.is_char_device() or file.is_block_device():
            raise PathError(f"{file} is a device: give --prices a CSV file")
        with file.open(newline="", encoding="utf-8-sig") as stream:
            return _parse(str(file), csv.reader(stream, strict=True), chosen)
    except OSError as fault:
        raise PathError(f"cannot read {file}: {fault.strerror}; give --prices a CSV file") from None
    except (UnicodeDecodeError, csv.Error):
        raise PathError(f"{file} is not a CSV text file: give --prices one in UTF-8") from None


def _parse(
    file: str, rows: Iterator[list[str]], chosen: Sequence[str] | None
) -> tuple[dict[str, list[Candle]], list[str]]:
    places = _header(file, next(rows, None))
    candles: dict[str, list[Candle]] = {}
    skipped: dict[str, None] = {}
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        where = f"{file} line {number}"
        if number > MAX_ROWS + 1:
            raise PathError(f"{file} has more than {MAX_ROWS:,} rows: cut it to some days around the fall")
        if len(row) <= max(places.values()):
            raise PathError(f"{where}: {len(row)} fields, but the header has more; mend the row")
        cells = {name: row[place].strip() for name, place in places.items()}
        symbol = normalise(cells["symbol"])
        if symbol in KNOWN_BUT_UNLISTED:
            skipped[symbol] = None
        elif symbol in MARKETS or symbol == QUOTE:
            _append(candles.setdefault(symbol, []), _candle(where, cells), where, symbol)
        elif chosen is None:
            raise PathError(
                f"{where}: unknown symbol {cells['symbol']!r}; use {', '.join(MARKETS)} or pick markets with --markets"
            )
    if not candles:
        raise PathError(f"{file} has no rows for {', '.join(chosen or MARKETS)}: add some")
    return candles, list(skipped)


def _header(file: str, row: list[str] | None) -> dict[str, int]:
    """Column name -> place."""
    if row is None:
        raise PathError(f"{file} is empty: the first line must be {','.join(COLUMNS)}")
    names = [cell.strip().lower() for cell in row]
    for column in COLUMNS:
        if names.count(column) != 1:
            state = "has no" if column not in names else "has more than one"
            raise PathError(
                f"{file} line 1: the header {state} column {column!r}; it must be {','.join(COLUMNS)}"
            )
    return {column: names.index(column) for column in COLUMNS}


def _candle(where: str, cells: Mapping[str, str]) -> Candle:
    prices = {name: _price(where, name, cells[name]) for name in COLUMNS[2:]}
    candle = Candle(_time(where, cells["timestamp"]), **prices)
    body = (candle.open, candle.close)
    if not candle.low <= min(body) <= max(body) <= candle.high:
        raise PathError(f"{where}: open and close must lie between low and high; mend the row")
    return candle


def _price(where: str, column: str, text: str) -> int:
    """Dollars as text -> 1e-8 dollars, to the nearest."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise PathError(f"{where}: {column} {text!r} is not a number; mend the row") from None
    if not value.is_finite() or value <= 0:
        raise PathError(f"{where}: {column} {text!r} is not a positive price; mend the row")
    if value >= MAX_PRICE or (price := int(value * DOLLAR + Decimal("0.5"))) == 0:
        raise PathError(f"{where}: {column} {text!r} is not between 1e-8 and 1e7 dollars; change the unit")
    return price


def _time(where: str, text: str) -> int:
    """Unix seconds, milliseconds or ISO 8601 (UTC if no zone is named) -> seconds."""
    if re.fullmatch(r"\d{1,14}(\.0*)?", text):
        value = int(text.split(".")[0])
        seconds = value // 1000 if value >= 10**11 else value
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise PathError(f"{where}: timestamp {text!r} is not Unix seconds; mend the row") from None
        seconds = int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
    if not TIMES[0] <= seconds < TIMES[1]:
        raise PathError(f"{where}: timestamp {text!r} is not from 1990 to 2099; change the unit")
    return seconds


def _append(series: list[Candle], candle: Candle, where: str, symbol: str) -> None:
    if series and candle.time == series[-1].time:
        raise PathError(f"{where}: a second row for {symbol} at {candle.time}; remove one")
    if series and candle.time < series[-1].time:
        raise PathError(f"{where}: {symbol} goes back in time; sort the file by timestamp")
    series.append(candle)


# ---- the window --------------------------------------------------------------------------------


def _leader(file: object, candles: Mapping[str, list[Candle]], wanted: Sequence[str], named: bool) -> str:
    """The market whose fall places the window and which the missing ones follow."""
    missing = [name for name in wanted if name not in candles]
    there = ", ".join(name for name in MARKETS if name in candles)
    if missing and named:
        raise PathError(f"{file} has no {missing[0]} (it has {there}): leave it out of --markets")
    leader = next((name for name in ("ETH", "BTC") if name in candles), None)
    if missing and leader is None:
        raise PathError(
            f"{file} has no {', '.join(missing)} and neither ETH nor BTC to derive them from: pass --markets {there.replace(' ', '')}"
        )
    if leader not in wanted:
        leader = max(wanted, key=lambda name: len(candles[name]))
    if len(candles[leader]) < MIN_CANDLES:
        raise PathError(
            f"{file} has too few rows: {len(candles[leader])} for {leader}, at least {MIN_CANDLES} are needed"
        )
    return leader


def _interval(candles: Sequence[Candle]) -> int:
    """Seconds a candle covers: the usual distance between two."""
    return median_low(b.time - a.time for a, b in pairwise(candles)) if len(candles) > 1 else HOUR


def _window(file: object, candles: Sequence[Candle], ticks: int | None, leader: str) -> Window:
    """36 hours with the lowest point of the largest fall at three quarters; longer if the candles are too coarse."""
    interval = _interval(candles)
    available = min(4 * len(candles), candles[-1].time + interval - candles[0].time)
    if ticks is not None and ticks > available:
        raise PathError(
            f"{file} has too few rows for {ticks} ticks: {len(candles)} for {leader} give at most --ticks {available}"
        )
    count = ticks or max(MIN_TICKS, min(DEFAULT_TICKS, available))
    first, end = candles[0].time, candles[-1].time + interval
    length = min(max(WINDOW, count * interval // 4), end - first)
    length -= length % count
    start = largest_fall(candles) - length * 3 // 4
    return Window(max(first, min(start, end - length)), length // count, count)


def largest_fall(candles: Sequence[Candle]) -> int:
    """Time of the low that ends the largest fall within 24 hours, measured from an earlier close."""
    tops: deque[Candle] = deque()  # closes of the last day, falling
    worst, found = (1, 1), candles[0].time
    for candle in candles:
        while tops and tops[0].time < candle.time - 24 * HOUR:
            tops.popleft()
        if tops and candle.low * worst[1] < worst[0] * tops[0].close:
            worst, found = (candle.low, tops[0].close), candle.time
        while tops and tops[-1].close <= candle.close:
            tops.pop()
        tops.append(candle)
    return found


# ---- resampling --------------------------------------------------------------------------------


def _points(candles: Sequence[Candle]) -> Iterator[tuple[int, int]]:
    """Four (time, price) points a candle: open, the two extremes, close; a falling candle rises first."""
    quarter = max(1, _interval(candles) // 4)
    for bar in candles:
        extremes = (bar.high, bar.low) if bar.close < bar.open else (bar.low, bar.high)
        for place, price in enumerate((bar.open, *extremes, bar.close)):
            yield bar.time + quarter * place, price


def resample(candles: Sequence[Candle], window: Window) -> list[int | None]:
    """One price a bucket: the last point, or the lowest where it stands out from two neighbours on each side.

    None before the first candle and after the last; a gap within repeats the last price.
    """
    last: list[int | None] = [None] * window.count
    low: list[int | None] = [None] * window.count
    for time, price in _points(candles):
        bucket = (time - window.start) // window.step
        if 0 <= bucket < window.count:
            last[bucket] = price
            low[bucket] = min(price, low[bucket] or price)
    _fill_gaps(last)
    return [low[i] if _stands_out(low, i) else price for i, price in enumerate(last)]


def _fill_gaps(column: list[int | None]) -> None:
    seen = [i for i, price in enumerate(column) if price is not None]
    for i in range(seen[0], seen[-1]) if seen else ():
        if column[i + 1] is None:
            column[i + 1] = column[i]


def _stands_out(low: Sequence[int | None], place: int) -> bool:
    around = [low[i] for i in range(max(0, place - 2), min(len(low), place + 3)) if i != place]
    near = [value for value in around if value is not None]
    return place > 0 and low[place] is not None and bool(near) and low[place] < min(near)


# ---- columns -----------------------------------------------------------------------------------


def _columns(
    candles: Mapping[str, list[Candle]], wanted: Sequence[str], leader: str, window: Window, seed: int
) -> tuple[list[Sequence[int]], list[str]]:
    """A price column for each wanted market, and what was derived rather than read."""
    lead = [price for price in resample(candles[leader], window) if price is not None]
    returns = step_returns(lead)
    columns: list[Sequence[int]] = []
    notes = []
    for symbol in wanted:
        found = resample(candles[symbol], window) if symbol in candles else [None] * window.count
        known = sum(price is not None for price in found)
        if known == 0:
            columns.append(follow(symbol, leader, returns, START_PRICE[symbol], window.step, seed))
            notes.append(f"{symbol} is not in the file there: it follows {leader} by the factor model")
            continue
        if known < window.count:
            share = f"{window.count - known} of {window.count} ticks"
            notes.append(f"{symbol} ends within the window: {share} follow {leader} by the factor model")
        columns.append(_extended(found, symbol, leader, returns))
    return columns, notes


def _extended(found: Sequence[int | None], symbol: str, leader: str, returns: Sequence[int]) -> list[int]:
    """Carry a column on beyond its ends by the leader's returns, scaled by the loadings."""
    column = list(found)
    first = next(i for i, price in enumerate(column) if price is not None)
    for i in range(first - 1, -1, -1):
        column[i] = max(1, column[i + 1] * UNIT // (UNIT + scaled(returns[i], symbol, leader)))
    for i in range(first + 1, len(column)):
        if column[i] is None:
            column[i] = max(1, moved(column[i - 1], scaled(returns[i - 1], symbol, leader)))
    return column


def _quote(
    candles: Mapping[str, list[Candle]], window: Window, seed: int
) -> tuple[tuple[int, ...], list[str]]:
    """The quote token's column: from the file if it has one, else near one dollar."""
    found = resample(candles[QUOTE], window) if QUOTE in candles else [None]
    if all(price is None for price in found):
        return quote_near_one(window.count, window.step, seed), []
    first = next(price for price in found if price is not None)
    column = []
    for price in found:
        column.append(price or (column[-1] if column else first))
    return tuple(column), [f"the quote token is priced by the file's {QUOTE}"]
