"""Everything the contracts store about accounts and markets, read from storage, and its comparison with the model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from crossmargin.model import QUOTE, Venue
from crossmargin.model.carry import Market
from crossmargin.model.ledger import Account
from tests.stateful.world import World, must
from tests.support import state_words as sw
from tests.support.pyrevm_chain import slot_of


@dataclass
class Snapshot:
    """Decoded state. accounts: those that are known. credited, held: by asset, WAD and token units."""

    accounts: dict[int, Account]
    markets: dict[int, Market]
    sums: tuple[int, ...]
    credited: dict[int, int]
    debt: int
    held: dict[int, int]
    time: int

    def cash(self, key: int) -> int:
        """Cash of an account, 0 for an unknown one."""
        return self.accounts[key].cash


@cache
def entry(slot: int, key: int) -> int:
    """Cached slot of a mapping's entry."""
    return slot_of(slot, key)


class Reader:
    """Reads one world's storage."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.keys = [*world.traders, world.model.pool_id, world.model.cover_id, world.keeper]
        self.vault = {n: world.vault.slot(n) for n in ("words", "amounts", "total", "owed")}
        names = ("bitmaps", "positions", "carries", "books", "first_sums", "second_sums")
        self.books = {n: world.manager.slot("books." + n) for n in names}
        self.assets = range(len(world.tokens))
        self.markets = range(len(world.setup.markets))
        self.balance = world.quote.slot("core.balanceOf")

    def read(self, touched: set[int]) -> Snapshot:
        """All accounts and markets. Of touched accounts also the slots that should be empty (I-7)."""
        w, vault, manager = self.world, self.world.vault.storage, self.world.manager.storage
        carries, books = self.books["carries"], self.books["books"]
        second = manager(self.books["second_sums"])
        must(second >> 192 == (1 << len(self.markets)) - 1, "I-29: bitmap of listed markets")
        assets = (QUOTE, *self.assets)
        return Snapshot(
            {key: self._account(key, key in touched) for key in self.keys},
            {m: sw.unpack_market(manager(carries + m), manager(books + m)) for m in self.markets},
            sw.unpack_sums(manager(self.books["first_sums"]), second & (1 << 192) - 1),
            {a: vault(entry(self.vault["total"], a)) for a in assets},
            vault(self.vault["owed"]),
            {a: w.token_of(a).storage(entry(self.balance, w.vault.number)) for a in assets},
            w.chain.time,
        )

    def _account(self, key: int, fully: bool) -> Account:
        vault, manager = self.world.vault.storage, self.world.manager.storage
        cash, reserved, held = sw.unpack_vault(vault(entry(self.vault["words"], key)))
        amounts, positions = (
            entry(self.vault["amounts"], key),
            entry(self.books["positions"], key),
        )
        bits = manager(entry(self.books["bitmaps"], key))
        account = Account(cash, reserved)
        for a in range(8) if fully else self.assets:
            if fully or held >> a & 1:
                amount = vault(amounts + a)
                must(
                    bool(amount) == bool(held >> a & 1), f"I-7: {key:#x}: bit and amount of asset {a} differ"
                )
                if amount:
                    account.collateral[a] = amount
        for m in range(32):
            if fully or bits >> m & 1:
                word = manager(positions + m)
                must(bool(word) == bool(bits >> m & 1), f"I-7: {key:#x}: bit and position {m} differ")
                if word:
                    account.positions[m] = sw.unpack_position(word)
        must(bits >> 32 == 0, f"I-7: {key:#x}: bits above the markets")
        return account


def compare(found: Snapshot, venue: Venue) -> None:
    """I-29: the chain's state is the model's, word for word."""
    for key, account in found.accounts.items():
        want = venue.account(key)
        must(account == want, f"I-29: account {key:#x}: chain {account}, model {want}")
    for m, market in found.markets.items():
        want = venue.markets[m]
        market.share = want.share
        must(market == want, f"I-29: market {m}: chain {market}, model {want}")
    must(found.sums == venue.sums, f"I-29: sums: chain {found.sums}, model {venue.sums}")
    must(found.debt == venue.ledger.debt, f"I-29: D: chain {found.debt}, model {venue.ledger.debt}")
    for asset, amount in found.credited.items():
        want = venue.ledger.credited.get(asset, 0)
        must(amount == want, f"I-29: credited {asset}: chain {amount}, model {want}")
