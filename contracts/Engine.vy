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
from contracts.modules import margin
from contracts.modules import packing
from contracts.modules import sizing
from contracts.modules import touching

implements: IEngine

WAD: constant(uint256) = 10**18


@view
@external
def trade(leg: IEngine.Leg, order: IEngine.Order, pool: IEngine.Pool) -> IEngine.Traded:
    """
    @notice Apply one order to one leg, weigh the pool with the result, and check the caps if the position grew.
    """
    t: IEngine.Traded = empty(IEngine.Traded)
    sums: packing.Sums = packing.unpack_sums(pool.first_sums, pool.second_sums)
    t.moved, sums = touching.apply(leg, order, sums)
    t.cash = t.moved.realised - convert(t.moved.fee, int256)
    equity: int256 = 0
    used: uint256 = 0
    equity, used = touching.weigh(sums, pool, pool.cash - t.cash, [t.moved])
    t.moved.carry = packing.with_borrow(t.moved.carry, carry.borrow_rate(used, pool.rates))
    if order.limits != 0 and touching.grew(leg.position, t.moved):
        touching.check_caps(leg, t.moved, order.limits, equity, used)
    t.first_sums, t.second_sums = packing.pack_sums(sums)
    return t


@view
@external
def resolve(
    legs: DynArray[IEngine.Leg, 24],
    orders: DynArray[IEngine.Order, 16],
    patient: IEngine.Patient,
    pool: IEngine.Pool,
) -> IEngine.Plan:
    """
    @notice Apply orders[i] to legs[i], or, without orders, liquidate the patient; then weigh the pool with the result.
    """
    if len(orders) == 0:
        return self._slice(legs, patient, pool)
    plan: IEngine.Plan = empty(IEngine.Plan)
    sums: packing.Sums = packing.unpack_sums(pool.first_sums, pool.second_sums)
    for i: uint256 in range(len(orders), bound=16):
        m: IEngine.Moved = empty(IEngine.Moved)
        m, sums = touching.apply(legs[i], orders[i], sums)
        plan.cash += m.realised - convert(m.fee, int256)
        plan.moved.append(m)
    return self._finished(plan, sums, pool, pool.cash - plan.cash)


@view
@external
def weigh(pool: IEngine.Pool) -> (int256, uint256):
    """
    @notice Reduced equity and normalised utilisation of the pool at its markets' last touches (U-0, U-1).
    """
    return touching.weigh(packing.unpack_sums(pool.first_sums, pool.second_sums), pool, pool.cash, [])


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


@view
@internal
def _finished(plan: IEngine.Plan, sums: packing.Sums, pool: IEngine.Pool, cash: int256) -> IEngine.Plan:
    out: IEngine.Plan = plan
    used: uint256 = 0
    equity: int256 = 0
    equity, used = touching.weigh(sums, pool, cash, plan.moved)
    borrow: uint256 = carry.borrow_rate(used, pool.rates)
    for i: uint256 in range(len(plan.moved), bound=16):
        out.moved[i].carry = packing.with_borrow(plan.moved[i].carry, borrow)
    out.first_sums, out.second_sums = packing.pack_sums(sums)
    return out


@view
@internal
def _slice(legs: DynArray[IEngine.Leg, 24], patient: IEngine.Patient, pool: IEngine.Pool) -> IEngine.Plan:
    # Q-1, Q-2: the slice that restores E = h MM, or all of the account
    plan: IEngine.Plan = empty(IEngine.Plan)
    # per position: rates to the pool, the cover fund and the keeper, from the book before the slice
    rates: DynArray[uint256[3], 16] = []
    penalty: uint256 = 0
    for leg: IEngine.Leg in legs:
        if leg.position != 0:
            base: int256 = packing.position_base(leg.position)
            r: uint256[3] = liquidation.rates(base, leg.book, leg.terms, pool.venue)
            penalty += liquidation.charge_up(base, packing.price_of(leg.word), r[0] + r[1] + r[2])
            rates.append(r)
    plan.fraction = liquidation.fraction_up(patient.equity, patient.raw, penalty, patient.cost, pool.venue)
    charges: uint256[3] = [0, 0, 0]
    sums: packing.Sums = packing.unpack_sums(pool.first_sums, pool.second_sums)
    for leg: IEngine.Leg in legs:
        if leg.position != 0:
            m: IEngine.Moved = empty(IEngine.Moved)
            m, sums = touching.close_at_mark(
                leg, sizing.closing_size(packing.position_base(leg.position), plan.fraction), sums
            )
            for i: uint256 in range(3):
                charges[i] += liquidation.charge_up(m.size, m.price, rates[len(plan.moved)][i])
            plan.cash += m.realised
            plan.moved.append(m)
    after: IEngine.Pool = pool
    credit: uint256 = 0
    plan.taken, credit, after.inventory = self._take(legs, patient, plan.fraction, pool.inventory)
    plan.cash += convert(credit, int256)
    plan = self._charge(plan, patient, charges, pool.venue)
    cash: int256 = pool.cash - plan.cash - convert(plan.to_cover + plan.reward, int256)
    if plan.fraction == WAD:
        # W-1: what neither the account nor the cover fund can pay
        debt: int256 = max(-(patient.cash + plan.cash), 0)
        cash -= debt - max(min(patient.cover + convert(plan.to_cover, int256), debt), 0)
    return self._finished(plan, sums, after, cash)


@pure
@internal
def _charge(
    plan: IEngine.Plan, patient: IEngine.Patient, charges: uint256[3], venue: uint256
) -> IEngine.Plan:
    # a full close pays K first, then keeper part, cover, pool, as far as the cash goes: penalties make no bad debt
    out: IEngine.Plan = plan
    parts: uint256[3] = charges
    if plan.fraction == WAD:
        left: uint256 = convert(max(patient.cash + plan.cash - convert(patient.cost, int256), 0), uint256)
        parts[2] = min(parts[2], left)
        parts[1] = min(parts[1], left - parts[2])
        parts[0] = min(parts[0], left - parts[2] - parts[1])
    out.reward = min(packing.venue_keeper_cap(venue), max(patient.cost, parts[2]))
    out.to_cover = parts[1] + patient.cost + parts[2] - out.reward
    out.cash -= convert(parts[0] + parts[1] + parts[2] + patient.cost, int256)
    return out


@pure
@internal
def _take(
    legs: DynArray[IEngine.Leg, 24], patient: IEngine.Patient, f: uint256, inventory: DynArray[IEngine.Leg, 8]
) -> (DynArray[uint256, 8], uint256, DynArray[IEngine.Leg, 8]):
    # collateral handed over, what the pool pays for it, and the pool's inventory with it
    taken: DynArray[uint256, 8] = []
    credit: uint256 = 0
    stock: DynArray[IEngine.Leg, 8] = inventory
    for asset: uint256 in range(8):
        if (patient.assets >> asset) & 1 == 1:
            entry: uint256 = packing.asset_entry(patient.entries, asset)
            amount: uint256 = liquidation.share_up(patient.amounts[len(taken)], f)
            lendable: uint256 = amount * packing.lendable(entry)
            leg: IEngine.Leg = legs[margin.index_of(legs, packing.asset_underlying(entry))]
            credit += packing.price_of(leg.word) * lendable // 10**22
            stock = self._stocked(stock, leg, amount, lendable)
            taken.append(amount)
    return taken, credit, stock


@pure
@internal
def _stocked(
    inventory: DynArray[IEngine.Leg, 8], leg: IEngine.Leg, amount: uint256, lendable: uint256
) -> DynArray[IEngine.Leg, 8]:
    stock: DynArray[IEngine.Leg, 8] = inventory
    for i: uint256 in range(len(stock), bound=8):
        if stock[i].market == leg.market:
            stock[i].held += amount
            stock[i].lendable += lendable
            return stock
    added: IEngine.Leg = leg
    added.held = amount
    added.lendable = lendable
    stock.append(added)
    return stock
