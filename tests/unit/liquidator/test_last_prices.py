"""Once the last prices count (W-3), collateral whose feed is dead is sold at its last price, as the PositionManager sees it."""

import boa
import pytest

from tests.support.words import RATES
from tests.unit.liquidator.support import DISCOUNT, ETH, HOUR, TOKEN, WAD, WETH, Stage, price_at, wait

PRICE = 2_000 * WAD
PAUSED, SHUTTING_DOWN, CLAIMS_OPEN, LAST_PRICES = (1 << 232 + place for place in range(4))


def flags(stage: Stage, raised: int) -> None:
    """The flags of the rates word, as the Configurator raises them."""
    stage.venue.configure(RATES, 0, stage.venue.setup.rates.word() | raised)


def invalid(stage: Stage) -> None:
    """An answer beyond the feed's bounds."""
    stage.venue.feeds[ETH].push(2**80)


def stale(stage: Stage) -> None:
    """Nothing from the feed for more than a day."""
    wait(90_000)


@pytest.fixture(params=[invalid, stale])
def dead(stage: Stage, request: pytest.FixtureRequest) -> Stage:
    """Three ether in an auction since half its length, the ether's feed dead; its last price was 2,000."""
    stage.stock(3 * WAD)
    stage.venue.oracle.refresh(1 << ETH)
    request.param(stage)
    stage.liquidator.observe()
    wait(HOUR // 2)
    return stage


@pytest.mark.parametrize("raised", [0, PAUSED | SHUTTING_DOWN | CLAIMS_OPEN])
def test_until_then_it_is_not_for_sale(dead, raised):
    flags(dead, raised)
    assert dead.ask() == (0, 3 * WAD)
    with boa.reverts("manager: no valid price"):
        dead.buy(WAD)


@pytest.mark.parametrize("others", [0, SHUTTING_DOWN, SHUTTING_DOWN | CLAIMS_OPEN])
def test_the_last_price_is_the_price(dead, others):
    flags(dead, LAST_PRICES | others)
    asked = price_at(PRICE, DISCOUNT[WETH], HOUR // 2)
    assert dead.ask() == (asked, 3 * WAD)
    with boa.reverts("manager: price above the limit"):
        dead.buy(WAD, max_price=asked - 1)
    pool = dead.cash(dead.venue.pool_account)
    assert dead.buy(WAD, max_price=asked) == (WAD, 1_930 * TOKEN)
    assert dead.cash(dead.venue.pool_account) == pool + 1_930 * WAD
    assert dead.ask() == (price_at(PRICE, DISCOUNT[WETH], HOUR // 3), 2 * WAD)


def test_a_feed_that_answers_again_sets_the_price(dead):
    flags(dead, LAST_PRICES)
    # the quote's feed as well, which divides it
    dead.venue.keep_fresh()
    dead.venue.set_price(ETH, 1_000 * WAD)
    asked = price_at(1_000 * WAD, DISCOUNT[WETH], HOUR // 2 + 1)
    assert dead.ask()[0] == asked
    assert dead.buy(WAD) == (WAD, -(-asked // 10**12))


def test_valid_prices_do_not_look_at_the_flag(stage):
    """What it costs: one call of the view more, and only where the price is not valid."""
    stage.stock(WAD)
    data = stage.liquidator.inventory_price.prepare_calldata(stage.venue.tokens[WETH].address)
    calls = [len(boa.env.execute_code(stage.liquidator.address, data=data).children)]
    stage.venue.feeds[ETH].push(2**80)
    wait(1)
    calls.append(len(boa.env.execute_code(stage.liquidator.address, data=data).children))
    assert calls == [3, 4]
