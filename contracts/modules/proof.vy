# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title proof: the one price a pending order can execute at
"""

from contracts.modules import pending
from contracts.modules import reverts

FIRST_PRICE: constant(Bytes[4]) = method_id("first_price_since(uint256,uint256,uint256)")


@view
@internal
def price_for(oracle: address, market: uint256, word: uint256, update: Bytes[32]) -> (uint256, String[64]):
    """
    @notice The first price published at or after the order was due (WAD), or 0 and why there is none now. Never reverts
            for the sake of an order.
    @param word The pending word. @param update The round's id in 32 bytes, or nothing for the latest.
    """
    if block.timestamp < pending.due_at(word):
        return 0, "orders: before its time"
    if block.timestamp > pending.expires_at(word):
        return 0, "orders: expired"
    if len(update) != 0 and len(update) != 32:
        return 0, "orders: bad price update"
    round_id: uint256 = 0
    if len(update) == 32:
        round_id = convert(extract32(update, 0), uint256)
    return self._proved(oracle, market, word, round_id)


@view
@internal
def _proved(oracle: address, market: uint256, word: uint256, round_id: uint256) -> (uint256, String[64]):
    call: Bytes[100] = abi_encode(market, pending.due_at(word), round_id, method_id=FIRST_PRICE)
    ok: bool = False
    data: Bytes[reverts.MAX_SIZE] = b""
    ok, data = raw_call(
        oracle, call, max_outsize=reverts.MAX_SIZE, is_static_call=True, revert_on_failure=False
    )
    if not ok:
        return 0, reverts.spoken(reverts.reason_of(data))
    published: uint256 = convert(extract32(data, 32), uint256)
    if block.timestamp > published + pending.max_age_of(word):
        return 0, "orders: round too old"
    return convert(extract32(data, 0), uint256), ""
