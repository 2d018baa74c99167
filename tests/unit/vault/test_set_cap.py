"""Vault.set_cap: how much of a collateral deposits may leave in the ledger."""

import boa
import pytest

from tests.unit.vault.support import QUOTE, WAD


@pytest.fixture
def token(deploy, vault):
    """Asset 0 without a cap yet."""
    token = deploy("StandardToken", 6)
    assert vault.list_asset(token.address) == 0
    return token


def test_refuses_all_but_the_manager(vault, token, roles):
    for caller in (roles.outsider, roles.payer):
        with boa.reverts("vault: not manager"):
            vault.set_cap(0, 1, sender=caller)


@pytest.mark.parametrize("asset", [1, 7, 8, QUOTE, 256, 2**256 - 1])
def test_refuses_what_is_no_collateral(vault, token, asset):
    with boa.reverts("vault: unknown asset"):
        vault.set_cap(asset, 1)


@pytest.mark.parametrize("cap", [2**96, 2**256 - 1])
def test_refuses_a_cap_beyond_its_range(vault, token, cap):
    with boa.reverts("vault: cap range"):
        vault.set_cap(0, cap)
    vault.set_cap(0, 2**96 - 1)
    assert vault.cap(0) == 2**96 - 1


def test_is_zero_at_first(vault, token, deposit, ids):
    assert vault.cap(0) == 0
    with boa.reverts("vault: deposit cap"):
        deposit(ids.trader, 0, token, 1)


def test_holds_for_all_accounts_together(vault, token, deposit, ids):
    vault.set_cap(0, 10 * WAD)
    deposit(ids.trader, 0, token, 6 * 10**6)
    with boa.reverts("vault: deposit cap"):
        deposit(ids.second, 0, token, 4 * 10**6 + 1)
    deposit(ids.second, 0, token, 4 * 10**6)
    with boa.reverts("vault: deposit cap"):
        deposit(ids.trader, 0, token, 1)
    assert vault.credited(0) == 10 * WAD


def test_what_leaves_makes_room(vault, token, deposit, ids, roles):
    vault.set_cap(0, 10 * WAD)
    deposit(ids.trader, 0, token, 10 * 10**6)
    vault.push(ids.trader, 0, roles.receiver, 3 * 10**6, 0)
    with boa.reverts("vault: deposit cap"):
        deposit(ids.second, 0, token, 3 * 10**6 + 1)
    deposit(ids.second, 0, token, 3 * 10**6)


def test_a_lower_cap_takes_nothing_from_anyone(vault, token, deposit, ids, roles):
    vault.set_cap(0, 10 * WAD)
    deposit(ids.trader, 0, token, 10 * 10**6)
    vault.set_cap(0, WAD)
    assert (vault.cap(0), vault.credited(0), vault.collateral(ids.trader, 0)) == (WAD, 10 * WAD, 10 * WAD)
    with boa.reverts("vault: deposit cap"):
        deposit(ids.trader, 0, token, 1)
    vault.shift(ids.trader, ids.second, 0, 4 * WAD)
    vault.push(ids.second, 0, roles.receiver, 4 * 10**6, 0)
    assert vault.credited(0) == 6 * WAD


def test_a_donation_does_not_count(vault, token, deposit, ids):
    vault.set_cap(0, 10 * WAD)
    token.mint(vault.address, 10**12)
    deposit(ids.trader, 0, token, 10 * 10**6)


def test_other_assets_and_the_quote_are_left_alone(deploy, vault, token, deposit, give_cash, ids):
    other = deploy("StandardToken", 18)
    vault.list_asset(other.address)
    vault.set_cap(1, 5)
    vault.set_cap(0, 0)
    assert (vault.cap(0), vault.cap(1), vault.cap(2)) == (0, 5, 0)
    deposit(ids.trader, 1, other, 5)
    assert give_cash(ids.trader, 10**9) == 10**9 * WAD
