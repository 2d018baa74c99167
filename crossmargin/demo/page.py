"""A demo's result as one HTML page: no outside requests, plotly.js inside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from itertools import pairwise
from pathlib import Path

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from crossmargin.demo.formats import money, times
from crossmargin.demo.payers import absences, sheets
from crossmargin.demo.report import (
    GAS_COLUMNS,
    LIQUIDATION_COLUMNS,
    gas_cells,
    headline,
    liquidation_cells,
)
from crossmargin.demo.result import HEALTH_CAP, WAD, DemoResult, Liquidation, quote

COLOURS = ("#f7931a", "#4c5fd5", "#12a594", "#2a6fdb", "#b5892e", "#8e4ec6", "#e5484d")
INK, GRID, RED, BLUE, GREEN = "#1c2024", "#e6e8eb", "#e5484d", "#3358d4", "#12a594"
_CONFIG = {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["lasso2d", "select2d"]}
_HEALTH_TOP = 5.0  # E / MM above this is drawn here

_STYLE = """
:root{color-scheme:light}*{box-sizing:border-box}
body{margin:0;background:#fbfcfd;color:#1c2024;font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:36px 0 2px}p{margin:0 0 10px;color:#60646c}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(168px,1fr));gap:12px;margin:20px 0}
.card{background:#fff;border:1px solid #e6e8eb;border-radius:10px;padding:12px 14px}
.card b{display:block;font-size:21px;font-variant-numeric:tabular-nums}.card span{color:#60646c;font-size:13px}
.good b{color:#18794e}.bad b{color:#ce2c31}
.plot{background:#fff;border:1px solid #e6e8eb;border-radius:10px;padding:6px}
.table{overflow:auto;max-height:460px;background:#fff;border:1px solid #e6e8eb;border-radius:10px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:6px 12px;text-align:right;border-bottom:1px solid #f0f1f3;white-space:nowrap}
th{position:sticky;top:0;background:#f8f9fa;font-weight:600}th:first-child,td:first-child{text-align:left}
.table:has(table.summary){max-height:none}
table.words td,table.words th{text-align:left;white-space:normal}
.table:has(table.words){max-height:none}
table.summary td{text-align:left;white-space:normal}table.summary td:first-child{font-weight:600;width:300px}
"""


def write_page(result: DemoResult, file: Path) -> None:
    """Write the page."""
    file.write_text(render(result), encoding="utf-8")


def render(result: DemoResult) -> str:
    """The page as text."""
    body = [
        "<h1>A crash, survived or not</h1>",
        f"<p>{escape(_subtitle(result))}</p>",
        _cards(result),
        _table(("", ""), headline(result), css="summary"),
        *(f"<p>{escape(note)}</p>" for note in result.notes),
        *_waterfall(result),
        *_plots(result),
        "<h2>Liquidations</h2>",
        _table(LIQUIDATION_COLUMNS, [liquidation_cells(row) for row in result.liquidations]),
        "<h2>Gas by operation</h2>",
        _table(GAS_COLUMNS, gas_cells(result)),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<link rel="icon" href="data:,"><title>Cross-margin demo</title>'
        f"<style>{_STYLE}</style><script>{get_plotlyjs()}</script></head>"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )


def _waterfall(result: DemoResult) -> list[str]:
    """Who paid what, for the scenario that goes all the way down."""
    if not result.deep:
        return []
    parts = [f"<p><b>{escape(text)}</b></p>" for text in absences(result)]
    for sheet in sheets(result):
        parts += [
            f"<h2>{escape(sheet.title)}</h2>",
            _table(sheet.columns, sheet.rows, css="words" if sheet.left > 2 else ""),
        ]
    return parts


def _subtitle(result: DemoResult) -> str:
    start, end = (datetime.fromtimestamp(result.ticks[i].timestamp, UTC) for i in (0, -1))
    return (
        f"{result.source}. {result.accounts} accounts and {result.providers} liquidity providers, "
        f"{len(result.ticks)} ticks, {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC."
    )


def _cards(result: DemoResult) -> str:
    balanced, calm = result.conservation.wei == 0, result.unhealthy_after_tick_max == 0
    cards = [
        (f"{result.conservation.wei} wei", "ledger against tokens", "good" if balanced else "bad"),
        (str(len(result.liquidations)), "liquidation slices", ""),
        (str(result.unhealthy_after_tick_max), "left liquidatable after a tick", "good" if calm else "bad"),
        (money(result.bad_debt), "bad debt (quote)", "bad" if result.bad_debt else "good"),
        (money(result.pool_nav_end), f"pool NAV, a share {result.share_price_change:+.2%}", ""),
        (money(result.cover_end), "cover pool", ""),
    ]
    divs = "".join(
        f'<div class="card {css}"><b>{escape(value)}</b><span>{escape(label)}</span></div>'
        for value, label, css in cards
    )
    return f'<div class="cards">{divs}</div>'


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], css: str = "") -> str:
    if not rows:
        return "<p>None.</p>"
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    thead = f"<thead><tr>{head}</tr></thead>" if any(columns) else ""
    return f'<div class="table"><table class="{css}">{thead}<tbody>{lines}</tbody></table></div>'


# ---- plots -------------------------------------------------------------------------------------


def _plots(result: DemoResult) -> list[str]:
    return [
        f'<h2>{escape(title)}</h2><p>{escape(caption)}</p><div class="plot">{_embed(figure, i)}</div>'
        for i, (title, caption, figure) in enumerate(_parts(result))
    ]


def _parts(result: DemoResult) -> list[tuple[str, str, go.Figure]]:
    """Title, caption and figure of every plot."""
    return [
        ("Prices", "Each market against its start.", _prices(result)),
        (
            "Pool and cover pool",
            "Equity of the pool's account (sudden steps down: providers who left), and the cover pool that pays bad debt before it.",
            _equity(result),
        ),
        (
            "Utilisation",
            "Requirement over the pool's reduced equity, netted by the factor model and gross.",
            _utilisation(result),
        ),
        (
            "Liquidations",
            "One point a slice: health before it; the larger, the more was charged. Red: it left bad debt.",
            _liquidations(result),
        ),
        (
            "Health of accounts",
            f"Equity over maintenance margin of the accounts with positions, up to {_HEALTH_TOP:.0f}; below 1 is liquidatable.",
            _health_bands(result),
        ),
        (
            "Health at the start, at the lowest prices and at the end",
            "Accounts by health.",
            _health_counts(result),
        ),
    ]


def _embed(figure: go.Figure, number: int) -> str:
    # A fixed id, so that equal results make equal pages.
    return figure.to_html(full_html=False, include_plotlyjs=False, config=_CONFIG, div_id=f"plot-{number}")


def _figure(y_title: str, **layout: object) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        template="plotly_white",
        height=340,
        margin={"l": 64, "r": 24, "t": 16, "b": 40},
        font={"color": INK, "size": 13},
        legend={"orientation": "h", "y": 1.12, "x": 0},
        hovermode="x unified",
        **layout,
    )
    figure.update_yaxes(title=y_title, gridcolor=GRID, zerolinecolor=GRID)
    figure.update_xaxes(gridcolor=GRID)
    return figure


def _times(result: DemoResult) -> list[datetime]:
    return [datetime.fromtimestamp(tick.timestamp, UTC) for tick in result.ticks]


def _line(figure: go.Figure, x: list, y: list, name: str, colour: str, **more: object) -> None:
    figure.add_scatter(x=x, y=y, name=name, mode="lines", line={"color": colour, "width": 2}, **more)


def _prices(result: DemoResult) -> go.Figure:
    figure = _figure("per cent of the start")
    for symbol, colour in zip(result.symbols, COLOURS):
        first = result.ticks[0].prices[symbol]
        _line(
            figure,
            _times(result),
            [tick.prices[symbol] / first * 100 for tick in result.ticks],
            symbol,
            colour,
            customdata=[tick.prices[symbol] / 1e8 for tick in result.ticks],
            hovertemplate="%{y:.1f} % ($%{customdata:,.6~g})",
        )
    return figure


def _equity(result: DemoResult) -> go.Figure:
    figure = _figure(
        "pool NAV, quote",
        yaxis2={"overlaying": "y", "side": "right", "showgrid": False},
    )
    figure.update_layout(margin={"r": 72})
    _line(figure, _times(result), [quote(tick.pool_nav) for tick in result.ticks], "pool NAV", BLUE)
    cover = [quote(tick.cover) for tick in result.ticks]
    _line(figure, _times(result), cover, "cover pool (right)", GREEN, yaxis="y2")
    axis = {"title": "cover pool, quote", "range": [0, 1.1 * max(*cover, 1)], "tickmode": "auto"}
    figure.update_layout(yaxis2={**axis, "tickformat": ",.0f"})
    return figure


def _utilisation(result: DemoResult) -> go.Figure:
    figure = _figure("per cent of reduced equity")
    net = [tick.utilisation_net / WAD * 100 for tick in result.ticks]
    gross = [tick.utilisation_gross / WAD * 100 for tick in result.ticks]
    _line(figure, _times(result), net, "net", BLUE)
    _line(figure, _times(result), gross, "gross", "#b5892e")
    figure.update_yaxes(rangemode="tozero")
    return figure


def _liquidations(result: DemoResult) -> go.Figure:
    figure = _figure("E / MM before", showlegend=True)
    figure.update_layout(hovermode="closest")
    figure.add_hline(y=1, line={"color": RED, "dash": "dot", "width": 1})
    _slices(figure, [r for r in result.liquidations if r.fraction < WAD and not r.bad_debt], "partial", BLUE)
    _slices(
        figure, [r for r in result.liquidations if r.fraction >= WAD and not r.bad_debt], "full close", GREEN
    )
    _slices(figure, [r for r in result.liquidations if r.bad_debt], "with bad debt", RED)
    figure.update_xaxes(type="date", range=[_times(result)[0], _times(result)[-1]])
    return figure


def _slices(figure: go.Figure, rows: list[Liquidation], name: str, colour: str) -> None:
    figure.add_scatter(
        x=[datetime.fromtimestamp(row.timestamp, UTC) for row in rows],
        y=[row.health_before / 10_000 for row in rows],
        name=name,
        mode="markers",
        marker={
            "color": colour,
            "opacity": 0.7,
            "size": [7 + min(max(quote(row.charged), 0) ** 0.5 / 4, 24) for row in rows],
        },
        text=[
            f"{row.account}: slice {row.fraction / WAD:.1%}, health {times(row.health_before)} → {times(row.health_after)}"
            f"<br>charged {money(row.charged, 2)}, reward {money(row.reward, 2)}, bad debt {money(row.bad_debt, 2)}"
            for row in rows
        ],
        hovertemplate="%{x|%H:%M} %{text}<extra></extra>",
    )


def _health_bands(result: DemoResult) -> go.Figure:
    figure = _figure("E / MM")
    x = _times(result)
    wide = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_scatter(x=x, y=_quantiles(result, 90), showlegend=False, **wide)
    figure.add_scatter(
        x=x,
        y=_quantiles(result, 10),
        fill="tonexty",
        fillcolor="rgba(51,88,212,.15)",
        name="10 to 90 %",
        **wide,
    )
    _line(figure, x, _quantiles(result, 50), "median", BLUE)
    _line(figure, x, _quantiles(result, 0), "lowest", RED)
    figure.add_hline(y=1, line={"color": RED, "dash": "dot", "width": 1})
    figure.update_yaxes(range=[0, _HEALTH_TOP + 0.1])
    return figure


def _quantiles(result: DemoResult, percentile: int) -> list[float | None]:
    return [
        _shown(sorted(tick.health)[(len(tick.health) - 1) * percentile // 100]) if tick.health else None
        for tick in result.ticks
    ]


def _shown(health: int) -> float:
    return max(-1.0, min(health, HEALTH_CAP) / 10_000) if health < _HEALTH_TOP * 10_000 else _HEALTH_TOP


def _health_counts(result: DemoResult) -> go.Figure:
    figure = _figure("accounts", barmode="group", bargap=0.15)
    lead = "ETH" if "ETH" in result.symbols else result.symbols[0]
    lowest = min(range(len(result.ticks)), key=lambda i: result.ticks[i].prices[lead])
    edges = (0, 1, 1.25, 1.5, 2, 3, 5)
    labels = [f"{a:g} to {b:g}" for a, b in pairwise(edges)] + ["above 5"]
    labels[0] = "below 1"
    for name, place, colour in (("start", 0, "#8da4ef"), ("lowest prices", lowest, RED), ("end", -1, GREEN)):
        health = [value / 10_000 for value in result.ticks[place].health]
        counts = [sum(a <= value < b for value in health) for a, b in zip(edges, (*edges[1:], float("inf")))]
        counts[0] += sum(value < 0 for value in health)
        figure.add_bar(x=labels, y=counts, name=name, marker_color=colour)
    return figure
