# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title portfolio: an account read from the Vault and the books, leg by leg, and its health (M-1 … M-5)
"""

from interfaces import IEngine
from interfaces import IVault
from contracts.modules import bits
from contracts.modules import books
from contracts.modules import checks
from contracts.modules import margin
from contracts.modules import packing
from contracts.modules import venue_rates
from contracts.modules import wiring

uses: books
uses: wiring


# What a call knows of an account besides its positions. Bitmaps: markets with a position, underlyings that back it as collateral,
# underlyings to read (both).
struct Account:
    id: uint256
    markets: uint256
    reads: uint256
    cash: int256
    reserved: uint256
    assets: uint256
    amounts: DynArray[uint256, 8]
    backed: uint256


@view
@internal
def account(account: uint256) -> Account:
    word: uint256 = 0
    a: Account = empty(Account)
    word, a.amounts = staticcall IVault(wiring.VAULT).snapshot(account)
    a.id = account
    a.cash = packing.vault_cash(word)
    a.reserved = packing.vault_reserved(word)
    a.assets = packing.vault_assets(word)
    a.markets = books.held(account)
    if a.assets != 0:
        entries: uint256 = books.collateral
        for asset: uint256 in range(8):
            if (a.assets >> asset) & 1 == 1:
                a.backed = a.backed | (1 << packing.asset_underlying(packing.asset_entry(entries, asset)))
    a.reads = a.markets | a.backed
    return a


@view
@internal
def backing(a: Account, id: uint256) -> (uint256, uint256):
    # held and lendable of a leg: the collateral that the account holds of the underlying
    held: uint256 = 0
    lendable: uint256 = 0
    entries: uint256 = books.collateral
    rank: uint256 = 0
    for asset: uint256 in range(8):
        if (a.assets >> asset) & 1 == 1:
            entry: uint256 = packing.asset_entry(entries, asset)
            if packing.asset_underlying(entry) == id:
                held = unsafe_add(held, a.amounts[rank])
                lendable = unsafe_add(lendable, unsafe_mul(a.amounts[rank], packing.lendable(entry)))
            rank = unsafe_add(rank, 1)
    return held, lendable


@view
@internal
def weigh(a: Account, ids: uint256, words: DynArray[uint256, 32]) -> margin.Health:
    # words: of the underlyings in ids, which hold a.reads and may hold more
    t: margin.Totals = empty(margin.Totals)
    left: uint256 = ids
    page: uint256 = 0
    last: uint256 = max_value(uint256)
    for word: uint256 in words:
        # bits.lowest in place
        bit: uint256 = left & unsafe_sub(0, left)
        left = left ^ bit
        if a.reads & bit != 0:
            id: uint256 = (bits.INDEX >> unsafe_mul(bit % 37, 5)) & 31
            if id >> 2 != last:
                last = id >> 2
                page = books.risks[last]
            position: uint256 = 0
            carry: uint256 = 0
            held: uint256 = 0
            lendable: uint256 = 0
            if a.markets & bit != 0:
                position = books.positions[a.id][id]
                carry = books.carries[id]
            if a.backed & bit != 0:
                held, lendable = self.backing(a, id)
            t = margin.with_leg(
                t, position, carry, (page >> unsafe_mul(id & 3, 64)) & packing.U64, word, held, lendable
            )
    h: margin.Health = margin.health(t, a.cash, a.markets != 0, books.venue)
    if not h.priced:
        # W-3: at the end of a shutdown the last prices count
        h.priced = venue_rates.has(books.rates, venue_rates.LAST_PRICES)
    return h


@view
@internal
def legs(a: Account, words: DynArray[uint256, 32]) -> DynArray[IEngine.Leg, 24]:
    # all of an account, ready for a touch
    legs: DynArray[IEngine.Leg, 24] = []
    left: uint256 = a.reads
    for word: uint256 in words:
        legs.append(self.full_leg(a, bits.lowest(left), word))
        left = bits.without_lowest(left)
    return legs


@view
@internal
def full_leg(a: Account, id: uint256, word: uint256) -> IEngine.Leg:
    # a leg with its collateral and all words of its market, ready for a touch
    leg: IEngine.Leg = self.market_words(id)
    leg.word = word
    if (a.markets >> id) & 1 == 1:
        leg.position = books.positions[a.id][id]
    if (a.backed >> id) & 1 == 1:
        leg.held, leg.lendable = self.backing(a, id)
    return leg


@view
@internal
def health(account: uint256) -> margin.Health:
    a: Account = self.account(account)
    return self.weigh(a, a.reads, wiring.words(a.reads))


@internal
def fresh_health(account: uint256) -> margin.Health:
    # prices from their sources, all valid
    a: Account = self.account(account)
    h: margin.Health = self.weigh(a, a.reads, wiring.refresh(a.reads))
    self.check_priced(h.priced)
    return h


@view
@internal
def pool() -> IEngine.Pool:
    a: Account = self.account(wiring.POOL_ACCOUNT)
    pool: IEngine.Pool = IEngine.Pool(
        cash=a.cash,
        first_sums=books.first_sums,
        second_sums=books.second_sums,
        venue=books.venue,
        rates=books.rates,
        inventory=[],
    )
    if a.assets != 0:
        left: uint256 = a.reads
        words: DynArray[uint256, 32] = wiring.words(left)
        for word: uint256 in words:
            pool.inventory.append(self.full_leg(a, bits.lowest(left), word))
            left = bits.without_lowest(left)
    return pool


@internal
def market_leg(account: uint256, market: uint256) -> IEngine.Leg:
    # a leg by itself, freshly priced, ready for a touch
    leg: IEngine.Leg = self.bare_leg(market)
    leg.word = wiring.refresh(1 << market)[0]
    leg.position = books.positions[account][market]
    self.check_priced(packing.price_state(leg.word) == 0)
    return leg


@view
@internal
def bare_leg(market: uint256) -> IEngine.Leg:
    checks.that(market < 32 and books.terms[market] & books.LISTED != 0, "manager: unknown market")
    leg: IEngine.Leg = self.market_words(market)
    checks.that(not packing.carry_stopped(leg.carry), "manager: market closed")
    return leg


@view
@internal
def market_words(market: uint256) -> IEngine.Leg:
    leg: IEngine.Leg = empty(IEngine.Leg)
    leg.market = market
    leg.carry = books.carries[market]
    leg.risk = books.risk_of(market)
    leg.book = books.books[market]
    leg.terms = books.terms[market]
    return leg


@view
@internal
def check_priced(priced: bool):
    """
    @notice Every price a call depends on is valid, or a shutdown has waited long enough for it.
    """
    checks.that(priced or venue_rates.has(books.rates, venue_rates.LAST_PRICES), "manager: no valid price")
