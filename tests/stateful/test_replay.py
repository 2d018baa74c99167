"""A failing run tells seed, step and a file of its actions, and that file fails in the same place when it is played again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossmargin.model import Venue
from tests.stateful import fuzz, runs
from tests.stateful.runs import replay, run
from tests.stateful.twin import Failure

SEED, STEPS = 5, 400


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that pays a wei too little for a loss that is settled."""
    sound = Venue.settle_loss
    monkeypatch.setattr(
        Venue, "settle_loss", lambda v, account, market: max(0, sound(v, account, market) - 1)
    )


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the files of failures go."""
    monkeypatch.setattr(runs, "FAILURES", tmp_path)
    return tmp_path


def test_a_failure_can_be_played_again(faulty: None, failures: Path) -> None:
    """The story names seed, sequence, step and file; the file has every action; replaying stops at the same one."""
    with pytest.raises(Failure) as first:
        run(STEPS, SEED)
    (path,) = failures.iterdir()
    facts, story = json.loads(path.read_text()), str(first.value)
    assert f"seed {SEED}, sequence {facts['sequence']}, step {facts['step']}" in story
    assert f"--replay {path}" in story
    assert facts["log"][-1][:2] == ["call", "settle_loss"]
    with pytest.raises(Failure) as second:
        replay(path)
    assert str(first.value).splitlines()[0].removeprefix("Failure: ") in str(second.value)
    assert f"at action {len(facts['log'])}:" in str(second.value)


def test_it_passes_once_the_fault_is_gone(
    failures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same actions on sound code go through, by the command as well."""
    with monkeypatch.context() as patch:
        sound = Venue.settle_loss
        patch.setattr(Venue, "settle_loss", lambda v, account, market: max(0, sound(v, account, market) - 1))
        with pytest.raises(Failure):
            run(STEPS, SEED)
    (path,) = failures.iterdir()
    steps = json.loads(path.read_text())["step"]
    assert replay(path).steps == steps
    assert fuzz.main(["--replay", str(path)]) == 0
    assert f"{steps} steps in" in capsys.readouterr().out


def test_a_file_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, and code 2."""
    assert fuzz.main(["--replay", str(tmp_path / "nothing.json")]) == 2
    (tmp_path / "list.json").write_text("[]")
    assert fuzz.main(["--replay", str(tmp_path / "list.json")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
