"""What the OrderBook adds to a trade, with every slot and address cold as in a transaction of its own.

Ceilings a little above what was measured: a change that makes orders dearer has to raise them in the open.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boa
from boa.environment import Env

from tests.support.venue import build, load
from tests.unit.order_book.support import DELAY, DEPOSIT, ETH, TIMING, TOKEN, Stage, wait


@contextmanager
def cold() -> Iterator[Stage]:
    """In an environment of its own: making slots cold forgets the way back to older snapshots."""
    with boa.swap_env(Env()):
        venue = build()
        venue.lp_deposit(10_000_000 * TOKEN)
        book = load("contracts/OrderBook.vy", venue.manager.address, venue.owner)
        venue.manager.set_role(book.address, 1, sender=venue.configurator)
        book.set_timing(ETH, TIMING, sender=venue.owner)
        actors = {name: str(boa.env.generate_address(name)) for name in ("trader", "keeper", "outsider")}
        for name in ("trader", "keeper"):
            venue.deposit(actors[name], DEPOSIT)
        stage = Stage(venue, book, **actors)
        first = stage.submitted()
        stage.due()
        stage.execute(first)
        yield stage


def call(contract: Any, name: str, *arguments: object, sender: str) -> tuple[int, int, Any]:
    """Gas of the call as a whole transaction, what the contract used without those it called, and the result."""
    data = getattr(contract, name).prepare_calldata(*arguments)
    boa.env.evm.vm.state.lock_changes()
    boa.env.evm.reset_access_counters()
    done = boa.env.execute_code(contract.address, sender=sender, data=data)
    assert not done.is_error
    used = done.get_gas_used()
    intrinsic = 21_000 + sum(16 if byte else 4 for byte in data)
    own = used - sum(child.get_gas_used() for child in done.children)
    refund = min(done.get_gas_refund(), (intrinsic + used) // 5)
    return intrinsic + used - refund, own, done


def test_submit():
    with cold() as stage:
        total, own, _ = call(stage.book, "submit", stage.order(salt=1), sender=stage.trader)
        # a new slot is 22,100 of it
        assert 22_100 < own < 36_500
        assert total < 70_000


def test_execute():
    with cold() as stage:
        order = stage.submitted(salt=1)
        stage.due()
        stage.venue.oracle.refresh(2 ** len(stage.venue.feeds) - 1)
        _, own, done = call(stage.book, "execute", [order], [], sender=stage.keeper)
        assert not stage.is_pending(order)
        assert len(done.children) == 2  # the proof of the price, the trade
        assert 10_000 < own < 20_000


def test_a_skipped_order_costs_little():
    with cold() as stage:
        orders = [stage.submitted(salt=i) for i in range(2)]
        one = call(stage.book, "execute", orders[:1], [], sender=stage.keeper)[0]
        two = call(stage.book, "execute", orders, [], sender=stage.keeper)[0]
        assert two - one < 8_000


def test_clearing():
    with cold() as stage:
        order = stage.submitted(salt=1)
        wait(DELAY + TIMING[1] + 1)
        total, own, _ = call(stage.book, "clear_expired", [order], sender=stage.outsider)
        assert own < 14_000
        assert total < 50_000
