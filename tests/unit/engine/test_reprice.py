"""reprice: a market's part of the sums under new parameters, at its last price."""

from __future__ import annotations

from typing import Any

import boa

from tests.unit.engine.support import RISK, WAD, a_leg, a_pool, carry, unpacked

FLOAT = 2**17 | 45 << 18  # 2^70


def of(base_risk: int, **more: int) -> tuple[int, ...]:
    return a_leg(longs=10, risk=base_risk, carry=carry(time=boa.env.timestamp, price=FLOAT, **more))


def test_out_and_in_is_nothing(engine: Any) -> None:
    leg = of(RISK)
    first, second = engine.reprice((*leg[:7], 0, leg[8]), leg, 0, 0)[1:]
    assert (first, second) != (0, 0)
    assert engine.reprice(leg, leg, first, second)[1:] == (first, second)
    assert engine.reprice(leg, (*leg[:7], 0, leg[8]), first, second)[1:] == (0, 0)


def test_twice_the_risk_is_twice_the_use(engine: Any) -> None:
    old, new = of(RISK), of(600 | 800 << 12 | 1_000 << 24)
    first, second = engine.reprice((*old[:7], 0, old[8]), old, 0, 0)[1:]
    used = engine.weigh(a_pool(10**6, first, second))[1]
    _, first, second = engine.reprice(old, new, first, second)
    assert abs(engine.weigh(a_pool(10**6, first, second))[1] - 2 * used) <= 2 * WAD // 10**10


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
