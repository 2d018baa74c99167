"""Liquidator.keeper_cost: K from the terms, the base fee and the gas token's price, under the venue's cap."""

from contextlib import contextmanager

import boa
import pytest

from tests.unit.liquidator.support import ETH, SOL, WAD, wait

GWEI = 10**9


@contextmanager
def base_fee(wei):
    """The base fee of the blocks within."""
    context = boa.env.evm.vm.state.execution_context
    before = context._base_fee_per_gas
    context._base_fee_per_gas = wei
    try:
        yield
    finally:
        context._base_fee_per_gas = before


def test_nothing_to_begin_with(stage):
    assert stage.liquidator.keeper_cost() == 0


@pytest.mark.parametrize("flat", [1, 3 * WAD, 10 * WAD])
def test_flat(stage, flat):
    stage.set_terms(flat=flat)
    with base_fee(1_000 * GWEI):
        assert stage.liquidator.keeper_cost() == flat


@pytest.mark.parametrize(("flat", "gas_units"), [(10 * WAD + 1, 0), (1_000 * WAD, 0), (0, 10_000_000)])
def test_the_venues_cap(stage, flat, gas_units):
    stage.set_terms(flat=flat, gas_units=gas_units)
    with base_fee(100 * GWEI):
        assert stage.liquidator.keeper_cost() == 10 * WAD


def test_gas_at_the_price_of_its_token(stage):
    """300,000 gas at 5 gwei are 0.0015 ETH, 3 quote at 2,000; in SOL at 100 they are 0.15."""
    stage.set_terms(flat=WAD, gas_units=300_000)
    with base_fee(5 * GWEI):
        assert stage.liquidator.keeper_cost() == 4 * WAD
        stage.set_terms(gas_units=300_000, native=SOL)
        assert stage.liquidator.keeper_cost() == 15 * WAD // 100
    with base_fee(0):
        assert stage.liquidator.keeper_cost() == 0


def test_rounded_down(stage):
    stage.set_terms(gas_units=1, native=4)
    with base_fee(7):
        # 7e-18 DOGE at 0.1
        assert stage.liquidator.keeper_cost() == 0


def test_looks_through_to_a_new_price(stage):
    stage.set_terms(gas_units=300_000)
    stage.venue.set_price(ETH, 2_400 * WAD)
    with base_fee(5 * GWEI):
        assert stage.liquidator.keeper_cost() == 36 * WAD // 10


def test_the_last_price_serves_when_it_is_not_valid(stage):
    stage.set_terms(gas_units=300_000)
    with base_fee(5 * GWEI):
        stage.venue.feeds[ETH].push(2**80)
        wait(1)
        assert stage.liquidator.keeper_cost() == 3 * WAD
        wait(30 * 86_400)
        assert stage.liquidator.keeper_cost() == 3 * WAD


def test_a_market_without_a_feed_counts_nothing(stage):
    stage.set_terms(flat=WAD, gas_units=300_000, native=31)
    with base_fee(5 * GWEI):
        assert stage.liquidator.keeper_cost() == WAD


def test_it_is_what_a_liquidation_pays(stage):
    stage.set_terms(flat=7 * WAD, gas_units=100_000)
    account = stage.unhealthy()
    stage.crash(1_840)
    with base_fee(10 * GWEI):
        # 0.001 ETH at 1,840, and 7: more than the keeper part of 0.1 % of 8,280
        assert stage.liquidator.keeper_cost() == 884 * WAD // 100
        assert stage.liquidate(account)[0][1] == 884 * WAD // 100
