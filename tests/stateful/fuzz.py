"""Long campaigns: `python -m tests.stateful.fuzz --steps N --seed S`. Prints what was checked and what happened."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from tests.stateful.report import Report
from tests.stateful.runs import replay, run
from tests.stateful.twin import Failure
from tests.support.pyrevm_chain import ROOT


def arguments(args: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000, help="how many steps (default 100,000)")
    parser.add_argument("--seed", type=int, default=1, help="where the draws start")
    parser.add_argument(
        "--sequence", type=int, help="play only this sequence of the seed, as a failure names it"
    )
    parser.add_argument(
        "--root", type=Path, default=ROOT, help="another source tree to compile the contracts from"
    )
    parser.add_argument("--replay", type=Path, help="play the actions in the file of a failure again")
    return parser.parse_args(args)


def line(report: Report, steps: int) -> Text:
    """Where a run stands."""
    seen, rate = report.seen, report.steps / max(report.seconds, 0.01)
    left = (steps - report.steps) / max(rate, 0.01)
    return Text(
        f"{report.steps:,} of {steps:,} steps · {rate:.0f}/s · {left:.0f} s left · "
        f"{seen['liquidation: slice']} slices, {seen['liquidation: full close']} full closes, "
        f"{seen['liquidation: bad debt']} bad debts · {sum(report.checks.values()):,} checks"
    )


class Progress:
    """Shows where a run stands: a line that changes on a terminal, a new one every 10,000 steps elsewhere."""

    def __init__(self, steps: int) -> None:
        self.steps, self.next, self.report = steps, 0, Report()
        self.console = Console(stderr=True)
        self.live = (
            Live(console=self.console, refresh_per_second=2) if self.console.is_terminal else nullcontext()
        )

    def __call__(self, report: Report) -> None:
        self.report = report
        if report.steps >= self.next:
            terminal = isinstance(self.live, Live)
            self.next = report.steps + (50 if terminal else 10_000)
            text = line(report, self.steps)
            self.live.update(text) if terminal else self.console.print(text, soft_wrap=True)


def main(args: list[str] | None = None) -> int:
    """Run; 0 if nothing was violated and everything happened."""
    options = arguments(args)
    try:
        if options.replay:
            print(replay(options.replay, options.root).text())
            return 0
        return play(options)
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"cannot play {options.replay} again: {error}", file=sys.stderr)
        return 2


def play(options: argparse.Namespace) -> int:
    """A run and its report, which an interrupt only cuts short."""
    progress = Progress(options.steps)
    try:
        with progress.live:
            report = run(options.steps, options.seed, options.root, progress, options.sequence)
    except KeyboardInterrupt:
        print(progress.report.text())
        return 130
    print(report.text())
    missing = report.missing() if options.steps >= 20_000 and options.sequence is None else []
    if missing:
        print("never happened: " + ", ".join(missing), file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
