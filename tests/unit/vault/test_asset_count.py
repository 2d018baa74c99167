"""Vault.asset_count."""


def test_counts_collateral_only(deploy, vault):
    assert vault.asset_count() == 0
    for count in range(1, 9):
        vault.list_asset(deploy("StandardToken", 18).address)
        assert vault.asset_count() == count
