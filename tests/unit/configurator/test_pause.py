"""pause()"""

import boa

from tests.unit.configurator.support import NOT_OWNER, PAUSED, Market, Rates, Venue


def test_only_the_owner(stage, outsider):
    with boa.env.prank(outsider), boa.reverts(NOT_OWNER):
        stage.configurator.pause()


def test_once(stage):
    stage.do("pause")
    with boa.reverts("configurator: already so"):
        stage.do("pause")


def test_a_flag_is_set_and_nothing_else(stage):
    stage.do("pause")
    assert stage.logged("Paused") == [()]
    assert stage.settings() == [(1, 0, Rates().word() | PAUSED)]


def test_parameters_can_be_set_and_it_stays(stage):
    stage.do("pause")
    stage.do("set_rates", Rates(cap_net=900))
    stage.do("set_venue", Venue(warning=11_000))
    stage.do("set_market", 3, Market())
    assert stage.rates() == Rates(cap_net=900).word() | PAUSED


def test_before_the_rates_it_does_not_stand_for_them(bare):
    bare.do("pause")
    bare.do("set_venue", Venue())
    with boa.reverts("configurator: venue first"):
        bare.do("set_market", 0, Market())
    bare.do("set_rates", Rates())
    bare.do("set_market", 0, Market())
    assert bare.venue_words()[4] == Rates().word() | PAUSED
