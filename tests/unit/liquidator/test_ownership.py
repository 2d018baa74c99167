"""The constructor and the two-step owner."""

import boa

from tests.support.venue import load
from tests.unit.liquidator.support import HOUR

ZERO = "0x" + "00" * 20


def test_starts_without_a_cost(stage):
    liquidator = load("contracts/Liquidator.vy", stage.manager.address, stage.outsider)
    assert (liquidator.owner(), liquidator.pending_owner()) == (stage.outsider, ZERO)
    assert liquidator.MANAGER() == stage.manager.address
    assert tuple(liquidator.terms()) == (0, 0, 0, HOUR)


def test_outsiders_cannot_transfer(stage):
    book = stage.liquidator
    for call in (lambda: book.transfer_ownership(stage.outsider), book.renounce_ownership):
        with boa.reverts("ownable: caller is not the owner"), boa.env.prank(stage.outsider):
            call()


def test_the_new_owner_must_accept(stage):
    stage.liquidator.transfer_ownership(stage.outsider, sender=stage.venue.owner)
    assert stage.liquidator.owner() == stage.venue.owner
    with boa.reverts("ownable_2step: caller is not the new owner"):
        stage.liquidator.accept_ownership(sender=stage.trader)
    stage.liquidator.accept_ownership(sender=stage.outsider)
    stage.liquidator.set_terms((0, 0, 0, 60), sender=stage.outsider)
    with boa.reverts("ownable: caller is not the owner"):
        stage.set_terms()
