# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title pool_risk: the pool's mirror as a margined account (U-0, U-1)
@notice Sums over markets are kept in µ and replaced market by market; inventory is added when it is weighed.
"""

from interfaces import IEngine
from contracts.modules import floats
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
def replaced(
    sums: packing.Sums,
    old_book: uint256,
    old_carry: uint256,
    old_price: uint256,
    new_book: uint256,
    new_carry: uint256,
    new_price: uint256,
    risk: uint256,
    terms: uint256,
) -> packing.Sums:
    """
    @notice The pool's sums when a market's book, carry word and price change: less what it contributed, plus what it does now.
    @dev Runs at every touch: each component is computed once for the old market and once for the new, s becoming c_old - s and
         then c_new - c_old + s. Fields are read in place, and unsigned where nothing is negative.
         lots < 2^72, price < 2^90, rates < 2^12, index < 2^88: every product stays under 2^240. Unsigned sums may be below
         zero in between, modulo 2^256; `pack_sums` checks the ranges of what is stored.
    """
    s: packing.Sums = sums
    beta: uint256 = risk & packing.U12
    sigma: uint256 = (risk >> 12) & packing.U12
    w: uint256 = (risk >> 24) & packing.U12
    twice_scale: uint256 = unsafe_mul(terms & packing.U64, 2 * 10**20)
    book: uint256 = old_book
    carry: uint256 = old_carry
    price: uint256 = old_price
    for _i: uint256 in range(2):
        longs: uint256 = book & packing.U72
        shorts: uint256 = (book >> 72) & packing.U72
        larger: uint256 = max(longs, shorts)
        skew: uint256 = unsafe_sub(larger, min(longs, shorts))
        exposure: uint256 = unsafe_mul(price, skew)
        # A and V are floored, but division truncates
        beta_n: int256 = convert(convert(unsafe_mul(beta, exposure), bytes32), int256)
        if longs > shorts:
            # the pool is short
            beta_n = unsafe_sub(1 - SIGNED_RISK_TO_MICRO, beta_n)
        s.a = unsafe_sub(unsafe_div(beta_n, SIGNED_RISK_TO_MICRO), s.a)
        value: int256 = pricing.pool_value_down(book, carry, price)
        if value < 0:
            value = unsafe_sub(value, MICRO - 1)
        s.v = unsafe_sub(unsafe_div(value, MICRO), s.v)
        premium: uint256 = unsafe_add(unsafe_mul(exposure, skew), unsafe_sub(twice_scale, 1))
        s.z = unsafe_sub(unsafe_div(premium, twice_scale), s.z)
        s.g = unsafe_sub(
            unsafe_div(unsafe_add(unsafe_mul(unsafe_mul(w, price), larger), UP), RISK_TO_MICRO), s.g
        )
        s.h = unsafe_sub(unsafe_div(unsafe_add(unsafe_mul(w, exposure), UP), RISK_TO_MICRO), s.h)
        sigma_n: uint256 = unsafe_div(unsafe_add(unsafe_mul(sigma, exposure), UP), RISK_TO_MICRO)
        s.b = unsafe_sub(unsafe_mul(sigma_n, sigma_n), s.b)
        book = new_book
        carry = new_carry
        price = new_price
    return s


@pure
@internal
def contribution(
    book: uint256, carry: uint256, price: uint256, risk: uint256, terms: uint256
) -> packing.Sums:
    """
    @notice What a market adds to the pool's sums at `price` with the indices in `carry`: an empty book adds nothing.
    """
    return self.replaced(empty(packing.Sums), 0, 0, 0, book, carry, price, risk, terms)


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
def with_stock(sums: packing.Sums, cash: int256, leg: IEngine.Leg, at_touch: bool) -> (packing.Sums, int256):
    """
    @notice The sums and the pool's cash with one underlying of its inventory: the exposure nets with the market's, the worth at
            the largest discount counts as cash.
    @param leg The underlying with its market's carry and book words.
    @param at_touch Whether the sums hold the market at its last touch price or at the price in the word.
    """
    # held < 2^128, price < 2^84, rates < 2^12: products under 2^225
    s: packing.Sums = sums
    price: uint256 = packing.price_of(leg.word)
    worth: int256 = convert(unsafe_mul(price, leg.held), int256)
    s.g = unsafe_add(s.g, self._loaded(leg.risk, worth))
    beta_n: int256 = unsafe_mul(convert(packing.risk_beta(leg.risk), int256), worth)
    s.a = unsafe_add(s.a, rounding.floor_div(beta_n, EXPOSURE_TO_MICRO))
    at: uint256 = floats.value(leg.carry >> 232) if at_touch else price
    skew: int256 = unsafe_sub(packing.book_long(leg.book), packing.book_short(leg.book))
    before: int256 = unsafe_mul(unsafe_mul(-convert(at, int256), skew), 10**10)
    after: int256 = unsafe_add(before, worth)
    s.b = unsafe_sub(unsafe_add(s.b, self._square(leg.risk, after)), self._square(leg.risk, before))
    s.h = unsafe_sub(unsafe_add(s.h, self._loaded(leg.risk, after)), self._loaded(leg.risk, before))
    lent: uint256 = unsafe_div(unsafe_mul(price, leg.lendable), 10**22)
    return s, unsafe_add(cash, convert(lent, int256))


@pure
@internal
def requirements(s: packing.Sums, cash: int256, kappa: uint256) -> (int256, uint256, uint256):
    """
    @notice U-0 and U-1: reduced equity R (WAD), net and gross requirement (WAD), inventory being in the arguments.
    """
    equity: int256 = unsafe_add(cash, unsafe_mul(unsafe_sub(s.v, convert(s.z, int256)), MICRO))
    return equity, self.net_up(s.a, s.b, s.h, kappa), unsafe_mul(s.g, 10**12)


@pure
@internal
def net_up(a: int256, b: uint256, h: uint256, kappa: uint256) -> uint256:
    """
    @notice The net requirement of U-1 (WAD) from its sums.
    """
    net: uint256 = convert(abs(a), uint256)
    net = rounding.ceil_sqrt(unsafe_add(unsafe_mul(net, net), b))
    return unsafe_mul(max(net, rounding.ceil_div_unsigned(unsafe_mul(kappa, h), 10**4)), 10**12)


@pure
@internal
def without_netting(sums: packing.Sums, risk: uint256, stock: int256) -> packing.Sums:
    """
    @notice The sums without what inventory by itself adds to B and H.
    """
    s: packing.Sums = sums
    s.b = unsafe_sub(s.b, self._square(risk, stock))
    s.h = unsafe_sub(s.h, self._loaded(risk, stock))
    return s


@pure
@internal
def weigh(
    sums: packing.Sums, cash: int256, inventory: DynArray[IEngine.Leg, 8], at_touch: bool, kappa: uint256
) -> (int256, uint256, uint256):
    """
    @notice `requirements` with the inventory given as legs.
    """
    s: packing.Sums = sums
    worth: int256 = cash
    for leg: IEngine.Leg in inventory:
        s, worth = self.with_stock(s, worth, leg, at_touch)
    return self.requirements(s, worth, kappa)


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
