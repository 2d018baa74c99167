"""Liquidator.inventory_price and observe: P(1 - d_c * age / duration), and what arrivals do to the age."""

from fractions import Fraction

import boa
import pytest

from tests.unit.liquidator.support import (
    DISCOUNT,
    ETH,
    HOUR,
    WAD,
    WBTC,
    WETH,
    price_at,
    wait,
)

PRICE = {WBTC: 50_000 * WAD, WETH: 2_000 * WAD}


def test_refuses_what_is_no_collateral(stage):
    with boa.reverts("vault: unknown token"):
        stage.liquidator.inventory_price(stage.outsider)
    with boa.reverts("liquidator: not collateral"):
        stage.liquidator.inventory_price(stage.venue.quote.address)


@pytest.mark.parametrize("asset", [WBTC, WETH])
def test_nothing_there(stage, asset):
    assert stage.ask(asset) == (PRICE[asset], 0)
    wait(HOUR)
    assert stage.ask(asset) == (PRICE[asset], 0)


@pytest.mark.parametrize("asset", [WBTC, WETH])
@pytest.mark.parametrize("age", [0, 1, 7, 900, 1_801, HOUR - 1, HOUR, HOUR + 1, 20 * HOUR])
def test_falls_linearly_to_the_discount(stage, asset, age):
    stage.stock(3 * WAD, asset)
    stage.liquidator.observe(sender=stage.outsider)
    if age:
        wait(age)
    stage.venue.keep_fresh()
    price, amount = stage.ask(asset)
    assert price == price_at(PRICE[asset], DISCOUNT[asset], age)
    assert amount == 3 * 10 ** stage.venue.tokens[asset].decimals()


def test_follows_the_mark(stage):
    stage.stock(WAD)
    stage.liquidator.observe()
    wait(HOUR // 2 - 1)
    stage.venue.set_price(ETH, 3_000 * WAD)
    assert stage.ask()[0] == price_at(3_000 * WAD, DISCOUNT[WETH], HOUR // 2)


def test_not_for_sale_without_a_valid_price(stage):
    stage.stock(WAD)
    stage.venue.feeds[ETH].push(2**80)
    wait(1)
    assert stage.ask() == (0, WAD)
    stage.venue.feeds[ETH].push(2_000 * 10**8)
    wait(90_000)
    assert stage.ask() == (0, WAD)


def test_dust_below_a_token_unit_is_not_for_sale(stage):
    stage.stock(WAD + 10**10 - 1, WBTC)
    assert stage.ask(WBTC)[1] == 10**8


def test_the_clock_starts_when_it_is_seen(stage):
    stage.stock(WAD)
    wait(900)
    assert stage.ask()[0] == PRICE[WETH]
    stage.liquidator.observe()
    wait(900)
    assert stage.ask()[0] == price_at(PRICE[WETH], DISCOUNT[WETH], 900)


def test_observing_again_changes_nothing(stage):
    stage.stock(WAD)
    stage.liquidator.observe()
    for _ in range(5):
        wait(100)
        stage.liquidator.observe()
    assert stage.ask()[0] == price_at(PRICE[WETH], DISCOUNT[WETH], 500)


@pytest.mark.parametrize("seen", [False, True])
@pytest.mark.parametrize(("old", "age", "new"), [(3, 1_200, 1), (1, 3_600, 3), (1, 36_000, 1), (2, 10, 5)])
def test_arrivals_make_it_younger_by_weight(stage, old, age, new, seen):
    """The mean age, in which no age counts for more than the duration; before the arrival is stored as after."""
    stage.stock(old * WAD)
    stage.liquidator.observe()
    wait(age)
    stage.stock(new * WAD)
    if seen:
        stage.liquidator.observe()
    mean = Fraction(min(age, HOUR) * old, old + new)
    kept = Fraction(int(mean * 10**6), 10**6)  # µs, rounded down
    assert stage.ask()[0] == price_at(PRICE[WETH], DISCOUNT[WETH], kept)


def test_dust_hardly_delays_an_auction(stage):
    """Twenty arrivals of one unit each take less than a millisecond off the age, in price less than a 1e-7th."""
    stage.stock(WAD)
    stage.liquidator.observe()
    wait(1_800)
    exact = price_at(PRICE[WETH], DISCOUNT[WETH], 1_800)
    for _ in range(20):
        stage.stock(1)
        stage.liquidator.observe()
    assert exact <= stage.ask()[0] <= exact + PRICE[WETH] // 10**7


def test_assets_have_clocks_of_their_own(stage):
    stage.stock(WAD, WBTC)
    stage.liquidator.observe()
    wait(1_200)
    stage.stock(WAD, WETH)
    stage.liquidator.observe()
    wait(600)
    assert stage.ask(WBTC)[0] == price_at(PRICE[WBTC], DISCOUNT[WBTC], 1_800)
    assert stage.ask(WETH)[0] == price_at(PRICE[WETH], DISCOUNT[WETH], 600)


def test_a_longer_auction_is_slower_at_once(stage):
    stage.stock(WAD)
    stage.liquidator.observe()
    wait(1_800)
    stage.set_terms(duration=2 * HOUR)
    assert stage.ask()[0] == price_at(PRICE[WETH], DISCOUNT[WETH], 1_800, 2 * HOUR)
    stage.set_terms(duration=60)
    assert stage.ask()[0] == price_at(PRICE[WETH], DISCOUNT[WETH], 60, 60)


def test_observe_without_inventory(stage):
    stage.liquidator.observe(sender=stage.outsider)
    assert stage.ask() == (PRICE[WETH], 0)
