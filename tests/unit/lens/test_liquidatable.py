"""liquidatable(accounts), against what liquidate answers."""

from __future__ import annotations

import boa

from tests.support.words import WAD
from tests.unit.lens.conftest import Seen
from tests.unit.liquidity_pool.world import BTC, DOGE, ETH, SOL


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


def test_not_without_a_valid_price(seen: Seen):
    v = seen.w.v
    v.set_price(BTC, v.prices[BTC] * 60 // 100)
    assert seen.accounts["long"] in seen.lens.liquidatable(seen.ids)
    boa.env.time_travel(seconds=1)
    v.feeds[ETH].push(2**81)
    assert seen.accounts["long"] not in seen.lens.liquidatable(seen.ids)
    assert seen.lens.liquidatable(seen.ids) == acted_on(seen)
