"""Vault.decimals_of."""

import boa
import pytest

from tests.unit.vault.support import QUOTE


@pytest.mark.parametrize("asset", [1, 7, 8, 254, 256])
def test_refuses_an_unknown_asset(vault, weth, asset):
    with boa.reverts("vault: unknown asset"):
        vault.decimals_of(asset)


def test_are_the_tokens(deploy, vault, quote):
    for decimals in (2, 8, 18, 24):
        vault.list_asset(deploy("StandardToken", decimals).address)
    assert [vault.decimals_of(asset) for asset in (0, 1, 2, 3, QUOTE)] == [2, 8, 18, 24, 6]
