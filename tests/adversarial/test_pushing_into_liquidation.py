"""(6) Settle, convert, poke or pay somebody into liquidation, and collect the reward (I-9)."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import BTC, ETH, USDC, Arena
from tests.support.words import WAD


def slack(arena: Arena, account: int) -> int:
    """E − MM."""
    equity, _, maintenance, _ = arena.manager.account_health(account)
    return equity - maintenance


@pytest.fixture
def indebted(arena: Arena, who: SimpleNamespace) -> int:
    """A mixed book with debt, barely above maintenance: ether in collateral, some of it sold short, and a long of bitcoin."""
    account = arena.deposit(who.victim, 100 * 10**18, arena.tokens[1])
    arena.trade(account, ETH, -60 * WAD)
    arena.trade(account, BTC, 20 * WAD)
    arena.set_price(BTC, 44_000 * WAD)
    arena.trade(account, BTC, -WAD)  # a part of the loss becomes debt
    arena.set_price(BTC, 44_000 * WAD - slack(arena, account) * WAD // (19 * WAD) * 9 // 10)
    assert arena.manager.cash(account) < 0
    assert 0 <= slack(arena, account) < 10_000 * WAD
    return account


def test_nothing_that_anyone_may_do_pushes(arena: Arena, who: SimpleNamespace, indebted: int) -> None:
    floor = slack(arena, indebted)
    eth = arena.tokens[1].address
    for market in (BTC, ETH):
        arena.manager.settle_loss(indebted, market, sender=who.attacker)
        assert slack(arena, indebted) >= floor
        arena.manager.poke(market, sender=who.attacker)
        assert slack(arena, indebted) >= floor
    arena.fund(who.attacker, USDC)
    arena.manager.deposit(indebted, arena.quote.address, USDC, sender=who.attacker)
    assert slack(arena, indebted) >= floor
    for amount in (1, WAD // 100, WAD, 20 * WAD):
        held = arena.manager.collateral(indebted, eth)
        try:
            arena.manager.convert_collateral(indebted, eth, min(amount, held), sender=who.attacker)
        except boa.BoaError:
            pass  # refused is as good
        assert slack(arena, indebted) >= floor
    assert arena.liquidated(indebted, who.attacker).reason == 1
    assert arena.manager.cash(int(who.attacker, 16) << 96) == 0


def test_a_conversion_that_unhedges_is_refused(arena: Arena, who: SimpleNamespace) -> None:
    # 520 ether short, 100 of them covered by collateral: to sell that would lay more of the short bare
    account = arena.deposit(who.victim, 100 * 10**18, arena.tokens[1])
    arena.trade(account, ETH, -520 * WAD)
    arena.set_price(ETH, 2_040 * WAD)
    arena.trade(account, ETH, 20 * WAD)
    assert arena.manager.cash(account) < 0
    with boa.reverts("manager: conversion hurts"):
        arena.manager.convert_collateral(account, arena.tokens[1].address, WAD // 10, sender=who.attacker)


def test_settling_a_hedge_leg_takes_no_headroom(arena: Arena, who: SimpleNamespace) -> None:
    # what its owner could withdraw before, he can withdraw after
    account = arena.deposit(who.victim, 50_000 * USDC)
    arena.trade(account, BTC, 4 * WAD)
    arena.trade(account, ETH, -100 * WAD)
    arena.set_price(BTC, 52_000 * WAD)
    arena.set_price(ETH, 2_080 * WAD)
    free = arena.manager.cash(account) * 6 // 10 // 10**12
    with boa.env.anchor():
        arena.manager.withdraw(account, arena.quote.address, free, who.victim, sender=who.victim)
    for market in (BTC, ETH):
        arena.manager.settle_loss(account, market, sender=who.attacker)
    arena.manager.withdraw(account, arena.quote.address, free, who.victim, sender=who.victim)


def test_reserving_and_charging_are_not_for_anyone(arena: Arena, who: SimpleNamespace, indebted: int) -> None:
    for call in (
        lambda: arena.manager.reserve(indebted, WAD, sender=who.attacker),
        lambda: arena.manager.charge_keeper_fee(indebted, 1, WAD, sender=who.attacker),
        lambda: arena.manager.liquidate(indebted, WAD, 1, sender=who.attacker),
    ):
        with boa.reverts("manager: not allowed"):
            call()
