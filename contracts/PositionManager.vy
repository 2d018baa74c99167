# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize codesize
"""
@title PositionManager
@notice Accounts, positions and markets, and the only place where margin is enforced. Traders, the LP pool and the cover fund
        are accounts of one ledger (the Vault's); the pool is the counterparty of every position.
        Invariants: I-3 … I-11, I-13 … I-18, I-24, I-27, I-28.
@custom:kill Lower the entry caps through the Configurator (reductions, liquidations, withdrawals go on), then take the role of a
        faulty OrderBook or Liquidator away with set_role. Balances stay in the Vault; nothing here can be upgraded in place.
"""

from interfaces import IEngine
from interfaces import IOracleAdapter
from interfaces import IPositionManager
from interfaces import IVault
from contracts.modules import books
from contracts.modules import checks
from contracts.modules import margin
from contracts.modules import packing
from contracts.modules import rounding

implements: IPositionManager
initializes: books

interface IPermit:
    def permit(owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32): nonpayable

QUOTE: constant(uint256) = 255
ORDER_BOOK: constant(uint256) = 1
LIQUIDATOR: constant(uint256) = 2
WAD: constant(uint256) = 10**18

VAULT: public(immutable(address))
ORACLE: public(immutable(address))
POOL: public(immutable(address))
CONFIGURATOR: public(immutable(address))
ENGINE: public(immutable(address))
QUOTE_TOKEN: immutable(address)
POOL_ACCOUNT: immutable(uint256)
COVER_ACCOUNT: immutable(uint256)

roles: public(HashMap[address, uint256])


# What a call knows of an account besides its positions. Bitmaps: markets with a position, underlyings that back it as collateral,
# underlyings to read (both).
struct Account:
    id: uint256
    markets: uint256
    reads: uint256
    cash: int256
    reserved: uint256
    assets: uint256
    amounts: DynArray[uint256, 8]
    backed: uint256


@deploy
def __init__(vault: address, oracle: address, engine: address, pool: address, configurator: address):
    checks.that(staticcall IVault(vault).MANAGER() == self, "manager: vault of another")
    VAULT = vault
    ORACLE = oracle
    ENGINE = engine
    POOL = pool
    CONFIGURATOR = configurator
    QUOTE_TOKEN = staticcall IVault(vault).token(QUOTE)
    POOL_ACCOUNT = convert(pool, uint256) << 96
    COVER_ACCOUNT = (convert(pool, uint256) << 96) | 1


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
        msg.sender, VAULT, amount, deadline, v, r, s, method_id=method_id("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)")
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
    asset: uint256 = self._asset_of(token)
    self._push(account, asset, receiver, amount)
    self._check_free(account)
    log IPositionManager.Withdraw(account=account, token=token, receiver=receiver, amount=amount)


@external
def transfer(from_account: uint256, to_account: uint256, token: address, amount: uint256):
    """
    @notice Move `amount` WAD of a token between two accounts of the caller, under the withdrawal rule.
    """
    self._check_owner(from_account)
    checks.that(from_account >> 96 == to_account >> 96, "manager: not the same owner")
    self._shift(from_account, to_account, self._asset_of(token), amount)
    self._check_free(from_account)
    log IPositionManager.Transfer(from_account=from_account, to_account=to_account, token=token, amount=amount)


@external
def close_fraction(account: uint256, f: uint256):
    """
    @notice Reduce the whole book by the fraction f (WAD, 0 < f <= 1) at the fill price plus each market's latency spread.
            Always possible while the held markets have valid prices (I-14, I-26).
    """
    self._check_owner(account)
    checks.that(f != 0 and f <= WAD, "manager: fraction")
    before: margin.Health = self._fresh_health(account)
    a: Account = self._account(account)
    a.backed = 0
    a.reads = a.markets
    legs: DynArray[IEngine.Leg, 24] = self._legs(a, self._words(a.reads))
    checks.that(len(legs) != 0, "manager: nothing to close")
    orders: DynArray[IEngine.Order, 16] = []
    dust: int256 = 0
    for leg: IEngine.Leg in legs:
        order: IEngine.Order = empty(IEngine.Order)
        order.fraction = f
        order.spread = True
        orders.append(order)
        dust = unsafe_add(dust, self._lot_value(leg.word))
    plan: IEngine.Plan = self._resolve(account, legs, orders, empty(IEngine.Patient))
    for m: IEngine.Moved in plan.moved:
        books.log_trade(account, m)
    self._book(account, plan.cash, 0, 0, 0)
    after: margin.Health = self._health(account)
    # all cost against the mark is conceded: only the requirement must have fallen in proportion
    conceded: int256 = max(unsafe_sub(before.equity, after.equity), 0)
    self._check_reduced(before, after, unsafe_add(conceded, dust))
    log IPositionManager.BookReduced(account=account, fraction=f, cost=convert(conceded, uint256))


# ---- anyone -------------------------------------------------------------------------------------

@external
def settle_loss(account: uint256, market: uint256) -> uint256:
    """
    @notice Turn an unrealised loss into cash, at most what unreserved cash there is; equity does not change. Returns the WAD amount.
    """
    a: Account = self._account(account)
    order: IEngine.Order = empty(IEngine.Order)
    order.settle = unsafe_sub(a.cash, convert(a.reserved, int256))
    change: int256 = self._trade(account, self._market_leg(account, market), order).cash
    self._book(account, change, 0, 0, 0)
    log IPositionManager.LossSettled(account=account, market=market, amount=convert(-change, uint256))
    return convert(-change, uint256)


@external
def convert_collateral(account: uint256, token: address, amount: uint256) -> uint256:
    """
    @notice L-2: sell `amount` WAD of an account's collateral to the pool at the largest discount to cover negative cash, no more
            than that, if E - MM does not fall. Returns the WAD quote credited.
    """
    before: margin.Health = self._fresh_health(account)
    asset: uint256 = self._asset_of(token)
    entry: uint256 = packing.asset_entry(books.collateral, asset)
    price: uint256 = packing.price_of(self._words(1 << packing.asset_underlying(entry))[0])
    credit: uint256 = amount * price * packing.lendable(entry) // 10**22
    checks.that(self._cash(account) + convert(credit, int256) <= 0, "manager: more than is owed")
    self._shift(account, POOL_ACCOUNT, asset, amount)
    self._book(account, convert(credit, int256), 0, 0, 0)
    checks.that(margin.slack(self._health(account)) >= margin.slack(before), "manager: conversion hurts")
    log IPositionManager.Converted(account=account, asset=asset, amount=amount, credit=credit)
    return credit


@external
def poke(market: uint256):
    """
    @notice Touch a market: accrue its carry and renew its part in the pool's sums at the current price.
    """
    self._trade(0, self._market_leg(0, market), empty(IEngine.Order))


# ---- OrderBook ----------------------------------------------------------------------------------

@external
def reserve(account: uint256, change: int256):
    """
    @notice Promise part of the account's cash to the keeper of an order, or give it back. OrderBook only.
    """
    self._check_role(ORDER_BOOK)
    self._reserve(account, change)


@external
def charge_keeper_fee(account: uint256, keeper: uint256, fee: uint256) -> uint256:
    """
    @notice Release `fee` of the reservation and pay what cash there is of it to `keeper`. OrderBook only.
    """
    self._check_role(ORDER_BOOK)
    self._reserve(account, -convert(fee, int256))
    paid: int256 = max(min(convert(fee, int256), self._cash(account)), 0)
    self._book(account, 0, keeper, convert(paid, uint256), 0)
    return convert(paid, uint256)


@external
def trade(fill: IPositionManager.Fill) -> IPositionManager.Filled:
    """
    @notice Fill an order (P-1, P-3), charge its fees, and require the margin of M-4, M-5. OrderBook only.
    """
    self._check_role(ORDER_BOOK)
    if fill.reserved != 0:
        self._reserve(fill.account, -convert(fill.reserved, int256))
    leg: IEngine.Leg = self._bare_leg(fill.market)
    leg.position = books.positions[fill.account][fill.market]
    a: Account = self._account(fill.account)
    bit: uint256 = 1 << fill.market
    ids: uint256 = a.reads | bit
    words: DynArray[uint256, 32] = self._refresh(ids)
    below: uint256 = ids & unsafe_sub(bit, 1)
    leg.word = words[books.count(below)]
    before: margin.Health = empty(margin.Health)
    if (packing.position_base(leg.position) > 0) != (fill.size > 0):
        before = self._weigh(a, ids, words)
    venue: uint256 = books.venue
    self._check_band(fill.price, packing.price_of(leg.word), venue)
    order: IEngine.Order = IEngine.Order(
        size=fill.size,
        price=fill.price,
        worst=fill.worst_price,
        reduce_only=fill.reduce_only,
        spread=fill.spread,
        fraction=0,
        settle=0,
        limits=books.limits[fill.market],
    )
    t: IEngine.Traded = self._trade(fill.account, leg, order)
    self._book(fill.account, t.cash, fill.keeper, fill.keeper_fee, 0)
    a.cash += t.cash - convert(fill.keeper_fee, int256)
    if fill.keeper == fill.account:
        a.cash += convert(fill.keeper_fee, int256)
    a.markets = books.bitmaps[fill.account]
    a.reads = a.markets | a.backed
    after: margin.Health = self._weigh(a, ids, words)
    self._check_priced(after.priced)
    if self._reduced(packing.position_base(leg.position), packing.position_base(t.moved.position)):
        self._check_reduced(before, after, convert(t.moved.fee + fill.keeper_fee, int256) + self._lot_value(leg.word))
    else:
        self._check_initial(margin.risk_equity_down(after, venue), after)
    return IPositionManager.Filled(
        size=t.moved.size, price=t.moved.price, fee=t.moved.fee, realised=t.moved.realised
    )


# ---- Liquidator ---------------------------------------------------------------------------------

@external
def liquidate(account: uint256, keeper_cost: uint256, reward_account: uint256) -> IPositionManager.Slice:
    """
    @notice Q-1: close the fraction of an unhealthy account's book that restores E = h MM, or all of it. Liquidator only.
            Never reverts for want of solvency; reasons: 1 healthy, 2 no valid price, 3 empty account.
    """
    self._check_role(LIQUIDATOR)
    a: Account = self._account(account)
    if account >> 96 == POOL_ACCOUNT >> 96 or (a.markets == 0 and a.cash >= 0):
        return IPositionManager.Slice(fraction=0, reward=0, reason=3)
    legs: DynArray[IEngine.Leg, 24] = self._legs(a, self._refresh(a.reads))
    h: margin.Health = margin.evaluate(a.cash, legs, books.venue)
    if not h.priced:
        return IPositionManager.Slice(fraction=0, reward=0, reason=2)
    if margin.slack(h) >= 0:
        return IPositionManager.Slice(fraction=0, reward=0, reason=1)
    patient: IEngine.Patient = IEngine.Patient(
        cash=a.cash, equity=h.equity, raw=h.raw, cost=0, assets=a.assets, amounts=a.amounts, entries=books.collateral
    )
    if a.reads != 0:
        # an empty account with negative cash is only written off: no reward for tidying up
        patient.cost = min(keeper_cost, packing.venue_keeper_cap(books.venue))
    plan: IEngine.Plan = self._resolve(account, legs, [], patient)
    self._pay_out(a, plan, reward_account)
    log IPositionManager.Liquidated(
        account=account,
        keeper=reward_account,
        fraction=plan.fraction,
        reward=plan.reward,
        to_cover=plan.to_cover,
        cash=plan.cash,
        equity=h.equity,
        maintenance=h.maintenance,
        positions=self._positions(plan),
    )
    return IPositionManager.Slice(fraction=plan.fraction, reward=plan.reward, reason=0)


@external
def sell_inventory(asset: uint256, amount: uint256, cost: uint256, buyer: address, receiver: address):
    """
    @notice Sell `amount` token units of collateral the pool took over for `cost` quote token units, no less than P(1 - d_c).
            The buyer approved the Vault. Liquidator only.
    """
    self._check_role(LIQUIDATOR)
    entry: uint256 = packing.asset_entry(books.collateral, asset)
    word: uint256 = self._refresh(1 << packing.asset_underlying(entry))[0]
    self._check_priced(packing.price_state(word) == 0)
    sold: uint256 = self._push(POOL_ACCOUNT, asset, receiver, amount)
    paid: uint256 = self._pull(POOL_ACCOUNT, QUOTE, buyer, cost)
    checks.that(paid * 10**22 >= sold * packing.price_of(word) * packing.lendable(entry), "manager: below the discount")
    log IPositionManager.InventorySold(asset=asset, buyer=buyer, amount=sold, cost=paid)


# ---- LiquidityPool ------------------------------------------------------------------------------

@external
def pool_deposit(payer: address, tokens: uint256):
    """
    @notice Credit the pool's account with quote from `payer`. LiquidityPool only.
    """
    self._check_pool()
    credited: uint256 = self._pull(POOL_ACCOUNT, QUOTE, payer, tokens)
    log IPositionManager.PoolFlow(counterparty=payer, amount=convert(credited, int256))


@external
def pool_withdraw(receiver: address, tokens: uint256):
    """
    @notice Pay an LP out of the pool's cash, of which D must stay (L-2). LiquidityPool only, who checks the utilisations.
    """
    self._check_pool()
    debited: uint256 = self._push(POOL_ACCOUNT, QUOTE, receiver, tokens)
    checks.that(self._cash(POOL_ACCOUNT) >= convert(staticcall IVault(VAULT).debt(), int256), "manager: cash owed to winners")
    log IPositionManager.PoolFlow(counterparty=receiver, amount=-convert(debited, int256))


# ---- Configurator -------------------------------------------------------------------------------

@external
def configure(kind: uint256, id: uint256, word: uint256):
    """
    @notice Store a parameter word (kinds in books.vy, layouts in packing.vy). Configurator only, who checks the bounds.
    """
    self._check_configurator()
    if kind != books.TERMS and kind != books.RISK:
        books.configure(kind, id, word)
    else:
        before: IEngine.Leg = self._market_words(id)
        books.configure(kind, id, word)
        books.carries[id], books.first_sums, books.second_sums = staticcall IEngine(ENGINE).reprice(
            before, self._market_words(id), books.first_sums, books.second_sums
        )
    log IPositionManager.Configured(kind=kind, id=id, word=word)


@external
def set_role(holder: address, role: uint256):
    """
    @notice 0 none, 1 OrderBook, 2 Liquidator. Configurator only.
    """
    self._check_configurator()
    self.roles[holder] = role
    log IPositionManager.RoleSet(holder=holder, role=role)


@external
def list_asset(token: address) -> uint256:
    """
    @notice Let the Vault hold a further collateral token. Configurator only.
    """
    self._check_configurator()
    return extcall IVault(VAULT).list_asset(token)


# ---- views --------------------------------------------------------------------------------------

@view
@external
def account_health(account: uint256) -> (int256, uint256, uint256, uint256):
    """
    @notice Equity, initial margin, maintenance margin (WAD quote) and state: 0 healthy, 1 below initial, 2 margin call,
            3 liquidatable, 4 no valid price. At the prices a call in this block would use.
    """
    h: margin.Health = self._health(account)
    return h.equity, h.initial, h.maintenance, margin.state_of(h, books.venue)


@view
@external
def position(account: uint256, market: uint256) -> (int256, int256):
    """
    @notice Base (WAD, signed, positive is long) and quote (WAD) of a position.
    """
    word: uint256 = books.positions[account][market]
    return packing.position_base(word), packing.position_quote(word)


@view
@external
def cash(account: uint256) -> int256:
    """
    @notice Signed WAD quote.
    """
    return self._cash(account)


@view
@external
def collateral(account: uint256, token: address) -> uint256:
    """
    @notice WAD amount of a collateral token.
    """
    return staticcall IVault(VAULT).collateral(account, self._asset_of(token))


@view
@external
def solvency() -> IPositionManager.Solvency:
    """
    @notice Tokens held, ledger sum, D, and the pool's equity from the aggregates, in one call (L-1, U-0). Quote in WAD.
    """
    pool: IEngine.Pool = self._pool()
    equity: int256 = 0
    used: uint256 = 0
    equity, used = staticcall IEngine(ENGINE).weigh(pool)
    tokens: uint256 = 0
    credited: uint256 = 0
    debt: uint256 = 0
    tokens, credited, debt = staticcall IVault(VAULT).totals()
    return IPositionManager.Solvency(
        tokens=tokens,
        credited=credited,
        pool_cash=pool.cash,
        cover_cash=self._cash(COVER_ACCOUNT),
        debt=debt,
        reduced_equity=equity,
        utilisation=used,
    )


@view
@external
def legs(account: uint256) -> (uint256, DynArray[uint256, 16]):
    """
    @notice Bitmap of the markets held and the packed positions, ascending.
    """
    held: uint256 = books.bitmaps[account]
    words: DynArray[uint256, 16] = []
    for id: uint256 in range(32):
        if (held >> id) & 1 == 1:
            words.append(books.positions[account][id])
    return held, words


@view
@external
def market_words(ids: uint256) -> DynArray[IPositionManager.MarketWords, 32]:
    """
    @notice The stored words of the markets in the bitmap, ascending. Layouts in packing.vy.
    """
    words: DynArray[IPositionManager.MarketWords, 32] = []
    for id: uint256 in range(32):
        if (ids >> id) & 1 == 1:
            words.append(
                IPositionManager.MarketWords(
                    carry=books.carries[id],
                    book=books.books[id],
                    terms=books.terms[id],
                    limits=books.limits[id],
                    risk=books.risk_of(id),
                )
            )
    return words


@view
@external
def venue_words() -> (uint256, uint256, uint256, uint256, uint256, uint256):
    """
    @notice Venue word, collateral word, both words of the pool's sums, rates word, bitmap of listed markets.
    """
    return books.venue, books.collateral, books.first_sums, books.second_sums, books.rates, books.listed()


# ---- reading an account -------------------------------------------------------------------------

@view
@internal
def _account(account: uint256) -> Account:
    word: uint256 = 0
    a: Account = empty(Account)
    word, a.amounts = staticcall IVault(VAULT).snapshot(account)
    a.id = account
    a.cash = packing.vault_cash(word)
    a.reserved = packing.vault_reserved(word)
    a.assets = packing.vault_assets(word)
    a.markets = books.bitmaps[account]
    if a.assets != 0:
        entries: uint256 = books.collateral
        for asset: uint256 in range(8):
            if (a.assets >> asset) & 1 == 1:
                a.backed = a.backed | (1 << packing.asset_underlying(packing.asset_entry(entries, asset)))
    a.reads = a.markets | a.backed
    return a


@view
@internal
def _leg(account: uint256, id: uint256, word: uint256, risk: uint256, held: bool) -> IEngine.Leg:
    leg: IEngine.Leg = empty(IEngine.Leg)
    leg.market = id
    leg.word = word
    leg.risk = risk
    if held:
        leg.position = books.positions[account][id]
        leg.carry = books.carries[id]
    return leg


@view
@internal
def _backed(a: Account, leg: IEngine.Leg) -> IEngine.Leg:
    # the leg with the collateral that the account holds of its underlying
    full: IEngine.Leg = leg
    entries: uint256 = books.collateral
    rank: uint256 = 0
    for asset: uint256 in range(8):
        if (a.assets >> asset) & 1 == 1:
            entry: uint256 = packing.asset_entry(entries, asset)
            if packing.asset_underlying(entry) == leg.market:
                full.held = unsafe_add(full.held, a.amounts[rank])
                full.lendable = unsafe_add(full.lendable, unsafe_mul(a.amounts[rank], packing.lendable(entry)))
            rank = unsafe_add(rank, 1)
    return full


@view
@internal
def _weigh(a: Account, ids: uint256, words: DynArray[uint256, 32]) -> margin.Health:
    # words: of the underlyings in ids, which hold a.reads and may hold more
    t: margin.Totals = empty(margin.Totals)
    rank: uint256 = 0
    page: uint256 = 0
    last: uint256 = max_value(uint256)
    for id: uint256 in range(32):
        if ids >> id == 0:
            break
        if (ids >> id) & 1 == 1:
            if (a.reads >> id) & 1 == 1:
                if id >> 2 != last:
                    last = id >> 2
                    page = books.risks[last]
                risk: uint256 = (page >> unsafe_mul(id & 3, 64)) & packing.U64
                leg: IEngine.Leg = self._leg(a.id, id, words[rank], risk, (a.markets >> id) & 1 == 1)
                if (a.backed >> id) & 1 == 1:
                    leg = self._backed(a, leg)
                t = margin.with_leg(t, leg)
            rank = unsafe_add(rank, 1)
    return margin.health(t, a.cash, a.markets != 0, books.venue)


@view
@internal
def _legs(a: Account, words: DynArray[uint256, 32]) -> DynArray[IEngine.Leg, 24]:
    # all of an account, ready for a touch
    legs: DynArray[IEngine.Leg, 24] = []
    for id: uint256 in range(32):
        if (a.reads >> id) & 1 == 1:
            legs.append(self._full_leg(a, id, words[len(legs)]))
    return legs


@view
@internal
def _full_leg(a: Account, id: uint256, word: uint256) -> IEngine.Leg:
    # a leg with its collateral and all words of its market, ready for a touch
    leg: IEngine.Leg = self._leg(a.id, id, word, books.risk_of(id), (a.markets >> id) & 1 == 1)
    if (a.backed >> id) & 1 == 1:
        leg = self._backed(a, leg)
    return books.with_market(leg)


@view
@internal
def _health(account: uint256) -> margin.Health:
    a: Account = self._account(account)
    return self._weigh(a, a.reads, self._words(a.reads))


@internal
def _fresh_health(account: uint256) -> margin.Health:
    # prices from their sources, all valid
    a: Account = self._account(account)
    h: margin.Health = self._weigh(a, a.reads, self._refresh(a.reads))
    self._check_priced(h.priced)
    return h


@view
@internal
def _asset_of(token: address) -> uint256:
    if token == QUOTE_TOKEN:
        return QUOTE
    return staticcall IVault(VAULT).asset_of(token)


# ---- changing books -----------------------------------------------------------------------------

@internal
def _deposit(account: uint256, token: address, amount: uint256):
    asset: uint256 = self._asset_of(token)
    checks.that(account >> 96 != POOL_ACCOUNT >> 96, "manager: protocol account")
    if account >> 96 != convert(msg.sender, uint256) and asset != QUOTE:
        checks.that(staticcall IVault(VAULT).collateral(account, asset) != 0, "manager: new asset for another")
    self._pull(account, asset, msg.sender, amount)
    if asset != QUOTE:
        checks.that(staticcall IVault(VAULT).credited(asset) <= books.deposit_caps[asset], "manager: deposit cap")
    log IPositionManager.Deposit(account=account, token=token, payer=msg.sender, amount=amount)


@internal
def _book(account: uint256, change: int256, keeper: uint256, keeper_fee: uint256, to_cover: uint256):
    # the account's change, against the pool; fees to keeper and cover come out of the account as well
    fee: int256 = convert(keeper_fee, int256)
    cover: int256 = convert(to_cover, int256)
    accounts: DynArray[uint256, 4] = [account, POOL_ACCOUNT]
    deltas: DynArray[int256, 4] = [change - fee - cover, -change]
    if cover != 0:
        accounts.append(COVER_ACCOUNT)
        deltas.append(cover)
    if keeper == account:
        deltas[0] += fee
    elif fee != 0:
        accounts.append(keeper)
        deltas.append(fee)
    self._post(accounts, deltas)


@internal
def _resolve(
    account: uint256, legs: DynArray[IEngine.Leg, 24], orders: DynArray[IEngine.Order, 16], patient: IEngine.Patient
) -> IEngine.Plan:
    plan: IEngine.Plan = staticcall IEngine(ENGINE).resolve(legs, orders, patient, self._pool())
    for m: IEngine.Moved in plan.moved:
        books.store(account, m)
    books.first_sums = plan.first_sums
    books.second_sums = plan.second_sums
    return plan


@internal
def _trade(account: uint256, leg: IEngine.Leg, order: IEngine.Order) -> IEngine.Traded:
    t: IEngine.Traded = staticcall IEngine(ENGINE).trade(leg, order, self._pool())
    books.store(account, t.moved)
    books.log_trade(account, t.moved)
    books.first_sums = t.first_sums
    books.second_sums = t.second_sums
    return t


@pure
@internal
def _positions(plan: IEngine.Plan) -> DynArray[uint256, 16]:
    # what is left of each position, in ascending market order
    words: DynArray[uint256, 16] = []
    for m: IEngine.Moved in plan.moved:
        words.append(m.position)
    return words


@internal
def _pay_out(a: Account, plan: IEngine.Plan, reward_account: uint256):
    rank: uint256 = 0
    for asset: uint256 in range(8):
        if (a.assets >> asset) & 1 == 1:
            self._shift(a.id, POOL_ACCOUNT, asset, plan.taken[rank])
            rank = unsafe_add(rank, 1)
    shares: int256 = convert(plan.reward + plan.to_cover, int256)
    self._book(a.id, plan.cash + shares, reward_account, plan.reward, plan.to_cover)
    if plan.fraction == WAD:
        # W-1, first form: the cover fund, then the pool
        extcall IVault(VAULT).write_off(a.id, COVER_ACCOUNT, POOL_ACCOUNT)


@view
@internal
def _pool() -> IEngine.Pool:
    a: Account = self._account(POOL_ACCOUNT)
    pool: IEngine.Pool = IEngine.Pool(
        cash=a.cash, first_sums=books.first_sums, second_sums=books.second_sums, venue=books.venue, rates=books.rates, inventory=[]
    )
    if a.assets != 0:
        words: DynArray[uint256, 32] = self._words(a.reads)
        for id: uint256 in range(32):
            if (a.reads >> id) & 1 == 1:
                pool.inventory.append(self._full_leg(a, id, words[len(pool.inventory)]))
    return pool


@internal
def _market_leg(account: uint256, market: uint256) -> IEngine.Leg:
    # a leg by itself, freshly priced, ready for a touch
    leg: IEngine.Leg = self._bare_leg(market)
    leg.word = self._refresh(1 << market)[0]
    leg.position = books.positions[account][market]
    self._check_priced(packing.price_state(leg.word) == 0)
    return leg


@view
@internal
def _bare_leg(market: uint256) -> IEngine.Leg:
    checks.that(market < 32 and books.terms[market] & books.LISTED != 0, "manager: unknown market")
    return self._market_words(market)


@view
@internal
def _market_words(market: uint256) -> IEngine.Leg:
    leg: IEngine.Leg = empty(IEngine.Leg)
    leg.market = market
    leg.risk = books.risk_of(market)
    return books.with_market(leg)


# ---- calls to the Vault and the oracle, each encoded once -------------------------------------------

@internal
def _pull(account: uint256, asset: uint256, payer: address, tokens: uint256) -> uint256:
    return extcall IVault(VAULT).pull(account, asset, payer, tokens)


@internal
def _push(account: uint256, asset: uint256, receiver: address, tokens: uint256) -> uint256:
    return extcall IVault(VAULT).push(account, asset, receiver, tokens)


@internal
def _post(accounts: DynArray[uint256, 4], deltas: DynArray[int256, 4]):
    extcall IVault(VAULT).post(accounts, deltas)


@internal
def _shift(from_account: uint256, to_account: uint256, asset: uint256, amount: uint256):
    extcall IVault(VAULT).shift(from_account, to_account, asset, amount)


@internal
def _reserve(account: uint256, change: int256):
    extcall IVault(VAULT).reserve(account, change)


@view
@internal
def _cash(account: uint256) -> int256:
    return staticcall IVault(VAULT).cash(account)


@internal
def _refresh(ids: uint256) -> DynArray[uint256, 32]:
    if ids == 0:
        return []
    return extcall IOracleAdapter(ORACLE).refresh(ids)


@view
@internal
def _words(ids: uint256) -> DynArray[uint256, 32]:
    if ids == 0:
        return []
    return staticcall IOracleAdapter(ORACLE).words(ids)


# ---- checks -------------------------------------------------------------------------------------

@view
@internal
def _check_owner(account: uint256):
    checks.that(account >> 96 == convert(msg.sender, uint256), "manager: not the owner")


@view
@internal
def _check_role(role: uint256):
    checks.that(self.roles[msg.sender] == role, "manager: not allowed")


@view
@internal
def _check_pool():
    checks.that(msg.sender == POOL, "manager: not the pool")


@view
@internal
def _check_configurator():
    checks.that(msg.sender == CONFIGURATOR, "manager: not configurator")


@pure
@internal
def _check_priced(priced: bool):
    checks.that(priced, "manager: no valid price")


@pure
@internal
def _reduced(before: int256, after: int256) -> bool:
    # towards zero and not beyond it
    return abs(after) < abs(before) and (after == 0 or (after > 0) == (before > 0))


@view
@internal
def _check_band(price: uint256, mark: uint256, venue: uint256):
    # 0 asks for the mark itself
    apart: uint256 = unsafe_sub(max(price, mark), min(price, mark))
    band: uint256 = mark * packing.field16(venue, packing.EXEC_BAND)
    checks.that(price == 0 or apart * 10**4 <= band, "manager: price off the mark")


@pure
@internal
def _lot_value(word: uint256) -> int256:
    # rounding a reduction to lots may leave one lot of exposure too much
    return convert(unsafe_div(packing.price_of(word), 10**8), int256)


@pure
@internal
def _check_initial(equity: int256, h: margin.Health):
    checks.that(equity >= convert(h.initial, int256), "manager: below initial margin")


@view
@internal
def _check_reduced(before: margin.Health, after: margin.Health, conceded: int256):
    # a difference, not a ratio: the shortfall must not grow by more than what was paid
    if margin.risk_equity_down(after, books.venue) < convert(after.initial, int256):
        checks.that(margin.slack(after) + conceded >= margin.slack(before), "manager: reduction hurts")


@internal
def _check_free(account: uint256):
    # M-6: nothing to secure, no price to read
    if books.bitmaps[account] == 0 and self._cash(account) >= 0:
        return
    h: margin.Health = self._fresh_health(account)
    self._check_initial(margin.free_equity(h), h)
