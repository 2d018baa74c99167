# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title QuoteLens
@license MIT
@notice The part of the Lens that answers for orders, in a contract of its own for its size. Asks the venue's own Engine, and
        refuses for the reasons, and in the order, of `submit` and of the PositionManager's `trade`. Stateless.
        Shows I-8, I-17 and I-18 to those who check them; it can break none.
@custom:kill Nothing depends on it on chain: deploy another one and a Lens that names it, also when the OrderBook is replaced.
"""

from interfaces import ILens
from interfaces import IOrderBook
from interfaces import IPositionManager
from interfaces import IQuoteLens
from contracts.modules import quoting
from contracts.modules import reading

implements: IQuoteLens

MANAGER: immutable(address)
VAULT: immutable(address)
ORACLE: immutable(address)
ENGINE: immutable(address)
ORDER_BOOK: immutable(address)
POOL_ACCOUNT: immutable(uint256)


@deploy
def __init__(manager: address, order_book: address):
    """
    @param manager The PositionManager. @param order_book For timings and keeper fee.
    """
    MANAGER = manager
    VAULT = staticcall IPositionManager(manager).VAULT()
    ORACLE = staticcall IPositionManager(manager).ORACLE()
    ENGINE = staticcall IPositionManager(manager).ENGINE()
    ORDER_BOOK = order_book
    POOL_ACCOUNT = convert(staticcall IPositionManager(manager).POOL(), uint256) << 96


@view
@external
def quote_order(account: uint256, order: IOrderBook.Order) -> ILens.OrderQuote:
    """
    @notice What `order` would do if `account` gave it now and it were filled at the mark: with the latency spread where the
            market trades without delay, with the keeper fee where it does not. Never reverts for the order's sake.
    @param order account and salt are not looked at.
    """
    v: reading.Venue = reading.load(MANAGER, ORACLE, [])
    h: reading.Held = reading.held(MANAGER, VAULT, account, v)
    stock: reading.Held = reading.held(MANAGER, VAULT, POOL_ACCOUNT, v)
    return quoting.quote(MANAGER, ENGINE, ORDER_BOOK, v, h, stock, order)
