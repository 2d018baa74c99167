"""Vault.shift: collateral or free cash from one account to another."""

import boa
import pytest

from tests.unit.vault.support import QUOTE, WAD, book, last_event, word


def test_refuses_all_but_the_manager(vault, give_cash, ids, roles):
    give_cash(ids.trader, 1)
    for caller in (roles.outsider, roles.payer):
        with boa.reverts("vault: not manager"):
            vault.shift(ids.trader, ids.pool, QUOTE, 1, sender=caller)


@pytest.mark.parametrize("asset", [8, 9, 254, 256, 2**256 - 1])
@pytest.mark.parametrize("amount", [0, 1])
def test_refuses_an_id_that_no_asset_can_have(vault, ids, asset, amount):
    with boa.reverts("vault: unknown asset"):
        vault.shift(ids.trader, ids.pool, asset, amount)


@pytest.mark.parametrize("amount", [11, 2**128, 2**256 - 1])
def test_refuses_more_collateral_than_there_is(vault, weth, deposit, ids, amount):
    deposit(ids.trader, 0, weth, 10)
    for receiver in (ids.pool, ids.trader):
        with boa.reverts("vault: insufficient balance"):
            vault.shift(ids.trader, receiver, 0, amount)


def test_refuses_an_asset_not_held(vault, weth, ids):
    for asset in (0, 1, 7):
        with boa.reverts("vault: insufficient balance"):
            vault.shift(ids.trader, ids.pool, asset, 1)


@pytest.mark.parametrize("amount", [3 * WAD + 1, 5 * WAD, 2**127, 2**255, 2**256 - 1])
def test_refuses_reserved_cash(vault, give_cash, ids, amount):
    give_cash(ids.trader, 5)
    vault.reserve(ids.trader, 2 * WAD)
    for receiver in (ids.pool, ids.trader):
        with boa.reverts("vault: insufficient balance"):
            vault.shift(ids.trader, receiver, QUOTE, amount)


def test_refuses_cash_below_zero(vault, ids):
    book(vault, ids.trader, ids.pool, -1)
    for amount in (0, 1):
        with boa.reverts("vault: insufficient balance"):
            vault.shift(ids.trader, ids.pool, QUOTE, amount)


def test_refuses_an_amount_beyond_its_bound(vault, weth, deposit, ids):
    """No cap lets it come to that: the storage is tampered with."""
    deposit(ids.trader, 0, weth, 1)
    deposit(ids.pool, 0, weth, 2)
    vault.eval(f"ledger.amounts[{ids.trader}][0] = 2**128 - 1")
    with boa.reverts("vault: amount range"):
        vault.shift(ids.trader, ids.pool, 0, 2**128 - 2)
    vault.shift(ids.trader, ids.pool, 0, 2**128 - 3)
    assert (vault.collateral(ids.trader, 0), vault.collateral(ids.pool, 0)) == (2, 2**128 - 1)


def test_moves_collateral(vault, weth, deposit, ids):
    deposit(ids.trader, 0, weth, 10)
    vault.shift(ids.trader, ids.pool, 0, 4)
    assert last_event(vault) == (
        "Shifted",
        {"from_account": ids.trader, "to_account": ids.pool, "asset": 0, "amount": 4},
    )
    assert vault.snapshot(ids.trader) == (word(assets=1), [6])
    assert vault.snapshot(ids.pool) == (word(assets=1), [4])
    vault.shift(ids.trader, ids.pool, 0, 6)
    assert vault.snapshot(ids.trader) == (0, [])
    assert vault.snapshot(ids.pool) == (word(assets=1), [10])
    assert vault.credited(0) == weth.balanceOf(vault.address) == 10


def test_moves_free_cash_to_the_last_unit(vault, give_cash, ids):
    give_cash(ids.trader, 5)
    vault.reserve(ids.trader, 2 * WAD)
    vault.shift(ids.trader, ids.second, QUOTE, 3 * WAD)
    assert last_event(vault) == (
        "Shifted",
        {"from_account": ids.trader, "to_account": ids.second, "asset": QUOTE, "amount": 3 * WAD},
    )
    assert vault.snapshot(ids.trader)[0] == word(cash=2 * WAD, reserved=2 * WAD)
    assert vault.snapshot(ids.second)[0] == word(cash=3 * WAD)
    assert (vault.credited(QUOTE), vault.debt()) == (5 * WAD, 0)


def test_cash_pays_the_receivers_debt(vault, give_cash, ids):
    give_cash(ids.trader, 5)
    book(vault, ids.second, ids.pool, -2 * WAD)
    vault.shift(ids.trader, ids.second, QUOTE, WAD)
    assert (vault.cash(ids.second), vault.debt()) == (-WAD, WAD)
    vault.shift(ids.trader, ids.second, QUOTE, 3 * WAD)
    assert (vault.cash(ids.second), vault.debt()) == (2 * WAD, 0)


@pytest.mark.parametrize("amount", [0, 1, 10])
def test_to_itself_changes_nothing(vault, weth, deposit, give_cash, ids, amount):
    give_cash(ids.trader, 10)
    vault.reserve(ids.trader, WAD)
    deposit(ids.trader, 0, weth, 10)
    before = vault.snapshot(ids.trader)
    vault.shift(ids.trader, ids.trader, 0, amount)
    vault.shift(ids.trader, ids.trader, QUOTE, amount)
    assert vault.snapshot(ids.trader) == before == (word(10 * WAD, WAD, 1), [10])
    assert vault.debt() == 0


def test_nothing_sets_no_bit(vault, weth, ids):
    vault.shift(ids.trader, ids.pool, 0, 0)
    vault.shift(ids.trader, ids.pool, 7, 0)
    vault.shift(ids.trader, ids.pool, QUOTE, 0)
    assert vault.snapshot(ids.trader) == vault.snapshot(ids.pool) == (0, [])
