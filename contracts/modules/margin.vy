# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title margin: the one requirement of the venue (M-1 … M-5), for traders and for the pool
"""

from interfaces import IEngine
from contracts.modules import carry
from contracts.modules import checks
from contracts.modules import floats
from contracts.modules import packing
from contracts.modules import rounding

WAD: constant(int256) = 10**18
BPS: constant(uint256) = 10**4

# Bound on P * (|base| + held) of one underlying in WAD^2: 1.2e12 quote. With it every sum below stays under 2^250.
MAX_EXPOSURE: constant(uint256) = 2**160

MAX_LEGS: constant(uint256) = 24  # 16 markets and 8 collateral underlyings

HEALTHY: constant(uint256) = 0
BELOW_INITIAL: constant(uint256) = 1
MARGIN_CALL: constant(uint256) = 2
LIQUIDATABLE: constant(uint256) = 3
NO_PRICE: constant(uint256) = 4


# Running sums over an account's underlyings, times bps; extra_*: what OI scales above 1 (hundredths) add for IM.
struct Totals:
    common: int256
    squares: uint256
    gross: uint256
    profit: int256
    lent: uint256
    extra_common: int256
    extra_squares: uint256
    extra_gross: uint256
    unpriced: bool


# initial and maintenance are M-4; raw is M-2 without the min_margin floor; profit is the net unrealised profit (signed).
struct Health:
    equity: int256
    initial: uint256
    maintenance: uint256
    raw: uint256
    profit: int256
    priced: bool
    liquidatable: bool


@pure
@internal
def requirement_up(common: int256, squares: uint256, gross: uint256, kappa: uint256) -> uint256:
    """
    @notice M-2 from its sums: common = sum beta n, squares = sum (sigma n)^2, gross = sum w g, all times bps. Result in WAD.
    """
    norm: uint256 = rounding.ceil_sqrt(unsafe_add(convert(unsafe_mul(common, common), uint256), squares))
    return rounding.ceil_div_unsigned(
        max(norm, rounding.ceil_div_unsigned(unsafe_mul(kappa, gross), BPS)), BPS
    )


@view
@internal
def with_leg(
    totals: Totals,
    position: uint256,
    carry_word: uint256,
    risk: uint256,
    word: uint256,
    held: uint256,
    lendable: uint256,
) -> Totals:
    """
    @notice The sums of M-2 and the equity with one more underlying, its carry brought to this block. Arguments as in
            IEngine.Leg.
    @dev The initial sums are the maintenance sums plus what OI scales above 1 add, so a calm book pays for one set.
         OI caps (2^96 WAD quote) keep P * base far under MAX_EXPOSURE; collateral, which they do not bound, is checked.
    """
    # Raw two's complement words: products modulo 2^256 are right for signed values as long as they fit, and they do.
    t: Totals = totals
    price: uint256 = word & packing.U96
    exposure: uint256 = 0
    size: uint256 = 0
    above: uint256 = 0
    needed: bool = held != 0
    if position != 0:
        base: int256 = convert(convert(position << 128, bytes32), int256) >> 128
        mark: uint256 = price
        if (carry_word >> 128) & packing.U32 == 0:
            # W-3: a settled position is worth what it is worth, at no price of now
            mark = floats.value(carry_word >> 232)
        else:
            needed = True
            above = (carry_word >> 224) & packing.U8
            exposure = unsafe_mul(price, convert(convert(base, bytes32), uint256))
            size = exposure
            if base < 0:
                size = unsafe_sub(0, exposure)
        value: int256 = unsafe_mul(
            base,
            unsafe_sub(convert(convert(mark, bytes32), int256), carry.index_now(carry_word, risk, base > 0)),
        )
        if value < 0:
            # P-2 is floored, but division truncates
            value = unsafe_sub(value, WAD - 1)
        t.profit = unsafe_add(
            t.profit,
            unsafe_add(unsafe_div(value, WAD), convert(convert(position, bytes32), int256) >> 128),
        )
    if (word >> 216) & packing.U8 != 0 and needed:
        t.unpriced = True
    if held != 0:
        coll: uint256 = price * held
        checks.that(coll < MAX_EXPOSURE, "margin: exposure too large")
        exposure = unsafe_add(exposure, coll)
        size = unsafe_add(size, coll)
        t.lent = unsafe_add(t.lent, unsafe_div(unsafe_mul(price, lendable), 10**22))
    n: uint256 = convert(
        convert(unsafe_div(convert(convert(exposure, bytes32), int256), WAD), bytes32), uint256
    )
    beta_n: int256 = convert(convert(unsafe_mul(risk & packing.U12, n), bytes32), int256)
    square: uint256 = unsafe_mul((risk >> 12) & packing.U12, n)
    square = unsafe_mul(square, square)
    w_g: uint256 = unsafe_mul(
        (risk >> 24) & packing.U12, unsafe_div(unsafe_add(size, 10**18 - 1), 10**18)
    )
    t.common = unsafe_add(t.common, beta_n)
    t.squares = unsafe_add(t.squares, square)
    t.gross = unsafe_add(t.gross, w_g)
    if above != 0:
        scale: uint256 = unsafe_add(100, above)
        t.extra_common = unsafe_add(t.extra_common, unsafe_mul(convert(above, int256), beta_n))
        t.extra_squares = unsafe_add(
            t.extra_squares, unsafe_mul(unsafe_sub(unsafe_mul(scale, scale), 10**4), square)
        )
        t.extra_gross = unsafe_add(t.extra_gross, unsafe_mul(above, w_g))
    return t


@pure
@internal
def health(t: Totals, cash: int256, open: bool, venue: uint256) -> Health:
    """
    @notice Equity and both requirements from the sums. `open`: whether the account holds a position.
    """
    h: Health = empty(Health)
    h.priced = not t.unpriced
    h.profit = t.profit
    h.equity = unsafe_add(unsafe_add(cash, convert(t.lent, int256)), t.profit)
    kappa: uint256 = (venue >> packing.KAPPA) & packing.U16
    h.raw = self.requirement_up(t.common, t.squares, t.gross, kappa)
    scaled: uint256 = unsafe_mul(100, h.raw)
    if t.extra_gross != 0:
        # never below the plain norm: a scale on one leg of a hedge could cancel against the other
        scaled = max(
            scaled,
            self.requirement_up(
                unsafe_add(unsafe_mul(100, t.common), t.extra_common),
                unsafe_add(unsafe_mul(10**4, t.squares), t.extra_squares),
                unsafe_add(unsafe_mul(100, t.gross), t.extra_gross),
                kappa,
            ),
        )
    # the scale is in hundredths, the factor in bps
    h.initial = rounding.ceil_div_unsigned(
        unsafe_mul(scaled, (venue >> packing.IM_FACTOR) & packing.U16), 10**6
    )
    h.maintenance = h.raw
    if open:
        least: uint256 = packing.venue_min_margin(venue)
        h.maintenance = max(h.raw, least)
        h.initial = max(h.initial, least)
    h.liquidatable = (open or cash < 0) and h.equity < convert(h.maintenance, int256)
    return h


@view
@internal
def evaluate(cash: int256, legs: DynArray[IEngine.Leg, MAX_LEGS], venue: uint256) -> Health:
    """
    @notice `health` of an account given as legs.
    """
    t: Totals = empty(Totals)
    open: bool = False
    for leg: IEngine.Leg in legs:
        t = self.with_leg(t, leg.position, leg.carry, leg.risk, leg.word, leg.held, leg.lendable)
        open = open or leg.position != 0
    return self.health(t, cash, open, venue)


@pure
@internal
def risk_equity_down(h: Health, venue: uint256) -> int256:
    """
    @notice M-5, for new risk: equity without the part of the net unrealised profit that may not carry it.
    """
    withheld: int256 = unsafe_sub(10**4, convert(packing.field16(venue, packing.PROFIT_WEIGHT), int256))
    return unsafe_sub(h.equity, rounding.ceil_div(unsafe_mul(max(h.profit, 0), withheld), 10**4))


@pure
@internal
def free_equity(h: Health) -> int256:
    """
    @notice M-5, for withdrawals: equity without any net unrealised profit.
    """
    return unsafe_sub(h.equity, max(h.profit, 0))


@pure
@internal
def state_of(h: Health, venue: uint256) -> uint256:
    """
    @notice 0 healthy, 1 below initial, 2 margin call, 3 liquidatable, 4 no valid price.
    """
    if not h.priced:
        return NO_PRICE
    if h.liquidatable:
        return LIQUIDATABLE
    warned: uint256 = unsafe_mul(h.maintenance, packing.field16(venue, packing.WARNING))
    if unsafe_mul(h.equity, 10**4) < convert(warned, int256):
        return MARGIN_CALL
    if h.equity < convert(h.initial, int256):
        return BELOW_INITIAL
    return HEALTHY


@pure
@internal
def slack(h: Health) -> int256:
    """
    @notice E - MM, WAD: what a call of somebody else may never lower (I-9).
    """
    return unsafe_sub(h.equity, convert(h.maintenance, int256))


@pure
@internal
def index_of(legs: DynArray[IEngine.Leg, MAX_LEGS], market: uint256) -> uint256:
    """
    @notice Place of an underlying among the legs; their number when it is not there.
    """
    i: uint256 = 0
    for leg: IEngine.Leg in legs:
        if leg.market == market:
            break
        i = unsafe_add(i, 1)
    return i
