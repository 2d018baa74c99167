"""Compiled contracts on a bare pyrevm: the fastest way to make hundreds of thousands of calls.

Compiler output is kept in .cache/ under the hash of every source it could depend on.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import site
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import vyper
from eth_utils import keccak
from pyrevm import EVM, BlockEnv, Env

from crossmargin import artifacts

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "pyrevm"
START = 1_700_000_000
GAS = 2**40
KEEP = 4  # compiler outputs of that many states of the sources
_OUTPUT = re.compile(r"output: 0x([0-9a-f]*)")


class Reverted(Exception):
    """A call reverted. `reason` is the text of Error(string), or "" without one."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason or "(no reason)")
        self.reason = reason


@dataclass(frozen=True)
class Artifact:
    """What the compiler made of a contract: init code, selectors by name, storage slots by variable."""

    code: bytes
    selectors: dict[str, bytes]
    slots: dict[str, int]


# ---- compiling ----------------------------------------------------------------------------------


@cache
def sources_hash(root: Path = ROOT) -> str:
    """Hash of all Vyper sources below contracts/, interfaces/ and tests/, and of the compiler's version."""
    digest = hashlib.sha256(vyper.__version__.encode())
    for top in ("contracts", "interfaces", "tests"):
        for path in sorted((root / top).rglob("*.vy*")):
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def compiled(path: str, root: Path = ROOT) -> Artifact:
    """The artifact of a source, from the cache if nothing changed."""
    CACHE.mkdir(parents=True, exist_ok=True)
    target = CACHE / f"{sources_hash(root)}-{Path(path).stem}.json"
    with open(CACHE / "lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two workers compile a contract once
        if not target.exists():
            target.write_text(json.dumps(_compile(path, root)))
            _forget(Path(path).stem)
    out = json.loads(target.read_text())
    selectors = {name: bytes.fromhex(value[2:].zfill(8)) for name, value in out["selectors"].items()}
    return Artifact(bytes.fromhex(out["code"].removeprefix("0x")), selectors, out["slots"])


def _forget(stem: str) -> None:
    kept = sorted(CACHE.glob(f"*-{stem}.json"), key=lambda p: p.stat().st_mtime)
    for old in kept[:-KEEP]:
        old.unlink()


def _compile(path: str, root: Path) -> dict[str, object]:
    from vyper.compiler import compile_from_file_input
    from vyper.compiler.input_bundle import FilesystemInputBundle
    from vyper.compiler.settings import Settings

    bundle = FilesystemInputBundle([*map(Path, site.getsitepackages()), root])
    # the code of what deploys is what the deployment compiles, once for all of the suites
    deploys = root == ROOT and Path(path).parent == Path("contracts")
    out = compile_from_file_input(
        bundle.load_file(Path(path)),
        input_bundle=bundle,
        settings=Settings(evm_version="cancun"),
        output_formats=["layout", "method_identifiers", *([] if deploys else ["bytecode"])],
    )
    if deploys:
        # all at once: that takes all cores, and others ask for the rest soon
        out["bytecode"] = artifacts.compiled(artifacts.everything())[Path(path).stem].creation.hex()
    selectors = {name.split("(")[0]: value for name, value in out["method_identifiers"].items()}
    return {
        "code": out["bytecode"],
        "selectors": selectors,
        "slots": dict(_flat(out["layout"].get("storage_layout", {}))),
    }


def _flat(layout: dict, prefix: str = ""):
    for name, item in layout.items():
        if "slot" in item:
            yield prefix + name, item["slot"]
        else:
            yield from _flat(item, f"{prefix}{name}.")


# ---- encoding -----------------------------------------------------------------------------------


def words(*values: int) -> bytes:
    """Values as 32-byte words; negative ones in two's complement."""
    return b"".join((v & 2**256 - 1).to_bytes(32, "big") for v in values)


def arrays(*columns: list[tuple[int, ...]]) -> bytes:
    """ABI encoding of arguments that all are dynamic arrays of static tuples."""
    head, tail, at = [], b"", 32 * len(columns)
    for rows in columns:
        head.append(at)
        part = words(len(rows), *(v for row in rows for v in row))
        tail += part
        at += len(part)
    return words(*head) + tail


def unsigned(data: bytes) -> list[int]:
    """The words of return data."""
    return [int.from_bytes(data[i : i + 32], "big") for i in range(0, len(data), 32)]


def to_signed(value: int) -> int:
    """A word read as int256."""
    return value - 2**256 if value >> 255 else value


def slot_of(slot: int, key: int) -> int:
    """Storage slot of a mapping's entry."""
    return int.from_bytes(keccak(words(slot, key)), "big")


# ---- a chain ------------------------------------------------------------------------------------


class Chain:
    """One EVM with a clock. Senders and targets are addresses as hex strings."""

    def __init__(self, root: Path = ROOT, time: int = START) -> None:
        self.root = root
        self.time = time
        self.number = 1
        self.evm = EVM(gas_limit=2**60, spec_id="CANCUN", env=Env(block=self._block()))

    def _block(self) -> BlockEnv:
        return BlockEnv(number=self.number, timestamp=self.time, basefee=0, gas_limit=2**60)

    def warp(self, seconds: int) -> None:
        """A new block some seconds later (0: the same second)."""
        self.time += seconds
        self.number += 1
        self.evm.set_block_env(self._block())

    def deploy(self, path: str, sender: str, *arguments: int, tail: bytes = b"") -> Contract:
        """Deploy a source with static arguments (or their encoding in `tail`)."""
        artifact = compiled(path, self.root)
        address = self.evm.deploy(sender, artifact.code + words(*arguments) + tail)
        return Contract(self, address.lower(), artifact)

    def send(self, sender: str, to: str, data: bytes) -> bytes:
        """A call; raises Reverted."""
        try:
            return self.evm.message_call(sender, to, data, gas=GAS)
        except RuntimeError as error:
            raise Reverted(_reason(str(error))) from None


def _reason(text: str) -> str:
    found = _OUTPUT.search(text)
    data = bytes.fromhex(found[1]) if found else b""
    if data[:4] != b"\x08\xc3\x79\xa0":
        return "" if found else text
    size = int.from_bytes(data[36:68], "big")
    return data[68 : 68 + size].decode()


@dataclass(frozen=True)
class Contract:
    """A deployed contract: `call(sender, name, *static arguments)`."""

    chain: Chain
    address: str
    artifact: Artifact

    @property
    def number(self) -> int:
        """The address as a number."""
        return int(self.address, 16)

    def call(self, sender: str, name: str, *arguments: int, tail: bytes = b"") -> bytes:
        """Return data; raises Reverted."""
        return self.chain.send(sender, self.address, self.artifact.selectors[name] + words(*arguments) + tail)

    def read(self, name: str, *arguments: int, tail: bytes = b"") -> list[int]:
        """The words a view returns."""
        return unsigned(self.call(NOBODY, name, *arguments, tail=tail))

    def slot(self, name: str) -> int:
        """Storage slot of a variable (module variables as module.name)."""
        return self.artifact.slots[name]

    def storage(self, slot: int) -> int:
        """A storage word."""
        return self.chain.evm.storage(self.address, slot)


NOBODY = "0x" + "ee" * 20


def address(name: str) -> str:
    """An account without code, told by its name."""
    return "0x" + keccak(text=name)[12:].hex()
