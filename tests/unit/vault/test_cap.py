"""Vault.cap: the most that a deposit may leave of a collateral."""

from tests.unit.vault.support import MOST, QUOTE


def test_is_what_was_set_whatever_is_held(vault, weth, deposit, ids, roles):
    assert vault.cap(0) == MOST
    vault.set_cap(0, 7)
    deposit(ids.trader, 0, weth, 7)
    assert vault.cap(0) == 7
    vault.push(ids.trader, 0, roles.receiver, 5, 0)
    assert (vault.cap(0), vault.credited(0)) == (7, 2)


def test_is_zero_for_the_quote_and_for_ids_that_are_not_listed(vault, weth, give_cash, ids):
    give_cash(ids.trader, 5)
    assert [vault.cap(asset) for asset in (1, 8, QUOTE, 256)] == [0] * 4
