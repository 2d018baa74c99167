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
from contracts.modules import margin
from contracts.modules import packing


# By underlying id: price word, carry word at this block, risk entry. ids: bitmap of what is listed or backs a listed asset.
struct Venue:
    words: uint256[32]
    carries: uint256[32]
    risks: uint256[32]
    ids: uint256
    listed: uint256
    venue: uint256
    entries: uint256


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
def load(manager: address, oracle: address) -> Venue:
    """
    @notice Everything that accounts share.
    """
    v: Venue = empty(Venue)
    first: uint256 = 0
    second: uint256 = 0
    rates: uint256 = 0
    v.venue, v.entries, first, second, rates, v.listed = staticcall IPositionManager(manager).venue_words()
    v.ids = v.listed
    for asset: uint256 in range(8):
        entry: uint256 = packing.asset_entry(v.entries, asset)
        if entry != 0:
            v.ids = v.ids | (1 << packing.asset_underlying(entry))
    if v.ids == 0:
        return v
    words: DynArray[uint256, 32] = staticcall IOracleAdapter(oracle).words(v.ids)
    markets: DynArray[IPositionManager.MarketWords, 32] = staticcall IPositionManager(manager).market_words(v.ids)
    rank: uint256 = 0
    for id: uint256 in range(32):
        if (v.ids >> id) & 1 == 1:
            v.words[id] = words[rank]
            v.carries[id] = carry.accrue(markets[rank].carry, markets[rank].risk)
            v.risks[id] = markets[rank].risk
            rank += 1
    return v


@view
@internal
def held(manager: address, vault: address, account: uint256, v: Venue) -> Held:
    """
    @notice An account's balances, positions and collateral, one leg for each underlying, ascending.
    """
    h: Held = empty(Held)
    word: uint256 = 0
    positions: DynArray[uint256, 16] = []
    word, h.amounts = staticcall IVault(vault).snapshot(account)
    h.markets, positions = staticcall IPositionManager(manager).legs(account)
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
            leg.word = v.words[id]
            leg.risk = v.risks[id]
            if (h.markets >> id) & 1 == 1:
                leg.position = positions[rank]
                leg.carry = v.carries[id]
                rank = unsafe_add(rank, 1)
            h.legs.append(leg)
        left = left >> 1
    if h.assets != 0:
        h.legs = self._with_collateral(h.legs, h.assets, h.amounts, v.entries)
    return h


@pure
@internal
def _backed(assets: uint256, entries: uint256) -> uint256:
    # bitmap of the underlyings of an account's collateral
    ids: uint256 = 0
    if assets != 0:
        for asset: uint256 in range(8):
            if (assets >> asset) & 1 == 1:
                ids = ids | (1 << packing.asset_underlying(packing.asset_entry(entries, asset)))
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


@view
@internal
def health(h: Held, venue: uint256) -> margin.Health:
    """
    @notice M-4 of an account.
    """
    return margin.evaluate(h.cash, h.legs, venue)


@view
@internal
def is_liquidatable(h: Held, state: margin.Health) -> bool:
    """
    @notice Whether liquidate() would act on an account that is not the protocol's.
    """
    return state.priced and margin.slack(state) < 0 and (h.markets != 0 or h.cash < 0)
