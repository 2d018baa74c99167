# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize codesize
"""
@title PositionManager
@notice Accounts, positions and markets, and the only place where margin is enforced. Traders, the LP pool and the cover pool
        are accounts of one ledger (the Vault's); the pool is the counterparty of every position.
        Invariants: I-3 … I-11, I-13 … I-18, I-24, I-26 … I-28.
@custom:kill Lower the entry caps through the Configurator (reductions, liquidations, withdrawals go on), then take the role of a
        faulty OrderBook or Liquidator away with set_role. Balances stay in the Vault; nothing here can be upgraded in place.
"""

from interfaces import IEngine
from interfaces import IPositionManager
from interfaces import IVault
from contracts.modules import authority
from contracts.modules import bands
from contracts.modules import bits
from contracts.modules import books
from contracts.modules import checks
from contracts.modules import execution
from contracts.modules import gates
from contracts.modules import inspection
from contracts.modules import margin
from contracts.modules import packing
from contracts.modules import portfolio
from contracts.modules import resolution
from contracts.modules import treasury
from contracts.modules import venue_rates
from contracts.modules import wiring

implements: IPositionManager
initializes: books
initializes: wiring
initializes: portfolio[books := books, wiring := wiring]
initializes: bands[books := books, portfolio := portfolio]
initializes: execution[books := books, portfolio := portfolio, wiring := wiring]
initializes: authority[books := books, portfolio := portfolio, wiring := wiring]
initializes: treasury[authority := authority, books := books, portfolio := portfolio, wiring := wiring]
initializes: resolution[
    authority := authority, books := books, execution := execution, portfolio := portfolio, wiring := wiring
]
initializes: inspection[books := books, portfolio := portfolio, wiring := wiring]

exports: (
    wiring.VAULT,
    wiring.ORACLE,
    wiring.ENGINE,
    wiring.WATERFALL,
    wiring.POOL,
    wiring.COVER,
    wiring.CONFIGURATOR,
)

exports: (
    inspection.account_health,
    inspection.position,
    inspection.cash,
    inspection.collateral,
    inspection.solvency,
    inspection.legs,
    inspection.market_words,
    inspection.collateral_word,
    inspection.venue_words,
)

exports: (
    authority.configure,
    authority.set_role,
    authority.list_asset,
    authority.roles,
)

exports: (
    resolution.settle,
    resolution.liquidate,
    resolution.priced_leg,
    resolution.deleverage,
)

exports: (
    treasury.sell_inventory,
    treasury.pool_deposit,
    treasury.pool_withdraw,
)


interface IPermit:
    def permit(
        owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32
    ): nonpayable


WAD: constant(uint256) = 10**18


@deploy
def __init__(
    vault: address,
    oracle: address,
    engine: address,
    waterfall: address,
    pool: address,
    cover: address,
    configurator: address,
):
    """
    @notice `vault` and `waterfall` must already name this contract's address as their manager; `pool` and `cover` are where the
            LiquidityPool and the CoverPool will be.
    """
    wiring.__init__(vault, oracle, engine, waterfall, pool, cover, configurator)
    authority.roles[waterfall] = authority.WATERFALL


# ---- users --------------------------------------------------------------------------------------

@external
def deposit(account: uint256, token: address, amount: uint256):
    """
    @notice Credit `account` with what arrives of `amount` token units from the caller, who approved the Vault.
            Others than the owner may add quote, or an asset the account already holds. Never into a protocol account.
    """
    self._deposit(account, token, amount)


@external
def deposit_with_permit(
    account: uint256, token: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32
):
    """
    @notice `deposit` after an EIP-2612 permit of the caller to the Vault. A permit that was already used is no obstacle.
    """
    call: Bytes[228] = abi_encode(
        msg.sender,
        wiring.VAULT,
        amount,
        deadline,
        v,
        r,
        s,
        method_id=method_id("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"),
    )
    success: bool = raw_call(token, call, revert_on_failure=False)
    self._deposit(account, token, amount)


@external
def withdraw(account: uint256, token: address, amount: uint256, receiver: address):
    """
    @notice Send `amount` token units of the account to `receiver`. Owner only. With positions or debt the account must keep
            E_free >= IM (M-5); without, no price is read (M-6).
    """
    self._check_owner(account)
    asset: uint256 = wiring.asset_of(token)
    rates: uint256 = books.rates
    # W-3: in a shutdown no quote leaves before the claims are open, and then it costs its share of what is missing
    checks.that(not venue_rates.withheld(rates) or asset != wiring.QUOTE, "manager: shutting down")
    heir: uint256 = wiring.POOL_ACCOUNT if venue_rates.has(rates, venue_rates.CLAIMS_OPEN) else 0
    wiring.push(account, asset, receiver, amount, heir)
    self._check_free(account)
    log IPositionManager.Withdraw(account=account, token=token, receiver=receiver, amount=amount)


@external
def transfer(from_account: uint256, to_account: uint256, token: address, amount: uint256):
    """
    @notice Move `amount` WAD of a token between two accounts of the caller, under the withdrawal rule.
    """
    self._check_owner(from_account)
    checks.that(from_account >> 96 == to_account >> 96, "manager: not the same owner")
    wiring.shift(from_account, to_account, wiring.asset_of(token), amount)
    self._check_free(from_account)
    bands.note_gain(to_account)
    log IPositionManager.Transfer(
        from_account=from_account, to_account=to_account, token=token, amount=amount
    )


@external
def close_fraction(account: uint256, f: uint256):
    """
    @notice Reduce the whole book by the fraction f (WAD, 0 < f <= 1) at the fill price plus each market's latency spread.
            Always possible while the held markets have valid prices (I-14, I-26).
    """
    self._check_owner(account)
    checks.that(f != 0 and f <= WAD, "manager: fraction")
    before: margin.Health = portfolio.fresh_health(account)
    left: uint256 = books.held(account)
    checks.that(left != 0, "manager: nothing to close")
    order: IEngine.Order = empty(IEngine.Order)
    order.fraction = f
    order.spread = True
    # what E - MM may fall by: rounding to lots, and all cost against the mark
    spared: int256 = 0
    for _i: uint256 in range(16):
        if left == 0:
            break
        leg: IEngine.Leg = portfolio.market_leg(account, bits.lowest(left))
        left = bits.without_lowest(left)
        execution.booked(account, leg, order)
        spared = unsafe_add(spared, gates.lot_value(leg.word))
    after: margin.Health = portfolio.health(account)
    conceded: int256 = max(unsafe_sub(before.equity, after.equity), 0)
    spared = unsafe_add(spared, conceded)
    enough: bool = gates.covered(after, books.venue)
    gates.check_reduced(gates.may_reduce(enough, margin.slack(before), margin.slack(after), spared))
    bands.note(account, after)
    log IPositionManager.BookReduced(account=account, fraction=f, cost=convert(conceded, uint256))


# ---- anyone -------------------------------------------------------------------------------------

@external
def settle_loss(account: uint256, market: uint256) -> uint256:
    """
    @notice Turn a position's unrealised loss into cash paid, at most the book's net loss and what unreserved cash there is.
            Equity does not change. Returns the WAD amount, 0 if there is nothing to settle.
    """
    h: margin.Health = portfolio.fresh_health(account)
    a: portfolio.Account = portfolio.account(account)
    order: IEngine.Order = empty(IEngine.Order)
    # no more than the book as a whole has lost: a hedge's losing leg is not settled against its owner's headroom (M-5)
    order.settle = min(unsafe_sub(a.cash, convert(a.reserved, int256)), -h.profit)
    change: int256 = execution.booked(account, portfolio.market_leg(account, market), order)
    settled: uint256 = convert(-change, uint256)
    log IPositionManager.LossSettled(account=account, market=market, amount=settled)
    return settled


@external
def convert_collateral(account: uint256, token: address, amount: uint256) -> uint256:
    """
    @notice L-2: sell `amount` WAD of an account's collateral to the pool at the largest discount to cover negative cash, no more
            than it takes, if E - MM does not fall, but by what one unit (1e-18) of the collateral is credited with: at most 1e-11 of quote.
            So the last unit can pay the last of a debt. A call costs more than that, whoever makes how many. Returns the WAD quote
            credited.
    """
    before: margin.Health = portfolio.fresh_health(account)
    asset: uint256 = wiring.asset_of(token)
    wiring.shift(account, wiring.POOL_ACCOUNT, asset, amount)
    entry: uint256 = packing.asset_entry(books.collateral, asset)
    price: uint256 = packing.price_of(wiring.words(1 << packing.asset_underlying(entry))[0])
    # amounts that were there are below 2^128, prices below 2^96, the rest below 2^14
    rate: uint256 = unsafe_mul(price, packing.lendable(entry))
    owed: uint256 = convert(max(-wiring.cash_of(account), 0), uint256)
    # the last unit may be worth more than the rest of the debt, or that would stay for ever
    less: uint256 = unsafe_mul(unsafe_sub(max(amount, 1), 1), rate)
    checks.that(unsafe_div(less, 10**22) < owed, "manager: more than is owed")
    credit: uint256 = min(unsafe_div(unsafe_mul(amount, rate), 10**22), owed)
    wiring.book(account, convert(credit, int256), 0, 0, 0)
    spared: int256 = convert(unsafe_div(unsafe_add(rate, 10**22 - 1), 10**22), int256)
    after: int256 = margin.slack(portfolio.health(account))
    checks.that(unsafe_add(after, spared) >= margin.slack(before), "manager: conversion hurts")
    log IPositionManager.Converted(account=account, asset=asset, amount=amount, credit=credit)
    return credit


@external
def poke(market: uint256):
    """
    @notice Touch a market: accrue its carry and renew its part in the pool's sums at the current price.
    """
    execution.trade(0, portfolio.market_leg(0, market), empty(IEngine.Order))


# ---- OrderBook ----------------------------------------------------------------------------------

@external
def reserve(account: uint256, change: int256):
    """
    @notice Promise part of the account's cash to the keeper of an order, or give it back. OrderBook only.
    """
    authority.check_role(authority.ORDER_BOOK)
    wiring.reserve(account, change)


@external
def charge_keeper_fee(account: uint256, keeper: uint256, fee: uint256) -> uint256:
    """
    @notice Release `fee` of the reservation and pay it to `keeper`, out of cash below zero if its equity lies elsewhere; nothing if the account is
            liquidatable (at the last prices), so that failing orders cannot drain what it owes. OrderBook only.
    """
    authority.check_role(authority.ORDER_BOOK)
    wiring.reserve(account, -convert(fee, int256))
    h: margin.Health = portfolio.health(account)
    if margin.slack(h) < 0:
        return 0
    # E >= MM >= 0
    paid: uint256 = min(fee, convert(h.equity, uint256))
    wiring.book(account, 0, keeper, paid, 0)
    return paid


@external
def trade(fill: IPositionManager.Fill) -> IPositionManager.Filled:
    """
    @notice Fill an order (P-1, P-3), charge its fees, and require the margin of M-4, M-5. OrderBook only.
    """
    authority.check_role(authority.ORDER_BOOK)
    checks.that(fill.size != 0, "manager: no size")
    if fill.reserved != 0:
        wiring.reserve(fill.account, -convert(fill.reserved, int256))
    leg: IEngine.Leg = portfolio.bare_leg(fill.market)
    leg.position = books.positions[fill.account][fill.market]
    a: portfolio.Account = portfolio.account(fill.account)
    bit: uint256 = 1 << fill.market
    ids: uint256 = a.reads | bit
    words: DynArray[uint256, 32] = wiring.refresh(ids)
    leg.word = words[bits.count(ids & unsafe_sub(bit, 1))]
    before: margin.Health = empty(margin.Health)
    if (packing.position_base(leg.position) > 0) != (fill.size > 0):
        before = portfolio.weigh(a, ids, words)
    t: IEngine.Traded = execution.trade(fill.account, leg, execution.order_of(fill))
    wiring.book(fill.account, t.cash, fill.keeper, fill.keeper_fee, 0)
    leaving: uint256 = fill.keeper_fee if fill.keeper != fill.account else 0
    a.cash += t.cash - convert(leaving, int256)
    a.markets = books.held(fill.account)
    a.reads = a.markets | a.backed
    after: margin.Health = portfolio.weigh(a, ids, words)
    # a full close takes its own market out of what the account reads: its price counts all the same
    portfolio.check_priced(after.priced and packing.price_state(leg.word) == 0)
    enough: bool = gates.covered(after, books.venue)
    if gates.reduced(packing.position_base(leg.position), packing.position_base(t.moved.position)):
        slack: int256 = margin.slack(before)
        cost: int256 = gates.trade_cost(t.moved.fee, leaving, slack, leg.word)
        gates.check_reduced(gates.may_reduce(enough, slack, margin.slack(after), cost))
    else:
        gates.check_initial(enough)
    bands.note(fill.account, after)
    return IPositionManager.Filled(
        size=t.moved.size, price=t.moved.price, fee=t.moved.fee, realised=t.moved.realised
    )


@internal
def _deposit(account: uint256, token: address, amount: uint256):
    asset: uint256 = wiring.asset_of(token)
    checks.that(not wiring.is_protocol(account), "manager: protocol account")
    if account >> 96 != convert(msg.sender, uint256) and asset != wiring.QUOTE:
        checks.that(
            staticcall IVault(wiring.VAULT).collateral(account, asset) != 0, "manager: new asset for another"
        )
    wiring.pull(account, asset, msg.sender, amount)
    bands.note_gain(account)
    log IPositionManager.Deposit(account=account, token=token, payer=msg.sender, amount=amount)


# ---- checks -------------------------------------------------------------------------------------

@view
@internal
def _check_owner(account: uint256):
    checks.that(account >> 96 == convert(msg.sender, uint256), "manager: not the owner")


@internal
def _check_free(account: uint256):
    h: margin.Health = empty(margin.Health)
    h.priced = True
    # M-6: nothing to secure, no price to read
    if books.held(account) != 0 or wiring.cash_of(account) < 0:
        h = portfolio.fresh_health(account)
        gates.check_initial(margin.free_equity(h) >= convert(h.initial, int256))
    bands.note(account, h)
