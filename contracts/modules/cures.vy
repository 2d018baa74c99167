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
         doubles up to an amount in it, then halves the way back.
    """
    entry: uint256 = packing.asset_entry(v.entries, asset)
    id: uint256 = packing.asset_underlying(entry)
    price: uint256 = packing.price_of(v.markets[id].word)
    if price == 0 or (v.unpriced >> id) & 1 == 1:
        return NEVER
    most: uint256 = self._most(h, id, price)
    near: uint256 = 0
    far: uint256 = min(10**10, most)
    for _i: uint256 in range(160):
        if self.surplus(self._with(h, v, id, far, entry), v.venue) >= 0:
            break
        if far == most:
            return NEVER
        near = far
        far = min(2 * far, most)
    for _i: uint256 in range(160):
        if far - near <= 1:
            break
        middle: uint256 = (near + far) // 2
        if self.surplus(self._with(h, v, id, middle, entry), v.venue) >= 0:
            far = middle
        else:
            near = middle
    return far


@pure
@internal
def _most(h: reading.Held, id: uint256, price: uint256) -> uint256:
    # with more, P (|base| + held) would leave the range of M-2
    i: uint256 = margin.index_of(h.legs, id)
    held: uint256 = 0
    if i != len(h.legs):
        held = h.legs[i].held + convert(abs(packing.position_base(h.legs[i].position)), uint256)
    bound: uint256 = (margin.MAX_EXPOSURE - 1) // price
    return max(bound, held) - held


@pure
@internal
def _with(h: reading.Held, v: reading.Venue, id: uint256, amount: uint256, entry: uint256) -> reading.Held:
    after: reading.Held = h
    i: uint256 = margin.index_of(h.legs, id)
    if i == len(h.legs):
        leg: IEngine.Leg = empty(IEngine.Leg)
        leg.market = id
        leg.word = v.markets[id].word
        leg.risk = v.markets[id].risk
        after.legs.append(leg)
    after.legs[i].held += amount
    after.legs[i].lendable += amount * packing.lendable(entry)
    return after
