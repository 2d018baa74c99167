"""Accounts too big to liquidate: with enough assets in it an account costs more gas to liquidate than a block has, which is why lending
venues cap what one may enter; a batch that reverts with one account in it lets that one protect the others.

Here an account holds at most 16 positions and 8 collaterals, a liquidation reads each of them once, a quarter of a 30M block
is enough, and a batch passes over what fails (I-10, Q-1)."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import boa
import pytest
from boa.environment import Env

from tests.adversarial.arena import BTC, USDC, Arena, build
from tests.support.venue import account_of, load
from tests.support.words import WAD, AssetParams, Setup, sixteen

QUARTER = 7_500_000
POSITIONS, ASSETS = 16, 8
# positions on one underlying each, collateral on others: 24 of everything
BIG = replace(
    Setup(),
    markets=sixteen(count=POSITIONS + ASSETS),
    assets=tuple(AssetParams(f"C{i}", 18, POSITIONS + i, 500) for i in range(ASSETS)),
)


def loaded(arena: Arena, trader: str) -> int:
    """An account with all 16 positions and all 8 collaterals, 5,000 quote of each, and as much margin."""
    account = arena.deposit(trader, 9_000 * USDC)
    for i, token in enumerate(arena.tokens):
        price = arena.prices[POSITIONS + i]
        arena.deposit(trader, 1_000 * WAD * WAD // price // 10**10 * 10**10, token)
    for market in range(POSITIONS):
        arena.trade(account, market, 5_000 * WAD * WAD // arena.prices[market] // 10**10 * 10**10)
    return account


def fall(arena: Arena, percent: int) -> None:
    """All markets at once, and all collateral."""
    boa.env.time_travel(seconds=1)
    for i, feed in enumerate(arena.feeds):
        arena.prices[i] = arena.prices[i] * (100 - percent) // 100 // 10**10 * 10**10
        feed.push(arena.prices[i] // 10**10)


def gas(target: Any, sender: str, data: bytes) -> tuple[int, Any]:
    """Gas of a transaction of its own, everything cold, the intrinsic part included."""
    boa.env.evm.vm.state.lock_changes()
    boa.env.evm.reset_access_counters()
    done = boa.env.execute_code(target.address, sender=sender, data=data)
    assert not done.is_error
    return done.get_gas_used() + 21_000 + 16 * len(data), done


def liquidated(arena: Arena, keeper: str, account: int) -> tuple[int, int]:
    """(gas, fraction closed in WAD) of one liquidation that works."""
    used, done = gas(arena.liquidations, keeper, arena.liquidations.liquidate.prepare_calldata([account], 0))
    slice_, reason = (int.from_bytes(done.output[i : i + 32], "big") for i in (64, 128))
    assert reason == 0
    return used, slice_


def test_the_biggest_account(who: SimpleNamespace) -> None:
    with boa.swap_env(Env()):
        arena = build(BIG)
        first, second = loaded(arena, who.trader), loaded(arena, who.victim)
        fall(arena, 5)
        while arena.manager.account_health(first)[3] != 3:
            fall(arena, 1)
        one_look, _ = gas(arena.manager, who.keeper, arena.manager.account_health.prepare_calldata(first))
        # the naive rule looks at the whole account again after each position and each collateral that it closes
        assert one_look * (POSITIONS + ASSETS) > QUARTER
        partial, slice_ = liquidated(arena, who.keeper, first)
        assert 0 < slice_ < WAD
        assert len(arena.vault.snapshot(first)[1]) == ASSETS
        assert arena.manager.legs(first)[0] == 2**POSITIONS - 1
        fall(arena, 30)
        full, slice_ = liquidated(arena, who.keeper, second)
        assert slice_ == WAD
        assert arena.vault.snapshot(second)[1] == [] and arena.manager.legs(second)[0] == 0
        print(f"partial {partial:,}, full {full:,} of {QUARTER:,}; one look {one_look:,}")
        assert max(partial, full) < QUARTER


@pytest.fixture
def batch(arena: Arena, who: SimpleNamespace) -> list[int]:
    """Two accounts to liquidate, and between them one that is healthy, an empty one, and the keeper's own."""
    accounts = [arena.deposit(who.victim, 4_000 * USDC, sub=i) for i in range(2)]
    mine = arena.deposit(who.keeper, 4_000 * USDC)
    for account in (*accounts, mine):
        arena.trade(account, BTC, WAD)
    healthy = arena.deposit(who.trader, 40_000 * USDC)
    arena.trade(healthy, BTC, WAD)
    arena.set_price(BTC, 47_500 * WAD)
    return [accounts[0], healthy, account_of(who.outsider), mine, accounts[1]]


def test_the_naive_batch_falls_with_one(arena: Arena, who: SimpleNamespace, batch: list[int]) -> None:
    naive = load("tests/contracts/naive/AllOrNothing.vy", arena.manager.address)
    arena.manager.set_role(naive.address, 2, sender=arena.configurator)
    with boa.reverts("manager: reward to itself"):
        naive.liquidate([batch[0], batch[3], batch[4]], batch[3])
    with boa.reverts("naive: not liquidatable"):
        naive.liquidate([batch[0], batch[1], batch[4]], batch[3])


def test_a_batch_passes_over_what_fails(arena: Arena, who: SimpleNamespace, batch: list[int]) -> None:
    done = arena.liquidations.liquidate(batch, 0, sender=who.keeper)
    assert [o.reason for o in done] == [0, 1, 3, 4, 0]
    with boa.env.anchor():
        again = arena.liquidations.liquidate(batch, 0, sender=who.second)
    assert [o.reason for o in again] == [1, 1, 3, 0, 1]
