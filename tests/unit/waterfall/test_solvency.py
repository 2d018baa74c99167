"""Waterfall.solvency: the terms of L-1 and U-0 in one call, and the pool weighed as the trade path has it (U-1)."""

from __future__ import annotations

import random

import pytest

from tests.modules.words import two
from tests.support.words import pack
from tests.unit.waterfall.support import UNITS, WAD, Market, Pool, Stage, Stock, rates_word
from tests.unit.waterfall.test_deleverage import drawn_pool

MICRO = 10**6
CAP_NET, CAP_GROSS = 1_000, 3_000


def sums(a: int = 0, v: int = 0, z: int = 0, g: int = 0, h: int = 0, b: int = 0) -> tuple[int, int]:
    """Both words, from quote."""
    first = pack(two(a * MICRO, 64), two(v * MICRO, 64), (z * MICRO, 64), (g * MICRO, 64))
    return first, pack((h * MICRO, 64), (b * MICRO * MICRO, 128))


def weighed(stage: Stage, cash: int, *words: int) -> tuple[int, int]:
    """R and utilisation of a pool with so much cash (quote) and these sums."""
    stage.set_rates(rates_word(), *words)
    stage.books.set_cash(stage.pool_account, cash * WAD)
    found = stage.waterfall.solvency()
    return found.reduced_equity, found.utilisation


def test_tells_what_the_vault_tells(stage: Stage) -> None:
    stage.set_rates(rates_word())
    stage.books.set_totals(70, 60, 5)
    stage.books.set_cash(stage.pool_account, -40)
    stage.set_cover(9)
    s = stage.waterfall.solvency()
    assert (s.tokens, s.credited, s.debt, s.pool_cash, s.cover_cash) == (70, 60, 5, -40, 9)
    assert (s.reduced_equity, s.utilisation) == (-40, 0)


def test_nothing_open(stage: Stage) -> None:
    assert weighed(stage, 7) == (7 * WAD, 0)


def test_net(stage: Stage) -> None:
    # sqrt(300^2 + 400^2) = 500 over a tenth of 9,970 + 50 - 20
    assert weighed(stage, 9_970, *sums(a=-300, v=50, z=20, g=900, h=700, b=160_000)) == (
        10_000 * WAD,
        WAD // 2,
    )


def test_net_by_kappa(stage: Stage) -> None:
    # 0.6 of 700 over a tenth of 10,000, more than sqrt(300^2 + 100^2)
    assert weighed(stage, 10_000, *sums(a=300, h=700, b=10_000))[1] == 42 * WAD // 100


def test_gross(stage: Stage) -> None:
    # 2,400 over three tenths
    assert weighed(stage, 10_000, *sums(g=2_400))[1] == 8 * WAD // 10


@pytest.mark.parametrize("cash", [0, -5])
def test_no_capital(stage: Stage, cash: int) -> None:
    assert weighed(stage, cash, *sums(g=1)) == (cash * WAD, 2**64)


def test_the_ratio_is_rounded_up(stage: Stage) -> None:
    # 1 over a tenth of 3 is a third of 10
    assert weighed(stage, 3, *sums(h=1, a=1))[1] == -(-10 * WAD // 3)


def test_inventory(stage: Stage) -> None:
    """2 at 1,000 less 10 %: 1,800 more; 5 % of 2,000 over a tenth."""
    stage.write(Pool(8_200 * WAD, {0: Market(0)}, (Stock(0, 2 * WAD),)))
    s = stage.waterfall.solvency()
    assert (s.reduced_equity, s.utilisation) == (10_000 * WAD, WAD // 10)


def test_inventory_nets_with_its_market_at_the_touch(stage: Stage) -> None:
    """Traders long 2 at a touch of 1,000 (2^-18 less), 2 in stock at 1,000: next to no net, and gross twice."""
    pool = Pool(10_000 * WAD, {0: Market(0, longs=2 * UNITS, quote=-2_000 * WAD)}, (Stock(0, 2 * WAD),))
    stage.write(pool)
    s = stage.waterfall.solvency()
    # 2 * 1,000 * 5 % twice over three tenths of 11,800
    assert s.utilisation == pytest.approx(200 * WAD / 3_540, rel=1e-4)
    assert s.reduced_equity == pytest.approx(11_800 * WAD, rel=1e-5)


def test_prices_of_inventory_are_the_stored_ones(stage: Stage) -> None:
    """A view: it refreshes nothing."""
    stage.write(Pool(0, {0: Market(0)}, (Stock(0, WAD, 0),)))
    stage.waterfall.solvency()
    assert stage.books.refreshed() == 0


@pytest.mark.parametrize("seed", range(3))
def test_random_pools(stage: Stage, seed: int) -> None:
    """R and net of plain integers; none of the markets touched."""
    r = random.Random(100 + seed)
    for _ in range(10):
        pool = drawn_pool(r)
        stage.write(pool)
        equity, net = pool.weigh(-1, 0)
        gross = sum(
            -(-m.w * x.amount * m.price // 10**34) for x in pool.stock for m in [pool.markets[x.market]]
        )
        gross = (gross + sum(m.sums(_touch(m))[3] for m in pool.markets.values())) * 10**12
        s = stage.waterfall.solvency()
        assert s.reduced_equity == equity
        if equity <= 0:
            assert s.utilisation == (2**64 if net or gross else 0)
            continue
        used = max(-(-net * 10**22 // (equity * CAP_NET)), -(-gross * 10**22 // (equity * CAP_GROSS)))
        assert s.utilisation == min(used, 2**64)


def _touch(m: Market) -> int:
    exponent = m.touched.bit_length() - 18
    return m.touched >> exponent << exponent
