"""Calls that move money without changing a position: the door, reservations, losses, collateral."""

from __future__ import annotations

from . import carry, margin
from .ledger import Account
from .maths import BPS, WAD, ceil_div
from .params import QUOTE, Reason, require
from .state import atomic
from .tranches import Tranches


class Doors(Tranches):
    """`tokens` are in the token's own units, `amount` is WAD, as at the contracts; asset ids as in the Vault.

    Who may call is not modelled but for deposits: calls are taken to come from whoever may make them.
    """

    # ---- helpers -------------------------------------------------------------------------------
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

    def _apply(self, holder: Account, market: int, size: int, price: int) -> int:
        """P-1 on the position and the market's book; returns what was realised. Carry must be accrued."""
        state = self._edit_market(market)
        base, quote = holder.positions.get(market, (0, 0))
        indices = carry.Indices(state.index_long, state.index_short, state.rate)
        after = carry.apply_trade(base, quote, size, price, indices)
        if after.base:
            holder.positions[market] = (after.base, after.quote)
        else:
            holder.positions.pop(market, None)
        carry.book(state, base, after.base, after.quote - quote)
        return after.realised

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
        self._note_gain(account)
        return amount

    @atomic
    def withdraw(self, account: int, asset: int, tokens: int) -> int:
        """Debit `tokens`, which may be 0; reserved cash stays; then M-6 or E_free ≥ IM (M-5). Returns their WAD.

        Quote costs the haircut of W-3 on top.
        """
        holder = self._trader(account)
        amount = self._amount(asset, tokens, 0)
        if asset == QUOTE:
            self._check_open()
            cut = self.haircut(amount)
            self.ledger.take(account, QUOTE, amount + cut)
            self.ledger.add_cash(self.pool_id, cut)
        else:
            self.ledger.take(account, asset, amount)
        self.ledger.credit(asset, -amount)
        self._check_free(holder)
        self._note_band(account)
        return amount

    def haircut(self, amount: int) -> int:
        """W-3, with claims open: ⌈a·D/credited⌉ of a withdrawal of `amount` goes to the pool, WAD."""
        credited, debt = self.ledger.credited[QUOTE], self.ledger.debt
        return ceil_div(amount * debt, credited) if self.flags.claims_open and credited else 0

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
        self._note_band(from_account)
        self._note_gain(to_account)

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
        require(self.priced(market) and self.legs_valid(holder), Reason.PRICE)
        state = self._accrue(market)
        base, quote = holder.positions.get(market, (0, 0))
        loss = -self.value(market, base, quote, self.prices[market])
        x = max(0, min(loss, holder.cash - holder.reserved, -self.assess(holder).pnl))
        if x:
            holder.positions[market] = (base, quote + x)
            state.quote += x
            self.ledger.move_cash(account, self.pool_id, x)
        self._touch([market])
        return x

    @atomic
    def convert_collateral(self, account: int, asset: int, amount: int) -> int:
        """L-2: exactly `amount` (WAD) to the pool for min(⌊P·amount·(1 − d_c)⌋, owed); returns WAD of quote credited.

        One unit less must not cover what is owed, and E − MM must not fall by more than ⌈P·(1 − d_c)⌉ of one unit.
        """
        holder = self._trader(account)
        require(asset in self.params.assets, Reason.ASSET)
        require(self.legs_valid(holder), Reason.PRICE)
        ap = self.params.assets[asset]
        before = self.assess(holder)
        price, owed = self.prices[ap.underlying], max(0, -holder.cash)
        credit = min(margin.discounted(price, amount, ap.discount), owed)
        self.ledger.add_collateral(account, asset, -amount)
        self.ledger.add_collateral(self.pool_id, asset, amount)
        require(amount == 0 or margin.discounted(price, amount - 1, ap.discount) < owed, Reason.OWED)
        self.ledger.move_cash(self.pool_id, account, credit)
        spared = ceil_div(price * (BPS - ap.discount), WAD * BPS)
        require(self.assess(holder).headroom + spared >= before.headroom, Reason.MARGIN)
        return credit

    @atomic
    def poke(self, market: int) -> None:
        """Touch a market at its current price (spec 3)."""
        self._listed(market)
        require(self.priced(market), Reason.PRICE)
        self._accrue(market)
        self._touch([market])

    # ---- inventory -----------------------------------------------------------------------------
    @atomic
    def sell_inventory(self, asset: int, tokens: int, share: int, limit: int) -> tuple[int, int]:
        """Sell `tokens` of the pool's collateral at ⌈P·(1 − d_c·f)⌉, f the share (WAD) or 1, no dearer than `limit` (WAD).

        Returns the price and what it cost in quote tokens, rounded up twice: to WAD and to token units.
        """
        amount = self._amount(asset, tokens)
        require(asset != QUOTE, Reason.ASSET)
        ap, unit = self.params.assets[asset], self.params.quote_decimals
        require(self.priced(ap.underlying), Reason.PRICE)
        price = ceil_div(self.prices[ap.underlying] * (BPS * WAD - ap.discount * min(share, WAD)), BPS * WAD)
        require(price <= limit, Reason.SELL_PRICE)
        wad = ceil_div(amount * price, WAD)
        cost = ceil_div(wad, 10 ** (18 - unit)) if unit <= 18 else wad * 10 ** (unit - 18)
        self.ledger.add_collateral(self.pool_id, asset, -amount)
        self.ledger.credit(asset, -amount)
        self.pool_deposit(cost)
        return price, cost
