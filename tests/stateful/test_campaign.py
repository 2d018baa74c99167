"""The stateful campaign as it runs in every test run: 20,000 steps on bytecode with the model beside it, half of them here."""

from __future__ import annotations

from tests.stateful.runs import run

STEPS = 10_000


def play(seed: int) -> None:
    """Model and chain agree at every step, every invariant holds, and everything worth seeing happened."""
    report = run(STEPS, seed)
    print(report.text())
    assert report.missing() == []


def test_first_campaign() -> None:
    """Seed 1."""
    play(1)
