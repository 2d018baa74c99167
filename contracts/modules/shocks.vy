# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title shocks: how far the market must move until an account is liquidatable
"""

from interfaces import IEngine
from contracts.modules import margin
from contracts.modules import packing
from contracts.modules import reading

NO_MOVE: constant(int256) = max_value(int256)
BPS: constant(int256) = 10**4
BPS_TO_WAD: constant(int256) = 10**14
FARTHEST: constant(int256) = 10 * BPS  # elevenfold prices
MAX_PRICE: constant(int256) = 2**96 - 1  # of a price word


@view
@internal
def nearest(cash: int256, legs: DynArray[IEngine.Leg, 24], v: reading.Venue) -> int256:
    """
    @notice The smallest move x (WAD, whole bps) of the lowest listed market that breaks the account, all prices moving to
            P (1 + x beta / beta_ref), rounded down; 0 if it is broken, NO_MOVE if no move does it. Of two equal moves the one down.
    @dev E is linear and M-2 convex in x: the healthy moves are an interval, and bisection finds its ends.
    """
    ref: int256 = 0
    most: int256 = 0
    ref, most = self._betas(v)
    if self._breaks(cash, legs, v.venue, 0, ref):
        return 0
    # down to where the first price would reach zero
    down: int256 = self._edge(cash, legs, v.venue, -unsafe_div(BPS * ref - 1, most), ref)
    up: int256 = self._edge(cash, legs, v.venue, FARTHEST, ref)
    if down != NO_MOVE and (up == NO_MOVE or -down <= up):
        return down * BPS_TO_WAD
    return up if up == NO_MOVE else up * BPS_TO_WAD


@pure
@internal
def _betas(v: reading.Venue) -> (int256, int256):
    # of the lowest listed market, and the largest of all; at least 1
    ref: int256 = 0
    most: int256 = 1
    for id: uint256 in range(32):
        beta: int256 = max(convert(packing.risk_beta(v.markets[id].risk), int256), 1)
        if ref == 0 and (v.listed >> id) & 1 == 1:
            ref = beta
        most = max(most, beta)
    return max(ref, 1), most


@view
@internal
def _breaks(cash: int256, legs: DynArray[IEngine.Leg, 24], venue: uint256, x: int256, ref: int256) -> bool:
    # below maintenance after a common move of x bps
    t: margin.Totals = empty(margin.Totals)
    open: bool = False
    for l: IEngine.Leg in legs:
        leg: IEngine.Leg = l
        beta: int256 = convert(packing.risk_beta(leg.risk), int256)
        price: int256 = convert(packing.price_of(leg.word), int256)
        # price < 2^96, beta < 2^12, x < 2^29: no overflow; x is never so low that a price becomes negative
        price = unsafe_mul(price, unsafe_add(unsafe_mul(BPS, ref), unsafe_mul(x, beta)))
        leg.word = convert(min(unsafe_div(price, unsafe_mul(BPS, ref)), MAX_PRICE), uint256)
        t = margin.with_leg(t, leg.position, leg.carry, leg.risk, leg.word, leg.held, leg.lendable)
        open = open or leg.position != 0
    return margin.slack(margin.health(t, cash, open, venue)) < 0


@view
@internal
def _edge(
    cash: int256, legs: DynArray[IEngine.Leg, 24], venue: uint256, farthest: int256, ref: int256
) -> int256:
    # the nearest move on this side that breaks the account, bps; NO_MOVE if the farthest does not
    if not self._breaks(cash, legs, venue, farthest, ref):
        return NO_MOVE
    near: int256 = 0
    far: int256 = farthest
    for _i: uint256 in range(32):
        if abs(far - near) <= 1:
            break
        middle: int256 = unsafe_div(near + far, 2)
        if self._breaks(cash, legs, venue, middle, ref):
            far = middle
        else:
            near = middle
    return far
