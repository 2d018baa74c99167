"""Vault.debt: D of L-2."""


def test_is_the_sum_of_negative_cash(vault, ids):
    assert vault.debt() == 0
    vault.post([ids.trader, ids.pool], [-3, 3])
    vault.post([ids.keeper, ids.pool], [-4, 4])
    assert vault.debt() == 7
    vault.post([ids.trader, ids.pool], [10, -10])
    assert vault.debt() == 4 + 3  # the keeper's, and now the pool's
