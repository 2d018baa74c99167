"""health(accounts) and health_at(accounts, prices)."""

from __future__ import annotations

import random

import boa
import pytest

from tests.support.words import RATES, WAD
from tests.unit.lens.conftest import Seen
from tests.unit.liquidity_pool.world import BTC, DOGE, ETH, LINK, SOL


def test_a_thousand_and_no_more(seen: Seen):
    ids = (seen.ids * 100)[:1_000]
    assert len(seen.lens.health(ids)) == 1_000
    with boa.reverts():
        seen.lens.health(ids + [0])


def test_of_nobody(seen: Seen):
    assert seen.lens.health([]) == []
    assert tuple(seen.lens.health([0])[0]) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("seconds", "moves"),
    [
        (0, {}),
        (40_000, {}),
        (600, {BTC: 107, ETH: 93, SOL: 140, LINK: 99, DOGE: 70}),
        (600, {BTC: 90, ETH: 111, SOL: 77, LINK: 150, DOGE: 133}),
    ],
)
def test_is_the_managers_own(seen: Seen, seconds: int, moves: dict[int, int]):
    v = seen.w.v
    if seconds:
        v.warp(seconds)
    for market, percent in moves.items():
        v.set_price(market, v.prices[market] * percent // 100)
    own = [seen.health(a) for a in seen.ids]
    assert [tuple(h) for h in seen.lens.health(seen.ids)] == own
    assert [tuple(h) for h in seen.lens.health_at(seen.ids, [])] == own
    scaled = dict(zip(seen.accounts, own))["scaled"]
    assert scaled[1] * 10 > scaled[2] * 16  # 1.5 times MM and the OI scale


def test_of_random_books(seen: Seen):
    """Sizes over seven orders of magnitude; the unrolled sum is with_leg's to the wei."""
    draw = random.Random(7)
    w, ids = seen.w, []
    for i in range(12):
        account = w.account(f"random {i}", draw.randrange(100, 400_000))
        for market in draw.sample(range(5), draw.randrange(1, 6)):
            size = draw.choice((-1, 1)) * int(10 ** draw.uniform(1.2, 5.5))
            try:
                w.trade_quote(account, market, size)
            except boa.BoaError:
                pass
        ids.append(account)
    assert sum(len(w.v.manager.legs(a)[1]) for a in ids) > 20
    for percent in (100, 103, 91, 60):
        with boa.env.anchor():
            w.v.warp(draw.randrange(1, 90_000))
            boa.env.time_travel(seconds=1)
            for market in range(5):
                w.v.feeds[market].push(w.v.prices[market] * percent // 100 // 10**10 + market)
            own = [seen.health(a) for a in ids]
            assert [tuple(h) for h in seen.lens.health(ids)] == own
            assert [tuple(h) for h in seen.lens.health_at(ids, [])] == own


def test_the_last_prices_count_where_a_shutdown_has_waited_for_them(seen: Seen):
    """W-3: feeds that ended leave no account without a state; the numbers are the same as before."""
    v = seen.w.v
    before = dict(zip(seen.accounts, map(seen.health, seen.ids)))
    boa.env.time_travel(seconds=1)
    for market in (SOL, DOGE):
        v.feeds[market].push(2**81)
    dead = {name for name, h in zip(seen.accounts, map(seen.health, seen.ids)) if h[3] == 4}
    assert dead >= {"mixed", "short", "five"}
    v.configure(RATES, 0, v.manager.venue_words()[4] | 1 << 235)
    own = [seen.health(a) for a in seen.ids]
    assert [tuple(h) for h in seen.lens.health(seen.ids)] == own
    assert [tuple(h) for h in seen.lens.health_at(seen.ids, [])] == own
    assert [a.state for a in seen.lens.accounts(seen.ids)] == [h[3] for h in own]
    assert [seen.lens.cure(a).state for a in seen.ids] == [h[3] for h in own]
    assert all(h[3] == before[name][3] for name, h in zip(seen.accounts, own))


def test_says_when_a_price_is_not_valid(seen: Seen):
    boa.env.time_travel(seconds=1)
    seen.w.v.feeds[SOL].push(2**81)
    states = dict(zip(seen.accounts, (h.state for h in seen.lens.health(seen.ids))))
    assert {name for name, state in states.items() if state == 4} == {"mixed", "short", "five"}
    assert [tuple(h) for h in seen.lens.health(seen.ids)] == [seen.health(a) for a in seen.ids]
    # an injected price is as good as a valid one
    at = seen.lens.health_at([seen.accounts["mixed"]], [0, 0, 100 * WAD])
    assert at[0].state != 4


def test_at_other_prices_is_what_the_feeds_would_make_of_it(seen: Seen):
    v = seen.w.v
    boa.env.time_travel(seconds=5)
    wanted = [v.prices[m] * percent // 10**12 * 10**10 for m, percent in enumerate((94, 108, 81, 120, 66))]
    guess = seen.lens.health_at(seen.ids, [*wanted[:3], 0, wanted[4]])
    for market in (BTC, ETH, SOL, DOGE):
        v.feeds[market].push(wanted[market] // 10**10)
    assert [tuple(h) for h in guess] == [seen.health(a) for a in seen.ids]
    assert any(h.state != seen.health(a)[3] or h.state for h, a in zip(guess, seen.ids))


def test_a_short_list_of_prices_leaves_the_rest(seen: Seen):
    assert seen.lens.health_at(seen.ids, [0]) == seen.lens.health(seen.ids)
    assert seen.lens.health_at(seen.ids, [seen.w.v.prices[BTC] * 2]) != seen.lens.health(seen.ids)


# ---- settled markets (W-3) ----------------------------------------------------------------------

SETTLE = 7


@pytest.mark.parametrize("percent", [60, 100, 140])
def test_settled_markets_are_worth_what_they_were_settled_at(seen: Seen, percent: int):
    """Whatever their feeds say now, dead ones included; carry stands still."""
    v = seen.w.v
    v.warp(5_000)
    v.configure(SETTLE, BTC, v.prices[BTC] * percent // 100)
    v.configure(SETTLE, DOGE, v.prices[DOGE] * percent // 100)
    settled = [tuple(h) for h in seen.lens.health(seen.ids)]
    assert settled == [seen.health(a) for a in seen.ids]
    v.warp(40_000)
    v.set_price(BTC, 2 * v.prices[BTC])
    boa.env.time_travel(seconds=1)
    v.feeds[DOGE].push(2**81)
    own = [seen.health(a) for a in seen.ids]
    assert [tuple(h) for h in seen.lens.health(seen.ids)] == own
    assert [tuple(h) for h in seen.lens.health_at(seen.ids, [])] == own
    # collateral in bitcoin goes on to follow its feed
    names = dict(zip(seen.accounts, own))
    assert names["collateral"][0] > dict(zip(seen.accounts, settled))["collateral"][0]


def test_an_injected_price_moves_no_settled_position(seen: Seen):
    v = seen.w.v
    v.configure(SETTLE, DOGE, v.prices[DOGE])
    scaled = seen.accounts["scaled"]
    prices = [0, 0, 0, 0, v.prices[DOGE] * 3]
    assert seen.lens.health_at([scaled], prices) == seen.lens.health([scaled])


def test_a_settled_position_needs_no_price(seen: Seen):
    v = seen.w.v
    v.configure(SETTLE, SOL, v.prices[SOL])
    boa.env.time_travel(seconds=1)
    v.feeds[SOL].push(2**81)
    states = dict(zip(seen.accounts, (h.state for h in seen.lens.health(seen.ids))))
    assert {name for name, state in states.items() if state == 4} == set()
    assert [tuple(h) for h in seen.lens.health(seen.ids)] == [seen.health(a) for a in seen.ids]
