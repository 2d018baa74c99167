"""./run starts, explains itself and fails in one line."""

import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERBS = "demo test fuzz bench devnet drill compile lint format exec shell setup clean help".split()


def run(*args: str, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(ROOT / "run"), *args],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | env,
    )


@pytest.mark.parametrize("words", [["--help"], ["help"], []])
def test_help_lists_the_verbs(words):
    done = run(*words)
    assert done.returncode == 0
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert listed == VERBS


def test_unknown_verb_fails_in_one_line():
    done = run("tset")
    assert done.returncode == 1
    assert done.stderr == "run: there is no verb 'tset'; ./run help lists them\n"


def test_exec_runs_in_the_environment_and_keeps_the_exit_code():
    code = "import sys, crossmargin; print(sys.prefix); sys.exit(7)"
    done = run("exec", "python", "-c", code)
    assert (done.returncode, done.stdout.strip()) == (7, str(ROOT / ".venv"))


def test_exec_of_a_missing_command_fails_in_one_line():
    done = run("exec", "no-such-command")
    assert done.returncode == 1
    assert done.stderr == "run: there is no command 'no-such-command'\n"


def test_file_parses_under_old_pythons():
    """An unsupported Python must get as far as the message that says so."""
    import ast

    ast.parse((ROOT / "run").read_text(), feature_version=(3, 6))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """`run` as a module, in a folder of its own; its Python notes each call in `calls` and fails while `fail` is there."""
    loader = importlib.machinery.SourceFileLoader("run_file", str(ROOT / "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_file", loader))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncd {tmp_path}\necho "$@" >> calls\ntest ! -e fail\n')
    python.chmod(0o755)
    for name in (
        "contracts/A.vy",
        "interfaces/I.vyi",
        "tests/T.vy",
        "crossmargin/artifacts.py",
        "requirements.lock",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    (tmp_path / ".cache/artifacts").mkdir(parents=True)
    for name, value in {
        "ROOT": tmp_path,
        "PYTHON": python,
        "CACHE": tmp_path / ".cache",
        "COMPILED": tmp_path / ".cache/artifacts/.ready",
    }.items():
        monkeypatch.setattr(module, name, str(value))
    module.folder = tmp_path
    return module


def compilations(project) -> int:
    calls = project.folder / "calls"
    lines = calls.read_text().splitlines() if calls.exists() else []
    return lines.count("-m crossmargin.artifacts")


def test_set_up_compiles_once_and_again_when_a_source_changed(project):
    """The first demo compiled for a minute in the midst of its own progress."""
    assert [project.precompile() for _ in range(3)] == [0, 0, 0]
    assert compilations(project) == 1
    (project.folder / "tests/T.vy").write_text("2")  # no contract that is deployed
    assert project.precompile() == 0
    assert compilations(project) == 1
    for count, name in enumerate(["contracts/A.vy", "interfaces/I.vyi", "requirements.lock"], start=2):
        (project.folder / name).write_text("2")
        assert project.precompile() == 0
        assert compilations(project) == count


def test_a_compilation_that_failed_is_tried_again(project):
    (project.folder / "fail").touch()
    assert project.precompile() == 1
    (project.folder / "fail").unlink()
    assert project.precompile() == 0
    assert compilations(project) == 2


def test_what_run_itself_costs_is_far_below_a_second():
    began = os.times()
    run("exec", "true")
    ended = os.times()
    assert ended.children_user + ended.children_system - began.children_user - began.children_system < 1
