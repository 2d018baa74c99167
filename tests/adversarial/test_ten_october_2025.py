"""10 October 2025: venues deleveraged whole positions of winners to cover a crash. Hedged books lost the leg that carried the other and were
liquidated on it; far more was closed than the deficit asked for; who came first was the venue's choice. W-2 closes only what gives the pool its ratio
again, never a leg that margin needs, and those with most profit first.
"""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import BTC, ETH, USDC, Arena
from tests.adversarial.naive import Real
from tests.adversarial.stress import close_anyway, ratio, set_rates, short, sized, value
from tests.support.words import LOT, WAD

Q = 30_000


def both(arena: Arena, percent: int) -> None:
    """Bitcoin and ether at so many per cent of where they started."""
    arena.warp(60)
    for market in (BTC, ETH):
        arena.set_price(market, arena.setup.markets[market].price * percent // 100)


def crash(arena: Arena, who: SimpleNamespace) -> SimpleNamespace:
    """Bitcoin and ether lose 56 %: a pool of ten million long 17 million of bitcoin is at 2.1 net. The hedger's short of bitcoin carries his long of
    ether; he has taken out what margin let go."""
    set_rates(arena, adl_ratio=Q)
    hedger = arena.deposit(who.victim, 4_300_000 * USDC)
    winner = arena.deposit(who.trader, 2_000_000 * USDC)
    other = arena.deposit(who.outsider, 2_000_000 * USDC)
    late = arena.deposit(who.attacker, 1_000_000 * USDC)
    trades = ((hedger, BTC, -3_500_000), (hedger, ETH, 8_000_000), (other, ETH, -8_000_000))
    for account, market, quote in (*trades, (winner, BTC, -11_500_000)):
        arena.trade(account, market, sized(arena, market, quote))
    both(arena, 85)
    arena.trade(late, BTC, sized(arena, BTC, -2_000_000))
    both(arena, 44)
    Real(arena).draw(who.victim, hedger, 4_000_000 * USDC)
    assert short(arena)
    return SimpleNamespace(hedger=hedger, winner=winner, other=other, late=late)


def ruined(arena: Arena, account: int) -> bool:
    """Whether a further fall of five per cent makes an account liquidatable."""
    with boa.env.anchor():
        kept = list(arena.prices)
        both(arena, 42)
        state = arena.manager.account_health(account)[3]
        arena.prices[:] = kept
    return state == 3


def test_whole_positions_in_the_callers_order(arena: Arena, who: SimpleNamespace) -> None:
    """Naive: the late winner calls, and names the hedger and the larger winner. His own profit runs on."""
    books = crash(arena, who)
    assert not ruined(arena, books.hedger)
    close_anyway(arena, books.hedger, BTC)
    assert ruined(arena, books.hedger)
    close_anyway(arena, books.winner, BTC)
    equity, net = ratio(arena)
    assert equity > 8 * net  # asked were three
    assert arena.manager.position(books.late, BTC)[0] < 0


def test_a_hedge_is_left_to_its_book(arena: Arena, who: SimpleNamespace) -> None:
    books = crash(arena, who)
    assert arena.waterfall.alarm()
    assert arena.manager.position(books.hedger, BTC)[0] < 0 < value(arena, books.hedger, BTC)
    with boa.reverts("manager: below initial margin"):
        arena.waterfall.deleverage(books.hedger, BTC)
    for account, market in ((books.hedger, ETH), (books.other, ETH), (books.other, BTC)):
        with boa.reverts("waterfall: not against the pool"):
            arena.waterfall.deleverage(account, market)
    arena.waterfall.deleverage(books.winner, BTC)
    assert not ruined(arena, books.hedger)


def test_no_more_than_the_ratio_asks_for(arena: Arena, who: SimpleNamespace) -> None:
    """To a thousandth of the position: with so much less the pool would be short still."""
    books = crash(arena, who)
    arena.waterfall.alarm()
    base = arena.manager.position(books.winner, BTC)[0]
    grain = -base // 2**10
    with boa.env.anchor():
        closed = arena.waterfall.deleverage(books.winner, BTC)
        assert not short(arena)
        assert ratio(arena)[0] * 1_000 < 3_010 * ratio(arena)[1]
        assert 0 < closed < -base // 2
        # and nothing more of anybody's
        for account in (books.winner, books.late, books.hedger):
            assert arena.waterfall.deleverage(account, BTC) == 0
    close_anyway(arena, books.winner, BTC, (closed - 2 * grain) // LOT * LOT)
    assert short(arena)


def test_it_costs_its_owner_nothing(arena: Arena, who: SimpleNamespace) -> None:
    """At the mark, no fee: his equity stays to the rounding, and the pool's worth is his loss of nothing."""
    books = crash(arena, who)
    arena.waterfall.alarm()
    before = arena.manager.account_health(books.winner)[0], arena.shares.pool_state().equity
    arena.waterfall.deleverage(books.winner, BTC)
    after = arena.manager.account_health(books.winner)[0], arena.shares.pool_state().equity
    assert -2 <= after[0] - before[0] <= 0 <= after[1] - before[1] <= 4


def test_a_part_of_the_need_helps_and_the_next_one_gives_the_rest(arena: Arena, who: SimpleNamespace) -> None:
    books = crash(arena, who)
    arena.waterfall.alarm()
    whole = -arena.manager.position(books.late, BTC)[0]
    assert arena.waterfall.deleverage(books.late, BTC) == whole
    assert short(arena)
    assert arena.waterfall.deleverage(books.winner, BTC) > 0
    assert not short(arena)


def drained(arena: Arena, who: SimpleNamespace) -> tuple[int, int, int]:
    """Losses elsewhere have left the pool short; shorts of ether from 2,000, 1,840 and 1,780, at 1,800: 11 %, 2 % and nothing."""
    set_rates(arena, adl_ratio=Q)
    accounts = []
    for user, price in ((who.trader, 2_000), (who.attacker, 1_840), (who.second, 1_780)):
        arena.set_price(ETH, price * WAD)
        accounts.append(arena.deposit(user, 1_000_000 * USDC))
        arena.trade(accounts[-1], ETH, sized(arena, ETH, -1_500_000))
    arena.set_price(ETH, 1_800 * WAD)
    sink = arena.deposit(who.outsider, USDC)
    equity, net = ratio(arena)
    arena.move(arena.pool_account, sink, equity - 5 * net // 2)
    assert short(arena)
    return tuple(accounts)


def test_the_callers_order_spares_the_caller(arena: Arena, who: SimpleNamespace) -> None:
    first, second, _third = drained(arena, who)
    close_anyway(arena, second, ETH)
    assert not short(arena)
    assert arena.manager.position(first, ETH)[0] < 0


@pytest.mark.parametrize("caller", ["trader", "attacker", "keeper"])
def test_most_profit_first(arena: Arena, who: SimpleNamespace, caller: str) -> None:
    """θ falls from a half to nothing in 900 seconds; a ninth is reached after 700, a fiftieth after 861."""
    first, second, third = drained(arena, who)
    user = getattr(who, caller)
    arena.waterfall.alarm(sender=user)
    for wait in (0, 290, 290, 100):
        arena.warp(wait)
        arena.waterfall.alarm(sender=user)
        for account in (first, second, third):
            with boa.reverts("waterfall: others come first"):
                arena.waterfall.deleverage(account, ETH, sender=user)
    arena.warp(24)
    with boa.reverts("waterfall: others come first"):
        arena.waterfall.deleverage(second, ETH, sender=user)
    assert arena.waterfall.deleverage(first, ETH, sender=user) > 0
    assert not short(arena)
    arena.warp(200)
    assert not arena.waterfall.alarm(sender=user)
    for account in (second, third):
        with boa.reverts("waterfall: no fresh alarm"):
            arena.waterfall.deleverage(account, ETH, sender=user)


def test_never_who_has_no_profit(arena: Arena, who: SimpleNamespace) -> None:
    _first, _second, third = drained(arena, who)
    assert value(arena, third, ETH) < 0
    arena.waterfall.alarm()
    for _ in range(4):
        arena.warp(290)
        arena.waterfall.alarm()
    assert arena.waterfall.threshold() == 0
    with boa.reverts("waterfall: others come first"):
        arena.waterfall.deleverage(third, ETH)
