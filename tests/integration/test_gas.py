"""The committed gas figures still hold: what a change costs is seen in bench/gas.json and reviewed like code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.anvil
def test_gas_and_sizes_are_within_one_percent_of_the_committed(node_modules: Path) -> None:
    command = [sys.executable, "-m", "crossmargin.bench", "--check", "bench/gas.json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert run.returncode == 0, (
        f"{run.stdout}\n{run.stderr}\nif it is meant: ./run bench --json bench/gas.json"
    )
