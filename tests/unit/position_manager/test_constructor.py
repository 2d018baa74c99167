"""The constructor and the links it fixes."""

from __future__ import annotations

from types import SimpleNamespace

import boa

from tests.support.venue import Venue, load


def test_reverts_with_the_vault_of_another(v: Venue, who: SimpleNamespace) -> None:
    with boa.reverts("manager: vault of another"):
        load(
            "contracts/PositionManager.vy",
            v.vault.address,
            v.oracle.address,
            v.engine.address,
            v.waterfall.address,
            v.pool,
            v.cover,
            v.configurator,
        )


def test_links(v: Venue) -> None:
    m = v.manager
    assert (m.VAULT(), m.ORACLE(), m.ENGINE()) == (v.vault.address, v.oracle.address, v.engine.address)
    assert (m.POOL(), m.COVER(), m.CONFIGURATOR()) == (v.pool, v.cover, v.configurator)
    assert m.WATERFALL() == v.waterfall.address
