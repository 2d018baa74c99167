"""The contracts compiled from `contracts/`, in parallel and only when their sources changed.

What was compiled is kept in `.cache/artifacts`, under a hash of the contract's file and of all it imports.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple

from crossmargin.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
EVM = "cancun"
COMPILERS = ("vyper", "snekmate")  # what else decides about the code
_IMPORTS = re.compile(r"^(?:from\s.*\s)?import\s.*$", re.MULTILINE)
_IMPORT = re.compile(r"(?:from\s+([\w.]+)\s+)?import\s+([\w.]+)(?:\s+as\s+\w+)?\s*(?:#.*)?$")
_FOREIGN = ("snekmate", "ethereum", "vyper", "math")


@dataclass(frozen=True)
class Artifact:
    """A compiled contract. `runtime` is the deployed code without its immutables, which follow it."""

    name: str
    abi: Sequence[Mapping[str, Any]] = field(repr=False)
    creation: bytes = field(repr=False)
    runtime: bytes = field(repr=False)

    def init_code(self, args: Sequence[object]) -> bytes:
        """Creation code with its constructor's arguments."""
        inputs = [i for e in self.abi if e["type"] == "constructor" for i in e["inputs"]]
        return self.creation + encode([collapse_if_tuple(i) for i in inputs], args)


def compiled(names: Iterable[str], root: Path = ROOT) -> dict[str, Artifact]:
    """The artifacts of these contracts (CamelCase names), compiled where there are none yet."""
    wanted = dict.fromkeys(names)
    if not (root / "contracts").is_dir():
        raise ConfigError("there are no contracts to compile here: deploy from a checkout of the project")
    keys = {name: key_of(name, root) for name in wanted}
    missing = [name for name in wanted if not _file(name, keys[name], root).exists()]
    if len(missing) > 1:
        with ProcessPoolExecutor(min(len(missing), os.cpu_count() or 1)) as pool:
            outputs = dict(zip(missing, pool.map(_compile, missing, [root] * len(missing)), strict=True))
    else:
        outputs = {name: _compile(name, root) for name in missing}
    for name, output in outputs.items():
        if isinstance(output, str):
            raise ConfigError(f"{name} does not compile: {output}")
        _keep(_file(name, keys[name], root), output)
    return {name: _load(name, _file(name, keys[name], root)) for name in wanted}


def source_of(name: str, root: Path = ROOT) -> Path:
    """The file of a contract."""
    found = [path for path in (root / "contracts").glob(f"**/{name}.vy") if "modules" not in path.parts]
    if len(found) != 1:
        raise ConfigError(f"there is no contract {name} in contracts/")
    return found[0]


def key_of(name: str, root: Path = ROOT) -> str:
    """Hash of a contract's source, of all it imports and of the compilers' versions."""
    digest = hashlib.sha256(repr([EVM] + [(c, metadata.version(c)) for c in COMPILERS]).encode())
    for path in sorted(_closure(source_of(name, root), root)):
        digest.update(f"\0{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:32]


def _closure(path: Path, root: Path) -> set[Path]:
    """The file and, transitively, those of the project that it imports."""
    found: set[Path] = set()
    pending = [path]
    while pending:
        one = pending.pop()
        if one not in found:
            found.add(one)
            pending += _imports(one, root)
    return found


def _imports(path: Path, root: Path) -> list[Path]:
    found = []
    for line in _IMPORTS.findall(path.read_text()):
        match = _IMPORT.match(line)
        if match is None:
            raise ConfigError(f"{path.relative_to(root)}: one import a line, please: {line}")
        parts = [part for part in ".".join(filter(None, match.groups())).split(".") if part]
        if parts[0] in _FOREIGN:
            continue
        base = root.joinpath(*parts)
        files = [base.with_suffix(suffix) for suffix in (".vy", ".vyi") if base.with_suffix(suffix).exists()]
        if not files:  # better no cache than a stale one
            raise ConfigError(f"{path.relative_to(root)} imports {'.'.join(parts)}, which is not there")
        found += files
    return found


def _compile(name: str, root: Path) -> dict[str, Any] | str:
    """Vyper's output, or its complaint on one line."""
    try:
        from vyper.cli.vyper_compile import get_search_paths
        from vyper.compiler import compile_from_file_input
        from vyper.compiler.input_bundle import FilesystemInputBundle
        from vyper.compiler.settings import Settings
        from vyper.exceptions import VyperException
    except ImportError:
        return "there is no Vyper in this environment: run ./run setup"
    bundle = FilesystemInputBundle(get_search_paths([str(root)]))
    try:
        return compile_from_file_input(
            bundle.load_file(source_of(name, root)),
            input_bundle=bundle,
            settings=Settings(evm_version=EVM),
            output_formats=["abi", "bytecode", "bytecode_runtime"],
        )
    except VyperException as fault:
        return _first_words(fault)


def _first_words(fault: Exception) -> str:
    return " ".join(str(fault).split())[:300]


def _file(name: str, key: str, root: Path) -> Path:
    return root / ".cache" / "artifacts" / f"{name}-{key}.json"


def _keep(path: Path, output: Mapping[str, Any]) -> None:
    # whole or not at all: several programs may compile at once
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(dict(output)))
    part.replace(path)


@cache
def _load(name: str, path: Path) -> Artifact:
    output = json.loads(path.read_text())
    code = (bytes.fromhex(output[form].removeprefix("0x")) for form in ("bytecode", "bytecode_runtime"))
    return Artifact(name, output["abi"], *code)
