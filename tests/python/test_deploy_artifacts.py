"""Compiling at deployment: what is kept, and that nothing stale is handed out."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from crossmargin.artifacts import compiled, everything, key_of
from crossmargin.errors import ConfigError

MODULE = "# pragma version 0.4.3\nN: constant(uint256) = {}\n"
CONTRACT = """# pragma version 0.4.3
from contracts.modules import numbers

NAME: immutable(uint256)

@deploy
def __init__(name: uint256):
    NAME = name

@external
@pure
def number() -> uint256:
    return numbers.N
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of one contract and one module."""
    (tmp_path / "contracts/modules").mkdir(parents=True)
    (tmp_path / "contracts/modules/numbers.vy").write_text(MODULE.format(1))
    (tmp_path / "contracts/Thing.vy").write_text(CONTRACT)
    return tmp_path


def test_creation_code_takes_the_arguments(root):
    thing = compiled(["Thing"], root)["Thing"]
    assert thing.init_code([7]) == thing.creation + (7).to_bytes(32, "big")
    assert thing.runtime in thing.creation


def test_it_compiles_once(root, monkeypatch):
    first = compiled(["Thing"], root)
    monkeypatch.setattr("crossmargin.artifacts._compile", None)  # calling it would fail
    assert compiled(["Thing"], root) == first


def test_a_change_in_a_module_is_a_change(root):
    before, key = compiled(["Thing"], root)["Thing"], key_of("Thing", root)
    (root / "contracts/modules/numbers.vy").write_text(MODULE.format(2))
    assert key_of("Thing", root) != key
    assert compiled(["Thing"], root)["Thing"].runtime != before.runtime


def test_imports_it_cannot_follow_are_faults(root):
    source = root / "contracts/Thing.vy"
    source.write_text(CONTRACT.replace("import numbers", "import elsewhere"))
    with pytest.raises(ConfigError, match=r"imports contracts.modules.elsewhere, which is not there"):
        compiled(["Thing"], root)
    source.write_text(CONTRACT.replace("import numbers", "import numbers, more"))
    with pytest.raises(ConfigError, match="one import a line"):
        compiled(["Thing"], root)


def test_faults_are_one_line(root):
    (root / "contracts/Thing.vy").write_text(CONTRACT.replace("numbers.N", "numbers.M"))
    with pytest.raises(ConfigError, match="Thing does not compile") as fault:
        compiled(["Thing"], root)
    assert "\n" not in str(fault.value)
    with pytest.raises(ConfigError, match="no contract Other"):
        compiled(["Other"], root)
    with pytest.raises(ConfigError, match="deploy from a checkout"):
        compiled(["Thing"], root / "contracts")


def test_it_says_once_that_it_compiles(root):
    said = []
    for _ in range(2):
        compiled(["Thing"], root, said.append)
    assert said == ["compiling 1 contract, once: up to a minute"]


def test_several_are_compiled_on_several_cores_and_kept_as_they_come(root):
    """Once nothing was kept of what had been compiled before the first fault."""
    (root / "contracts/Other.vy").write_text(
        CONTRACT.replace("numbers.N", "numbers.M") + "\n" + "# longer\n" * 9
    )
    (root / "contracts/Small.vy").write_text(CONTRACT.replace("number()", "small()"))
    assert everything(root) == ["Other", "Small", "Thing"]
    with pytest.raises(ConfigError, match="Other does not compile"):
        compiled(everything(root), root)
    (root / "contracts/Other.vy").write_text(
        CONTRACT.replace("number()", "other()") + "\n" + "# longer\n" * 9
    )
    before = multiprocessing.active_children()
    said = []
    found = compiled(everything(root), root, said.append)
    assert list(found) == ["Other", "Small", "Thing"]
    assert len({one.runtime for one in found.values()}) == 3
    assert multiprocessing.active_children() == before
    assert said[0].startswith("compiling")


def test_a_compiler_that_is_killed_is_one_line(root, monkeypatch):
    """It was a traceback of the process pool."""
    (root / "contracts/Other.vy").write_text(CONTRACT.replace("number()", "other()"))
    monkeypatch.setattr("crossmargin.artifacts._heed_ctrl_c", killed)
    with pytest.raises(
        ConfigError, match=r"^the compiler was stopped from outside: is there enough memory\?$"
    ):
        compiled(["Thing", "Other"], root)


def killed() -> None:
    os._exit(9)
