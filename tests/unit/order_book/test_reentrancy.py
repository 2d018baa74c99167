"""A core that calls every function of the OrderBook back in the middle of a trade: the lock holds."""

import boa
import pytest

from tests.support.scripted import UNLOCKED
from tests.support.venue import account_of
from tests.unit.order_book.support import DELAY, EXECUTED, FEE, TIMING, event, order_of, wait

ARGUMENTS = {
    "submit": lambda f: (order_of(account_of(f.core.address)),),
    "cancel": lambda f: (order_of(account_of(f.core.address), salt=1),),
    "clear_expired": lambda f: ([order_of(account_of(f.trader))],),
    "execute": lambda f: ([order_of(account_of(f.trader))], []),
    "set_timing": lambda f: (3, TIMING),
    "set_keeper_fee": lambda f: (2 * FEE,),
    "hash_order": lambda f: (order_of(account_of(f.trader)),),
    "order_status": lambda f: (bytes(32),),
    "timing": lambda f: (1,),
    "keeper_fee": lambda f: (),
}


@pytest.fixture
def armed(fake):
    """The core owns the book and an account, so that nothing but the lock stops it."""
    fake.book.transfer_ownership(fake.core.address, sender=fake.owner)
    fake.book.accept_ownership(sender=fake.core.address)
    fake.fund(account_of(fake.core.address))
    fake.book.submit(order_of(account_of(fake.core.address), salt=1), sender=fake.core.address)
    return fake


def test_the_list_is_complete(fake):
    functions = {item["name"] for item in fake.book.abi if item["type"] == "function"}
    assert functions == set(ARGUMENTS) | UNLOCKED


@pytest.mark.parametrize("name", ARGUMENTS)
def test_each_call_works_outside(armed, name):
    """Without this, a mistake in the arguments would pass for a lock."""
    data = getattr(armed.book, name).prepare_calldata(*ARGUMENTS[name](armed))
    done = boa.env.execute_code(armed.book.address, sender=armed.core.address, data=data)
    assert not done.is_error


@pytest.mark.parametrize("name", ARGUMENTS)
def test_each_call_fails_in_the_middle_of_a_trade(armed, name):
    order = armed.submitted()
    wait(DELAY)
    data = getattr(armed.book, name).prepare_calldata(*ARGUMENTS[name](armed))
    armed.core.arm(armed.book.address, data)
    assert armed.execute(order) == [(EXECUTED, "")]
    assert event(armed.book)[0] == "OrderExecuted"
    assert (armed.core.calls(), armed.core.succeeded()) == (1, False)
    assert armed.core.trades(order[0]) == 1
    assert armed.core.paid(account_of(armed.keeper)) == FEE
