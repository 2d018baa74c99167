# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Engine
@notice The rules of the venue as functions from words to words: what a trade, a settlement or a liquidation makes of positions,
        markets and the pool's sums. It holds no state, calls nobody and cannot be changed; the PositionManager named at its
        own deployment trusts its answers and stores them.
        Invariants: I-4, I-6, I-11, I-15, I-17, I-23.
@custom:kill Nothing to stop here: lower the entry caps, then let accounts move to a deployment with another Engine.
"""

from interfaces import IEngine
from contracts.modules import carry
from contracts.modules import liquidation
from contracts.modules import packing
from contracts.modules import pool_risk
from contracts.modules import sizing
from contracts.modules import touching

implements: IEngine

WAD: constant(uint256) = 10**18


# What a liquidation comes to: the change of the account's cash, the cover fund's and the keeper's part of it, the change of the pool's.
struct Payment:
    cash: int256
    to_cover: uint256
    reward: uint256
    pool: int256


@view
@external
def trade(leg: IEngine.Leg, order: IEngine.Order, pool: IEngine.Pool) -> IEngine.Traded:
    """
    @notice Apply one order to one leg, weigh the pool with the result, and check the caps if the position grew.
    """
    m: IEngine.Moved = empty(IEngine.Moved)
    sums: packing.Sums = empty(packing.Sums)
    m, sums = touching.apply(leg, order, packing.unpack_sums(pool.first_sums, pool.second_sums))
    cash: int256 = m.realised - convert(m.fee, int256)
    first: uint256 = 0
    second: uint256 = 0
    first, second = packing.pack_sums(sums)
    worth: int256 = pool.cash - cash
    for stock: IEngine.Leg in pool.inventory:
        sums, worth = pool_risk.with_stock(sums, worth, self._seen(stock, m.market, m.carry, m.book), True)
    equity: int256 = 0
    used: uint256 = 0
    equity, used = touching.weigh(sums, worth, pool.venue, pool.rates)
    m.carry = packing.with_borrow(m.carry, carry.borrow_rate(used, pool.rates))
    if order.limits != 0 and touching.grew(leg.position, m):
        touching.check_caps(leg, m, order.limits, equity, used)
    return IEngine.Traded(moved=m, first_sums=first, second_sums=second, cash=cash)


@view
@external
def trades(
    legs: DynArray[IEngine.Leg, 24], orders: DynArray[IEngine.Order, 16], pool: IEngine.Pool
) -> IEngine.Batch:
    """
    @notice Apply orders[i] to legs[i], without caps; then weigh the pool with the result.
    """
    moved: DynArray[IEngine.Moved, 16] = []
    cash: int256 = 0
    sums: packing.Sums = packing.unpack_sums(pool.first_sums, pool.second_sums)
    for i: uint256 in range(len(orders), bound=16):
        m: IEngine.Moved = empty(IEngine.Moved)
        m, sums = touching.apply(legs[i], orders[i], sums)
        cash += m.realised - convert(m.fee, int256)
        moved.append(m)
    first: uint256 = 0
    second: uint256 = 0
    first, second = packing.pack_sums(sums)
    worth: int256 = pool.cash - cash
    for s: IEngine.Leg in pool.inventory:
        stock: IEngine.Leg = s
        for m: IEngine.Moved in moved:
            stock = self._seen(stock, m.market, m.carry, m.book)
        sums, worth = pool_risk.with_stock(sums, worth, stock, True)
    used: uint256 = touching.weigh(sums, worth, pool.venue, pool.rates)[1]
    borrow: uint256 = carry.borrow_rate(used, pool.rates)
    for i: uint256 in range(len(moved), bound=16):
        moved[i].carry = packing.with_borrow(moved[i].carry, borrow)
    return IEngine.Batch(moved=moved, first_sums=first, second_sums=second, cash=cash)


@view
@external
def resolve(legs: DynArray[IEngine.Leg, 24], patient: IEngine.Patient, pool: IEngine.Pool) -> IEngine.Plan:
    """
    @notice Liquidate the patient (Q-1, Q-2): the slice that restores E = h MM, or all of the account.
    @dev In one piece, because an internal function that takes the legs copies them: in three it would cost 2,300 gas more.
    """
    # to the pool, the cover fund and the keeper, from each book before the slice
    rates: DynArray[uint256[3], 16] = []
    penalty: uint256 = 0
    for leg: IEngine.Leg in legs:
        if leg.position != 0:
            base: int256 = packing.position_base(leg.position)
            r: uint256[3] = liquidation.rates(base, leg.book, leg.terms, pool.venue)
            # rates < 2^24 and sixteen charges < 2^172: no overflow
            rate: uint256 = unsafe_add(unsafe_add(r[0], r[1]), r[2])
            penalty = unsafe_add(penalty, liquidation.charge_up(base, leg.word & packing.U96, rate))
            rates.append(r)
    f: uint256 = liquidation.fraction_up(patient.equity, patient.raw, penalty, patient.cost, pool.venue)
    taken: uint256[8] = self._taken(patient, f)
    sums: packing.Sums = packing.unpack_sums(pool.first_sums, pool.second_sums)
    cash: int256 = 0
    charges: uint256[3] = [0, 0, 0]
    touched: DynArray[IEngine.Touched, 16] = []
    # what the pool's inventory, and the collateral that joins it, add to the sums and to the pool's cash
    stock: packing.Sums = empty(packing.Sums)
    worth: int256 = 0
    stocked: uint256 = 0
    for leg: IEngine.Leg in legs:
        t: IEngine.Touched = IEngine.Touched(market=leg.market, position=0, carry=leg.carry, book=leg.book)
        if leg.position != 0:
            size: int256 = sizing.closing_size(packing.position_base(leg.position), f)
            charges = liquidation.charged(charges, size, leg.word & packing.U96, rates[len(touched)])
            realised: int256 = 0
            t, realised, sums = touching.closed(leg, size, sums)
            cash += realised
            touched.append(t)
        if leg.held != 0 or len(pool.inventory) != 0:
            part: IEngine.Leg = self._seen(leg, leg.market, t.carry, t.book)
            part, cash = self._handed_over(part, taken, patient.entries, cash)
            for s: IEngine.Leg in pool.inventory:
                if s.market == leg.market:
                    part.held += s.held
                    part.lendable += s.lendable
            stock, worth = pool_risk.with_stock(stock, worth, part, True)
            stocked = stocked | (1 << leg.market)
    for s: IEngine.Leg in pool.inventory:
        if (stocked >> s.market) & 1 == 0:
            stock, worth = pool_risk.with_stock(stock, worth, s, True)
    first: uint256 = 0
    second: uint256 = 0
    first, second = packing.pack_sums(sums)
    p: Payment = self._paid(f, cash, charges, patient.cash, patient.cover, patient.cost, pool.venue)
    borrow: uint256 = self._borrow(
        pool_risk.add(sums, stock), pool.cash + worth + p.pool, pool.venue, pool.rates
    )
    # below 2^14, and the touch has cleared its bits
    borrow = borrow << 210
    for i: uint256 in range(len(touched), bound=16):
        touched[i].carry = touched[i].carry | borrow
    return IEngine.Plan(
        touched=touched,
        first_sums=first,
        second_sums=second,
        cash=p.cash,
        fraction=f,
        to_cover=p.to_cover,
        reward=p.reward,
        taken=taken,
    )


@view
@external
def weigh(pool: IEngine.Pool) -> (int256, uint256):
    """
    @notice Reduced equity and normalised utilisation of the pool at its markets' last touches (U-0, U-1).
    """
    sums: packing.Sums = packing.unpack_sums(pool.first_sums, pool.second_sums)
    worth: int256 = pool.cash
    for stock: IEngine.Leg in pool.inventory:
        sums, worth = pool_risk.with_stock(sums, worth, stock, True)
    return touching.weigh(sums, worth, pool.venue, pool.rates)


@view
@external
def reprice(
    before: IEngine.Leg, after: IEngine.Leg, first_sums: uint256, second_sums: uint256
) -> (uint256, uint256, uint256):
    """
    @notice Carry accrued under the old parameters, and sums that hold the market under the new ones at its last price.
    """
    word: uint256 = 0
    sums: packing.Sums = packing.unpack_sums(first_sums, second_sums)
    word, sums = touching.repriced(before, after, sums)
    first: uint256 = 0
    second: uint256 = 0
    first, second = packing.pack_sums(sums)
    return word, first, second


@pure
@internal
def _seen(stock: IEngine.Leg, market: uint256, word: uint256, book: uint256) -> IEngine.Leg:
    # inventory nets against its market's part of the sums, so it must see the market as the sums do: after the touch
    if stock.market != market:
        return stock
    after: IEngine.Leg = stock
    after.carry = word
    after.book = book
    return after


@pure
@internal
def _borrow(sums: packing.Sums, cash: int256, venue: uint256, rates: uint256) -> uint256:
    return carry.borrow_rate(touching.weigh(sums, cash, venue, rates)[1], rates)


@pure
@internal
def _taken(patient: IEngine.Patient, f: uint256) -> uint256[8]:
    # by asset: the collateral that is handed over
    taken: uint256[8] = empty(uint256[8])
    if patient.assets == 0:
        return taken
    rank: uint256 = 0
    for asset: uint256 in range(8):
        if (patient.assets >> asset) & 1 == 1:
            taken[asset] = liquidation.share_up(patient.amounts[rank], f)
            rank = unsafe_add(rank, 1)
    return taken


@pure
@internal
def _handed_over(
    leg: IEngine.Leg, taken: uint256[8], entries: uint256, cash: int256
) -> (IEngine.Leg, int256):
    # the leg with only what the pool takes of it, and the cash with what the pool pays
    after: IEngine.Leg = leg
    after.held = 0
    after.lendable = 0
    credit: uint256 = 0
    for asset: uint256 in range(8):
        entry: uint256 = packing.asset_entry(entries, asset)
        if taken[asset] != 0 and packing.asset_underlying(entry) == leg.market:
            lendable: uint256 = taken[asset] * packing.lendable(entry)
            after.held += taken[asset]
            after.lendable += lendable
            credit += packing.price_of(leg.word) * lendable // 10**22
    return after, cash + convert(credit, int256)


@pure
@internal
def _paid(
    f: uint256,
    realised: int256,
    charges: uint256[3],
    cash: int256,
    cover: int256,
    cost: uint256,
    venue: uint256,
) -> Payment:
    # a full close pays K first, then keeper part, cover, pool, as far as the cash goes: penalties make no bad debt
    parts: uint256[3] = charges
    if f == WAD:
        left: uint256 = convert(max(cash + realised - convert(cost, int256), 0), uint256)
        parts[2] = min(parts[2], left)
        parts[1] = min(parts[1], left - parts[2])
        parts[0] = min(parts[0], left - parts[2] - parts[1])
    p: Payment = empty(Payment)
    p.reward = min(packing.venue_keeper_cap(venue), max(cost, parts[2]))
    p.to_cover = parts[1] + cost + parts[2] - p.reward
    p.cash = realised - convert(parts[0] + parts[1] + parts[2] + cost, int256)
    p.pool = -p.cash - convert(p.to_cover + p.reward, int256)
    if f == WAD:
        # W-1: what neither the account nor the cover fund can pay
        debt: int256 = max(-(cash + p.cash), 0)
        p.pool -= debt - max(min(cover + convert(p.to_cover, int256), debt), 0)
    return p
