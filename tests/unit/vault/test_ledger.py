"""Random calls, good and bad, against the dict model: every balance, sum, bit and D after each of them (L-1, I-1, I-7)."""

from __future__ import annotations

import random
from collections import Counter

import boa
import pytest
from eth_abi import decode, encode
from eth_utils import keccak
from pyrevm import EVM

from tests.unit.vault.conftest import ROOT, TOKENS, UNLIMITED
from tests.unit.vault.model import Books, Token
from tests.unit.vault.support import MOST, QUOTE

# Decimals on both sides of 18, and a token that keeps 1 % of each transfer.
LISTED = {
    0: Token(2),
    1: Token(18, got_bps=9_900),
    2: Token(24),
    3: Token(24, got_bps=9_900),
    QUOTE: Token(6),
}
ACCOUNTS = [owner << 96 | sub for owner, sub in ((1, 0), (1, 1), (2, 0), (2**160 - 1, 2**96 - 1), (3, 7))]
OPERATIONS = 1_500
MANAGER, PAYER, RECEIVER = (f"0x{i:040x}" for i in (0xA1, 0xA2, 0xA3))

CALLS = {
    "pull": ["uint256", "uint256", "address", "uint256"],
    "push": ["uint256", "uint256", "address", "uint256", "uint256"],
    "exchange": ["uint256", "(uint256,address,uint256,address,address)", "uint256", "bytes"],
    "set_cap": ["uint256", "uint256"],
    "cap": ["uint256"],
    "post": ["uint256", "uint256", "int256", "uint256", "uint256", "uint256", "uint256"],
    "shift": ["uint256"] * 4,
    "reserve": ["uint256", "int256"],
    "write_off": ["uint256"] * 4,
    "totals": [],
    "snapshot": ["uint256"],
    "credited": ["uint256"],
    "debt": [],
    "balanceOf": ["address"],
    "mint": ["address", "uint256"],
    "approve": ["address", "uint256"],
    "set_parts": ["uint256", "uint256"],
    "list_asset": ["address"],
}
SELECTORS = {name: keccak(text=f"{name}({','.join(types)})")[:4] for name, types in CALLS.items()}


class Chain:
    """The Vault and its tokens in pyrevm, some twenty times faster than boa."""

    def __init__(self) -> None:
        self.evm = EVM(gas_limit=2**60, spec_id="CANCUN")
        code = boa.load_partial(str(TOKENS / "FeeToken.vy")).compiler_data.bytecode
        self.tokens = {
            asset: self.evm.deploy(MANAGER, code + encode(["uint256"], [token.decimals]))
            for asset, token in LISTED.items()
        }
        vault = boa.load_partial(str(ROOT / "contracts" / "Vault.vy")).compiler_data.bytecode
        arguments = encode(["address", "address"], [MANAGER, self.tokens[QUOTE]])
        self.vault = self.evm.deploy(MANAGER, vault + arguments)
        for asset, address in self.tokens.items():
            if asset != QUOTE:
                self.call("list_asset", address)
                self.call("set_cap", asset, MOST)
            self.call("set_parts", 10_000, LISTED[asset].got_bps, to=address)
            self.call("mint", PAYER, 2**200, to=address)
            self.call("approve", self.vault, UNLIMITED, to=address, sender=PAYER)

    def call(self, name: str, *args: object, to: str | None = None, sender: str = MANAGER) -> bytes:
        data = SELECTORS[name] + encode(CALLS[name], args)
        return self.evm.message_call(sender, to or self.vault, calldata=data)

    def number(self, name: str, *args: object, to: str | None = None) -> int:
        return int.from_bytes(self.call(name, *args, to=to), "big")

    def attempt(self, name: str, *args: object) -> tuple[str | None, bytes]:
        """(reason, b"") of a revert, (None, what it returned) otherwise."""
        try:
            return None, self.call(name, *args)
        except RuntimeError as error:
            output = bytes.fromhex(str(error).rpartition("output: 0x")[2].split()[0])
            assert output[:4] == keccak(text="Error(string)")[:4], f"{name}{args}: no reason: {error}"
            return decode(["string"], output[4:])[0], b""


class Drawer:
    """Draws calls relative to the state: mostly good ones, many at the very edge, some just beyond it."""

    def __init__(self, seed: int, books: Books) -> None:
        self.random = random.Random(seed)
        self.books = books

    def account(self) -> int:
        return self.random.choice(ACCOUNTS)

    def asset(self) -> int:
        return self.random.choice(list(LISTED) if self.random.random() < 0.98 else [4, 8, 254])

    def part(self, most: int) -> int:
        """A part of `most`, often all of it, sometimes one more."""
        most = max(0, most)
        part = self.random.randint(0, most)
        return self.random.choice([0, 1, most, most, part, part, part, part, most + 1])

    def draw(self) -> tuple[str, list[object]]:
        names = ["pull", "pull", "push", "post", "post", "post", "shift", "reserve", "write_off", "exchange"]
        name = "set_cap" if self.random.random() < 0.03 else self.random.choice(names)
        return name, getattr(self, name)()

    def tokens(self, asset: int, amount: int) -> int:
        """WAD as token units; with many decimals once in a while not a whole number of WAD units."""
        decimals = LISTED.get(asset, Token(18)).decimals
        tokens = amount * 10**decimals // 10**18
        return tokens + (self.random.randint(1, 9) if decimals > 18 and self.random.random() < 0.1 else 0)

    def pull(self) -> list[object]:
        asset = self.asset()
        amount = self.random.choice([1, 10**18, 10**25, self.random.randint(1, 10**28)])
        room = self.books.caps.get(asset, 0) - self.books.total(asset)
        if asset != QUOTE and self.random.random() < 0.2:
            amount = self.part(room)
        if self.random.random() < 0.03:
            amount = 2**128
        return [self.account(), asset, self.tokens(asset, amount)]

    def push(self) -> list[object]:
        account, asset = self.account(), self.asset()
        heir = self.random.choice([0, 0, *ACCOUNTS])
        return [account, asset, self.tokens(asset, self.part(self.books.balance(account, asset))), heir]

    def exchange(self) -> list[object]:
        account, asset = self.account(), self.asset()
        held = [pair for pair, amount in self.books.collateral.items() if amount]
        if held and self.random.random() < 0.7:
            account, asset = self.random.choice(held)
        tokens = self.tokens(asset, self.part(self.books.balance(account, asset)))
        price = self.random.choice([0, 1, 10**6, 10**15, 10**22, self.random.randint(1, 10**25)])
        return [account, asset, tokens, price]

    def set_cap(self) -> list[object]:
        asset = self.asset()
        return [asset, self.random.choice([0, self.books.total(asset), MOST, MOST, MOST, MOST + 1])]

    def post(self) -> list[object]:
        ranked = sorted(ACCOUNTS, key=lambda account: self.books.cash.get(account, 0))
        owed = -self.books.cash.get(ranked[0], 0)
        if self.random.random() < 0.6 and owed > 0:
            # the richest takes the debt of the poorest, exactly
            return [ranked[0], ranked[-1], owed, self.account(), 0, self.account(), 0]
        account, pool, keeper, cover = (self.account() for _ in range(4))
        cash = self.books.cash.get(account, 0)
        # a part of what is there, exactly to zero, or well into debt and out of it again
        change = self.random.choice(
            [-self.part(abs(cash)), -self.part(abs(cash)), -cash, 10**18, -2 * abs(cash), 0]
        )
        fee, to_cover = (self.random.choice([0, 1, self.random.randint(0, 10**24)]) for _ in range(2))
        if self.random.random() < 0.05:
            change, fee = self.random.choice([(2**127, 0), (-(2**127) - 1, 0), (2**254, 0), (0, 2**127)])
        return [account, pool, change, keeper, fee, cover, to_cover]

    def shift(self) -> list[object]:
        giver, taker, asset = self.account(), self.account(), self.asset()
        return [giver, taker, asset, self.part(self.books.balance(giver, asset))]

    def write_off(self) -> list[object]:
        poorest = min(ACCOUNTS, key=lambda account: self.books.cash.get(account, 0))
        account = self.random.choice([poorest, self.account()])
        first, last = self.account(), self.account()
        owed = max(0, -self.books.cash.get(account, 0))
        return [account, first, self.random.choice([0, self.part(owed), 2**256 - 1]), last]

    def reserve(self) -> list[object]:
        account = self.account()
        if self.random.random() < 0.5:
            return [account, self.part(min(self.books.free(account), 2**97))]
        return [account, -self.part(self.books.reserved.get(account, 0))]


def check(chain: Chain, books: Books) -> None:
    """The chain is the model, and both obey the laws of the ledger."""
    for account in ACCOUNTS:
        packed, amounts = decode(["uint256", "uint256[]"], chain.call("snapshot", account))
        assert (packed, amounts) == books.snapshot(account)
        assert all(amounts)
        assert (packed >> 224).bit_count() == len(amounts)
    for asset, address in chain.tokens.items():
        credited = chain.number("credited", asset)
        assert credited == books.total(asset)
        held = chain.number("balanceOf", chain.vault, to=address)
        assert held == books.held.get(asset, 0)
        assert books.wad(asset, held) >= credited
        assert chain.number("cap", asset) == books.caps.get(asset, 0)
    assert chain.number("debt") == books.debt()
    held = books.wad(QUOTE, books.held.get(QUOTE, 0))
    totals = decode(["uint256"] * 3, chain.call("totals"))
    assert totals == (held, books.total(QUOTE), books.debt())


def sent(chain: Chain, name: str, args: list[object]) -> list[object]:
    """The model's arguments with the addresses that the Vault needs besides."""
    if name == "pull":
        return args[:2] + [PAYER] + args[2:]
    if name == "push":
        return args[:2] + [RECEIVER] + args[2:]
    if name == "exchange":
        account, asset, tokens, price = args
        token = chain.tokens.get(asset, chain.tokens[0])
        return [account, (asset, token, tokens, PAYER, RECEIVER), price, b""]
    return args


@pytest.mark.parametrize("seed", [1, 2])
def test_random_calls_match_the_model(seed):
    chain, books = Chain(), Books(LISTED)
    books.caps = {asset: MOST for asset in LISTED if asset != QUOTE}
    drawer, seen, in_debt = Drawer(seed, books), Counter(), 0
    for _ in range(OPERATIONS):
        name, args = drawer.draw()
        reason, result = books.attempt(name, args)
        got, output = chain.attempt(name, *sent(chain, name, args))
        assert got == reason, (name, args)
        if result is not None:
            numbers = result if isinstance(result, tuple) else (result,)
            assert decode(["uint256"] * len(numbers), output) == numbers, (name, args)
        check(chain, books)
        seen[name if reason is None else reason] += 1
        in_debt += books.debt() > 0
    thin = {what: seen[what] for what in EXPECTED if seen[what] < EXPECTED[what]}
    assert not thin, f"hardly tried: {thin} of {seen}"
    assert OPERATIONS // 10 < in_debt < OPERATIONS * 9 // 10


# How often each outcome must have come up in a run, so that the test cannot grow blind.
EXPECTED = {
    "pull": 80,
    "push": 60,
    "exchange": 60,
    "set_cap": 10,
    "post": 200,
    "shift": 100,
    "reserve": 80,
    "write_off": 80,
    "vault: insufficient balance": 20,
    "vault: unknown asset": 2,
    "vault: amount granularity": 2,
    "vault: nothing credited": 2,
    "vault: deposit cap": 10,
    "vault: cash range": 2,
    "vault: reserved range": 2,
}
