"""wire(manager)"""

import boa

from tests.unit.configurator.support import NOT_OWNER, ZERO, Market, Rates, Venue


def test_only_the_owner(deployed, outsider):
    with boa.env.prank(outsider), boa.reverts(NOT_OWNER):
        deployed.configurator.wire(deployed.manager)


def test_only_once(bare):
    with boa.reverts("configurator: already wired"):
        bare.do("wire", bare.manager)


def test_only_a_manager_that_names_it(deployed, factories):
    stranger = factories["Configurator"].deploy(deployed.owner)
    with boa.env.prank(deployed.owner), boa.reverts("configurator: not our manager"):
        stranger.wire(deployed.manager)


def test_nothing_is_set_before_it(deployed):
    calls = (
        ("set_venue", Venue()),
        ("set_rates", Rates()),
        ("set_market", 0, Market()),
        ("list_collateral", ZERO, 0, 0, 0),
        ("set_collateral", 0, 0, 0),
        ("set_order_book", ZERO),
        ("set_liquidator", ZERO),
    )
    for call in calls:
        with boa.reverts("configurator: not wired"):
            deployed.do(*call)


def test_it_names_the_manager(deployed):
    assert deployed.configurator.manager() == ZERO
    deployed.do("wire", deployed.manager)
    (event,) = deployed.configurator.get_logs()
    assert event.manager == deployed.manager.address
    assert deployed.configurator.manager() == deployed.manager.address
