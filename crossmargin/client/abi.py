"""ABIs as package data, and the coding of calls, results and events they describe.

Structs become dicts by field name, so that a record is made by name and never by position.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.abi import collapse_if_tuple
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from crossmargin.deployment import artifact_of
from crossmargin.errors import ConfigError

T = TypeVar("T")
FOLDER = Path(__file__).resolve().parent.parent / "abi"

# The part of ERC-20 (and EIP-2612) that the client uses of foreign tokens.
ERC20 = [
    {
        "type": "function",
        "name": name,
        "inputs": [{"name": "", "type": t} for t in inputs],
        "outputs": outputs,
    }
    for name, inputs, outputs in (
        ("balanceOf", ("address",), [{"name": "", "type": "uint256"}]),
        ("allowance", ("address", "address"), [{"name": "", "type": "uint256"}]),
        ("decimals", (), [{"name": "", "type": "uint8"}]),
        ("symbol", (), [{"name": "", "type": "string"}]),
        ("name", (), [{"name": "", "type": "string"}]),
        ("version", (), [{"name": "", "type": "string"}]),
        ("nonces", ("address",), [{"name": "", "type": "uint256"}]),
        ("DOMAIN_SEPARATOR", (), [{"name": "", "type": "bytes32"}]),
        ("approve", ("address", "uint256"), []),
        ("transfer", ("address", "uint256"), []),
    )
]

# What the keeper reads of a push aggregator.
AGGREGATOR = [
    {
        "type": "function",
        "name": name,
        "inputs": [{"name": "", "type": t} for t in inputs],
        "outputs": [
            {"name": "id", "type": "uint80"},
            {"name": "answer", "type": "int256"},
            {"name": "started", "type": "uint256"},
            {"name": "updated", "type": "uint256"},
            {"name": "answered_in", "type": "uint80"},
        ],
    }
    for name, inputs in (("latestRoundData", ()), ("getRoundData", ("uint80",)))
]


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call to one contract, ready to be read or sent; `decode` turns what it returns into its record.

    `gas`: the limit to send it with where an estimate would be too low, else None.
    """

    label: str
    to: str
    data: str
    decode: Callable[[bytes], T]
    gas: int | None = None
    value: int = 0

    def answer(self, raw: str) -> T:
        """The record for a node's hexadecimal answer."""
        try:
            return self.decode(bytes.fromhex(raw.removeprefix("0x")))
        except (DecodingError, ValueError) as fault:
            raise ConfigError(
                f"{self.label} at {self.to}: the answer does not fit: {first_line(fault)}: is the address right?"
            ) from None

    def params(self, sender: str | None = None, gas: int | None = None) -> dict[str, str]:
        """The call as JSON-RPC has it."""
        found = {"to": self.to, "data": self.data}
        if sender:
            found["from"] = sender
        if gas or self.gas:
            found["gas"] = hex(gas or self.gas)
        if self.value:
            found["value"] = hex(self.value)
        return found


@dataclass(frozen=True)
class Function:
    """A function of an ABI."""

    name: str
    selector: str
    inputs: tuple[Mapping[str, Any], ...]
    outputs: tuple[Mapping[str, Any], ...]

    def call(
        self,
        contract: str,
        to: str,
        args: Sequence[object],
        make: Callable[..., T] = lambda *values: values[0] if len(values) == 1 else (values or None),
        gas: int | None = None,
        value: int = 0,
    ) -> Call[T]:
        """The call with these arguments; `make` gets the decoded outputs."""
        label = f"{contract}.{self.name}"
        try:
            data = self.selector + encode([collapse_if_tuple(i) for i in self.inputs], args).hex()
        except (EncodingError, TypeError, ValueError) as fault:
            raise ConfigError(f"{label}: bad argument: {first_line(fault)}") from None
        return Call(label, to, data, lambda raw: make(*self.decode(raw)), gas, value)

    def decode(self, raw: bytes) -> list[Any]:
        """Its outputs, structs as dicts."""
        values = decode([collapse_if_tuple(o) for o in self.outputs], raw)
        return [named(o, v) for o, v in zip(self.outputs, values, strict=True)]


@dataclass(frozen=True)
class EventType:
    """An event of an ABI."""

    name: str
    topic: str
    inputs: tuple[Mapping[str, Any], ...]

    def decode(self, topics: Sequence[str], data: str) -> dict[str, Any]:
        """Its fields by name."""
        plain = [i for i in self.inputs if not i["indexed"]]
        values = iter(decode([collapse_if_tuple(i) for i in plain], bytes.fromhex(data.removeprefix("0x"))))
        indexed = iter(topics[1:])
        found = {}
        for i in self.inputs:
            if i["indexed"]:
                value = decode([i["type"]], bytes.fromhex(next(indexed).removeprefix("0x")))[0]
            else:
                value = next(values)
            found[i["name"]] = named(i, value)
        return found


@dataclass(frozen=True)
class Abi:
    """A contract's functions by name and events by topic. Of functions with defaults the longest form counts."""

    name: str
    functions: Mapping[str, Function] = field(repr=False)
    events: Mapping[str, EventType] = field(repr=False)

    def call(self, to: str, function: str, *args: object, **options: Any) -> Call[Any]:
        """A call to the contract at `to`."""
        found = self.functions.get(function)
        if found is None:
            raise ConfigError(f"{self.name} has no function {function}: the ABI is of another version")
        return found.call(self.name, to, args, **options)


def parse(name: str, entries: Sequence[Mapping[str, Any]]) -> Abi:
    """An ABI from its JSON form."""
    functions: dict[str, Function] = {}
    events = {}
    for entry in entries:
        if entry["type"] == "function":
            inputs = tuple(entry["inputs"])
            known = functions.get(entry["name"])
            if known is None or len(known.inputs) < len(inputs):
                selector = "0x" + _hash(entry)[:4].hex()
                functions[entry["name"]] = Function(entry["name"], selector, inputs, tuple(entry["outputs"]))
        elif entry["type"] == "event":
            topic = "0x" + _hash(entry).hex()
            events[topic] = EventType(entry["name"], topic, tuple(entry["inputs"]))
    return Abi(name, functions, events)


@cache
def load(name: str) -> Abi:
    """The ABI of one of the project's contracts, by its name in a deployment."""
    path = FOLDER / f"{artifact_of(name)}.json"
    try:
        return parse(name, json.loads(path.read_text()))
    except FileNotFoundError:
        raise ConfigError(f"there is no ABI of {name}: run ./run compile --abi") from None


@cache
def erc20() -> Abi:
    """Any ERC-20."""
    return parse("ERC20", ERC20)


@cache
def aggregator() -> Abi:
    """Any Chainlink-type push aggregator."""
    return parse("Aggregator", AGGREGATOR)


def named(item: Mapping[str, Any], value: Any) -> Any:
    """A decoded value with dicts for structs, lists for arrays and checksummed addresses."""
    kind = item["type"]
    if kind.endswith("]"):
        inner = {**item, "type": kind[: kind.rindex("[")]}
        return [named(inner, one) for one in value]
    if kind == "tuple":
        return {c["name"]: named(c, one) for c, one in zip(item["components"], value, strict=True)}
    if kind == "address":
        return to_checksum_address(value)
    return value


def first_line(fault: BaseException) -> str:
    """An exception's message on one line."""
    return " ".join(str(fault).split()) or type(fault).__name__


def _hash(entry: Mapping[str, Any]) -> bytes:
    kinds = ",".join(collapse_if_tuple(i) for i in entry["inputs"])
    return keccak(text=f"{entry['name']}({kinds})")
