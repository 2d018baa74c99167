# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title pool_book: a tranche's capital: the pool's, with its two requirements, recomputed from every market (U-0, U-1); the
       cover pool's, from the ledger alone
@notice The trade path keeps sums in µ at each market's last touch; whoever pays LPs in or out needs the pool exactly, at one
        set of prices.
"""

from interfaces import ILiquidityPool
from interfaces import IEngine
from interfaces import IOracleAdapter
from interfaces import IPositionManager
from interfaces import IVault
from contracts.modules import carry
from contracts.modules import floats
from contracts.modules import packing
from contracts.modules import pool_risk
from contracts.modules import pricing
from contracts.modules import rounding
from contracts.modules import venue_rates

# more than any R
MAX_CAPITAL: constant(uint256) = 2**200


# A tranche at one moment, and the rates word it was weighed with.
struct Standing:
    state: ILiquidityPool.PoolState
    rates: uint256


# What the pool has and owes, before prices. legs: every underlying that counts, ascending, with the market's words and the
# pool's inventory; ids: bitmap of those that need a price.
struct Stock:
    ids: uint256
    legs: DynArray[IEngine.Leg, 32]
    cash: int256
    debt: uint256
    kappa: uint256
    rates: uint256


# All of it at one set of prices. WAD: value of the open positions, the premium that P-3 owes, what the discounts hold back.
struct Measured:
    sums: packing.Sums
    inventory: DynArray[IEngine.Leg, 8]
    open: int256
    premium: int256
    withheld: uint256
    unpriced: bool


@internal
def fresh(manager: address, vault: address, oracle: address, account: uint256) -> Standing:
    """
    @notice The pool at prices read from their sources in this call, of everything that is open or stocked.
    """
    stock: Stock = self._gather(manager, vault, account)
    words: DynArray[uint256, 32] = []
    if stock.ids != 0:
        words = extcall IOracleAdapter(oracle).refresh(stock.ids)
    return self._value(stock, words)


@view
@internal
def now(manager: address, vault: address, oracle: address, account: uint256) -> Standing:
    """
    @notice What `fresh` would find.
    """
    stock: Stock = self._gather(manager, vault, account)
    return self._value(stock, staticcall IOracleAdapter(oracle).words(stock.ids))


@view
@internal
def of_ledger(manager: address, vault: address, account: uint256) -> Standing:
    """
    @notice The cover pool: R is its cash. `debt` is what of it must stay: D, unless the pool's own cash holds that.
    @dev A loss that somebody knows of can be booked by anybody at once; the cooldown gives him the time.
    """
    s: Standing = empty(Standing)
    s.rates = self.rates(manager)
    s.state.cash = staticcall IVault(vault).cash(account)
    debt: uint256 = staticcall IVault(vault).debt()
    pool: uint256 = convert(staticcall IPositionManager(manager).POOL(), uint256) << 96
    if staticcall IVault(vault).cash(pool) < convert(debt, int256):
        s.state.debt = debt
    s.state.equity = s.state.cash
    s.state.reduced_equity = s.state.cash
    s.state.prices_valid = True
    return s


@view
@internal
def rates(manager: address) -> uint256:
    """
    @notice The rates word: caps, cooldowns and the flags of the venue.
    """
    return self._venue(manager)[4]


@view
@internal
def _venue(manager: address) -> uint256[6]:
    w: uint256[6] = empty(uint256[6])
    w[0], w[1], w[2], w[3], w[4], w[5] = staticcall IPositionManager(manager).venue_words()
    return w


@view
@internal
def _gather(manager: address, vault: address, account: uint256) -> Stock:
    # every market in which anything is open, and the pool's inventory
    stock: Stock = empty(Stock)
    venue: uint256[6] = self._venue(manager)
    stock.kappa = packing.field16(venue[0], packing.KAPPA)
    stock.rates = venue[4]
    word: uint256 = 0
    amounts: DynArray[uint256, 8] = []
    word, amounts = staticcall IVault(vault).snapshot(account)
    stock.cash = packing.vault_cash(word)
    stock.debt = staticcall IVault(vault).debt()
    inventory: DynArray[IEngine.Leg, 8] = self.inventory(packing.vault_assets(word), amounts, venue[1])
    return self._with_markets(stock, manager, venue[5], inventory)


@pure
@internal
def inventory(assets: uint256, amounts: DynArray[uint256, 8], entries: uint256) -> DynArray[IEngine.Leg, 8]:
    # one leg for each underlying, without its market
    found: DynArray[IEngine.Leg, 8] = []
    rank: uint256 = 0
    for asset: uint256 in range(8):
        if (assets >> asset) & 1 == 1:
            entry: uint256 = packing.asset_entry(entries, asset)
            i: uint256 = self._place_of(found, packing.asset_underlying(entry))
            if i == len(found):
                leg: IEngine.Leg = empty(IEngine.Leg)
                leg.market = packing.asset_underlying(entry)
                found.append(leg)
            found[i].held += amounts[rank]
            found[i].lendable += amounts[rank] * packing.lendable(entry)
            rank += 1
    return found


@pure
@internal
def _place_of(legs: DynArray[IEngine.Leg, 8], market: uint256) -> uint256:
    # the number of legs if it is not there
    for i: uint256 in range(len(legs), bound=8):
        if legs[i].market == market:
            return i
    return len(legs)


@view
@internal
def _with_markets(
    stock: Stock, manager: address, listed: uint256, inventory: DynArray[IEngine.Leg, 8]
) -> Stock:
    out: Stock = stock
    ids: uint256 = listed
    for leg: IEngine.Leg in inventory:
        ids = ids | (1 << leg.market)
    markets: DynArray[IPositionManager.MarketWords, 32] = staticcall IPositionManager(manager).market_words(
        ids
    )
    rank: uint256 = 0
    for id: uint256 in range(32):
        if (ids >> id) & 1 == 1:
            i: uint256 = self._place_of(inventory, id)
            # a flat market in which nothing is stocked does not matter, whatever its price
            if markets[rank].book != 0 or i != len(inventory):
                leg: IEngine.Leg = empty(IEngine.Leg)
                if i != len(inventory):
                    leg = inventory[i]
                leg.market = id
                leg.carry = markets[rank].carry
                leg.risk = markets[rank].risk
                leg.book = markets[rank].book
                leg.terms = markets[rank].terms
                out.legs.append(leg)
                # a settled market is worth what it was settled at: there only the inventory needs a price
                if i != len(inventory) or not packing.carry_stopped(leg.carry):
                    out.ids = out.ids | (1 << id)
            rank += 1
    return out


@view
@internal
def _measured(stock: Stock, words: DynArray[uint256, 32]) -> Measured:
    # every market and asset at the price words of stock.ids in ascending order, carry brought to this block; of the sums V and Z
    # are left out: they are in µ, and U-0 takes the exact ones
    m: Measured = empty(Measured)
    rank: uint256 = 0
    for each: IEngine.Leg in stock.legs:
        leg: IEngine.Leg = each
        if (stock.ids >> leg.market) & 1 == 1:
            leg.word = words[rank]
            rank += 1
            m.unpriced = m.unpriced or packing.price_state(leg.word) != 0
        if leg.held != 0:
            m.inventory.append(leg)
            held_back: uint256 = leg.held * 10**4 - leg.lendable
            m.withheld += rounding.ceil_div_unsigned(packing.price_of(leg.word) * held_back, 10**22)
        if leg.book != 0:
            accrued: uint256 = leg.carry
            price: uint256 = floats.value(leg.carry >> 232)
            if not packing.carry_stopped(leg.carry):
                accrued = carry.accrue(leg.carry, leg.risk)
                price = packing.price_of(leg.word)
            m.sums = pool_risk.add(
                m.sums, pool_risk.contribution(leg.book, accrued, price, leg.risk, leg.terms)
            )
            m.open += pricing.pool_value_down(leg.book, accrued, price)
            m.premium += self._premium_up(leg.book, leg.terms, price)
    m.sums.v = 0
    m.sums.z = 0
    return m


@view
@internal
def _value(stock: Stock, words: DynArray[uint256, 32]) -> Standing:
    # U-0 exactly and U-1
    m: Measured = self._measured(stock, words)
    state: ILiquidityPool.PoolState = empty(ILiquidityPool.PoolState)
    state.cash = stock.cash
    state.debt = stock.debt
    state.prices_valid = not m.unpriced or venue_rates.has(stock.rates, venue_rates.LAST_PRICES)
    state.withheld = m.withheld
    sums: packing.Sums = m.sums
    worth: int256 = stock.cash + m.open
    for leg: IEngine.Leg in m.inventory:
        # it nets with the market at the price that the sums hold it at
        sums, worth = pool_risk.with_stock(sums, worth, leg, packing.carry_stopped(leg.carry))
    state.equity, state.net, state.gross = pool_risk.requirements(sums, worth, stock.kappa)
    state.reduced_equity = state.equity - m.premium
    cap_net: uint256 = packing.field16(stock.rates, 0)
    cap_gross: uint256 = packing.field16(stock.rates, 16)
    state.utilisation = self._used(state, cap_net, cap_gross)
    cap_net = packing.field16(stock.rates, 32)
    cap_gross = packing.field16(stock.rates, 48)
    state.exit_utilisation = self._used(state, cap_net, cap_gross)
    state.tied_up = self._tied_up(state.net, state.gross, cap_net, cap_gross)
    return Standing(state=state, rates=stock.rates)


@pure
@internal
def _premium_up(book: uint256, terms: uint256, price: uint256) -> int256:
    # what P-3 owes to whoever unwinds the skew: nothing in a settled market, which has no scale. lots < 2^72, price < 2^96: the
    # product fits
    scale: int256 = packing.terms_scale(terms)
    if scale == 0:
        return 0
    skew: int256 = unsafe_sub(packing.book_long(book), packing.book_short(book))
    exact: int256 = unsafe_mul(convert(price, int256), unsafe_mul(skew, skew))
    return rounding.ceil_div(exact, unsafe_mul(scale, 2 * 10**8))


@pure
@internal
def _used(state: ILiquidityPool.PoolState, cap_net: uint256, cap_gross: uint256) -> uint256:
    # a cap of zero admits nothing
    if state.gross != 0 and (cap_net == 0 or cap_gross == 0):
        return pool_risk.MAX_UTILISATION
    return pool_risk.utilisation_up(state.reduced_equity, state.net, state.gross, cap_net, cap_gross)


@pure
@internal
def _tied_up(net: uint256, gross: uint256, cap_net: uint256, cap_gross: uint256) -> uint256:
    # the least R with R * cap >= requirement for both: exactly U-1 <= 1. A cap of zero lets nothing go.
    if gross == 0:
        return 0
    if cap_net == 0 or cap_gross == 0:
        return MAX_CAPITAL
    # requirements are under 2^112 WAD
    return max(
        rounding.ceil_div_unsigned(unsafe_mul(net, 10**4), cap_net),
        rounding.ceil_div_unsigned(unsafe_mul(gross, 10**4), cap_gross),
    )
