# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title quoting: what an order would do, asked in the order in which the calls would refuse it
"""

from interfaces import IEngine
from interfaces import ILens
from interfaces import IOrderBook
from interfaces import IPositionManager
from contracts.modules import bits
from contracts.modules import gates
from contracts.modules import margin
from contracts.modules import packing
from contracts.modules import pending
from contracts.modules import reading

# Engine.trade; its answer is 11 words
TRADE: constant(Bytes[4]) = method_id(
    "trade((uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256),(int256,uint256,uint256,bool,bool,uint256,int256,bool,uint256),(int256,uint256,uint256,uint256,uint256,(uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256)[]))"
)
TRADED: constant(uint256) = 352
MAX_POSITIONS: constant(uint256) = 16


@view
@internal
def quote(
    manager: address,
    engine: address,
    order_book: address,
    v: reading.Venue,
    h: reading.Held,
    stock: reading.Held,
    order: IOrderBook.Order,
) -> ILens.OrderQuote:
    """
    @notice The fill of `order` at the mark and the account `h` after it, or the reason why it is refused.
    @param stock The pool's account.
    """
    q: ILens.OrderQuote = empty(ILens.OrderQuote)
    q.at_once, q.keeper_fee, q.reason = self._terms(order_book, v.listed, v.settled, h, order)
    if len(q.reason) != 0:
        return q
    leg: IEngine.Leg = empty(IEngine.Leg)
    limits: uint256 = 0
    leg, limits = self._leg(manager, v, order.market)
    place: uint256 = margin.index_of(h.legs, order.market)
    if place != len(h.legs):
        leg.position = h.legs[place].position
    done: IEngine.Traded = empty(IEngine.Traded)
    done, q.reason = self._traded(engine, leg, limits, order, q.at_once, self._pool(manager, v, stock))
    if len(q.reason) != 0:
        return q
    q.size = done.moved.size
    q.price = done.moved.price
    q.fee = done.moved.fee
    q.realised = done.moved.realised
    if leg.position == 0 and bits.count(h.markets) == MAX_POSITIONS:
        q.reason = "manager: too many positions"
        return q
    return self._weighed(q, h, v.venue, leg, place, done)


@view
@internal
def _weighed(
    quoted: ILens.OrderQuote,
    h: reading.Held,
    venue: uint256,
    leg: IEngine.Leg,
    place: uint256,
    done: IEngine.Traded,
) -> ILens.OrderQuote:
    # the account with the trade in it, leg at its place among the legs
    q: ILens.OrderQuote = quoted
    after: reading.Held = h
    if place == len(h.legs):
        after.legs.append(leg)
    after.legs[place].position = done.moved.position
    after.legs[place].carry = done.moved.carry
    after.cash += done.cash - convert(q.keeper_fee, int256)
    m: margin.Health = margin.evaluate(after.cash, after.legs, venue)
    q.equity = m.equity
    q.initial = m.initial
    q.maintenance = m.maintenance
    q.reason = self._margin_refusal(m, margin.evaluate(h.cash, h.legs, venue), venue, leg, done, q.keeper_fee)
    q.ok = len(q.reason) == 0
    return q


@view
@internal
def _terms(
    order_book: address, listed: uint256, settled: uint256, h: reading.Held, order: IOrderBook.Order
) -> (bool, uint256, String[64]):
    # whether the market trades at once, the keeper fee, and why `submit` would refuse
    sized: bool = order.size != 0 and order.size < pending.MAX_SIZE and order.size > -pending.MAX_SIZE
    if not sized or order.size % pending.LOT != 0:
        return False, 0, "orders: bad size"
    if order.size > 0 and order.worst_price == 0:
        return False, 0, "orders: buy without a bound"
    if order.market >= 32 or (listed >> order.market) & 1 == 0:
        return False, 0, "manager: unknown market"
    if (settled >> order.market) & 1 == 1:
        return False, 0, "manager: market closed"
    timing: IOrderBook.Timing = staticcall IOrderBook(order_book).timing(order.market)
    if timing.window == 0:
        return False, 0, "orders: market closed"
    if timing.delay == 0:
        return True, 0, ""
    fee: uint256 = staticcall IOrderBook(order_book).keeper_fee()
    if h.reserved + fee > pending.MAX_FEES * fee:
        return False, fee, "orders: too many pending"
    if h.cash - convert(h.reserved, int256) < convert(fee, int256):
        return False, fee, "vault: insufficient balance"
    return False, fee, ""


@view
@internal
def _traded(
    engine: address,
    leg: IEngine.Leg,
    limits: uint256,
    order: IOrderBook.Order,
    spread: bool,
    pool: IEngine.Pool,
) -> (IEngine.Traded, String[64]):
    asked: IEngine.Order = empty(IEngine.Order)
    asked.size = order.size
    asked.worst = order.worst_price
    asked.reduce_only = order.reduce_only
    asked.spread = spread
    asked.limits = limits
    ok: bool = False
    data: Bytes[TRADED] = b""
    ok, data = raw_call(
        engine,
        abi_encode(leg, asked, pool, method_id=TRADE),
        max_outsize=TRADED,
        is_static_call=True,
        revert_on_failure=False,
    )
    if ok:
        return abi_decode(data, IEngine.Traded), ""
    # Error(string) with a reason of up to 32 characters, which all of the Engine's are
    if len(data) == 100:
        return empty(IEngine.Traded), abi_decode(slice(data, 4, 96), String[32])
    return empty(IEngine.Traded), "lens: no reason given"


@pure
@internal
def _margin_refusal(
    after: margin.Health,
    before: margin.Health,
    venue: uint256,
    leg: IEngine.Leg,
    done: IEngine.Traded,
    keeper_fee: uint256,
) -> String[64]:
    # a full close takes its market out of what the account reads: its price counts all the same
    if not after.priced or packing.price_state(leg.word) != 0:
        return "manager: no valid price"
    reduced: bool = gates.reduced(
        packing.position_base(leg.position), packing.position_base(done.moved.position)
    )
    enough: bool = gates.covered(after, venue)
    if not reduced:
        return "" if enough else "manager: below initial margin"
    slack: int256 = margin.slack(before)
    cost: int256 = gates.trade_cost(done.moved.fee, keeper_fee, slack, leg.word)
    return "" if gates.may_reduce(enough, slack, margin.slack(after), cost) else "manager: reduction hurts"


@view
@internal
def _leg(manager: address, v: reading.Venue, market: uint256) -> (IEngine.Leg, uint256):
    # the market as stored, ready for a touch, and its limits
    words: DynArray[IPositionManager.MarketWords, 32] = staticcall IPositionManager(manager).market_words(
        1 << market
    )
    leg: IEngine.Leg = empty(IEngine.Leg)
    leg.market = market
    leg.carry = words[0].carry
    leg.risk = words[0].risk
    leg.word = v.markets[market].word
    leg.book = words[0].book
    leg.terms = words[0].terms
    return leg, words[0].limits


@view
@internal
def _pool(manager: address, v: reading.Venue, stock: reading.Held) -> IEngine.Pool:
    # as the PositionManager hands it to the Engine
    pool: IEngine.Pool = empty(IEngine.Pool)
    pool.cash = stock.cash
    entries: uint256 = 0
    listed: uint256 = 0
    pool.venue, entries, pool.first_sums, pool.second_sums, pool.rates, listed = staticcall IPositionManager(
        manager
    ).venue_words()
    for leg: IEngine.Leg in stock.legs:
        full: IEngine.Leg = empty(IEngine.Leg)
        limits: uint256 = 0
        full, limits = self._leg(manager, v, leg.market)
        full.held = leg.held
        full.lendable = leg.lendable
        pool.inventory.append(full)
    return pool
