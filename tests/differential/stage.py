"""The contracts that a preview reads, with the state of a model's venue written into their storage."""

from __future__ import annotations

from collections.abc import Iterator

from eth_utils import keccak

from crossmargin.model import Venue
from crossmargin.model.preview import CascadeStep
from tests.differential.draws import rates_word, risk_word, terms_word, venue_word
from tests.support import state_words as sw
from tests.support.pyrevm_chain import Chain, address, slot_of, to_signed, words

POOL, COVER = int(address("pool"), 16), int(address("cover"), 16)
LISTED = 1 << 168
STALE = 2
NEVER = 2**256 - 1
Place = tuple[str, int]  # a contract's slot


def state_of(venue: Venue, underlying: int) -> int:
    """The state that its price word has."""
    return 0 if venue.valid.get(underlying) else STALE


class Stage:
    """One of each contract. `show` replaces whatever the last venue had left."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        by = address("deployer")
        deploy = chain.deploy
        quote = deploy("tests/contracts/tokens/StandardToken.vy", by, 6)
        self.engine = deploy("contracts/Engine.vy", by)
        self.oracle = deploy("contracts/OracleAdapter.vy", by, int(by, 16), 0)
        maker = address("deployer of the stage")
        manager = _first_of(maker)
        self.vault = deploy("contracts/Vault.vy", by, manager, quote.number)
        self.waterfall = deploy("contracts/Waterfall.vy", by, manager)
        core = (self.vault.number, self.oracle.number, self.engine.number, self.waterfall.number)
        self.manager = deploy("contracts/PositionManager.vy", maker, *core, POOL, COVER, int(by, 16))
        assert self.manager.number == manager
        self.lens = deploy("contracts/RiskLens.vy", by, manager)
        self.written: set[Place] = set()

    # ---- writing -------------------------------------------------------------------------------
    def show(self, venue: Venue) -> None:
        """Write a venue; raises Misfit, before anything is written, where it has no room in the words."""
        fresh = dict(self._manager(venue)) | dict(self._vault(venue)) | dict(self._rest(venue))
        for place in self.written - fresh.keys():
            self._write(place, 0)
        for place, value in fresh.items():
            self._write(place, value)
        self.written = set(fresh)

    def _write(self, place: Place, value: int) -> None:
        self.chain.evm.insert_account_storage(place[0], place[1], value)

    def _manager(self, venue: Venue) -> Iterator[tuple[Place, int]]:
        at, where = self.manager.address, self.manager.slot
        params, flags = venue.params, venue.flags
        switches = flags.grace_until << 192 | flags.last_prices << 235
        shares = params.cover_share << 160 | params.adl_ratio << 176
        collateral = sum(
            (a.underlying | a.discount << 8 | 1 << 24) << 32 * i for i, a in params.assets.items()
        )
        first, second = sw.pack_sums(venue.sums, (1 << len(params.markets)) - 1)
        yield (at, where("books.venue")), venue_word(params)
        yield (at, where("books.rates")), rates_word(params) | shares | switches
        yield (at, where("books.collateral")), collateral
        yield (at, where("books.first_sums")), first
        yield (at, where("books.second_sums")), second
        pages = [0] * 8
        for m, state in venue.markets.items():
            mp = params.markets[m]
            pages[m // 4] |= risk_word(mp) << 64 * (m % 4)
            yield (at, where("books.carries") + m), sw.pack_carry(state)
            yield (at, where("books.books") + m), sw.pack_book(state)
            yield (at, where("books.terms") + m), LISTED if state.settled else terms_word(mp)
        for i, page in enumerate(pages):
            yield (at, where("books.risks") + i), page
        for key, account in venue.ledger.accounts.items():
            yield (at, slot_of(where("books.bitmaps"), key)), sum(1 << m for m in account.positions)
            for m, held in account.positions.items():
                yield (at, slot_of(where("books.positions"), key) + m), sw.pack_position(*held)

    def _vault(self, venue: Venue) -> Iterator[tuple[Place, int]]:
        at, where = self.vault.address, self.vault.slot
        for key, account in venue.ledger.accounts.items():
            kinds = sum(1 << a for a in account.collateral)
            word = sw.field(account.cash, 0, 128) | account.reserved << 128 | kinds << 224
            yield (at, slot_of(where("ledger.words"), key)), word
            for a, amount in account.collateral.items():
                yield (at, slot_of(where("ledger.amounts"), key) + a), sw.unsigned(amount, 0, 128)

    def _rest(self, venue: Venue) -> Iterator[tuple[Place, int]]:
        """Price words, which were looked at in this second, and claims."""
        slot = self.oracle.slot("price_words")
        for u, price in venue.prices.items():
            word = price | venue.time << 136 | state_of(venue, u) << 216
            yield (self.oracle.address, slot + u), word
        claims = self.waterfall.slot("claims")
        for bucket, claim in venue.claims.items():
            yield (self.waterfall.address, slot_of(claims, bucket)), claim.used | claim.time << 128

    # ---- reading -------------------------------------------------------------------------------
    def cascade(self, accounts: list[int], moves: list[int], keeper_cost: int) -> list[tuple[int, ...]]:
        """Steps as the contract gives them: rounds, accounts, notional, bad debt, of it by the cover pool, R."""
        tail = words(len(accounts), *accounts, len(moves), *moves)
        head = words(96, 96 + 32 * (1 + len(accounts)), keeper_cost)
        found = self.lens.read("cascade", tail=head + tail)[2:]
        rows = [found[i : i + 6] for i in range(0, len(found), 6)]
        return [(*row[:5], to_signed(row[5])) for row in rows]

    def cure(self, account: int) -> tuple[int, int, int, int, list[int]]:
        """State, E, MM, the quote and the collateral that lead out of the band."""
        _, state, equity, maintenance, quote, _, _, *collateral = self.lens.read("cure", account)
        return state, to_signed(equity), maintenance, quote, collateral


def told(steps: list[CascadeStep]) -> list[tuple[int, ...]]:
    """The model's steps in the contract's order; of its two R the exact one."""
    return [(*s[:5], s.exact_equity) for s in steps]


def _first_of(maker: str) -> int:
    """Address of the first contract that an account deploys."""
    return int.from_bytes(keccak(b"\xd6\x94" + bytes.fromhex(maker[2:]) + b"\x80")[12:], "big")
