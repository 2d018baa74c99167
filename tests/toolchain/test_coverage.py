"""The coverage of the contracts counts what was executed: on a small contract, one call less shows exactly what it alone
had reached."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.coverage_table import Row, enough, percent

ROOT = Path(__file__).resolve().parents[2]

PART = """\
# pragma version 0.4.3
# pragma nonreentrancy off

@pure
@internal
def smaller(a: uint256, b: uint256) -> uint256:
    return a if a < b else b  # smaller
"""

SMALL = """\
# pragma version 0.4.3
# pragma nonreentrancy on

import part

event Seen:
    number: uint256
    twice: uint256

start: immutable(uint256)
total: public(uint256)


@deploy
def __init__(first: uint256):
    if first == 0:  # constructor
        raise "small: zero"  # zero
    start = first


@external
def bare(number: uint256):
    if number == 0:  # bare
        return
    self.total = number


@external
def last(number: uint256):
    self.total = 1
    if number > 3:  # last
        log Seen(
            number=number,
            twice=(
                number
                * 2
            ),
        )


@external
def chain(number: uint256) -> uint256:
    found: uint256 = 0
    if number == 1 or number == 5:  # first
        found = 10
    elif number == 2:  # second
        found = 20
    else:
        found = 30
    return found


@external
def loop(stop: uint256, skip: uint256) -> uint256:
    found: uint256 = 0
    for i: uint256 in range(8):
        if i == stop:  # stop
            break
        if i == skip:  # skip
            continue
        if i > 5:  # high
            found += 10
    return found


@external
def choose(
    number: uint256,
    limit: uint256,
) -> uint256:
    assert (
        number != 7
    ), "small: seven"
    half: uint256 = (
        number // 2 if number > 10  # half
        else limit
    )
    return part.smaller(half, limit)


@external
def nested(number: uint256) -> uint256:
    if number != 0:  # nested
        if number > 2:  # deep
            return self._helper(number)
    return 0


@external
def greater(a: uint256, b: uint256) -> uint256:
    return a if a > b else b  # greater


@internal
def _helper(number: uint256) -> uint256:
    result: uint256 = number + start  # helper
    return result
"""

# Together they reach everything, each something that no other one does.
CALLS = {
    "constructor zero": ("bare", [-1]),
    "bare zero": ("bare", [0]),
    "bare one": ("bare", [1]),
    "last below": ("last", [3]),
    "last above": ("last", [4]),
    "chain first": ("chain", [5]),
    "chain second": ("chain", [2]),
    "chain third": ("chain", [3]),
    "loop stopped": ("loop", [0, 9]),
    "loop skipping": ("loop", [9, 1]),
    "choose half": ("choose", [12, 9]),
    "choose limit": ("choose", [1, 9]),
    "nested zero": ("nested", [0]),
    "nested one": ("nested", [1]),
    "nested three": ("nested", [3]),
    "greater first": ("greater", [2, 1]),
    "greater second": ("greater", [1, 2]),
}

# What nobody reaches if the call is left out: lines are named by the comments above, +n is n lines below.
ALONE = {
    "constructor zero": ["constructor never true", "line zero"],
    "bare zero": ["bare never true", "line bare+1"],
    "bare one": ["bare never false", "line bare+2"],
    "last below": ["last never false"],
    "last above": ["last never true", "line last+1"],
    "chain first": ["first never true", "line first+1"],
    "chain second": ["second never true", "line second+1"],
    "chain third": ["second never false", "line second+3"],
    "loop stopped": ["stop never true", "line stop+1"],
    "loop skipping": ["stop never false", "line skip", "line skip+1", "line high", "line high+1"],
    "choose half": ["half:8 never true", "smaller:11 never true"],
    "choose limit": ["half:8 never false", "smaller:11 never false"],
    "nested zero": ["nested never false"],
    "nested one": ["deep never false"],
    "nested three": ["deep never true", "line deep+1", "line helper", "line helper+1"],
    # nothing in the code tells the two sides apart: neither counts before both were taken
    "greater first": ["greater:11 never true", "greater:11 never false"],
    "greater second": ["greater:11 never true", "greater:11 never false"],
}

SCRIPT = """\
import json, sys
from pathlib import Path
import boa, coverage
from tests.support.coverage_table import rows, total

folder, calls, runs = Path(sys.argv[1]), *map(json.loads, sys.argv[2:])

def deploy(first):
    return boa.load(str(folder / "contracts" / "Small.vy"), first)

def measure(name, chosen):
    file = folder / (name + ".data")
    cover = coverage.Coverage(data_file=str(file), config_file="pyproject.toml")
    cover.start()
    small = deploy(5)
    for function, arguments in (calls[one] for one in chosen):
        if arguments == [-1]:
            with boa.reverts("small: zero"):
                deploy(0)
        else:
            getattr(small, function)(*arguments)
    cover.stop()
    cover.save()
    table = rows(file, folder / "contracts")
    return {"missed": {row.name: row.missed for row in table}, "cells": total(table).cells()}

print(json.dumps({name: measure(name, chosen) for name, chosen in runs.items()}))
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """Everything called, nothing called, and each call left out in turn."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "contracts").mkdir()
    (folder / "contracts" / "Small.vy").write_text(SMALL)
    (folder / "contracts" / "part.vy").write_text(PART)
    runs = {one: [other for other in CALLS if other != one] for one in CALLS}
    runs |= {"all": list(CALLS), "none": []}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(folder), json.dumps(CALLS), json.dumps(runs)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def place(words: str) -> str:
    """`line bare+1` and `half:8 never true` with the numbers of the lines."""
    lines = {
        line.rsplit("  # ", 1)[1]: number
        for text in (SMALL, PART)
        for number, line in enumerate(text.splitlines(), 1)
        if "  # " in line
    }
    name = re.search(r"[a-z]+(?=[+: ]|$)", words.removeprefix("line "))[0]
    found = (
        words.replace(name, str(lines[name]), 1) if not words.startswith("line ") else f"line {lines[name]}"
    )
    below = re.search(r"\+(\d+)$", words)
    return found if below is None else f"line {lines[name] + int(below[1])}"


def missed(run: dict) -> set[str]:
    return {one for found in run["missed"].values() for one in found}


def test_reports_nothing_when_every_side_was_taken(measured):
    assert missed(measured["all"]) == set()
    # counted by hand: 36 statements, ten `if` and three conditional expressions
    assert measured["all"]["cells"] == ["36/36", "100.0", "26/26", "100.0"]


@pytest.mark.parametrize("call", CALLS)
def test_reports_what_only_the_call_left_out_reaches(measured, call):
    assert missed(measured[call]) == {place(words) for words in ALONE[call]}


def test_reports_a_body_as_missed_although_its_test_was_evaluated(measured):
    """boa's own plugin takes an `if` for all of its lines."""
    run = measured["last above"]
    assert missed(run) == {place("last never true"), place("line last+1")}


def test_counts_a_file_that_nothing_ran_in(measured):
    assert measured["none"]["missed"]["contracts/part.vy"] == ["line 7"]


@pytest.mark.parametrize(
    ("statements", "sides", "passes"),
    [
        ((95, 100), (95, 100), True),
        ((100, 100), (949, 1000), False),
        ((949, 1000), (100, 100), False),
        ((3, 3), (0, 0), True),  # nothing branches
        ((0, 3), (0, 0), False),
    ],
)
def test_demands_95_of_a_hundred_sides_and_statements(statements, sides, passes):
    assert enough(Row("total", statements[1], statements[0], sides[1], sides[0])) is passes


def test_rounds_shares_down():
    assert percent(9499, 10000) == "94.9"
    assert percent(0, 0) == "-"
