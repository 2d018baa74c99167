"""Drift v1, May 2022: winners and lenders took their money out while the losses of the other side were only written down, and whoever came last
found nothing. L-2 answers: tokens = Σ positive cash − D, no LP leaves with what makes pool cash less than D, anyone may settle a loss or
turn a debtor's collateral in, and bad debt is booked at once (I-4, I-13, I-22).
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adversarial.arena import BTC, ETH, USDC, Arena
from tests.adversarial.naive import FirstOut, NoCaps, Paper, Real, Refused, Stage
from tests.support.words import WAD

WETH = 1
PROFIT = 300_000


def attack(stage: Stage, who: SimpleNamespace) -> int:
    """A winner is paid in cash while the loser only owes it, on ether; the LPs leave first. Returns what the winner goes without."""
    winner = stage.deposit(who.victim, 1_000_000 * USDC)
    loser = stage.deposit(who.trader, 2_000 * 10**18, WETH)
    for account, sign in ((winner, 1), (loser, -1)):
        stage.trade(account, BTC, sign * stage.size(BTC, 9_000_000))
    stage.set_price(BTC, 52_000 * WAD)
    for account in (winner, loser):
        stage.close(account, BTC)
    assert stage.cash(loser) < -PROFIT * WAD < 0 < PROFIT * WAD < stage.cash(winner) - 1_000_000 * WAD
    stage.lp_out(stage.lp)
    owed = stage.cash(winner) // 10**12
    return owed - stage.draw(who.victim, winner, owed)


def test_first_out_leaves_the_winner_short(arena: Arena, who: SimpleNamespace) -> None:
    stage = Paper(arena.setup, FirstOut, NoCaps)
    assert attack(stage, who) > PROFIT * 9 // 10 * USDC


@pytest.mark.parametrize("kind", ["model", "bytecode"])
def test_what_winners_are_owed_stays(arena: Arena, who: SimpleNamespace, kind: str) -> None:
    stage = Real(arena) if kind == "bytecode" else Paper(arena.setup)
    # a unit is what `draw` does not try for
    assert attack(stage, who) < USDC
    # no one lost by the order they came in: the LPs have the debt's worth left, and it is theirs when it is paid
    assert stage.pool_equity() >= PROFIT * WAD


def test_a_loss_on_paper_is_settled_by_whoever_waits(arena: Arena, who: SimpleNamespace) -> None:
    # the loser has the cash but keeps the position open: the pool, without LPs, could not pay the winner
    stage = Real(arena)
    winner = stage.deposit(who.victim, 1_000_000 * USDC)
    loser = stage.deposit(who.trader, 1_000_000 * USDC)
    for account, sign in ((winner, 1), (loser, -1)):
        stage.trade(account, BTC, sign * stage.size(BTC, 3_000_000))
    stage.lp_out(stage.lp)
    stage.set_price(BTC, 65_000 * WAD)
    stage.close(winner, BTC)
    assert stage.funds()[0] < 0 < stage.arena.vault.debt()
    stage.settle(loser, BTC)
    assert stage.arena.vault.debt() == 0
    stage.withdraw(who.victim, winner, stage.cash(winner) // 10**12)
    assert stage.wallet(who.victim) > 1_880_000 * USDC


def test_a_debtor_takes_nothing_out_before_he_pays(arena: Arena, who: SimpleNamespace) -> None:
    stage = Real(arena)
    attack(stage, who)
    loser = next(iter(stage.accounts[who.trader]))
    with pytest.raises(Refused, match="below initial margin"):
        stage.withdraw(who.trader, loser, 1_900 * 10**18, WETH)
    owed = -stage.cash(loser)
    stage.convert(who.victim, loser, WETH, owed * WAD // (stage.prices[ETH] * 9_300 // 10_000))
    assert stage.arena.vault.debt() < 10**6
