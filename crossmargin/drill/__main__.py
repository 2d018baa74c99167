"""Run the drill: `python -m crossmargin.drill`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crossmargin.artifacts import compiled
from crossmargin.bots.settings import ACCOUNT, FILE, run_command
from crossmargin.client.transport import Ask, Transport, connect
from crossmargin.deploy import COMPILED
from crossmargin.deployment import Deployment
from crossmargin.drill import rehearsal
from crossmargin.drill.course import Drill
from crossmargin.drill.node import Interrupts, Node
from crossmargin.drill.result import Crash, Report, Row, money, short
from crossmargin.drill.stage import Stage
from crossmargin.processes import Anvil, Processes
from crossmargin.progress import Stages

NAME = "drill"


class Live(Stages):
    """Its bar counts accounts while they are drilled."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._failed = 0

    def done(self, row: Row, of: int) -> None:
        """Another account."""
        self._failed += not row.ok
        state = f"{self._failed} failed" if self._failed else ""
        self.progress.update(self.bar, advance=1, total=of, state=state)


def show(report: Report, console: Console) -> None:
    """The report on the terminal."""
    table = Table(
        box=SIMPLE_HEAD, title="every account alone (gas: of its dearest slice)", title_justify="left"
    )
    for column in ("account", "book", "shock", "slices", "gas", "result"):
        justify = "right" if column in ("slices", "gas") else "left"
        table.add_column(column, justify=justify, no_wrap=column != "book")
    for row in report.rows:
        shock = row.shock.text(report.symbols) if row.shock else "none found"
        style = "" if row.ok else "bold red"
        gas = f"{max(row.gas):,}" if row.gas else ""
        result = row.result() if row.ok else "FAILED"
        cells = (short(row.account), row.book, shock, str(row.slices), gas, result)
        table.add_row(*map(escape, cells), style=style)
    console.print(table)
    console.print(_crashes(report))
    for text in [f"{short(row.account)}: {row.reason}" for row in report.rows if not row.ok]:
        console.print(f"[bold red]failed[/] {escape(text)}", highlight=False, soft_wrap=True)
    for crash in report.crashes:
        for text in crash.failures:
            name = crash.shock.text(report.symbols)
            console.print(
                f"[bold red]failed[/] {escape(name)}: {escape(text)}", highlight=False, soft_wrap=True
            )
    if report.wei:
        console.print(
            f"[bold red]failed[/] the books were {report.wei} wei apart before the drill", highlight=False
        )
    console.print(report.line(), highlight=False, soft_wrap=True)


def _crashes(report: Report) -> Table:
    title = "everybody at once, in calls of up to 32 accounts"
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left")
    table.add_column("")
    for crash in report.crashes:
        name = crash.shock.text(report.symbols)
        table.add_column(f"[bold red]{escape(name)}[/]" if crash.failures else escape(name), justify="right")
    rows: tuple[tuple[str, Callable[[Crash], str]], ...] = (
        ("below maintenance", lambda crash: str(crash.ill)),
        ("slices, calls", lambda crash: f"{crash.slices}, {crash.calls}"),
        ("gas a slice", lambda crash: f"{crash.gas // max(1, crash.slices):,}"),
        ("gas of the dearest call", lambda crash: f"{crash.dearest:,}"),
        ("bad debt", lambda crash: money(crash.bad_debt)),
        ("paid by the cover pool", lambda crash: money(crash.by_cover)),
        ("paid by the pool", lambda crash: money(crash.by_pool)),
        ("equity of the pool before", lambda crash: money(crash.pool_before)),
        ("equity of the pool after", lambda crash: money(crash.pool_after)),
        ("still below maintenance", lambda crash: str(crash.left)),
    )
    for name, cell in rows:
        table.add_row(name, *map(cell, report.crashes))
    return table


def drill(
    url: str,
    record: Deployment | Path,
    seed: int,
    accounts: tuple[int, ...],
    live: Live,
) -> Report:
    """Drill on an anvil and put it back. `record`: a deployment, its file, or the folder of files by chain."""
    node = Node(url)
    if isinstance(record, Path):
        record = Deployment.load(record / f"{node.chain_id}.json" if record.is_dir() else record)
    with Interrupts() as interrupts, node.kept(interrupts, live.stage):
        stage = Stage(node, record, seed, interrupts)
        try:
            return Drill(stage, accounts, live.stage, live.done).run()
        finally:
            stage.release()


def _check_reachable(url: str) -> None:
    """Anvil takes long to say that it finds no node, and not in one line."""
    Transport(connect(url)).batch([Ask("eth_chainId")])


def _own(fork: str | None, deployments: Path, seed: int, accounts: tuple[int, ...], live: Live) -> Report:
    """On an anvil of its own: a fork, or a venue of the drill's."""
    with Processes() as group:
        if fork is not None:
            live.stage("forking the chain")
            url = group.add(Anvil(options=["--fork-url", fork])).url
            return drill(url, deployments, seed, accounts, live)
        compiled(COMPILED, say=live.stage)
        live.stage("starting a local chain")
        url = group.add(Anvil(options=rehearsal.options())).url
        net = rehearsal.rehearse(url, seed, say=live.stage)
        return drill(url, net.deployment, seed, accounts, live)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option(
    "--rpc", metavar="URL", help="An anvil with a venue on it: a devnet or a fork. It is put back as it was."
)
@click.option(
    "--fork", metavar="URL", help="Any node: the drill starts an anvil of its own that forks its chain."
)
@click.option(
    "--deployments",
    type=click.Path(path_type=Path),
    default=Path("deployments"),
    help="The deployment's file, or the folder of <chain id>.json.",
)
@click.option(
    "--accounts", type=ACCOUNT, multiple=True, help="May be repeated; all that ever had money if absent."
)
@click.option("--seed", type=click.IntRange(0, 2**63), default=1, help="Of keys, and of books of its own.")
@click.option("--json", "json_file", type=FILE, help="Write the report here.")
def main(
    rpc: str | None,
    fork: str | None,
    deployments: Path,
    accounts: tuple[int, ...],
    seed: int,
    json_file: Path | None,
) -> int:
    """Prove that every account can be liquidated, or name those that cannot.

    Each is brought below maintenance by the smallest move that does it and liquidated by a stranger; then all at once, in a crash
    and in a rally. Without a node it drills on a chain of its own. Exit code 1 if anything fails.
    """
    if rpc is not None and fork is not None:
        raise click.UsageError("choose one of --rpc and --fork")
    if json_file is not None and not json_file.parent.is_dir():
        raise click.UsageError(f"--json {json_file}: there is no such folder")
    console = Console()
    live = Live(console)
    with live.progress:
        if rpc is not None:
            report = drill(rpc, deployments, seed, accounts, live)
        else:
            if fork is not None:
                _check_reachable(fork)
            report = _own(fork, deployments, seed, accounts, live)
    show(report, console)
    if json_file is not None:
        json_file.write_text(json.dumps(report.content(), indent=1) + "\n")
        console.print(f"wrote {json_file}", highlight=False)
    return 1 if report.failures else 0


def run(args: list[str] | None = None) -> int:
    """The command; every failure it knows is one line on stderr. Returns the exit code."""
    return run_command(main, NAME, args, "interrupted; the chain was put back", prefix=None)


if __name__ == "__main__":
    sys.exit(run())
