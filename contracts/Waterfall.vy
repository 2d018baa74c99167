# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Waterfall: who pays when margin was not enough, and in which order
@license MIT
@notice Part of the core, bound to one PositionManager for good: it keeps what each market has claimed of the cover pool
        (W-1) and the clock of deleveraging (W-2), and says how much of a winner's position closes. It holds no money
        and moves none; what it answers, the PositionManager carries out.
        Keeps its part of I-13 (a market takes at most its share of the cover pool) and of I-9 (whose position is
        deleveraged, when, and how much of it).
@custom:kill Nothing to stop here. If markets claim too much of the cover pool, lower `cover_share`; if winners are deleveraged
        without need, lower `adl_ratio` (1 at least): both in the Configurator, at once.
"""

from interfaces import IEngine
from interfaces import ILiquidityPool
from interfaces import IPositionManager
from interfaces import IVault
from interfaces import IWaterfall
from contracts.modules import carry
from contracts.modules import checks
from contracts.modules import deleveraging
from contracts.modules import packing
from contracts.modules import pool_risk
from contracts.modules import pricing
from contracts.modules import touching
from contracts.modules import venue_rates
from contracts.modules import rounding

implements: IWaterfall


# PositionManager and oracle as they answer for one market: room for 32 would cost every call 3,000 gas.
interface IMarkets:
    def market_words(ids: uint256) -> DynArray[IPositionManager.MarketWords, 1]: view


interface IPrices:
    def words(ids: uint256) -> DynArray[uint256, 1]: view


WINDOW: constant(uint256) = 86_400
# an alarm older than that proves nothing any more
FRESH: constant(uint256) = 300
# theta falls from TOP to nothing in RAMP seconds
TOP: constant(uint256) = 5 * 10**17
RAMP: constant(uint256) = 900
# losses that no market answers for
NOBODY: constant(uint256) = 32

MANAGER: public(immutable(address))


# The pool's account: its cash (WAD), its collateral by asset, amounts as in IVault.snapshot, and what the assets are.
struct Stock:
    cash: int256
    assets: uint256
    amounts: DynArray[uint256, 8]
    entries: uint256


# market => 0 used uint128 (WAD) | 128 time uint40
claims: HashMap[uint256, uint256]
# 0 since uint40 | 40 last alarm uint40
times: uint256


@deploy
def __init__(manager: address):
    """
    @param manager The PositionManager, whose address is known before its code is there.
    """
    MANAGER = manager


# ---- the PositionManager ------------------------------------------------------------------------

@external
def claim(debt: uint256, blame: uint256, cash: int256, rates: uint256) -> uint256:
    """
    @notice W-1: what the cover pool pays of a bad debt. Each market that is to blame answers for its part and has its cap.
    @param debt WAD. @param blame 8 bits a market, 0 in all if none is to blame. @param cash The cover pool's, WAD.
    @param rates The venue's rates word. Only the PositionManager may ask ("waterfall: not the manager").
    @return WAD, at most the debt and the cash.
    """
    checks.that(msg.sender == MANAGER, "waterfall: not the manager")
    able: uint256 = convert(max(cash, 0), uint256)
    cap: uint256 = self._cap(cash, rates)
    if blame == 0:
        return min(self._claimed(NOBODY, debt, cap), able)
    total: uint256 = 0
    for market: uint256 in range(32):
        total += (blame >> (8 * market)) & packing.U8
    granted: uint256 = 0
    for market: uint256 in range(32):
        part: uint256 = (blame >> (8 * market)) & packing.U8
        if part != 0:
            granted += self._claimed(market, rounding.ceil_div_unsigned(debt * part, total), cap)
    return min(min(granted, debt), able)


# ---- anyone -------------------------------------------------------------------------------------

@external
def deleverage(account: uint256, market: uint256) -> int256:
    """
    @notice W-2: close as much of a winner's position as gives the pool its capital again, at the mark and free of charge. The clock
            must run on a fresh alarm ("waterfall: no fresh alarm"); the position must be on the side of the skew ("waterfall: not
            against the pool") and in profit by theta ("waterfall: others come first"); closing it must help ("waterfall: does
            not help") and leave its owner with E >= IM ("manager: below initial margin"); all his prices must be valid.
    @dev The pool is as its markets were last touched, which anybody can renew by `poke`. Such sums never stop the clock: only an alarm does,
         or a winner could set it back with old ones.
    @return The signed size traded; 0 if the pool is not short.
    """
    times: uint256 = self.times
    checks.that(times != 0 and block.timestamp <= (times >> 40) + FRESH, "waterfall: no fresh alarm")
    checks.that(market < 32, "waterfall: no such market")
    leg: IEngine.Leg = empty(IEngine.Leg)
    venue: uint256[4] = empty(uint256[4])
    leg, venue[0], venue[1], venue[2], venue[3] = extcall IPositionManager(MANAGER).priced_leg(
        account, market
    )
    base: int256 = packing.position_base(leg.position)
    skew: int256 = packing.book_long(leg.book) - packing.book_short(leg.book)
    accrued: uint256 = carry.accrue(leg.carry, leg.risk)
    price: uint256 = packing.price_of(leg.word)
    worth: int256 = pricing.value_down(
        base, packing.position_quote(leg.position), price, pricing.index_of(accrued, base)
    )
    least: uint256 = self._threshold(times)
    deleveraging.check_qualifies(base, worth, price, skew, least)
    size: int256 = -10**10 * deleveraging.lots_up(self._frame(leg, accrued, venue), base, skew)
    if size != 0:
        # it has answered already, so it is there
        extcall IPositionManager(MANAGER).deleverage(account, market, size, skip_contract_check=True)
        log IWaterfall.Deleveraged(account=account, market=market, size=size, threshold=least)
    return size


@external
def alarm() -> bool:
    """
    @notice Measure the pool from every market, at the prices of now, which must be valid ("waterfall: no valid price"). If it
            is short of capital (W-2) the clock starts, or goes on if the last alarm is at most 300 s old; if not, it stops.
    @return Whether the pool is short.
    """
    pool: address = staticcall IPositionManager(MANAGER).POOL()
    s: ILiquidityPool.PoolState = staticcall ILiquidityPool(pool).pool_state()
    checks.that(s.prices_valid, "waterfall: no valid price")
    ratio: int256 = convert(packing.field16(self._rates(), venue_rates.ADL_RATIO), int256)
    short: bool = s.reduced_equity * 10**4 < ratio * convert(s.net, int256)
    since: uint256 = 0
    if short:
        since = block.timestamp
        if self.times != 0 and block.timestamp <= (self.times >> 40) + FRESH:
            since = self.times & packing.U40
        self.times = since | (block.timestamp << 40)
    else:
        self.times = 0
    log IWaterfall.Alarm(short=short, reduced_equity=s.reduced_equity, net=s.net, since=since)
    return short


# ---- views --------------------------------------------------------------------------------------

@view
@external
def clock() -> IWaterfall.Clock:
    """
    @return Since when the clock runs (0: it stands) and the last alarm, unix seconds.
    """
    return IWaterfall.Clock(since=self.times & packing.U40, last=self.times >> 40)


@view
@external
def threshold() -> uint256:
    """
    @return theta of W-2 now, WAD of notional; 2^256 - 1 while no position may be deleveraged.
    """
    if self.times == 0 or block.timestamp > (self.times >> 40) + FRESH:
        return max_value(uint256)
    return self._threshold(self.times)


@view
@external
def used(market: uint256) -> uint256:
    """
    @return What a market's claims count against its cap now, WAD. Market 32: losses of no market.
    """
    cash: int256 = staticcall IVault(self._vault()).cash(self._cover_account())
    return self._used(market, self._cap(cash, self._rates()))


@view
@external
def solvency() -> IPositionManager.Solvency:
    """
    @notice Tokens held, ledger sum, D, and the pool's equity from the aggregates, in one call (L-1, U-0). Quote in WAD.
    """
    venue: uint256[6] = self._venue_words()
    pool: Stock = self._held()
    sums: packing.Sums = packing.unpack_sums(venue[2], venue[3])
    worth: int256 = pool.cash
    for asset: uint256 in range(8):
        if self._counts(pool, asset):
            sums, worth = pool_risk.with_stock(sums, worth, self._stock(pool, asset), True)
    equity: int256 = 0
    used: uint256 = 0
    equity, used = touching.weigh(sums, worth, venue[0], venue[4])
    tokens: uint256 = 0
    credited: uint256 = 0
    debt: uint256 = 0
    tokens, credited, debt = staticcall IVault(self._vault()).totals()
    return IPositionManager.Solvency(
        tokens=tokens,
        credited=credited,
        pool_cash=pool.cash,
        cover_cash=staticcall IVault(self._vault()).cash(self._cover_account()),
        debt=debt,
        reduced_equity=equity,
        utilisation=used,
    )


# ---- claims -------------------------------------------------------------------------------------

@internal
def _claimed(market: uint256, due: uint256, cap: uint256) -> uint256:
    used: uint256 = self._used(market, cap)
    granted: uint256 = min(due, max(cap, used) - used)
    if granted != 0:
        self.claims[market] = (used + granted) | (block.timestamp << 128)
        log IWaterfall.Claimed(market=market, amount=granted, used=used + granted)
    return granted


@view
@internal
def _used(market: uint256, cap: uint256) -> uint256:
    # what was claimed is forgiven at the speed of one cap a window
    word: uint256 = self.claims[market]
    gone: uint256 = cap * (block.timestamp - (word >> 128)) // WINDOW
    before: uint256 = word & packing.U128
    return before - min(before, gone)


# ---- the clock ----------------------------------------------------------------------------------

@view
@internal
def _threshold(times: uint256) -> uint256:
    ran: uint256 = min(block.timestamp - (times & packing.U40), RAMP)
    return TOP * (RAMP - ran) // RAMP


# ---- what the PositionManager holds -------------------------------------------------------------

@view
@internal
def _frame(leg: IEngine.Leg, accrued: uint256, venue: uint256[4]) -> deleveraging.Frame:
    pool: Stock = self._held()
    f: deleveraging.Frame = deleveraging.frame(leg, accrued, pool.cash, venue)
    if pool.assets != 0:
        for asset: uint256 in range(8):
            if self._counts(pool, asset):
                f = deleveraging.with_stock(f, leg, self._stock(pool, asset))
    return f


@view
@internal
def _market(market: uint256) -> IEngine.Leg:
    words: DynArray[IPositionManager.MarketWords, 1] = staticcall IMarkets(MANAGER).market_words(1 << market)
    leg: IEngine.Leg = empty(IEngine.Leg)
    leg.market = market
    leg.carry = words[0].carry
    leg.risk = words[0].risk
    leg.book = words[0].book
    leg.terms = words[0].terms
    return leg


@view
@internal
def _held() -> Stock:
    pool: Stock = empty(Stock)
    account: uint256 = convert(staticcall IPositionManager(MANAGER).POOL(), uint256) << 96
    word: uint256 = 0
    word, pool.amounts = staticcall IVault(self._vault()).snapshot(account)
    pool.cash = packing.vault_cash(word)
    pool.assets = packing.vault_assets(word)
    if pool.assets != 0:
        pool.entries = staticcall IPositionManager(MANAGER).collateral_word()
    return pool


@pure
@internal
def _counts(pool: Stock, asset: uint256) -> bool:
    # whether the pool holds an asset, and none before it of the same underlying: one leg is made of all that it holds of one
    if (pool.assets >> asset) & 1 == 0:
        return False
    underlying: uint256 = packing.asset_underlying(packing.asset_entry(pool.entries, asset))
    for other: uint256 in range(8):
        if other == asset:
            break
        entry: uint256 = packing.asset_entry(pool.entries, other)
        if (pool.assets >> other) & 1 == 1 and packing.asset_underlying(entry) == underlying:
            return False
    return True


@view
@internal
def _stock(pool: Stock, asset: uint256) -> IEngine.Leg:
    # all that the pool holds of an asset's underlying, in its market, at the last prices
    underlying: uint256 = packing.asset_underlying(packing.asset_entry(pool.entries, asset))
    leg: IEngine.Leg = self._market(underlying)
    oracle: address = staticcall IPositionManager(MANAGER).ORACLE()
    leg.word = (staticcall IPrices(oracle).words(1 << underlying))[0]
    rank: uint256 = 0
    for other: uint256 in range(8):
        if (pool.assets >> other) & 1 == 1:
            entry: uint256 = packing.asset_entry(pool.entries, other)
            if packing.asset_underlying(entry) == underlying:
                leg.held += pool.amounts[rank]
                leg.lendable += pool.amounts[rank] * packing.lendable(entry)
            rank += 1
    return leg


@view
@internal
def _vault() -> address:
    return staticcall IPositionManager(MANAGER).VAULT()


@view
@internal
def _cover_account() -> uint256:
    return convert(staticcall IPositionManager(MANAGER).COVER(), uint256) << 96


@view
@internal
def _venue_words() -> uint256[6]:
    w: uint256[6] = empty(uint256[6])
    w[0], w[1], w[2], w[3], w[4], w[5] = staticcall IPositionManager(MANAGER).venue_words()
    return w


@view
@internal
def _rates() -> uint256:
    return self._venue_words()[4]


@pure
@internal
def _cap(cash: int256, rates: uint256) -> uint256:
    # of a market's claims, at the cover pool's cash
    return convert(max(cash, 0), uint256) * packing.field16(rates, venue_rates.COVER_SHARE) // 10**4
