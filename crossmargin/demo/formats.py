"""Figures as text."""

from __future__ import annotations

from datetime import UTC, datetime

WAD = 10**18


def money(amount: int, decimals: int = 0) -> str:
    """WAD quote -> `1,234,567`, rounded to nearest, exactly."""
    unit = WAD // 10**decimals
    scaled = (2 * abs(amount) + unit) // (2 * unit)
    whole, part = divmod(scaled, 10**decimals)
    sign = "-" if amount < 0 and scaled else ""
    return f"{sign}{whole:,}" + (f".{part:0{decimals}}" if decimals else "")


def percent(value: int, one: int = WAD, decimals: int = 1) -> str:
    """`value` of `one` in per cent."""
    return f"{value / one * 100:.{decimals}f} %"


def change(before: int, after: int) -> str:
    """Change in per cent with its sign."""
    return "n/a" if before == 0 else f"{(after - before) / before * 100:+.2f} %"


def times(health: int | None) -> str:
    """E / MM in bps -> `0.97`, rounded down; an account that was closed has none."""
    return "closed" if health is None else f"{health // 100 / 100:.2f}"


def moment(timestamp: int) -> str:
    """Unix seconds -> `03-12 10:45`, UTC."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%m-%d %H:%M")


def clock(timestamp: int) -> str:
    """Unix seconds -> `10:45`, UTC."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%H:%M")
