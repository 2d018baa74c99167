"""Vault.token."""

import boa
import pytest

from tests.unit.vault.support import QUOTE


@pytest.mark.parametrize("asset", [1, 7, 8, 254, 256])
def test_refuses_an_unknown_asset(vault, weth, asset):
    with boa.reverts("vault: unknown asset"):
        vault.token(asset)


def test_is_the_listed_token(vault, quote, weth):
    assert (vault.token(0), vault.token(QUOTE)) == (weth.address, quote.address)
