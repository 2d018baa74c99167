"""Who paid what, as tables of text: for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossmargin.demo.formats import change, clock, money, percent
from crossmargin.demo.result import DemoResult, Liquidation
from crossmargin.demo.waterfall import Deleveraging, missing

Row = list[str]


@dataclass(frozen=True)
class Sheet:
    """A table. `left`: how many of the first columns are words."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    left: int = 1


def sheets(result: DemoResult) -> tuple[Sheet, ...]:
    """All of it; a table without rows is one of things that did not happen."""
    return (_payments(result), _kinds(result), _winners(result), _settled(result))


def absences(result: DemoResult) -> list[str]:
    """What the scenario was to show and did not; nothing for one that was to show less."""
    return missing(result.waterfall, result.bad_debt_by_cover, result.bad_debt_by_pool) if result.deep else []


# ---- who paid what -------------------------------------------------------------------------------


def _payments(result: DemoResult) -> Sheet:
    rows = [*_charges(result.liquidations), *_debts(result), *_payouts(result), *_worths(result)]
    return Sheet("Who paid what", ("event", "paid by", "to", "quote", "of which"), tuple(rows), left=3)


def _charges(slices: Sequence[Liquidation]) -> list[Row]:
    detail = f"{len(slices)} slices, {sum(row.health_after is None for row in slices)} of them everything"
    sums = (
        ("LP pool", sum(row.to_pool for row in slices)),
        ("cover pool", sum(row.to_cover for row in slices)),
        ("keepers", sum(row.reward for row in slices)),
    )
    return [
        ["liquidation", "traders", to, money(amount, 2), detail if to == "LP pool" else ""]
        for to, amount in sums
    ]


def _debts(result: DemoResult) -> list[Row]:
    rows = []
    for market, (paid, claims, capped) in sorted(result.waterfall.claimed().items()):
        counted = f"{claims} {'claim' if claims == 1 else 'claims'}"
        detail = f"{counted}, {capped} cut at the market's cap" if capped else counted
        rows.append(["bad debt, " + market, "cover pool", "LP pool", money(paid, 2), detail])
    debts = [row for row in result.liquidations if row.bad_debt]
    refused = sum(row.bad_debt == row.bad_debt_pool for row in debts)
    left = f"of {money(result.bad_debt, 2)} that {len(debts)} accounts left"
    rows.append(
        [
            "bad debt, the rest",
            "LP pool",
            "",
            money(result.bad_debt_by_pool, 2),
            left + (f"; for {refused} of them the cover pool paid nothing" if refused else ""),
        ]
    )
    return rows


def _payouts(result: DemoResult) -> list[Row]:
    winners, settled = result.waterfall.deleveraged, result.waterfall.settled
    gains = sum(max(0, row.realised) for row in settled)
    losses = sum(max(0, -row.realised) for row in settled)
    return [
        [
            "deleveraging",
            "LP pool",
            "winners",
            money(sum(row.profit for row in winners), 2),
            f"{len(winners)} closings of {len(result.waterfall.winners())} positions,"
            f" {money(sum(row.notional for row in winners))} notional, at the mark, no fee",
        ],
        ["settlement", "LP pool", "winners", money(gains, 2), f"{len(settled)} positions"],
        ["settlement", "losers", "LP pool", money(losses, 2), ""],
    ]


def _worths(result: DemoResult) -> list[Row]:
    pairs = (
        ("LP pool", result.pool_nav_start, result.pool_nav_end),
        ("cover pool", result.cover_nav_start, result.cover_nav_end),
    )
    return [
        [f"NAV of the {name}", "", "", money(after, 2), f"{money(before, 2)} before: {change(before, after)}"]
        for name, before, after in pairs
    ]


# ---- by kind of account --------------------------------------------------------------------------


def _kinds(result: DemoResult) -> Sheet:
    """One column a kind, in the order of the plan."""
    names: dict[str, set[str]] = {}
    for account, kind in result.waterfall.kinds.items():
        names.setdefault(kind, set()).add(account)
    found = [_kind(members, result) for members in names.values()]
    rows = tuple([label, *(column[label] for column in found)] for label in (found[0] if found else ()))
    return Sheet("By kind of account", ("", *names), rows)


def _kind(members: set[str], result: DemoResult) -> dict[str, str]:
    slices = [row for row in result.liquidations if row.account in members]
    winners = [row for row in result.waterfall.deleveraged if row.account in members]
    return {
        "accounts": str(len(members)),
        "liquidated": str(len({row.account for row in slices})),
        "charged, to the LP pool": money(sum(row.to_pool for row in slices)),
        "to the cover pool": money(sum(row.to_cover for row in slices)),
        "to keepers": money(sum(row.reward for row in slices)),
        "bad debt left": money(sum(row.bad_debt for row in slices)),
        "paid by the cover pool": money(sum(row.bad_debt - row.bad_debt_pool for row in slices)),
        "paid by the LP pool": money(sum(row.bad_debt_pool for row in slices)),
        "deleveraged notional": money(sum(row.notional for row in winners)),
        "settled positions": str(sum(row.account in members for row in result.waterfall.settled)),
    }


# ---- winners and the wound down market -----------------------------------------------------------

_WINNERS = ("position", "cuts", "first", "notional", "θ", "profit", "paid")


def _winners(result: DemoResult) -> Sheet:
    rows = tuple(
        _winner(f"{account} {market}", cuts) for (account, market), cuts in result.waterfall.winners().items()
    )
    return Sheet("Deleveraged, in this order", _WINNERS, rows)


def _winner(position: str, cuts: Sequence[Deleveraging]) -> Row:
    return [
        position,
        str(len(cuts)),
        clock(cuts[0].timestamp),
        money(sum(cut.notional for cut in cuts)),
        _span([cut.threshold for cut in cuts], 0),
        _span([cut.gain for cut in cuts], 1),
        money(sum(cut.profit for cut in cuts)),
    ]


def _span(values: Sequence[int], decimals: int) -> str:
    """The first and the last, as `10 → 0 %` of notional."""
    first, last = (percent(value, decimals=decimals) for value in (values[0], values[-1]))
    return last if first == last else f"{first.removesuffix(' %')} → {last}"


def _settled(result: DemoResult) -> Sheet:
    rows = []
    for down in result.waterfall.wind_downs:
        state = (
            f"at {money(down.price, 6)} after {(down.ended - down.started) // 60} min"
            if down.price
            else "not settled"
        )
        rows.append([down.market, state, "", "", f"{down.left} left open"])
        rows += [
            [row.market, row.account, clock(row.timestamp), money(row.size, 2), money(row.realised, 2)]
            for row in result.waterfall.settled
            if row.market == down.market
        ]
    return Sheet("Wound down", ("market", "account", "time", "closed", "paid out"), tuple(rows), left=2)
