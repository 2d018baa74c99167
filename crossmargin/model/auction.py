"""The Liquidator: batches, the keeper's flat cost K, and the falling price of the pool's inventory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .maths import BPS, WAD, ceil_div, floor_tokens, to_wad
from .params import QUOTE, Reason, Reject, require
from .venue import UNSETTLED, Slice, Venue

MICROS = 10**6  # of a second
CALL_FAILED = 4


class Terms(NamedTuple):
    """K = flat (WAD quote) + gas_units·basefee·native price, under the venue's cap. auction_duration: seconds."""

    flat: int
    gas_units: int
    native: int
    auction_duration: int


class Lot(NamedTuple):
    """Inventory of an asset as last seen: WAD, and when its auction began, in µs."""

    amount: int
    start: int


class Bought(NamedTuple):
    """Token units bought, quote units paid, WAD price."""

    tokens: int
    cost: int
    price: int


class Liquidator:
    """Terms and auction clocks beside a venue."""

    def __init__(self, venue: Venue, terms: Terms) -> None:
        self.venue, self.terms = venue, terms
        self.lots: dict[int, Lot] = {}

    def set_terms(self, terms: Terms) -> None:
        """Running auctions follow the new length at once."""
        self.terms = terms

    # ---- liquidating ---------------------------------------------------------------------------
    def cost(self, base_fee: int) -> int:
        """K before the venue's cap, WAD quote; the last price of the gas token will do."""
        t = self.terms
        native = self.venue.prices.get(t.native, 0) if t.gas_units else 0
        return t.flat + t.gas_units * base_fee * native // WAD

    def keeper_cost(self, base_fee: int) -> int:
        """K, WAD quote."""
        return min(self.venue.params.keeper_cap, self.cost(base_fee))

    def liquidate(self, accounts: Iterable[int], reward_account: int, base_fee: int = 0) -> list[Slice]:
        """Each account in turn; an account is not paid for itself (reason 4). New inventory is seen at the end."""
        cost = self.cost(base_fee)
        found = [self._liquidate(account, cost, reward_account) for account in accounts]
        if any(x.reason == 0 for x in found):
            self.observe()
        return found

    def _liquidate(self, account: int, cost: int, reward_account: int) -> Slice:
        """Positions in settled markets are closed out first, if that is what a liquidation waits for."""
        venue = self.venue
        try:
            found = venue.liquidate(account, cost, reward_account)
            if found.reason != UNSETTLED:
                return found
            for m in sorted(m for m in venue.account(account).positions if venue.markets[m].settled):
                venue.settle(account, m)
            return venue.liquidate(account, cost, reward_account)
        except Reject:
            return Slice(0, 0, CALL_FAILED)

    # ---- the auction ---------------------------------------------------------------------------
    def observe(self) -> None:
        """Start the clock of what the pool holds more than was seen."""
        for asset in self.venue.account(self.venue.pool_id).collateral:
            self.lots[asset] = self._seen(asset)

    def _seen(self, asset: int) -> Lot:
        """The lot with what is there now; an addition makes it younger by the mean weighted with amounts."""
        amount = self.venue.account(self.venue.pool_id).collateral.get(asset, 0)
        lot, now = self.lots.get(asset, Lot(0, 0)), self.venue.time * MICROS
        if 0 < amount <= lot.amount:
            return Lot(amount, lot.start)
        age = self._age(lot) * lot.amount // amount if amount else 0
        return Lot(amount, now - age)

    def _sold(self, lot: Lot, amount: int) -> Lot:
        """What is left of a lot: T' = ⌊T·(a − x)/a⌋, and nothing has no age."""
        left, now = lot.amount - amount, self.venue.time * MICROS
        return Lot(left, now - self._age(lot) * left // lot.amount)

    def _age(self, lot: Lot) -> int:
        """µs, at most the length of an auction."""
        return min(self.venue.time * MICROS - lot.start, self.terms.auction_duration * MICROS)

    def _share(self, lot: Lot) -> int:
        """f = ⌊T/D⌋ in WAD: how much of the largest discount the auction has reached."""
        return self._age(lot) * WAD // (self.terms.auction_duration * MICROS)

    def inventory_price(self, asset: int) -> tuple[int, int]:
        """WAD quote a token: P·(1 − d_c·f), rounded up, 0 without a valid price (or a last one that counts, W-3); and token
        units for sale."""
        ap, lot = self.venue.params.assets[asset], self._seen(asset)
        tokens = floor_tokens(lot.amount, ap.decimals)
        if not self.venue.priced(ap.underlying):
            return 0, tokens
        top = self.venue.prices[ap.underlying] * (BPS * WAD - ap.discount * self._share(lot))
        return ceil_div(top, BPS * WAD), tokens

    def buy_collateral(self, asset: int, max_tokens: int, max_price: int) -> Bought:
        """As much as there is, at most `max_tokens`; the venue prices it."""
        require(asset != QUOTE, Reason.ASSET)
        lot, d = self._seen(asset), self.venue.params.assets[asset].decimals
        step = 10 ** max(0, d - 18)
        tokens = min(max_tokens, floor_tokens(lot.amount, d)) // step * step
        require(tokens > 0, Reason.NOTHING)
        price, cost = self.venue.sell_inventory(asset, tokens, self._share(lot), max_price)
        self.lots[asset] = self._sold(lot, to_wad(tokens, d))
        return Bought(tokens, cost, price)
