"""Vault.snapshot: the packed word and the amounts that its bits announce."""

import pytest

from tests.unit.vault.support import WAD, admit, word


def test_of_an_unknown_account_is_empty(vault, ids):
    assert vault.snapshot(ids.trader) == (0, [])


@pytest.mark.parametrize("held", [(0,), (7,), (0, 7), (1, 3, 4), (0, 1, 2, 3, 4, 5, 6, 7)])
def test_lists_the_amounts_in_order_of_the_bits(deploy, vault, deposit, give_cash, ids, held):
    tokens = [deploy("StandardToken", 18) for _ in range(8)]
    for token in tokens:
        admit(vault, token)
    give_cash(ids.trader, 3)
    vault.reserve(ids.trader, WAD)
    for asset in reversed(held):
        deposit(ids.trader, asset, tokens[asset], 100 + asset)
    bits = sum(1 << asset for asset in held)
    assert vault.snapshot(ids.trader) == (word(3 * WAD, WAD, bits), [100 + asset for asset in held])
