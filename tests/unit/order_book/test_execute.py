"""OrderBook.execute: when, at which price, for whose account, and what becomes of an order that fails."""

import boa
import pytest

from tests.support.venue import account_of
from tests.unit.order_book.support import (
    AGE,
    DELAY,
    ETH,
    EXECUTED,
    FAILED,
    FEE,
    SKIPPED,
    TOKEN,
    UNKNOWN,
    WAD,
    WINDOW,
    event,
    events,
    fill_price,
    hash_of,
    now,
    update,
    wait,
    wait_until,
)

NOT_PENDING = (UNKNOWN, "orders: not pending")
DONE = (EXECUTED, "")
PRICE = 2_010 * WAD


# ---- what is refused ------------------------------------------------------------------------------


def test_refuses_value(stage):
    order = stage.submitted()
    stage.due()
    boa.env.set_balance(stage.keeper, 1)
    with boa.reverts("orders: value not accepted"):
        stage.execute(order, value=1)
    assert stage.is_pending(order)


def test_an_unknown_order(stage):
    known = stage.submitted()
    stage.due()
    others = [stage.order(salt=1), stage.order(-WAD), stage.order(worst=1), stage.order(market=ETH + 1)]
    assert stage.execute(*others) == [NOT_PENDING] * 4
    assert stage.is_pending(known)


def test_nothing_at_all(stage):
    assert stage.execute() == []


# ---- when -------------------------------------------------------------------------------------------


def test_before_its_time(stage):
    order = stage.submitted()
    wait(DELAY - 1)
    stage.publish(PRICE)
    assert stage.execute(order) == [(SKIPPED, "orders: before its time")]
    assert (stage.is_pending(order), stage.reserved()) == (True, FEE)


def test_in_its_first_second(stage):
    order = stage.submitted()
    stage.due(PRICE)
    assert stage.execute(order) == [DONE]


def test_in_its_last_second_and_after(stage):
    orders = [stage.submitted(salt=i) for i in range(2)]
    expires = stage.status(orders[0])[2]
    wait_until(expires - AGE)
    stage.publish(PRICE)
    wait_until(expires)
    assert stage.execute(orders[0]) == [DONE]
    wait_until(expires + 1)
    assert stage.execute(orders[1]) == [(SKIPPED, "orders: expired")]
    assert stage.is_pending(orders[1])


def test_expires_while_its_price_is_fresh(stage):
    order = stage.submitted()
    wait_until(stage.status(order)[2])
    round_id = stage.publish(PRICE)
    wait(1)
    assert stage.execute(order, updates=[update(round_id)]) == [(SKIPPED, "orders: expired")]


def test_a_round_too_old(stage):
    order = stage.submitted()
    round_id = stage.due(PRICE)
    wait(AGE + 1)
    stage.publish(PRICE)
    assert stage.execute(order, updates=[update(round_id)]) == [(SKIPPED, "orders: round too old")]
    assert stage.is_pending(order)


def test_a_round_just_young_enough(stage):
    order = stage.submitted()
    stage.due(PRICE)
    wait(AGE)
    assert stage.execute(order) == [DONE]


# ---- at which price -----------------------------------------------------------------------------------


def test_no_round_since(stage):
    """Neither the latest before its time nor a named one will do."""
    order = stage.submitted()
    wait(DELAY - 1)
    round_id = stage.publish(PRICE)
    wait(1)
    for updates in ([], [update(round_id)]):
        assert stage.execute(order, updates=updates) == [(SKIPPED, "oracle: round too early")]


def test_the_first_round_and_no_other(stage):
    order = stage.submitted()
    first = stage.due(PRICE)
    wait(2)
    second = stage.publish(PRICE - 5 * WAD)
    for updates in ([], [b""], [update(second)]):
        assert stage.execute(order, updates=updates) == [(SKIPPED, "oracle: not the first round")]
    assert stage.execute(order, updates=[update(first - 1)]) == [(SKIPPED, "oracle: round too early")]
    assert stage.execute(order, updates=[update(first)]) == [DONE]
    assert event(stage.book)[1]["price"] == fill_price(stage, PRICE, WAD)


@pytest.mark.parametrize("size", [1, 8, 31])
def test_a_price_update_that_is_no_round_id(stage, size):
    order = stage.submitted()
    round_id = stage.due(PRICE)
    assert stage.execute(order, updates=[update(round_id)[-size:]]) == [(SKIPPED, "orders: bad price update")]


def test_a_price_update_too_long_fails_the_call(stage):
    """More than 32 bytes are not taken in at all: the caller's mistake, not the order's."""
    order = stage.submitted()
    round_id = stage.due(PRICE)
    data = stage.book.execute.prepare_calldata([order], [update(round_id)])
    size = data.rindex((32).to_bytes(32, "big") + update(round_id))
    longer = data[:size] + (33).to_bytes(32, "big") + update(round_id) + bytes(32)
    done = boa.env.execute_code(stage.book.address, sender=stage.keeper, data=longer)
    assert (done.is_error, done.output) == (True, b"")
    assert stage.execute(order, updates=[update(round_id)]) == [DONE]


@pytest.mark.parametrize("round_id", [2**80, 2**256 - 1, 10**6])
def test_a_round_that_is_not_there(stage, round_id):
    order = stage.submitted()
    stage.due(PRICE)
    status, reason = stage.execute(order, updates=[update(round_id)])[0]
    assert (status, reason.split(":")[0]) == (SKIPPED, "oracle")
    assert stage.is_pending(order)


def test_each_order_has_its_own_round(stage):
    early = stage.submitted(salt=1)
    wait(5)
    late = stage.submitted(salt=2)
    wait(DELAY - 5)
    first = stage.publish(PRICE)
    wait(5)
    second = stage.publish(PRICE + WAD)
    assert stage.execute(early, late, updates=[update(first), update(second)]) == [DONE, DONE]
    prices = [fields["price"] for _, fields in events(stage.book)]
    assert prices[0] == fill_price(stage, PRICE, WAD)
    # the second finds the skew of the first: 1 before, 1 of its own
    assert prices[1] == fill_price(stage, PRICE + WAD, 3 * WAD)


def test_missing_updates_mean_the_latest_round(stage):
    orders = [stage.submitted(salt=i) for i in range(3)]
    round_id = stage.due(PRICE)
    assert stage.execute(*orders, updates=[update(round_id), b""]) == [DONE] * 3


def test_too_many_updates_do_no_harm(stage):
    order = stage.submitted()
    round_id = stage.due(PRICE)
    assert stage.execute(order, updates=[update(round_id), b"x", b"y"]) == [DONE]


# ---- the fill -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2 * WAD, -2 * WAD])
def test_executes_and_pays_the_keeper(stage, size):
    order = stage.submitted(size)
    stage.due(PRICE)
    assert stage.execute(order) == [DONE]
    assert event(stage.book) == (
        "OrderExecuted",
        {
            "account": stage.account,
            "market": ETH,
            "order_hash": hash_of(stage.book, order),
            "size": size,
            "price": fill_price(stage, PRICE, size),
            "keeper": account_of(stage.keeper),
        },
    )
    assert (stage.base(), stage.reserved(), stage.is_pending(order)) == (size, 0, False)
    taker = 2 * PRICE * 500 // 10**6
    assert stage.cash(stage.trader) == 10_000 * WAD - FEE - taker
    assert stage.cash(stage.keeper) == FEE


def test_the_owner_may_execute(stage):
    order = stage.submitted()
    stage.due(PRICE)
    assert stage.execute(order, sender=stage.trader) == [DONE]
    assert event(stage.book)[1]["keeper"] == stage.account
    assert stage.cash(stage.trader) == 10_000 * WAD - PRICE * 500 // 10**6
    assert stage.reserved() == 0


def test_reports_the_size_that_was_left_to_reduce(stage):
    opening, closing = stage.submitted(), stage.submitted(-3 * WAD, reduce_only=True)
    stage.due(PRICE)
    assert stage.execute(opening, closing) == [DONE, DONE]
    assert [fields["size"] for _, fields in events(stage.book)] == [WAD, -WAD]
    assert stage.base() == 0


def test_executes_once(stage):
    order = stage.submitted()
    stage.due(PRICE)
    assert stage.execute(order, order, order) == [DONE, NOT_PENDING, NOT_PENDING]
    assert stage.execute(order) == [NOT_PENDING]
    assert (stage.base(), stage.cash(stage.keeper)) == (WAD, FEE)


def test_pays_the_fee_of_the_commitment(stage):
    order = stage.submitted()
    stage.book.set_keeper_fee(7 * FEE, sender=stage.venue.owner)
    stage.due(PRICE)
    assert stage.execute(order) == [DONE]
    assert (stage.cash(stage.keeper), stage.reserved()) == (FEE, 0)


def test_executes_in_a_market_closed_since(stage):
    order = stage.submitted()
    stage.book.set_timing(ETH, (0, 0, 0), sender=stage.venue.owner)
    stage.due(PRICE)
    assert stage.execute(order) == [DONE]


def test_sixteen_at_once(stage):
    accounts = [stage.venue.deposit(stage.trader, 1_000 * TOKEN, sub=s) for s in (1, 2)]
    orders = [stage.submitted(WAD // 100, account=a, salt=i) for a in accounts for i in range(8)]
    stage.due(PRICE)
    assert stage.execute(*orders) == [DONE] * 16
    assert [stage.venue.manager.position(a, ETH)[0] for a in accounts] == [8 * WAD // 100] * 2
    assert stage.cash(stage.keeper) == 16 * FEE


# ---- what fails for good ------------------------------------------------------------------------------


def assert_consumed(stage, order, reason):
    assert stage.execute(order) == [(FAILED, reason)]
    fields = {"account": order[0], "market": order[1], "order_hash": hash_of(stage.book, order)}
    assert event(stage.book) == ("OrderFailed", {**fields, "reason": reason})
    assert (stage.is_pending(order), stage.reserved()) == (False, 0)
    assert stage.execute(order) == [NOT_PENDING]


def test_margin_withdrawn_costs_order_and_fee(stage):
    order = stage.submitted()
    stage.due(PRICE)
    stage.venue.manager.withdraw(
        stage.account, stage.venue.quote.address, 9_990 * TOKEN, stage.trader, sender=stage.trader
    )
    assert_consumed(stage, order, "manager: below initial margin")
    assert (stage.cash(stage.keeper), stage.cash(stage.trader)) == (FEE, 10 * WAD - FEE)


def test_an_owner_who_executes_his_failing_order_does_not_get_the_fee_back(stage):
    order = stage.submitted()
    stage.due(PRICE)
    stage.venue.manager.withdraw(
        stage.account, stage.venue.quote.address, 9_990 * TOKEN, stage.trader, sender=stage.trader
    )
    assert stage.execute(order, sender=stage.trader) == [(FAILED, "manager: below initial margin")]
    assert stage.cash(stage.trader) == 10 * WAD - FEE
    assert stage.venue.manager.cash(stage.venue.cover_account) == FEE


@pytest.mark.parametrize(("size", "better"), [(WAD, -1), (-WAD, 1)])
def test_a_price_beyond_the_bound(stage, size, better):
    exact = fill_price(stage, PRICE, size)
    within = stage.submitted(size, worst=exact)
    beyond = stage.submitted(size, worst=exact + better)
    stage.due(PRICE)
    assert stage.execute(beyond) == [(FAILED, "engine: worse than the bound")]
    assert stage.execute(within) == [DONE]


def test_nothing_to_reduce(stage):
    order = stage.submitted(reduce_only=True)
    stage.due(PRICE)
    assert_consumed(stage, order, "engine: nothing to reduce")
    assert stage.cash(stage.trader) == 10_000 * WAD - FEE


def test_more_than_the_market_takes(stage):
    order = stage.submitted(2**70 * 10**10)
    stage.due(PRICE)
    assert stage.execute(order)[0][0] == FAILED
    assert (stage.reserved(), stage.is_pending(order)) == (0, False)


def test_a_missing_price_elsewhere_in_the_account_is_its_own_fault(stage):
    """Dust of a collateral with a dead feed would otherwise hold the order back until its price has turned out good."""
    order = stage.submitted()
    stage.due(PRICE)
    stage.venue.feeds[0].push(2**80)
    stage.venue.deposit(stage.trader, 1, stage.venue.tokens[0])
    assert_consumed(stage, order, "manager: no valid price")


# ---- what stays pending -------------------------------------------------------------------------------


def assert_still_pending(stage, order, reason, **options):
    status = stage.status(order)
    assert stage.execute(order, **options) == [(SKIPPED, reason)]
    assert events(stage.book) == []
    assert (stage.status(order), stage.reserved(), stage.cash(stage.keeper)) == (status, FEE, 0)


def test_a_first_price_off_the_mark_waits_for_the_mark(stage):
    order = stage.submitted()
    first = stage.due(PRICE)
    wait(1)
    stage.publish(PRICE * 3 // 2)
    assert_still_pending(stage, order, "manager: price off the mark", updates=[update(first)])
    wait(1)
    stage.publish(PRICE + WAD)
    assert stage.execute(order, updates=[update(first)]) == [DONE]
    assert event(stage.book)[1]["price"] == fill_price(stage, PRICE, WAD)


def test_no_valid_mark_of_its_market(stage):
    order = stage.submitted()
    first = stage.due(PRICE)
    wait(1)
    stage.venue.feeds[ETH].push(2**80)
    assert_still_pending(stage, order, "manager: no valid price", updates=[update(first)])
    wait(1)
    stage.publish(PRICE)
    assert stage.execute(order, updates=[update(first)]) == [DONE]


def test_no_valid_quote_price(stage):
    order = stage.submitted()
    stage.due(PRICE)
    stage.venue.quote_feed.push(2**80)
    assert_still_pending(stage, order, "oracle: quote not valid")


def status_with(stage, order, gas):
    """Status of the order's execution under a gas limit, 0 if the call itself failed, and whether it is still pending."""
    data = stage.book.execute.prepare_calldata([order], [])
    with boa.env.anchor():
        done = boa.env.execute_code(stage.book.address, sender=stage.keeper, data=data, gas=gas)
        # the array's offset and length, the first element's offset, then its status
        status = 0 if done.is_error else int.from_bytes(done.output[96:128], "big")
        return status, stage.is_pending(order)


def test_too_little_gas_never_consumes(stage):
    """From what does not even reach the order up to what executes it; each limit on the same state."""
    order = stage.submitted()
    stage.due(PRICE)
    seen = {status_with(stage, order, gas) for gas in range(20_000, 500_000, 8_000)}
    assert seen - {(SKIPPED, True)} == {(0, True), (EXECUTED, False)}


def test_too_little_gas_for_an_order_that_fails(stage):
    """The same where enough gas would end in a reason."""
    order = stage.submitted(worst=1)
    stage.due(PRICE)
    seen = {status_with(stage, order, gas) for gas in range(20_000, 500_000, 8_000)}
    assert seen - {(SKIPPED, True)} == {(0, True), (FAILED, False)}


# ---- batches ------------------------------------------------------------------------------------------


def test_one_of_each_in_a_batch(stage):
    good = stage.submitted(salt=1)
    beyond = stage.submitted(salt=2, worst=1)
    wait(3)
    early = stage.submitted(salt=3)
    wait(DELAY - 3)
    stage.publish(PRICE)
    assert stage.execute(beyond, early, stage.order(salt=4), good, good) == [
        (FAILED, "engine: worse than the bound"),
        (SKIPPED, "orders: before its time"),
        NOT_PENDING,
        DONE,
        NOT_PENDING,
    ]
    assert (stage.base(), stage.reserved(), stage.cash(stage.keeper)) == (WAD, FEE, 2 * FEE)
    assert [name for name, _ in events(stage.book)] == ["OrderFailed", "OrderExecuted"]


def test_without_the_role_nothing_is_consumed(stage):
    """A taken role fails the call, not the orders."""
    order = stage.submitted()
    stage.due(PRICE)
    stage.venue.manager.set_role(stage.book.address, 0, sender=stage.venue.configurator)
    with boa.reverts("manager: not allowed"):
        stage.execute(order)
    stage.venue.manager.set_role(stage.book.address, 1, sender=stage.venue.configurator)
    assert stage.is_pending(order)
    assert stage.execute(order) == [DONE]


def test_no_second_chance_after_the_window(stage):
    order = stage.submitted()
    round_id = stage.due(PRICE)
    wait(WINDOW + 1)
    assert stage.execute(order, updates=[update(round_id)]) == [(SKIPPED, "orders: expired")]
    stage.book.clear_expired([order])
    assert stage.execute(order) == [NOT_PENDING]
    assert now() > stage.status(order)[2]
