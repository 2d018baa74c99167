# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title AccountFormulas: the pure formulas of an account, many cases a call
@notice For the differential tests: calls the modules the Engine is made of, with words for arguments.
"""

from contracts.modules import liquidation
from contracts.modules import margin
from contracts.modules import sizing
from interfaces import IEngine


# start: where in the list of legs the account's own begin, and how many there are
struct Account:
    cash: int256
    venue: uint256
    start: uint256
    count: uint256


struct Health:
    equity: int256
    initial: uint256
    maintenance: uint256
    raw: uint256
    risk_equity: int256
    free_equity: int256
    state: uint256


@view
@external
def healths(cases: DynArray[Account, 64], legs: DynArray[IEngine.Leg, 1024]) -> DynArray[Health, 64]:
    """
    @notice M-2 … M-5 and the state.
    """
    done: DynArray[Health, 64] = []
    for c: Account in cases:
        own: DynArray[IEngine.Leg, 24] = []
        for i: uint256 in range(c.count, bound=24):
            own.append(legs[c.start + i])
        h: margin.Health = margin.evaluate(c.cash, own, c.venue)
        done.append(
            Health(
                equity=h.equity,
                initial=h.initial,
                maintenance=h.maintenance,
                raw=h.raw,
                risk_equity=margin.risk_equity_down(h, c.venue),
                free_equity=margin.free_equity(h),
                state=margin.state_of(h, c.venue),
            )
        )
    return done


struct Rate:
    base: int256
    price: uint256
    book: uint256
    terms: uint256
    venue: uint256
    fraction: uint256


struct Rated:
    to_pool: uint256
    to_cover: uint256
    to_keeper: uint256
    size: int256
    charge: uint256


@pure
@external
def rates(cases: DynArray[Rate, 64]) -> DynArray[Rated, 64]:
    """
    @notice Q-2: the three rates, and the size and the whole charge of a slice.
    """
    done: DynArray[Rated, 64] = []
    for c: Rate in cases:
        r: uint256[3] = liquidation.rates(c.base, c.book, c.terms, c.venue)
        size: int256 = sizing.closing_size(c.base, c.fraction)
        charge: uint256 = liquidation.charge_up(size, c.price, r[0] + r[1] + r[2])
        done.append(Rated(to_pool=r[0], to_cover=r[1], to_keeper=r[2], size=size, charge=charge))
    return done


struct Slice:
    equity: int256
    raw: uint256
    penalty: uint256
    cost: uint256
    venue: uint256


@pure
@external
def fractions(cases: DynArray[Slice, 64]) -> DynArray[uint256, 64]:
    """
    @notice Q-1.
    """
    done: DynArray[uint256, 64] = []
    for c: Slice in cases:
        done.append(liquidation.fraction_up(c.equity, c.raw, c.penalty, c.cost, c.venue))
    return done
