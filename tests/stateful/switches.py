"""What the contracts store beyond accounts, markets and shares of the pool: the venue's switches, claims on the cover pool, the
clock of deleveraging, closings, requests of exits, and who is in the warning band; read from storage at every step."""

from __future__ import annotations

from functools import cache

from crossmargin.model import Tranche
from tests.stateful.twin import Snapshot, must
from tests.stateful.world import World
from tests.support.pyrevm_chain import Contract, slot_of

NO_MARKET = 32
MINUTE = 60


@cache
def entry(slot: int, key: int) -> int:
    """Cached slot of a mapping's entry."""
    return slot_of(slot, key)


class Switches:
    """Reads and compares all of that on one world."""

    def __init__(self, world: World) -> None:
        self.w = world
        self.holders = [int(a, 16) for a in (*world.lps, world.actors["outsider"])]

    # ---- shares --------------------------------------------------------------------------------
    def shares(self, pool: Contract) -> dict[int, int]:
        """Balances of everybody who may hold shares, and of the pool itself: what is in escrow."""
        slot = pool.slot("erc20.balanceOf")
        return {h: pool.storage(entry(slot, h)) for h in (*self.holders, pool.number)}

    def compare(self, found: Snapshot) -> None:
        """I-29: word for word."""
        w = self.w
        self._book(w.pool, Tranche.POOL, found.supply, found.shares)
        self._book(w.cover, Tranche.COVER, found.cover_supply, found.cover_shares)
        self._rates()
        self._waterfall()
        self._closings()

    def _book(self, pool: Contract, tranche: Tranche, supply: int, shares: dict[int, int]) -> None:
        book, slot = self.w.model.books[tranche], pool.slot("exits.requests")
        must(supply == book.supply, f"I-29: {tranche.name}: supply {supply}, model {book.supply}")
        for holder in self.holders:
            want = book.holders.get(holder, 0)
            must(shares[holder] == want, f"I-29: {tranche.name}: shares {shares[holder]}, model {want}")
            exit_, word = book.pending.get(holder), pool.storage(entry(slot, holder))
            want = exit_.shares | exit_.ready << 216 if exit_ else 0
            must(word == want, f"I-29: {tranche.name}: request {word:#x} of {holder:#x}, model {exit_}")
        want = sum(x.shares for x in book.pending.values())
        must(shares[pool.number] == want, f"I-29: {tranche.name}: escrow {shares[pool.number]}, model {want}")

    # ---- words ---------------------------------------------------------------------------------
    def _rates(self) -> None:
        """Cooldowns, cover share, ADL ratio, grace and flags of the rates word."""
        w, p, f = self.w, self.w.model.params, self.w.model.flags
        waits = p.pool_cooldown // MINUTE | p.cover_cooldown // MINUTE << 16
        flags = f.paused | f.shutting_down << 1 | f.claims_open << 2 | f.last_prices << 3
        want = waits | p.cover_share << 32 | p.adl_ratio << 48 | f.grace_until << 64 | flags << 104
        got = w.manager.storage(w.manager.slot("books.rates")) >> 128
        must(got == want, f"I-29: rates {got:#x}, model {want:#x}")

    def _waterfall(self) -> None:
        w, v = self.w, self.w.model
        times, slot = w.waterfall.storage(w.waterfall.slot("times")), w.waterfall.slot("claims")
        must(times == v.clock.start | v.clock.last << 40, f"I-29: clock {times:#x}, model {v.clock}")
        for m in (*v.markets, NO_MARKET):
            word, claim = w.waterfall.storage(entry(slot, m)), v.claims.get(m)
            want = claim.used | claim.time << 128 if claim else 0
            must(word == want, f"I-29: claim of {m}: {word:#x}, model {claim}")

    def _closings(self) -> None:
        w, v, storage = self.w, self.w.model, self.w.configurator.storage
        slot, at = w.configurator.slot("winding.closings"), w.configurator.slot("winding.shut_down_at")
        must(storage(at) == v.flags.shutdown_time, f"I-29: shut down at {storage(at)}, model {v.flags}")
        settled = sum(1 << m for m, x in v.markets.items() if x.settled)
        got = storage(w.configurator.slot("winding.settled"))
        must(got == settled, f"I-29: settled {got:#x}, model {settled:#x}")
        for m in v.markets:
            if settled >> m & 1:
                continue
            c, word = v.closings.get(m), storage(entry(slot, m))
            want = c.start | c.last << 40 | c.seconds << 80 | c.total << 120 if c else 0
            must(word == want, f"I-29: closing of {m}: {word:#x}, model {c}")
