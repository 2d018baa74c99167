"""Vault.credited: what the ledger answers for."""

from tests.unit.vault.support import QUOTE, WAD, book


def test_counts_what_came_and_went_by_asset(vault, quote, weth, deposit, give_cash, ids, roles):
    give_cash(ids.trader, 5)
    give_cash(ids.pool, 2)
    deposit(ids.trader, 0, weth, 10)
    assert (vault.credited(QUOTE), vault.credited(0)) == (7 * WAD, 10)
    vault.push(ids.trader, QUOTE, roles.receiver, 3 * 10**6, 0)
    vault.push(ids.trader, 0, roles.receiver, 4, 0)
    assert (vault.credited(QUOTE), vault.credited(0)) == (4 * WAD, 6)


def test_is_blind_to_the_inside_and_to_donations(vault, quote, weth, deposit, give_cash, ids):
    give_cash(ids.trader, 5)
    deposit(ids.trader, 0, weth, 10)
    quote.mint(vault.address, 1)
    weth.mint(vault.address, 1)
    book(vault, ids.trader, ids.pool, -9 * WAD)
    vault.shift(ids.trader, ids.pool, 0, 4)
    vault.shift(ids.pool, ids.second, QUOTE, WAD)
    assert (vault.credited(QUOTE), vault.credited(0)) == (5 * WAD, 10)


def test_is_zero_for_ids_that_are_not_listed(vault, weth):
    assert [vault.credited(asset) for asset in (1, 8, 254, 256)] == [0] * 4
