"""Long campaigns: `python -m tests.stateful.fuzz --steps N --seed S`. Prints what was checked and what happened."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from tests.stateful.campaign import replay, run
from tests.stateful.report import Report
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


def main(args: list[str] | None = None) -> int:
    """Run; 0 if nothing was violated and everything happened."""
    options = arguments(args)
    console = Console(stderr=True)
    try:
        if options.replay:
            print(replay(options.replay, options.root).text())
            return 0
        with Live(console=console, refresh_per_second=2) as live:
            report = run(
                options.steps,
                options.seed,
                options.root,
                lambda r: live.update(line(r, options.steps)) if r.steps % 50 == 0 else None,
                options.sequence,
            )
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    except (OSError, ValueError, KeyError) as error:
        print(f"cannot play {options.replay} again: {error}", file=sys.stderr)
        return 2
    print(report.text())
    missing = report.missing() if options.steps >= 20_000 and options.sequence is None else []
    if missing:
        print("never happened: " + ", ".join(missing), file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
