"""Vault.asset_of."""

import boa

from tests.unit.vault.support import QUOTE


def test_refuses_an_unknown_token(deploy, vault, weth):
    for token in (deploy("StandardToken", 18).address, "0x" + "00" * 20):
        with boa.reverts("vault: unknown token"):
            vault.asset_of(token)


def test_is_the_id(deploy, vault, quote, weth):
    tokens = [weth] + [deploy("StandardToken", 18) for _ in range(7)]
    for token in tokens[1:]:
        vault.list_asset(token.address)
    assert [vault.asset_of(token.address) for token in tokens] == list(range(8))
    assert vault.asset_of(quote.address) == QUOTE
