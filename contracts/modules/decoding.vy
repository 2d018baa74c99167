# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title decoding: words made readable, for views
"""

from interfaces import IEngine
from interfaces import ILens
from interfaces import IOrderBook
from interfaces import IPositionManager
from contracts.modules import floats
from contracts.modules import packing
from contracts.modules import pricing
from contracts.modules import reading
from contracts.modules import rounding


@pure
@internal
def position(leg: IEngine.Leg) -> ILens.Position:
    """
    @notice A position at the mark, its leg's carry brought to this block.
    """
    base: int256 = packing.position_base(leg.position)
    quote: int256 = packing.position_quote(leg.position)
    price: uint256 = packing.price_of(leg.word)
    state: uint256 = packing.price_state(leg.word)
    if packing.carry_stopped(leg.carry):
        # W-3: at its settlement price, for good
        price = floats.value(leg.carry >> 232)
        state = 0
    index: int256 = pricing.index_of(leg.carry, base)
    # |quote| < 2^127: the product fits. Rounded against the holder: up for a long, down for a short
    entry: int256 = (
        rounding.ceil_div(-quote * 10**18, base)
        if base > 0
        else rounding.floor_div(quote * 10**18, -base)
    )
    return ILens.Position(
        market=leg.market,
        base=base,
        quote=quote,
        price=price,
        price_state=state,
        index=index,
        entry_price=entry + index,
        value=pricing.value_down(base, quote, price, index),
        notional=convert(abs(base), uint256) * price // 10**18,
        carry_per_day=self._carry_per_day(leg, base),
    )


@pure
@internal
def _carry_per_day(leg: IEngine.Leg, base: int256) -> int256:
    # F-1 at the rates of now: longs pay funding, both sides pay borrow
    funding: int256 = packing.signed(leg.carry >> 160, 30)
    borrow: int256 = convert(unsafe_mul(1000, (leg.carry >> 210) & packing.U14), int256)
    paid: int256 = borrow + funding if base > 0 else borrow - funding
    at: int256 = convert(floats.value(leg.carry >> 232), int256)
    # |base| < 2^127, price < 2^89, rates < 2^31
    return -rounding.ceil_div(unsafe_mul(unsafe_mul(abs(base), at), paid), 10**27)


@pure
@internal
def collateral(
    assets: uint256, amounts: DynArray[uint256, 8], v: reading.Venue
) -> DynArray[ILens.Collateral, 8]:
    """
    @notice The collateral of an account, ascending by asset; amounts as in the Vault's snapshot.
    """
    found: DynArray[ILens.Collateral, 8] = []
    for asset: uint256 in range(8):
        if (assets >> asset) & 1 == 1:
            entry: uint256 = packing.asset_entry(v.entries, asset)
            id: uint256 = packing.asset_underlying(entry)
            amount: uint256 = amounts[len(found)]
            price: uint256 = packing.price_of(v.markets[id].word)
            found.append(
                ILens.Collateral(
                    asset=asset,
                    underlying=id,
                    amount=amount,
                    price=price,
                    price_state=packing.price_state(v.markets[id].word),
                    value=amount * price * packing.lendable(entry) // 10**22,
                )
            )
    return found


@pure
@internal
def market(
    id: uint256, p: reading.Prepared, m: IPositionManager.MarketWords, timing: IOrderBook.Timing
) -> ILens.Market:
    """
    @notice A market decoded: its words as stored, with price and carry of this block. A settled one (W-3) was touched at 0, and its touch
            price is the settlement price.
    """
    word: uint256 = p.word
    accrued: uint256 = p.carry
    mark: uint256 = packing.price_of(word)
    if packing.carry_stopped(accrued):
        mark = floats.value(accrued >> 232)
    longs: int256 = packing.book_long(m.book) * packing.LOT
    shorts: int256 = packing.book_short(m.book) * packing.LOT
    return ILens.Market(
        id=id,
        price=packing.price_of(word),
        price_time=packing.price_time(word),
        valid_until=packing.price_valid_until(word),
        price_state=packing.price_state(word),
        long=convert(longs, uint256),
        short=convert(shorts, uint256),
        skew=longs - shorts,
        quote=packing.book_quote(m.book),
        long_index=pricing.index_of(accrued, 1),
        short_index=pricing.index_of(accrued, -1),
        funding_rate=packing.signed(accrued >> 160, 30),
        borrow_rate=(accrued >> 210) & packing.U14,
        oi_scale=(accrued >> 224) & packing.U8,
        touched=(m.carry >> 128) & packing.U32,
        touch_price=floats.value(accrued >> 232),
        pool_value=pricing.pool_value_down(m.book, accrued, mark),
        terms=self._terms(m),
        timing=timing,
    )


@pure
@internal
def _terms(m: IPositionManager.MarketWords) -> ILens.Terms:
    lot: uint256 = convert(packing.LOT, uint256)
    return ILens.Terms(
        beta=packing.risk_beta(m.risk),
        sigma=packing.risk_sigma(m.risk),
        w=packing.risk_w(m.risk),
        clamp=(m.risk >> 36) & packing.U14,
        velocity=(m.risk >> 50) & packing.U14,
        skew_scale=convert(packing.terms_scale(m.terms), uint256) * lot,
        taker=packing.field16(m.terms, 64),
        maker=packing.field16(m.terms, 80),
        spread=packing.field16(m.terms, 96),
        p_min=packing.field16(m.terms, 112),
        oi_low=packing.field16(m.terms, 128),
        oi_high=packing.field16(m.terms, 144),
        oi_cap=(m.terms >> 160) & packing.U8,
        max_oi=convert(packing.limits_base(m.limits), uint256) * lot,
        max_oi_quote=packing.limits_quote(m.limits),
        share=packing.field16(m.limits, 168),
        min_notional=packing.limits_min_notional(m.limits),
    )
