"""Vault.reserve: the part of an account's cash that is promised to keepers."""

import boa
import pytest

from tests.unit.vault.support import WAD, book, word


def test_refuses_all_but_the_manager(vault, give_cash, ids, roles):
    give_cash(ids.trader, 1)
    for caller in (roles.outsider, roles.payer):
        with boa.reverts("vault: not manager"):
            vault.reserve(ids.trader, 1, sender=caller)


@pytest.mark.parametrize("change", [5 * WAD + 1, 2**96, 2**127, 2**255 - 1])
def test_refuses_more_than_the_cash(vault, give_cash, ids, change):
    give_cash(ids.trader, 5)
    with boa.reverts("vault: insufficient balance"):
        vault.reserve(ids.trader, change)


def test_refuses_to_reserve_the_reserved(vault, give_cash, ids):
    give_cash(ids.trader, 5)
    vault.reserve(ids.trader, 3 * WAD)
    with boa.reverts("vault: insufficient balance"):
        vault.reserve(ids.trader, 2 * WAD + 1)


def test_refuses_to_grow_below_zero_cash(vault, give_cash, ids):
    book(vault, ids.trader, ids.pool, -1)
    with boa.reverts("vault: insufficient balance"):
        vault.reserve(ids.trader, 1)


@pytest.mark.parametrize("change", [-2 * WAD - 1, -(2**96), -(2**128), -(2**255)])
def test_refuses_to_release_more_than_is_reserved(vault, give_cash, ids, change):
    give_cash(ids.trader, 5)
    vault.reserve(ids.trader, 2 * WAD)
    with boa.reverts("vault: reserved range"):
        vault.reserve(ids.trader, change)


def test_refuses_more_than_a_uint96(vault, ids):
    book(vault, ids.trader, ids.pool, 2**100)
    with boa.reverts("vault: reserved range"):
        vault.reserve(ids.trader, 2**96)
    vault.reserve(ids.trader, 2**96 - 1)
    assert vault.snapshot(ids.trader)[0] == word(2**100, 2**96 - 1)
    with boa.reverts("vault: reserved range"):
        vault.reserve(ids.trader, 1)


def test_grows_and_shrinks(vault, weth, deposit, give_cash, ids):
    give_cash(ids.trader, 5)
    deposit(ids.trader, 0, weth, 9)
    for change, reserved in ((2 * WAD, 2), (3 * WAD, 5), (0, 5), (-4 * WAD, 1), (-WAD, 0)):
        vault.reserve(ids.trader, change)
        assert vault.snapshot(ids.trader) == (word(5 * WAD, reserved * WAD, 1), [9])
    assert vault.debt() == 0


def test_shrinks_when_cash_is_gone(vault, give_cash, ids):
    """An order's reservation must be released even after the account lost its cash."""
    give_cash(ids.trader, 5)
    vault.reserve(ids.trader, 5 * WAD)
    book(vault, ids.trader, ids.pool, -7 * WAD)
    vault.reserve(ids.trader, -2 * WAD)
    assert vault.snapshot(ids.trader)[0] == word(-2 * WAD, 3 * WAD)
    assert vault.debt() == 2 * WAD
