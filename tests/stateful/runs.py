"""Runs of the campaign: so many steps of a seed, the story of a failure, and a failure played again."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

from tests.stateful import setups
from tests.stateful.campaign import Sequence
from tests.stateful.player import Player
from tests.stateful.report import Report
from tests.stateful.twin import Failure
from tests.stateful.world import World
from tests.support.pyrevm_chain import ROOT

FAILURES = ROOT / ".cache" / "fuzz"


def run(
    steps: int,
    seed: int,
    root: Path = ROOT,
    progress: Callable[[Report], None] | None = None,
    only: int | None = None,
) -> Report:
    """So many steps in sequences of SEQUENCE; `only` plays a single one of them. Raises Failure with the story."""
    report, started, number = Report(), time.monotonic(), only or 0
    while report.steps < steps:
        sequence = None
        try:
            sequence = Sequence(seed, number, report, root)
            while report.steps < steps and not sequence.over:
                sequence.move()
                report.seconds = time.monotonic() - started
                if progress:
                    progress(report)
        except Exception as error:
            raise Failure(_story(seed, number, sequence, report, error)) from error
        number += 1
        if only is not None:
            break
    return report


def replay(path: Path, root: Path = ROOT) -> Report:
    """Play the actions in a file of a failure again."""
    facts = json.loads(path.read_text())
    report, started = Report(), time.monotonic()
    rng = random.Random(f"{facts['seed']}/{facts['sequence']}")
    player = Player(World(setups.draw(rng), root), report)
    try:
        player.replay(facts["log"])
    except Exception as error:
        last = player.log[-1] if player.log else None
        raise Failure(f"{type(error).__name__}: {error}\nat action {len(player.log)}: {last}") from error
    finally:
        report.seconds = time.monotonic() - started
    return report


def _story(seed: int, number: int, sequence: Sequence | None, report: Report, error: Exception) -> str:
    """Seed, sequence, step, the last actions; all of them in a file."""
    log = sequence.p.log if sequence else []
    step = sum(kind in ("call", "check", "refused") for kind, *_ in log)  # the one that failed
    FAILURES.mkdir(parents=True, exist_ok=True)
    path = FAILURES / f"seed{seed}-sequence{number}.json"
    facts = {"seed": seed, "sequence": number, "step": step, "error": str(error), "log": log}
    path.write_text(json.dumps(facts, indent=1, default=str))
    last = "\n".join(f"  {entry}" for entry in log[-6:])
    return (
        f"{type(error).__name__}: {error}\nseed {seed}, sequence {number}, step {step} of it "
        f"({report.steps} steps, {report.seconds:.1f} s)\nlast actions:\n{last}\n"
        f"again: python -m tests.stateful.fuzz --replay {path}\n"
        f"or: python -m tests.stateful.fuzz --steps {step} --seed {seed} --sequence {number}"
    )
