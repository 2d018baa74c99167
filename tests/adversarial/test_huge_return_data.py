"""Return bombs: a callee answers with a megabyte, and who copies answers pays more for the memory than the caller's gas (known since 2018,
found in relayers and in liquidators that call their users' contracts).

Here every low-level call has a fixed bound on what it copies, and liquidations and orders call no user at all (I-10, I-26)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boa
import pytest
from eth_abi import encode

from tests.adversarial.arena import BTC, USDC, Arena
from tests.adversarial.reentry import replace_token
from tests.support.venue import account_of, load
from tests.support.words import WAD

HUGE = "tests/contracts/attackers/HugeToken.vy"
# what answers of any length may cost besides: the first words, a size
BOUND = 2_000


def without(done: Any, stranger: str) -> int:
    """Gas of a call without that of the calls to a stranger inside it."""
    inside = 0
    for child in done.children:
        if child.msg.code_address == bytes.fromhex(stranger[2:]):
            inside += child.get_gas_used()
        else:
            inside += child.get_gas_used() - without(child, stranger)
    return done.get_gas_used() - inside


def called(done: Any, stranger: str) -> bool:
    """Whether a stranger is called anywhere inside a call."""
    there = bytes.fromhex(stranger[2:])
    return any(c.msg.code_address == there or called(c, stranger) for c in done.children)


def spent(arena: Arena, user: str, stranger: str, target: Any, function: str, *args: Any) -> int:
    """The venue's own gas of a call that succeeds, without consequences."""
    with boa.env.anchor():
        data = getattr(target, function).prepare_calldata(*args)
        done = boa.env.execute_code(target.address, sender=user, data=data)
        assert not done.is_error
        assert called(done, stranger)
        return without(done, stranger)


def test_the_naive_caller_pays_for_the_memory(who: SimpleNamespace) -> None:
    token, caller = load(HUGE, 18), load("tests/contracts/naive/CopiesAnswer.vy")
    token.mint(caller.address, 2)
    data = caller.pull.prepare_calldata(token.address, token.transfer.prepare_calldata(who.outsider, 1))
    cost = []
    for huge in (False, True):
        token.set_huge(huge, False)
        cost.append(without(boa.env.execute_code(caller.address, data=data), token.address))
    assert cost[1] - cost[0] > 100 * BOUND


CALLS = {
    "deposit": lambda a, w, t: (a.manager, "deposit", account_of(w.trader), t.address, 5),
    "withdraw": lambda a, w, t: (a.manager, "withdraw", account_of(w.trader), t.address, 5, w.trader),
    "permit": lambda a, w, t: (
        *(a.manager, "deposit_with_permit", account_of(w.trader), t.address, 5),
        *(0, 27, bytes(32), bytes(32)),
    ),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("asset", ["quote", "collateral"])
def test_a_token(arena: Arena, who: SimpleNamespace, name: str, asset: str) -> None:
    token = arena.quote if asset == "quote" else arena.tokens[1]
    arena.deposit(who.trader, 10**9, token)
    arena.fund(who.trader, 10**9, token)
    huge = replace_token(token, HUGE)
    cost = []
    for on in (False, True):
        huge.set_huge(on, False)
        cost.append(spent(arena, who.trader, token.address, *CALLS[name](arena, who, huge)))
    assert abs(cost[1] - cost[0]) < BOUND


def test_a_permit_that_fails_with_a_megabyte(arena: Arena, who: SimpleNamespace) -> None:
    target = load(HUGE, 18)
    target.set_huge(True, True)
    data = arena.manager.deposit_with_permit.prepare_calldata(
        account_of(who.trader), target.address, 5, 0, 27, bytes(32), bytes(32)
    )
    done = boa.env.execute_code(arena.manager.address, sender=who.trader, data=data)
    assert done.is_error and b"vault: unknown token" in done.output
    assert called(done, target.address)
    assert without(done, target.address) < 30_000


def test_a_keeper_is_not_called(arena: Arena, who: SimpleNamespace) -> None:
    keeper = load(HUGE, 18)
    keeper.set_huge(True, True)
    account = arena.deposit(who.victim, 4_000 * USDC)
    arena.trade(account, BTC, WAD)
    arena.set_price(BTC, 47_000 * WAD)
    data = arena.liquidations.liquidate.prepare_calldata([account], account_of(keeper.address))
    done = boa.env.execute_code(arena.liquidations.address, sender=keeper.address, data=data)
    assert not done.is_error and not called(done, keeper.address)
    assert arena.manager.cash(account_of(keeper.address)) > 0


def test_a_feed(arena: Arena, who: SimpleNamespace) -> None:
    account = arena.deposit(who.victim, 4_000 * USDC)
    arena.trade(account, BTC, WAD)
    feed = load("tests/contracts/feeds/HostileFeed.vy")
    now = boa.env.timestamp + 1
    reply = encode(["uint80", "int256", "uint256", "uint256", "uint80"], [1, 47_000 * 10**8, now, now, 1])
    feed.set(0, reply)
    arena.oracle.set_feed(BTC, (feed.address, 8, 86_400, 1, 2**80), sender=arena.owner)
    boa.env.time_travel(seconds=1)
    cost = []
    for mode in (0, 4):
        feed.set(mode, reply)
        liquidate = (arena.liquidations, "liquidate", [account], 0)
        cost.append(spent(arena, who.keeper, feed.address, *liquidate))
    assert abs(cost[1] - cost[0]) < BOUND
    assert arena.liquidated(account, who.keeper).reason == 0
