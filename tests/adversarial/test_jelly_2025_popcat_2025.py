"""Hyperliquid, March and November 2025: positions in thin tokens (JELLY; POPCAT, over some nineteen wallets) were built far beyond what the
token could bear, and left to the pool when the price was moved. Caps of a whole market answer (spec 3): open interest in base units and
in quote and a share of R, whoever holds it; and M-2 is subadditive, so that splitting an account lowers no margin.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adversarial.arena import DOGE, USDC, Arena
from tests.adversarial.naive import CapAnAccount, Paper, Real, Refused, Stage
from tests.support.words import LOT, WAD

WALLETS = 19
CAP = 300_000 * WAD  # quote a side
EACH = 290_000  # quote of notional a wallet


def thin(stage: Stage, **changes: int) -> None:
    """The market's limits: those of a thin token."""
    stage.limits(DOGE, **{"max_oi_quote": CAP, **changes})


def attack(stage: Stage, who: SimpleNamespace) -> int:
    """Longs and shorts in nineteen accounts a side, a pump to four times the price, winners out, losers left behind; returns the
    open interest of a side before the pump, in WAD quote."""
    thin(stage)
    before, base = stage.prices[DOGE], 0
    accounts = []
    for sub in range(WALLETS):
        for user, sign in ((who.attacker, 1), (who.second, -1)):
            account = stage.deposit(user, 50_000 * USDC, sub=sub)
            opened = stage.open(account, DOGE, sign * stage.size(DOGE, EACH), stage.size(DOGE, EACH // 5))
            accounts.append(account)
            base += max(0, opened)
    stage.set_price(DOGE, 4 * before)
    for account in accounts:
        if stage.position(account, DOGE)[0] < 0:
            stage.liquidate(account, who.bot)
        else:
            stage.close(account, DOGE)
    return base * before // WAD


def test_a_cap_an_account_is_no_cap(arena: Arena, who: SimpleNamespace) -> None:
    stage = Paper(arena.setup, CapAnAccount)
    assert attack(stage, who) > 15 * CAP
    assert stage.gain(who.attacker, who.second, who.bot) > 10_000_000 * WAD
    assert stage.pool_equity() < 0


@pytest.mark.parametrize("kind", ["model", "bytecode"])
def test_the_market_is_capped_not_its_accounts(arena: Arena, who: SimpleNamespace, kind: str) -> None:
    stage = Real(arena) if kind == "bytecode" else Paper(arena.setup)
    assert CAP * 9 // 10 < attack(stage, who) <= CAP
    # a side's cap times the move is all that a market can cost; its losers' margins come off that
    assert stage.pool_equity() >= (10_000_000 - 3 * 300_000) * WAD


@pytest.mark.parametrize(
    ("changes", "price", "reason"),
    [
        ({}, 4, "notional cap"),
        ({"max_oi_bps": 1}, 1, "open interest cap"),
        ({"share": 200, "max_oi_quote": 10**9 * WAD}, 4, "share of the pool"),
    ],
)
def test_each_cap_counts_all_wallets_together(
    arena: Arena, who: SimpleNamespace, changes: dict[str, int], price: int, reason: str
) -> None:
    stage = Real(arena)
    thin(stage, **changes)
    stage.set_price(DOGE, price * stage.prices[DOGE] // 4)
    # a quarter of the price is four times the units for the same quote: that is what the cap in base units is for
    fits = {"open interest cap": arena.setup.markets[DOGE].scale // 10_000 * LOT}.get(reason)
    cap = fits or stage.size(DOGE, 200_000 if "share" in reason else CAP // WAD)
    for sub in range(4):
        account = stage.deposit(who.attacker, 100_000 * USDC, sub=sub)
        if sub < 3:
            stage.trade(account, DOGE, cap * 33 // 100 // LOT * LOT)
        else:
            with pytest.raises(Refused, match=reason):
                stage.trade(account, DOGE, cap * 33 // 100 // LOT * LOT)


def test_splitting_lowers_no_requirement(arena: Arena, who: SimpleNamespace) -> None:
    stage = Real(arena)
    whole = stage.deposit(who.attacker, 100_000 * USDC)
    stage.trade(whole, DOGE, 19 * 10**5 * WAD)
    parts = 0
    for sub in range(1, 20):
        account = stage.deposit(who.second, 10_000 * USDC, sub=sub)
        stage.trade(account, DOGE, 10**5 * WAD)
        parts += stage.health(account)[2]
    assert parts >= stage.health(whole)[2]
