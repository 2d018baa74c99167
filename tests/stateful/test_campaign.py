"""The stateful campaign as it runs in every test run: 20,000 steps on bytecode with the model beside it."""

from __future__ import annotations

import pytest

from tests.stateful.campaign import run

STEPS = 10_000


@pytest.mark.parametrize("seed", (1, 2))
def test_campaign(seed: int) -> None:
    """Model and chain agree at every step, every invariant holds, and everything worth seeing happened."""
    report = run(STEPS, seed)
    print(report.text())
    assert report.missing() == []
