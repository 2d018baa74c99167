"""Vault.collateral."""

from tests.unit.vault.support import admit


def test_is_the_amount_of_that_asset(deploy, vault, weth, deposit, ids):
    other = deploy("StandardToken", 8)
    admit(vault, other)
    deposit(ids.trader, 0, weth, 3)
    deposit(ids.trader, 1, other, 4)
    deposit(ids.second, 1, other, 5)
    assert [vault.collateral(ids.trader, asset) for asset in range(8)] == [3, 4 * 10**10] + [0] * 6
    assert [vault.collateral(ids.second, asset) for asset in (0, 1)] == [0, 5 * 10**10]


def test_is_zero_for_ids_that_are_no_collateral(vault, give_cash, ids):
    give_cash(ids.trader, 1)
    for asset in (8, 255, 256, 2**256 - 1):
        assert vault.collateral(ids.trader, asset) == 0
