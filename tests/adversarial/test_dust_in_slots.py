"""(7) Fill somebody's collateral slots with dust, so that every check of his reads eight prices, one of them dead."""

from __future__ import annotations

from types import SimpleNamespace

import boa

from tests.adversarial.arena import USDC, Arena
from tests.support.venue import account_of


def test_a_new_asset_comes_from_its_owner_only(arena: Arena, who: SimpleNamespace) -> None:
    account = arena.deposit(who.victim, USDC)
    for token in arena.tokens:
        arena.fund(who.attacker, 10, token)
        for target in (account, account_of(who.victim, 7), arena.pool_account, arena.cover_account):
            with boa.reverts():
                arena.manager.deposit(target, token.address, 1, sender=who.attacker)
        with boa.reverts("manager: new asset for another"):
            arena.manager.deposit(account, token.address, 1, sender=who.attacker)
    own = arena.deposit(who.attacker, 10**18, arena.tokens[1])
    with boa.reverts("manager: not the same owner"):
        arena.manager.transfer(own, account, arena.tokens[1].address, 1, sender=who.attacker)
    assert arena.vault.snapshot(account)[0] >> 224 == 0


def test_an_asset_once_withdrawn_is_new_again(arena: Arena, who: SimpleNamespace) -> None:
    weth = arena.tokens[1]
    account = arena.deposit(who.victim, 10**18, weth)
    arena.manager.withdraw(account, weth.address, 10**18, who.victim, sender=who.victim)
    arena.fund(who.attacker, 10, weth)
    with boa.reverts("manager: new asset for another"):
        arena.manager.deposit(account, weth.address, 1, sender=who.attacker)


def test_quote_for_another_is_a_present(arena: Arena, who: SimpleNamespace) -> None:
    account = arena.deposit(who.victim, 100 * USDC)
    arena.fund(who.attacker, USDC)
    before = arena.purse(who.attacker)
    arena.manager.deposit(account, arena.quote.address, USDC, sender=who.attacker)
    assert arena.purse(who.attacker) - before == -(10**18)
    arena.manager.withdraw(account, arena.quote.address, 101 * USDC, who.victim, sender=who.victim)
