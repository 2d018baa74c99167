"""liquidatable(accounts), against what liquidate answers."""

from __future__ import annotations

import boa

from tests.support.words import RATES, WAD
from tests.unit.lens.conftest import Seen
from tests.unit.liquidity_pool.world import BTC, DOGE, ETH, SOL

SETTLE = 7


def acted_on(seen: Seen) -> list[int]:
    """Accounts on which a liquidation of this block would act, each tried on its own."""
    found = []
    for account in seen.ids:
        with boa.env.anchor():
            if seen.w.v.liquidate(account).reason == 0:
                found.append(account)
    return found


def test_nobody_at_first(seen: Seen):
    """The debtor owes 40 against 0.001 WBTC: E = 7.5, MM = 2.2."""
    assert seen.health(seen.accounts["debtor"])[3] == 0
    assert seen.lens.liquidatable(seen.ids) == acted_on(seen) == []


def test_dust_has_nothing_to_liquidate(seen: Seen):
    dust = seen.accounts["dust"]
    equity, _, maintenance, _ = seen.health(dust)
    assert equity < maintenance
    assert seen.lens.liquidatable([dust]) == []


def test_after_a_fall(seen: Seen):
    v = seen.w.v
    for market, percent in ((BTC, 72), (ETH, 120), (SOL, 400), (DOGE, 40)):
        v.set_price(market, v.prices[market] * percent // 100)
    found = seen.lens.liquidatable(seen.ids)
    assert found == acted_on(seen)
    names = {name for name, account in seen.accounts.items() if account in found}
    assert {"long", "mixed", "scaled", "debtor"} <= names
    assert not names & {"nobody", "cash", "collateral", "dust", "pool"}


def test_the_pool_is_not_liquidated_even_when_it_owes(seen: Seen):
    v = seen.w.v
    v.move(v.pool_account, seen.accounts["cash"], 10**8 * WAD)
    assert seen.lens.health([v.pool_account])[0].equity < 0
    assert seen.lens.liquidatable([v.pool_account]) == []


def test_not_without_any_valid_price(seen: Seen):
    v = seen.w.v
    v.set_price(BTC, v.prices[BTC] * 60 // 100)
    assert seen.accounts["scaled"] not in seen.lens.liquidatable(seen.ids)
    assert seen.accounts["long"] in seen.lens.liquidatable(seen.ids)
    boa.env.time_travel(seconds=1)
    for market in (BTC, ETH):
        v.feeds[market].push(2**81)
    assert seen.accounts["long"] not in seen.lens.liquidatable(seen.ids)
    assert seen.lens.liquidatable(seen.ids) == acted_on(seen)


def test_a_dead_leg_saves_nobody_who_is_due_all_the_same(seen: Seen):
    """Long 8 million of BTC, short 3 million of ETH with a dead feed: w of that in its favour is 0.18 million."""
    v = seen.w.v
    v.set_price(BTC, v.prices[BTC] * 60 // 100)
    boa.env.time_travel(seconds=1)
    v.feeds[ETH].push(2**81)
    assert seen.accounts["long"] in seen.lens.liquidatable(seen.ids)
    assert seen.lens.liquidatable(seen.ids) == acted_on(seen)


def test_a_dead_leg_in_its_favour_may_save_it(seen: Seen):
    """Just below maintenance while ETH is priced; not without."""
    v = seen.w.v
    long = seen.accounts["long"]
    low, high = 60, 100
    while high - low > 1:
        middle = (low + high) // 2
        with boa.env.anchor():
            v.set_price(BTC, v.setup.markets[BTC].price * middle // 100)
            low, high = (middle, high) if long in seen.lens.liquidatable([long]) else (low, middle)
        v.prices[BTC] = v.setup.markets[BTC].price
    v.set_price(BTC, v.setup.markets[BTC].price * low // 100)
    assert seen.lens.liquidatable(seen.ids) == acted_on(seen)
    assert long in seen.lens.liquidatable([long])
    boa.env.time_travel(seconds=1)
    v.feeds[ETH].push(2**81)
    assert seen.lens.liquidatable(seen.ids) == acted_on(seen)
    assert long not in seen.lens.liquidatable([long])


def test_nobody_in_grace(seen: Seen):
    v = seen.w.v
    v.set_price(BTC, v.prices[BTC] * 60 // 100)
    assert seen.lens.liquidatable(seen.ids) != []
    until = boa.env.timestamp + 900
    v.configure(RATES, 0, v.setup.rates.word(grace_until=until))
    assert seen.lens.liquidatable(seen.ids) == acted_on(seen) == []
    boa.env.time_travel(seconds=900)
    v.keep_fresh()
    assert seen.accounts["long"] in seen.lens.liquidatable(seen.ids)
    assert seen.lens.liquidatable(seen.ids) == acted_on(seen)


def settled_first(seen: Seen) -> list[int]:
    """Accounts that a liquidation acts on once their settled positions are closed out, each tried on its own."""
    found = []
    for account in seen.ids:
        with boa.env.anchor():
            m = seen.w.v.manager
            answer = seen.w.v.liquidate(account)
            if answer.reason == 6:
                for market in range(5):
                    stopped = m.market_words(1 << market)[0].carry >> 128 & 2**32 - 1 == 0
                    if m.position(account, market)[0] and stopped:
                        m.settle(account, market)
                answer = seen.w.v.liquidate(account)
            if answer.reason == 0:
                found.append(account)
    return found


def test_settled_markets_are_closed_out_on_the_way(seen: Seen):
    """BTC settled at 60 %: who is broken by that is broken, whatever its feed says now."""
    v = seen.w.v
    v.configure(SETTLE, BTC, v.prices[BTC] * 60 // 100)
    boa.env.time_travel(seconds=1)
    v.feeds[BTC].push(2**81)
    found = seen.lens.liquidatable(seen.ids)
    assert seen.accounts["long"] in found
    assert found == settled_first(seen)


def test_nobody_in_grace_after_a_settlement_either(seen: Seen):
    v = seen.w.v
    v.configure(SETTLE, BTC, v.prices[BTC] * 60 // 100)
    v.configure(RATES, 0, v.setup.rates.word(grace_until=boa.env.timestamp + 900))
    assert settled_first(seen) == []
    assert seen.lens.liquidatable(seen.ids) == []
