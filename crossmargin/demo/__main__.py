"""Run the demo: `python -m crossmargin.demo`."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import click
from rich.console import Console

from crossmargin.bots.settings import run_command
from crossmargin.demo import books, candles, deep, paths
from crossmargin.demo.books import DEFAULT_ACCOUNTS, MAX_ACCOUNTS, Plan
from crossmargin.demo.formats import money
from crossmargin.demo.paths import DEFAULT_TICKS, MARKETS, MAX_TICKS, MIN_TICKS, PathError, PricePath
from crossmargin.demo.report import print_report
from crossmargin.demo.result import DemoResult, Tick
from crossmargin.demo.scenario import DemoError, Scenario
from crossmargin.processes import Anvil, Processes
from crossmargin.progress import Stages


class Live(Stages):
    """Its bar counts ticks while prices are replayed."""

    def __init__(self, console: Console, path: PricePath) -> None:
        super().__init__(console, len(path))
        self._lead = "ETH" if "ETH" in path.symbols else path.symbols[0]

    def tick(self, number: int, tick: Tick) -> None:
        """Move the bar on."""
        price = tick.prices[self._lead] / paths.DOLLAR
        lowest = min(tick.health, default=0) / 10_000
        state = f"{self._lead} {price:,.6g}  pool {money(tick.pool_nav)}  worst E/MM {lowest:.2f}"
        self.progress.update(self.bar, completed=number + 1, state=state)


MARCH, DEEP = "march", "deep"


def load_path(
    prices: Path | None, markets: str | None, ticks: int | None, seed: int, shock: str = MARCH
) -> PricePath:
    """The price path that the options ask for."""
    names = paths.parse_markets(markets) if markets is not None else None
    if shock == DEEP:
        if prices is not None:
            raise PathError("--shock deep has prices of its own: leave out --prices")
        return deep.generate(names or MARKETS, ticks or deep.DEFAULT_TICKS, seed)
    if prices is not None:
        return candles.load(prices, names, ticks, seed)
    return paths.generate(names or MARKETS, ticks or DEFAULT_TICKS, seed)


def make_plan(path: PricePath, accounts: int, seed: int, shock: str = MARCH) -> Plan:
    """Who plays on that path."""
    if shock == DEEP:
        return deep.make_plan(path.at(0), accounts, seed, path.quote[0], len(path))
    return books.make_plan(path.at(0), accounts, seed, path.quote[0])


def check_output(option: str, file: Path | None) -> None:
    """Refuse a file that could not be written, before three minutes are spent."""
    if file is None:
        return
    if file.is_dir() or not file.parent.is_dir():
        raise DemoError(f"{option} {file}: there is no such folder, or it is one: name a file")
    new = not file.exists()
    try:
        file.open("a").close()
    except OSError as fault:
        raise DemoError(f"{option} {file}: cannot write it: {fault.strerror}; name another") from None
    if new:
        file.unlink()


def simulate(path: PricePath, plan: Plan, seed: int, port: int | None, console: Console) -> DemoResult:
    """Start a chain and bots, run the scenario, and leave nothing behind."""
    from crossmargin.demo.chain import ChainVenue, anvil_options, prepare

    live = Live(console, path)
    prepare(live.stage)
    with Processes() as group:
        live.stage("starting a local chain")
        anvil = group.add(Anvil(port, anvil_options(path)))
        with closing(ChainVenue(anvil.url, plan)) as venue, live.progress:
            return Scenario(venue, path, plan, live, start=group.add, check=group.check, seed=seed).run()


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option(
    "--prices",
    type=click.Path(path_type=Path),
    help="CSV of candles: timestamp,symbol,open,high,low,close; a synthetic crash if absent.",
)
@click.option(
    "--shock",
    type=click.Choice((MARCH, DEEP)),
    default=MARCH,
    help="The synthetic crash, or a deeper one: all the way down the waterfall.",
)
@click.option("--markets", help=f"Some of {','.join(MARKETS)}; all if absent.")
@click.option("--accounts", type=click.IntRange(1, MAX_ACCOUNTS), default=DEFAULT_ACCOUNTS, help="Traders.")
@click.option("--seed", type=click.IntRange(0, 2**63), default=1, help="Of prices and books.")
@click.option(
    "--ticks",
    type=click.IntRange(MIN_TICKS, MAX_TICKS),
    help=f"Price steps; {DEFAULT_TICKS} if absent, {deep.DEFAULT_TICKS} with --shock deep.",
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures here.")
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write a page with plots here.")
@click.option("--port", type=click.IntRange(1, 65535), help="Of the local chain; a free one if absent.")
def main(
    prices: Path | None,
    shock: str,
    markets: str | None,
    accounts: int,
    seed: int,
    ticks: int | None,
    json_file: Path | None,
    html_file: Path | None,
    port: int | None,
) -> None:
    """A whole market's life on a local chain: ten million of liquidity, dozens of traders, and a crash.

    Deploys the venue, opens the books, replays prices tick by tick while a keeper and a liquidator run as programs of
    their own, and reports what happened. Nothing keeps running afterwards.
    """
    console = Console()
    check_output("--json", json_file)
    check_output("--html", html_file)
    path = load_path(prices, markets, ticks, seed, shock)
    plan = make_plan(path, accounts, seed, shock)
    result = simulate(path, plan, seed, port, console)
    print_report(result, console)
    _write(result, json_file, html_file, console)
    if result.conservation.wei:
        raise DemoError(f"the ledger and the tokens differ by {result.conservation.wei} wei")


def _write(result: DemoResult, json_file: Path | None, html_file: Path | None, console: Console) -> None:
    if json_file is not None:
        result.write_json(json_file)
        console.print(f"wrote {json_file}", highlight=False)
    if html_file is not None:
        from crossmargin.demo.page import write_page  # plotly takes a second to import

        write_page(result, html_file)
        console.print(f"wrote {html_file}", highlight=False)


def run(args: list[str] | None = None) -> int:
    """The command; every failure it knows is one line on stderr. Returns the exit code."""
    interrupted = "interrupted; everything it started has been stopped"
    return run_command(main, "demo", args, interrupted, prefix=None)


if __name__ == "__main__":
    sys.exit(run())
