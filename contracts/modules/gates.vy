# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title gates: the conditions under which a changed account may stay as it is (M-4, M-5)
"""

from contracts.modules import checks
from contracts.modules import margin
from contracts.modules import packing


@pure
@internal
def reduced(before: int256, after: int256) -> bool:
    # towards zero and not beyond it
    return abs(after) < abs(before) and (after == 0 or (after > 0) == (before > 0))


@view
@internal
def check_band(price: uint256, mark: uint256, venue: uint256):
    # 0 asks for the mark itself
    apart: uint256 = unsafe_sub(max(price, mark), min(price, mark))
    band: uint256 = mark * packing.field16(venue, packing.EXEC_BAND)
    checks.that(price == 0 or apart * 10**4 <= band, "manager: price off the mark")


@pure
@internal
def lot_value(word: uint256) -> int256:
    # rounding a reduction to lots may leave one lot of exposure too much
    return convert(unsafe_div(packing.price_of(word), 10**8), int256)


@pure
@internal
def check_initial(equity: int256, h: margin.Health):
    checks.that(equity >= convert(h.initial, int256), "manager: below initial margin")


@view
@internal
def check_reduced(before: margin.Health, after: margin.Health, conceded: int256, venue: uint256):
    # a difference, not a ratio: the shortfall must not grow by more than what was paid
    if margin.risk_equity_down(after, venue) < convert(after.initial, int256):
        checks.that(margin.slack(after) + conceded >= margin.slack(before), "manager: reduction hurts")
