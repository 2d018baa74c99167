"""reprice: a market's part of the sums under new parameters, at its last price."""

from __future__ import annotations

from typing import Any

import boa

from tests.support.state_words import float_of, float_value, unpack_sums
from tests.unit.engine.support import RISK, WAD, a_leg, a_pool, an_order, carry, put_in, unpacked, weighed

FLOAT = 2**17 | 45 << 18  # 2^70


def of(base_risk: int, **more: int) -> tuple[int, ...]:
    """Ten long; without a price in its word."""
    found = a_leg(longs=10, risk=base_risk, carry=carry(time=boa.env.timestamp, price=FLOAT, **more))
    return (*found[:4], 0, *found[5:])


def test_out_and_in_is_nothing(engine: Any) -> None:
    leg = of(RISK)
    first, second = engine.reprice((*leg[:7], 0, leg[8]), leg, 0, 0)[1:]
    assert (first, second) != (0, 0)
    assert engine.reprice(leg, leg, first, second)[1:] == (first, second)
    assert engine.reprice(leg, (*leg[:7], 0, leg[8]), first, second)[1:] == (0, 0)


def test_twice_the_risk_is_twice_the_use(engine: Any) -> None:
    old, new = of(RISK), of(600 | 800 << 12 | 1_000 << 24)
    first, second = engine.reprice((*old[:7], 0, old[8]), old, 0, 0)[1:]
    used = weighed(a_pool(10**6, first, second))[1]
    _, first, second = engine.reprice(old, new, first, second)
    assert used > 0
    assert abs(weighed(a_pool(10**6, first, second))[1] - 2 * used) <= 2 * WAD // 10**10


def test_accrues_under_the_old(engine: Any) -> None:
    old = of(RISK, borrow=1_000)
    boa.env.time_travel(seconds=86_400)
    word = engine.reprice(old, old, *engine.reprice((*old[:7], 0, old[8]), old, 0, 0)[1:])[0]
    # a thousandth of 2^70, in 1e-11: 118,059,162,072 rounded up
    assert word & 2**64 - 1 == -(-(2**70) // 10**10)
    assert unpacked(word)[0] & 2**64 - 1 == word & 2**64 - 1


def test_the_rate_stays_in_the_new_clamp(engine: Any) -> None:
    old = of(RISK | 500 << 36, rate=40_000_000)
    new = of(RISK | 100 << 36, rate=40_000_000)
    word = engine.reprice(old, new, *engine.reprice((*old[:7], 0, old[8]), old, 0, 0)[1:])[0]
    assert word >> 160 & 2**30 - 1 == 10_000_000


# ---- a settlement (W-3): a price in the word of `after` -----------------------------------------


def settle(engine: Any, market: tuple[int, ...], at: int, sums: tuple[int, int]) -> tuple[int, int, int]:
    """As `configure` asks for it: only the listed bit is left of the terms."""
    after = (*market[:4], at, *market[5:8], 1 << 168)
    return tuple(engine.reprice(market, after, *sums))


def test_settles_at_the_price_in_the_word(engine: Any) -> None:
    """Carry is accrued to the second and stops; 18 leading bits of the price stay, nothing else."""
    old = of(RISK, borrow=1_000, rate=-5_000, skew=77, oi=9)
    sums = put_in(engine, old)
    boa.env.time_travel(seconds=86_400)
    word, _, _ = settle(engine, old, 1_234 * WAD + 567, sums)
    accrued = engine.reprice(old, old, *sums)[0]
    assert accrued & 2**128 - 1 != old[2] & 2**128 - 1
    assert word & 2**128 - 1 == accrued & 2**128 - 1
    assert word >> 128 == float_of(1_234 * WAD + 567) << 104
    assert float_value(word >> 232) <= 1_234 * WAD + 567 < float_value(word >> 232) * (1 + 2**-17)


def test_a_settled_market_owes_no_premium_and_keeps_its_worth(engine: Any) -> None:
    old = of(RISK)
    word, first, second = settle(engine, old, 1_100 * WAD, put_in(engine, old))
    a, b, h, g, v, z = unpack_sums(first, second)
    at = float_value(word >> 232)
    # ten long, paid 10,000 for: the pool owes 10 * (P - I) less that
    assert v == (-10 * at + 10_000 * WAD) // 10**12
    assert z == 0
    # until its positions are closed out the sums go on to hold their weight
    assert (a, h, g) == (-10 * at * 300 // 10**16, -(-10 * at * 500 // 10**16), -(-10 * at * 500 // 10**16))
    assert b == (-(-10 * at * 400 // 10**16)) ** 2


def test_carry_of_a_settled_market_stands_still(engine: Any) -> None:
    word, first, second = settle(
        engine, of(RISK, borrow=9_000), 1_000 * WAD, put_in(engine, of(RISK, borrow=9_000))
    )
    later = (*of(RISK)[:2], word, RISK, float_value(word >> 232), 0, 0, of(RISK)[7], 1 << 168)
    boa.env.time_travel(seconds=10**7)
    assert engine.trade(later, an_order(), a_pool(10**6, first, second)).moved.carry == word
