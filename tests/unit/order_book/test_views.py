"""OrderBook.hash_order and order_status."""

import boa
import pytest

from tests.support.venue import MAX, load
from tests.unit.order_book.support import DELAY, FEE, WAD, WINDOW, hash_of, now, order_of, wait


@pytest.mark.parametrize(
    "order",
    [
        order_of(0, -1, 0, 0),
        order_of(MAX, 2**255 - 1, MAX, MAX, True, MAX),
        order_of(5 << 96, -(2**255), 31, 7, False, 9),
    ],
)
def test_the_hash_is_as_documented(stage, order):
    assert stage.book.hash_order(order) == hash_of(stage.book, order)


def test_the_hash_covers_every_field(stage):
    base = stage.order()
    variants = [base]
    for i, other in enumerate((stage.account + 1, 0, 2 * WAD, 1, True, 1)):
        variants.append((*base[:i], other, *base[i + 1 :]))
    assert len({stage.book.hash_order(v) for v in variants}) == len(variants) == 7


def test_the_hash_is_this_books_and_this_chains(stage):
    order = stage.order()
    here = stage.book.hash_order(order)
    other = load("contracts/OrderBook.vy", stage.venue.manager.address, stage.venue.owner)
    assert other.hash_order(order) != here
    chain = boa.env.evm.patch.chain_id
    try:
        boa.env.evm.patch.chain_id = chain + 1
        assert stage.book.hash_order(order) == hash_of(stage.book, order) != here
    finally:
        boa.env.evm.patch.chain_id = chain
    assert stage.book.hash_order(order) == here


def test_status_of_what_is_not_pending(stage):
    assert tuple(stage.book.order_status(bytes(32))) == (0, 0, 0, 0)
    order = stage.submitted()
    stage.book.cancel(order, sender=stage.trader)
    assert stage.status(order) == (0, 0, 0, 0)


def test_status_outlives_the_window(stage):
    order, time = stage.submitted(), now()
    wait(10 * WINDOW)
    assert stage.status(order) == (time, time + DELAY, time + DELAY + WINDOW, FEE)
