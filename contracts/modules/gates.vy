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
    if before > 0:
        return after >= 0 and after < before
    return after <= 0 and after > before


@view
@internal
def check_band(price: uint256, mark: uint256, venue: uint256):
    # 0 asks for the mark itself
    if price != 0:
        apart: uint256 = unsafe_sub(max(price, mark), min(price, mark))
        # a price word's price is under 2^96
        band: uint256 = unsafe_mul(mark, packing.field16(venue, packing.EXEC_BAND))
        checks.that(apart * 10**4 <= band, "manager: price off the mark")


@pure
@internal
def lot_value(word: uint256) -> int256:
    # rounding a reduction to lots may leave one lot of exposure too much
    return convert(convert(unsafe_div(packing.price_of(word), 10**8), bytes32), int256)


@pure
@internal
def covered(h: margin.Health, venue: uint256) -> bool:
    """
    @notice M-5 for new risk: E_risk >= IM.
    """
    return margin.risk_equity_down(h, venue) >= convert(h.initial, int256)


@pure
@internal
def check_initial(enough: bool):
    checks.that(enough, "manager: below initial margin")


@pure
@internal
def trade_cost(fee: uint256, keeper_fee: uint256, slack: int256, word: uint256) -> int256:
    """
    @notice M-5: by how much a reduction may lower E - MM: the trading fee, one lot of rounding, and the keeper fee that leaves the
            account, unless it is liquidatable already: it may not pay keepers out of what it owes.
    @param slack E - MM before the trade.
    """
    cost: int256 = convert(fee, int256) + self.lot_value(word)
    if slack < 0:
        return cost
    return cost + convert(keeper_fee, int256)


@pure
@internal
def may_reduce(enough: bool, before: int256, after: int256, conceded: int256) -> bool:
    """
    @notice M-5 after a reduction: initial margin, or a shortfall that grew by no more than what was paid. A difference, not a ratio.
    @param enough `covered`, after it. @param before E - MM before it. @param after E - MM after it.
    """
    return enough or after + conceded >= before


@pure
@internal
def check_reduced(may: bool):
    checks.that(may, "manager: reduction hurts")
