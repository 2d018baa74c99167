"""Vault.__init__: the manager, the quote token and its decimals."""

import boa
import pytest

from tests.unit.vault.support import QUOTE, last_event


@pytest.mark.parametrize("decimals", [0, 1, 25, 255, 256, 2**256 - 1])
def test_refuses_a_quote_with_other_decimals(deploy, roles, decimals):
    token = deploy("StandardToken", decimals)
    with boa.reverts("vault: decimals"):
        deploy("Vault", roles.manager, token.address)


def test_refuses_a_quote_without_code(deploy, roles):
    with boa.reverts("vault: decimals"):
        deploy("Vault", roles.manager, roles.outsider)


@pytest.mark.parametrize("decimals", [2, 6, 18, 24])
def test_starts_empty(deploy, roles, ids, decimals):
    token = deploy("StandardToken", decimals)
    vault = deploy("Vault", roles.manager, token.address)
    assert last_event(vault) == (
        "AssetListed",
        {"asset": QUOTE, "token": token.address, "decimals": decimals},
    )
    assert vault.MANAGER() == roles.manager
    assert (vault.token(QUOTE), vault.decimals_of(QUOTE)) == (token.address, decimals)
    assert vault.asset_of(token.address) == QUOTE
    assert (vault.asset_count(), vault.debt(), vault.credited(QUOTE)) == (0, 0, 0)
    assert vault.snapshot(ids.trader) == (0, [])
