# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title reading: accounts and their prices, as the PositionManager would see them in this block
@notice For views. The words of all markets are read once, with the carry brought to this block, so that an account costs only
        its own slots.
"""

from interfaces import IEngine
from interfaces import IOracleAdapter
from interfaces import IPositionManager
from interfaces import IVault
from contracts.modules import carry
from contracts.modules import floats
from contracts.modules import margin
from contracts.modules import packing
from contracts.modules import pricing
from contracts.modules import venue_rates

# A market as accounts see it. Words: price, carry at this block, risk entry. Prepared from them: price, price less the carry
# index of each side (WAD); beta, sigma, w (bps); the OI scale above 1 in hundredths, and what it adds to a square.
struct Prepared:
    word: uint256
    carry: uint256
    risk: uint256
    price: int256
    less_long: int256
    less_short: int256
    beta: int256
    sigma: int256
    w: uint256
    above: int256
    extra: uint256


# By underlying id. Bitmaps: listed markets, underlyings without a valid price, settled markets.
struct Venue:
    markets: Prepared[32]
    listed: uint256
    unpriced: uint256
    settled: uint256
    venue: uint256
    entries: uint256
    rates: uint256


# An account with all its legs, priced; those without a position have position 0.
struct Held:
    cash: int256
    reserved: uint256
    assets: uint256
    amounts: DynArray[uint256, 8]
    markets: uint256
    legs: DynArray[IEngine.Leg, 24]


@view
@internal
def load(manager: address, oracle: address, prices: DynArray[uint256, 32]) -> Venue:
    """
    @notice Everything that accounts share: listed markets and what backs listed assets.
    @param prices By underlying id, below 2^96: taken as valid in place of the venue's own; 0 or missing: the venue's.
    """
    v: Venue = empty(Venue)
    first: uint256 = 0
    second: uint256 = 0
    v.venue, v.entries, first, second, v.rates, v.listed = staticcall IPositionManager(manager).venue_words()
    ids: uint256 = v.listed | self._backed(255, v.entries)
    words: DynArray[uint256, 32] = staticcall IOracleAdapter(oracle).words(ids)
    markets: DynArray[IPositionManager.MarketWords, 32] = staticcall IPositionManager(manager).market_words(
        ids
    )
    rank: uint256 = 0
    for id: uint256 in range(32):
        if (ids >> id) & 1 == 1:
            word: uint256 = words[rank]
            if id < len(prices) and prices[id] != 0:
                word = prices[id] & packing.U96
            if venue_rates.has(v.rates, venue_rates.LAST_PRICES):
                # W-3: the last prices count as valid
                word = word & ~(packing.U8 << 216)
            if packing.price_state(word) != 0:
                v.unpriced = v.unpriced | (1 << id)
            v.markets[id] = self._prepared(word, markets[rank].carry, markets[rank].risk)
            if markets[rank].terms != 0 and packing.carry_stopped(markets[rank].carry):
                v.settled = v.settled | (1 << id)
            rank = unsafe_add(rank, 1)
    return v


@view
@internal
def _prepared(word: uint256, stored: uint256, risk: uint256) -> Prepared:
    accrued: uint256 = carry.accrue(stored, risk)
    price: int256 = convert(packing.price_of(word), int256)
    above: uint256 = (accrued >> 224) & packing.U8
    weighs: uint256 = risk
    if packing.carry_stopped(accrued):
        # W-3: a settled position has a value and no exposure
        price = convert(floats.value(accrued >> 232), int256)
        weighs = 0
    return Prepared(
        word=word,
        carry=accrued,
        risk=risk,
        price=price,
        less_long=unsafe_sub(price, pricing.index_of(accrued, 1)),
        less_short=unsafe_sub(price, pricing.index_of(accrued, -1)),
        beta=convert(packing.risk_beta(weighs), int256),
        sigma=convert(packing.risk_sigma(weighs), int256),
        w=packing.risk_w(weighs),
        above=convert(above, int256),
        extra=unsafe_mul(above, unsafe_add(200, above)),
    )


@view
@internal
def held(manager: address, vault: address, account: uint256, v: Venue) -> Held:
    """
    @notice An account's balances, positions and collateral, one leg for each underlying, ascending.
    """
    word: uint256 = 0
    amounts: DynArray[uint256, 8] = []
    markets: uint256 = 0
    positions: DynArray[uint256, 16] = []
    word, amounts = staticcall IVault(vault).snapshot(account)
    markets, positions = staticcall IPositionManager(manager).legs(account)
    h: Held = empty(Held)
    h.amounts = amounts
    h.markets = markets
    h.cash = packing.vault_cash(word)
    h.reserved = packing.vault_reserved(word)
    h.assets = packing.vault_assets(word)
    left: uint256 = h.markets | self._backed(h.assets, v.entries)
    rank: uint256 = 0
    for id: uint256 in range(32):
        if left == 0:
            break
        if left & 1 == 1:
            leg: IEngine.Leg = empty(IEngine.Leg)
            leg.market = id
            leg.word = v.markets[id].word
            leg.risk = v.markets[id].risk
            if (h.markets >> id) & 1 == 1:
                leg.position = positions[rank]
                leg.carry = v.markets[id].carry
                rank = unsafe_add(rank, 1)
            h.legs.append(leg)
        left = left >> 1
    if h.assets != 0:
        h.legs = self._with_collateral(h.legs, h.assets, h.amounts, v.entries)
    return h


@pure
@internal
def closed_out(h: Held) -> Held:
    """
    @notice An account after `settle` of all its positions in settled markets (W-3).
    """
    after: Held = h
    after.legs = []
    for l: IEngine.Leg in h.legs:
        leg: IEngine.Leg = l
        if leg.position != 0 and packing.carry_stopped(leg.carry):
            base: int256 = packing.position_base(leg.position)
            quote: int256 = packing.position_quote(leg.position)
            price: uint256 = floats.value(leg.carry >> 232)
            after.cash += pricing.value_down(base, quote, price, pricing.index_of(leg.carry, base))
            after.markets = after.markets & ~(1 << leg.market)
            leg.position = 0
        if leg.position != 0 or leg.held != 0:
            after.legs.append(leg)
    return after


@pure
@internal
def _backed(assets: uint256, entries: uint256) -> uint256:
    # bitmap of the underlyings of those assets that are listed
    ids: uint256 = 0
    for asset: uint256 in range(8):
        entry: uint256 = packing.asset_entry(entries, asset)
        if (assets >> asset) & 1 == 1 and entry != 0:
            ids = ids | (1 << packing.asset_underlying(entry))
    return ids


@pure
@internal
def _with_collateral(
    legs: DynArray[IEngine.Leg, 24], assets: uint256, amounts: DynArray[uint256, 8], entries: uint256
) -> DynArray[IEngine.Leg, 24]:
    out: DynArray[IEngine.Leg, 24] = legs
    rank: uint256 = 0
    for asset: uint256 in range(8):
        if (assets >> asset) & 1 == 1:
            entry: uint256 = packing.asset_entry(entries, asset)
            i: uint256 = margin.index_of(out, packing.asset_underlying(entry))
            out[i].held += amounts[rank]
            out[i].lendable += amounts[rank] * packing.lendable(entry)
            rank = unsafe_add(rank, 1)
    return out
