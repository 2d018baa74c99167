# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title triage: whether an account may be liquidated, and why not (spec 5)
"""

from interfaces import IEngine
from contracts.modules import bits
from contracts.modules import liquidation
from contracts.modules import margin
from contracts.modules import packing
from contracts.modules import venue_rates

# as in IPositionManager.Slice
DUE: constant(uint256) = 0
HEALTHY: constant(uint256) = 1
NO_PRICE: constant(uint256) = 2
EMPTY: constant(uint256) = 3
GRACE: constant(uint256) = 5
SETTLE_FIRST: constant(uint256) = 6


# An account examined. reason: why it is not liquidated; dead: bitmap of its underlyings without a valid price; equity, maintenance,
# raw: M-4, with the dead legs' prices moved in its favour.
struct Case:
    reason: uint256
    dead: uint256
    equity: int256
    maintenance: uint256
    raw: uint256


@view
@internal
def examined(legs: DynArray[IEngine.Leg, 24], cash: int256, venue: uint256, rates: uint256) -> Case:
    """
    @notice M-4 of an account, a leg without a valid price moved in its favour, and whether it may be liquidated.
    """
    c: Case = empty(Case)
    t: margin.Totals = empty(margin.Totals)
    open: bool = False
    settled: bool = False
    waits: bool = block.timestamp < venue_rates.grace_until(rates)
    for leg: IEngine.Leg in legs:
        word: uint256 = leg.word
        stopped: bool = leg.position != 0 and packing.carry_stopped(leg.carry)
        open = open or leg.position != 0
        settled = settled or stopped
        waits = waits or word >> 255 != 0
        if packing.price_state(word) != 0 and not venue_rates.has(rates, venue_rates.LAST_PRICES):
            c.dead = c.dead | (1 << leg.market)
            word = liquidation.favoured(word, leg.position, leg.held, leg.risk)
        t = margin.with_leg(t, leg.position, leg.carry, leg.risk, word, leg.held, leg.lendable)
    h: margin.Health = margin.health(t, cash, open, venue)
    c.equity = h.equity
    c.maintenance = h.maintenance
    c.raw = h.raw
    lives: bool = len(legs) == 0 or bits.count(c.dead) < len(legs)
    c.reason = self._reason(open or cash < 0, settled, waits, h.liquidatable and lives, c.dead)
    return c


@pure
@internal
def _reason(owes: bool, settled: bool, waits: bool, due: bool, dead: uint256) -> uint256:
    if not owes:
        return EMPTY
    if settled:
        return SETTLE_FIRST
    if waits:
        return GRACE
    if due:
        return DUE
    return HEALTHY if dead == 0 else NO_PRICE
