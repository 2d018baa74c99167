# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title cures: the least deposit that leads an account out of the warning band
"""

from interfaces import IEngine
from contracts.modules import margin
from contracts.modules import packing
from contracts.modules import reading

NEVER: constant(uint256) = max_value(uint256)
BPS: constant(int256) = 10**4
# WAD: the first amount that is tried
FIRST: constant(uint256) = 10**10
# of a search for a summit: what is left of the interval is 1e-11 of it
THIRDS: constant(uint256) = 64


# An account with a leg, the place of which is `at`, for the collateral that is to be added. lendable: bps.
struct Probe:
    h: reading.Held
    at: uint256
    lendable: uint256
    venue: uint256


@view
@internal
def surplus(h: reading.Held, venue: uint256) -> int256:
    """
    @notice 1e4 E - warning MM: not negative outside the band.
    """
    m: margin.Health = margin.evaluate(h.cash, h.legs, venue)
    warned: uint256 = unsafe_mul(m.maintenance, packing.field16(venue, packing.WARNING))
    return unsafe_sub(unsafe_mul(m.equity, BPS), convert(warned, int256))


@view
@internal
def of_asset(h: reading.Held, v: reading.Venue, asset: uint256) -> uint256:
    """
    @notice The least amount (WAD) of a collateral asset that does it, NEVER without a valid price or where none does.
    @dev E is linear and MM a norm in the amount: E - warning MM is concave, and where it is not negative is an interval. The search
         doubles up to an amount in it, then halves the way back. If amounts stop gaining before, it cuts thirds off what lies around the
         summit.
    """
    entry: uint256 = packing.asset_entry(v.entries, asset)
    id: uint256 = packing.asset_underlying(entry)
    price: uint256 = packing.price_of(v.markets[id].word)
    if price == 0 or (v.unpriced >> id) & 1 == 1:
        return NEVER
    p: Probe = Probe(h=h, at=margin.index_of(h.legs, id), lendable=packing.lendable(entry), venue=v.venue)
    if p.at == len(h.legs):
        leg: IEngine.Leg = empty(IEngine.Leg)
        leg.market = id
        leg.word = v.markets[id].word
        leg.risk = v.markets[id].risk
        p.h.legs.append(leg)
    return self._least(p, self._most(p.h.legs[p.at], price))


@view
@internal
def _least(p: Probe, most: uint256) -> uint256:
    low: uint256 = 0
    near: uint256 = 0
    far: uint256 = min(FIRST, most)
    last: int256 = self._surplus_with(p, 0)
    found: int256 = self._surplus_with(p, far)
    for _i: uint256 in range(160):
        if found >= 0 or found < last or far == most:
            break
        low = near
        near = far
        far = min(2 * far, most)
        last = found
        found = self._surplus_with(p, far)
    if found < 0:
        near, far = self._near_summit(p, low, far)
    for _i: uint256 in range(160):
        if far - near <= 1:
            break
        middle: uint256 = (near + far) // 2
        if self._surplus_with(p, middle) >= 0:
            far = middle
        else:
            near = middle
    return far


@view
@internal
def _near_summit(p: Probe, first: uint256, end: uint256) -> (uint256, uint256):
    # an amount that does not do it and a larger one that does, between two that do not; twice NEVER if there is none
    low: uint256 = first
    high: uint256 = end
    for _i: uint256 in range(THIRDS):
        third: uint256 = (high - low) // 3
        if third == 0:
            break
        left: uint256 = low + third
        right: uint256 = high - third
        lower: int256 = self._surplus_with(p, left)
        if lower >= 0:
            return low, left
        upper: int256 = self._surplus_with(p, right)
        if upper >= 0:
            return left, right
        if lower < upper:
            low = left
        else:
            high = right
    return NEVER, NEVER


@pure
@internal
def _most(leg: IEngine.Leg, price: uint256) -> uint256:
    # with more, P (|base| + held) would leave the range of M-2
    held: uint256 = leg.held + convert(abs(packing.position_base(leg.position)), uint256)
    return max((margin.MAX_EXPOSURE - 1) // price, held) - held


@view
@internal
def _surplus_with(p: Probe, amount: uint256) -> int256:
    h: reading.Held = p.h
    h.legs[p.at].held += amount
    h.legs[p.at].lendable += amount * p.lendable
    return self.surplus(h, p.venue)
