"""Everything the contracts store about accounts, markets, orders, auctions and shares, read from storage at every step, and
its comparison with the model. Words that did not change keep their decoded object, so `is` tells what a step changed."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from crossmargin.model import QUOTE
from crossmargin.model.carry import Market
from crossmargin.model.ledger import Account
from crossmargin.model.orders import Order, Pending
from tests.stateful.switches import Switches, entry
from tests.stateful.twin import Snapshot, must
from tests.stateful.world import World
from tests.support import state_words as sw

CREDITED = 2**160 - 1  # of a word of totals; above it the deposit cap


def pending_word(p: Pending | None) -> int:
    """The word of a pending order, 0 for none."""
    if p is None:
        return 0
    t = p.timing
    return p.time | t.delay << 40 | t.window << 64 | t.max_exec_age << 88 | p.fee << 112


@cache
def set_bits(word: int) -> tuple[int, ...]:
    """Which bits of a word are set, from the lowest on."""
    return tuple(i for i in range(word.bit_length()) if word >> i & 1)


class Reader:
    """Reads one world's storage."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.keys = [*world.traders, world.model.pool_id, world.model.cover_id, *world.keepers]
        self.switches = Switches(world)
        self.vault = {
            n: world.vault.slot("ledger." + n) for n in ("words", "amounts", "quote_total", "totals", "owed")
        }
        names = ("bitmaps", "positions", "carries", "books", "first_sums", "second_sums")
        self.books = {n: world.manager.slot("books." + n) for n in names}
        self.assets = range(len(world.tokens))
        self.markets = range(len(world.setup.markets))
        self.balance = world.quote.slot("core.balanceOf")
        evm = world.chain.evm  # at C speed: some two hundred words a step
        self.of_vault = partial(evm.storage, world.vault.address)
        self.of_manager = partial(evm.storage, world.manager.address)
        self.slots = {key: self._slots(key) for key in self.keys}
        self.raw: dict[Any, tuple[Any, Any]] = {}
        self.hashes: dict[Order, int] = {}

    def read(self, touched: set[int]) -> Snapshot:
        """All accounts and markets. Of touched accounts also the slots that should be empty (I-7)."""
        w, vault, manager = self.world, self.of_vault, self.of_manager
        second = manager(self.books["second_sums"])
        must(second >> 192 == (1 << len(self.markets)) - 1, "I-29: bitmap of listed markets")
        assets = (QUOTE, *self.assets)
        return Snapshot(
            {key: self._account(key, key in touched) for key in self.keys},
            {m: self._market(m) for m in self.markets},
            sw.unpack_sums(manager(self.books["first_sums"]), second & (1 << 192) - 1),
            {QUOTE: vault(self.vault["quote_total"])}
            | {a: vault(entry(self.vault["totals"], a)) & CREDITED for a in self.assets},
            vault(self.vault["owed"]),
            {a: w.token_of(a).storage(entry(self.balance, w.vault.number)) for a in assets},
            w.chain.time,
            w.pool.storage(w.pool.slot("erc20.totalSupply")),
            self.switches.shares(w.pool),
            w.cover.storage(w.cover.slot("erc20.totalSupply")),
            self.switches.shares(w.cover),
        )

    def _market(self, m: int) -> Market:
        manager = self.of_manager
        raw = (manager(self.books["carries"] + m), manager(self.books["books"] + m))
        old = self.raw.get(("market", m))
        if old is None or old[0] != raw:
            old = self.raw["market", m] = (raw, sw.unpack_market(*raw))
        return old[1]

    def _slots(self, key: int) -> tuple[int, int, int, int]:
        """Of an account: its word, its bitmap, and where its amounts and positions begin."""
        vault, books = self.vault, self.books
        places = (vault["words"], books["bitmaps"], vault["amounts"], books["positions"])
        return tuple(entry(place, key) for place in places)

    def _account(self, key: int, fully: bool) -> Account:
        vault, manager = self.of_vault, self.of_manager
        word_at, bits_at, amounts, positions = self.slots[key]
        word, bits = vault(word_at), manager(bits_at)
        held = word >> 224
        if fully:
            kinds, markets = range(8), range(32)
        else:
            kinds, markets = set_bits(held), set_bits(bits & 2**32 - 1)
        found = {a: vault(amounts + a) for a in kinds}
        legs = {m: manager(positions + m) for m in markets}
        for name, bitmap, slots in (("asset", held, found), ("position", bits, legs)):
            for i, value in slots.items():
                must(
                    bool(value) == bool(bitmap >> i & 1), f"I-7: {key:#x}: bit and slot of {name} {i} differ"
                )
        called = key in self.world.model.in_band
        must(bits >> 32 == called, f"I-29: {key:#x}: in the band {bits >> 32:#x}, model {called}")
        raw = (word, {a: n for a, n in found.items() if n}, {m: x for m, x in legs.items() if x})
        old = self.raw.get(key)
        if old is None or old[0] != raw:
            cash, reserved, _ = sw.unpack_vault(word)
            fresh = Account(cash, reserved, raw[1], {m: sw.unpack_position(x) for m, x in raw[2].items()})
            old = self.raw[key] = (raw, fresh)
        return old[1]

    # ---- OrderBook and Liquidator --------------------------------------------------------------
    def check_orders(self, named: list[Order], number: int) -> None:
        """I-29: the words of all pending orders, of those a call named, and of one of all that ever were."""
        w, book = self.world, self.world.twin.book
        for order in named:
            self.hashes.setdefault(order, w.hash_of(order))
        watched = {*book.pending, *named}
        if self.hashes:
            watched.add(list(self.hashes)[number % len(self.hashes)])
        slot = w.orders.slot("words")
        for order in watched:
            found = w.orders.storage(entry(slot, self.hashes[order]))
            want = pending_word(book.pending.get(order))
            must(found == want, f"I-29: order {self.hashes[order]:#x}: word {found:#x}, model {want:#x}")
        must(w.orders.storage(w.orders.slot("keeper_fee")) == book.keeper_fee, "I-29: keeper fee")
        m = number % len(self.markets)
        timing, word = book.timings.get(m), w.orders.storage(entry(w.orders.slot("timings"), m))
        want = pending_word(Pending(0, timing, book.keeper_fee)) if timing else 0
        must(word == want, f"I-29: timing of market {m}: {word:#x}, model {want:#x}")

    def check_auctions(self) -> None:
        """I-29: what the Liquidator remembers of each asset, and its terms."""
        w, seller = self.world, self.world.twin.seller
        slot, storage, t = w.liquidator.slot("lots"), w.liquidator.storage, seller.terms
        for asset in self.assets:
            found, lot = storage(slot + asset), seller.lots.get(asset)
            want = t.auction_duration << 192 | (lot.amount | lot.start << 128 if lot else 0)
            must(found == want, f"I-29: lot of asset {asset}: {found:#x}, model {lot}")
        want = t.flat | t.gas_units << 96 | t.native << 128 | t.auction_duration << 136
        must(storage(w.liquidator.slot("terms_word")) == want, "I-29: terms")


def compare(found: Snapshot, world: World) -> None:
    """I-29: the chain's state is the model's, word for word."""
    venue = world.model
    for key, account in found.accounts.items():
        want = venue.account(key)
        must(account == want, lambda k=key, a=account, x=want: f"I-29: account {k:#x}: chain {a}, model {x}")
    for m, market in found.markets.items():
        want = venue.markets[m]
        market.share = want.share  # of the model alone
        must(market == want, lambda m=m, a=market, x=want: f"I-29: market {m}: chain {a}, model {x}")
    must(found.sums == venue.sums, lambda: f"I-29: sums: chain {found.sums}, model {venue.sums}")
    must(found.debt == venue.ledger.debt, lambda: f"I-29: D: chain {found.debt}, model {venue.ledger.debt}")
    for asset, amount in found.credited.items():
        want = venue.ledger.credited.get(asset, 0)
        must(amount == want, f"I-29: credited {asset}: chain {amount}, model {want}")
