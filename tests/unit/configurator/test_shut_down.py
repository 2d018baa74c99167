"""shut_down(), shut_down_at()"""

import boa

from tests.unit.configurator.support import (
    DAY,
    NOT_OWNER,
    PAUSED,
    SHUTTING_DOWN,
    Market,
    Rates,
    Venue,
)


def test_only_the_owner(stage, outsider):
    with boa.env.prank(outsider), boa.reverts(NOT_OWNER):
        stage.configurator.shut_down()


def test_once_for_good(stage):
    stage.do("shut_down")
    stage.wait(30 * DAY)
    with boa.reverts("configurator: already so"):
        stage.do("shut_down")


def test_everything_is_closing(stage):
    now = stage.wait(5)
    assert stage.configurator.shut_down_at() == 0
    stage.do("shut_down")
    assert stage.logged("ShutDown") == [()]
    assert stage.logged("ClosingStarted") == [(0,), (1,), (2,)]
    limits = Market(max_oi=0).limits()
    assert stage.settings() == [
        (1, 0, Rates().word() | PAUSED | SHUTTING_DOWN),
        *[(4, market, limits) for market in range(3)],
    ]
    assert stage.configurator.shut_down_at() == now
    assert [stage.configurator.closing(m) for m in range(4)] == [(now, now, 0, 0)] * 3 + [(0, 0, 0, 0)]


def test_what_is_closing_or_settled_goes_its_own_way(stage):
    stage.do("close_market", 0)
    stage.wait(DAY)
    stage.configurator.settle_market(0)
    stage.do("close_market", 2)
    stage.sample(2, 310)
    before = stage.configurator.closing(2)
    stage.do("shut_down")
    assert stage.logged("ClosingStarted") == [(1,)]
    assert stage.configurator.closing(2) == before


def test_from_a_pause_and_from_grace(stage):
    stage.do("pause")
    until = stage.wait(0) + 900
    stage.do("unpause")
    stage.do("pause")
    stage.do("shut_down")
    assert stage.rates() == Rates().word() | until << 192 | PAUSED | SHUTTING_DOWN


def test_without_any_market(bare):
    bare.do("set_rates", Rates())
    bare.do("shut_down")
    assert bare.venue_words()[4] == Rates().word() | PAUSED | SHUTTING_DOWN


def test_nothing_is_listed_or_changed_in_a_market(stage):
    stage.do("shut_down")
    for market in (0, 3):
        with boa.reverts("configurator: shut down"):
            stage.do("set_market", market, Market())
    with boa.reverts("configurator: shut down"):
        stage.do("list_collateral", stage.new_token(), 0, 700, 0)


def test_what_is_left_can_be_set(stage):
    """Liquidations go on, so their terms and roles have to."""
    stage.do("list_collateral", stage.new_token(), 0, 700, 0)
    stage.do("shut_down")
    stage.do("set_collateral", 0, 900, 0)
    stage.do("set_venue", Venue(warning=11_000))
    stage.do("set_rates", Rates(cap_net=900))
    assert stage.rates() == Rates(cap_net=900).word() | PAUSED | SHUTTING_DOWN


def test_32_markets_in_one_transaction(stage):
    for market in range(3, 32):
        stage.do("set_market", market, Market())
    stage.do("shut_down")
    assert len(stage.logged("ClosingStarted")) == 32
    assert stage.configurator._computation.get_gas_used() < 5_000_000
