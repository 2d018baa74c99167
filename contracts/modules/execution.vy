# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title execution: ask the Engine, store its answer
"""

from interfaces import IEngine
from interfaces import IPositionManager
from contracts.modules import books
from contracts.modules import packing
from contracts.modules import portfolio
from contracts.modules import wiring

uses: books
uses: portfolio
uses: wiring


@view
@internal
def order_of(fill: IPositionManager.Fill) -> IEngine.Order:
    return IEngine.Order(
        size=fill.size,
        price=fill.price,
        worst=fill.worst_price,
        reduce_only=fill.reduce_only,
        spread=fill.spread,
        fraction=0,
        settle=0,
        at_mark=False,
        limits=books.limits[fill.market],
    )


@internal
def trade(account: uint256, leg: IEngine.Leg, order: IEngine.Order) -> IEngine.Traded:
    t: IEngine.Traded = staticcall IEngine(wiring.ENGINE).trade(leg, order, portfolio.pool())
    books.store(account, t.moved)
    books.log_trade(account, t.moved)
    books.first_sums = t.first_sums
    books.second_sums = t.second_sums
    return t


@internal
def booked(account: uint256, leg: IEngine.Leg, order: IEngine.Order) -> int256:
    # a trade that costs or brings the account nothing but what it comes to
    cash: int256 = self.trade(account, leg, order).cash
    wiring.book(account, cash, 0, 0, 0)
    return cash


@internal
def at_mark(account: uint256, leg: IEngine.Leg, size: int256):
    # size 0: all of the position
    order: IEngine.Order = empty(IEngine.Order)
    order.at_mark = True
    order.size = size
    if size == 0:
        order.size = -packing.position_base(leg.position)
    self.booked(account, leg, order)


@pure
@internal
def positions(plan: IEngine.Plan) -> DynArray[uint256, 16]:
    # what is left of each position, in ascending market order
    words: DynArray[uint256, 16] = []
    for t: IEngine.Touched in plan.touched:
        words.append(t.position)
    return words


@internal
def pay_out(account: uint256, plan: IEngine.Plan, reward_account: uint256):
    for asset: uint256 in range(8):
        if plan.taken[asset] != 0:
            wiring.shift(account, wiring.POOL_ACCOUNT, asset, plan.taken[asset])
    shares: int256 = convert(unsafe_add(plan.reward, plan.to_cover), int256)
    # the Engine has added them up before, with checks (Payment.pool)
    wiring.book(account, unsafe_add(plan.cash, shares), reward_account, plan.reward, plan.to_cover)
