"""deposit_with_permit: a deposit after an EIP-2612 permit."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.support.venue import Venue, account_of, load
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    ETH,
    USDC,
)

PERMIT = "tests/contracts/harness_units/PermitToken.vy"
SIGNATURE = (2**255, 27, b"\x01" * 32, b"\x02" * 32)


@pytest.fixture
def permitted(v: Venue) -> object:
    """A token whose permit is the test's to script, listed as third collateral on ether."""
    token = load(PERMIT)
    v.manager.list_asset(token.address, sender=v.configurator)
    v.configure(2, 0, v.manager.venue_words()[1] | (ETH | 700 << 8 | 1 << 24) << 64)
    v.configure(6, 2, 10**9 * WAD)
    return token


def test_reverts_for_an_unknown_token(v: Venue, who: SimpleNamespace) -> None:
    token = load(PERMIT)
    token.mint(who.trader, 10**18)
    with boa.reverts("vault: unknown token"):
        v.manager.deposit_with_permit(account_of(who.trader), token.address, 1, *SIGNATURE, sender=who.trader)


def test_reverts_when_neither_permit_nor_approval_is_there(
    v: Venue, who: SimpleNamespace, permitted: object
) -> None:
    permitted.mint(who.trader, 10**18)
    permitted.set_refuses(True)
    with boa.reverts():
        v.manager.deposit_with_permit(
            account_of(who.trader), permitted.address, 10**18, *SIGNATURE, sender=who.trader
        )


def test_the_callers_permit_to_the_vault(v: Venue, who: SimpleNamespace, permitted: object) -> None:
    account = account_of(who.trader)
    permitted.mint(who.trader, 10**18)
    v.manager.deposit_with_permit(account, permitted.address, 10**18, *SIGNATURE, sender=who.trader)
    assert v.manager.collateral(account, permitted.address) == WAD
    assert permitted.seen() == (who.trader, v.vault.address, 10**18, *SIGNATURE)


def test_a_permit_used_by_another_is_no_obstacle(v: Venue, who: SimpleNamespace, permitted: object) -> None:
    permitted.mint(who.trader, 10**18)
    permitted.approve(v.vault.address, 10**18, sender=who.trader)
    permitted.set_refuses(True)
    v.manager.deposit_with_permit(
        account_of(who.trader), permitted.address, 10**18, *SIGNATURE, sender=who.trader
    )
    assert v.manager.collateral(account_of(who.trader), permitted.address) == WAD


def test_a_token_without_permit(v: Venue, who: SimpleNamespace) -> None:
    v.fund(who.trader, USDC)
    v.manager.deposit_with_permit(
        account_of(who.trader), v.quote.address, USDC, *SIGNATURE, sender=who.trader
    )
    assert v.manager.cash(account_of(who.trader)) == WAD
