"""Lending venues on expensive chains: accounts so small that a liquidation costs its keeper more gas than it pays stay open, and what they lose becomes
everybody's. Q-1 answers: K, the keeper's flat cost at the base fee, comes out of the account, and nobody holds a position on less than
`min_margin` ≥ K + cap, so that the smallest account can still pay for it.

Shown at 200 gwei with ether at 2,000, on parameters of the kind that such a chain needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import BTC, ETH, HOUR, USDC, Arena
from tests.adversarial.naive import Paper, PercentOnly, Real, Refused
from tests.support.words import WAD

BASE_FEE = 200 * 10**9
INTRINSIC = 21_000
GAS_UNITS = 600_000  # of the shipped parameters
CAP = GAS_UNITS * BASE_FEE * 2_000  # 240 quote
LEAST = 2 * CAP // 10**12  # tokens of min_margin


@contextmanager
def base_fee(wei: int) -> Iterator[None]:
    """The base fee of the blocks within."""
    context = boa.env.evm.vm.state.execution_context
    before = context._base_fee_per_gas
    context._base_fee_per_gas = wei
    try:
        yield
    finally:
        context._base_fee_per_gas = before


def expensive(stage: Real) -> None:
    """Parameters for such a chain."""
    stage.terms(keeper_cap=CAP, min_margin=2 * CAP)
    stage.arena.liquidations.set_terms((0, GAS_UNITS, ETH, HOUR), sender=stage.arena.owner)


def gas_of_liquidating(arena: Arena, account: int, keeper: str) -> tuple[int, int]:
    """(reward, gas) of one liquidation in a transaction of its own."""
    done = arena.liquidations.liquidate([account], 0, sender=keeper)[0]
    assert done.reason == 0
    return done.reward, arena.liquidations._computation.get_gas_used() + INTRINSIC


def test_a_share_of_dust_pays_no_gas(arena: Arena, who: SimpleNamespace) -> None:
    naive, real = Paper(arena.setup, PercentOnly), Real(arena)
    accounts = {}
    for stage in (naive, real):
        accounts[stage] = stage.deposit(who.victim, 60 * USDC)
        stage.trade(accounts[stage], BTC, stage.size(BTC, 900))
        stage.set_price(BTC, 48_000 * WAD)
    assert naive.health(accounts[naive])[3] == real.health(accounts[real])[3] == 3
    _, gas = gas_of_liquidating(arena, accounts[real], who.keeper)
    reward = naive.liquidate(accounts[naive], who.keeper).reward
    assert 0 < reward * 30 < gas * BASE_FEE * real.prices[ETH] // WAD


def test_the_smallest_account_pays_its_keeper(arena: Arena, who: SimpleNamespace) -> None:
    stage = Real(arena)
    expensive(stage)
    account = stage.deposit(who.victim, LEAST + USDC)
    stage.trade(account, BTC, stage.size(BTC, 900))
    stage.set_price(BTC, 49_000 * WAD)
    assert 2 * CAP * 9 // 10 < stage.health(account)[0] < 2 * CAP
    with base_fee(BASE_FEE):
        reward, gas = gas_of_liquidating(arena, account, who.keeper)
    assert reward >= gas * BASE_FEE * stage.prices[ETH] // WAD
    # nobody but the account paid for it
    assert stage.position(account, BTC) == (0, 0) and stage.cash(account) > 0
    assert stage.funds()[0] >= 10_000_000 * WAD and stage.funds()[1] >= 0


@pytest.mark.parametrize("below", [1, 10, 100])
def test_nobody_holds_a_position_on_less(arena: Arena, who: SimpleNamespace, below: int) -> None:
    stage = Real(arena)
    expensive(stage)
    account = stage.deposit(who.attacker, LEAST - below)
    with pytest.raises(Refused, match="below initial margin"):
        stage.trade(account, BTC, stage.size(BTC, 900))


def test_many_of_them_in_one_batch(arena: Arena, who: SimpleNamespace) -> None:
    # fallen so far that what is left is less than the reward: the keeper is paid all the same, and the rest is booked
    stage = Real(arena)
    expensive(stage)
    accounts = []
    for sub in range(5):
        account = stage.deposit(who.victim, LEAST + 5 * USDC, sub=sub)
        stage.trade(account, BTC, stage.size(BTC, 7_000))
        accounts.append(account)
    stage.set_price(BTC, 47_000 * WAD)
    with base_fee(BASE_FEE):
        done = arena.liquidations.liquidate(accounts, 0, sender=who.keeper)
        gas = arena.liquidations._computation.get_gas_used() + INTRINSIC
    assert [d.reason for d in done] == [0] * 5
    assert sum(d.reward for d in done) >= gas * BASE_FEE * stage.prices[ETH] // WAD
    assert all(stage.cash(a) == 0 for a in accounts)
    assert arena.vault.debt() == 0
