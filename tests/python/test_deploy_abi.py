"""The ABIs in the package are those of the contracts: after a change, `./run compile --abi`."""

from __future__ import annotations

import json
from pathlib import Path

from crossmargin.artifacts import ROOT, compiled

ABI = ROOT / "crossmargin" / "abi"


def deployables() -> dict[str, Path]:
    """CamelCase.vy deploys."""
    return {path.stem: path for path in (ROOT / "contracts").glob("**/*.vy") if path.stem[0].isupper()}


def test_every_contract_has_its_abi_and_nothing_else_has():
    assert {path.stem for path in ABI.glob("*.json")} == set(deployables())


def test_the_abis_are_those_of_the_sources():
    artifacts = compiled(deployables())
    kept = {path.stem: json.loads(path.read_text()) for path in ABI.glob("*.json")}
    stale = [name for name, artifact in artifacts.items() if kept.get(name) != artifact.abi]
    assert not stale, f"run ./run compile --abi: the ABI changed of {', '.join(sorted(stale))}"


def test_no_function_is_overloaded():
    """Callers name functions by name alone."""
    for path in ABI.glob("*.json"):
        names = [e["name"] for e in json.loads(path.read_text()) if e["type"] == "function"]
        assert len(names) == len(set(names)), path.stem
