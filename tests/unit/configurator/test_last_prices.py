"""last_prices()"""

import boa

from tests.unit.configurator.support import CLAIMS_OPEN, DAY, LAST_PRICES, PAUSED, SHUTTING_DOWN, Rates

DOWN = Rates().word() | PAUSED | SHUTTING_DOWN


def test_only_after_a_shutdown(stage):
    stage.do("pause")
    stage.wait(30 * DAY)
    with boa.reverts("configurator: not shut down"):
        stage.configurator.last_prices()


def test_seven_days_after_it(stage, outsider):
    stage.do("shut_down")
    stage.settings()
    stage.wait(7 * DAY - 1)
    with boa.reverts("configurator: too soon"):
        stage.configurator.last_prices()
    stage.wait(1)
    with boa.env.prank(outsider):
        stage.configurator.last_prices()
    assert stage.logged("LastPricesTaken") == [()]
    assert stage.settings() == [(1, 0, DOWN | LAST_PRICES)]


def test_once(stage):
    stage.do("shut_down")
    stage.wait(7 * DAY)
    stage.configurator.last_prices()
    with boa.reverts("configurator: already so"):
        stage.configurator.last_prices()


def test_before_the_claims_and_after(stage):
    stage.settle_all()
    stage.configurator.open_claims()
    stage.wait(7 * DAY)
    stage.configurator.last_prices()
    assert stage.rates() == DOWN | CLAIMS_OPEN | LAST_PRICES
