# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title pool_risk: the pool's mirror as a margined account (U-0, U-1)
@notice Sums over markets are kept in µ and replaced market by market; inventory is added when it is weighed.
"""

from interfaces import IEngine
from contracts.modules import packing
from contracts.modules import pricing
from contracts.modules import rounding

WAD: constant(int256) = 10**18
MICRO: constant(int256) = 10**12
# lots * WAD price * bps to µ: 1e8 * 1e12 * 1e4
RISK_TO_MICRO: constant(uint256) = 10**24
SIGNED_RISK_TO_MICRO: constant(int256) = 10**24
# WAD tokens * WAD price * bps to µ: 1e18 * 1e12 * 1e4
EXPOSURE_TO_MICRO: constant(int256) = 10**34
# added before a division by RISK_TO_MICRO, it rounds up
UP: constant(uint256) = 10**24 - 1
MAX_UTILISATION: constant(uint256) = 2**64


@pure
@internal
def _ceil_micro(x: int256, unit: int256) -> uint256:
    return convert(rounding.ceil_div(x, unit), uint256)


@pure
@internal
def contribution(
    book: uint256, carry: uint256, price: uint256, risk: uint256, terms: uint256
) -> packing.Sums:
    """
    @notice What a market adds to the pool's sums at `price` with the indices in `carry`.
    """
    if book == 0:
        return empty(packing.Sums)
    # Read in place and unsigned where nothing is negative: this runs twice at every touch.
    # lots < 2^72, price < 2^90, rates < 2^12, index < 2^88: every product stays under 2^240
    longs: uint256 = book & packing.U72
    shorts: uint256 = (book >> 72) & packing.U72
    larger: uint256 = max(longs, shorts)
    skew: uint256 = unsafe_sub(larger, min(longs, shorts))
    exposure: uint256 = unsafe_mul(price, skew)
    w: uint256 = (risk >> 24) & packing.U12
    beta_n: int256 = convert(unsafe_mul(risk & packing.U12, exposure), int256)
    if longs > shorts:
        # the pool is short
        beta_n = -beta_n
    sigma_n: uint256 = unsafe_div(
        unsafe_add(unsafe_mul((risk >> 12) & packing.U12, exposure), UP), RISK_TO_MICRO
    )
    twice_scale: uint256 = unsafe_mul(terms & packing.U64, 2 * 10**20)
    premium: uint256 = unsafe_add(unsafe_mul(exposure, skew), unsafe_sub(twice_scale, 1))
    return packing.Sums(
        a=rounding.floor_div(beta_n, SIGNED_RISK_TO_MICRO),
        v=rounding.floor_div(pricing.pool_value_down(book, carry, price), MICRO),
        z=unsafe_div(premium, twice_scale),
        g=unsafe_div(unsafe_add(unsafe_mul(unsafe_mul(w, price), larger), UP), RISK_TO_MICRO),
        h=unsafe_div(unsafe_add(unsafe_mul(w, exposure), UP), RISK_TO_MICRO),
        b=unsafe_mul(sigma_n, sigma_n),
        listed=0,
    )


@pure
@internal
def add(s: packing.Sums, c: packing.Sums) -> packing.Sums:
    """
    @notice Componentwise sum; `listed` of the first. `pack_sums` checks the ranges of what is stored.
    """
    return packing.Sums(
        a=unsafe_add(s.a, c.a),
        v=unsafe_add(s.v, c.v),
        z=unsafe_add(s.z, c.z),
        g=unsafe_add(s.g, c.g),
        h=unsafe_add(s.h, c.h),
        b=unsafe_add(s.b, c.b),
        listed=s.listed,
    )


@pure
@internal
def subtract(s: packing.Sums, c: packing.Sums) -> packing.Sums:
    """
    @notice Componentwise difference; `listed` of the first. A contribution is only ever taken out after it was put in.
    """
    return packing.Sums(
        a=unsafe_sub(s.a, c.a),
        v=unsafe_sub(s.v, c.v),
        z=unsafe_sub(s.z, c.z),
        g=unsafe_sub(s.g, c.g),
        h=unsafe_sub(s.h, c.h),
        b=unsafe_sub(s.b, c.b),
        listed=s.listed,
    )


@pure
@internal
def weigh(
    sums: packing.Sums, cash: int256, inventory: DynArray[IEngine.Leg, 8], at_touch: bool, kappa: uint256
) -> (int256, uint256, uint256):
    """
    @notice U-0 and U-1: reduced equity R (WAD), net and gross requirement (WAD).
    @param inventory Legs of the pool's collateral, with their markets' carry and book words.
    @param at_touch Whether the sums hold each market at its last touch price or at the price in the words.
    """
    # held < 2^128, price < 2^84, rates < 2^12: products under 2^225
    s: packing.Sums = sums
    equity: int256 = unsafe_add(cash, unsafe_mul(unsafe_sub(s.v, convert(s.z, int256)), MICRO))
    for leg: IEngine.Leg in inventory:
        price: uint256 = packing.price_of(leg.word)
        worth: int256 = convert(unsafe_mul(price, leg.held), int256)
        equity = unsafe_add(equity, convert(unsafe_div(unsafe_mul(price, leg.lendable), 10**22), int256))
        s.g = unsafe_add(s.g, self._loaded(leg.risk, worth))
        beta_n: int256 = unsafe_mul(convert(packing.risk_beta(leg.risk), int256), worth)
        s.a = unsafe_add(s.a, rounding.floor_div(beta_n, EXPOSURE_TO_MICRO))
        at: uint256 = packing.float_value(leg.carry >> 232) if at_touch else price
        skew: int256 = unsafe_sub(packing.book_long(leg.book), packing.book_short(leg.book))
        before: int256 = unsafe_mul(unsafe_mul(-convert(at, int256), skew), 10**10)
        after: int256 = unsafe_add(before, worth)
        s.b = unsafe_sub(unsafe_add(s.b, self._square(leg.risk, after)), self._square(leg.risk, before))
        s.h = unsafe_sub(unsafe_add(s.h, self._loaded(leg.risk, after)), self._loaded(leg.risk, before))
    net: uint256 = convert(abs(s.a), uint256)
    net = rounding.ceil_sqrt(unsafe_add(unsafe_mul(net, net), s.b))
    net = max(net, rounding.ceil_div_unsigned(unsafe_mul(kappa, s.h), 10**4))
    return equity, unsafe_mul(net, 10**12), unsafe_mul(s.g, 10**12)


@pure
@internal
def _square(risk: uint256, exposure: int256) -> uint256:
    sigma_n: uint256 = self._ceil_micro(
        unsafe_mul(convert(packing.risk_sigma(risk), int256), abs(exposure)), EXPOSURE_TO_MICRO
    )
    return unsafe_mul(sigma_n, sigma_n)


@pure
@internal
def _loaded(risk: uint256, exposure: int256) -> uint256:
    return self._ceil_micro(
        unsafe_mul(convert(packing.risk_w(risk), int256), abs(exposure)), EXPOSURE_TO_MICRO
    )


@pure
@internal
def utilisation_up(
    equity: int256, net: uint256, gross: uint256, cap_net: uint256, cap_gross: uint256
) -> uint256:
    """
    @notice U-1: the larger of both requirements over their caps (bps of R), WAD, 1 = at the cap, at most 2^64.
    """
    if net == 0 and gross == 0:
        return 0
    if equity <= 0:
        return MAX_UTILISATION
    r: uint256 = convert(equity, uint256)
    u: uint256 = max(
        rounding.ceil_div_unsigned(net * 10**22, r * cap_net),
        rounding.ceil_div_unsigned(gross * 10**22, r * cap_gross),
    )
    return min(u, MAX_UTILISATION)
