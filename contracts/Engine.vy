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
from contracts.modules import checks
from contracts.modules import gates
from contracts.modules import liquidation
from contracts.modules import packing
from contracts.modules import pool_risk
from contracts.modules import pricing
from contracts.modules import rounding
from contracts.modules import venue_rates
from contracts.modules import sizing
from contracts.modules import touching
from contracts.modules import triage

implements: IEngine

WAD: constant(uint256) = 10**18


# What a liquidation comes to: the change of the account's cash, the cover pool's and the keeper's part of it, the change of the pool's
# if all bad debt were its own.
struct Payment:
    cash: int256
    to_cover: uint256
    reward: uint256
    pool: int256
    debt: uint256


@view
@external
def trade(leg: IEngine.Leg, order: IEngine.Order, pool: IEngine.Pool) -> IEngine.Traded:
    """
    @notice Apply one order to one leg, weigh the pool with the result, and check the caps if the position grew.
    """
    gates.check_band(order.price, packing.price_of(leg.word), pool.venue)
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
    if not packing.carry_stopped(m.carry):
        m.carry = packing.with_borrow(m.carry, carry.borrow_rate(used, pool.rates))
    if order.limits != 0 and touching.grew(leg.position, m):
        checks.that(not venue_rates.has(pool.rates, venue_rates.PAUSED), "engine: reduce only")
        touching.check_caps(leg, m, order.limits, equity, used)
    return IEngine.Traded(moved=m, first_sums=first, second_sums=second, cash=cash)


@view
@external
def resolve(legs: DynArray[IEngine.Leg, 24], patient: IEngine.Patient, pool: IEngine.Pool) -> IEngine.Plan:
    """
    @notice Liquidate the patient (Q-1, Q-2): the slice that restores E = h MM, or all of the account; with a dead leg all that lives.
    @dev In one piece, because an internal function that takes the legs copies them: in three it would cost 2,300 gas more.
    """
    c: triage.Case = triage.examined(legs, patient.cash, pool.venue, pool.rates)
    if c.reason != triage.DUE:
        plan: IEngine.Plan = empty(IEngine.Plan)
        plan.reason = c.reason
        return plan
    # an empty account with negative cash is only written off: no reward for tidying up
    cost: uint256 = 0
    if len(legs) != 0:
        cost = min(patient.cost, packing.venue_keeper_cap(pool.venue))
    # to the pool, the cover pool and the keeper, from each book before the slice
    rates: DynArray[uint256[3], 16] = []
    penalty: uint256 = 0
    for leg: IEngine.Leg in legs:
        if leg.position != 0 and (c.dead >> leg.market) & 1 == 0:
            base: int256 = packing.position_base(leg.position)
            r: uint256[3] = liquidation.rates(base, leg.book, leg.terms, pool.venue)
            # rates < 2^24 and sixteen charges < 2^172: no overflow
            rate: uint256 = unsafe_add(unsafe_add(r[0], r[1]), r[2])
            penalty = unsafe_add(penalty, liquidation.charge_up(base, leg.word & packing.U96, rate))
            rates.append(r)
    f: uint256 = WAD
    if c.dead == 0:
        f = liquidation.fraction_up(c.equity, c.raw, penalty, cost, pool.venue)
    taken: uint256[8] = self._taken(patient, c.dead, f)
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
        if leg.position != 0 and (c.dead >> leg.market) & 1 == 0:
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
    p: Payment = self._paid(f, cash, charges, patient.cash, cost, c.dead == 0, pool.venue)
    borrow: uint256 = self._borrow(
        pool_risk.add(sums, stock), pool.cash + worth + p.pool, pool.venue, pool.rates
    )
    # below 2^14, and the touch has cleared its bits
    borrow = borrow << 210
    for i: uint256 in range(len(touched), bound=16):
        touched[i].carry = touched[i].carry | borrow
    return IEngine.Plan(
        reason=0,
        equity=c.equity,
        maintenance=c.maintenance,
        debt=p.debt,
        blame=self._blame(legs) if p.debt != 0 else 0,
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
def _taken(patient: IEngine.Patient, dead: uint256, f: uint256) -> uint256[8]:
    # by asset: the collateral that is handed over
    taken: uint256[8] = empty(uint256[8])
    if patient.assets == 0:
        return taken
    rank: uint256 = 0
    for asset: uint256 in range(8):
        if (patient.assets >> asset) & 1 == 1:
            underlying: uint256 = packing.asset_underlying(packing.asset_entry(patient.entries, asset))
            if (dead >> underlying) & 1 == 0:
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
    cost: uint256,
    last: bool,
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
    # W-1; what may still hang on a dead leg is not written off
    if f == WAD and last:
        p.debt = convert(max(-(cash + p.cash), 0), uint256)
        p.pool -= convert(p.debt, int256)
    return p


@view
@internal
def _blame(legs: DynArray[IEngine.Leg, 24]) -> uint256:
    """
    @notice W-1: 8 bits for each market, ceil(255 * its loss / all losses): P-2 of the positions below zero.
    """
    total: uint256 = 0
    for leg: IEngine.Leg in legs:
        total = unsafe_add(total, self._loss(leg))
    blame: uint256 = 0
    if total == 0:
        return blame
    for leg: IEngine.Leg in legs:
        part: uint256 = rounding.ceil_div_unsigned(unsafe_mul(255, self._loss(leg)), total)
        blame = blame | (part << unsafe_mul(8, leg.market))
    return blame


@view
@internal
def _loss(leg: IEngine.Leg) -> uint256:
    if leg.position == 0:
        return 0
    base: int256 = packing.position_base(leg.position)
    index: int256 = carry.index_now(leg.carry, leg.risk, base > 0)
    quote: int256 = packing.position_quote(leg.position)
    return convert(max(-pricing.value_down(base, quote, packing.price_of(leg.word), index), 0), uint256)
