"""(14) Liquidate oneself and be paid the reward: owner and keeper together never gain (I-12)."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import BTC, ETH, USDC, Arena
from tests.support.venue import account_of
from tests.support.words import WAD


@pytest.mark.parametrize("reward_to", ["another", "pool", "cover"])
@pytest.mark.parametrize("size", [WAD // 200, WAD, 50 * WAD])
def test_whoever_is_paid(
    either: Arena, who: SimpleNamespace, ours: tuple[str, ...], size: int, reward_to: str
) -> None:
    deposit = max(size * 50_000 * 68 // 1000 + WAD, 27 * WAD) // 10**12
    account = either.deposit(who.attacker, deposit)
    either.trade(account, BTC, size)
    either.set_price(BTC, 50_000 * WAD - (either.equity(account) * 45 // 100) * WAD // size)
    reward = {
        "another": account_of(who.second),
        "pool": either.pool_account,
        "cover": either.cover_account,
    }[reward_to]
    before = either.purse(*ours)
    outcome = either.liquidations.liquidate([account], reward, sender=who.attacker)[0]
    assert outcome.reason == 0 and outcome.reward > 0
    assert either.purse(*ours) - before <= 0
    assert either.vault.debt() == 0


def test_not_to_the_account_itself(arena: Arena, who: SimpleNamespace) -> None:
    account = arena.deposit(who.attacker, 4_000 * USDC)
    arena.trade(account, BTC, WAD)
    arena.set_price(BTC, 48_000 * WAD)
    assert arena.liquidations.liquidate([account], account, sender=who.attacker)[0].reason == 4
    with boa.reverts("manager: reward to itself"):
        arena.manager.liquidate(account, WAD, account, sender=arena.liquidator)


def test_many_small_accounts_with_the_cap_as_reward(
    either: Arena, who: SimpleNamespace, ours: tuple[str, ...]
) -> None:
    # the flat cost is at its cap, the accounts are as small as can be
    either.liquidations.set_terms((1_000 * WAD, 0, 0, 3_600), sender=either.owner)
    accounts = []
    for sub in range(8):
        account = either.deposit(who.attacker, 25_300_000, sub=sub)
        either.trade(account, BTC, WAD // 500 * (1 if sub % 2 else -1))
        accounts.append(account)
    either.set_price(BTC, 50_200 * WAD)
    before = either.purse(*ours, subs=8)
    with boa.env.anchor():
        done = either.liquidations.liquidate(accounts, 0, sender=who.bot)
        assert sum(o.reward for o in done if o.reason == 0) == 4 * 10 * WAD
        assert either.purse(*ours, subs=8) - before <= 0
        assert either.vault.debt() == 0
    either.set_price(BTC, 49_800 * WAD)
    either.liquidations.liquidate(accounts, 0, sender=who.bot)
    assert either.vault.debt() == 0 and either.manager.cash(either.pool_account) >= 10_000_000 * WAD


def test_collateral_bought_back_at_auction(arena: Arena, who: SimpleNamespace, ours: tuple[str, ...]) -> None:
    # hand the collateral over at the largest discount, buy it back when that is reached
    account = arena.deposit(who.attacker, 100 * 10**18, arena.tokens[1])
    arena.trade(account, ETH, 700 * WAD)
    arena.set_price(ETH, 1_830 * WAD)
    before = arena.purse(*ours)
    outcome = arena.liquidated(account, who.bot)
    assert outcome.reason == 0
    arena.warp(3_600)
    stock = arena.liquidations.inventory_price(arena.tokens[1].address)[1]
    arena.fund(who.second, 1_000_000 * USDC)
    arena.liquidations.buy_collateral(
        arena.tokens[1].address, stock, 2**255, who.second, b"", sender=who.second
    )
    assert arena.purse(*ours) - before - 1_000_000 * WAD <= 0
