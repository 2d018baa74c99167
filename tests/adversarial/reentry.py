"""Every external function of every contract of a venue, found in the ABIs, as calls with arguments; and an attacker that makes
them from inside a callback.

    made = calls(contracts(arena), plausible({...}, {...}))  # what could be tried
    attacker = Attacker(made)                # owns accounts and shares; once armed, whatever calls it runs the list
    attacker.act(contract, "withdraw", ...)  # its own calls
    attacker.outcomes()                      # what became of the list
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boa
from eth_abi import encode, is_encodable
from eth_utils import function_signature_to_4byte_selector

from tests.adversarial.arena import Arena
from tests.support.venue import ROOT, account_of, load
from tests.support.words import WAD, MarketParams

Kind = dict[str, Any]
Values = Callable[[Kind], Any]
CHANGING = ("nonpayable", "payable")


@dataclass(frozen=True)
class Call:
    """One function with arguments."""

    contract: str
    function: str
    target: str
    data: bytes
    changes: bool

    @property
    def name(self) -> str:
        """As allow-lists have it."""
        return f"{self.contract}.{self.function}"


# ---- what there is -----------------------------------------------------------------------------


def contracts(arena: Arena) -> dict[str, Any]:
    """The venue's own contracts among the handles of an arena, by what the arena calls them."""
    return {name: h for name, h in vars(arena).items() if source(h).parent == ROOT / "contracts"}


def source(handle: Any) -> Path:
    """The file a contract was compiled from."""
    return Path(getattr(handle, "filename", None) or "/")


def functions(handles: dict[str, Any], *mutability: str) -> Iterator[tuple[str, str, Kind]]:
    """(contract, address, ABI entry) of all functions, or of those with a mutability."""
    for handle in handles.values():
        for item in handle.abi:
            if item["type"] == "function" and (not mutability or item["stateMutability"] in mutability):
                yield source(handle).stem, str(handle.address), item


def call_of(contract: str, target: str, item: Kind, values: Values) -> Call:
    """A function with those values."""
    return Call(contract, item["name"], target, calldata(item, values), item["stateMutability"] in CHANGING)


def canonical(kind: Kind) -> str:
    """ABI type with tuples spelled out."""
    if kind["type"].startswith("tuple"):
        return f"({','.join(map(canonical, kind['components']))}){kind['type'][5:]}"
    return kind["type"]


def calldata(item: Kind, values: Values) -> bytes:
    """A call of a function with those values."""
    kinds = [canonical(i) for i in item["inputs"]]
    selector = function_signature_to_4byte_selector(f"{item['name']}({','.join(kinds)})")
    return selector + encode(kinds, [values(i) for i in item["inputs"]])


def calls(handles: dict[str, Any], values: Values, *mutability: str) -> list[Call]:
    """One call of every function."""
    return [call_of(*found, values) for found in functions(handles, *mutability)]


def forwarded(handles: dict[str, Any], inner: list[Call]) -> list[Call]:
    """Every function that takes an address and bytes, with each of the inner calls in them."""
    found = []
    for name, address, item in functions(handles, *CHANGING):
        if {"address", "bytes"} <= {i["type"] for i in item["inputs"]}:
            for call in inner:
                special = {"address": call.target, "bytes": call.data}
                values = plausible({}, {})
                found.append(
                    call_of(name, address, item, lambda k, s=special, v=values: s.get(k["type"]) or v(k))
                )
    return found


# ---- arguments ---------------------------------------------------------------------------------


def plausible(by_label: dict[str, Any], by_type: dict[str, Any]) -> Values:
    """Values by the argument's name, else by its type, else something small."""

    def value(kind: Kind) -> Any:
        name = kind["type"]
        # two contracts may mean different things by one name
        if is_encodable(canonical(kind), by_label.get(kind["name"])):
            return by_label[kind["name"]]
        if name.endswith("]"):
            size = name[name.rindex("[") + 1 : -1]
            return [value({**kind, "type": name[: name.rindex("[")], "name": ""})] * int(size or 1)
        if name == "tuple":
            return tuple(value(c) for c in kind["components"])
        if name in by_type:
            return by_type[name]
        if name.startswith("bytes"):
            return bytes(int(name[5:] or 0))
        plain = {"bool": False, "string": "", "address": "0x" + "00" * 20, "uint8": 27}
        return plain.get(name, WAD // 2)

    return value


def arbitrary(rng: random.Random, addresses: list[str], numbers: list[int]) -> Values:
    """Random values: edges of the type, addresses and numbers of the scene."""

    def value(kind: Kind) -> Any:
        name = kind["type"]
        if name.endswith("]"):
            size = name[name.rindex("[") + 1 : -1]
            one = {**kind, "type": name[: name.rindex("[")]}
            return [value(one) for _ in range(int(size) if size else rng.randrange(3))]
        if name == "tuple":
            return tuple(value(c) for c in kind["components"])
        if name == "bool":
            return rng.random() < 0.5
        if name == "address":
            return rng.choice(addresses)
        if name == "string":
            return ""
        if name.startswith("bytes"):
            return rng.randbytes(int(name[5:]) if name[5:] else rng.choice((0, 4, 32)))
        bits = int(name.removeprefix("u")[3:])
        number = rng.choice([*numbers, 0, 1, rng.randrange(32), rng.getrandbits(rng.randrange(1, bits))])
        number %= 1 << (bits if name[0] == "u" else bits - 1)
        return -number if name[0] == "i" and rng.random() < 0.5 else number

    return value


# ---- who makes them ----------------------------------------------------------------------------


class Attacker:
    """A contract that owns accounts and shares and, once armed, makes all calls of a list in every callback."""

    def __init__(self, made: list[Call] = ()) -> None:
        self.contract = load("tests/contracts/attackers/Reentrant.vy")
        self.address = str(self.contract.address)
        self.account = account_of(self.address)
        self.made: list[Call] = []
        self.add(list(made))

    def add(self, made: list[Call]) -> None:
        """Put further calls on the list."""
        for i in range(0, len(made), 16):
            self.contract.add([(c.target, c.data) for c in made[i : i + 16]])
        self.made += made

    def act(self, target: Any, function: str, *args: Any) -> bytes:
        """A call of its own to the start with; reverts as the target does."""
        data = getattr(target, function).prepare_calldata(*args)
        return self.contract.act(target.address, data)

    def outcomes(self) -> list[tuple[Call, bool, bytes]]:
        """(call, success in any callback, start of the last answer)."""
        found = []
        for start in range(0, len(self.made), 32):
            found += self.contract.found(start, min(32, len(self.made) - start))
        return [(c, o.success, o.answer) for c, o in zip(self.made, found)]

    def outside(self, call: Call) -> tuple[bool, bytes]:
        """What the call comes to outside of any callback, without consequences."""
        with boa.env.anchor():
            done = boa.env.execute_code(call.target, sender=self.address, data=call.data)
            return not done.is_error, done.output


def replace_token(token: Any, path: str) -> Any:
    """Give a token that the venue holds already other code over the same storage, as an upgrade would."""
    other = load(path, 18)
    layout = other.compiler_data.storage_layout["storage_layout"]
    assert layout["core"] == token.compiler_data.storage_layout["storage_layout"]["core"]
    boa.env.set_code(token.address, boa.env.get_code(other.address))
    return other.deployer.at(token.address)


def configurator(arena: Arena) -> Any:
    """The real Configurator in the place of the account that stands in for it, told the arena's markets again."""
    made = _configurators().deploy(arena.owner, override_address=arena.configurator)
    made.wire(arena.manager.address, sender=arena.owner)
    for i, market in enumerate(arena.setup.markets):
        made.set_market(i, market_fields(market), sender=arena.owner)
    return made


@cache
def _configurators() -> Any:
    return boa.load_partial(str(ROOT / "contracts/Configurator.vy"))


def market_fields(m: MarketParams) -> tuple[int, ...]:
    """A market's parameters as the Configurator takes them."""
    lot = 10**10
    rates = (m.taker, m.maker, m.spread, m.p_min, m.oi_lo, m.oi_hi, m.oi_cap)
    limits = (m.max_oi * lot, m.max_oi_quote, m.share, m.min_notional)
    return (m.beta, m.sigma, m.clamp or m.w // 2, m.velocity, m.scale * lot, *rates, *limits)
