# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Lens
@license MIT
@notice Reads the venue for keepers, traders and pages: many accounts in one call, everything decoded, what an order or a move
        of the market would do. Stateless; it compiles in the venue's own formulas, and prices look through to the
        sources, so that an answer is what a call in the same block would find. An account that does not exist is empty.
        Shows I-3, I-8, I-10 and I-11 to those who check them; it can break none.
@custom:kill Nothing depends on it on chain: deploy another one, also when OrderBook or Liquidator are replaced.
"""

from interfaces import IEngine
from interfaces import ILens
from interfaces import ILiquidityPool
from interfaces import IOrderBook
from interfaces import IPositionManager
from interfaces import IQuoteLens
from interfaces import IRiskLens
from interfaces import IVault
from contracts.modules import bits
from contracts.modules import checks
from contracts.modules import decoding
from contracts.modules import margin
from contracts.modules import packing
from contracts.modules import reading
from contracts.modules import shocks

from ethereum.ercs import IERC20
from ethereum.ercs import IERC4626

implements: ILens

QUOTE: constant(uint256) = 255
WAD: constant(int256) = 10**18

MANAGER: immutable(address)
VAULT: immutable(address)
ORACLE: immutable(address)
ORDER_BOOK: immutable(address)
LIQUIDATOR: immutable(address)
POOL: immutable(address)
QUOTES: immutable(address)
RISKS: immutable(address)
POOL_ACCOUNT: immutable(uint256)
COVER_ACCOUNT: immutable(uint256)


@deploy
def __init__(
    manager: address, order_book: address, liquidator: address, pool: address, quotes: address, risks: address
):
    """
    @param manager The PositionManager. @param order_book For timings. @param liquidator Only passed on.
    @param pool The manager's LiquidityPool ("lens: another manager's pool"). @param quotes The QuoteLens of this venue. @param risks Its RiskLens.
    """
    checks.that(staticcall IPositionManager(manager).POOL() == pool, "lens: another manager's pool")
    MANAGER = manager
    VAULT = staticcall IPositionManager(manager).VAULT()
    ORACLE = staticcall IPositionManager(manager).ORACLE()
    ORDER_BOOK = order_book
    LIQUIDATOR = liquidator
    POOL = pool
    QUOTES = quotes
    RISKS = risks
    POOL_ACCOUNT = convert(pool, uint256) << 96
    COVER_ACCOUNT = convert(staticcall IPositionManager(manager).COVER(), uint256) << 96


# ---- many accounts ------------------------------------------------------------------------------

@view
@external
def health(accounts: DynArray[uint256, 1000]) -> DynArray[ILens.Health, 1000]:
    """
    @notice M-4 of each account, as `account_health` of the PositionManager gives it.
    @dev For accounts without collateral this is margin.with_leg written out over terms prepared once a market: a call a
         position would cost half as much again. The bounds are with_leg's; `health_at` goes through with_leg.
    """
    v: reading.Venue = self._venue([])
    # W-3: what is settled needs no price
    unpriced: uint256 = v.unpriced & ~v.settled
    found: DynArray[ILens.Health, 1000] = []
    for account: uint256 in accounts:
        m: margin.Health = empty(margin.Health)
        word: uint256 = staticcall IVault(VAULT).word(account)
        if word >> 224 != 0:
            h: reading.Held = self._held(account, v)
            m = margin.evaluate(h.cash, h.legs, v.venue)
        else:
            held: uint256 = 0
            positions: DynArray[uint256, 16] = []
            held, positions = staticcall IPositionManager(MANAGER).legs(account)
            t: margin.Totals = empty(margin.Totals)
            t.unpriced = held & unpriced != 0
            left: uint256 = held
            for position: uint256 in positions:
                low: uint256 = left & unsafe_sub(0, left)
                p: reading.Prepared = v.markets[(bits.INDEX >> unsafe_mul(low % 37, 5)) & 31]
                left = left ^ low
                base: int256 = convert(convert(position << 128, bytes32), int256) >> 128
                exposure: int256 = unsafe_mul(p.price, base)
                size: int256 = exposure
                value: int256 = unsafe_mul(base, p.less_long)
                if base < 0:
                    size = unsafe_sub(0, exposure)
                    value = unsafe_mul(base, p.less_short)
                if value < 0:
                    value = unsafe_sub(value, WAD - 1)
                t.profit = unsafe_add(
                    t.profit,
                    unsafe_add(unsafe_div(value, WAD), convert(convert(position, bytes32), int256) >> 128),
                )
                n: int256 = unsafe_div(exposure, WAD)
                beta_n: int256 = unsafe_mul(p.beta, n)
                sigma_n: int256 = unsafe_mul(p.sigma, n)
                square: uint256 = convert(convert(unsafe_mul(sigma_n, sigma_n), bytes32), uint256)
                w_g: uint256 = unsafe_mul(
                    p.w, convert(convert(unsafe_div(unsafe_add(size, WAD - 1), WAD), bytes32), uint256)
                )
                t.common = unsafe_add(t.common, beta_n)
                t.squares = unsafe_add(t.squares, square)
                t.gross = unsafe_add(t.gross, w_g)
                if p.above != 0:
                    t.extra_common = unsafe_add(t.extra_common, unsafe_mul(p.above, beta_n))
                    t.extra_squares = unsafe_add(t.extra_squares, unsafe_mul(p.extra, square))
                    t.extra_gross = unsafe_add(
                        t.extra_gross, unsafe_mul(convert(convert(p.above, bytes32), uint256), w_g)
                    )
            m = margin.health(t, packing.vault_cash(word), held != 0, v.venue)
        found.append(
            ILens.Health(
                equity=m.equity,
                initial=m.initial,
                maintenance=m.maintenance,
                state=margin.state_of(m, v.venue),
            )
        )
    return found


@view
@external
def health_at(
    accounts: DynArray[uint256, 1000], prices: DynArray[uint256, 32]
) -> DynArray[ILens.Health, 1000]:
    """
    @notice As `health`, at other prices.
    @param prices By underlying id, WAD, below 2^96, taken as valid. 0 or missing: the venue's own.
    """
    v: reading.Venue = self._venue(prices)
    found: DynArray[ILens.Health, 1000] = []
    for id: uint256 in accounts:
        m: margin.Health = self._assess(self._held(id, v), v.venue)
        found.append(
            ILens.Health(
                equity=m.equity,
                initial=m.initial,
                maintenance=m.maintenance,
                state=margin.state_of(m, v.venue),
            )
        )
    return found


@view
@external
def liquidatable(accounts: DynArray[uint256, 1000]) -> DynArray[uint256, 1000]:
    """
    @notice Those of the accounts that `liquidate` would act on now, in the order given. Protocol accounts never are.
    """
    return staticcall IRiskLens(RISKS).liquidatable(accounts)


# ---- one account in full ------------------------------------------------------------------------

@view
@external
def accounts(ids: DynArray[uint256, 50]) -> DynArray[ILens.Account, 50]:
    """
    @notice Everything about each account.
    """
    v: reading.Venue = self._venue([])
    asked: DynArray[uint256, 1000] = []
    for id: uint256 in ids:
        asked.append(id)
    due: DynArray[uint256, 1000] = staticcall IRiskLens(RISKS).liquidatable(asked)
    found: DynArray[ILens.Account, 50] = []
    for id: uint256 in ids:
        found.append(self._account(id, v, id in due))
    return found


@view
@external
def liquidation_shock(account: uint256) -> int256:
    """
    @notice The smallest common move x at which the account is liquidatable: WAD, signed, a whole number of bps; 0 if it is now.
            Every price moves to P_u (1 + x beta_u / beta_ref), rounded down, beta_ref of the lowest listed market, which
            itself moves by x. None: max_value(int256), if no move up to tenfold and down to where a price would reach zero
            does it. Of two equal moves the one down. Invalid prices count at their last value.
    """
    v: reading.Venue = self._venue([])
    h: reading.Held = self._held(account, v)
    if self._is_protocol(account) or (h.markets == 0 and h.cash >= 0):
        return shocks.NO_MOVE
    return shocks.nearest(h.cash, h.legs, v)


@view
@external
def quote_order(account: uint256, order: IOrderBook.Order) -> ILens.OrderQuote:
    """
    @notice What `order` would do if `account` gave it now and it were filled at the mark (see QuoteLens, which answers).
    @param order account and salt are not looked at.
    """
    return staticcall IQuoteLens(QUOTES).quote_order(account, order)


@view
@external
def cure(account: uint256) -> IRiskLens.Cure:
    """
    @notice What leads an account out of the warning band, by kind of deposit (see RiskLens, which answers).
    """
    return staticcall IRiskLens(RISKS).cure(account)


@view
@external
def cascade(
    accounts: DynArray[uint256, 50], moves: DynArray[int256, 8], keeper_cost: uint256
) -> DynArray[IRiskLens.Step, 8]:
    """
    @notice The liquidations that a path of shocks would set off (see RiskLens, which answers).
    """
    return staticcall IRiskLens(RISKS).cascade(accounts, moves, keeper_cost)


# ---- the venue ----------------------------------------------------------------------------------

@view
@external
def markets() -> DynArray[ILens.Market, 32]:
    """
    @notice Every listed market: price, book, carry as of this block, terms.
    """
    v: reading.Venue = self._venue([])
    found: DynArray[ILens.Market, 32] = []
    if v.listed == 0:
        return found
    stored: DynArray[IPositionManager.MarketWords, 32] = staticcall IPositionManager(MANAGER).market_words(
        v.listed
    )
    for id: uint256 in range(32):
        if (v.listed >> id) & 1 == 1:
            found.append(
                decoding.market(
                    id, v.markets[id], stored[len(found)], staticcall IOrderBook(ORDER_BOOK).timing(id)
                )
            )
    return found


@view
@external
def pool() -> ILens.Pool:
    """
    @notice The LiquidityPool's state, shares and inventory, and the cover pool's cash.
    """
    v: reading.Venue = self._venue([])
    h: reading.Held = self._held(POOL_ACCOUNT, v)
    return ILens.Pool(
        state=staticcall ILiquidityPool(POOL).pool_state(),
        total_assets=staticcall IERC4626(POOL).totalAssets(),
        total_supply=staticcall IERC20(POOL).totalSupply(),
        share_price=staticcall IERC4626(POOL).convertToAssets(10**18),
        cover_cash=staticcall IVault(VAULT).cash(COVER_ACCOUNT),
        inventory=decoding.collateral(h.assets, h.amounts, v),
    )


@view
@external
def addresses() -> ILens.Addresses:
    """
    @notice The contracts of this venue.
    """
    return ILens.Addresses(
        manager=MANAGER,
        vault=VAULT,
        oracle=ORACLE,
        engine=staticcall IPositionManager(MANAGER).ENGINE(),
        configurator=staticcall IPositionManager(MANAGER).CONFIGURATOR(),
        order_book=ORDER_BOOK,
        liquidator=LIQUIDATOR,
        waterfall=staticcall IPositionManager(MANAGER).WATERFALL(),
        pool=POOL,
        cover=staticcall IPositionManager(MANAGER).COVER(),
        quotes=QUOTES,
        risks=RISKS,
        quote=staticcall IVault(VAULT).token(QUOTE),
    )


# ---- reading ------------------------------------------------------------------------------------

@view
@internal
def _venue(prices: DynArray[uint256, 32]) -> reading.Venue:
    return reading.load(MANAGER, ORACLE, prices)


@view
@internal
def _held(account: uint256, v: reading.Venue) -> reading.Held:
    return reading.held(MANAGER, VAULT, account, v)


# ---- accounts -----------------------------------------------------------------------------------

@view
@internal
def _assess(h: reading.Held, venue: uint256) -> margin.Health:
    return margin.evaluate(h.cash, h.legs, venue)


@view
@internal
def _is_protocol(account: uint256) -> bool:
    return account >> 96 == POOL_ACCOUNT >> 96 or account >> 96 == COVER_ACCOUNT >> 96


@view
@internal
def _account(id: uint256, v: reading.Venue, due: bool) -> ILens.Account:
    h: reading.Held = self._held(id, v)
    m: margin.Health = self._assess(h, v.venue)
    state: uint256 = margin.state_of(m, v.venue)
    positions: DynArray[ILens.Position, 16] = []
    for leg: IEngine.Leg in h.legs:
        if leg.position != 0:
            positions.append(decoding.position(leg))
    return ILens.Account(
        id=id,
        cash=h.cash,
        reserved=h.reserved,
        equity=m.equity,
        initial=m.initial,
        maintenance=m.maintenance,
        raw=m.raw,
        profit=m.profit,
        risk_equity=margin.risk_equity_down(m, v.venue),
        free_equity=margin.free_equity(m),
        state=state,
        liquidatable=due,
        positions=positions,
        collateral=decoding.collateral(h.assets, h.amounts, v),
    )
