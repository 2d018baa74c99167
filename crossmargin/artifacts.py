"""The contracts compiled from `contracts/`, in parallel and only when their sources changed.

What was compiled is kept in `.cache/artifacts`, under a hash of the contract's file and of all it imports. To have it all there
beforehand, as `./run setup` does: python -m crossmargin.artifacts
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
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


def compiled(
    names: Iterable[str], root: Path = ROOT, say: Callable[[str], object] = lambda text: None
) -> dict[str, Artifact]:
    """The artifacts of these contracts (CamelCase names), compiled where there are none yet: `say` is told before that."""
    wanted = list(dict.fromkeys(names))
    keys = _ensure(wanted, root, say)
    return {name: _load(name, _file(name, keys[name], root)) for name in wanted}


def everything(root: Path = ROOT) -> list[str]:
    """The names of all contracts that can be deployed."""
    return sorted(path.stem for path in (root / "contracts").glob("**/*.vy") if path.stem[0].isupper())


def _ensure(names: Sequence[str], root: Path, say: Callable[[str], object]) -> dict[str, str]:
    """Compile what is not kept yet; returns the key of each."""
    if not (root / "contracts").is_dir():
        raise ConfigError("there are no contracts to compile here: deploy from a checkout of the project")
    keys = {name: key_of(name, root) for name in names}
    missing = [name for name in names if not _file(name, keys[name], root).exists()]
    if missing:
        say(f"compiling {len(missing)} contract{'s' * (len(missing) > 1)}, once: up to a minute")
    for name, output in _compile_all(missing, root):
        if isinstance(output, str):
            raise ConfigError(f"{name} does not compile: {output}")
        _keep(_file(name, keys[name], root), output)
    return keys


def _compile_all(names: Sequence[str], root: Path) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """The compiler's output or complaint for each, on all cores, as they come."""
    if len(names) < 2:
        yield from ((name, _compile(name, root)) for name in names)
        return
    # the longest first: they decide when the last core is done
    sizes = {
        name: sum(path.stat().st_size for path in _closure(source_of(name, root), root)) for name in names
    }
    ordered = sorted(names, key=lambda name: -sizes[name])
    before = set(multiprocessing.active_children())
    try:
        with ProcessPoolExecutor(min(len(names), os.cpu_count() or 1), initializer=_heed_ctrl_c) as pool:
            try:
                yield from zip(ordered, pool.map(_compile, ordered, [root] * len(ordered)), strict=True)
            except BaseException:  # of the caller's too: what is under way is of no use any more
                for worker in set(multiprocessing.active_children()) - before:
                    worker.terminate()
                raise
    except BrokenProcessPool:
        raise ConfigError("the compiler was stopped from outside: is there enough memory?") from None


def _heed_ctrl_c() -> None:
    """A worker ends at Ctrl-C without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


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


def main() -> int:
    """Compile every contract that is not compiled yet; says so, or what is wrong, in one line."""
    try:
        _ensure(everything(), ROOT, lambda text: print(f"run: {text}", file=sys.stderr, flush=True))
    except (ConfigError, OSError) as fault:
        print(f"run: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nrun: interrupted; what is compiled is kept", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
