"""Vault.holding: what a sale must know of a token, and of what an account has of it."""

import boa
import pytest

from tests.unit.vault.support import QUOTE, WAD, admit


def test_refuses_a_token_that_is_not_listed(vault, weth, deploy, ids):
    for token in ("0x" + "00" * 20, vault.address, deploy("StandardToken", 18).address):
        with boa.reverts("vault: unknown token"):
            vault.holding(ids.pool, token)


@pytest.mark.parametrize("decimals", [2, 8, 18, 24])
def test_tells_id_decimals_and_amount(vault, weth, deploy, deposit, ids, decimals):
    token = deploy("StandardToken", decimals)
    admit(vault, token)
    assert vault.holding(ids.pool, token.address) == (1, decimals, 0)
    deposit(ids.pool, 1, token, 3 * 10**decimals)
    deposit(ids.trader, 1, token, 10**decimals)
    assert vault.holding(ids.pool, token.address) == (1, decimals, 3 * WAD)
    assert vault.holding(ids.trader, token.address) == (1, decimals, WAD)
    assert vault.holding(ids.pool, weth.address) == (0, 18, 0)


def test_of_the_quote_no_amount(vault, quote, give_cash, ids):
    give_cash(ids.trader, 5)
    assert vault.holding(ids.trader, quote.address) == (QUOTE, 6, 0)
