"""Vault.debt: D of L-2."""

from tests.unit.vault.support import book


def test_is_the_sum_of_negative_cash(vault, ids):
    assert vault.debt() == 0
    book(vault, ids.trader, ids.pool, -3)
    book(vault, ids.keeper, ids.pool, -4)
    assert vault.debt() == 7
    book(vault, ids.trader, ids.pool, 10)
    assert vault.debt() == 4 + 3  # the keeper's, and now the pool's
