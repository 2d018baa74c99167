"""quote_order(account, order), against the trade itself."""

from __future__ import annotations

import random
from dataclasses import replace

import boa
import pytest
from eth_utils import to_checksum_address

from tests.support.venue import MAX
from tests.support.words import WAD, Setup, sixteen
from tests.unit.lens.conftest import BACKING, Seen, looked_at
from tests.unit.liquidity_pool.world import BTC, DOGE, ETH, LINK, SOL, world


def order(market: int, size: int, worst: int | None = None, reduce_only: bool = False) -> tuple:
    bound = (MAX if size > 0 else 0) if worst is None else worst
    return (0, market, size, bound, reduce_only, 0)


def lots(seen: Seen, market: int, quote: int) -> int:
    """A size worth about so much whole quote."""
    return quote * WAD * WAD // seen.w.v.prices[market] // 10**10 * 10**10


def owner_of(account: int) -> str:
    return to_checksum_address(f"0x{account >> 96:040x}")


def outcome(seen: Seen, account: int, o: tuple, fee: int, spread: bool) -> tuple:
    """(ok, reason, fill, health after) of the fill as the OrderBook would ask for it."""
    v = seen.w.v
    keeper = v.cover_account if fee else account
    with boa.env.anchor():
        try:
            done = v.trade(
                account,
                o[1],
                o[2],
                worst=o[3],
                reduce_only=o[4],
                spread=spread,
                keeper=keeper,
                keeper_fee=fee,
            )
        except boa.BoaError as error:
            return False, reason_of(error), None, None
        return True, "", tuple(done), seen.health(account)[:3]


def reason_of(error: boa.BoaError) -> str:
    """The reason string that went through all frames."""
    data = error.call_trace.computation.output
    return data[68 : 68 + int.from_bytes(data[36:68], "big")].decode() if len(data) >= 100 else ""


def assert_quoted(seen: Seen, account: int, o: tuple) -> bool:
    """The quote says what the trade does; returns whether it is possible."""
    q = seen.lens.quote_order(account, o)
    ok, reason, filled, health = outcome(seen, account, o, q.keeper_fee, q.at_once)
    assert (q.ok, q.reason) == (ok, reason)
    if ok:
        assert (q.size, q.price, q.fee, q.realised) == filled
        assert (q.equity, q.initial, q.maintenance) == health
    return ok


def test_the_quote_lens_answers(seen: Seen):
    account = seen.accounts["long"]
    o = order(ETH, WAD)
    assert seen.lens.quote_order(account, o) == seen.quotes.quote_order(account, o)


def test_fees_and_spread_by_the_markets_timing(seen: Seen):
    account = seen.accounts["long"]
    later = seen.lens.quote_order(account, order(ETH, WAD))
    assert (later.ok, later.at_once, later.keeper_fee) == (True, False, seen.orders.keeper_fee())
    now = seen.lens.quote_order(account, order(LINK, 100 * WAD))
    assert (now.ok, now.at_once, now.keeper_fee) == (True, True, 0)
    mid = seen.w.v.prices[LINK]
    assert now.price > mid * (10**6 + seen.w.v.setup.markets[LINK].spread) // 10**6 * 999 // 1000


@pytest.mark.parametrize(
    ("market", "size", "reason"),
    [
        (9, WAD, "manager: unknown market"),
        (2**200, WAD, "manager: unknown market"),
        (SOL, WAD, "orders: market closed"),
        (BTC, 0, "orders: bad size"),
        (BTC, 2**72 * 10**10, "orders: bad size"),
        (BTC, -(2**255), "orders: bad size"),
    ],
)
def test_what_the_order_book_would_not_take(seen: Seen, market: int, size: int, reason: str):
    q = seen.lens.quote_order(seen.accounts["long"], order(market, size))
    assert (q.ok, q.reason, q.price) == (False, reason, 0)


def test_the_keeper_fee_must_be_free(seen: Seen):
    account = seen.accounts["collateral"]
    q = seen.lens.quote_order(account, order(BTC, WAD // 100))
    assert (q.ok, q.reason) == (False, "vault: insufficient balance")
    owner = boa.env.generate_address("holder 2")
    account = seen.w.v.deposit(owner, 3 * 10**8, seen.w.v.tokens[0])
    with boa.reverts("vault: insufficient balance"):
        seen.orders.submit((account, BTC, WAD // 100, MAX, False, 0), sender=owner)


@pytest.mark.parametrize(
    ("name", "market", "quote", "extra", "reason"),
    [
        ("cash", BTC, 100_000, {}, "manager: below initial margin"),
        ("long", BTC, 1_000, {"worst": 1}, "engine: worse than the bound"),
        ("long", BTC, 1, {}, None),
        ("cash", BTC, -5, {}, "engine: position too small"),
        ("long", BTC, 30_000_000, {}, None),
        ("long", BTC, 1_000, {"reduce_only": True}, "engine: nothing to reduce"),
        ("cash", ETH, 5, {"reduce_only": True}, "engine: nothing to reduce"),
        ("long", BTC, -30_000_000, {"reduce_only": True}, ""),
        ("long", ETH, 1_000, {"reduce_only": True}, ""),
        ("five", DOGE, 60_000, {}, ""),
    ],
)
def test_reasons_are_the_trades(
    seen: Seen, name: str, market: int, quote: int, extra: dict, reason: str | None
):
    account, o = seen.accounts[name], order(market, lots(seen, market, quote), **extra)
    assert_quoted(seen, account, o)
    if reason is not None:
        assert seen.lens.quote_order(account, o).reason == reason


def test_an_engine_that_gives_no_reason(seen: Seen):
    # as one that runs out of gas: reverts with nothing
    boa.env.set_code(seen.w.v.engine.address, bytes.fromhex("5f5ffd"))
    q = seen.quotes.quote_order(seen.accounts["long"], order(ETH, WAD))
    assert (q.ok, q.reason, q.size, q.price) == (False, "lens: no reason given", 0, 0)


@pytest.mark.parametrize(
    ("size", "bound", "reason"),
    [(WAD // 100 + 1, MAX, "orders: bad size"), (WAD // 100, 0, "orders: buy without a bound")],
)
def test_what_no_market_would_take(seen: Seen, size: int, bound: int, reason: str):
    account, o = seen.accounts["long"], order(BTC, size, worst=bound)
    assert seen.lens.quote_order(account, o).reason == reason
    with boa.reverts(reason):
        seen.orders.submit((account, *o[1:]), sender=owner_of(account))


def test_eight_pending_orders_are_enough(seen: Seen):
    account = seen.accounts["long"]
    for salt in range(8):
        assert seen.lens.quote_order(account, order(ETH, WAD)).ok
        seen.orders.submit((account, ETH, WAD, MAX, False, salt), sender=owner_of(account))
    q = seen.lens.quote_order(account, order(ETH, WAD))
    assert (q.ok, q.reason) == (False, "orders: too many pending")
    with boa.reverts("orders: too many pending"):
        seen.orders.submit((account, ETH, WAD, MAX, False, 8), sender=owner_of(account))


def test_an_account_in_trouble_may_only_reduce(seen: Seen):
    v, account = seen.w.v, seen.accounts["long"]
    v.set_price(BTC, v.prices[BTC] * 796 // 1_000)
    assert seen.health(account)[3] in (1, 2)
    assert not assert_quoted(seen, account, order(BTC, lots(seen, BTC, 50_000)))
    assert assert_quoted(seen, account, order(BTC, -lots(seen, BTC, 500_000)))
    # one leg of a hedge: what is left needs more than both did
    assert_quoted(seen, account, order(ETH, lots(seen, ETH, 2_900_000)))


def test_a_missing_price_of_another_leg(seen: Seen):
    boa.env.time_travel(seconds=1)
    seen.w.v.feeds[SOL].push(2**81)
    q = seen.lens.quote_order(seen.accounts["mixed"], order(ETH, WAD))
    assert (q.ok, q.reason) == (False, "manager: no valid price")
    assert q.price > 0


def test_a_full_close_without_a_price_is_not_possible(seen: Seen):
    """The account reads its market no more, but the price of the close counts: it was quoted as possible once."""
    v, account = seen.w.v, seen.accounts["long"]
    boa.env.time_travel(seconds=1)
    v.feeds[BTC].push(2**81)
    assert not assert_quoted(seen, account, order(BTC, -v.manager.position(account, BTC)[0]))


def test_random_orders_do_what_their_quotes_say(seen: Seen):
    """Both answers happen often, over all kinds of account, with inventory in the pool and carry in the books."""
    draw = random.Random(3)
    v = seen.w.v
    v.warp(20_000)
    with boa.env.anchor():
        v.set_price(BTC, v.prices[BTC] * 72 // 100)
        v.liquidate(seen.accounts["long"])
        v.liquidate(seen.accounts["five"])
        v.warp(500)
        names = ["long", "mixed", "short", "cash", "five", "hedged", "scaled", "debtor"]
        results = []
        for _ in range(60):
            account = seen.accounts[draw.choice(names)]
            market = draw.choice((BTC, ETH, DOGE, LINK))
            size = lots(seen, market, draw.choice((-1, 1)) * int(10 ** draw.uniform(0.5, 7)))
            if draw.random() < 0.3:
                size = -v.manager.position(account, market)[0] or size
            o = order(market, size or 10**10, reduce_only=draw.random() < 0.3)
            q = seen.lens.quote_order(account, o)
            if q.reason == "vault: insufficient balance":
                continue
            results.append(assert_quoted(seen, account, o))
            if results[-1] and draw.random() < 0.4:
                seen.w.v.trade(account, market, o[2], worst=o[3], reduce_only=o[4])
        assert 10 < sum(results) < len(results) - 10


def test_sixteen_positions_are_enough():
    with boa.env.anchor():
        seen = looked_at(world(replace(Setup(), markets=sixteen(count=17), assets=BACKING)))
        account = seen.w.account("collector", 100_000)
        for market in range(16):
            seen.w.trade_quote(account, market, 100)
        seen.orders.set_timing(16, (10, 600, 300), sender=seen.w.v.owner)
        q = seen.lens.quote_order(account, order(16, lots(seen, 16, 100)))
        assert (q.ok, q.reason) == (False, "manager: too many positions")
        assert not assert_quoted(seen, account, order(16, lots(seen, 16, 100)))
        assert assert_quoted(seen, account, order(1, lots(seen, 1, -100)))
        assert [tuple(h) for h in seen.lens.health([account])] == [seen.health(account)]
