"""deposit: who may credit whom with what."""

from __future__ import annotations

from types import SimpleNamespace

import boa

from tests.support.venue import Venue, account_of, load
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    USDC,
)


def test_reverts_for_a_protocol_account(v: Venue, who: SimpleNamespace) -> None:
    v.fund(who.trader, USDC)
    for account in (v.pool_account, v.cover_account, account_of(v.pool, 2**96 - 1)):
        with boa.reverts("manager: protocol account"):
            v.manager.deposit(account, v.quote.address, USDC, sender=who.trader)


def test_reverts_for_a_new_asset_of_another(v: Venue, who: SimpleNamespace, account: int) -> None:
    v.fund(who.other, 10**18, v.tokens[1])
    with boa.reverts("manager: new asset for another"):
        v.manager.deposit(account, v.tokens[1].address, 1, sender=who.other)


def test_reverts_for_an_unknown_token(v: Venue, who: SimpleNamespace, account: int) -> None:
    stranger = load("tests/contracts/tokens/StandardToken.vy", 18)
    v.fund(who.trader, 10**18, stranger)
    with boa.reverts("vault: unknown token"):
        v.manager.deposit(account, stranger.address, 1, sender=who.trader)


def test_reverts_above_the_cap(v: Venue, who: SimpleNamespace) -> None:
    v.configure(6, 1, 5 * WAD)
    account = v.deposit(who.trader, 5 * 10**18, v.tokens[1])
    v.fund(who.trader, 1, v.tokens[1])
    with boa.reverts("vault: deposit cap"):
        v.manager.deposit(account, v.tokens[1].address, 1, sender=who.trader)


def test_reverts_without_tokens(v: Venue, who: SimpleNamespace) -> None:
    with boa.reverts():
        v.manager.deposit(account_of(who.outsider), v.quote.address, 1, sender=who.outsider)


def test_credits_the_quote_in_wad(v: Venue, who: SimpleNamespace) -> None:
    account = v.deposit(who.trader, 1_234_567)
    assert v.manager.cash(account) == 1_234_567 * 10**12
    assert v.quote.balanceOf(v.vault.address) == 10_000_000 * USDC + 1_234_567


def test_credits_collateral_in_wad(v: Venue, who: SimpleNamespace) -> None:
    account = v.deposit(who.trader, 3, v.tokens[0])  # 8 decimals
    assert v.manager.collateral(account, v.tokens[0].address) == 3 * 10**10
    assert v.vault.snapshot(account)[0] >> 224 == 0b01


def test_others_may_add_quote_and_what_is_held(v: Venue, who: SimpleNamespace) -> None:
    account = v.deposit(who.trader, 10**18, v.tokens[1])
    v.fund(who.other, USDC)
    v.fund(who.other, 10**18, v.tokens[1])
    v.manager.deposit(account, v.quote.address, USDC, sender=who.other)
    v.manager.deposit(account, v.tokens[1].address, 10**18, sender=who.other)
    assert v.manager.cash(account) == WAD
    assert v.manager.collateral(account, v.tokens[1].address) == 2 * WAD


def test_every_sub_account_is_the_owners(v: Venue, who: SimpleNamespace) -> None:
    account = v.deposit(who.trader, 10**18, v.tokens[1], sub=2**96 - 1)
    assert v.manager.collateral(account, v.tokens[1].address) == WAD


def test_event(v: Venue, who: SimpleNamespace) -> None:
    v.fund(who.other, USDC)
    account = account_of(who.trader)
    v.manager.deposit(account, v.quote.address, USDC, sender=who.other)
    event = next(e for e in v.manager.get_logs() if type(e).__name__ == "Deposit")
    assert (event.account, event.payer, event.amount) == (account, who.other, USDC)
