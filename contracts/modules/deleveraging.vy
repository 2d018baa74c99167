# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title deleveraging: how much of a winning position must close for the pool to have its capital again (W-2)
"""

from interfaces import IEngine
from contracts.modules import checks
from contracts.modules import floats
from contracts.modules import packing
from contracts.modules import pool_risk
from contracts.modules import pricing
from contracts.modules import rounding
from contracts.modules import venue_rates

LOT: constant(int256) = 10**10
BPS: constant(int256) = 10**4
MICRO: constant(int256) = 10**12
# the search ends at this part of the position
GRAIN: constant(int256) = 2**10
# trials by regula falsi, which mostly needs two or three; then halvings: eleven narrow any bracket down to its grain
TRIALS: constant(uint256) = 8
HALVINGS: constant(uint256) = 11
# WAD price * lots * bps to µ, and the same of WAD tokens
LOTS_TO_MICRO: constant(int256) = 10**24
TOKENS_TO_MICRO: constant(uint256) = 10**34
# added before a division by TOKENS_TO_MICRO, it rounds up
UP: constant(uint256) = 10**34 - 1


# The pool without the skew of one market. a, b, h: sums of everything else (µ, µ^2, µ); cash: its worth, that market's own but for the
# premium included (WAD); at: the market's P-hat; stock: inventory that nets with the market (WAD^2); beta, sigma, w: bps; depth: twice the
# skew scale, in lots * WAD price a µ; ratio: q of W-2, bps.
struct Frame:
    a: int256
    b: uint256
    h: uint256
    cash: int256
    at: int256
    stock: int256
    beta: int256
    sigma: uint256
    w: uint256
    depth: uint256
    kappa: uint256
    ratio: uint256


@pure
@internal
def frame(leg: IEngine.Leg, accrued: uint256, cash: int256, venue: uint256[4]) -> Frame:
    """
    @notice The pool as a touch of the leg's market at its price would leave it, but for the part of its skew and for its inventory.
    @param accrued The market's carry word brought to this block. @param cash The pool's, WAD. @param venue The venue word, both words
           of the pool's sums, the rates word.
    """
    f: Frame = empty(Frame)
    at: uint256 = floats.value(floats.near(leg.carry >> 250, packing.price_of(leg.word)))
    f.at = convert(at, int256)
    f.beta = convert(packing.risk_beta(leg.risk), int256)
    f.sigma = packing.risk_sigma(leg.risk)
    f.w = packing.risk_w(leg.risk)
    f.depth = unsafe_mul(leg.terms & packing.U64, 2 * 10**20)
    f.kappa = packing.field16(venue[0], packing.KAPPA)
    f.ratio = packing.field16(venue[3], venue_rates.ADL_RATIO)
    s: packing.Sums = packing.unpack_sums(venue[1], venue[2])
    before: uint256 = floats.value(leg.carry >> 232)
    s = pool_risk.replaced(s, leg.book, leg.carry, before, 0, 0, 0, leg.risk, leg.terms)
    # closing at the mark moves worth from the market to cash and leaves R alone, but for the premium
    s.v = unsafe_add(s.v, rounding.floor_div(pricing.pool_value_down(leg.book, accrued, at), MICRO))
    f.a = s.a
    f.b = s.b
    f.h = s.h
    f.cash = unsafe_add(cash, unsafe_mul(unsafe_sub(s.v, convert(s.z, int256)), MICRO))
    return f


@pure
@internal
def with_stock(before: Frame, leg: IEngine.Leg, stock: IEngine.Leg) -> Frame:
    """
    @notice The pool with one underlying of its inventory.
    @param leg The market without its skew. @param stock As in `pool_risk.with_stock`.
    """
    f: Frame = before
    seen: IEngine.Leg = stock
    s: packing.Sums = empty(packing.Sums)
    own: bool = stock.market == leg.market
    if own:
        # what nets with the skew is added when it is known
        seen.book = 0
        f.stock = convert(unsafe_mul(packing.price_of(stock.word), stock.held), int256)
    s, f.cash = pool_risk.with_stock(s, f.cash, seen, True)
    if own:
        s = pool_risk.without_netting(s, leg.risk, f.stock)
    # modulo 2^256: without the skew they may fall
    f.a = unsafe_add(f.a, s.a)
    f.b = unsafe_add(f.b, s.b)
    f.h = unsafe_add(f.h, s.h)
    return f


@pure
@internal
def surplus(f: Frame, skew: int256) -> int256:
    """
    @notice 1e4 R - q net with the market's skew at `skew` lots: below zero the pool is short.
    @dev A, B, H and Z of the market as `pool_risk.replaced` and `with_stock` make them. lots < 2^72, price < 2^90, rates < 2^12,
         stock < 2^214; R < 2^128, net < 2^126, q < 2^16: no product leaves 2^230.
    """
    # what the pool is short; its own exposure is minus that
    short: int256 = unsafe_mul(f.at, skew)
    beta_n: int256 = unsafe_mul(f.beta, short)
    if beta_n > 0:
        # A is floored, but division truncates
        beta_n = unsafe_add(beta_n, LOTS_TO_MICRO - 1)
    a: int256 = unsafe_sub(f.a, unsafe_div(beta_n, LOTS_TO_MICRO))
    exposed: int256 = unsafe_sub(f.stock, unsafe_mul(short, LOT))
    n: uint256 = convert(convert(max(exposed, unsafe_sub(0, exposed)), bytes32), uint256)
    sigma_n: uint256 = unsafe_div(unsafe_add(unsafe_mul(f.sigma, n), UP), TOKENS_TO_MICRO)
    h: uint256 = unsafe_add(f.h, unsafe_div(unsafe_add(unsafe_mul(f.w, n), UP), TOKENS_TO_MICRO))
    net: uint256 = pool_risk.net_up(a, unsafe_add(f.b, unsafe_mul(sigma_n, sigma_n)), h, f.kappa)
    premium: uint256 = convert(convert(unsafe_mul(short, skew), bytes32), uint256)
    z: uint256 = unsafe_div(unsafe_add(premium, unsafe_sub(f.depth, 1)), f.depth)
    equity: int256 = unsafe_sub(f.cash, convert(convert(unsafe_mul(z, 10**12), bytes32), int256))
    return unsafe_sub(unsafe_mul(BPS, equity), convert(convert(unsafe_mul(f.ratio, net), bytes32), int256))


@pure
@internal
def check_qualifies(base: int256, worth: int256, price: uint256, skew: int256, threshold: uint256):
    """
    @notice In profit, on the side against the pool, and by at least `threshold` (WAD) of its notional.
    """
    checks.that(base != 0 and (base > 0) == (skew > 0) and skew != 0, "waterfall: not against the pool")
    notional: uint256 = unsafe_mul(convert(abs(base), uint256), price)
    checks.that(
        worth > 0 and convert(worth, uint256) * 10**36 >= notional * threshold,
        "waterfall: others come first",
    )


@pure
@internal
def lots_up(f: Frame, base: int256, skew: int256) -> int256:
    """
    @notice The lots to close, in the sign of the position: the least that give the pool its capital, to a 1024th of the position; all that
            is against the pool if that is not enough; none if nothing is missing.
    """
    whole: int256 = self.surplus(f, skew)
    if whole >= 0:
        return 0
    side: int256 = 1 if skew > 0 else -1
    most: int256 = min(unsafe_div(abs(base), LOT), abs(skew))
    all: int256 = self.surplus(f, unsafe_sub(skew, unsafe_mul(side, most)))
    if all < 0:
        checks.that(all > whole, "waterfall: does not help")
        return unsafe_mul(side, most)
    return unsafe_mul(side, self._crossing(f, skew, side, most, whole, all))


@pure
@internal
def _crossing(f: Frame, skew: int256, side: int256, most: int256, short: int256, enough: int256) -> int256:
    """
    @notice Where the surplus, `short` (below zero) at none and `enough` (not so) at `most`, changes its sign: a size at which the pool is not
            short, while it is at one that is smaller by no more than the grain. Regula falsi with Illinois' weights.
    @dev What is true of both ends when they are set stays true: however the trials fall, only the number of steps hangs on
         them. The surplus is concave but for rounding, so a chord ends where the pool is not short: an eighth of a grain is
         added, or the rounding of what follows would leave it short by a hair. After such an end the next trial is to come
         out on the other side, and the last one if it can. surplus < 2^143, lots < 2^72.
    """
    low: int256 = 0
    high: int256 = most
    under: int256 = short
    over: int256 = enough
    # the end that was set last: 1 high, -1 low, 0 none yet
    last: int256 = 0
    grain: int256 = max(1, unsafe_div(most, GRAIN))
    for i: uint256 in range(TRIALS + HALVINGS):
        wide: int256 = unsafe_sub(high, low)
        if wide <= grain:
            break
        x: int256 = unsafe_add(low, wide >> 1)
        if i < TRIALS:
            x = unsafe_sub(high, unsafe_div(unsafe_mul(over, wide), unsafe_sub(over, under)))
            if last <= 0:
                x = unsafe_add(x, grain >> 3)
            elif unsafe_sub(high, x) < grain:
                x = unsafe_sub(high, grain)
            else:
                x = unsafe_sub(x, grain >> 1)
            x = min(max(x, unsafe_add(low, 1)), unsafe_sub(high, 1))
        value: int256 = self.surplus(f, unsafe_sub(skew, unsafe_mul(side, x)))
        # Illinois: of an end that stays a second time half the surplus counts, floored: under stays below zero
        if value < 0:
            if last < 0:
                over = over >> 1
            low = x
            under = value
            last = -1
        else:
            if last > 0:
                under = under >> 1
            high = x
            over = value
            last = 1
    return high
