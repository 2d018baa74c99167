"""Against our own rule: who comes first is who has most profit, counted since he opened. A winner who closes and opens again is back to nothing, and
the next one pays for him. While the pool is short of capital an increase is refused: short means net > R·1e4/q, and the caps allow net ≤ cap_net·R
with cap_net·q ≤ 1. He may close, which is all that deleveraging would have done.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import ETH, USDC, Arena
from tests.adversarial.stress import ratio, set_rates, short, sized, value
from tests.support.venue import account_of
from tests.support.words import LIMITS, LOT, WAD

Q = 30_000
REFUSED = "engine: utilisation"


@pytest.fixture
def books(arena: Arena, who: SimpleNamespace) -> SimpleNamespace:
    """Shorts of ether from 2,000 (the attacker's) and 1,840, now at 1,800, of a pool that has lost its capital elsewhere."""
    set_rates(arena, adl_ratio=Q)
    mine = arena.deposit(who.attacker, 1_000_000 * USDC)
    arena.trade(mine, ETH, sized(arena, ETH, -1_500_000))
    arena.set_price(ETH, 1_840 * WAD)
    theirs = arena.deposit(who.victim, 1_000_000 * USDC)
    arena.trade(theirs, ETH, sized(arena, ETH, -1_500_000))
    arena.set_price(ETH, 1_800 * WAD)
    equity, net = ratio(arena)
    arena.move(arena.pool_account, arena.deposit(who.outsider, USDC), equity - 5 * net // 2)
    assert short(arena)
    arena.waterfall.alarm()
    return SimpleNamespace(mine=mine, theirs=theirs)


def reset(arena: Arena, account: int) -> None:
    """Close and open the same again."""
    base = arena.manager.position(account, ETH)[0]
    arena.trade(account, ETH, -base)
    arena.trade(account, ETH, base)


def pass_time(arena: Arena) -> None:
    """Until θ is a hundredth."""
    for wait in (290, 290, 290, 12):
        arena.warp(wait)
        arena.waterfall.alarm()
    assert WAD // 200 < arena.waterfall.threshold() < WAD // 90


def test_with_room_under_the_caps_the_next_one_pays(
    arena: Arena, who: SimpleNamespace, books: SimpleNamespace
) -> None:
    """Naive: caps above 1 / q. The attacker keeps his short and is out of reach, and the victim closes."""
    set_rates(arena, cap_net=10_000, cap_gross=30_000)
    arena.configure(LIMITS, ETH, replace(arena.setup.markets[ETH], share=2**16 - 1).limits_word())
    equity, net = ratio(arena)
    arena.move(account_of(who.outsider), arena.pool_account, 29 * net // 10 - equity)
    assert short(arena)
    reset(arena, books.mine)
    assert short(arena)
    pass_time(arena)
    with boa.reverts("waterfall: others come first"):
        arena.waterfall.deleverage(books.mine, ETH)
    assert arena.waterfall.deleverage(books.theirs, ETH) > 0


@pytest.mark.parametrize("cap", [1_000, 3_333])
def test_while_the_pool_is_short_nobody_opens(
    arena: Arena, who: SimpleNamespace, books: SimpleNamespace, cap: int
) -> None:
    """At cap_net = 1 / q exactly, too."""
    set_rates(arena, cap_net=cap, cap_gross=30_000)
    with boa.env.anchor(), boa.reverts(REFUSED):
        reset(arena, books.mine)
    # nor another account of his, nor lot by lot, nor by turning it
    second = arena.deposit(who.second, 1_000_000 * USDC)
    base = arena.manager.position(books.mine, ETH)[0]
    with boa.reverts(REFUSED):
        arena.trade(second, ETH, base)
    with boa.env.anchor():
        arena.trade(books.mine, ETH, -base // 100 // LOT * LOT)
        assert short(arena)
        with boa.reverts(REFUSED):
            arena.trade(books.mine, ETH, base // 100 // LOT * LOT)
    pass_time(arena)
    assert value(arena, books.mine, ETH) > value(arena, books.theirs, ETH)
    assert arena.waterfall.deleverage(books.mine, ETH) > 0
    assert not short(arena)


def test_closing_is_all_that_was_asked(arena: Arena, who: SimpleNamespace, books: SimpleNamespace) -> None:
    base = arena.manager.position(books.mine, ETH)[0]
    arena.trade(books.mine, ETH, -base // 2 // LOT * LOT)
    assert not short(arena)
    assert not arena.waterfall.alarm()


def test_nor_long_before(arena: Arena, who: SimpleNamespace, books: SimpleNamespace) -> None:
    """With caps of a tenth the door is shut from R = 10 net down to the 3 of a shortage, which new profit has to make meanwhile."""
    sink = account_of(who.outsider)
    for times in (4, 9):
        equity, net = ratio(arena)
        arena.move(sink, arena.pool_account, times * net - equity)
        assert not short(arena)
        with boa.env.anchor(), boa.reverts(REFUSED):
            reset(arena, books.mine)
    equity, net = ratio(arena)
    arena.move(sink, arena.pool_account, 11 * net - equity)
    with boa.env.anchor():
        arena.configure(LIMITS, ETH, replace(arena.setup.markets[ETH], share=2**16 - 1).limits_word())
        reset(arena, books.mine)
