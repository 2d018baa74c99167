"""The other half of the campaign, in a file of its own so that it runs on another core."""

from __future__ import annotations

from tests.stateful.test_campaign import play


def test_second_campaign() -> None:
    """Seed 2."""
    play(2)
