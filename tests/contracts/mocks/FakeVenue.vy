# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title FakeVenue: PositionManager, Vault and oracle in one, as far as a LiquidityPool sees them; every number is a test's to set
@notice For states that take the real ones days: shutdowns, settled markets, a cover pool that was wiped out. Quotes of at most 18 decimals.
"""

from ethereum.ercs import IERC20
from interfaces import IPositionManager

POOL: public(address)
COVER: public(address)
VAULT: public(address)
ORACLE: public(address)
quote: address
decimals: uint256

# ledger, WAD
cash: public(HashMap[uint256, int256])
debt: public(uint256)
assets: HashMap[uint256, uint256]
amounts: HashMap[uint256, DynArray[uint256, 8]]

# the words of venue_words(), of the markets and of the oracle
venue: uint256[6]
markets: HashMap[uint256, IPositionManager.MarketWords]
prices: HashMap[uint256, uint256]
# bitmap of the last refresh; how often there was one
refreshed: public(uint256)
refreshes: public(uint256)


@deploy
def __init__(quote: address, decimals: uint256, pool: address, cover: address):
    self.quote = quote
    self.decimals = decimals
    self.POOL = pool
    self.COVER = cover
    self.VAULT = self
    self.ORACLE = self


# ---- what tests set -----------------------------------------------------------------------------


@external
def set_venue(index: uint256, word: uint256):
    self.venue[index] = word


@external
def set_cash(account: uint256, cash: int256):
    self.cash[account] = cash


@external
def set_debt(debt: uint256):
    self.debt = debt


@external
def set_stock(account: uint256, assets: uint256, amounts: DynArray[uint256, 8]):
    self.assets[account] = assets
    self.amounts[account] = amounts


@external
def set_market(id: uint256, words: IPositionManager.MarketWords):
    self.markets[id] = words


@external
def set_price(id: uint256, word: uint256):
    self.prices[id] = word


# ---- PositionManager ----------------------------------------------------------------------------


@external
def pool_deposit(payer: address, tokens: uint256):
    assert extcall IERC20(self.quote).transferFrom(payer, self, tokens)
    self.cash[self._account()] += self._wad(tokens)


@external
def pool_withdraw(receiver: address, tokens: uint256):
    self.cash[self._account()] -= self._wad(tokens)
    left: int256 = max(self.cash[self._account()], self.cash[convert(self.POOL, uint256) << 96])
    assert left >= convert(self.debt, int256), "manager: cash owed to winners"
    assert extcall IERC20(self.quote).transfer(receiver, tokens)


@view
@internal
def _account() -> uint256:
    assert msg.sender == self.POOL or msg.sender == self.COVER, "manager: not the pool"
    return convert(msg.sender, uint256) << 96


@view
@internal
def _wad(tokens: uint256) -> int256:
    return convert(tokens * 10**(18 - self.decimals), int256)


@view
@external
def venue_words() -> (uint256, uint256, uint256, uint256, uint256, uint256):
    w: uint256[6] = self.venue
    return w[0], w[1], w[2], w[3], w[4], w[5]


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
def token(asset: uint256) -> address:
    return self.quote


@view
@external
def decimals_of(asset: uint256) -> uint256:
    return self.decimals


@view
@external
def snapshot(account: uint256) -> (uint256, DynArray[uint256, 8]):
    low: uint256 = convert(convert(self.cash[account], bytes32), uint256) & (2**128 - 1)
    return low | (self.assets[account] << 224), self.amounts[account]


# ---- oracle -------------------------------------------------------------------------------------


@external
def refresh(ids: uint256) -> DynArray[uint256, 32]:
    self.refreshed = ids
    self.refreshes += 1
    return self._words(ids)


@view
@external
def words(ids: uint256) -> DynArray[uint256, 32]:
    return self._words(ids)


@view
@internal
def _words(ids: uint256) -> DynArray[uint256, 32]:
    found: DynArray[uint256, 32] = []
    for id: uint256 in range(32):
        if (ids >> id) & 1 == 1:
            found.append(self.prices[id])
    return found
