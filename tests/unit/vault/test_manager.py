"""Vault.MANAGER: named at deployment, before its code may be there."""


def test_is_the_address_given(vault, roles):
    assert vault.MANAGER() == roles.manager
