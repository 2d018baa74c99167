"""Drift, 2026: whoever got hold of an admin key listed a worthless token as collateral, put it in by the million and took out what the
others had deposited.

What limits the Configurator's key today: a listed token is priced by a market that exists, its discount and cap have hard bounds, no
account can go into debt by withdrawing, the assets and balances that are there cannot be touched (I-28), and what can be lost by a
token of no worth is at most its cap less its discount (L-2, M-4). What does not: the key may list at once, with the highest cap, and
then lose against itself on the book until the Vault's quote is in its other hand. Only the timelock of the governance issue, under which
a new collateral and a higher cap wait for days while reductions and withdrawals do not, takes that away."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import boa
import pytest

from tests.adversarial.arena import BTC, USDC, Arena
from tests.adversarial.reentry import configurator
from tests.support.venue import MAX, load
from tests.support.words import WAD

DISCOUNT, FAKE_CAP = 500, 10 * WAD


@pytest.fixture
def rules(arena: Arena) -> Any:
    """The real Configurator; `arena.owner` has lost its key."""
    return configurator(arena)


@pytest.fixture
def fake(arena: Arena, rules: Any, who: SimpleNamespace) -> Any:
    """A token of no worth that passes for bitcoin, up to ten of them; the attacker has a million."""
    token = load("tests/contracts/tokens/StandardToken.vy", 18)
    rules.list_collateral(token.address, BTC, DISCOUNT, FAKE_CAP, sender=arena.owner)
    arena.fund(who.attacker, 10**6 * WAD, token)
    return token


def test_the_naive_pool_is_emptied(who: SimpleNamespace) -> None:
    quote, fake = (load("tests/contracts/tokens/StandardToken.vy", 6) for _ in range(2))
    pool = load("tests/contracts/naive/OpenLister.vy", who.attacker, quote.address)
    quote.mint(pool.address, 10**6 * USDC)
    fake.mint(who.attacker, 1)
    fake.approve(pool.address, MAX, sender=who.attacker)
    pool.list_collateral(fake.address, 10**30, sender=who.attacker)
    pool.borrow(fake.address, 1, 10**6 * USDC, sender=who.attacker)
    assert quote.balanceOf(who.attacker) == 10**6 * USDC


def test_the_bounds_are_in_code(arena: Arena, rules: Any, fake: Any) -> None:
    other = load("tests/contracts/tokens/StandardToken.vy", 18)
    as_owner = {"sender": arena.owner}
    with boa.reverts("configurator: underlying"):
        rules.list_collateral(other.address, len(arena.setup.markets), 0, 0, **as_owner)
    with boa.reverts("configurator: discount"):
        rules.list_collateral(other.address, BTC, 5_001, 0, **as_owner)
    with boa.reverts("configurator: cap"):
        rules.list_collateral(other.address, BTC, 0, 2**96, **as_owner)
    for listed in (fake, arena.quote, *arena.tokens):
        with boa.reverts("vault: already listed"):
            rules.list_collateral(listed.address, BTC, 0, 0, **as_owner)


def test_listing_moves_nobody(arena: Arena, rules: Any, who: SimpleNamespace) -> None:
    account = arena.deposit(who.victim, 50_000 * USDC)
    arena.deposit(who.victim, WAD, arena.tokens[1])
    arena.trade(account, BTC, WAD)

    def all_of_it() -> tuple[Any, ...]:
        health = [tuple(arena.manager.account_health(a)) for a in (account, arena.pool_account)]
        return (
            health,
            arena.vault.snapshot(account),
            tuple(arena.shares.pool_state()),
            arena.shares.totalAssets(),
        )

    before = all_of_it()
    token = load("tests/contracts/tokens/StandardToken.vy", 18)
    rules.list_collateral(token.address, BTC, 0, 2**96 - 1, sender=arena.owner)
    assert all_of_it() == before


def test_no_more_than_the_cap_counts_and_none_of_it_is_lent(
    arena: Arena, who: SimpleNamespace, fake: Any
) -> None:
    account = int(who.attacker, 16) << 96
    with boa.reverts("vault: deposit cap"):
        arena.manager.deposit(account, fake.address, FAKE_CAP + 1, sender=who.attacker)
    arena.manager.deposit(account, fake.address, FAKE_CAP, sender=who.attacker)
    with boa.reverts("vault: deposit cap"):
        arena.manager.deposit(account + 1, fake.address, 1, sender=who.attacker)
    assert arena.manager.account_health(account)[0] == 10 * arena.prices[BTC] * (10_000 - DISCOUNT) // 10_000
    with boa.reverts("vault: insufficient balance"):
        arena.manager.withdraw(account, arena.quote.address, 1, who.attacker, sender=who.attacker)


def round_trip(arena: Arena, loser: int, winner: int, size: int) -> None:
    """The loser pays the skew's price both ways; the winner stands on the other side of it. No price moves."""
    arena.trade(loser, BTC, size)
    arena.trade(winner, BTC, -size)
    arena.trade(loser, BTC, -size)
    arena.trade(winner, BTC, size)


def test_what_can_be_lost_is_the_cap_less_the_discount(
    arena: Arena, rules: Any, who: SimpleNamespace, fake: Any
) -> None:
    worth = FAKE_CAP * arena.prices[BTC] // WAD * (10_000 - DISCOUNT) // 10_000
    loser = int(who.attacker, 16) << 96
    arena.manager.deposit(loser, fake.address, FAKE_CAP, sender=who.attacker)
    winner = arena.deposit(who.second, 10**6 * USDC)
    for _ in range(40):
        try:
            round_trip(arena, loser, winner, 100 * WAD)
        except boa.BoaError:
            break
    gain = arena.manager.cash(winner) - 10**6 * WAD
    assert 0 < gain <= -arena.manager.cash(loser) <= worth
    # with the cap at nothing there is no more to come, and what was taken is the venue's loss at most
    rules.set_collateral(2, DISCOUNT, 0, sender=arena.owner)
    with boa.reverts("vault: deposit cap"):
        arena.manager.deposit(loser, fake.address, 1, sender=who.attacker)
    arena.manager.withdraw(
        winner, arena.quote.address, arena.manager.cash(winner) // 10**12, who.second, sender=who.second
    )
    left = arena.quote.balanceOf(arena.vault.address)
    assert (10**7 * USDC - left) * 10**12 <= worth
