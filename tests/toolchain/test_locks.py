"""The lock files pin everything, by hash, and name no place to fetch it from."""

import json
import re
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "tools/node.lock", "tools/npm.lock", "package.json")


def entries(name: str) -> list[str]:
    """One string for each requirement, its hash lines joined to it."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("name", LOCKS)
def test_lock_names_no_host(name):
    text = (ROOT / name).read_text()
    assert not re.search(r"https?:|file:|://|--index-url|--find-links|--extra-index", text)


@pytest.mark.parametrize("name", ["requirements.lock", "tools/node.lock"])
def test_every_python_package_has_an_exact_version_and_hashes(name):
    found = entries(name)
    assert found
    for entry in found:
        assert re.match(r"[a-z0-9-]+==[^ ]+", entry), entry[:60]
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry[:60]


@pytest.mark.parametrize("name", ["vyper", "titanoboa", "pyrevm", "eth-ape", "ape-foundry", "snekmate"])
def test_environment_holds_what_the_lock_says(name):
    (locked,) = (entry.split()[0] for entry in entries("requirements.lock") if entry.startswith(name + "=="))
    assert locked == f"{name}=={version(name)}"


def test_npm_packages_are_exact_and_pinned_by_hash():
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    pinned = json.loads((ROOT / "tools/npm.lock").read_text())
    assert all(re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", value) for value in pinned.values())
    for name, wish in wanted.items():
        spec = wish.removeprefix("npm:") if wish.startswith("npm:") else f"{name}@{wish}"
        assert re.fullmatch(r"@?[a-z0-9/-]+@\d+\.\d+\.\d+", spec)
        if name == "@foundry-rs/anvil":
            spec = f"{name}-linux-amd64@{wish}"
        assert spec in pinned
