"""`python -m tests.support.coverage_table`: the branch table of the contracts, from what a run has recorded.

Ends with exit code 1 if less than 95 % of all branch sides, or of all statements, were covered. No side is left out.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import coverage

from tests.support.coverage_plugin import ROOT, VyperReporter

THRESHOLD = 95
MOST = 10  # places named for each file
NUMBERS = ("statements", "statements_hit", "sides", "sides_hit")


@dataclass(frozen=True)
class Row:
    """One file, or the sum of all. `missed` says where."""

    name: str
    statements: int
    statements_hit: int
    sides: int
    sides_hit: int
    missed: tuple[str, ...] = ()

    def cells(self) -> tuple[str, str, str, str]:
        return (
            f"{self.statements_hit}/{self.statements}",
            percent(self.statements_hit, self.statements),
            f"{self.sides_hit}/{self.sides}",
            percent(self.sides_hit, self.sides),
        )


def percent(hit: int, total: int) -> str:
    """Rounded down: 100 means all of it."""
    return f"{hit * 1000 // total / 10:.1f}" if total else "-"


def rows(data: Path, folder: Path) -> list[Row]:
    """A row for each Vyper file below the folder, covered or not."""
    cover = coverage.Coverage(data_file=str(data))
    cover.load()
    measured = cover.get_data()
    plugin = "tests.support.coverage_plugin.VyperPlugin"
    paths = sorted(str(path) for path in folder.rglob("*.vy"))
    measured.touch_files(paths, plugin)
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        cover.json_report(morfs=paths, outfile=str(report))
        files = json.loads(report.read_text())["files"]
    return [_row(str(Path(name)), found, folder) for name, found in sorted(files.items())]


def _row(name: str, found: dict, folder: Path) -> Row:
    path = Path(name) if Path(name).is_absolute() else Path.cwd() / name
    reporter = VyperReporter(str(path))
    missed = [f"line {line}" for line in found["missing_lines"]]
    missed += [
        reporter.describe(*arc) for arc in found["missing_branches"] if arc[0] not in found["missing_lines"]
    ]
    numbers = found["summary"]
    return Row(
        str(path.relative_to(folder.parent)),
        numbers["num_statements"],
        numbers["covered_lines"],
        numbers["num_branches"],
        numbers["covered_branches"],
        tuple(missed),
    )


def total(table: Iterable[Row]) -> Row:
    table = list(table)
    sums = (sum(getattr(row, name) for row in table) for name in NUMBERS)
    return Row("total", *sums)


def shown(table: list[Row]) -> str:
    """The table as text."""
    width = max(len(row.name) for row in table)
    lines = [f"{'':{width}}  {'statements':>18}  {'branch sides':>18}   never executed"]
    for row in [*table, total(table)]:
        hit, share, sides_hit, sides_share = row.cells()
        missed = ", ".join(row.missed[:MOST])
        if len(row.missed) > MOST:
            missed += f" and {len(row.missed) - MOST} more"
        lines.append(
            f"{row.name:{width}}  {hit:>9} {share:>6} %  {sides_hit:>9} {sides_share:>6} %   {missed}".rstrip()
        )
    return "\n".join(lines)


def enough(row: Row) -> bool:
    return all(
        100 * hit >= THRESHOLD * of
        for hit, of in ((row.statements_hit, row.statements), (row.sides_hit, row.sides))
    )


def main(arguments: list[str]) -> int:
    data = ROOT / ".coverage"
    if not data.exists():
        print("there is no .coverage: run `./run test --cov`")
        return 1
    table = rows(data, ROOT / "contracts")
    if arguments == ["--no-limit"]:
        print(shown([row for row in table if row.statements_hit]))
        return 0
    print(shown(table))
    below = [row.name for row in table if not enough(row)]
    if not below:
        return 0
    print(f"files below {THRESHOLD} %: " + ", ".join(below))
    if enough(total(table)):
        return 0
    print(f"coverage failed: the total is below {THRESHOLD} %")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
