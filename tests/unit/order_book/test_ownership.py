"""The constructor and the two-step owner."""

import boa

from tests.support.venue import load
from tests.unit.order_book.support import FEE, TIMING

ZERO = "0x" + "00" * 20


def test_starts_closed_and_with_a_fee(stage):
    book = load("contracts/OrderBook.vy", stage.venue.manager.address, stage.outsider)
    assert (book.owner(), book.pending_owner()) == (stage.outsider, ZERO)
    assert book.MANAGER() == stage.venue.manager.address
    assert book.keeper_fee() == FEE
    assert {tuple(book.timing(m)) for m in range(32)} == {(0, 0, 0)}


def test_outsiders_cannot_transfer(stage):
    for call in (lambda: stage.book.transfer_ownership(stage.outsider), stage.book.renounce_ownership):
        with boa.reverts("ownable: caller is not the owner"), boa.env.prank(stage.outsider):
            call()


def test_the_new_owner_must_accept(stage):
    stage.book.transfer_ownership(stage.outsider, sender=stage.venue.owner)
    assert stage.book.owner() == stage.venue.owner
    with boa.reverts("ownable_2step: caller is not the new owner"):
        stage.book.accept_ownership(sender=stage.trader)
    stage.book.accept_ownership(sender=stage.outsider)
    stage.book.set_timing(0, TIMING, sender=stage.outsider)
    with boa.reverts("ownable: caller is not the owner"):
        stage.book.set_timing(0, TIMING, sender=stage.venue.owner)
