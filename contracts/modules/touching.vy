# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title touching: what one order does to a market and to the position it belongs to
@notice A touch accrues the carry, moves position and book, renews skew fraction, OI scale and price in the carry word, and
        replaces the market's part of the pool's sums. The borrow rate comes last, once the call's utilisation is known.
"""

from interfaces import IEngine
from contracts.modules import carry
from contracts.modules import checks
from contracts.modules import floats
from contracts.modules import packing
from contracts.modules import pool_risk
from contracts.modules import pricing
from contracts.modules import rounding
from contracts.modules import sizing


@pure
@internal
def _oi_scale_up(side: int256, terms: uint256) -> uint256:
    """
    @notice Hundredths above 1: 0 up to the low level of open interest (lots), the cap from the high level on.
    """
    # lots and scale < 2^72, levels < 2^16, cap < 2^8: products under 2^96
    scale: uint256 = terms & packing.U64
    low: uint256 = unsafe_mul(scale, (terms >> 128) & packing.U16)
    open: uint256 = unsafe_mul(10**4, convert(convert(side, bytes32), uint256))
    if open <= low:
        return 0
    high: uint256 = unsafe_mul(scale, (terms >> 144) & packing.U16)
    above: uint256 = unsafe_sub(min(open, high), low)
    return rounding.ceil_div_unsigned(unsafe_mul((terms >> 160) & packing.U8, above), unsafe_sub(high, low))


@pure
@internal
def _renewed(accrued: uint256, book: uint256, terms: uint256, price: uint256) -> uint256:
    longs: int256 = convert(convert(book & packing.U72, bytes32), int256)
    shorts: int256 = convert(convert((book >> 72) & packing.U72, bytes32), int256)
    scale: int256 = convert(convert(terms & packing.U64, bytes32), int256)
    skew: int256 = carry.skew_fraction(unsafe_sub(longs, shorts), scale)
    return packing.replace_touched(accrued, skew, self._oi_scale_up(max(longs, shorts), terms), price)


@pure
@internal
def touch(
    leg: IEngine.Leg, accrued: uint256, position: uint256, sums: packing.Sums
) -> (uint256, uint256, packing.Sums):
    """
    @notice Let the book follow the position; renew the carry word and the market's part of the sums.
    @param accrued The carry word brought to this block.
    @param position What becomes of the leg's position.
    @return The market's carry word, without its borrow rate, and its book; the sums.
    """
    book: uint256 = pricing.moved_book(leg.book, leg.position, position)
    word: uint256 = self._renewed(accrued, book, leg.terms, leg.word & packing.U96)
    return word, book, pool_risk.replaced(
        sums,
        leg.book,
        leg.carry,
        floats.value(leg.carry >> 232),
        book,
        word,
        floats.value(word >> 232),
        leg.risk,
        leg.terms,
    )


@view
@internal
def closed(leg: IEngine.Leg, size: int256, sums: packing.Sums) -> (IEngine.Touched, int256, packing.Sums):
    """
    @notice P-1 at the mark, without impact or fee: a liquidation charges its own (Q-2). With the cash realised.
    """
    t: IEngine.Touched = empty(IEngine.Touched)
    s: packing.Sums = empty(packing.Sums)
    realised: int256 = 0
    accrued: uint256 = carry.accrue(leg.carry, leg.risk)
    t.market = leg.market
    t.position, realised = pricing.apply(leg.position, size, leg.word & packing.U96, accrued)
    t.carry, t.book, s = self.touch(leg, accrued, t.position, sums)
    return t, realised, s


@view
@internal
def apply(leg: IEngine.Leg, order: IEngine.Order, sums: packing.Sums) -> (IEngine.Moved, packing.Sums):
    """
    @notice P-1, P-3 and the touch for a trade at P-3, or for a change of the position's quote.
    """
    m: IEngine.Moved = empty(IEngine.Moved)
    m.market = leg.market
    accrued: uint256 = carry.accrue(leg.carry, leg.risk)
    m.size = self._checked_size(order, packing.position_base(leg.position))
    if m.size == 0:
        m.position, m.realised = self._settled(leg, accrued, order.settle)
    else:
        if order.at_mark:
            m.price = packing.price_of(leg.word)
        else:
            m.price, m.fee = self._checked_quote(leg, order, m.size)
        m.position, m.realised = pricing.apply(leg.position, m.size, m.price, accrued)
    s: packing.Sums = empty(packing.Sums)
    m.carry, m.book, s = self.touch(leg, accrued, m.position, sums)
    return m, s


@pure
@internal
def _settled(leg: IEngine.Leg, accrued: uint256, cash: int256) -> (uint256, int256):
    # an unrealised loss becomes cash paid, at most `cash`: the position's value rises by what the cash falls
    base: int256 = packing.position_base(leg.position)
    quote: int256 = packing.position_quote(leg.position)
    value: int256 = pricing.value_down(
        base, quote, packing.price_of(leg.word), pricing.index_of(accrued, base)
    )
    amount: int256 = max(min(-value, cash), 0)
    return packing.pack_position(base, unsafe_add(quote, amount)), -amount


@view
@internal
def repriced(before: IEngine.Leg, after: IEngine.Leg, sums: packing.Sums) -> (uint256, packing.Sums):
    """
    @notice A market under new terms or risk: accrued under the old ones, its rate inside the new clamp, its price unchanged. With a
            price in the word of `after` it is settled: carry stops there, and that is its price (W-3).
    """
    word: uint256 = carry.accrue(before.carry, before.risk)
    if before.terms == 0:
        # not listed yet: carry starts
        word = block.timestamp << 128
    if after.word != 0:
        word = carry.stopped(word, packing.price_of(after.word))
    else:
        word = carry.clamped(word, after.risk)
    s: packing.Sums = pool_risk.replaced(
        sums, before.book, before.carry, floats.value(before.carry >> 232), 0, 0, 0, before.risk, before.terms
    )
    price: uint256 = floats.value(word >> 232)
    return word, pool_risk.replaced(s, 0, 0, 0, after.book, word, price, after.risk, after.terms)


@pure
@internal
def _checked_size(order: IEngine.Order, base: int256) -> int256:
    if order.fraction != 0:
        return sizing.closing_size(base, order.fraction)
    checks.that(order.size % 10**10 == 0, "engine: size not in lots")
    if not order.reduce_only:
        return order.size
    checks.that(base != 0 and (base > 0) != (order.size > 0), "engine: nothing to reduce")
    return order.size if abs(order.size) < abs(base) else -base


@pure
@internal
def _checked_quote(leg: IEngine.Leg, order: IEngine.Order, size: int256) -> (uint256, uint256):
    """
    @notice Fill price (P-3) and fee of an order, inside its bound.
    """
    reference: uint256 = order.price if order.price != 0 else packing.price_of(leg.word)
    skew: int256 = unsafe_sub(packing.book_long(leg.book), packing.book_short(leg.book))
    lots: int256 = unsafe_div(size, 10**10)
    spread: uint256 = packing.field16(leg.terms, 96) if order.spread else 0
    price: uint256 = pricing.fill_price(reference, skew, lots, packing.terms_scale(leg.terms), spread)
    checks.that(price != 0, "engine: beyond the depth")
    within: bool = (price <= order.worst) == (size > 0) or price == order.worst
    checks.that(within or order.fraction != 0, "engine: worse than the bound")
    return price, convert(pricing.fee_up(reference, skew, lots, leg.terms), uint256)


@pure
@internal
def check_caps(leg: IEngine.Leg, m: IEngine.Moved, limits: uint256, equity: int256, used: uint256):
    """
    @notice Caps on a position that grew or turned: utilisation, open interest of its side, share of R, smallest notional.
    @dev lots < 2^72 and prices < 2^84: no product here leaves 2^200.
    """
    price: uint256 = packing.price_of(leg.word)
    side: int256 = packing.book_long(m.book) if m.size > 0 else packing.book_short(m.book)
    notional: uint256 = rounding.ceil_div_unsigned(unsafe_mul(convert(side, uint256), price), 10**8)
    share: int256 = unsafe_mul(equity, convert(packing.field16(limits, 168), int256))
    size: uint256 = unsafe_mul(convert(abs(packing.position_base(m.position)), uint256), price)
    checks.that(used <= 10**18, "engine: utilisation")
    checks.that(side <= packing.limits_base(limits), "engine: open interest cap")
    checks.that(notional <= packing.limits_quote(limits), "engine: notional cap")
    checks.that(convert(unsafe_mul(notional, 10**4), int256) <= share, "engine: share of the pool")
    checks.that(
        size >= unsafe_mul(packing.limits_min_notional(limits), 10**18), "engine: position too small"
    )


@pure
@internal
def grew(before: uint256, m: IEngine.Moved) -> bool:
    """
    @notice Whether a trade opened, added to or turned a position.
    """
    old: int256 = packing.position_base(before)
    new: int256 = packing.position_base(m.position)
    return m.size != 0 and new != 0 and ((new > 0) != (old > 0) or abs(new) > abs(old))


@pure
@internal
def weigh(sums: packing.Sums, cash: int256, venue: uint256, rates: uint256) -> (int256, uint256):
    """
    @notice R and the normalised utilisation of the pool (U-0, U-1), its inventory being in `sums` and `cash`.
    """
    equity: int256 = 0
    net: uint256 = 0
    gross: uint256 = 0
    equity, net, gross = pool_risk.requirements(sums, cash, packing.field16(venue, packing.KAPPA))
    used: uint256 = pool_risk.utilisation_up(
        equity, net, gross, packing.field16(rates, 0), packing.field16(rates, 16)
    )
    return equity, used
