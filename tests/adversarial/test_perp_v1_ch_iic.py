"""Perpetual Protocol: a liquidation that left more bad debt than the insurance fund held reverted (its reason: CH_IIC), so that the position stayed
open and lost on. W-1 (I-13) answers: bad debt is booked in the same call, the cover fund first and the LP pool for the rest,
and a liquidation never fails for want of somebody's cash.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adversarial.arena import BTC, ETH, USDC, Arena
from tests.adversarial.naive import NeedsCover, Paper, Real, Refused, Stage
from tests.support.words import RATES, WAD


def under_water(stage: Stage, who: SimpleNamespace, quote: int = 2_000_000) -> int:
    """A long with a tenth of margin, 15 % down at once: it owes about a twentieth of its notional."""
    account = stage.deposit(who.victim, quote // 10 * USDC)
    stage.trade(account, BTC, stage.size(BTC, quote))
    stage.set_price(BTC, 42_500 * WAD)
    return account


def test_without_cover_the_loss_goes_on(arena: Arena, who: SimpleNamespace) -> None:
    stage = Paper(arena.setup, NeedsCover)
    account = under_water(stage, who)
    owed = -stage.equity(account)
    with pytest.raises(Refused):
        stage.liquidate(account, who.keeper)
    stage.set_price(BTC, 40_000 * WAD)
    with pytest.raises(Refused):
        stage.liquidate(account, who.keeper)
    # nobody may close it, and by now it owes another twentieth
    assert owed > 100_000 * WAD and -stage.equity(account) >= owed + 100_000 * WAD


@pytest.mark.parametrize("kind", ["model", "bytecode"])
@pytest.mark.parametrize("cover", [False, True])
def test_it_is_booked_down_the_waterfall(arena: Arena, who: SimpleNamespace, kind: str, cover: bool) -> None:
    stage = Real(arena) if kind == "bytecode" else Paper(arena.setup)
    if kind == "bytecode":
        arena.configure(RATES, 0, arena.setup.rates.word(cover_share=5_000))
    if cover:
        # somebody else's penalty: what there is in the fund
        earlier = stage.deposit(who.trader, 36_000 * USDC)
        stage.trade(earlier, ETH, 200 * WAD)
        stage.set_price(ETH, 1_850 * WAD)
        assert stage.liquidate(earlier, who.keeper).reason == 0
    assert (stage.funds()[1] > 0) == cover
    account = under_water(stage, who)
    cash, (pool, fund) = stage.cash(account), stage.funds()
    done = stage.liquidate(account, who.keeper)
    after = stage.funds()
    assert (done.reason, done.fraction) == (0, WAD)
    assert stage.cash(account) == 0 and stage.position(account, BTC) == (0, 0)
    # the fund pays first, what its rule lets a market have at once; on the bytecode that is half of it here
    assert after[1] == (fund - fund // 2 if kind == "bytecode" else 0)
    # to the wei: what the account still had is the pool's and the fund's now, but for the keeper's reward
    assert sum(after) - pool - fund == cash - done.reward
    assert stage.liquidate(account, who.keeper).reason == 3


def test_not_even_an_empty_pool_stops_it(arena: Arena, who: SimpleNamespace) -> None:
    # a winner has drawn more than the pool's cash by the time the loser is liquidated
    stage = Real(arena)
    winner = stage.deposit(who.trader, 600_000 * USDC)
    loser = stage.deposit(who.victim, 600_000 * USDC)
    size = stage.size(BTC, 6_000_000)
    stage.trade(winner, BTC, size)
    stage.trade(loser, BTC, -size)
    stage.lp_out(stage.lp)
    stage.set_price(BTC, 90_000 * WAD)
    stage.close(winner, BTC)
    assert stage.funds()[0] < 0
    done = stage.liquidate(loser, who.keeper)
    assert (done.reason, done.fraction) == (0, WAD)
    assert stage.cash(loser) == 0
    # what is missing is the pool's debt, in the open: D of L-2
    assert stage.arena.vault.debt() == -stage.funds()[0] > 0
