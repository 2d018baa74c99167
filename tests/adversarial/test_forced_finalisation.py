"""Against our own rule: whoever may finalise another's exit chooses its moment, and with accounts of his own he makes and pays back D at will. A cover
pool whose capital were cash − D would sell him the others' shares: the victim is paid out while D is high, and what was withheld from him is the
attacker's when D is gone. So R of the cover pool is its cash (spec 7), and D only bounds what may leave.
"""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import DAY, ETH, HOUR, USDC, Arena
from tests.adversarial.stress import Cover, NaiveCover, NeverLapses, RealCover, set_rates, sized
from tests.support.words import WAD

HALF = 500_000 * USDC
DEBT = 400_000


def attack(arena: Arena, cover: Cover, who: SimpleNamespace) -> tuple[int, int, int]:
    """Half a million each; returns what the victim is paid, what the attacker's shares are worth in the end (token units), and what
    his trading cost him (WAD)."""
    for user in (who.victim, who.attacker):
        cover.enter(user, HALF)
    set_rates(arena, cover_cooldown=60)
    if isinstance(cover, RealCover):
        cover.shares.request_exit(cover.shares.balanceOf(who.victim), sender=who.victim)
    # a loss in one pocket, owed against bitcoin, is a gain in the other
    loser = arena.deposit(who.attacker, 100 * 10**8, arena.tokens[0])
    winner = arena.deposit(who.second, 2_000_000 * USDC)
    for account, sign in ((loser, 1), (winner, -1)):
        arena.trade(account, ETH, sized(arena, ETH, sign * 10 * DEBT))
    arena.warp(HOUR)
    arena.set_price(ETH, arena.prices[ETH] * 9 // 10)
    for account in (loser, winner):
        arena.trade(account, ETH, -arena.manager.position(account, ETH)[0])
    assert arena.vault.debt() > DEBT * WAD * 99 // 100
    paid = cover.finalise(who.victim)
    owed = -arena.manager.cash(loser) // 10**12 + 1
    arena.deposit(who.attacker, owed)
    assert arena.vault.debt() == 0
    brought = 2_000_000 * WAD + owed * 10**12
    cost = brought - arena.manager.cash(loser) - arena.manager.cash(winner)
    return paid, cover.worth(who.attacker), cost


def test_capital_less_what_is_owed_sells_the_victims_shares(either: Arena, who: SimpleNamespace) -> None:
    paid, mine, cost = attack(either, NaiveCover(either), who)
    assert paid < HALF * 6 // 10 + 1
    assert (mine - HALF) * 10**12 - cost > 150_000 * WAD


def test_forcing_an_exit_moves_nothing(either: Arena, who: SimpleNamespace) -> None:
    paid, mine, cost = attack(either, RealCover(either), who)
    assert paid == mine == HALF
    assert cost >= 0


@pytest.mark.parametrize("above", [0, 1])
def test_nor_does_a_debt_above_the_pools_cash(arena: Arena, who: SimpleNamespace, above: int) -> None:
    """Then the finaliser chooses how much of it is paid now, at the same price, and the rest waits."""
    cover = RealCover(arena)
    for user in (who.victim, who.attacker):
        cover.enter(user, HALF)
    shares = cover.shares.balanceOf(who.victim)
    set_rates(arena, cover_cooldown=60)
    cover.shares.request_exit(shares, sender=who.victim)
    arena.warp(HOUR)
    debtor, holder = (arena.deposit(u, USDC) for u in (who.second, who.outsider))
    arena.move(debtor, holder, 700_001 * WAD)
    arena.move(
        arena.pool_account, holder, arena.manager.cash(arena.pool_account) - 700_000 * WAD + above * 10**12
    )
    paid = cover.shares.finalise_exit(who.victim, sender=who.attacker)
    assert paid == (300_000 * USDC if above else HALF)
    assert cover.worth(who.victim) == HALF - paid
    assert cover.worth(who.attacker) == HALF


def dodge(arena: Arena, cover: Cover, who: SimpleNamespace) -> int:
    """The attacker asked days ago and kept it. An account goes under; out in front of its liquidation; what the other LP has left."""
    set_rates(arena, cover_cooldown=60, cover_share=10_000)
    for user in (who.victim, who.attacker):
        cover.enter(user, HALF)
    if isinstance(cover, RealCover):
        cover.shares.request_exit(cover.shares.balanceOf(who.attacker), sender=who.attacker)
    ruined = arena.deposit(who.trader, 500_000 * USDC)
    arena.trade(ruined, ETH, sized(arena, ETH, 4_000_000))
    arena.warp(HOUR + DAY + 1)
    arena.set_price(ETH, arena.prices[ETH] * 85 // 100)
    assert arena.manager.account_health(ruined)[0] < 0
    cover.finalise(who.attacker)
    assert arena.liquidated(ruined, who.keeper).reason == 0
    return cover.worth(who.victim)


def test_a_request_that_stays_ready_dodges_a_known_loss(arena: Arena, who: SimpleNamespace) -> None:
    assert HALF - dodge(arena, NeverLapses(arena), who) > 90_000 * USDC


def test_a_request_lapses(arena: Arena, who: SimpleNamespace) -> None:
    with boa.reverts("pool: request lapsed"):
        dodge(arena, RealCover(arena), who)


def test_whoever_keeps_one_open_is_let_out_by_anybody(arena: Arena, who: SimpleNamespace) -> None:
    """Made again every day it is open most of the time; but whoever would bear his part may pay him out as soon as it is ready."""
    set_rates(arena, cover_cooldown=60)
    cover = RealCover(arena)
    for user in (who.victim, who.attacker):
        cover.enter(user, HALF)
    cover.shares.request_exit(cover.shares.balanceOf(who.attacker), sender=who.attacker)
    arena.warp(HOUR)
    assert cover.shares.finalise_exit(who.attacker, sender=who.victim) == HALF
    with boa.reverts("pool: nothing requested"):
        cover.shares.request_exit(0, sender=who.attacker)
