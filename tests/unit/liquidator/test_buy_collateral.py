"""Liquidator.buy_collateral: the price of the moment, paid in full and rounded up."""

import random
from fractions import Fraction

import boa
import pytest

from tests.support.venue import account_of, build, load
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


def test_refuses_what_is_no_collateral(stage):
    with boa.reverts("vault: unknown token"):
        stage.buy(1, token=stage.outsider)
    with boa.reverts("liquidator: not collateral"):
        stage.buy(1, token=stage.venue.quote.address)


def test_refuses_without_a_valid_price(stage):
    stage.stock(WAD)
    stage.venue.feeds[ETH].push(2**80)
    wait(1)
    with boa.reverts("manager: no valid price"):
        stage.buy(WAD)


def test_refuses_above_the_limit(stage):
    stage.stock(WAD)
    with boa.reverts("manager: price above the limit"):
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


def test_what_is_sold_takes_its_age_along(stage):
    """T' = T (a - x) / a: half of 3 in three parts leaves half of the 900 seconds, and the rest waits on from there."""
    stage.stock(3 * WAD)
    stage.liquidator.observe()
    wait(900)
    for age in (900, 750, 600):
        assert stage.ask()[0] == price_at(PRICE, DISCOUNT[WETH], age)
        stage.buy(WAD // 2)
    assert stage.ask()[0] == price_at(PRICE, DISCOUNT[WETH], 450)
    wait(900)
    assert stage.ask() == (price_at(PRICE, DISCOUNT[WETH], 1_350), 3 * WAD // 2)


def test_an_age_beyond_the_duration_counts_as_the_duration(stage):
    stage.stock(2 * WAD)
    stage.liquidator.observe()
    wait(5 * HOUR)
    stage.venue.keep_fresh()
    stage.buy(WAD)
    assert stage.ask() == (price_at(PRICE, DISCOUNT[WETH], HOUR // 2), WAD)


def test_dust_takes_next_to_nothing_along(stage):
    """At most a microsecond of age a purchase, however small: nobody starts an auction anew for a unit of quote."""
    stage.stock(3 * WAD)
    stage.liquidator.observe()
    wait(900)
    for _ in range(10):
        stage.buy(1)
    assert stage.ask()[0] <= price_at(PRICE, DISCOUNT[WETH], 900 - Fraction(10, 10**6))


def test_the_age_is_rounded_down_to_microseconds(stage):
    """A third of 7 s: 4.666666 s are left of 7."""
    stage.stock(3 * WAD)
    stage.liquidator.observe()
    wait(7)
    stage.buy(WAD)
    assert stage.ask()[0] == price_at(PRICE, DISCOUNT[WETH], Fraction(4_666_666, 10**6))


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
    # a quarter of 1,200 s, then half of that
    stage.stock(WAD)
    assert stage.ask()[0] == price_at(PRICE, DISCOUNT[WETH], 150)


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
    left, age, total = WAD, 777 * 10**6, [0, 0]
    for _ in range(20):
        bought, cost = stage.buy(rng.randrange(1, WAD // 20))
        asked = price_at(PRICE, DISCOUNT[WETH], Fraction(age, 10**6))
        assert cost == ceil(Fraction(asked * bought, WAD) / 10**12)
        age = age * (left - bought) // left
        left -= bought
        total = [total[0] + bought, total[1] + cost]
    assert ceil(Fraction(total[0] * price, WAD) / 10**12) <= total[1]
    assert stage.ask()[0] == price_at(PRICE, DISCOUNT[WETH], Fraction(age, 10**6)) > price


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


# ---- with data: the buyer is called between delivery and payment ---------------------------------------


@pytest.fixture
def contract(stage):
    """A buyer that is a contract, with 5,000 quote and an approval."""
    buyer = load("tests/contracts/attackers/Buyer.vy")
    stage.venue.quote.mint(buyer.address, 5_000 * TOKEN)
    buyer.pay(stage.venue.quote.address, stage.venue.vault.address, 2**256 - 1)
    return buyer


def order(stage, buyer, amount=WAD, data=b"a path"):
    """Its purchase of ether for itself, as a call of its own."""
    args = (stage.venue.tokens[WETH].address, amount, 2**255, buyer.address, data)
    buyer.act(stage.liquidator.address, stage.liquidator.buy_collateral.prepare_calldata(*args))


def test_refuses_a_buyer_without_code_if_there_is_data(stage):
    stage.stock(WAD)
    with pytest.raises(boa.BoaError):
        stage.buy(WAD, data=b"1")
    assert stage.buy(WAD, data=b"") == (WAD, 2_000 * TOKEN)


def test_refuses_a_called_buyer_who_does_not_pay(stage, contract):
    stage.stock(WAD)
    contract.pay(stage.venue.quote.address, stage.venue.vault.address, 2_000 * TOKEN - 1)
    with boa.reverts("token: allowance"):
        order(stage, contract)
    assert (stage.inventory(), contract.calls()) == (WAD, 0)
    contract.pay(stage.venue.quote.address, stage.venue.vault.address, 2_000 * TOKEN)
    order(stage, contract)
    assert stage.inventory() == 0


def test_a_buyer_who_refuses_buys_nothing(stage, contract):
    stage.stock(WAD)
    contract.refuse(True)
    with boa.reverts("buyer: refuses"):
        order(stage, contract)
    assert (stage.inventory(), stage.ask()) == (WAD, (PRICE, WAD))


def test_calls_the_buyer_with_what_it_buys(stage, contract):
    stage.stock(3 * WAD)
    order(stage, contract, amount=WAD, data=b"a path")
    told = (contract.calls(), contract.caller(), contract.token(), contract.amount(), contract.cost())
    weth, vault = stage.venue.tokens[WETH], stage.venue.vault.address
    assert told == (1, vault, weth.address, WAD, 2_000 * TOKEN)
    assert (contract.data(), contract.held()) == (b"a path", WAD)
    assert stage.venue.quote.balanceOf(contract.address) == 3_000 * TOKEN


def called(computation):
    """Whom a call called, and they in turn."""
    for child in computation.children:
        yield child.msg.to
        yield from called(child)


def test_the_limit_is_looked_at_before_anything_leaves(stage, contract):
    stage.stock(WAD)
    weth = stage.venue.tokens[WETH]
    reached = []
    for limit in (PRICE - 1, PRICE):
        args = (weth.address, WAD, limit, contract.address, b"a path")
        data = stage.liquidator.buy_collateral.prepare_calldata(*args)
        done = boa.env.execute_code(stage.liquidator.address, sender=contract.address, data=data)
        named = {bytes.fromhex(c.address[2:]): c for c in (weth, contract, stage.venue.manager)}
        reached.append((done.is_error, {named[to] for to in called(done) if to in named}))
    assert reached == [(True, {stage.venue.manager}), (False, {weth, contract, stage.venue.manager})]


def test_calls_nobody_without_data(stage, contract):
    stage.stock(WAD)
    order(stage, contract, data=b"")
    assert contract.calls() == 0


def test_can_pay_with_what_the_tokens_fetch(stage):
    """Nothing in its pockets before: the money comes in the callback."""
    stage.stock(WAD)
    poor = load("tests/contracts/attackers/Buyer.vy")
    quote = stage.venue.quote
    poor.pay(quote.address, stage.venue.vault.address, 2**256 - 1)
    poor.plan(quote.address, quote.mint.prepare_calldata(poor.address, 2_000 * TOKEN))
    order(stage, poor)
    assert (quote.balanceOf(poor.address), stage.venue.tokens[WETH].balanceOf(poor.address)) == (0, WAD)


def inside(stage, buyer):
    """What a hostile buyer might try between delivery and payment, by name: (target, calldata)."""
    v, me = stage.venue, account_of(buyer.address)
    weth, quote = v.tokens[WETH].address, v.quote.address
    liquidator, manager = stage.liquidator, v.manager
    buy = liquidator.buy_collateral.prepare_calldata(weth, WAD, 2**255, buyer.address, b"")
    return {
        "buy again": (liquidator, buy),
        "look at the price": (liquidator, liquidator.inventory_price.prepare_calldata(weth)),
        "observe": (liquidator, liquidator.observe.prepare_calldata()),
        "liquidate": (liquidator, liquidator.liquidate.prepare_calldata([me], 0)),
        "deleverage": (liquidator, liquidator.deleverage.prepare_calldata(me, ETH)),
        "deposit the tokens": (manager, manager.deposit.prepare_calldata(me, weth, WAD)),
        "deposit quote": (manager, manager.deposit.prepare_calldata(me, quote, TOKEN)),
        "withdraw": (manager, manager.withdraw.prepare_calldata(me, quote, 1, buyer.address)),
        "read its cash": (manager, manager.cash.prepare_calldata(me)),
        "read solvency": (manager, manager.solvency.prepare_calldata()),
        "poke": (manager, manager.poke.prepare_calldata(ETH)),
        "read the ledger": (v.vault, v.vault.totals.prepare_calldata()),
        "claim": (v.waterfall, v.waterfall.solvency.prepare_calldata()),
        "alarm": (v.waterfall, v.waterfall.alarm.prepare_calldata()),
    }


@pytest.mark.parametrize(
    "attempt",
    [
        "buy again",
        "look at the price",
        "observe",
        "liquidate",
        "deleverage",
        "deposit the tokens",
        "deposit quote",
        "withdraw",
        "read its cash",
        "read solvency",
        "poke",
        "read the ledger",
        "claim",
        "alarm",
    ],
)
def test_nothing_moves_or_reads_the_ledger_meanwhile(stage, contract, attempt):
    stage.stock(3 * WAD)
    weth = stage.venue.tokens[WETH]
    contract.act(weth.address, weth.approve.prepare_calldata(stage.venue.vault.address, 10 * WAD))
    stage.venue.fund(stage.outsider, TOKEN)
    stage.venue.manager.deposit(
        account_of(contract.address), stage.venue.quote.address, TOKEN, sender=stage.outsider
    )
    attempts = inside(stage, contract)
    target, data = attempts[attempt]
    contract.plan(target.address, data)
    order(stage, contract)
    assert (contract.calls(), contract.succeeded(), contract.answer()) == (1, False, b"")
    assert stage.inventory() == 2 * WAD
    assert stage.cash(account_of(contract.address)) == WAD
