"""cure and cascade: the Lens passes on what the RiskLens answers."""

from __future__ import annotations

from tests.support.words import WAD
from tests.unit.lens.conftest import Seen


def test_cure(seen: Seen) -> None:
    found = {name: seen.lens.cure(account) for name, account in seen.accounts.items()}
    assert found == {name: seen.risks.cure(account) for name, account in seen.accounts.items()}
    assert any(one.quote for one in found.values()) and any(not one.quote for one in found.values())


def test_cascade(seen: Seen) -> None:
    some = [seen.accounts[n] for n in ("long", "mixed", "debtor")]
    moves = [0, -WAD // 3]
    steps = seen.lens.cascade(some, moves, WAD)
    assert steps == seen.risks.cascade(some, moves, WAD)
    assert len(steps) == 2 and steps[1].sliced > 0
