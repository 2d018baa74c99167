"""Vault.totals: the terms of L-1 and L-2 in one call."""

import pytest

from tests.unit.vault.support import QUOTE, WAD, book


def test_start_at_zero(vault):
    assert vault.totals() == (0, 0, 0)


def test_are_held_credited_and_debt(vault, quote, give_cash, ids, roles):
    give_cash(ids.trader, 5)
    quote.mint(vault.address, 1)  # a donation is held, not credited
    book(vault, ids.trader, ids.pool, -9 * WAD)
    assert vault.totals() == (5 * WAD + 10**12, 5 * WAD, 4 * WAD)
    vault.push(ids.pool, QUOTE, roles.receiver, 2 * 10**6, 0)
    assert vault.totals() == (3 * WAD + 10**12, 3 * WAD, 4 * WAD)


@pytest.mark.parametrize(("decimals", "tokens", "held"), [(2, 1, 10**16), (18, 3, 3), (24, 1_999_999, 1)])
def test_hold_in_wad_rounded_down(deploy, roles, decimals, tokens, held):
    token = deploy("StandardToken", decimals)
    vault = deploy("Vault", roles.manager, token.address)
    token.mint(vault.address, tokens)
    assert vault.totals() == (held, 0, 0)


@pytest.mark.parametrize("tokens", [2**128 - 1, 2**128, 2**256 - 1])
def test_hold_at_most_what_can_be_moved(deploy, roles, tokens):
    """A balance beyond 2**128 - 1 is told as that, and not as what is left of it after an overflow."""
    token = deploy("StandardToken", 2)
    vault = deploy("Vault", roles.manager, token.address)
    token.mint(vault.address, tokens)
    assert vault.totals()[0] == (2**128 - 1) * 10**16
