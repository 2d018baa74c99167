"""Waterfall.deleverage (W-2): who, when, and how much; the size by the specification's own search, in plain integers."""

from __future__ import annotations

import random
from typing import Any

import boa
import pytest

from tests.modules.words import price
from tests.support.state_words import float_of, float_value
from tests.unit.waterfall.support import (
    LOT,
    UNITS,
    WAD,
    Market,
    Pool,
    Stage,
    Stock,
    replace,
)

WINNER, OTHER = (7 << 96, 8 << 96)
M = 4  # the market of these tests


def short_pool(**more: Any) -> Pool:
    """Long 1,000 units in one market at 1,000; R is 100,000 less 5,000 of premium, net 5 % of a million, q 3."""
    market = Market(M, longs=1_000 * UNITS, quote=-1_000_000 * WAD, **more)
    return Pool(100_000 * WAD, {M: market})


def give(stage: Stage, base: int, quote: int, account: int = WINNER, market: int = M) -> None:
    """A position in units and quote, beside one in a lower market."""
    stage.books.set_position(account, 0, WAD, -WAD)
    stage.books.set_position(account, market, base * WAD, quote * WAD)


def ready(stage: Stage, pool: Pool, seconds: int = 900) -> None:
    """The pool written, and a clock that has run so long: the alarm is fresh."""
    stage.write(pool)
    stage.alarm(WAD, WAD)
    for _ in range(seconds // 300):
        boa.env.time_travel(seconds=300)
        stage.alarm(WAD, WAD)
    stage.write(pool)  # the markets touched now


def asked(stage: Stage) -> tuple[int, int, int, int]:
    """What the PositionManager was told: account, market, size, and how often."""
    return stage.books.account(), stage.books.market(), stage.books.size(), stage.books.calls()


# ---- when ---------------------------------------------------------------------------------------


def test_reverts_without_an_alarm(stage: Stage) -> None:
    stage.write(short_pool())
    give(stage, 100, -50_000)
    with boa.reverts("waterfall: no fresh alarm"):
        stage.waterfall.deleverage(WINNER, M)


def test_reverts_when_the_alarm_is_stale(stage: Stage) -> None:
    ready(stage, short_pool())
    give(stage, 100, -50_000)
    boa.env.time_travel(seconds=301)
    with boa.reverts("waterfall: no fresh alarm"):
        stage.waterfall.deleverage(WINNER, M)


def test_reverts_once_the_clock_has_stopped(stage: Stage) -> None:
    ready(stage, short_pool())
    give(stage, 100, -50_000)
    stage.alarm(3 * WAD, WAD)
    with boa.reverts("waterfall: no fresh alarm"):
        stage.waterfall.deleverage(WINNER, M)


def test_a_five_minute_old_alarm_will_do(stage: Stage) -> None:
    ready(stage, short_pool(), 600)
    give(stage, 100, -10_000)
    boa.env.time_travel(seconds=300)
    assert stage.waterfall.deleverage(WINNER, M) == -100 * WAD


# ---- who ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("market", [32, 255, 2**255])
def test_reverts_for_what_is_no_market(stage: Stage, market: int) -> None:
    ready(stage, short_pool())
    with boa.reverts("waterfall: no such market"):
        stage.waterfall.deleverage(WINNER, market)


def test_reverts_without_a_position_there(stage: Stage) -> None:
    ready(stage, short_pool())
    give(stage, 100, -50_000, market=M + 1)
    for account in (WINNER, OTHER, stage.pool_account):
        with boa.reverts("waterfall: not against the pool"):
            stage.waterfall.deleverage(account, M)


@pytest.mark.parametrize(
    ("longs", "shorts", "base"), [(1_000, 0, -5), (5, 1_000, 5), (10, 10, 5), (10, 10, -5)]
)
def test_reverts_for_the_side_that_carries_the_pool(stage: Stage, longs: int, shorts: int, base: int) -> None:
    market = Market(M, longs * UNITS, shorts * UNITS, -(longs - shorts) * 1_000 * WAD)
    ready(stage, Pool(1_000 * WAD, {M: market}))
    # in profit by half
    give(stage, base, -base * 500 if base > 0 else -base * 1_500)
    with boa.reverts("waterfall: not against the pool"):
        stage.waterfall.deleverage(WINNER, M)


@pytest.mark.parametrize("quote", [-100_000, -100_001, -120_000])
def test_reverts_for_a_loser_whatever_the_time(stage: Stage, quote: int) -> None:
    ready(stage, short_pool(), 3_000)
    give(stage, 100, quote)
    with boa.reverts("waterfall: others come first"):
        stage.waterfall.deleverage(WINNER, M)


@pytest.mark.parametrize(("seconds", "least"), [(0, 50_000), (300, 33_334), (600, 16_667), (900, 1)])
def test_the_greatest_profits_come_first(stage: Stage, seconds: int, least: int) -> None:
    """100 at 1,000 must be worth 50 % of that at first; a third, a sixth, and then anything at all."""
    ready(stage, short_pool(), seconds)
    give(stage, 100, -100_000 + least - 1)
    with boa.reverts("waterfall: others come first"):
        stage.waterfall.deleverage(WINNER, M)
    give(stage, 100, -100_000 + least)
    assert stage.waterfall.deleverage(WINNER, M) == -100 * WAD


def test_half_is_half_to_the_wei(stage: Stage) -> None:
    ready(stage, short_pool(), 0)
    for quote, fine in ((-50_000 * WAD - 1, False), (-50_000 * WAD, True)):
        stage.books.set_position(WINNER, M, 100 * WAD, quote)
        if not fine:
            with boa.reverts("waterfall: others come first"):
                stage.waterfall.deleverage(WINNER, M)
    assert stage.waterfall.deleverage(WINNER, M) == -100 * WAD


def test_the_profit_is_that_after_the_carry_of_now(stage: Stage) -> None:
    """An index of 20 a unit takes 2,000 of the 2,500."""
    ready(stage, short_pool(long_index=20 * 10**11), 300)
    give(stage, 100, -66_000)
    with boa.reverts("waterfall: others come first"):
        stage.waterfall.deleverage(WINNER, M)
    give(stage, 100, -64_000)
    stage.waterfall.deleverage(WINNER, M)


def test_carry_runs_between_touch_and_call(stage: Stage) -> None:
    """A hundredth a day, of 1,000, for 300 s: 0.0347 a unit."""
    pool = short_pool(borrow=10_000)
    ready(stage, pool)
    boa.env.time_travel(seconds=300)
    for quote, fine in ((-99_997, False), (-99_996, True)):
        give(stage, 100, quote)
        if not fine:
            with boa.reverts("waterfall: others come first"):
                stage.waterfall.deleverage(WINNER, M)
    assert stage.waterfall.deleverage(WINNER, M) == -100 * WAD


# ---- how much -----------------------------------------------------------------------------------


def test_nothing_when_the_pool_is_not_short(stage: Stage) -> None:
    """R is 195,000 against 3 * 50,000. The alarm had another measure, and only an alarm stops the clock."""
    ready(stage, replace(short_pool(), cash=200_000 * WAD))
    give(stage, 100, -50_000)
    clock = tuple(stage.waterfall.clock())
    assert stage.waterfall.deleverage(WINNER, M) == 0
    assert stage.logs() == []
    assert tuple(stage.waterfall.clock()) == clock
    assert stage.books.calls() == 0


def test_all_of_it_where_that_is_not_enough(stage: Stage) -> None:
    """R 95,000 < 150,000; with 900 left 100,000 - 4,050 < 135,000 still: closed whole, and the clock goes on."""
    ready(stage, short_pool())
    give(stage, 100, -50_000)
    clock = tuple(stage.waterfall.clock())
    assert stage.waterfall.deleverage(WINNER, M) == -100 * WAD
    assert asked(stage) == (WINNER, M, -100 * WAD, 1)
    assert stage.logs() == [
        ("Deleveraged", {"account": WINNER, "market": M, "size": -100 * WAD, "threshold": 0})
    ]
    assert tuple(stage.waterfall.clock()) == clock


def test_as_much_as_it_takes(stage: Stage) -> None:
    """At p, the price of 1,000 in 18 bits: 100,000 + 1,000 (1,000 - p) - p s^2 / 200,000 = 0.15 p s, near s = 652.5: the skew ends at
    that, to a 1,024th of the position."""
    ready(stage, short_pool())
    give(stage, 500, -250_000)
    clock = tuple(stage.waterfall.clock())
    size = stage.waterfall.deleverage(WINNER, M)
    p = float_value(float_of(1_000 * WAD)) / WAD
    left = ((0.15 * p) ** 2 + p / 50_000 * (100_000 + 1_000 * (1_000 - p))) ** 0.5 - 0.15 * p
    exact = 1_000 - left / (p / 100_000)
    assert exact == pytest.approx(347.5, abs=0.05)
    assert exact - 1e-5 <= -size / WAD <= exact + 500 / 1_024
    assert asked(stage) == (WINNER, M, size, 1)
    assert -size == short_pool().answer(M, 500 * WAD) * LOT
    assert tuple(stage.waterfall.clock()) == clock


def test_a_shorts_size_is_positive(stage: Stage) -> None:
    market = Market(M, shorts=1_000 * UNITS, quote=1_000_000 * WAD)
    ready(stage, Pool(100_000 * WAD, {M: market}))
    give(stage, -500, 750_000)
    size = stage.waterfall.deleverage(WINNER, M)
    assert 347 * WAD < size < 348 * WAD


def test_never_more_than_the_skew(stage: Stage) -> None:
    """900 of 1,000 longs against 800 shorts: closing 200 leaves the pool flat, more would turn it."""
    market = Market(M, 1_000 * UNITS, 800 * UNITS, -200_000 * WAD)
    ready(stage, Pool(-1_000 * WAD, {M: market}))
    give(stage, 900, -450_000)
    assert stage.waterfall.deleverage(WINNER, M) == -200 * WAD


def test_a_single_lot(stage: Stage) -> None:
    ready(stage, short_pool())
    stage.books.set_position(WINNER, M, LOT, -LOT * 400)
    assert stage.waterfall.deleverage(WINNER, M) == -LOT


def test_reverts_where_it_does_not_help(stage: Stage) -> None:
    """The winner's market hedges another with as much beta and more of it: closing raises the net requirement."""
    hedge = Market(M, longs=100 * UNITS, quote=-100_000 * WAD, sigma=0, w=300)
    big = Market(M + 1, shorts=1_000 * UNITS, quote=1_000_000 * WAD, sigma=0, w=300)
    pool = Pool(1_000 * WAD, {M: hedge, M + 1: big}, kappa=6_000)
    assert pool.answer(M, 100 * WAD) is None
    ready(stage, pool)
    give(stage, 100, -50_000)
    with boa.reverts("waterfall: does not help"):
        stage.waterfall.deleverage(WINNER, M)


def test_reverts_with_the_managers_reason(stage: Stage) -> None:
    """A hedge of its owner stays with him; nothing is left behind of the attempt."""
    ready(stage, short_pool())
    give(stage, 500, -250_000)
    stage.books.refuse(True)
    clock = tuple(stage.waterfall.clock())
    with boa.reverts("manager: below initial margin"):
        stage.waterfall.deleverage(WINNER, M)
    assert tuple(stage.waterfall.clock()) == clock


def test_the_market_is_weighed_at_the_price_of_now(stage: Stage) -> None:
    """The sums hold it at 1,000; at 700 the pool has won 300,000, and is not short."""
    ready(stage, short_pool(price=700 * WAD))
    give(stage, 100, -35_000)
    assert stage.waterfall.deleverage(WINNER, M) == 0


def test_the_price_is_refreshed_in_the_call(stage: Stage) -> None:
    """What is stored says 700; the source has 1,000 by now."""
    ready(stage, short_pool())
    stage.books.set_price(M, price(700 * WAD), price(1_000 * WAD))
    give(stage, 100, -50_000)
    assert stage.waterfall.deleverage(WINNER, M) == -100 * WAD
    assert stage.books.refreshed() >> M & 1


def test_a_stale_price_cannot_stop_the_clock(stage: Stage) -> None:
    """A word of 700 calls the pool rich; a winner must not be able to set the clock back with it."""
    ready(stage, short_pool(price=700 * WAD))
    stage.books.set_price(M, price(700 * WAD, 2), price(700 * WAD, 2))
    give(stage, 100, -35_000)
    clock = tuple(stage.waterfall.clock())
    with boa.reverts("manager: no valid price"):
        stage.waterfall.deleverage(WINNER, M)
    assert (tuple(stage.waterfall.clock()), stage.books.calls()) == (clock, 0)


# ---- by the rule --------------------------------------------------------------------------------


def drawn_pool(r: random.Random) -> Pool:
    """Up to four markets of any side, with inventory, touched at other prices than those of now."""
    markets = {}
    for id_ in sorted(r.sample(range(8), r.randint(0, 3)) + [M + 8]):
        touched = r.randint(500, 2_000) * WAD
        longs, shorts = r.randint(0, 2_000) * UNITS + r.randint(0, 99), r.randint(0, 2_000) * UNITS
        beta, sigma = r.randint(0, 800), r.randint(0, 500)
        markets[id_] = Market(
            id_,
            longs,
            shorts,
            -(longs - shorts) * touched // UNITS + r.randint(-(10**4), 10**4) * WAD,
            price=touched * r.randint(90, 110) // 100,
            touched=touched,
            beta=beta,
            sigma=sigma,
            w=max(1, round((beta**2 + sigma**2) ** 0.5)),
            scale=r.randint(10_000, 100_000) * UNITS,
            long_index=r.randint(-(10**12), 10**12),
            short_index=r.randint(-(10**12), 10**12),
        )
    stock = tuple(
        Stock(market, r.randint(0, 500) * WAD + 1, r.choice([0, 700, 1_000]))
        for market in r.sample(list(markets), r.randint(0, min(2, len(markets))))
    )
    return Pool(r.randint(-50_000, 300_000) * WAD, markets, stock, ratio=r.randint(10_000, 60_000))


@pytest.mark.parametrize("seed", range(6))
def test_random_pools_against_the_rule(stage: Stage, seed: int) -> None:
    r = random.Random(seed)
    market, seen = M + 8, {"all": 0, "part": 0, "none": 0, "no help": 0}
    for _ in range(14):
        pool = drawn_pool(r)
        m = pool.markets[market]
        if m.skew == 0:
            continue
        side = 1 if m.skew > 0 else -1
        lots = r.choice([1, r.randint(1, abs(m.skew)), abs(m.skew), abs(m.skew) + 5_000])
        base = side * lots * LOT
        # capital somewhere between far too little and enough
        whole = pool.surplus(market, m.skew)
        least = pool.surplus(market, m.skew - side * min(lots, abs(m.skew)))
        pool = replace(pool, cash=pool.cash - (whole + r.randint(-1, 3) * abs(least - whole) // 2) // 10**4)
        with boa.env.anchor():
            ready(stage, pool)
            # worth half of its notional, and carry on top
            index = (m.long_index if side > 0 else m.short_index) * 10**7
            quote = -base * (m.price - index) // WAD + abs(base) * m.price // WAD // 2
            stage.books.set_position(WINNER, market, base, quote)
            expected = pool.answer(market, base)
            if expected is None:
                with boa.reverts("waterfall: does not help"):
                    stage.waterfall.deleverage(WINNER, market)
                seen["no help"] += 1
                continue
            size, clock = -side * expected * LOT, tuple(stage.waterfall.clock())
            assert stage.waterfall.deleverage(WINNER, market) == size
            assert tuple(stage.waterfall.clock()) == clock
            assert stage.books.size() == size
            whole = expected == min(lots, abs(m.skew))
            seen["none" if size == 0 else "all" if whole else "part"] += 1
    assert sum(seen.values()) >= 12
    assert seen["part"] + seen["all"] >= 4 and seen["part"] > 0
