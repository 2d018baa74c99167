"""Shares of the LP pool and of the cover pool: entries, exits, exits by request (spec 7, L-2)."""

from __future__ import annotations

from . import pool
from .band import Band
from .maths import DAY, WAD, floor_tokens, to_wad
from .params import QUOTE, Reason, require
from .shares import Book, Exit, Tranche
from .state import atomic

MAX_TOKENS = 2**128 - 1  # of one move
POOL = Tranche.POOL


class Tranches(Band):
    """Assets are token units of the quote, shares plain integers, holders any number that stands for an owner."""

    # ---- worth ---------------------------------------------------------------------------------
    def tranche_equity(self, tranche: Tranche = POOL) -> int:
        """What exits share: R of U-0, or the cover pool's cash: WAD."""
        if tranche is POOL:
            return self.pool_equity() - self.premium()
        return self.ledger.get(self.cover_id).cash

    def entry_equity(self, tranche: Tranche = POOL) -> int:
        """What entries pay for: R, with inventory at P, not P·(1 − d_c): WAD."""
        return self.tranche_equity(tranche) + (self.discounts() if tranche is POOL else 0)

    def total_assets(self, tranche: Tranche = POOL) -> int:
        """Spec 7: max(0, ⌊R in tokens⌋), token units: what exits are paid by."""
        return self._assets(self.tranche_equity(tranche))

    def entry_assets(self, tranche: Tranche = POOL) -> int:
        """The same of what entries pay for."""
        return self._assets(self.entry_equity(tranche))

    def _assets(self, equity: int) -> int:
        return max(0, floor_tokens(equity, self.params.quote_decimals))

    # ---- previews ------------------------------------------------------------------------------
    def preview_deposit(self, assets: int, tranche: Tranche = POOL) -> int:
        """Shares for an entry by assets, rounded down."""
        return pool.shares_for(assets, *self._rate(self.entry_assets(tranche), tranche))

    def convert_to_shares(self, assets: int, tranche: Tranche = POOL) -> int:
        """Shares that assets are worth on the way out, rounded down."""
        return pool.shares_for(assets, *self._rate(self.total_assets(tranche), tranche))

    def preview_mint(self, shares: int, tranche: Tranche = POOL) -> int:
        """Assets for an entry by shares, rounded up."""
        return pool.assets_for(shares, *self._rate(self.entry_assets(tranche), tranche), up=True)

    def preview_withdraw(self, assets: int, tranche: Tranche = POOL) -> int:
        """Shares for an exit by assets, rounded up."""
        return pool.shares_for(assets, *self._rate(self.total_assets(tranche), tranche), up=True)

    def preview_redeem(self, shares: int, tranche: Tranche = POOL) -> int:
        """Assets for an exit by shares, rounded down."""
        return pool.assets_for(shares, *self._rate(self.total_assets(tranche), tranche))

    def _rate(self, total: int, tranche: Tranche) -> tuple[int, int, int]:
        return self.books[tranche].supply, total, self.params.quote_decimals

    # ---- the manager's door --------------------------------------------------------------------
    def _amount(self, asset: int, tokens: int, least: int = 1) -> int:
        """Token units to WAD (spec 1); rejects less than `least` and what cannot be represented."""
        if asset == QUOTE:
            decimals = self.params.quote_decimals
        else:
            require(asset in self.params.assets, Reason.ASSET)
            decimals = self.params.assets[asset].decimals
        wad = to_wad(tokens, decimals)
        require(least <= tokens <= MAX_TOKENS and wad is not None, Reason.AMOUNT)
        return wad

    def _check_open(self) -> None:
        """W-3: while the venue shuts down no quote leaves any account, until claims are open."""
        require(not self.flags.shutting_down or self.flags.claims_open, Reason.SHUTDOWN)

    @atomic
    def pool_deposit(self, tokens: int, tranche: Tranche = POOL) -> int:
        """Quote tokens into a pool's account; returns WAD."""
        amount = self._amount(QUOTE, tokens)
        self.ledger.add_cash(self.tranche_id(tranche), amount)
        self.ledger.credit(QUOTE, amount)
        return amount

    @atomic
    def pool_withdraw(self, tokens: int, tranche: Tranche = POOL) -> int:
        """Quote tokens out of a pool; L-2 afterwards. Nothing else: see `lp_withdraw`. Returns WAD.

        L-2: the LP pool's cash ≥ D, or, after an exit from the cover pool, the cash of one of the two.
        """
        self._check_open()
        amount, key = self._amount(QUOTE, tokens), self.tranche_id(tranche)
        self.ledger.add_cash(key, -amount)
        self.ledger.credit(QUOTE, -amount)
        left = self.ledger.get(key).cash
        if tranche is not POOL:
            left = max(left, self.ledger.get(self.pool_id).cash)
        require(left >= self.ledger.debt, Reason.POOL_EXIT)
        return amount

    # ---- entries -------------------------------------------------------------------------------
    def _check_entry(self, tranche: Tranche) -> None:
        """Closed while R < 0, or R = 0 with shares out (spec 7, at valid prices), and for good from a shutdown on."""
        self._check_prices(tranche)
        require(not self.flags.shutting_down, Reason.SHUTDOWN)
        supply, worth = self.books[tranche].supply, self.tranche_equity(tranche)
        require(worth > 0 or (worth == 0 and supply == 0), Reason.POOL_CLOSED)

    @atomic
    def lp_deposit(self, holder: int, assets: int, tranche: Tranche = POOL) -> int:
        """ERC-4626 entry by assets. Returns shares."""
        self._check_entry(tranche)
        shares = self.preview_deposit(assets, tranche)
        self._enter(holder, shares, assets, tranche)
        return shares

    @atomic
    def lp_mint(self, holder: int, shares: int, tranche: Tranche = POOL) -> int:
        """ERC-4626 entry by shares; returns assets."""
        self._check_entry(tranche)
        assets = self.preview_mint(shares, tranche)
        self._enter(holder, shares, assets, tranche)
        return assets

    def _enter(self, holder: int, shares: int, assets: int, tranche: Tranche) -> None:
        require(assets > 0 and shares > 0, Reason.NOTHING)
        self.pool_deposit(assets, tranche)
        self._set_book(tranche, self.books[tranche].minted(holder, shares))

    # ---- exits ---------------------------------------------------------------------------------
    def cooldown(self, tranche: Tranche = POOL) -> int:
        """Seconds an exit waits after its request; 0: none is needed."""
        return self.params.pool_cooldown if tranche is POOL else self.params.cover_cooldown

    @atomic
    def lp_redeem(self, holder: int, shares: int, tranche: Tranche = POOL) -> int:
        """ERC-4626 exit by shares, with a cooldown of 0; returns assets."""
        require(self.cooldown(tranche) == 0, Reason.COOLDOWN)
        assets = self.preview_redeem(shares, tranche)
        self._leave(holder, shares, assets, tranche)
        return assets

    @atomic
    def lp_withdraw(self, holder: int, assets: int, tranche: Tranche = POOL) -> int:
        """ERC-4626 exit by assets, with a cooldown of 0; returns shares."""
        require(self.cooldown(tranche) == 0, Reason.COOLDOWN)
        shares = self.preview_withdraw(assets, tranche)
        self._leave(holder, shares, assets, tranche)
        return shares

    def _leave(self, holder: int, shares: int, assets: int, tranche: Tranche) -> None:
        self._check_prices(tranche)
        require(assets > 0 and shares > 0, Reason.NOTHING)
        self._set_book(tranche, self.books[tranche].minted(holder, -shares))
        self._pay_out(assets, tranche)

    def _check_prices(self, tranche: Tranche) -> None:
        """The worth of the LP pool needs prices, that of the cover pool none."""
        require(tranche is not POOL or self.prices_valid(), Reason.PRICE)

    def _pay_out(self, assets: int, tranche: Tranche) -> None:
        """The LP pool: R ≥ 0 and both requirements of U-1 within their exit caps. Either pool: L-2."""
        self.pool_withdraw(assets, tranche)
        if tranche is POOL:
            s = self.pool_state()
            require(s.reduced_equity >= 0 and s.exit_utilisation <= WAD, Reason.POOL_EXIT)

    @atomic
    def request_exit(self, holder: int, shares: int, tranche: Tranche = POOL) -> int:
        """Shares go to escrow for good; the cooldown of all that waits there starts anew. Returns when it ends, s.

        With no further shares it is asked again for those that are there.
        """
        require(shares > 0 or self.pending_exit(holder, tranche).shares > 0, Reason.NOTHING)
        ready = self.time + self.cooldown(tranche)
        self._set_book(tranche, self.books[tranche].requested(holder, shares, ready))
        return ready

    @atomic
    def finalise_exit(self, holder: int, tranche: Tranche = POOL) -> tuple[int, int]:
        """For anybody, after the cooldown: all of the shares, or as many, rounded up, as what may leave costs.

        Returns (shares, assets).

        A day after it was ready a request lapses.
        """
        waiting = self.pending_exit(holder, tranche)
        require(waiting.shares > 0, Reason.NOTHING)
        require(self.time >= waiting.ready, Reason.EARLY)
        require(self.time <= waiting.ready + DAY, Reason.EXPIRED)
        self._check_prices(tranche)
        supply, total, decimals = self._rate(self.total_assets(tranche), tranche)
        shares, room = waiting.shares, self._assets(self._room(tranche))
        assets = pool.assets_for(shares, supply, total, decimals)
        if assets > room > 0:
            shares, assets = pool.shares_for(room, supply, total, decimals, up=True), room
        require(assets > 0, Reason.NOTHING)
        self._set_book(tranche, self.books[tranche].finalised(holder, shares))
        self._pay_out(assets, tranche)
        return shares, assets

    def pending_exit(self, holder: int, tranche: Tranche = POOL) -> Exit:
        """Shares in escrow and when they can be paid out."""
        return self.books[tranche].pending.get(holder, Exit(0, 0))

    def _room(self, tranche: Tranche) -> int:
        """The most that may leave a pool, WAD: what L-2 lets go, and R less what is tied up (the LP pool)."""
        debt, cash = self.ledger.debt, self.ledger.get(self.pool_id).cash
        if tranche is POOL:
            s = self.pool_state()
            return min(cash - debt, s.reduced_equity - s.tied_up)
        own = self.ledger.get(self.cover_id).cash
        return own if cash >= debt else own - debt

    @atomic
    def lp_transfer(self, holder: int, receiver: int, shares: int, tranche: Tranche = POOL) -> None:
        """Shares from one holder to another; nothing else changes."""
        book = self.books[tranche].moved(holder, -shares)
        self._set_book(tranche, book.moved(receiver, shares))

    def _set_book(self, tranche: Tranche, book: Book) -> None:
        self.books = {**self.books, tranche: book}
