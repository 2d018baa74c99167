# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title cascades: a path of shocks, and the liquidations that it sets off, played in memory
@notice Every slice is the Engine's own answer; what the PositionManager would store is kept here instead. No time passes.
"""

from interfaces import IEngine
from interfaces import IPositionManager
from interfaces import IWaterfall
from contracts.modules import carry
from contracts.modules import checks
from contracts.modules import floats
from contracts.modules import margin
from contracts.modules import packing
from contracts.modules import pool_book
from contracts.modules import pricing
from contracts.modules import reading
from contracts.modules import rounding
from contracts.modules import venue_rates

NOBODY: constant(uint256) = 32
WAD: constant(int256) = 10**18


# The venue as the cascade changes it. By underlying id: price words, carry, book, terms, risk; by asset: the pool's inventory; by
# market, 32 for none: what claims count against their cap.
struct Scene:
    engine: address
    words: uint256[32]
    carries: uint256[32]
    books: uint256[32]
    terms: uint256[32]
    risks: uint256[32]
    stock: uint256[8]
    used: uint256[33]
    first_sums: uint256
    second_sums: uint256
    venue: uint256
    rates: uint256
    entries: uint256
    cash: int256
    cover: int256


@view
@internal
def load(manager: address, v: reading.Venue, stock: reading.Held, cover: int256) -> Scene:
    """
    @notice The venue as it is. Grace is left out: a preview is of what comes after it.
    """
    s: Scene = empty(Scene)
    s.engine = staticcall IPositionManager(manager).ENGINE()
    s.venue, s.entries, s.first_sums, s.second_sums, s.rates, s.used[0] = staticcall IPositionManager(
        manager
    ).venue_words()
    s.rates = s.rates & ~(packing.U40 << 192)
    markets: DynArray[IPositionManager.MarketWords, 32] = staticcall IPositionManager(manager).market_words(
        packing.U32
    )
    waterfall: address = staticcall IPositionManager(manager).WATERFALL()
    for id: uint256 in range(32):
        s.carries[id] = markets[id].carry
        s.books[id] = markets[id].book
        s.terms[id] = markets[id].terms
        s.risks[id] = markets[id].risk
        s.used[id] = staticcall IWaterfall(waterfall).used(id)
    s.used[NOBODY] = staticcall IWaterfall(waterfall).used(NOBODY)
    s.cash = stock.cash
    s.cover = cover
    rank: uint256 = 0
    for asset: uint256 in range(8):
        if (stock.assets >> asset) & 1 == 1:
            s.stock[asset] = stock.amounts[rank]
            rank = unsafe_add(rank, 1)
    return s


@pure
@internal
def shocked(words: uint256[32], v: reading.Venue, x: int256) -> uint256[32]:
    """
    @notice Price words with every price moved to P (1 + x beta / beta_ref), rounded down, beta_ref of the lowest listed market.
    """
    ref: int256 = 0
    for id: uint256 in range(32):
        if ref == 0 and (v.listed >> id) & 1 == 1:
            ref = max(convert(packing.risk_beta(v.markets[id].risk), int256), 1)
    out: uint256[32] = words
    for id: uint256 in range(32):
        price: int256 = convert(packing.price_of(v.markets[id].word), int256)
        if price != 0:
            beta: int256 = convert(packing.risk_beta(v.markets[id].risk), int256)
            price = rounding.floor_div(price * (WAD * ref + x * beta), WAD * ref)
            checks.that(price > 0 and price < 2**96, "risk lens: shock too large")
        # a feed that never published has a state as well, and it is not that of a price
        out[id] = convert(price, uint256) | (packing.price_state(v.markets[id].word) << 216)
    return out


@view
@internal
def pool_of(s: Scene) -> IEngine.Pool:
    """
    @notice The pool as the PositionManager would show it to the Engine.
    """
    pool: IEngine.Pool = IEngine.Pool(
        cash=s.cash,
        first_sums=s.first_sums,
        second_sums=s.second_sums,
        venue=s.venue,
        rates=s.rates,
        inventory=[],
    )
    held: uint256[32] = empty(uint256[32])
    lendable: uint256[32] = empty(uint256[32])
    for asset: uint256 in range(8):
        if s.stock[asset] != 0:
            entry: uint256 = packing.asset_entry(s.entries, asset)
            id: uint256 = packing.asset_underlying(entry)
            held[id] += s.stock[asset]
            lendable[id] += s.stock[asset] * packing.lendable(entry)
    for id: uint256 in range(32):
        if held[id] != 0:
            leg: IEngine.Leg = self.leg_of(s, id)
            leg.held = held[id]
            leg.lendable = lendable[id]
            pool.inventory.append(leg)
    return pool


@view
@internal
def leg_of(s: Scene, id: uint256) -> IEngine.Leg:
    return IEngine.Leg(
        market=id,
        position=0,
        carry=s.carries[id],
        risk=s.risks[id],
        word=s.words[id],
        held=0,
        lendable=0,
        book=s.books[id],
        terms=s.terms[id],
    )


@view
@internal
def granted(s: Scene, plan: IEngine.Plan) -> (uint256, uint256[33]):
    """
    @notice W-1 as the Waterfall answers it, and what it would count against the caps.
    """
    debt: uint256 = plan.debt
    blame: uint256 = plan.blame
    used: uint256[33] = s.used
    able: uint256 = convert(max(s.cover + convert(plan.to_cover, int256), 0), uint256)
    cap: uint256 = able * packing.field16(s.rates, venue_rates.COVER_SHARE) // 10**4
    total: uint256 = 0
    for market: uint256 in range(32):
        total += (blame >> (8 * market)) & packing.U8
    sum: uint256 = 0
    for market: uint256 in range(33):
        due: uint256 = debt if market == NOBODY and total == 0 else 0
        if market != NOBODY and total != 0:
            due = rounding.ceil_div_unsigned(debt * ((blame >> (8 * market)) & packing.U8), total)
        due = min(due, max(cap, used[market]) - used[market])
        used[market] += due
        sum += due
    return min(min(sum, debt), able), used


@view
@internal
def worth(s: Scene) -> int256:
    """
    @notice U-0 of the pool at the prices of the scene.
    """
    pool: IEngine.Pool = self.pool_of(s)
    r: int256 = s.cash
    for leg: IEngine.Leg in pool.inventory:
        r += convert(packing.price_of(leg.word) * leg.lendable // 10**22, int256)
    for id: uint256 in range(32):
        book: uint256 = s.books[id]
        if book != 0:
            accrued: uint256 = carry.accrue(s.carries[id], s.risks[id])
            price: uint256 = packing.price_of(s.words[id])
            if packing.carry_stopped(accrued):
                price = floats.value(accrued >> 232)
            r += pricing.pool_value_down(book, accrued, price)
            r -= pool_book._premium_up(book, s.terms[id], price)
    return r


@view
@internal
def account_now(s: Scene, h: reading.Held) -> DynArray[IEngine.Leg, 24]:
    """
    @notice An account's legs with the words of the scene.
    """
    legs: DynArray[IEngine.Leg, 24] = []
    for l: IEngine.Leg in h.legs:
        # a leg that was closed and backs nothing is gone
        if l.position != 0 or l.held != 0:
            leg: IEngine.Leg = self.leg_of(s, l.market)
            leg.position = l.position
            leg.held = l.held
            leg.lendable = l.lendable
            legs.append(leg)
    return legs


@pure
@internal
def sliced(
    s: Scene, h: reading.Held, plan: IEngine.Plan, by_cover: uint256
) -> (Scene, reading.Held, uint256):
    """
    @notice Scene and account after a plan, and the notional it closed.
    """
    scene: Scene = s
    after: reading.Held = h
    closed: uint256 = 0
    rank: uint256 = 0
    for i: uint256 in range(len(after.legs), bound=24):
        leg: IEngine.Leg = after.legs[i]
        if rank < len(plan.touched) and plan.touched[rank].market == leg.market:
            t: IEngine.Touched = plan.touched[rank]
            size: int256 = packing.position_base(leg.position) - packing.position_base(t.position)
            closed += convert(abs(size), uint256) * packing.price_of(s.words[leg.market]) // 10**18
            scene.carries[leg.market] = t.carry
            scene.books[leg.market] = t.book
            after.legs[i].position = t.position
            rank += 1
    scene.first_sums = plan.first_sums
    scene.second_sums = plan.second_sums
    debt: int256 = convert(plan.debt, int256)
    paid: int256 = convert(by_cover, int256)
    after.cash += plan.cash + debt
    scene.cash -= plan.cash + convert(plan.to_cover + plan.reward, int256) + debt - paid
    scene.cover += convert(plan.to_cover, int256) - paid
    rank = 0
    for asset: uint256 in range(8):
        if (h.assets >> asset) & 1 == 1:
            taken: uint256 = plan.taken[asset]
            entry: uint256 = packing.asset_entry(s.entries, asset)
            i: uint256 = margin.index_of(after.legs, packing.asset_underlying(entry))
            after.legs[i].held -= taken
            after.legs[i].lendable -= taken * packing.lendable(entry)
            after.amounts[rank] -= taken
            scene.stock[asset] += taken
            rank += 1
    return scene, after, closed


@view
@internal
def plan_of(s: Scene, h: reading.Held, legs: DynArray[IEngine.Leg, 24], keeper_cost: uint256) -> IEngine.Plan:
    """
    @notice What a liquidation of the account would be.
    """
    assets: uint256 = 0
    amounts: DynArray[uint256, 8] = []
    rank: uint256 = 0
    for asset: uint256 in range(8):
        if (h.assets >> asset) & 1 == 1:
            if h.amounts[rank] != 0:
                assets = assets | (1 << asset)
                amounts.append(h.amounts[rank])
            rank = unsafe_add(rank, 1)
    patient: IEngine.Patient = IEngine.Patient(
        cash=h.cash, cost=keeper_cost, assets=assets, amounts=amounts, entries=s.entries
    )
    return staticcall IEngine(s.engine).resolve(legs, patient, self.pool_of(s))
