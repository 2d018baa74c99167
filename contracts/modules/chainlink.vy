# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title chainlink: reading push aggregators safely, and the one-slot form of their settings
@notice Works on anything with `latestRoundData`, `getRoundData` and `decimals`: an aggregator or the proxy before it.
        No source can make these functions revert, return more than they ask for, or burn more than `GAS_CAP` a call;
        what cannot be read is told by a publish time of 0.
        A call starved of gas below what an honest source needs (<= GAS_CAP) leaves its caller at most 1/63 of that,
        1,588 gas: less than a storage write takes (2,300), so nobody can store starvation as a silent source.
"""

from interfaces import IOracleAdapter

# EACAggregatorProxy over FluxAggregator takes 18,300 with everything cold.
GAS_CAP: constant(uint256) = 100_000
MAX_ROUND: constant(uint256) = 2**80 - 1
U32: constant(uint256) = 2**32 - 1
U64: constant(uint256) = 2**64 - 1
U160: constant(uint256) = 2**160 - 1
WAD: constant(uint256) = 10**18

LATEST_ROUND: constant(Bytes[4]) = method_id("latestRoundData()")

# ---- feed word ---------------------------------------------------------------------------------
#   0 source uint160 | 160 decimals uint8 | 168 max_age uint24 (s) | 192 min_answer float32 | 224 max_answer float32
# float32: 0 mantissa uint27 | 27 decimal exponent uint5. Bounds of up to eight significant digits are exact; others
# are rounded inwards, and what is above MAX_BOUND becomes MAX_BOUND.

MAX_MANTISSA: constant(uint256) = 2**27 - 1
MAX_EXPONENT: constant(uint256) = 31
MAX_BOUND: constant(uint256) = MAX_MANTISSA * 10**MAX_EXPONENT


@pure
@internal
def pack_feed(feed: IOracleAdapter.Feed) -> uint256:
    """
    @notice The feed word; decimals <= 18 and max_age < 2^24 are the caller's to check.
    """
    low: uint256 = self._pack_up(feed.min_answer)
    high: uint256 = self._pack_down(feed.max_answer)
    head: uint256 = convert(feed.source, uint256) | (feed.decimals << 160) | (feed.max_age << 168)
    return head | (low << 192) | (high << 224)


@pure
@internal
def unpack_feed(word: uint256) -> IOracleAdapter.Feed:
    """
    @notice The feed as stored, with the bounds in force.
    """
    return IOracleAdapter.Feed(
        source=self.source_of(word),
        decimals=(word >> 160) & 255,
        max_age=self.max_age_of(word),
        min_answer=self._unpack((word >> 192) & U32),
        max_answer=self._unpack(word >> 224),
    )


@pure
@internal
def source_of(word: uint256) -> address:
    return convert(word & U160, address)


@pure
@internal
def max_age_of(word: uint256) -> uint256:
    """
    @notice Seconds.
    """
    return (word >> 168) & (2**24 - 1)


@pure
@internal
def price_down(word: uint256, answer: uint256, divisor: uint256) -> uint256:
    """
    @notice O-1: floor(answer / 10^decimals / divisor) in WAD, or 0 if the answer is not strictly within its bounds.
    @param divisor WAD, not 0: the quote's price in the same unit as the answer, or 1.0.
    """
    if answer <= self._unpack((word >> 192) & U32) or answer >= self._unpack(word >> 224):
        return 0
    # answer < MAX_BOUND < 2^131, so the product is below 2^131 * 10^18 * 10^18 < 2^251
    scale: uint256 = pow_mod256(10, unsafe_sub(18, (word >> 160) & 255))
    return unsafe_div(unsafe_mul(unsafe_mul(answer, scale), WAD), divisor)


@pure
@internal
def _unpack(float: uint256) -> uint256:
    # < 2^27 * 10^31 < 2^131
    return unsafe_mul(float & MAX_MANTISSA, pow_mod256(10, float >> 27))


@pure
@internal
def _pack_down(number: uint256) -> uint256:
    return self._pack(number, 0)


@pure
@internal
def _pack_up(number: uint256) -> uint256:
    return self._pack(number, 9)


@pure
@internal
def _pack(number: uint256, addend: uint256) -> uint256:
    mantissa: uint256 = min(number, MAX_BOUND)
    exponent: uint256 = 0
    for _i: uint256 in range(MAX_EXPONENT):
        if mantissa <= MAX_MANTISSA:
            break
        # nested rounding in one direction equals rounding once
        mantissa = unsafe_div(mantissa + addend, 10)
        exponent += 1
    return mantissa | (exponent << 27)


# ---- reading -----------------------------------------------------------------------------------


@view
@internal
def read_round(source: address, call: Bytes[36]) -> (uint256, uint256, uint256):
    """
    @notice The round that `call` asks for: id, answer (0 for a negative one) and publish time.
    @param call LATEST_ROUND, or the calldata of getRoundData.
    @return All 0 if the source cannot be read, answers garbage or the round is not complete: without a publish time,
            with one in the future, or with an answer carried over from an earlier round.
    """
    ok: bool = False
    data: Bytes[160] = b""
    ok, data = raw_call(
        source, call, max_outsize=160, gas=GAS_CAP, is_static_call=True, revert_on_failure=False
    )
    if not ok or len(data) != 160:
        return 0, 0, 0
    id: uint256 = 0
    answer: int256 = 0
    started: uint256 = 0
    time: uint256 = 0
    answered_in: uint256 = 0
    id, answer, started, time, answered_in = abi_decode(data, (uint256, int256, uint256, uint256, uint256))
    if id > MAX_ROUND or answered_in < id or time == 0 or time > block.timestamp:
        return 0, 0, 0
    return id, convert(max(answer, 0), uint256), time


@view
@internal
def round_at(source: address, round_id: uint256) -> (uint256, uint256, uint256):
    """
    @notice The same for one round. Also all 0 if the source answers with another id, as for an id above uint80.
    """
    id: uint256 = 0
    answer: uint256 = 0
    time: uint256 = 0
    id, answer, time = self.read_round(
        source, abi_encode(round_id, method_id=method_id("getRoundData(uint80)"))
    )
    if id != round_id:
        return 0, 0, 0
    return id, answer, time


@view
@internal
def time_before(source: address, round_id: uint256) -> uint256:
    """
    @notice Publish time of the round before `round_id`, 0 if it is not known or not complete.
            The round before the first of a phase is the last of the phase before, as its aggregator tells it now.
    """
    previous: uint256 = 0
    if round_id & U64 > 1:
        previous = round_id - 1
    elif round_id >> 64 > 1:
        previous = self._last_of_phase(source, (round_id >> 64) - 1)
    if previous == 0:
        return 0
    id: uint256 = 0
    answer: uint256 = 0
    time: uint256 = 0
    id, answer, time = self.round_at(source, previous)
    return time


@view
@internal
def decimals(source: address) -> uint256:
    """
    @notice What the source says, 2^256 - 1 if it cannot be read.
    """
    return self._word(source, method_id("decimals()"), max_value(uint256))


@view
@internal
def _last_of_phase(proxy: address, phase: uint256) -> uint256:
    call: Bytes[36] = abi_encode(phase, method_id=method_id("phaseAggregators(uint16)"))
    aggregator: address = convert(self._word(proxy, call, 0) & U160, address)
    last: uint256 = self._word(aggregator, method_id("latestRound()"), 0)
    if last == 0 or last > U64:
        return 0
    return (phase << 64) | last


@view
@internal
def _word(target: address, call: Bytes[36], missing: uint256) -> uint256:
    ok: bool = False
    data: Bytes[32] = b""
    ok, data = raw_call(
        target, call, max_outsize=32, gas=GAS_CAP, is_static_call=True, revert_on_failure=False
    )
    if not ok or len(data) != 32:
        return missing
    return convert(data, uint256)
