"""weigh: R and utilisation from the sums."""

from __future__ import annotations

from typing import Any

from tests.modules.words import two
from tests.support.words import pack
from tests.unit.engine.support import RISK, WAD, a_pool, leg, price

MICRO = 10**6


def sums(a: int = 0, v: int = 0, z: int = 0, g: int = 0, h: int = 0, b: int = 0) -> tuple[int, int]:
    """Both words, from quote."""
    first = pack(two(a * MICRO, 64), two(v * MICRO, 64), (z * MICRO, 64), (g * MICRO, 64))
    return first, pack((h * MICRO, 64), (b * MICRO * MICRO, 128))


def test_nothing_open(engine: Any) -> None:
    assert tuple(engine.weigh(a_pool(7))) == (7 * WAD, 0)


def test_net(engine: Any) -> None:
    # sqrt(300^2 + 400^2) = 500 over a tenth of 10,000 + 50 - 20
    equity, used = engine.weigh(a_pool(9_970, *sums(a=-300, v=50, z=20, g=900, h=700, b=160_000)))
    assert (equity, used) == (10_000 * WAD, WAD // 2)


def test_gross(engine: Any) -> None:
    # 2,400 over three tenths
    assert engine.weigh(a_pool(10_000, *sums(g=2_400)))[1] == 8 * WAD // 10


def test_no_capital(engine: Any) -> None:
    assert engine.weigh(a_pool(0, *sums(g=1)))[1] == 2**64
    assert engine.weigh(a_pool(-5, *sums(g=1))) == (-5 * WAD, 2**64)


def test_inventory(engine: Any) -> None:
    # 2 at 1,000 less 10 %: 1,800 more; 5 % of 2,000 over a tenth
    stock = leg(risk=RISK, word=price(1_000 * WAD), held=2 * WAD, lendable=2 * WAD * 9_000)
    assert engine.weigh(a_pool(8_200, stock=(stock,))) == (10_000 * WAD, WAD // 10)
