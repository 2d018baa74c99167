"""Two-step ownership."""

import boa

from tests.unit.configurator.support import NOT_OWNER, ZERO


def test_the_owner_is_the_one_named(deployed):
    assert deployed.configurator.owner() == deployed.owner
    assert deployed.configurator.pending_owner() == ZERO


def test_a_new_owner_accepts(deployed, outsider):
    with boa.env.prank(outsider), boa.reverts(NOT_OWNER):
        deployed.configurator.transfer_ownership(outsider)
    deployed.do("transfer_ownership", outsider)
    assert deployed.configurator.owner() == deployed.owner
    with boa.env.prank(outsider):
        deployed.configurator.accept_ownership()
    assert deployed.configurator.owner() == outsider
    with boa.reverts(NOT_OWNER):
        deployed.do("wire", deployed.manager)


def test_renouncing(deployed, outsider):
    with boa.env.prank(outsider), boa.reverts(NOT_OWNER):
        deployed.configurator.renounce_ownership()
    deployed.do("renounce_ownership")
    assert deployed.configurator.owner() == ZERO
