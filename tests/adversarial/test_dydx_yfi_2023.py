"""dYdX v3, November 2023: a long in YFI was grown step by step on its own unrealised profit while the price was driven up, from small to most of
the market, and the insurance fund paid when the price fell. M-5 (profit carries new risk with `profit_weight` only), the OI scale of M-3 on
initial margin, and the caps of spec 3 answer.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adversarial.arena import DOGE, USDC, Arena
from tests.adversarial.naive import FullWeight, NoCaps, Paper, Real, Refused, Stage
from tests.support.words import WAD

MARGIN = 100_000
CAP = 1_500_000 * WAD  # quote a side of a thin market
STEPS = 12


def grown(stage: Stage, who: SimpleNamespace) -> int:
    """Twelve steps of 5 % up, at each as much as the venue lets; returns the largest notional right after a purchase, WAD quote."""
    stage.limits(DOGE, max_oi_quote=CAP)
    account = stage.deposit(who.attacker, MARGIN * USDC)
    most = 0
    for _ in range(STEPS):
        if stage.open(account, DOGE, stage.size(DOGE, 8_000_000), least=stage.size(DOGE, 40_000)):
            most = stage.position(account, DOGE)[0] * stage.prices[DOGE] // WAD
        stage.set_price(DOGE, stage.prices[DOGE] * 105 // 100)
    return most


def crashed(stage: Stage, who: SimpleNamespace) -> int:
    """A fall by 30 % at once and a liquidation; returns what pool and cover fund had to write off, WAD quote."""
    account = next(iter(stage.accounts[who.attacker]))
    stage.set_price(DOGE, stage.prices[DOGE] * 70 // 100)
    short = max(0, -stage.equity(account))
    done = stage.liquidate(account, who.keeper)
    assert short == 0 or (done.fraction == WAD and stage.cash(account) == 0)
    return short


def test_recycled_profit_buys_the_market(arena: Arena, who: SimpleNamespace) -> None:
    stage = Paper(arena.setup, FullWeight, NoCaps)
    # eighty times what was brought, on a rise by 80 %; a crash writes off several times the deposit
    assert grown(stage, who) > 80 * MARGIN * WAD
    assert crashed(stage, who) > 10 * MARGIN * WAD


@pytest.mark.parametrize("kind", ["model", "bytecode"])
def test_the_market_stays_within_its_cap(arena: Arena, who: SimpleNamespace, kind: str) -> None:
    stage = Real(arena) if kind == "bytecode" else Paper(arena.setup)
    assert CAP * 9 // 10 < grown(stage, who) <= CAP
    assert crashed(stage, who) == 0


def test_profit_alone_opens_less_than_it_is(arena: Arena, who: SimpleNamespace) -> None:
    # with the caps out of the way: the weight and the crowd's initial margin by themselves
    found = []
    for rules in ((NoCaps, FullWeight), (NoCaps,)):
        found.append(grown(Paper(arena.setup, *rules), who))
    assert found[1] * 2 < found[0]


def test_at_weight_nought_profit_carries_nothing(arena: Arena, who: SimpleNamespace) -> None:
    stage = Real(arena)
    stage.terms(profit_weight=0)
    account = stage.deposit(who.attacker, MARGIN * USDC)
    least = stage.size(DOGE, 5_000)
    first = stage.open(account, DOGE, stage.size(DOGE, 2_000_000), least)
    assert first > 0
    for _ in range(3):
        stage.set_price(DOGE, stage.prices[DOGE] * 105 // 100)
        with pytest.raises(Refused, match="below initial margin"):
            stage.trade(account, DOGE, least)
