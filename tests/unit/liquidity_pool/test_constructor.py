"""LiquidityPool.__init__, its names and what it does not offer."""

from __future__ import annotations

import boa

from tests.unit.liquidity_pool.paper import Paper
from tests.unit.liquidity_pool.world import World, compiled


def test_needs_the_manager_that_names_it(p: Paper):
    with boa.reverts("pool: another pool's manager"):
        compiled("contracts/LiquidityPool.vy").deploy(p.fake.address, "Another", "POOL")


def test_is_the_tranche_that_its_manager_says(p: Paper):
    """The same code at two addresses: one is the counterparty of the markets, the other has its cash alone."""
    p.market(0, 100 * 10**18, longs=10**18, quote=-90 * 10**18)
    assert p.fake.POOL() == p.pool.address
    assert p.fake.COVER() == p.cover.address
    assert p.pool.pool_state().equity == -10 * 10**18
    assert p.cover.pool_state().equity == p.cover.pool_state().net == 0
    for tranche in (p.pool, p.cover):
        assert tranche.account() == int(tranche.address, 16) << 96
        assert tranche.MANAGER() == p.fake.address
        assert tranche.asset() == p.quote.address


def test_tells_what_it_is(w: World):
    assert w.pool.name() == "Liquidity of the venue"
    assert w.pool.symbol() == "LPV"
    assert w.pool.decimals() == 18
    assert w.pool.asset() == w.v.quote.address
    assert w.pool.MANAGER() == w.v.manager.address
    assert w.pool.account() == int(w.pool.address, 16) << 96


def test_nobody_can_mint_burn_or_own(w: World):
    names = {entry["name"] for entry in w.pool.abi if entry["type"] == "function"}
    assert not names & {
        "burn",
        "burn_from",
        "set_minter",
        "is_minter",
        "owner",
        "transfer_ownership",
        "renounce_ownership",
    }
    # `mint` is ERC-4626's, which takes tokens
    with boa.reverts("token: allowance"):
        w.pool.mint(10**18, w.outsider, sender=w.outsider)
