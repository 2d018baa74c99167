"""list_asset: a further collateral token."""

from __future__ import annotations

from types import SimpleNamespace

import boa

from tests.support.venue import Venue, load


def test_reverts_for_others(v: Venue, who: SimpleNamespace) -> None:
    token = load("tests/contracts/tokens/StandardToken.vy", 18)
    for sender in (who.outsider, v.owner, v.order_book, v.liquidator, v.pool):
        with boa.reverts("manager: not configurator"):
            v.manager.list_asset(token.address, sender=sender)


def test_reverts_twice(v: Venue) -> None:
    for token in (*v.tokens, v.quote):
        with boa.reverts("vault: already listed"):
            v.manager.list_asset(token.address, sender=v.configurator)


def test_the_next_id(v: Venue) -> None:
    token = load("tests/contracts/tokens/StandardToken.vy", 2)
    assert v.manager.list_asset(token.address, sender=v.configurator) == 2
    assert v.vault.asset_of(token.address) == 2
