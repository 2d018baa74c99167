# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title OrderBook: commit, wait, execute
@license MIT
@notice An order is committed under its hash, waits out its market's delay, and is then executed by anyone at the first
        price published after the delay, or not at all (spec 8). From then until its window ends its owner cannot take
        it back. It asks the PositionManager for fills and reservations; margin, caps and price band are checked there,
        the proof of the price in the OracleAdapter. It holds no money: keepers are paid inside the ledger.
        Invariants: I-19, I-27, and its part of I-16 (no order is a free option) and I-28.
@custom:kill Close the markets with `set_timing(market, (0, 0, 0))`: nothing new is committed, what is pending executes
        or expires, and `clear_expired` gives every reservation back. Only then take its role in the PositionManager
        away: without it reservations cannot be released. If it must stop at once, take the role first, and give it back
        once every market is closed and every window past, to clear. Reductions stay possible by `close_fraction`.
"""

from contracts.modules import packing
from contracts.modules import pending
from contracts.modules import proof
from contracts.modules import reverts
from interfaces import IOracleAdapter
from interfaces import IOrderBook
from interfaces import IPositionManager
from interfaces import IVault
from snekmate.auth import ownable
from snekmate.auth import ownable_2step

implements: IOrderBook

initializes: ownable
initializes: ownable_2step[ownable := ownable]

exports: (
    ownable_2step.owner,
    ownable_2step.pending_owner,
    ownable_2step.transfer_ownership,
    ownable_2step.accept_ownership,
    ownable_2step.renounce_ownership,
)

EXECUTED: constant(uint256) = 1
FAILED: constant(uint256) = 2
SKIPPED: constant(uint256) = 3
UNKNOWN: constant(uint256) = 4

MARKETS: constant(uint256) = 32
# WAD quote. Never zero: the fee is what an order that its owner makes fail costs him.
MIN_FEE: constant(uint256) = 10**15
MAX_FEE: constant(uint256) = 100 * 10**18
FIRST_FEE: constant(uint256) = 2 * 10**17

TRADE: constant(Bytes[4]) = method_id(
    "trade((uint256,uint256,int256,uint256,uint256,bool,bool,uint256,uint256,uint256))"
)

MANAGER: public(immutable(address))
ORACLE: immutable(address)
VAULT: immutable(address)
COVER_ACCOUNT: immutable(uint256)

keeper_fee: public(uint256)
# Market => timing word, order hash => word of the pending order (both in pending.vy). A timing word holds the keeper
# fee as well: submit reads one slot less.
timings: HashMap[uint256, uint256]
words: HashMap[bytes32, uint256]


@deploy
def __init__(manager: address, owner: address):
    """
    @param manager The PositionManager, deployed before, whose Configurator gives this contract the role of OrderBook.
    @param owner Sets timings and keeper fee; meant to be a timelock. Two-step transfer.
    """
    ownable.__init__()
    ownable_2step.__init__()
    ownable_2step._transfer_ownership(owner)
    MANAGER = manager
    ORACLE = staticcall IPositionManager(manager).ORACLE()
    VAULT = staticcall IPositionManager(manager).VAULT()
    COVER_ACCOUNT = convert(staticcall IPositionManager(manager).COVER(), uint256) << 96
    self._set_keeper_fee(FIRST_FEE)


# ---- the account's owner ------------------------------------------------------------------------


@external
def submit(order: IOrderBook.Order) -> bytes32:
    """
    @notice Commit a market order, or execute it at once at the mark with the market's latency spread where the delay
            is 0. A commitment stores the market's terms of now and reserves the keeper fee of now; at most eight such
            fees can be reserved an account. Executing at once costs no keeper fee and reverts for the
            PositionManager's reasons.
    @param order account: the caller's ("orders: not the owner"). size: WAD, signed, not 0, whole lots of 1e10, less
           than 2^72 of them ("orders: bad size"). worst_price: WAD, the most a buy may pay ("orders: buy without a
           bound" if 0) or the least a sale may fetch (0: anything). reduce_only: clipped to the position. salt: any.
           The market must be open ("orders: market closed"), the same order not pending ("orders: already pending"),
           and the fee free to reserve ("vault: insufficient balance", "orders: too many pending").
    @return The order's hash.
    """
    self._check_may_trade(order.account)
    pending.check_order(order)
    timing: uint256 = self.timings[order.market]
    assert timing != 0, "orders: market closed"
    id: bytes32 = pending.hash_of(order)
    assert self.words[id] == 0, "orders: already pending"
    if pending.delay_of(timing) == 0:
        self._execute_now(order, id)
    else:
        self._commit(order, id, timing)
    return id


@external
def cancel(order: IOrderBook.Order):
    """
    @notice Take a pending order back before its price can be known, or after its window; the reservation is released.
    @param order The caller's ("orders: not the owner"), pending ("orders: unknown order"), and the time not in
           [commit + delay, commit + delay + window] ("orders: too late to cancel").
    """
    self._check_may_trade(order.account)
    id: bytes32 = pending.hash_of(order)
    word: uint256 = self.words[id]
    assert word != 0, "orders: unknown order"
    if block.timestamp > pending.expires_at(word):
        self._expire(order, id, word)
        return
    assert block.timestamp < pending.due_at(word), "orders: too late to cancel"
    self._release(order.account, id, word)
    log IOrderBook.OrderCancelled(account=order.account, market=order.market, order_hash=id)


# ---- anyone -------------------------------------------------------------------------------------


@external
def clear_expired(orders: DynArray[IOrderBook.Order, 16]):
    """
    @notice Clear orders whose window is past and release what they reserved. Others in the list are passed over, so
            that two callers with the same list do not disturb each other.
    """
    for order: IOrderBook.Order in orders:
        id: bytes32 = pending.hash_of(order)
        word: uint256 = self.words[id]
        if word != 0 and block.timestamp > pending.expires_at(word):
            self._expire(order, id, word)


@external
@payable
def execute(
    orders: DynArray[IOrderBook.Order, 16], price_update: DynArray[Bytes[32], 16]
) -> DynArray[IOrderBook.Result, 16]:
    """
    @notice Execute orders that are due, each at the first price published at or after commit + delay. One order's failure
            does not touch the others. For an executed order the caller's account (msg.sender << 96) gets the keeper fee,
            for a failed one what the PositionManager lets the account pay of it; the cover pool gets that if the caller
            owns the account.
    @param price_update Entry i is for order i: the 32 bytes of that first round's id; empty if it is the latest one.
           Longer entries fail the call. Nothing that is paid for can be passed yet: value must be 0 ("orders: value not
           accepted").
    @return For each order a status and its reason.
            1 executed.
            2 failed with a reason: margin, bound, caps, or a price missing elsewhere in the account. The order is gone.
            3 skipped and still pending: before its time, after its window ("orders: expired"), no proof of its price
            (with the oracle's reason), a round older than max_exec_age, no valid price of its market, a price too far
            off the mark, or a failure without a reason (too little gas).
            4 not pending here.
    """
    assert msg.value == 0, "orders: value not accepted"
    results: DynArray[IOrderBook.Result, 16] = []
    for i: uint256 in range(len(orders), bound=16):
        update: Bytes[32] = b""
        if i < len(price_update):
            update = price_update[i]
        results.append(self._execute(orders[i], update))
    return results


# ---- terms --------------------------------------------------------------------------------------


@external
def set_timing(market: uint256, timing: IOrderBook.Timing):
    """
    @notice Set a market's timing for orders submitted from now on. Owner only.
    @param market Id 0 ... 31 ("orders: no such market").
    @param timing Seconds. delay at most an hour ("orders: delay out of bounds"), window 30 s ... 2 days ("orders:
           window out of bounds"), max_exec_age 30 s ... 1 day ("orders: age out of bounds"); all zero closes the market
           for new orders. With delay 0 the market's latency spread must be as wide as its feed's update threshold:
           that is the owner's to see to.
    """
    ownable._check_owner()
    assert market < MARKETS, "orders: no such market"
    self.timings[market] = pending.with_fee(pending.pack_timing(timing), self.keeper_fee)
    log IOrderBook.TimingSet(market=market, timing=timing)


@external
def set_keeper_fee(fee: uint256):
    """
    @notice Set what orders submitted from now on pay their keeper. Owner only.
    @param fee WAD quote, 0.001 ... 100 ("orders: fee out of bounds").
    """
    ownable._check_owner()
    self._set_keeper_fee(fee)


# ---- views --------------------------------------------------------------------------------------


@view
@external
def hash_order(order: IOrderBook.Order) -> bytes32:
    """
    @return keccak256 over the ABI encoding of (chain id, this contract, order).
    """
    return pending.hash_of(order)


@view
@external
def order_status(order_hash: bytes32) -> (uint256, uint256, uint256, uint256):
    """
    @return Commit time, first and last second in which it can execute, and the fee it reserved (WAD quote); zeros for an
            order that is not pending.
    """
    word: uint256 = self.words[order_hash]
    return pending.time_of(word), pending.due_at(word), pending.expires_at(word), pending.fee_of(word)


@view
@external
def timing(market: uint256) -> IOrderBook.Timing:
    """
    @return The terms of orders submitted now; zeros where the market is closed.
    """
    return pending.unpack_timing(self.timings[market])


# ---- committing and clearing --------------------------------------------------------------------


@internal
def _commit(order: IOrderBook.Order, id: bytes32, timing: uint256):
    fee: uint256 = pending.fee_of(timing)
    reserved: uint256 = staticcall IVault(VAULT).reserved(order.account)
    # both are below 2^97
    assert reserved + fee <= pending.MAX_FEES * fee, "orders: too many pending"
    word: uint256 = pending.committed(timing, block.timestamp)
    self.words[id] = word
    self._reserve(order.account, convert(fee, int256))
    log IOrderBook.OrderSubmitted(
        account=order.account,
        market=order.market,
        order_hash=id,
        order=order,
        executable_at=pending.due_at(word),
    )


@internal
def _expire(order: IOrderBook.Order, id: bytes32, word: uint256):
    self._release(order.account, id, word)
    log IOrderBook.OrderExpired(account=order.account, market=order.market, order_hash=id)


@internal
def _release(account: uint256, id: bytes32, word: uint256):
    self.words[id] = 0
    self._reserve(account, -convert(pending.fee_of(word), int256))


@internal
def _reserve(account: uint256, change: int256):
    extcall IPositionManager(MANAGER).reserve(account, change)


# ---- executing ----------------------------------------------------------------------------------


@internal
def _execute_now(order: IOrderBook.Order, id: bytes32):
    fill: IPositionManager.Fill = pending.fill_of(order)
    fill.spread = True
    done: IPositionManager.Filled = extcall IPositionManager(MANAGER).trade(fill)
    self._log_executed(order, id, done.size, done.price, 0)


@internal
def _execute(order: IOrderBook.Order, update: Bytes[32]) -> IOrderBook.Result:
    id: bytes32 = pending.hash_of(order)
    word: uint256 = self.words[id]
    if word == 0:
        return IOrderBook.Result(status=UNKNOWN, reason="orders: not pending")
    fill: IPositionManager.Fill = pending.fill_of(order)
    reason: String[64] = ""
    fill.price, reason = proof.price_for(ORACLE, order.market, word, update)
    if fill.price == 0:
        return IOrderBook.Result(status=SKIPPED, reason=reason)
    fill.keeper = convert(msg.sender, uint256) << 96
    fill.keeper_fee = pending.fee_of(word)
    fill.reserved = fill.keeper_fee
    # I-19: gone before anyone is called
    self.words[id] = 0
    return self._fill(order, fill, id, word)


@internal
def _fill(
    order: IOrderBook.Order, fill: IPositionManager.Fill, id: bytes32, word: uint256
) -> IOrderBook.Result:
    ok: bool = False
    data: Bytes[reverts.MAX_SIZE] = b""
    ok, data = raw_call(
        MANAGER, abi_encode(fill, method_id=TRADE), max_outsize=reverts.MAX_SIZE, revert_on_failure=False
    )
    if ok:
        size: int256 = convert(extract32(data, 0), int256)
        self._log_executed(order, id, size, convert(extract32(data, 32), uint256), fill.keeper)
        return IOrderBook.Result(status=EXECUTED, reason="")
    reason: String[64] = reverts.reason_of(data)
    if self._is_nobodys_fault(reason, order.market):
        self.words[id] = word
        return IOrderBook.Result(status=SKIPPED, reason=reverts.spoken(reason))
    extcall IPositionManager(MANAGER).charge_keeper_fee(
        order.account, self._payee(order.account, fill.keeper), fill.keeper_fee
    )
    log IOrderBook.OrderFailed(account=order.account, market=order.market, order_hash=id, reason=reason)
    return IOrderBook.Result(status=FAILED, reason=reason)


@view
@internal
def _payee(account: uint256, keeper: uint256) -> uint256:
    # an owner who executes his own failing order pays the cover pool: failing on purpose is not free
    return COVER_ACCOUNT if keeper >> 96 == account >> 96 else keeper


@internal
def _log_executed(order: IOrderBook.Order, id: bytes32, size: int256, price: uint256, keeper: uint256):
    log IOrderBook.OrderExecuted(
        account=order.account, market=order.market, order_hash=id, size=size, price=price, keeper=keeper
    )


@view
@internal
def _is_nobodys_fault(reason: String[64], market: uint256) -> bool:
    # no reason: the caller's gas, or arithmetic
    if reason == "" or reason == "manager: price off the mark":
        return True
    # Only the order's own market excuses it. If anything else in the account did, its owner could hold an order
    # back with dust of a collateral whose feed is dead, and let it go once its price has turned out good.
    return reason == "manager: no valid price" and not self._is_priced(market)


@view
@internal
def _is_priced(market: uint256) -> bool:
    found: DynArray[uint256, 32] = staticcall IOracleAdapter(ORACLE).words(1 << market)
    return packing.price_state(found[0]) == 0


# ---- the rest -----------------------------------------------------------------------------------


@view
@internal
def _check_may_trade(account: uint256):
    # operators join here
    assert account >> 96 == convert(msg.sender, uint256), "orders: not the owner"


@internal
def _set_keeper_fee(fee: uint256):
    assert fee >= MIN_FEE and fee <= MAX_FEE, "orders: fee out of bounds"
    self.keeper_fee = fee
    for market: uint256 in range(MARKETS):
        timing: uint256 = self.timings[market]
        if timing != 0:
            self.timings[market] = pending.with_fee(timing, fee)
    log IOrderBook.KeeperFeeSet(fee=fee)
