# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title execution: ask the Engine, store its answer
"""

from interfaces import IEngine
from interfaces import IPositionManager
from interfaces import IVault
from contracts.modules import books
from contracts.modules import portfolio
from contracts.modules import wiring

uses: books
uses: portfolio
uses: wiring

WAD: constant(uint256) = 10**18


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


@pure
@internal
def positions(plan: IEngine.Plan) -> DynArray[uint256, 16]:
    # what is left of each position, in ascending market order
    words: DynArray[uint256, 16] = []
    for t: IEngine.Touched in plan.touched:
        words.append(t.position)
    return words


@internal
def pay_out(a: portfolio.Account, plan: IEngine.Plan, reward_account: uint256):
    if a.assets != 0:
        for asset: uint256 in range(8):
            if (a.assets >> asset) & 1 == 1:
                wiring.shift(a.id, wiring.POOL_ACCOUNT, asset, plan.taken[asset])
    shares: int256 = convert(plan.reward + plan.to_cover, int256)
    wiring.book(a.id, plan.cash + shares, reward_account, plan.reward, plan.to_cover)
    if plan.fraction == WAD:
        # W-1, first form: the cover fund, then the pool
        extcall IVault(wiring.VAULT).write_off(
            a.id, wiring.COVER_ACCOUNT, wiring.POOL_ACCOUNT, skip_contract_check=True
        )
