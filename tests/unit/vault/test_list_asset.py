"""Vault.list_asset: at most eight collateral tokens, each once, with decimals that the Vault can convert."""

import boa
import pytest

from tests.unit.vault.support import MOST, last_event


def test_refuses_all_but_the_manager(deploy, vault, roles):
    token = deploy("StandardToken", 18)
    for caller in (roles.outsider, roles.payer):
        with boa.reverts("vault: not manager"):
            vault.list_asset(token.address, sender=caller)


def test_refuses_the_quote(vault, quote):
    with boa.reverts("vault: already listed"):
        vault.list_asset(quote.address)


def test_refuses_a_listed_token(deploy, vault, weth):
    vault.list_asset(deploy("StandardToken", 8).address)
    with boa.reverts("vault: already listed"):
        vault.list_asset(weth.address)


@pytest.mark.parametrize("decimals", [0, 1, 25, 255, 256, 2**256 - 1])
def test_refuses_other_decimals(deploy, vault, decimals):
    token = deploy("StandardToken", decimals)
    with boa.reverts("vault: decimals"):
        vault.list_asset(token.address)


def test_refuses_what_is_no_token(vault, roles):
    precompiled = "0x0000000000000000000000000000000000000002"
    for address in (roles.outsider, "0x" + "00" * 20, precompiled, vault.address):
        with boa.reverts("vault: decimals"):
            vault.list_asset(address)


def test_refuses_decimals_in_a_revert(vault):
    """An answer that looks right counts for nothing when the call failed."""
    token = boa.loads(
        "@view\n@external\ndef decimals() -> uint256:\n    raw_revert(abi_encode(convert(18, uint256)))\n"
    )
    with boa.reverts("vault: decimals"):
        vault.list_asset(token.address)


def test_refuses_a_ninth(deploy, vault):
    for asset in range(8):
        assert vault.list_asset(deploy("StandardToken", 18).address) == asset
    with boa.reverts("vault: too many assets"):
        vault.list_asset(deploy("StandardToken", 18).address)
    assert vault.asset_count() == 8


def test_refused_listings_use_up_no_id(deploy, vault, roles):
    with boa.reverts("vault: decimals"):
        vault.list_asset(roles.outsider)
    assert vault.list_asset(deploy("StandardToken", 18).address) == 0


@pytest.mark.parametrize("decimals", [2, 6, 8, 18, 24])
def test_lists_in_order(deploy, vault, weth, decimals):
    token = deploy("SilentToken", decimals)
    assert vault.list_asset(token.address) == 1
    assert last_event(vault) == ("AssetListed", {"asset": 1, "token": token.address, "decimals": decimals})
    assert vault.asset_count() == 2
    assert (vault.token(0), vault.token(1)) == (weth.address, token.address)
    assert (vault.asset_of(weth.address), vault.asset_of(token.address)) == (0, 1)
    assert (vault.decimals_of(0), vault.decimals_of(1)) == (18, decimals)


def test_reads_the_decimals_once(deploy, vault, deposit, ids, roles):
    """A token that changes its decimals later changes nothing here."""
    token = deploy("StandardToken", 6)
    vault.list_asset(token.address)
    vault.set_cap(0, MOST)
    deposit(ids.trader, 0, token, 5)
    token.eval("core.decimals = 8")
    assert vault.decimals_of(0) == 6
    assert vault.push(ids.trader, 0, roles.receiver, 5, 0) == 5 * 10**12
