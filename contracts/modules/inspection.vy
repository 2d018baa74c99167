# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title inspection: what anyone may read of the PositionManager
"""

from interfaces import IPositionManager
from interfaces import IVault
from interfaces import IWaterfall
from contracts.modules import bits
from contracts.modules import books
from contracts.modules import margin
from contracts.modules import packing
from contracts.modules import portfolio
from contracts.modules import wiring

uses: books
uses: portfolio
uses: wiring


@view
@external
def account_health(account: uint256) -> (int256, uint256, uint256, uint256):
    """
    @notice Equity, initial margin, maintenance margin (WAD quote) and state: 0 healthy, 1 below initial, 2 margin call,
            3 liquidatable, 4 no valid price, where the last ones do not count (W-3). At the prices a call in this block would use.
    """
    h: margin.Health = portfolio.health(account)
    return h.equity, h.initial, h.maintenance, margin.state_of(h, books.venue)


@view
@external
def position(account: uint256, market: uint256) -> (int256, int256):
    """
    @notice Base (WAD, signed, positive is long) and quote (WAD) of a position.
    """
    word: uint256 = books.positions[account][market]
    return packing.position_base(word), packing.position_quote(word)


@view
@external
def cash(account: uint256) -> int256:
    """
    @notice Signed WAD quote.
    """
    return wiring.cash_of(account)


@view
@external
def collateral(account: uint256, token: address) -> uint256:
    """
    @notice WAD amount of a collateral token.
    """
    return staticcall IVault(wiring.VAULT).collateral(account, wiring.asset_of(token))


@view
@external
def solvency() -> IPositionManager.Solvency:
    """
    @notice Tokens held, ledger sum, D, and the pool's equity from the aggregates, in one call (L-1, U-0). Quote in WAD.
    """
    return staticcall IWaterfall(wiring.WATERFALL).solvency()


@view
@external
def legs(account: uint256) -> (uint256, DynArray[uint256, 16]):
    """
    @notice Bitmap of the markets held and the packed positions, ascending.
    """
    # books.held in place
    held: uint256 = books.bitmaps[account] & packing.U32
    words: DynArray[uint256, 16] = []
    left: uint256 = held
    for _i: uint256 in range(16):
        if left == 0:
            break
        # bits.lowest in place: the Lens calls this a thousand times
        low: uint256 = left & unsafe_sub(0, left)
        words.append(books.positions[account][(bits.INDEX >> unsafe_mul(low % 37, 5)) & 31])
        left = left ^ low
    return held, words


@view
@external
def market_words(ids: uint256) -> DynArray[IPositionManager.MarketWords, 32]:
    """
    @notice The stored words of the markets in the bitmap, ascending. Layouts in packing.vy.
    """
    words: DynArray[IPositionManager.MarketWords, 32] = []
    for id: uint256 in range(32):
        if (ids >> id) & 1 == 1:
            words.append(
                IPositionManager.MarketWords(
                    carry=books.carries[id],
                    book=books.books[id],
                    terms=books.terms[id],
                    limits=books.limits[id],
                    risk=books.risk_of(id),
                )
            )
    return words


@view
@external
def collateral_word() -> uint256:
    """
    @notice The collateral entries alone (layout in packing.vy): what the Liquidator needs of the venue's words.
    """
    return books.collateral


@view
@external
def venue_words() -> (uint256, uint256, uint256, uint256, uint256, uint256):
    """
    @notice Venue word, collateral word, both words of the pool's sums, rates word, bitmap of listed markets.
    """
    return books.venue, books.collateral, books.first_sums, books.second_sums, books.rates, books.listed()
