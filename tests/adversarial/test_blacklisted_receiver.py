"""Tokens with a blacklist (USDC froze those of Tornado Cash in August 2022) turned every venue that pays people out in the middle of a
liquidation into one that the frozen can block: the payment reverts, and the bad debt grows.

Here liquidations, orders and write-offs move nothing but ledger entries (I-10, I-13, I-26): who cannot be paid is not paid, and it is
his own withdrawal that waits."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boa
import pytest

from tests.adversarial.arena import BTC, EXECUTED, USDC, Arena
from tests.adversarial.reentry import replace_token
from tests.support.venue import MAX, account_of, load
from tests.support.words import WAD

GUARDED = "tests/contracts/tokens/GuardedToken.vy"


@pytest.fixture
def frozen(arena: Arena, who: SimpleNamespace) -> SimpleNamespace:
    """A trader under water, a keeper and an LP whom both tokens refuse; a second such account that is nobody's victim."""
    bad = arena.deposit(who.victim, 4_000 * USDC)
    arena.deposit(who.victim, WAD, arena.tokens[1])
    good = arena.deposit(who.trader, 4_000 * USDC)
    calm = arena.deposit(who.outsider, 5_000 * USDC)
    for account in (bad, good):
        arena.trade(account, BTC, WAD)
    lp = str(boa.env.generate_address("frozen lp"))
    arena.lp_in(lp, 1_000 * USDC)
    tokens = [replace_token(t, GUARDED) for t in (arena.quote, arena.tokens[1])]
    for token in tokens:
        for user in (who.victim, who.keeper, lp):
            token.set_blacklisted(user, True)
    return SimpleNamespace(bad=bad, good=good, calm=calm, lp=lp, tokens=tokens)


def test_the_naive_liquidation_waits_for_the_frozen(who: SimpleNamespace) -> None:
    token = load(GUARDED, 6)
    pool = load("tests/contracts/naive/PushingLiquidator.vy", token.address)
    users = (who.trader, who.victim, who.outsider)
    for user in users:
        token.mint(user, 100)
        token.approve(pool.address, MAX, sender=user)
        pool.deposit(100, sender=user)
    token.set_blacklisted(who.victim, True)
    with boa.reverts("token: blacklisted"):
        pool.liquidate(list(users), 5, sender=who.keeper)
    token.set_blacklisted(who.victim, False)
    token.set_blacklisted(who.keeper, True)
    with boa.reverts("token: blacklisted"):
        pool.liquidate([who.trader], 5, sender=who.keeper)


@pytest.mark.parametrize("paused", [False, True])
def test_liquidations_and_orders_go_on(
    arena: Arena, who: SimpleNamespace, frozen: SimpleNamespace, paused: bool
) -> None:
    order = arena.order(frozen.good, BTC, -WAD // 10)
    arena.submit(who.trader, order)
    for token in frozen.tokens:
        token.set_paused(paused)
    arena.warp(20)
    assert arena.execute(who.keeper, order)[0].status == EXECUTED
    fee = arena.manager.cash(account_of(who.keeper))
    assert fee > 0
    arena.set_price(BTC, 45_000 * WAD)
    done = arena.liquidations.liquidate([frozen.bad, frozen.calm, frozen.good], 0, sender=who.keeper)
    assert [o.reason for o in done] == [0, 3, 0]
    assert arena.manager.cash(account_of(who.keeper)) - fee == sum(o.reward for o in done) > 0
    assert arena.vault.debt() == 0


def test_the_others_are_paid(arena: Arena, who: SimpleNamespace, frozen: SimpleNamespace) -> None:
    arena.set_price(BTC, 45_000 * WAD)
    arena.liquidations.liquidate([frozen.bad], 0, sender=who.keeper)
    arena.manager.withdraw(frozen.calm, arena.quote.address, 5_000 * USDC, who.outsider, sender=who.outsider)
    assert arena.quote.balanceOf(who.outsider) == 5_000 * USDC
    assert arena.lp_out(arena.lp) > 9_000_000 * USDC
    stock = arena.liquidations.inventory_price(arena.tokens[1].address)[1]
    assert stock > 0
    for buyer in (who.keeper, who.outsider):
        arena.fund(buyer, 10_000 * USDC)
    args = (arena.tokens[1].address, stock, 2**255)
    with boa.reverts("token: blacklisted"):
        arena.liquidations.buy_collateral(*args, who.keeper, b"", sender=who.keeper)
    assert arena.liquidations.buy_collateral(*args, who.outsider, b"", sender=who.outsider)[0] == stock


def test_the_frozen_wait_for_themselves_alone(
    arena: Arena, who: SimpleNamespace, frozen: SimpleNamespace
) -> None:
    arena.set_price(BTC, 45_000 * WAD)
    arena.liquidations.liquidate([frozen.good], 0, sender=who.keeper)
    mine = account_of(who.keeper)
    reward: Any = arena.manager.cash(mine) // 10**12
    with boa.reverts("token: blacklisted"):
        arena.manager.withdraw(mine, arena.quote.address, reward, who.keeper, sender=who.keeper)
    arena.manager.withdraw(mine, arena.quote.address, reward, who.outsider, sender=who.keeper)
    with boa.reverts("token: blacklisted"):
        arena.lp_out(frozen.lp)
    shares = arena.shares.balanceOf(frozen.lp)
    assert arena.shares.redeem(shares, who.outsider, frozen.lp, sender=frozen.lp) > 990 * USDC
