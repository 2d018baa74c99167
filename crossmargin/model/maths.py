"""Units and the three roundings. Every division of the model names its direction."""

from __future__ import annotations

from math import isqrt

WAD = 10**18
LOT = 10**10  # WAD base units in one lot
LOTS = 10**8  # lots in one base unit
BPS = 10**4
PPM = 10**6
MICRO = 10**12  # wei of quote in one µ
INDEX = 10**7  # wei of quote per base unit in one unit of a carry index (1e-11)
DAY = 86_400
SKEW_ONE = 2**19  # 1.0 of the skew fraction k


def ceil_div(a: int, b: int) -> int:
    """⌈a/b⌉ for b > 0."""
    return -(-a // b)


def trunc_div(a: int, b: int) -> int:
    """a/b towards zero, b any sign but zero."""
    q = abs(a) // abs(b)
    return q if (a >= 0) == (b > 0) else -q


def ceil_sqrt(x: int) -> int:
    """⌈√x⌉."""
    return isqrt(x - 1) + 1 if x > 0 else 0


def clamp(x: int, low: int, high: int) -> int:
    """x moved into [low, high]."""
    return low if x < low else high if x > high else x


def to_wad(tokens: int, decimals: int) -> int | None:
    """Spec 1: token units to WAD; None where a token of more than 18 decimals is not a whole multiple."""
    if decimals <= 18:
        return tokens * 10 ** (18 - decimals)
    wad, rest = divmod(tokens, 10 ** (decimals - 18))
    return None if rest else wad


def floor_tokens(wad: int, decimals: int) -> int:
    """WAD to token units, rounded down."""
    return wad // 10 ** (18 - decimals) if decimals <= 18 else wad * 10 ** (decimals - 18)
