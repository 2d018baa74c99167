"""OrderBook.set_keeper_fee."""

import boa
import pytest

from tests.unit.order_book.support import FEE, WAD, event


def test_refuses_all_but_the_owner(stage):
    for caller in (stage.outsider, stage.trader, stage.keeper):
        with boa.reverts("ownable: caller is not the owner"):
            stage.book.set_keeper_fee(FEE, sender=caller)


@pytest.mark.parametrize("fee", [0, 1, 10**15 - 1, 100 * WAD + 1, 2**256 - 1])
def test_refuses_what_is_out_of_bounds(stage, fee):
    with boa.reverts("orders: fee out of bounds"):
        stage.book.set_keeper_fee(fee, sender=stage.venue.owner)
    assert stage.book.keeper_fee() == FEE


@pytest.mark.parametrize("fee", [10**15, WAD, 100 * WAD])
def test_sets_what_new_orders_reserve(stage, fee):
    stage.submitted()
    stage.book.set_keeper_fee(fee, sender=stage.venue.owner)
    assert event(stage.book) == ("KeeperFeeSet", {"fee": fee})
    assert stage.book.keeper_fee() == fee
    if 8 * fee >= FEE + fee:
        order = stage.submitted(salt=1)
        assert (stage.reserved(), stage.status(order)[3]) == (FEE + fee, fee)
