"""Random sequences of every call against a small model of the book: I-19, and reservations that always add up."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import boa
import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.support.venue import account_of
from tests.unit.order_book.support import (
    DELAY,
    EXECUTED,
    FAILED,
    FEE,
    MAX_PENDING,
    SKIPPED,
    UNKNOWN,
    WAD,
    WINDOW,
    FakeStage,
    Order,
    now,
    order_of,
    wait,
)

REASON = "margin: gone"
ERROR = keccak(text="Error(string)")[:4] + encode(["string"], [REASON])


@dataclass
class Model:
    """What the book should hold: pending orders with time and fee; what each account executed and paid."""

    pending: dict[Order, tuple[int, int]] = field(default_factory=dict)
    trades: Counter[int] = field(default_factory=Counter)
    charged: Counter[int] = field(default_factory=Counter)
    failing: dict[int, bytes] = field(default_factory=dict)
    fee: int = FEE

    def reserved(self, account: int) -> int:
        return sum(fee for order, (_, fee) in self.pending.items() if order[0] == account)

    def phase(self, order: Order) -> str:
        time = self.pending[order][0]
        if now() < time + DELAY:
            return "early"
        return "due" if now() <= time + DELAY + WINDOW else "late"

    def submit(self, order: Order) -> str | None:
        if order in self.pending:
            return "orders: already pending"
        if self.reserved(order[0]) + self.fee > MAX_PENDING * self.fee:
            return "orders: too many pending"
        self.pending[order] = (now(), self.fee)
        return None

    def cancel(self, order: Order) -> str | None:
        if order not in self.pending:
            return "orders: unknown order"
        if self.phase(order) == "due":
            return "orders: too late to cancel"
        del self.pending[order]
        return None

    def execute(self, order: Order) -> tuple[int, str]:
        if order not in self.pending:
            return UNKNOWN, "orders: not pending"
        phase = self.phase(order)
        if phase != "due":
            return SKIPPED, "orders: before its time" if phase == "early" else "orders: expired"
        failure = self.failing.get(order[0])
        if failure == b"":
            return SKIPPED, "orders: failed without a reason"
        self.charged[order[0]] += self.pending.pop(order)[1]
        if failure is not None:
            return FAILED, REASON
        self.trades[order[0]] += 1
        return EXECUTED, ""

    def clear(self, order: Order) -> None:
        if order in self.pending and self.phase(order) == "late":
            del self.pending[order]


def attempt(fake: FakeStage, name: str, order: Order, expected: str | None) -> None:
    if expected is None:
        getattr(fake.book, name)(order, sender=fake.trader)
    else:
        with boa.reverts(expected):
            getattr(fake.book, name)(order, sender=fake.trader)


@pytest.mark.parametrize("seed", range(2))
def test_the_book_is_as_the_model_says(fake, seed):
    rng = random.Random(seed)
    model, seen = Model(), Counter()
    accounts = [account_of(fake.trader, sub) for sub in range(2)]
    fake.fund(accounts[1])
    orders = [order_of(rng.choice(accounts), salt=i) for i in range(20)]
    for step in range(200):
        move = rng.choice(["submit"] * 4 + ["cancel", "execute", "execute", "clear", "wait", "fail", "fee"])
        order = rng.choice(orders)
        if move == "submit":
            reason = model.submit(order)
            attempt(fake, "submit", order, reason)
            seen[reason] += 1
        elif move == "cancel":
            reason = model.cancel(order)
            attempt(fake, "cancel", order, reason)
            seen[reason] += 1
        elif move == "execute":
            batch = rng.choices(orders, k=rng.randrange(1, 7))
            expected = [model.execute(o) for o in batch]
            assert fake.execute(*batch) == expected
            seen.update(expected)
        elif move == "clear":
            batch = rng.choices(orders, k=5)
            for o in batch:
                model.clear(o)
            fake.book.clear_expired(batch)
        elif move == "wait":
            wait(rng.choice([1, 5, DELAY, DELAY, WINDOW]))
        elif move == "fail":
            answer = rng.choice([None, b"", ERROR])
            model.failing.pop(order[0], None)
            fake.core.recover(order[0])
            if answer is not None:
                model.failing[order[0]] = answer
                fake.core.fail(order[0], answer)
        else:
            model.fee = rng.choice([FEE, FEE, 2 * FEE])
            fake.book.set_keeper_fee(model.fee, sender=fake.owner)
        for account in accounts:
            assert fake.core.reserved(account) == model.reserved(account)
            assert fake.core.trades(account) == model.trades[account]
            spent = 100 * WAD - fake.core.free(account) - fake.core.reserved(account)
            assert spent == model.charged[account]
        if step % 10 == 0:
            assert [o for o in orders if fake.is_pending(o)] == [o for o in orders if o in model.pending]
    for event in (
        (EXECUTED, ""),
        (FAILED, REASON),
        (SKIPPED, "orders: expired"),
        "orders: too late to cancel",
    ):
        assert seen[event], f"{event} never happened"
