"""What the Liquidator adds to a liquidation, with every slot and address cold as in a transaction of its own.

Ceilings a little above what was measured: a change that makes it dearer has to raise them in the open.
"""

from __future__ import annotations

from typing import Any

import boa
import pytest
from boa.environment import Env

from tests.support.venue import account_of, build, load
from tests.unit.liquidator.support import ETH, TOKEN, WAD, Stage


def cold_venue() -> Stage:
    """A venue whose pool, cover fund and keeper have been paid before."""
    venue = build()
    venue.lp_deposit(10_000_000 * TOKEN)
    liquidator = load("contracts/Liquidator.vy", venue.manager.address, venue.owner)
    venue.manager.set_role(liquidator.address, 2, sender=venue.configurator)
    names = (str(boa.env.generate_address(n)) for n in ("trader", "keeper", "buyer", "outsider"))
    stage = Stage(venue, liquidator, *names)
    for owner in (stage.keeper, stage.trader):
        venue.deposit(owner, TOKEN)
    first = stage.unhealthy(sub=9, collateral=True)
    stage.crash()
    stage.liquidate(first)
    stage.set_terms(flat=WAD)
    venue.set_price(ETH, 2_000 * WAD)
    return stage


def call(stage: Stage, *accounts: int) -> tuple[int, Any]:
    """What the Liquidator used in one batch without the contracts it called."""
    stage.venue.oracle.refresh(2 ** len(stage.venue.feeds) - 1)
    data = stage.liquidator.liquidate.prepare_calldata(list(accounts), 0)
    boa.env.evm.vm.state.lock_changes()
    boa.env.evm.reset_access_counters()
    done = boa.env.execute_code(stage.liquidator.address, sender=stage.keeper, data=data)
    assert not done.is_error
    return done.get_gas_used() - sum(child.get_gas_used() for child in done.children), done


@pytest.mark.parametrize(("collateral", "ceiling"), [(False, 13_200), (True, 16_400)])
def test_one_account(collateral, ceiling):
    with boa.swap_env(Env()):
        stage = cold_venue()
        account = stage.unhealthy(collateral=collateral)
        stage.crash()
        before = stage.inventory()
        own, done = call(stage, account)
        assert (stage.inventory() > before) == collateral
        # the liquidation, and one look at the pool's inventory
        assert len(done.children) == 2
        assert done.children[1].get_gas_used() < 3_500
        assert 5_000 < own < ceiling


def test_each_further_account():
    with boa.swap_env(Env()):
        stage = cold_venue()
        one, _ = call(stage, account_of(stage.buyer))
        ten, done = call(stage, *(account_of(stage.buyer, s) for s in range(10)))
        assert len(done.children) == 10
        assert (ten - one) / 9 < 1_000


def test_gas_in_the_terms_costs_one_price():
    with boa.swap_env(Env()):
        stage = cold_venue()
        without, _ = call(stage, account_of(stage.buyer))
        stage.set_terms(gas_units=300_000)
        with_gas, done = call(stage, account_of(stage.buyer))
        assert with_gas - without + done.children[0].get_gas_used() < 8_000
