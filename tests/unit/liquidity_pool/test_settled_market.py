"""W-3 in pool_state(): a settled market is worth what it was settled at, whatever its feed says and however late it is."""

from __future__ import annotations

from math import isqrt

import boa
import pytest

from tests.support.words import WAD, pack
from tests.unit.liquidity_pool.paper import LAST_PRICES, Paper

LIVE, DEAD = 0, 3
# 18 bits of mantissa and an exponent: a settlement price as the carry word keeps it, about 900.72 quote
MANTISSA, EXPONENT = 200_000, 44
SETTLED = MANTISSA << (EXPONENT + 8)
BETA, SIGMA, W, KAPPA = 400, 160, 431, 6_000
LONG_INDEX, SHORT_INDEX = 3 * 10**11, -2 * 10**11  # 3 and -2 quote of carry per base, in 1e-11


def carry(rate: int = 0) -> int:
    """A carry word without a time: funding and borrow rates that may stand in it do not run."""
    return pack(
        (LONG_INDEX, 64),
        (SHORT_INDEX % 2**64, 64),
        (0, 32),
        (rate, 30),
        (rate // 2**11, 20),
        (2**14 - 1 if rate else 0, 14),
        (0, 8),
        (EXPONENT << 18 | MANTISSA, 24),
    )


def settle(p: Paper, longs: int, shorts: int, quote: int, rate: int = 0) -> None:
    """DEAD settled with so many whole base a side, at a feed that is gone."""
    p.market(DEAD, 7 * WAD, longs * WAD, shorts * WAD, quote, carry=carry(rate), scale=0)
    p.price(DEAD, 7 * WAD, state=4)


def value(longs: int, shorts: int, quote: int) -> int:
    """P-4 at the settlement price, rounded against nobody: the numbers are whole."""
    return -(longs * (SETTLED - 3 * WAD) - shorts * (SETTLED + 2 * WAD)) - quote


def net(traded: int, stocked: int = 0) -> int:
    """Net of U-1 in WAD for WAD exposures in one underlying: of a market, and of inventory."""
    a = BETA * traded // 10**16 + BETA * stocked // 10**16
    b = -(-SIGMA * abs(traded + stocked) // 10**16)
    h = -(-W * abs(traded + stocked) // 10**16)
    root = isqrt(a * a + b * b)
    return max(root + (root * root < a * a + b * b), -(-KAPPA * h // 10**4)) * 10**12


@pytest.fixture
def settled(p: Paper) -> Paper:
    """A pool of 100,000 with 5 base long and 2 short left in a settled market; its carry rates are not 0."""
    p.enter(p.pool, p.lp, p.units(100_000))
    settle(p, 5, 2, -2_700 * WAD, rate=2**28)
    return p


def test_worth_its_settlement_price_without_a_price(settled: Paper):
    s = settled.pool.pool_state()
    assert s.prices_valid
    assert s.equity == 100_000 * WAD + value(5, 2, -2_700 * WAD)
    assert s.reduced_equity == s.equity  # no premium on what nobody can trade


def test_its_carry_has_stopped(settled: Paper):
    before = settled.pool.pool_state()
    boa.env.time_travel(seconds=90 * 86_400)
    assert settled.pool.pool_state() == before


def test_its_exposure_stays_as_of_its_price(settled: Paper):
    s = settled.pool.pool_state()
    assert s.net == net(-3 * SETTLED)
    assert s.gross == -(-W * 5 * SETTLED // 10**16) * 10**12


def test_its_feed_is_not_asked(settled: Paper):
    settled.market(LIVE, 100 * WAD, longs=WAD, quote=-100 * WAD)
    settled.enter(settled.pool, settled.lp, settled.units(1))
    assert settled.fake.refreshed() == 1 << LIVE
    settled.fake.set_market(LIVE, (0, 0, 0, 0, 0))
    before = settled.fake.refreshes()
    settled.enter(settled.pool, settled.lp, settled.units(1))
    assert settled.fake.refreshes() == before


def test_words_find_their_markets(settled: Paper):
    """Live ones on both sides of the settled one, at prices of their own and a premium of their own."""
    settled.market(LIVE, 100 * WAD, longs=10 * WAD, quote=-900 * WAD)
    settled.market(DEAD + 1, 20 * WAD, shorts=10 * WAD, quote=300 * WAD)
    s = settled.pool.pool_state()
    wanted = 100_000 * WAD + value(5, 2, -2_700 * WAD) - (1_000 - 900) * WAD + (200 - 300) * WAD
    assert s.equity == wanted
    # P skew^2 / (2 K) with K of a million base
    assert wanted - s.reduced_equity == (100 * 10**2 + 20 * 10**2) * WAD // (2 * 10**6)
    assert s.prices_valid
    settled.price(DEAD + 1, 20 * WAD, state=2)
    assert not settled.pool.pool_state().prices_valid


@pytest.mark.parametrize(("live", "held"), [(7, 2), (1_500, 2), (1_500, 3), (20_000, 1)])
def test_inventory_of_its_underlying_counts_at_the_live_price(settled: Paper, live: int, held: int):
    """It nets with the settled exposure, and a live price far above leaves no requirement below zero."""
    account = settled.pool.account()
    settled.fake.set_venue(1, pack((DEAD, 8), (500, 16), (1, 1)))
    settled.fake.set_stock(account, 1, [held * WAD])
    settled.price(DEAD, live * WAD)
    s = settled.pool.pool_state()
    assert s.prices_valid
    assert s.equity == 100_000 * WAD + value(5, 2, -2_700 * WAD) + held * live * WAD * 95 // 100
    assert s.withheld == held * live * WAD * 5 // 100
    assert s.net == net(-3 * SETTLED, held * live * WAD)
    assert s.gross == (-(-W * 5 * SETTLED // 10**16) + W * held * live * 10**2) * 10**12
    settled.price(DEAD, live * WAD, state=4)
    assert not settled.pool.pool_state().prices_valid


def test_last_prices_count_once_the_venue_says_so(settled: Paper):
    """A week after a shutdown: the dead feed of the inventory's underlying holds nobody up."""
    settled.fake.set_venue(1, pack((DEAD, 8), (500, 16), (1, 1)))
    settled.fake.set_stock(settled.pool.account(), 1, [WAD])
    assert not settled.pool.pool_state().prices_valid
    assert settled.pool.maxRedeem(settled.lp) == 0
    settled.rates(flags=LAST_PRICES)
    s = settled.pool.pool_state()
    assert s.prices_valid
    assert s.equity == 100_000 * WAD + value(5, 2, -2_700 * WAD) + 7 * WAD * 95 // 100
    assert settled.pool.maxRedeem(settled.lp) > 0
