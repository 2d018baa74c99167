"""(13) A key without any rights calls every function of every contract, with zeros and with what could make sense (I-27, I-28).

Only what is on the list may succeed, and nobody else's cash, collateral, position, equity or shares may fall."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boa
import pytest
from eth_abi import encode
from eth_utils import function_signature_to_4byte_selector

from tests.adversarial.arena import BTC, ETH, USDC, WAD, Arena

CONTRACTS = ("manager", "orders", "liquidations", "shares", "oracle", "vault", "engine")
# What is meant for anyone: with an empty purse it moves nothing of anybody else.
ALLOWED = {
    "manager": {
        *("poke", "priced_leg", "settle_loss", "transfer", "withdraw", "convert_collateral", "close_fraction")
    },
    "orders": {"execute", "clear_expired"},
    "liquidations": {"liquidate", "observe"},
    "shares": {"approve", "transfer", "transferFrom"},
    "oracle": {"refresh"},
    "vault": set(),
    "engine": set(),
}


def arguments(kind: dict[str, Any], arena: Arena, target: int, plausible: bool) -> Any:
    """A zero of an ABI type, or what an attacker would try: the victim, its account, an amount of it."""
    name, label = kind["type"], kind["name"]
    if name.endswith("]"):
        size = name[name.rindex("[") + 1 : -1]
        one = {**kind, "type": name[: name.rindex("[")]}
        count = int(size) if size else int(plausible)
        return [arguments(one, arena, target, plausible) for _ in range(count)]
    if name == "tuple":
        return tuple(arguments(c, arena, target, plausible) for c in kind["components"])
    if name == "bool":
        return False
    if name.startswith("bytes"):
        return b"\x00" * (int(name[5:]) if name[5:] else 0)
    if name == "string":
        return ""
    if name == "address":
        if not plausible:
            return "0x" + "00" * 20
        if label in ("token", "asset"):
            return arena.tokens[1].address
        return victim_of(target) if label in ("owner", "payer", "buyer", "from") else THIEF
    if not plausible:
        return 0
    if name == "uint8":
        return 27
    if "account" in label:
        return target
    if label in ("market", "id", "kind", "ids", "asset", "underlying"):
        return ETH
    return {"size": -WAD, "fee": WAD, "change": WAD}.get(label, WAD // 2)


THIEF = str(boa.env.generate_address("thief"))


def victim_of(account: int) -> str:
    """Owner of an account."""
    return "0x" + (account >> 96).to_bytes(20, "big").hex()


def canonical(kind: dict[str, Any]) -> str:
    """ABI type with tuples spelled out."""
    if kind["type"].startswith("tuple"):
        inner = ",".join(canonical(c) for c in kind["components"])
        return f"({inner}){kind['type'][5:]}"
    return kind["type"]


def changing(contract: Any) -> Iterator[dict[str, Any]]:
    """The functions of its ABI that may change state."""
    for item in contract.abi:
        if item["type"] == "function" and item["stateMutability"] in ("nonpayable", "payable"):
            yield item


def state(arena: Arena, accounts: list[int]) -> list[int]:
    """Everything that an outsider must not lower."""
    found = [arena.shares.balanceOf(arena.lp), arena.shares.totalAssets()]
    for account in accounts:
        equity, _, maintenance, _ = arena.manager.account_health(account)
        found += [arena.manager.cash(account), equity, equity - maintenance]
        found += [arena.vault.collateral(account, asset) for asset in (0, 1)]
        found += [abs(arena.manager.position(account, market)[0]) for market in (BTC, ETH)]
    return found


@pytest.fixture
def accounts(arena: Arena, who: SimpleNamespace) -> list[int]:
    """Healthy books without a loss that could be settled, and without debt: nothing is open to anyone."""
    first = arena.deposit(who.victim, 100_000 * USDC)
    arena.deposit(who.victim, 10 * 10**18, arena.tokens[1])
    arena.trade(first, BTC, WAD)
    arena.trade(first, ETH, 5 * WAD)
    arena.set_price(BTC, 51_000 * WAD)
    arena.set_price(ETH, 2_100 * WAD)
    arena.submit(who.victim, arena.order(first, ETH, -WAD))
    for market in (BTC, ETH):
        arena.manager.poke(market)
    return [first, arena.pool_account, arena.cover_account]


@pytest.mark.parametrize("name", CONTRACTS)
@pytest.mark.parametrize("plausible", [False, True], ids=["zeros", "plausible"])
def test_nothing_of_anybody_else_falls(arena: Arena, accounts: list[int], name: str, plausible: bool) -> None:
    contract = getattr(arena, name)
    before = state(arena, accounts)
    succeeded, called = set(), 0
    for item in changing(contract):
        for target in accounts[:2]:
            values = [arguments(i, arena, target, plausible) for i in item["inputs"]]
            kinds = [canonical(i) for i in item["inputs"]]
            selector = function_signature_to_4byte_selector(f"{item['name']}({','.join(kinds)})")
            called += 1
            with boa.env.anchor():
                done = boa.env.execute_code(
                    to_address=contract.address, sender=THIEF, data=selector + encode(kinds, values)
                )
                if done.is_error:
                    continue
                succeeded.add(item["name"])
                after = state(arena, accounts)
                assert all(x <= y for x, y in zip(before, after)), item["name"]
                assert arena.purse(THIEF) == 0, item["name"]
    assert succeeded <= ALLOWED[name]
    assert called > 0 or name == "engine"
