# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title MarketFormulas: the pure formulas of a market and of the pool, many cases a call
@notice For the differential tests: calls the modules the Engine is made of, with words for arguments.
"""

from contracts.modules import carry
from contracts.modules import floats
from contracts.modules import packing
from contracts.modules import pool_risk
from contracts.modules import pricing
from contracts.modules import touching
from interfaces import IEngine


struct Trade:
    position: uint256
    size: int256
    reference: uint256
    mark: uint256
    carry: uint256
    book: uint256
    risk: uint256
    terms: uint256
    spread: bool


# fill price 0 where the market is not that deep; the rest is 0 then
struct Traded:
    fill: uint256
    fee: int256
    position: uint256
    realised: int256
    value: int256
    pool_value: int256
    carry: uint256
    book: uint256
    first_sums: uint256
    second_sums: uint256


@view
@external
def trades(cases: DynArray[Trade, 64]) -> DynArray[Traded, 64]:
    """
    @notice P-1 … P-4, the fee, F-1 and the touch, each against the mark `mark`.
    """
    done: DynArray[Traded, 64] = []
    for c: Trade in cases:
        done.append(self._trade(c))
    return done


@view
@internal
def _trade(c: Trade) -> Traded:
    t: Traded = empty(Traded)
    skew: int256 = packing.book_long(c.book) - packing.book_short(c.book)
    lots: int256 = c.size // 10**10
    spread: uint256 = packing.field16(c.terms, 96) if c.spread else 0
    t.fill = pricing.fill_price(c.reference, skew, lots, packing.terms_scale(c.terms), spread)
    if t.fill == 0:
        return t
    t.fee = pricing.fee_up(c.reference, skew, lots, c.terms)
    accrued: uint256 = carry.accrue(c.carry, c.risk)
    t.position, t.realised = pricing.apply(c.position, c.size, t.fill, accrued)
    base: int256 = packing.position_base(t.position)
    index: int256 = pricing.index_of(accrued, base)
    t.value = pricing.value_down(base, packing.position_quote(t.position), c.mark, index)
    t.book = pricing.moved_book(c.book, c.position, t.position)
    t.pool_value = pricing.pool_value_down(t.book, accrued, c.mark)
    t.carry = touching._renewed(accrued, t.book, c.terms, c.mark)
    sums: packing.Sums = pool_risk.contribution(
        t.book, t.carry, floats.value(t.carry >> 232), c.risk, c.terms
    )
    t.first_sums, t.second_sums = packing.pack_sums(sums)
    return t


struct Accrual:
    carry: uint256
    risk: uint256


struct Accrued:
    carry: uint256
    long_index: int256
    short_index: int256


@view
@external
def accruals(cases: DynArray[Accrual, 64]) -> DynArray[Accrued, 64]:
    """
    @notice F-1: the carry word now, and both WAD indices as margin reads them.
    """
    done: DynArray[Accrued, 64] = []
    for c: Accrual in cases:
        done.append(
            Accrued(
                carry=carry.accrue(c.carry, c.risk),
                long_index=carry.index_now(c.carry, c.risk, True),
                short_index=carry.index_now(c.carry, c.risk, False),
            )
        )
    return done


# stock: where in the list of legs the pool's inventory starts, and how many there are
struct Weighing:
    first_sums: uint256
    second_sums: uint256
    cash: int256
    venue: uint256
    rates: uint256
    start: uint256
    count: uint256


struct Weighed:
    equity: int256
    net: uint256
    gross: uint256
    utilisation: uint256
    borrow: uint256


@view
@external
def weighings(cases: DynArray[Weighing, 64], legs: DynArray[IEngine.Leg, 512]) -> DynArray[Weighed, 64]:
    """
    @notice U-0, U-1 and F-2.
    """
    done: DynArray[Weighed, 64] = []
    for c: Weighing in cases:
        stock: DynArray[IEngine.Leg, 8] = []
        for i: uint256 in range(c.count, bound=8):
            stock.append(legs[c.start + i])
        sums: packing.Sums = packing.unpack_sums(c.first_sums, c.second_sums)
        w: Weighed = empty(Weighed)
        kappa: uint256 = packing.field16(c.venue, packing.KAPPA)
        w.equity, w.net, w.gross = pool_risk.weigh(sums, c.cash, stock, True, kappa)
        w.utilisation = pool_risk.utilisation_up(
            w.equity, w.net, w.gross, packing.field16(c.rates, 0), packing.field16(c.rates, 16)
        )
        w.borrow = carry.borrow_rate(w.utilisation, c.rates)
        done.append(w)
    return done
