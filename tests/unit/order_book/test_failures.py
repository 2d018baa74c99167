"""What execute makes of a failed call, by its revert data: consumed with a reason, pending without one."""

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
    event,
    events,
    wait,
)

ERROR = keccak(text="Error(string)")[:4]
PANIC = keccak(text="Panic(uint256)")[:4]
SILENT = (SKIPPED, "orders: failed without a reason")


def error(text: str) -> bytes:
    return ERROR + encode(["string"], [text])


def raw(offset: int, size: int, tail: bytes) -> bytes:
    return ERROR + offset.to_bytes(32, "big") + size.to_bytes(32, "big") + tail


GARBAGE = {
    "nothing": b"",
    "one byte": b"\x08",
    "selector only": ERROR,
    "panic": PANIC + (0x11).to_bytes(32, "big"),
    "empty reason": error(""),
    "other selector": PANIC + error("manager: below initial margin")[4:],
    "no text": raw(32, 5, b""),
    "text cut short": raw(32, 33, bytes(32)),
    "offset elsewhere": raw(64, 32, b"x" * 64),
    "huge offset": raw(2**256 - 1, 32, b"x" * 64),
    "huge size": raw(32, 2**256 - 1, b"x" * 64),
    "longer than 64": error("x" * 65),
    "much longer": error("x" * 150),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_without_a_readable_reason_it_stays(fake, name):
    order = fake.submitted()
    wait(DELAY)
    fake.core.fail(order[0], GARBAGE[name])
    assert fake.execute(order) == [SILENT]
    assert events(fake.book) == []
    assert (fake.is_pending(order), fake.core.reserved(order[0])) == (True, FEE)
    fake.core.recover(order[0])
    assert fake.execute(order) == [(EXECUTED, "")]


@pytest.mark.parametrize(
    "reason", ["x", "manager: below initial margin", "m" * 32, "m" * 33, "m" * 63, "m" * 64]
)
def test_with_a_reason_it_is_consumed(fake, reason):
    order = fake.submitted()
    wait(DELAY)
    fake.core.fail(order[0], error(reason))
    assert fake.execute(order) == [(FAILED, reason)]
    name, fields = event(fake.book)
    assert (name, fields["reason"]) == ("OrderFailed", reason)
    assert (fake.is_pending(order), fake.core.reserved(order[0])) == (False, 0)
    assert fake.core.paid(account_of(fake.keeper)) == FEE


@pytest.mark.parametrize(
    ("reason", "word", "status"),
    [
        ("manager: price off the mark", 0, SKIPPED),
        ("manager: price off the mark", 4 << 216, SKIPPED),
        ("manager: no valid price", 0, FAILED),
        ("manager: no valid price", 2 << 216, SKIPPED),
        ("manager: no valid price", 4 << 216, SKIPPED),
        ("manager: no valid prices", 4 << 216, FAILED),
        ("manager: not allowed", 4 << 216, FAILED),
    ],
)
def test_prices_excuse_an_order_if_they_are_its_own(fake, reason, word, status):
    """word: the price word of the order's market, state in bits 216 on."""
    order = fake.submitted()
    wait(DELAY)
    fake.core.set_word(word)
    fake.core.fail(order[0], error(reason))
    assert fake.execute(order) == [(status, reason)]
    assert fake.is_pending(order) == (status == SKIPPED)


@pytest.mark.parametrize("name", GARBAGE)
def test_an_oracle_without_a_reason(fake, name):
    order = fake.submitted()
    wait(DELAY)
    fake.core.fail_price(GARBAGE[name])
    assert fake.execute(order) == [SILENT]
    assert fake.is_pending(order)
    assert fake.core.trades(order[0]) == 0


def test_an_oracle_with_a_reason(fake):
    order = fake.submitted()
    wait(DELAY)
    fake.core.fail_price(error("oracle: round unproven"))
    assert fake.execute(order) == [(SKIPPED, "oracle: round unproven")]
    assert fake.is_pending(order)


def test_one_failure_does_not_touch_the_others(fake):
    """Every other account fails, each in another way."""
    orders = []
    for sub in range(MAX_PENDING):
        fake.fund(account_of(fake.trader, sub))
        orders.append(fake.submitted(sub))
    wait(DELAY)
    answers = [b"", error("margin: gone"), error("manager: price off the mark"), PANIC]
    for order, answer in zip(orders[::2], answers):
        fake.core.fail(order[0], answer)
    done = (EXECUTED, "")
    assert fake.execute(*orders) == [
        SILENT,
        done,
        (FAILED, "margin: gone"),
        done,
        (SKIPPED, "manager: price off the mark"),
        done,
        SILENT,
        done,
    ]
    assert [fake.core.trades(o[0]) for o in orders] == [0, 1] * 4
    assert [fake.is_pending(o) for o in orders] == [True, False, False, False, True, False, True, False]
    assert fake.core.paid(account_of(fake.keeper)) == 5 * FEE
