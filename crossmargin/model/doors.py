"""Calls that move money without changing a position: the door, reservations, losses, collateral, shares."""

from __future__ import annotations

from . import carry, margin
from .ledger import Account
from .maths import BPS, WAD, to_wad
from .params import QUOTE, Reason, require
from .state import atomic
from .views import Views

MAX_TOKENS = 2**128 - 1  # of one move


class Doors(Views):
    """`tokens` are in the token's own units, `amount` is WAD, as at the contracts; asset ids as in the Vault.

    Who may call is not modelled but for deposits: calls are taken to come from whoever may make them.
    """

    # ---- helpers -------------------------------------------------------------------------------
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

    def _trader(self, account: int) -> Account:
        """The account for writing; protocol accounts take no part."""
        require(not self.is_protocol(account), Reason.PROTOCOL)
        return self.ledger.edit(account)

    def _check_free(self, account: Account) -> None:
        """M-6, else E_free ≥ IM after value left the account."""
        if not account.positions and account.cash >= 0:
            return
        require(self.legs_valid(account), Reason.PRICE)
        a = self.assess(account)
        require(margin.free_equity(a) >= a.initial, Reason.MARGIN)

    # ---- the door ------------------------------------------------------------------------------
    @atomic
    def deposit(self, account: int, asset: int, tokens: int, payer: int | None = None) -> int:
        """Credit a trader's account; returns WAD. Collateral is bounded by its cap and eight kinds.

        A `payer` (address) other than the owner may add quote and what the account holds already, no new kind.
        """
        require(not self.is_protocol(account), Reason.PROTOCOL)
        amount = self._amount(asset, tokens)
        known = asset == QUOTE or asset in self.ledger.get(account).collateral
        require(known or payer in (None, account >> 96), Reason.OWNER)
        self.ledger.give(account, asset, amount)
        self.ledger.credit(asset, amount)
        if asset != QUOTE:
            require(self.ledger.credited[asset] <= self.params.assets[asset].cap, Reason.DEPOSIT_CAP)
        return amount

    @atomic
    def withdraw(self, account: int, asset: int, tokens: int) -> int:
        """Debit exactly `tokens`, which may be 0; reserved cash stays; then M-6 or E_free ≥ IM (M-5). Returns WAD."""
        holder = self._trader(account)
        amount = self._amount(asset, tokens, 0)
        self.ledger.take(account, asset, amount)
        self.ledger.credit(asset, -amount)
        self._check_free(holder)
        return amount

    @atomic
    def transfer(self, from_account: int, to_account: int, asset: int, amount: int) -> None:
        """WAD (0 too) between accounts of one owner; the sender is checked as after a withdrawal, also if it is the receiver."""
        sender = self._trader(from_account)
        self._trader(to_account)
        require(from_account >> 96 == to_account >> 96, Reason.OWNER)
        require(asset == QUOTE or asset in self.params.assets, Reason.ASSET)
        self.ledger.take(from_account, asset, amount)
        self.ledger.give(to_account, asset, amount)
        self._check_free(sender)

    # ---- reservations --------------------------------------------------------------------------
    @atomic
    def reserve(self, account: int, change: int) -> None:
        """Change the reserved part of cash by signed WAD (spec 2)."""
        require(not self.is_protocol(account), Reason.PROTOCOL)
        self.ledger.reserve(account, change)

    @atomic
    def charge_keeper_fee(self, account: int, keeper: int, fee: int) -> int:
        """Spec 8: release `fee` of the reservation, pay min(fee, E) to the keeper; returns WAD paid.

        Nothing is paid while E < MM, at the last prices.
        """
        holder = self._trader(account)
        self.ledger.reserve(account, -fee)
        found = self.assess(holder)
        if found.headroom < 0:
            return 0
        paid = min(fee, found.equity)
        self.ledger.move_cash(account, keeper, paid)
        return paid

    # ---- anyone --------------------------------------------------------------------------------
    @atomic
    def settle_loss(self, account: int, market: int) -> int:
        """Spec 2: x = max(0, min(−v, cash − reserved, −Σ P-2)) from cash to the position; a touch. Returns x."""
        holder = self._trader(account)
        self._listed(market)
        require(self.valid.get(market, False) and self.legs_valid(holder), Reason.PRICE)
        state = self._accrue(market)
        base, quote = holder.positions.get(market, (0, 0))
        index = state.index_long if base > 0 else state.index_short
        loss = -carry.value(base, quote, self.prices[market], index)
        x = max(0, min(loss, holder.cash - holder.reserved, -self.assess(holder).pnl))
        if x:
            holder.positions[market] = (base, quote + x)
            state.quote += x
            self.ledger.move_cash(account, self.pool_id, x)
        self._touch([market])
        return x

    @atomic
    def convert_collateral(self, account: int, asset: int, amount: int) -> int:
        """L-2: exactly `amount` (WAD) to the pool for ⌊P·amount·(1 − d_c)⌋; returns WAD of quote credited.

        Cash may not become positive, and E − MM must not fall, not by a wei.
        """
        holder = self._trader(account)
        require(asset in self.params.assets, Reason.ASSET)
        require(self.legs_valid(holder), Reason.PRICE)
        ap = self.params.assets[asset]
        before = self.assess(holder)
        credit = margin.discounted(self.prices[ap.underlying], amount, ap.discount)
        self.ledger.add_collateral(account, asset, -amount)
        self.ledger.add_collateral(self.pool_id, asset, amount)
        require(holder.cash + credit <= 0, Reason.OWED)
        self.ledger.move_cash(self.pool_id, account, credit)
        require(self.assess(holder).headroom >= before.headroom, Reason.MARGIN)
        return credit

    @atomic
    def poke(self, market: int) -> None:
        """Touch a market at its current price (spec 3)."""
        self._listed(market)
        require(self.valid.get(market, False), Reason.PRICE)
        self._accrue(market)
        self._touch([market])

    # ---- inventory and LP flows ----------------------------------------------------------------
    @atomic
    def sell_inventory(self, asset: int, tokens: int, cost: int) -> None:
        """Sell `tokens` of the pool's collateral for `cost` quote tokens, no less than P·(1 − d_c) for it."""
        amount = self._amount(asset, tokens)
        require(asset != QUOTE, Reason.ASSET)
        ap = self.params.assets[asset]
        require(self.valid.get(ap.underlying, False), Reason.PRICE)
        paid = to_wad(cost, self.params.quote_decimals)
        least = amount * self.prices[ap.underlying] * (BPS - ap.discount)
        require(paid is not None and paid * WAD * BPS >= least, Reason.SELL_PRICE)
        self.ledger.add_collateral(self.pool_id, asset, -amount)
        self.ledger.credit(asset, -amount)
        self.pool_deposit(cost)

    @atomic
    def pool_deposit(self, tokens: int) -> int:
        """Quote tokens into the pool's account; returns WAD."""
        amount = self._amount(QUOTE, tokens)
        self.ledger.add_cash(self.pool_id, amount)
        self.ledger.credit(QUOTE, amount)
        return amount

    @atomic
    def pool_withdraw(self, tokens: int) -> int:
        """Quote tokens out of the pool; cash ≥ D afterwards (L-2). Nothing else: see `lp_withdraw`. Returns WAD."""
        amount = self._amount(QUOTE, tokens)
        self.ledger.add_cash(self.pool_id, -amount)
        self.ledger.credit(QUOTE, -amount)
        require(self.ledger.get(self.pool_id).cash >= self.ledger.debt, Reason.POOL_EXIT)
        return amount

    @atomic
    def lp_deposit(self, holder: int, assets: int) -> int:
        """ERC-4626 entry by assets (spec 7); closed while R ≤ 0 with shares out, or R < 0. Returns shares."""
        self._check_entry()
        shares = self.preview_deposit(assets)
        require(assets > 0 and shares > 0, Reason.NOTHING)
        self.pool_deposit(assets)
        self._mint(holder, shares)
        return shares

    @atomic
    def lp_mint(self, holder: int, shares: int) -> int:
        """ERC-4626 entry by shares; returns assets."""
        self._check_entry()
        assets = self.preview_mint(shares)
        require(assets > 0 and shares > 0, Reason.NOTHING)
        self.pool_deposit(assets)
        self._mint(holder, shares)
        return assets

    @atomic
    def lp_redeem(self, holder: int, shares: int) -> int:
        """ERC-4626 exit by shares; returns assets."""
        assets = self.preview_redeem(shares)
        self._exit(holder, shares, assets)
        return assets

    @atomic
    def lp_withdraw(self, holder: int, assets: int) -> int:
        """ERC-4626 exit by assets; returns shares."""
        shares = self.preview_withdraw(assets)
        self._exit(holder, shares, assets)
        return shares

    def _exit(self, holder: int, shares: int, assets: int) -> None:
        """Afterwards R ≥ 0, and both requirements of U-1 within their exit caps, at valid prices."""
        require(self.prices_valid(), Reason.PRICE)
        require(assets > 0 and shares > 0, Reason.NOTHING)
        self._mint(holder, -shares)
        self.pool_withdraw(assets)
        s = self.pool_state()
        require(s.reduced_equity >= 0 and s.exit_utilisation <= WAD, Reason.POOL_EXIT)

    def _check_entry(self) -> None:
        require(self.prices_valid(), Reason.PRICE)
        reduced = self.pool_equity() - self.premium()
        require(reduced > 0 or (reduced == 0 and self.supply == 0), Reason.POOL_CLOSED)

    @atomic
    def lp_transfer(self, holder: int, receiver: int, shares: int) -> None:
        """Shares from one holder to another; nothing else changes."""
        self._mint(holder, -shares)
        self._mint(receiver, shares)

    def _mint(self, holder: int, shares: int) -> None:
        left = self.shares.get(holder, 0) + shares
        require(left >= 0, Reason.SHARES)
        self.shares = {**self.shares, holder: left}
        self.supply += shares
