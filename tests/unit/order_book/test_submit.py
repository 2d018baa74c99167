"""OrderBook.submit with a delay: the commitment and what it reserves."""

import boa
import pytest

from tests.support.venue import MAX, account_of
from tests.unit.order_book.support import (
    AGE,
    CLOSED_MARKET,
    DELAY,
    ETH,
    FEE,
    LOT,
    MAX_PENDING,
    TIMING,
    TOKEN,
    WAD,
    WINDOW,
    event,
    hash_of,
    now,
    wait,
)


def test_refuses_all_but_the_owner(stage):
    for caller in (stage.outsider, stage.keeper, stage.venue.owner):
        with boa.reverts("orders: not the owner"):
            stage.submit(stage.order(), sender=caller)


def test_refuses_the_owner_of_a_neighbouring_id(stage):
    """One more than the owner's address, with the largest sub-account below it."""
    for account in (stage.account + 2**96, stage.account - 1, stage.account >> 96, 0):
        with boa.reverts("orders: not the owner"):
            stage.submit(stage.order(account=account))


@pytest.mark.parametrize(
    "size",
    [0, 1, LOT - 1, LOT + 1, -1, 1 - LOT, 2**72 * LOT, -(2**72) * LOT, 2**255 - 1, -(2**255)],
)
def test_refuses_a_bad_size(stage, size):
    with boa.reverts("orders: bad size"):
        stage.submit(stage.order(size))


def test_refuses_a_buy_without_a_bound(stage):
    with boa.reverts("orders: buy without a bound"):
        stage.submit(stage.order(LOT, worst=0))


@pytest.mark.parametrize("market", [CLOSED_MARKET, 31, 32, 2**200, 2**256 - 1])
def test_refuses_a_closed_market(stage, market):
    with boa.reverts("orders: market closed"):
        stage.submit(stage.order(market=market))


def test_refuses_what_is_pending(stage):
    order = stage.submitted()
    wait(3)
    with boa.reverts("orders: already pending"):
        stage.submit(order)


def test_refuses_a_fee_the_account_has_not(stage):
    poor = stage.venue.deposit(stage.outsider, TOKEN // 5 - 1)
    with boa.reverts("vault: insufficient balance"):
        stage.submit(stage.order(account=poor), sender=stage.outsider)
    stage.venue.deposit(stage.outsider, 1)
    stage.submit(stage.order(account=poor), sender=stage.outsider)
    assert stage.reserved(poor) == FEE == stage.venue.manager.cash(poor)


def test_refuses_a_ninth(stage):
    orders = [stage.submitted(salt=i) for i in range(MAX_PENDING)]
    assert stage.reserved() == MAX_PENDING * FEE
    with boa.reverts("orders: too many pending"):
        stage.submit(stage.order(salt=9))
    stage.book.cancel(orders[3], sender=stage.trader)
    stage.submit(stage.order(salt=9))


def test_the_limit_is_an_accounts_own(stage):
    for i in range(MAX_PENDING):
        stage.submitted(salt=i)
    other = stage.venue.deposit(stage.trader, TOKEN, sub=1)
    stage.submit(stage.order(account=other))
    assert stage.reserved(other) == FEE


def test_the_limit_is_in_fees_of_today(stage):
    """Three at the old fee are six at half of it: two more fit, not three."""
    for i in range(3):
        stage.submitted(salt=i)
    stage.book.set_keeper_fee(FEE // 2, sender=stage.venue.owner)
    for i in range(3, 5):
        stage.submitted(salt=i)
    with boa.reverts("orders: too many pending"):
        stage.submit(stage.order(salt=5))


@pytest.mark.parametrize(
    ("size", "worst"), [(LOT, 1), (-LOT, 0), ((2**72 - 1) * LOT, MAX), (-(2**72 - 1) * LOT, MAX), (WAD, 1)]
)
def test_stores_and_reserves(stage, size, worst):
    order = stage.order(size, worst=worst, reduce_only=True, salt=MAX)
    health = stage.venue.manager.account_health(stage.account)
    id = stage.submit(order)
    assert event(stage.book) == (
        "OrderSubmitted",
        {
            "account": stage.account,
            "market": ETH,
            "order_hash": id,
            "order": order,
            "executable_at": now() + DELAY,
        },
    )
    assert id == hash_of(stage.book, order)
    assert stage.status(order) == (now(), now() + DELAY, now() + DELAY + WINDOW, FEE)
    assert stage.reserved() == FEE
    # what is reserved is still the account's
    assert stage.venue.manager.account_health(stage.account) == health


def test_what_is_reserved_cannot_be_withdrawn(stage):
    stage.submitted()
    quote, manager = stage.venue.quote.address, stage.venue.manager
    with boa.reverts("vault: insufficient balance"):
        manager.withdraw(stage.account, quote, 10_000 * TOKEN, stage.trader, sender=stage.trader)
    manager.withdraw(stage.account, quote, 10_000 * TOKEN - TOKEN // 5, stage.trader, sender=stage.trader)
    assert stage.cash(stage.trader) == FEE


def test_keeps_the_terms_it_was_submitted_under(stage):
    owner = stage.venue.owner
    order = stage.submitted()
    time = now()
    stage.book.set_timing(ETH, (60, 600, 300), sender=owner)
    stage.book.set_keeper_fee(3 * FEE, sender=owner)
    assert stage.status(order) == (time, time + DELAY, time + DELAY + WINDOW, FEE)
    later = stage.submitted(salt=1)
    assert stage.status(later) == (time, time + 60, time + 660, 3 * FEE)
    assert stage.reserved() == 4 * FEE


def test_the_word_is_laid_out_as_documented(stage):
    """0 commit time | 40 delay | 64 window | 88 max_exec_age | 112 keeper fee."""
    id = stage.submit(stage.order())
    word = now() | DELAY << 40 | WINDOW << 64 | AGE << 88 | FEE << 112
    assert stage.book.eval(f"self.words[0x{id.hex()}]") == word


def test_an_order_that_is_gone_can_be_submitted_again(stage):
    order = stage.submitted()
    stage.book.cancel(order, sender=stage.trader)
    wait(1)
    stage.submit(order)
    assert stage.status(order)[0] == now()


def test_sub_accounts_belong_to_the_owner(stage):
    last = account_of(stage.trader, 2**96 - 1)
    stage.venue.deposit(stage.trader, TOKEN, sub=2**96 - 1)
    stage.submit(stage.order(account=last))
    assert stage.reserved(last) == FEE


def test_timing_fixture(stage):
    """The tests above count on these."""
    assert tuple(stage.book.timing(ETH)) == TIMING
    assert stage.book.keeper_fee() == FEE
