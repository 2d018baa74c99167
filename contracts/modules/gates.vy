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


@pure
@internal
def trade_cost(fee: uint256, keeper_fee: uint256, before: margin.Health, word: uint256) -> int256:
    """
    @notice M-5: by how much a reduction may lower E - MM: the trading fee, one lot of rounding, and the keeper fee that leaves the
            account, unless it is liquidatable already: it may not pay keepers out of what it owes.
    """
    cost: int256 = convert(fee, int256) + self.lot_value(word)
    if margin.slack(before) < 0:
        return cost
    return cost + convert(keeper_fee, int256)


@pure
@internal
def may_reduce(before: margin.Health, after: margin.Health, conceded: int256, venue: uint256) -> bool:
    """
    @notice M-5 after a reduction: initial margin, or a shortfall that grew by no more than what was paid. A difference, not a ratio.
    """
    if margin.risk_equity_down(after, venue) >= convert(after.initial, int256):
        return True
    return margin.slack(after) + conceded >= margin.slack(before)


@pure
@internal
def check_reduced(before: margin.Health, after: margin.Health, conceded: int256, venue: uint256):
    checks.that(self.may_reduce(before, after, conceded, venue), "manager: reduction hurts")
