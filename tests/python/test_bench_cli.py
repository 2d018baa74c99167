"""The bench's command line: what is wrong with its files is told before it measures for minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossmargin import bench


@pytest.fixture(autouse=True)
def no_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "Anvil", None)  # starting one would fail


@pytest.mark.parametrize("text", ["", "[]", "{", '{"gas": 1}', '{"gas": [], "bytes": []}', "\x00"])
def test_figures_that_are_none_are_told_before_measuring(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """They were a traceback, after the measuring."""
    (file := tmp_path / "gas.json").write_text(text)
    assert bench.run(["--check", str(file)]) == 1
    said = f"bench: {file} is not a file of figures: ./run bench --json FILE writes one\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    "args,code,words",
    [
        (["--check", "none.json"], 1, "cannot read none.json: No such file or directory"),
        (["--check", "."], 2, "is a directory"),
        (["--json", "."], 2, "is a directory"),
        (["--jason", "x"], 2, "No such option: --jason"),
    ],
)
def test_other_faults_are_one_line(
    capsys: pytest.CaptureFixture[str], args: list[str], code: int, words: str
) -> None:
    assert bench.run(args) == code
    said = capsys.readouterr().err
    assert words in said and said.startswith("bench: ") and said.count("\n") == 1
