# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title pending: the word of a pending order, its terms and its hash
@notice Layout from the least significant bit. The timing word of an open market is the same without a commit time.
          0 commit time uint40 | 40 delay uint24 | 64 window uint24 | 88 max_exec_age uint24 (all s) |
          112 keeper fee uint96 (WAD quote)
"""

from interfaces import IOrderBook
from interfaces import IPositionManager

U24: constant(uint256) = 2**24 - 1
U40: constant(uint256) = 2**40 - 1
U112: constant(uint256) = 2**112 - 1

# Seconds. A window must outlast the heartbeat of a slow feed, which may be a day.
MAX_DELAY: constant(uint256) = 3_600
MIN_WINDOW: constant(uint256) = 30
MAX_WINDOW: constant(uint256) = 2 * 86_400
MIN_AGE: constant(uint256) = 30
MAX_AGE: constant(uint256) = 86_400

# keeper fees that one account may have reserved, at today's fee
MAX_FEES: constant(uint256) = 8

LOT: constant(int256) = 10**10
# open interest of a side is below 2^72 lots
MAX_SIZE: constant(int256) = 2**72 * LOT


@view
@internal
def hash_of(order: IOrderBook.Order) -> bytes32:
    """
    @notice The key of an order: its fields, this contract and this chain.
    """
    return keccak256(abi_encode(chain.id, self, order))


@pure
@internal
def check_order(order: IOrderBook.Order):
    """
    @notice What an order must be whatever the market's state.
    """
    sized: bool = order.size != 0 and order.size > -MAX_SIZE and order.size < MAX_SIZE
    assert sized and order.size % LOT == 0, "orders: bad size"
    assert order.size < 0 or order.worst_price != 0, "orders: buy without a bound"


@pure
@internal
def pack_timing(timing: IOrderBook.Timing) -> uint256:
    """
    @notice The timing word; 0 (closed) when all of it is zero, otherwise within the bounds above.
    """
    if timing.delay == 0 and timing.window == 0 and timing.max_exec_age == 0:
        return 0
    assert timing.delay <= MAX_DELAY, "orders: delay out of bounds"
    assert timing.window >= MIN_WINDOW and timing.window <= MAX_WINDOW, "orders: window out of bounds"
    assert timing.max_exec_age >= MIN_AGE and timing.max_exec_age <= MAX_AGE, "orders: age out of bounds"
    return (timing.delay << 40) | (timing.window << 64) | (timing.max_exec_age << 88)


@pure
@internal
def unpack_timing(word: uint256) -> IOrderBook.Timing:
    return IOrderBook.Timing(
        delay=self.delay_of(word), window=(word >> 64) & U24, max_exec_age=self.max_age_of(word)
    )


@pure
@internal
def with_fee(timing: uint256, fee: uint256) -> uint256:
    """
    @notice The timing word with another keeper fee (below 2^96); a closed market's stays 0.
    """
    if timing == 0:
        return 0
    return (timing & U112) | (fee << 112)


@pure
@internal
def committed(timing: uint256, now: uint256) -> uint256:
    """
    @notice The word of an order committed at `now` under a market's timing word.
    """
    return timing | now


@pure
@internal
def time_of(word: uint256) -> uint256:
    return word & U40


@pure
@internal
def delay_of(word: uint256) -> uint256:
    return (word >> 40) & U24


@pure
@internal
def max_age_of(word: uint256) -> uint256:
    return (word >> 88) & U24


@pure
@internal
def fee_of(word: uint256) -> uint256:
    """
    @notice WAD quote, below 2^96.
    """
    return word >> 112


@pure
@internal
def due_at(word: uint256) -> uint256:
    """
    @notice The first second whose prices count; from then on the order binds its owner.
    """
    return unsafe_add(self.time_of(word), self.delay_of(word))


@pure
@internal
def expires_at(word: uint256) -> uint256:
    """
    @notice The last second in which it can execute.
    """
    return unsafe_add(self.due_at(word), (word >> 64) & U24)


@pure
@internal
def fill_of(order: IOrderBook.Order) -> IPositionManager.Fill:
    """
    @notice The order as the PositionManager fills it: at the mark, without spread and keeper unless the caller adds them.
    """
    return IPositionManager.Fill(
        account=order.account,
        market=order.market,
        size=order.size,
        price=0,
        worst_price=order.worst_price,
        reduce_only=order.reduce_only,
        spread=False,
        keeper=0,
        keeper_fee=0,
        reserved=0,
    )
