"""(11) Be the first LP and inflate the share, or donate, so that the next deposit is rounded away (I-21)."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import USDC, Arena
from tests.support.words import WAD


@pytest.fixture
def empty(arena: Arena) -> Arena:
    """The venue before its first LP."""
    arena.shares.redeem(arena.shares.balanceOf(arena.lp), arena.lp, arena.lp, sender=arena.lp)
    assert arena.shares.totalSupply() == 0
    return arena


def donate(arena: Arena, who: str, tokens: int) -> None:
    """To every address that holds a part of the pool."""
    arena.quote.mint(who, 2 * tokens)
    for at in (arena.vault.address, arena.shares.address):
        arena.quote.transfer(at, tokens, sender=who)


@pytest.mark.parametrize("first", [1, 1_000, USDC])
@pytest.mark.parametrize("donation", [0, 1_000_000 * USDC])
def test_inflating_the_share(empty: Arena, who: SimpleNamespace, first: int, donation: int) -> None:
    before = empty.purse(who.attacker)
    empty.lp_in(who.attacker, first)
    donate(empty, who.attacker, donation)
    empty.lp_in(who.victim, 1_000 * USDC)
    empty.lp_out(who.attacker)
    assert empty.purse(who.attacker) - before - (first + 2 * donation) * 10**12 <= -2 * donation * 10**12
    assert empty.shares.convertToAssets(empty.shares.balanceOf(who.victim)) >= 1_000 * USDC - 1


def test_a_gift_inside_the_ledger(empty: Arena, who: SimpleNamespace) -> None:
    # A reward named to the pool's account is the only gift the ledger takes. Be generous: a thousand quote.
    account = empty.deposit(who.attacker, 1_000 * USDC)
    empty.lp_in(who.attacker, 1)
    before = empty.purse(who.attacker)
    gift = 1_000 * WAD
    empty.move(account, empty.pool_account, gift)
    empty.lp_in(who.victim, 10_000 * USDC)
    empty.lp_out(who.attacker)
    assert empty.purse(who.attacker) - before <= 0
    assert empty.shares.convertToAssets(empty.shares.balanceOf(who.victim)) >= 9_999 * USDC


def test_donations_do_nothing(arena: Arena, who: SimpleNamespace) -> None:
    before = arena.shares.totalAssets()
    donate(arena, who.attacker, 1_000_000 * USDC)
    assert arena.shares.totalAssets() == before
    assert arena.purse(arena.lp) == 10_000_000 * WAD


def test_round_trips_never_gain(arena: Arena, who: SimpleNamespace) -> None:
    spent = 0
    before = arena.purse(who.attacker)
    for tokens in (1, 2, 3, 7, 10**6 + 1, 10**13 - 1):
        spent += tokens * 10**12
        arena.lp_in(who.attacker, tokens)
        arena.lp_out(who.attacker)
        assert arena.purse(who.attacker) - before <= spent
    with boa.reverts("pool: rounds to nothing"):
        arena.lp_in(who.attacker, 0)
