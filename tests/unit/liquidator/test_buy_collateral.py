"""Liquidator.buy_collateral: the price of the moment, paid in full and rounded up."""

import random
from fractions import Fraction

import boa
import pytest

from tests.support.venue import build, load
from tests.support.words import AssetParams, Setup
from tests.unit.liquidator.support import (
    BTC,
    DISCOUNT,
    ETH,
    HOUR,
    TOKEN,
    WAD,
    WBTC,
    WETH,
    Stage,
    ceil,
    events,
    price_at,
    wait,
)

PRICE = 2_000 * WAD


# ---- what is refused ----------------------------------------------------------------------------------


def test_refuses_data(stage):
    stage.stock(WAD)
    with boa.reverts("liquidator: no callback yet"):
        stage.buy(WAD, data=b"\0")


def test_refuses_what_is_no_collateral(stage):
    with boa.reverts("vault: unknown token"):
        stage.buy(1, token=stage.outsider)
    with boa.reverts("liquidator: not collateral"):
        stage.buy(1, token=stage.venue.quote.address)


def test_refuses_without_a_valid_price(stage):
    stage.stock(WAD)
    stage.venue.feeds[ETH].push(2**80)
    wait(1)
    with boa.reverts("liquidator: no valid price"):
        stage.buy(WAD)


def test_refuses_above_the_limit(stage):
    stage.stock(WAD)
    with boa.reverts("liquidator: price above the limit"):
        stage.buy(WAD, max_price=PRICE - 1)
    stage.buy(WAD // 2, max_price=PRICE)


@pytest.mark.parametrize("amount", [0, 1, 2**255])
def test_refuses_where_there_is_nothing(stage, amount):
    with boa.reverts("liquidator: nothing to buy"):
        stage.buy(amount)


def test_refuses_to_sell_nothing(stage):
    stage.stock(WAD)
    with boa.reverts("liquidator: nothing to buy"):
        stage.buy(0)


def test_refuses_to_sell_dust(stage):
    stage.stock(10**10 - 1, WBTC)
    with boa.reverts("liquidator: nothing to buy"):
        stage.buy(2**255, WBTC)


def test_refuses_a_buyer_who_does_not_pay(stage):
    stage.stock(WAD)
    with boa.reverts():
        stage.buy(WAD, sender=stage.keeper)
    stage.venue.quote.approve(stage.venue.vault.address, 2_000 * TOKEN - 1, sender=stage.buyer)
    with boa.reverts():
        stage.buy(WAD)
    assert stage.inventory() == WAD
    stage.venue.quote.approve(stage.venue.vault.address, 2_000 * TOKEN, sender=stage.buyer)
    assert stage.buy(WAD) == (WAD, 2_000 * TOKEN)


# ---- the sale -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asset", "price"), [(WBTC, 50_000), (WETH, 2_000)])
@pytest.mark.parametrize("age", [0, 1_234, HOUR])
def test_sells_at_the_price_of_the_moment(stage, asset, price, age):
    token, venue = stage.venue.tokens[asset], stage.venue
    stage.stock(2 * WAD, asset)
    stage.liquidator.observe()
    if age:
        wait(age)
    unit = 10 ** token.decimals()
    before = venue.quote.balanceOf(stage.buyer), stage.cash(venue.pool_account)
    bought, cost = stage.buy(unit // 3, asset)
    asked = price_at(price * WAD, DISCOUNT[asset], age)
    assert bought == unit // 3
    assert cost == ceil(Fraction(asked * bought, unit) / 10**12)
    assert events(stage.liquidator) == [
        (
            "Bought",
            {
                "token": token.address,
                "buyer": stage.buyer,
                "receiver": stage.outsider,
                "amount": bought,
                "cost": cost,
                "price": asked,
            },
        )
    ]
    assert token.balanceOf(stage.outsider) == bought
    assert before[0] - venue.quote.balanceOf(stage.buyer) == cost
    assert stage.cash(venue.pool_account) - before[1] == cost * 10**12
    assert stage.inventory(asset) == 2 * WAD - bought * WAD // unit


def test_sells_no_more_than_there_is(stage):
    stage.stock(WAD)
    assert stage.buy(2**256 - 1) == (WAD, 2_000 * TOKEN)
    assert stage.ask() == (PRICE, 0)
    assert stage.inventory() == 0


def test_leaves_dust_below_a_token_unit(stage):
    stage.stock(WAD + 10**10 - 1, WBTC)
    assert stage.buy(2**255, WBTC) == (10**8, 50_000 * TOKEN)
    assert stage.inventory(WBTC) == 10**10 - 1


def test_the_smallest_purchase_costs_a_unit(stage):
    stage.stock(WAD)
    stage.liquidator.observe()
    wait(HOUR)
    assert stage.buy(1) == (1, 1)


def test_a_part_does_not_change_the_price_of_the_rest(stage):
    stage.stock(3 * WAD)
    stage.liquidator.observe()
    wait(900)
    price = stage.ask()[0]
    for _ in range(3):
        assert stage.ask()[0] == price
        stage.buy(WAD // 2)
    wait(900)
    assert stage.ask() == (price_at(PRICE, DISCOUNT[WETH], 1_800), 3 * WAD // 2)


def test_a_purchase_sees_what_came_by_conversion(stage):
    """At no discount, and from then on the rest has a start."""
    stage.stock(2 * WAD)
    wait(HOUR)
    assert stage.buy(WAD) == (WAD, 2_000 * TOKEN)
    wait(900)
    assert stage.ask() == (price_at(PRICE, DISCOUNT[WETH], 900), WAD)


def test_after_a_sale_an_arrival_is_weighed_with_what_is_left(stage):
    stage.stock(4 * WAD)
    stage.liquidator.observe()
    wait(1_200)
    stage.buy(3 * WAD)
    stage.stock(WAD)
    assert stage.ask()[0] == price_at(PRICE, DISCOUNT[WETH], 600)


def test_sold_out_starts_anew(stage):
    stage.stock(WAD)
    stage.liquidator.observe()
    wait(HOUR)
    stage.buy(WAD)
    stage.stock(WAD)
    assert stage.ask() == (PRICE, WAD)


def test_the_price_is_refreshed_in_the_call(stage):
    stage.stock(WAD)
    stage.venue.set_price(ETH, 2_500 * WAD)
    assert stage.buy(WAD) == (WAD, 2_500 * TOKEN)


def test_many_parts_never_cost_less_than_the_whole(stage):
    stage.stock(WAD)
    stage.liquidator.observe()
    wait(777)
    price = stage.ask()[0]
    rng = random.Random(1)
    parts = [stage.buy(rng.randrange(1, WAD // 20)) for _ in range(20)]
    bought, paid = (sum(column) for column in zip(*parts))
    assert ceil(Fraction(bought * price, WAD) / 10**12) <= paid <= bought * price // 10**30 + 20


def test_the_last_discount_is_never_below_the_managers_bound(stage):
    """At full age with awkward prices and amounts: each sale passes, at P(1 - d_c) and less than a unit more."""
    rng = random.Random(2)
    stage.stock(100 * WAD, WBTC)
    stage.stock(100 * WAD, WETH)
    stage.liquidator.observe()
    wait(HOUR)
    for _ in range(15):
        for asset, market in ((WBTC, BTC), (WETH, ETH)):
            price = rng.randrange(10**5, 10**13) * 10**10
            stage.venue.set_price(market, price)
            unit = 10 ** stage.venue.tokens[asset].decimals()
            bought, cost = stage.buy(rng.randrange(1, unit // 10**4), asset)
            exact = price * (1 - DISCOUNT[asset]) * bought / unit / 10**12
            assert exact <= cost < exact + 2


@pytest.mark.parametrize("quote_decimals", [2, 6, 18, 24])
@pytest.mark.parametrize("decimals", [2, 18, 24])
def test_tokens_of_all_decimals(quote_decimals, decimals):
    """1.23 of a token at 2,000 and half of 7 % off is 2,373.9 quote, in any units."""
    setup = Setup(assets=(AssetParams("TOKEN", decimals, 1, 700),), quote_decimals=quote_decimals)
    venue = build(setup)
    liquidator = load("contracts/Liquidator.vy", venue.manager.address, venue.owner)
    venue.manager.set_role(liquidator.address, 2, sender=venue.configurator)
    names = (str(boa.env.generate_address(n)) for n in ("trader", "keeper", "buyer", "outsider"))
    stage = Stage(venue, liquidator, *names)
    venue.fund(stage.buyer, 10**6 * 10**quote_decimals)
    venue.oracle.refresh(2 ** len(venue.feeds) - 1)
    stage.stock(2 * WAD, 0)
    liquidator.observe()
    wait(HOUR // 2)
    # with 24 decimals the last six cannot be kept, and are not sold
    asked = 123 * 10**decimals // 100 + (10**6 - 1 if decimals == 24 else 0)
    assert stage.buy(asked, 0) == (123 * 10**decimals // 100, 23_739 * 10**quote_decimals // 10)
    assert venue.tokens[0].balanceOf(stage.outsider) == 123 * 10**decimals // 100
    assert stage.ask(0)[1] == 77 * 10**decimals // 100
    if decimals == 24:
        with boa.reverts("liquidator: nothing to buy"):
            stage.buy(10**6 - 1, 0)
