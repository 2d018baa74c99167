"""Against our own rules: a leg of next to no worth whose feed has died makes `liquidate` answer "no valid price", and the rest of the book runs
into bad debt behind it; whoever trades a market with a weak feed can arrange for that.

The rule (dead legs, I-10, I-13): a leg without a valid price counts at its last word moved by its band w in the account's favour and is not
sliced; if E < MM even so, all live legs close, and nothing is written off while a dead one is left."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import BTC, DAY, ETH, USDC, Arena
from tests.support.venue import account_of
from tests.support.words import WAD

WETH = 1
CLOSED, NO_PRICE = 0, 2


def kill(arena: Arena, market: int, bitcoin: int) -> None:
    """A day passes in which one feed says nothing and bitcoin goes to a price."""
    boa.env.time_travel(seconds=DAY + 1)
    arena.quote_feed.push(10**8)
    for i, feed in enumerate(arena.feeds):
        if i != market:
            arena.prices[i] = bitcoin if i == BTC else arena.prices[i]
            feed.push(arena.prices[i] // 10**10)
    assert arena.oracle.prices([market])[0].state != 0


def book(arena: Arena, owner: str, ether: int, sub: int = 0) -> int:
    """20,000 quote, 2 bitcoin long, and some ether, short if negative."""
    account = arena.deposit(owner, 20_000 * USDC, sub=sub)
    arena.trade(account, BTC, 2 * WAD)
    if ether:
        arena.trade(account, ETH, ether)
    return account


@pytest.fixture(params=["position", "collateral"])
def shielded(request: pytest.FixtureRequest, arena: Arena, who: SimpleNamespace) -> int:
    """20 quote of ether, held in one way or the other, besides 100,000 of bitcoin."""
    if request.param == "position":
        return book(arena, who.attacker, WAD // 100)
    account = book(arena, who.attacker, 0)
    arena.deposit(who.attacker, WAD // 100, arena.tokens[WETH])
    return account


def naive(arena: Arena, account: int) -> int:
    """The rule that waits for all prices."""
    held = arena.manager.legs(account)[0] | (arena.vault.word(account) >> 224 & 2)  # WETH is ether: bit 1
    prices = [arena.oracle.prices([u])[0] for u in range(5) if held >> u & 1]
    return NO_PRICE if any(p.state != 0 for p in prices) else CLOSED


def test_the_naive_rule_lets_the_loss_grow(arena: Arena, who: SimpleNamespace, shielded: int) -> None:
    bare = book(arena, who.attacker, 0, sub=1)
    for price in (41_000, 35_000, 30_000):
        kill(arena, ETH, price * WAD)
        assert naive(arena, bare) == CLOSED
        assert naive(arena, shielded) == NO_PRICE
        # 20,000 of margin, and 2 bitcoin from 50,000: what is missing is the venue's
        assert arena.equity(bare) <= (20_000 - 2 * (50_000 - price)) * WAD


def test_the_live_leg_closes(arena: Arena, who: SimpleNamespace, shielded: int) -> None:
    ether = arena.manager.position(shielded, ETH), arena.vault.collateral(shielded, WETH)
    kill(arena, ETH, 41_000 * WAD)
    outcome = arena.liquidated(shielded, who.keeper)
    assert (outcome.reason, outcome.slice) == (CLOSED, WAD)
    assert arena.manager.position(shielded, BTC) == (0, 0)
    assert (arena.manager.position(shielded, ETH), arena.vault.collateral(shielded, WETH)) == ether
    assert arena.manager.cash(account_of(who.keeper)) == outcome.reward > 0


def test_nothing_is_written_off_while_a_dead_leg_is_left(
    arena: Arena, who: SimpleNamespace, shielded: int
) -> None:
    kill(arena, ETH, 35_000 * WAD)
    assert arena.liquidated(shielded, who.keeper).reason == CLOSED
    owed = arena.vault.debt()
    assert 9_000 * WAD < owed == -arena.manager.cash(shielded)
    # once there is a price again the rest goes the usual way
    arena.keep_fresh()
    boa.env.time_travel(seconds=1)
    assert arena.liquidated(shielded, who.keeper).reason == CLOSED
    assert arena.manager.legs(shielded)[0] == 0 and arena.vault.debt() == 0


# ETH: w = 586 bps of 2,000 quote, so that 40 ether are moved by 4,688 quote. E is below MM at the last word in all four.
@pytest.mark.parametrize(
    ("ether", "bitcoin", "answer"),
    [
        (40, 44_000, NO_PRICE),
        (-40, 42_000, NO_PRICE),
        (40, 39_500, CLOSED),
        (-40, 39_500, CLOSED),
    ],
)
def test_the_band_is_in_the_accounts_favour(
    arena: Arena, who: SimpleNamespace, ether: int, bitcoin: int, answer: int
) -> None:
    account = book(arena, who.victim, ether * WAD)
    kill(arena, ETH, bitcoin * WAD)
    equity, _, maintenance, _ = arena.manager.account_health(account)
    assert equity < maintenance
    before = arena.manager.position(account, ETH)
    assert arena.liquidated(account, who.keeper).reason == answer
    assert arena.manager.position(account, ETH) == before
    assert (arena.manager.position(account, BTC)[0] == 0) is (answer == CLOSED)


def test_with_nothing_live_there_is_nothing_to_do(arena: Arena, who: SimpleNamespace) -> None:
    account = arena.deposit(who.victim, 4_000 * USDC)
    arena.trade(account, ETH, 20 * WAD)
    kill(arena, ETH, 20_000 * WAD)
    assert arena.liquidated(account, who.keeper).reason == NO_PRICE
    assert arena.manager.position(account, ETH)[0] == 20 * WAD
