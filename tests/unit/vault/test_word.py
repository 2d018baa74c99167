"""Vault.word: cash, reservation and collateral bits in one word."""

from tests.unit.vault.support import WAD, admit, word


def test_of_an_unknown_account_is_zero(vault, ids):
    assert vault.word(ids.trader) == 0


def test_holds_cash_reservation_and_bits(deploy, vault, deposit, give_cash, ids):
    token = deploy("StandardToken", 18)
    admit(vault, token)
    give_cash(ids.trader, 3)
    vault.reserve(ids.trader, WAD)
    deposit(ids.trader, 0, token, 100)
    assert vault.word(ids.trader) == word(3 * WAD, WAD, 1) == vault.snapshot(ids.trader)[0]
