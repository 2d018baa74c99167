"""Vault.reserved."""

from tests.unit.vault.support import WAD, book


def test_is_what_was_reserved_whatever_the_cash(vault, give_cash, ids):
    assert vault.reserved(ids.trader) == 0
    give_cash(ids.trader, 5)
    vault.reserve(ids.trader, 2 * WAD)
    assert vault.reserved(ids.trader) == 2 * WAD
    book(vault, ids.trader, ids.pool, -8 * WAD)
    assert vault.reserved(ids.trader) == 2 * WAD
    assert vault.reserved(ids.pool) == vault.reserved(ids.second) == 0
