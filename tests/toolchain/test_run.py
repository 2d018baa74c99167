"""./run starts, explains itself and fails in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERBS = "demo test fuzz bench devnet compile lint format exec shell setup clean help".split()


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
