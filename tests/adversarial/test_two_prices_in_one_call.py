"""Many venues, most often within one transaction: something is bought at one price and sold or pledged at another, because the source was moved in
between or because the caller chose which reading counts. I-24 (one price of an underlying a call, O-2: a word is read once a block) and I-19 (the
first round after the delay, proved by the one before it) answer.
"""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import BTC, DELAY, ETH, EXECUTED, SKIPPED, USDC, Arena
from tests.adversarial.naive import Paper, ReadTwice, Real, Stage
from tests.support.words import WAD

WETH = 1


def attack(stage: Stage, who: SimpleNamespace) -> None:
    """Within one second: buy, move the source up by 2 %, sell, move it back, five times over."""
    account = stage.deposit(who.attacker, 500_000 * USDC)
    stage.set_price(BTC, 50_000 * WAD)
    stage.poke(BTC)
    for _ in range(5):
        stage.trade(account, BTC, 40 * WAD)
        stage.publish(BTC, 51_000 * WAD)
        stage.close(account, BTC)
        stage.publish(BTC, 50_000 * WAD)


def test_a_source_read_twice_pays_twice(arena: Arena, who: SimpleNamespace) -> None:
    stage = Paper(arena.setup, ReadTwice)
    attack(stage, who)
    assert stage.gain(who.attacker) > 150_000 * WAD


@pytest.mark.parametrize("kind", ["model", "bytecode"])
def test_a_second_has_one_price(arena: Arena, who: SimpleNamespace, kind: str) -> None:
    stage = Real(arena) if kind == "bytecode" else Paper(arena.setup)
    attack(stage, who)
    assert stage.gain(who.attacker) <= 0


def test_a_batch_names_no_price_of_its_own(arena: Arena, who: SimpleNamespace) -> None:
    # a buy and a sell of one second, executed by their owner in one call with a round each
    stage = Real(arena)
    long, short = (stage.deposit(u, 200_000 * USDC) for u in (who.attacker, who.second))
    orders = arena.order(long, BTC, 10 * WAD), arena.order(short, BTC, -10 * WAD)
    arena.submit(who.attacker, orders[0])
    arena.submit(who.second, orders[1])
    stage.wait(DELAY)
    stage.publish(BTC, 50_000 * WAD)
    low = arena.round_id(BTC)
    stage.set_price(BTC, 50_500 * WAD)
    high = arena.round_id(BTC)
    with boa.env.anchor():
        done = arena.execute(who.bot, *orders, rounds=[low, high])
        assert [d.status for d in done] == [EXECUTED, SKIPPED]
        assert done[1].reason == "oracle: not the first round"
    arena.execute(who.bot, *orders, rounds=[low, low])
    for account in (long, short):
        stage.close(account, BTC)
    assert stage.gain(who.attacker, who.second) <= 0


def test_collateral_and_position_share_a_price(arena: Arena, who: SimpleNamespace) -> None:
    # as much short as is pledged: whatever the source does, net exposure is nought, by one price for both
    stage = Real(arena)
    account = stage.deposit(who.attacker, 100 * 10**18, WETH)
    stage.trade(account, ETH, -100 * WAD)
    for price in (2_000, 2_060, 1_940):
        boa.env.time_travel(seconds=1)
        stage.publish(ETH, price * WAD)
        equity, _, maintenance, _ = stage.health(account)
        lent = 100 * price * (10_000 - stage.setup.assets[WETH].discount) * WAD // 10_000
        base, quote = stage.position(account, ETH)
        assert base == -100 * WAD
        assert abs(equity - lent - stage.cash(account) - quote + 100 * price * WAD) < WAD
        # κ of the gross is what a perfect hedge leaves
        gross = 200 * price * WAD * arena.setup.markets[ETH].w // 10_000
        assert maintenance == -(-gross * arena.setup.venue.kappa // 10_000)
