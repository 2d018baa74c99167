"""The Vault as dicts, written from the specification: what each call changes, or the reason why it must fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.unit.vault.support import QUOTE, word

INT128 = 2**127
UINT96 = 2**96
UINT128 = 2**128


class Refused(Exception):
    """A call that the Vault must revert, with this reason."""


@dataclass(frozen=True)
class Token:
    """decimals; got_bps: the part of a transfer that its receiver gets."""

    decimals: int
    got_bps: int = 10_000


@dataclass
class Books:
    """Cash, reservations and collateral by account in WAD, and what the Vault holds in token units."""

    tokens: dict[int, Token]
    cash: dict[int, int] = field(default_factory=dict)
    reserved: dict[int, int] = field(default_factory=dict)
    collateral: dict[tuple[int, int], int] = field(default_factory=dict)
    held: dict[int, int] = field(default_factory=dict)
    caps: dict[int, int] = field(default_factory=dict)

    def attempt(self, name: str, args: Sequence[object]) -> tuple[str | None, int | None]:
        """Make a call: (None, its result), or (the reason, None) with nothing changed."""
        parts = ("cash", "reserved", "collateral", "held", "caps")
        before = {part: dict(getattr(self, part)) for part in parts}
        try:
            return None, getattr(self, name)(*args)
        except Refused as refused:
            for part, saved in before.items():
                setattr(self, part, saved)
            return str(refused), None

    def free(self, account: int) -> int:
        """Cash that is not reserved, WAD; may be negative."""
        return self.cash.get(account, 0) - self.reserved.get(account, 0)

    def balance(self, account: int, asset: int) -> int:
        """What can leave the account."""
        return self.free(account) if asset == QUOTE else self.collateral.get((account, asset), 0)

    def total(self, asset: int) -> int:
        """L-1: the sum of all balances of an asset, which is what the Vault must call credited."""
        if asset == QUOTE:
            return sum(self.cash.values())
        return sum(amount for (_, kind), amount in self.collateral.items() if kind == asset)

    def debt(self) -> int:
        """D."""
        return sum(max(0, -cash) for cash in self.cash.values())

    def snapshot(self, account: int) -> tuple[int, tuple[int, ...]]:
        amounts = {asset: self.collateral.get((account, asset), 0) for asset in range(8)}
        bits = sum(1 << asset for asset, amount in amounts.items() if amount)
        packed = word(self.cash.get(account, 0), self.reserved.get(account, 0), bits)
        return packed, tuple(amount for amount in amounts.values() if amount)

    def wad(self, asset: int, tokens: int) -> int:
        """Token units in WAD, rounded down."""
        return tokens * 10**18 // 10 ** self.tokens[asset].decimals

    def add(self, account: int, asset: int, amount: int) -> None:
        if asset == QUOTE:
            after = self.cash.get(account, 0) + amount
            self.require(-INT128 <= after < INT128, "vault: cash range")
            self.cash[account] = after
        else:
            after = self.collateral.get((account, asset), 0) + amount
            self.require(after < UINT128, "vault: amount range")
            self.collateral[account, asset] = after

    def require(self, fine: bool, reason: str) -> None:
        if not fine:
            raise Refused(reason)

    def check_tokens(self, asset: int, tokens: int) -> None:
        self.require(asset in self.tokens, "vault: unknown asset")
        self.require(tokens < UINT128, "vault: too many tokens")
        unit = 10 ** max(0, self.tokens[asset].decimals - 18)
        self.require(tokens % unit == 0, "vault: amount granularity")

    def pull(self, account: int, asset: int, tokens: int) -> int:
        self.check_tokens(asset, tokens)
        arrived = tokens * self.tokens[asset].got_bps // 10_000
        amount = self.wad(asset, arrived)
        self.require(amount > 0, "vault: nothing credited")
        self.add(account, asset, amount)
        self.require(asset == QUOTE or self.total(asset) <= self.caps.get(asset, 0), "vault: deposit cap")
        self.held[asset] = self.held.get(asset, 0) + arrived
        return amount

    def set_cap(self, asset: int, cap: int) -> None:
        self.require(asset in self.tokens and asset != QUOTE, "vault: unknown asset")
        self.require(cap < UINT96, "vault: cap range")
        self.caps[asset] = cap

    def push(self, account: int, asset: int, tokens: int, heir: int) -> int:
        self.check_tokens(asset, tokens)
        amount = self.wad(asset, tokens)
        self.require(self.balance(account, asset) >= amount, "vault: insufficient balance")
        credited = self.total(asset)
        self.require(credited >= amount, "vault: not enough tokens")
        self.add(account, asset, -amount)
        self.held[asset] = self.held.get(asset, 0) - tokens
        if heir and asset == QUOTE and self.debt() > 0:
            # W-3: ceil(a D / credited)
            self.require(credited > 0, "math: ceil_div division by zero")
            share = -(-amount * self.debt() // credited)
            self.add(account, QUOTE, -share)
            self.add(heir, QUOTE, share)
        return amount

    def exchange(self, account: int, asset: int, tokens: int, price: int) -> int:
        sold = self.push(account, asset, tokens, 0)
        # up to WAD, then up to token units
        wad = -(-sold * price // 10**18)
        cost = -(-wad * 10 ** self.tokens[QUOTE].decimals // 10**18)
        paid = self.pull(account, QUOTE, cost)
        self.require(paid * 10**18 >= sold * price, "vault: paid too little")
        return cost

    def post(
        self, account: int, pool: int, change: int, keeper: int, fee: int, cover: int, to_cover: int
    ) -> None:
        parts = ((account, change - fee - to_cover), (pool, -change), (keeper, fee), (cover, to_cover))
        for who, delta in parts:
            self.add(who, QUOTE, delta)

    def shift(self, giver: int, taker: int, asset: int, amount: int) -> None:
        self.require(asset < 8 or asset == QUOTE, "vault: unknown asset")
        self.require(self.balance(giver, asset) >= amount, "vault: insufficient balance")
        self.add(giver, asset, -amount)
        self.add(taker, asset, amount)

    def reserve(self, account: int, change: int) -> None:
        if change > 0:
            self.require(self.free(account) >= change, "vault: insufficient balance")
        after = self.reserved.get(account, 0) + change
        self.require(0 <= after < UINT96, "vault: reserved range")
        self.reserved[account] = after

    def write_off(self, account: int, first: int, granted: int, last: int) -> None:
        missing = -self.cash.get(account, 0)
        if missing > 0:
            by_first = min(max(0, self.cash.get(first, 0)), granted, missing)
            for payer, paid in ((account, -missing), (first, by_first), (last, missing - by_first)):
                self.add(payer, QUOTE, -paid)
