# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title FakeBooks: PositionManager, Vault, oracle and LiquidityPool in one, as far as a Waterfall sees them
@notice Every word is a test's to set, so that expected values can be worked out from plain numbers.
"""

from interfaces import IEngine
from interfaces import ILiquidityPool
from interfaces import IPositionManager
from contracts.modules import packing


struct Position:
    base: int256
    quote: int256


VAULT: public(address)
ORACLE: public(address)
POOL: public(address)
COVER: public(address)

cash: public(HashMap[uint256, int256])
assets: HashMap[uint256, uint256]
amounts: HashMap[uint256, DynArray[uint256, 8]]
# held, credited, owed (WAD)
sums: uint256[3]
pool_state: public(ILiquidityPool.PoolState)
# the words of venue_words(), of the markets, of positions and of the oracle; fresh: what a refresh finds
venue: uint256[6]
markets: HashMap[uint256, IPositionManager.MarketWords]
position: public(HashMap[uint256, HashMap[uint256, Position]])
stored: HashMap[uint256, uint256]
fresh: HashMap[uint256, uint256]
refreshed: public(uint256)

# the last deleveraging asked for, and how many there were
account: public(uint256)
market: public(uint256)
size: public(int256)
calls: public(uint256)
refuses: bool


@deploy
def __init__(cover: address):
    self.VAULT = self
    self.ORACLE = self
    self.POOL = self
    self.COVER = cover


# ---- what tests set -----------------------------------------------------------------------------


@external
def set_venue(words: uint256[6]):
    self.venue = words


@external
def set_cash(account: uint256, cash: int256):
    self.cash[account] = cash


@external
def set_totals(held: uint256, credited: uint256, owed: uint256):
    self.sums = [held, credited, owed]


@external
def set_stock(account: uint256, assets: uint256, amounts: DynArray[uint256, 8]):
    self.assets[account] = assets
    self.amounts[account] = amounts


@external
def set_market(id: uint256, words: IPositionManager.MarketWords):
    self.markets[id] = words


@external
def set_position(account: uint256, market: uint256, base: int256, quote: int256):
    self.position[account][market] = Position(base=base, quote=quote)


@external
def set_price(id: uint256, stored: uint256, fresh: uint256):
    self.stored[id] = stored
    self.fresh[id] = fresh


@external
def set_pool_state(state: ILiquidityPool.PoolState):
    self.pool_state = state


@external
def refuse(refuses: bool):
    self.refuses = refuses


# ---- PositionManager ----------------------------------------------------------------------------


@external
def priced_leg(account: uint256, market: uint256) -> (IEngine.Leg, uint256, uint256, uint256, uint256):
    self.refreshed = self.refreshed | (1 << market)
    self.stored[market] = self.fresh[market]
    assert packing.price_state(self.fresh[market]) == 0, "manager: no valid price"
    held: Position = self.position[account][market]
    words: IPositionManager.MarketWords = self.markets[market]
    leg: IEngine.Leg = IEngine.Leg(
        market=market,
        position=packing.pack_position(held.base, held.quote),
        carry=words.carry,
        risk=words.risk,
        word=self.fresh[market],
        held=0,
        lendable=0,
        book=words.book,
        terms=words.terms,
    )
    return leg, self.venue[0], self.venue[2], self.venue[3], self.venue[4]


@external
def deleverage(account: uint256, market: uint256, size: int256):
    assert not self.refuses, "manager: below initial margin"
    self.account = account
    self.market = market
    self.size = size
    self.calls += 1


@view
@external
def venue_words() -> (uint256, uint256, uint256, uint256, uint256, uint256):
    w: uint256[6] = self.venue
    return w[0], w[1], w[2], w[3], w[4], w[5]


@view
@external
def collateral_word() -> uint256:
    return self.venue[1]


@view
@external
def market_words(ids: uint256) -> DynArray[IPositionManager.MarketWords, 32]:
    found: DynArray[IPositionManager.MarketWords, 32] = []
    for id: uint256 in range(32):
        if (ids >> id) & 1 == 1:
            found.append(self.markets[id])
    return found


# ---- Vault --------------------------------------------------------------------------------------


@view
@external
def totals() -> (uint256, uint256, uint256):
    return self.sums[0], self.sums[1], self.sums[2]


@view
@external
def snapshot(account: uint256) -> (uint256, DynArray[uint256, 8]):
    low: uint256 = convert(convert(self.cash[account], bytes32), uint256) & (2**128 - 1)
    return low | (self.assets[account] << 224), self.amounts[account]


# ---- oracle --------------------------------------------------------------------------------------


@view
@external
def words(ids: uint256) -> DynArray[uint256, 32]:
    found: DynArray[uint256, 32] = []
    for id: uint256 in range(32):
        if (ids >> id) & 1 == 1:
            found.append(self.stored[id])
    return found
