"""A demo's result as tables for the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from crossmargin.demo.formats import change, moment, money, percent, times
from crossmargin.demo.payers import Sheet, absences, sheets
from crossmargin.demo.result import DemoResult, Liquidation

SHOWN = 15  # liquidations in the terminal; the files have all


def headline(result: DemoResult) -> list[tuple[str, str]]:
    """The figures that matter most, as (name, value)."""
    balanced = result.conservation.wei == 0
    return [
        ("Prices", result.source),
        ("Accounts, ticks, markets", f"{result.accounts}, {len(result.ticks)}, {', '.join(result.symbols)}"),
        ("Deepest fall", ", ".join(f"{name} {fall}" for name, fall in falls(result))),
        ("Conservation", "0 wei: ledger = tokens" if balanced else f"OFF BY {result.conservation.wei} WEI"),
        ("Liquidation slices", _slices(result)),
        ("Still liquidatable after a tick, at most", str(result.unhealthy_after_tick_max)),
        ("Keeper rewards", money(sum(row.reward for row in result.liquidations), 2)),
        ("Bad debt", _bad_debt(result)),
        ("Pool NAV", _pool(result)),
        ("Cover pool", _from_to(result.cover_start, result.cover_end)),
        ("Utilisation at its highest", _utilisation(result)),
        ("Funding, borrow, trading fees", _carry(result)),
        ("Orders", ", ".join(f"{count} {state}" for state, count in result.orders.items()) or "none"),
        ("Took", f"{result.seconds:.0f} s"),
    ]


def falls(result: DemoResult) -> list[tuple[str, str]]:
    """Each market's largest fall from an earlier price, in whole per cent."""
    rows = []
    for symbol in result.symbols:
        top, deepest = 0, 0
        for tick in result.ticks:
            price = tick.prices[symbol]
            top = max(top, price)
            deepest = max(deepest, (200 * (top - price) + top) // (2 * top))
        rows.append((symbol, f"-{deepest} %"))
    return rows


def _slices(result: DemoResult) -> str:
    accounts = len({row.account for row in result.liquidations})
    return f"{len(result.liquidations)} on {accounts} accounts, {result.full_closes} full closes"


def _bad_debt(result: DemoResult) -> str:
    to_pool = sum(row.bad_debt_pool for row in result.liquidations)
    split = (
        f" (cover {money(result.bad_debt - to_pool, 2)}, pool {money(to_pool, 2)})" if result.bad_debt else ""
    )
    return money(result.bad_debt, 2) + split


def _from_to(before: int, after: int) -> str:
    percentage = f" ({change(before, after)})" if before > 0 else ""
    return f"{money(before)} → {money(after)}{percentage}"


def _pool(result: DemoResult) -> str:
    return f"{_from_to(result.pool_nav_start, result.pool_nav_end)}, a share {result.share_price_change:+.2%}"


def _utilisation(result: DemoResult) -> str:
    net = max(tick.utilisation_net for tick in result.ticks)
    gross = max(tick.utilisation_gross for tick in result.ticks)
    return f"net {percent(net)}, gross {percent(gross)} of the pool's reduced equity"


def _carry(result: DemoResult) -> str:
    return ", ".join(money(value, 2) for value in (result.funding_paid, result.borrow_paid, result.fees_paid))


def liquidation_cells(row: Liquidation) -> list[str]:
    """One liquidation as text, in the order of `LIQUIDATION_COLUMNS`."""
    return [
        moment(row.timestamp),
        row.account,
        percent(row.fraction),
        times(row.health_before),
        times(row.health_after),
        money(row.charged),
        money(row.reward, 2),
        money(row.bad_debt),
    ]


LIQUIDATION_COLUMNS = ("time", "account", "slice", "E/MM", "after", "charged", "reward", "bad debt")
GAS_COLUMNS = ("operation", "calls", "mean gas", "least", "most")


def gas_cells(result: DemoResult) -> list[list[str]]:
    """The gas table's rows as text."""
    return [
        [row.operation, f"{len(row.used):,}", f"{row.mean:,}", f"{min(row.used):,}", f"{max(row.used):,}"]
        for row in result.gas
        if row.used
    ]


def print_report(result: DemoResult, console: Console) -> None:
    """Print summary, liquidations and gas."""
    console.print()
    summary = Table(
        title="What happened", show_header=False, title_justify="left", pad_edge=False, box=SIMPLE_HEAD
    )
    summary.add_column(style="bold")
    summary.add_column(overflow="fold")
    for name, value in headline(result):
        broken = name == "Conservation" and result.conservation.wei != 0
        summary.add_row(name, f"[bold red]{value}[/]" if broken else value)
    console.print(summary)
    for note in result.notes:
        console.print(f"[dim]note: {note}[/]", highlight=False)
    if result.deep:
        for sheet in sheets(result):
            _print_sheet(console, sheet)
        for text in absences(result):
            console.print(f"[bold yellow]{text}[/]", highlight=False)
    _print_table(console, _largest_title(result), LIQUIDATION_COLUMNS, _largest(result))
    _print_table(console, "Gas", GAS_COLUMNS, gas_cells(result))


def _largest(result: DemoResult) -> list[list[str]]:
    """The liquidations that cost most, in the order in which they happened."""
    rows = sorted(result.liquidations, key=lambda row: (row.bad_debt, row.charged), reverse=True)[:SHOWN]
    return [liquidation_cells(row) for row in sorted(rows, key=lambda row: row.timestamp)]


def _largest_title(result: DemoResult) -> str:
    count = len(result.liquidations)
    return "Liquidations" if count <= SHOWN else f"The {SHOWN} largest of {count} liquidations"


def _print_sheet(console: Console, sheet: Sheet) -> None:
    table = Table(title=sheet.title, title_justify="left", pad_edge=False, box=SIMPLE_HEAD)
    for index, column in enumerate(sheet.columns):
        words = index < sheet.left or column == "of which"
        table.add_column(column, no_wrap=not words or sheet.left == 1, justify="left" if words else "right")
    for row in sheet.rows or (["none"],):
        table.add_row(*row)
    console.print()
    console.print(table)


def _print_table(console: Console, title: str, columns: tuple[str, ...], rows: list[list[str]]) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left", pad_edge=False, box=SIMPLE_HEAD)
    for index, column in enumerate(columns):
        table.add_column(
            column, no_wrap=True, justify="left" if index < 1 or column == "account" else "right"
        )
    for row in rows:
        table.add_row(*row)
    console.print()
    console.print(table)
