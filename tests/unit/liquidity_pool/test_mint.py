"""mint(shares, receiver)."""

from __future__ import annotations

import boa

from tests.support.words import WAD
from tests.unit.liquidity_pool.paper import SHUTTING_DOWN, Paper
from tests.unit.liquidity_pool.world import BTC, ETH, World


def test_needs_valid_prices(w: World, accounts: list[int]):
    w.give(w.outsider, w.units(10))
    boa.env.time_travel(seconds=1)
    w.v.feeds[ETH].push(2**81)
    with boa.reverts("pool: no valid price"):
        w.pool.mint(WAD, w.outsider, sender=w.outsider)


def test_nothing_for_nothing(w: World):
    with boa.reverts("pool: rounds to nothing"):
        w.pool.mint(0, w.lp, sender=w.lp)


def test_no_receiver(w: World):
    w.give(w.outsider, w.units(10))
    with boa.reverts("erc20: mint to the zero address"):
        w.pool.mint(WAD, "0x" + "0" * 40, sender=w.outsider)


def test_costs_the_price_of_now_rounded_up(w: World, accounts: list[int]):
    w.v.set_price(BTC, w.v.prices[BTC] * 103 // 100)
    total, supply = w.state().reduced_equity // 10**12, w.pool.totalSupply()
    shares = 777 * WAD + 1
    exact = shares * (total + 1)
    cost = exact // (supply + 10**12) + (exact % (supply + 10**12) > 0)
    w.give(w.outsider, cost)
    assert w.pool.mint(shares, w.outsider, sender=w.outsider) == cost
    assert w.pool.balanceOf(w.outsider) == shares
    assert w.v.quote.balanceOf(w.outsider) == 0


def test_one_share_costs_at_least_one_unit(w: World):
    w.give(w.outsider, 1)
    assert w.pool.mint(1, w.outsider, sender=w.outsider) == 1


def test_first_one(fresh: World):
    w = fresh
    w.give(w.lp, w.units(2))
    assert w.pool.mint(2 * WAD, w.lp, sender=w.lp) == w.units(2)


def test_closed_for_good_by_a_shutdown(p: Paper):
    p.enter(p.pool, p.lp, p.units(10))
    p.rates(flags=SHUTTING_DOWN)
    p.quote.mint(p.lp, p.units(1))
    with boa.reverts("pool: shutting down"):
        p.pool.mint(WAD, p.lp, sender=p.lp)
