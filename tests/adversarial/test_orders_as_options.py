"""(8) An order is no option: not by cancelling, nor by executing late, nor by making it fail (I-19)."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import BTC, DELAY, EXECUTED, FAILED, MAX_AGE, SKIPPED, USDC, WINDOW, Arena
from tests.support.venue import account_of
from tests.support.words import WAD

SIZE = 20 * WAD  # a million


def publish(arena: Arena, price: int, seconds: int) -> bytes:
    """A round after so many seconds; returns its id for `execute`."""
    arena.prices[BTC] = price
    arena.warp(seconds)
    return arena.round_id(BTC)


def keen(arena: Arena, keeper: str, order: tuple, round_id: bytes) -> int:
    """A keeper who looks before it pays gas: executes if that earns it anything. Returns what it earned."""
    account = account_of(keeper)
    before = arena.manager.cash(account)
    with boa.env.anchor():
        arena.execute(keeper, order, rounds=[round_id])
        worth = arena.manager.cash(account) - before
    if worth > 0:
        arena.execute(keeper, order, rounds=[round_id])
    return worth


def test_it_cannot_be_cancelled_once_its_price_is_known(arena: Arena, who: SimpleNamespace) -> None:
    account = arena.deposit(who.attacker, 200_000 * USDC)
    before = arena.purse(who.attacker)
    order = arena.order(account, BTC, SIZE)
    arena.submit(who.attacker, order)
    first = publish(arena, 50_000 * WAD, DELAY)
    publish(arena, 49_500 * WAD, 5)  # bad for a buyer at the first round
    with boa.reverts("orders: too late to cancel"):
        arena.orders.cancel(order, sender=who.attacker)
    assert arena.execute(who.keeper, order, rounds=[first])[0].status == EXECUTED
    assert arena.purse(who.attacker) - before < -SIZE * 500 // WAD * WAD


@pytest.mark.parametrize("later", [50_500, 49_500])
def test_it_executes_at_no_other_round(arena: Arena, who: SimpleNamespace, later: int) -> None:
    account = arena.deposit(who.attacker, 200_000 * USDC)
    order = arena.order(account, BTC, SIZE)
    early = arena.round_id(BTC)
    arena.submit(who.attacker, order)
    publish(arena, 50_000 * WAD, DELAY)
    chosen = publish(arena, later * WAD, 5)
    for round_id, reason in ((chosen, "oracle: not the first round"), (early, "oracle: round too early")):
        result = arena.execute(who.attacker, order, rounds=[round_id])[0]
        assert (result.status, result.reason) == (SKIPPED, reason)
    assert arena.manager.position(account, BTC) == (0, 0)


def test_it_does_not_keep_longer_than_its_round(arena: Arena, who: SimpleNamespace) -> None:
    account = arena.deposit(who.attacker, 200_000 * USDC)
    order = arena.order(account, BTC, SIZE)
    arena.submit(who.attacker, order)
    first = publish(arena, 50_000 * WAD, DELAY)
    publish(arena, 52_000 * WAD, MAX_AGE + 1)  # what a buyer at the first round would love
    result = arena.execute(who.attacker, order, rounds=[first])[0]
    assert (result.status, result.reason) == (SKIPPED, "orders: round too old")
    boa.env.time_travel(seconds=WINDOW)
    assert arena.execute(who.attacker, order, rounds=[first])[0].reason == "orders: expired"


@pytest.mark.parametrize("keeper", ["keeper", "attacker"])
def test_to_make_it_fail_costs_the_fee(
    arena: Arena, who: SimpleNamespace, ours: tuple[str, ...], keeper: str
) -> None:
    account = arena.deposit(who.attacker, 200_000 * USDC)
    before = arena.purse(*ours)
    order = arena.order(account, BTC, SIZE)
    arena.submit(who.attacker, order)
    first = publish(arena, 50_000 * WAD, DELAY)
    publish(arena, 49_500 * WAD, 5)
    free = arena.manager.cash(account) - arena.vault.reserved(account)
    arena.manager.transfer(account, account + 1, arena.quote.address, free, sender=who.attacker)
    assert arena.execute(getattr(who, keeper), order, rounds=[first])[0].status == FAILED
    assert arena.purse(*ours) - before == -arena.orders.keeper_fee()


def test_a_straddle_loses_while_keepers_wake(
    arena: Arena, who: SimpleNamespace, ours: tuple[str, ...]
) -> None:
    long, short = (arena.deposit(u, 200_000 * USDC) for u in (who.attacker, who.second))
    before = arena.purse(*ours)
    orders = arena.order(long, BTC, SIZE), arena.order(short, BTC, -SIZE)
    arena.submit(who.attacker, orders[0])
    arena.submit(who.second, orders[1])
    first = publish(arena, 50_000 * WAD, DELAY)
    for order in orders:
        assert keen(arena, who.keeper, order, first) == arena.orders.keeper_fee()
    publish(arena, 50_500 * WAD, 60)
    arena.manager.close_fraction(long, WAD, sender=who.attacker)
    arena.manager.close_fraction(short, WAD, sender=who.second)
    assert arena.purse(*ours) - before < 0


def test_a_straddle_that_no_keeper_is_paid_to_execute(
    arena: Arena, who: SimpleNamespace, ours: tuple[str, ...]
) -> None:
    # Two accounts hold a speck of a position and 25.1 quote each: less than the fee above min_margin, so that a keeper
    # who consumes their failing orders is paid nothing. One deposits and executes itself once the price has moved.
    owners = dict(zip((who.attacker, who.second), (1, -1)))
    fee = arena.orders.keeper_fee()
    orders = {}
    for user, sign in owners.items():
        account = arena.deposit(user, 25 * USDC + 150_000)
        arena.trade(account, BTC, sign * WAD // 1000)
        assert 0 <= arena.manager.account_health(account)[0] - 25 * WAD < fee
        orders[user] = arena.order(account, BTC, sign * SIZE)
    for user in owners:
        arena.fund(user, 200_000 * USDC)
    before = arena.purse(*ours)
    for user, order in orders.items():
        arena.submit(user, order)
    first = publish(arena, 50_000 * WAD, DELAY)
    for order in orders.values():
        keen(arena, who.keeper, order, first)
    publish(arena, 50_250 * WAD, 120)  # up by half a percent, which is when a feed publishes
    arena.manager.deposit(account_of(who.attacker), arena.quote.address, 200_000 * USDC, sender=who.attacker)
    arena.execute(who.attacker, orders[who.attacker], rounds=[first])
    arena.manager.close_fraction(account_of(who.attacker), WAD, sender=who.attacker)
    assert arena.purse(*ours) - before <= 0


def test_a_straddle_of_accounts_without_cash(
    arena: Arena, who: SimpleNamespace, ours: tuple[str, ...]
) -> None:
    owners = dict(zip((who.attacker, who.second), (1, -1)))
    orders = {}
    for user, sign in owners.items():
        account = arena.deposit(user, 10**18, arena.tokens[1])
        arena.deposit(user, USDC)
        arena.trade(account, BTC, sign * WAD // 100)
        orders[user] = arena.order(account, BTC, sign * SIZE)
        arena.fund(user, 200_000 * USDC)
    before = arena.purse(*ours)
    for user, order in orders.items():
        arena.submit(user, order)
        arena.manager.close_fraction(account_of(user), WAD, sender=user)
        assert arena.manager.cash(account_of(user)) < 0
        assert arena.manager.account_health(account_of(user))[3] == 0
    first = publish(arena, 50_000 * WAD, DELAY)
    for order in orders.values():
        keen(arena, who.keeper, order, first)
    publish(arena, 50_250 * WAD, 120)
    arena.manager.deposit(account_of(who.attacker), arena.quote.address, 200_000 * USDC, sender=who.attacker)
    arena.execute(who.attacker, orders[who.attacker], rounds=[first])
    if arena.manager.legs(account_of(who.attacker))[0]:
        arena.manager.close_fraction(account_of(who.attacker), WAD, sender=who.attacker)
    assert arena.purse(*ours) - before <= 0
