# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title books: the state of accounts' positions, of every market, and of the venue's parameters
@notice Two words a market for what trades change (carry, book); terms, limits and a quarter of a risk page for what the
        Configurator fixes. Invariants: I-4, I-7.
"""

from interfaces import IEngine
from interfaces import IPositionManager
from contracts.modules import bits
from contracts.modules import checks
from contracts.modules import packing

VENUE: constant(uint256) = 0
RATES: constant(uint256) = 1
COLLATERAL: constant(uint256) = 2
TERMS: constant(uint256) = 3
LIMITS: constant(uint256) = 4
RISK: constant(uint256) = 5
DEPOSIT_CAP: constant(uint256) = 6
SETTLE: constant(uint256) = 7
CLAIMS: constant(uint256) = 8

LISTED: constant(uint256) = 1 << 168

# account => 0 bitmap of markets with a position uint32 | 32 in margin call, as of its last call bit
bitmaps: HashMap[uint256, uint256]
positions: HashMap[uint256, uint256[32]]
carries: uint256[32]
books: uint256[32]
terms: uint256[32]
limits: uint256[32]
risks: uint256[8]
venue: uint256
rates: uint256
collateral: uint256
first_sums: uint256
second_sums: uint256


@view
@internal
def risk_of(id: uint256) -> uint256:
    """
    @notice The 64-bit risk entry of a market.
    """
    return (self.risks[id >> 2] >> unsafe_mul(id & 3, 64)) & packing.U64


@view
@internal
def listed() -> uint256:
    """
    @notice Bitmap of the listed markets.
    """
    return self.second_sums >> 192


@view
@internal
def held(account: uint256) -> uint256:
    """
    @notice Bitmap of the markets in which an account has a position.
    """
    return self.bitmaps[account] & packing.U32


@internal
def store(account: uint256, m: IEngine.Moved):
    """
    @notice Store what the Engine made of a position and its market. An account holds at most 16 positions.
    """
    self.books[m.market] = m.book
    self.carries[m.market] = m.carry
    if account != 0:
        held: uint256 = self.bitmaps[account]
        after: uint256 = held & ~(1 << m.market)
        if m.position != 0:
            after = after | (1 << m.market)
        if after != held:
            checks.that(bits.count(after & packing.U32) <= 16, "manager: too many positions")
            self.bitmaps[account] = after
        self.positions[account][m.market] = m.position


@internal
def store_slice(account: uint256, touched: DynArray[IEngine.Touched, 16]):
    """
    @notice Store what a liquidation left of an account's positions.
    """
    held: uint256 = self.bitmaps[account]
    after: uint256 = held
    for t: IEngine.Touched in touched:
        self.books[t.market] = t.book
        self.carries[t.market] = t.carry
        self.positions[account][t.market] = t.position
        if t.position == 0:
            after = after ^ (1 << t.market)
    if after != held:
        self.bitmaps[account] = after


@internal
def log_trade(account: uint256, m: IEngine.Moved):
    """
    @notice The event of a trade at P-3.
    """
    if m.size != 0:
        log IPositionManager.Trade(
            account=account, market=m.market, size=m.size, price=m.price, fee=m.fee, realised=m.realised
        )


@internal
def configure(kind: uint256, id: uint256, word: uint256):
    """
    @notice Store a parameter word. The bounds are the Configurator's. A change of terms or risk is followed by `reprice`.
    """
    if kind == VENUE:
        self.venue = word
    elif kind == RATES:
        self.rates = word
    elif kind == COLLATERAL:
        self.collateral = word
    elif kind == TERMS:
        self.terms[id] = word
        self.second_sums = self.second_sums | (((word & LISTED) >> 168) << (192 + id))
    elif kind == LIMITS:
        self.limits[id] = word
    elif kind == SETTLE:
        # a scale of 0 owes no premium; beta, sigma and w stay for the collateral that the price backs
        self.terms[id] = LISTED
    else:
        at: uint256 = (id & 3) * 64
        self.risks[id >> 2] = (self.risks[id >> 2] & ~(packing.U64 << at)) | (word << at)
