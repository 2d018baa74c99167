"""Vault.cash."""

from tests.unit.vault.support import WAD, book


def test_is_signed_and_includes_the_reserved(vault, give_cash, ids):
    assert vault.cash(ids.trader) == 0
    give_cash(ids.trader, 5)
    vault.reserve(ids.trader, 2 * WAD)
    assert vault.cash(ids.trader) == 5 * WAD
    book(vault, ids.trader, ids.pool, -8 * WAD)
    assert (vault.cash(ids.trader), vault.cash(ids.pool)) == (-3 * WAD, 8 * WAD)


def test_accounts_of_one_owner_are_apart(vault, give_cash, ids):
    give_cash(ids.second, 1)
    assert (vault.cash(ids.trader), vault.cash(ids.second)) == (0, WAD)
