"""redeem(shares, receiver, owner)."""

from __future__ import annotations

import boa
import pytest

from tests.support.words import WAD
from tests.unit.liquidity_pool.paper import CLAIMS_OPEN, SHUTTING_DOWN, Paper
from tests.unit.liquidity_pool.world import BTC, ETH, World


def test_needs_valid_prices(w: World, accounts: list[int]):
    boa.env.time_travel(seconds=1)
    w.v.feeds[ETH].push(2**81)
    assert w.pool.maxRedeem(w.lp) == 0
    with boa.reverts("pool: no valid price"):
        w.pool.redeem(WAD, w.lp, w.lp, sender=w.lp)


def test_not_more_than_one_has(w: World):
    with boa.reverts("erc20: burn amount exceeds balance"):
        w.pool.redeem(WAD, w.outsider, w.outsider, sender=w.outsider)


def test_another_ones_shares_need_an_allowance(w: World):
    with boa.reverts("erc20: insufficient allowance"):
        w.pool.redeem(WAD, w.outsider, w.lp, sender=w.outsider)


def test_shares_worth_nothing_are_not_burnt(w: World):
    """One share is 1e-12 of a unit."""
    with boa.reverts("pool: rounds to nothing"):
        w.pool.redeem(1, w.lp, w.lp, sender=w.lp)


def test_no_exit_while_winners_own_the_pool(w: World):
    account = w.account("winner", 2_000_000)
    w.trade_quote(account, BTC, 12_000_000)
    w.v.set_price(BTC, w.v.prices[BTC] * 2)
    assert w.pool.maxRedeem(w.lp) == w.pool.maxWithdraw(w.lp) == 0
    with boa.reverts("pool: rounds to nothing"):
        w.pool.redeem(WAD, w.lp, w.lp, sender=w.lp)


def test_pays_the_price_of_now_rounded_down(w: World, accounts: list[int]):
    w.v.set_price(ETH, w.v.prices[ETH] * 97 // 100)
    total, supply = w.state().reduced_equity // 10**12, w.pool.totalSupply()
    shares = 4_321 * WAD + 7
    paid = shares * (total + 1) // (supply + 10**12)
    assert w.pool.redeem(shares, w.trader, w.lp, sender=w.lp) == paid
    assert w.v.quote.balanceOf(w.trader) == paid
    assert w.pool.totalSupply() == supply - shares


def test_a_lone_lp_gets_everything_out_but_dust(fresh: World):
    w = fresh
    shares = w.enter(w.lp, w.units(1_000))
    assert w.pool.maxRedeem(w.lp) == shares
    assert w.pool.redeem(shares, w.lp, w.lp, sender=w.lp) == w.units(1_000)
    assert w.pool.totalSupply() == 0
    assert w.pool.totalAssets() == 0


@pytest.mark.parametrize("tranche", ["pool", "cover"])
def test_waits_for_a_shutdown_to_pay(p: Paper, tranche: str):
    t = getattr(p, tranche)
    p.enter(t, p.lp, p.units(10))
    p.rates(flags=SHUTTING_DOWN)
    with boa.reverts("pool: shutting down"):
        t.redeem(10 * WAD, p.lp, p.lp, sender=p.lp)
    p.rates(flags=SHUTTING_DOWN | CLAIMS_OPEN)
    t.redeem(10 * WAD, p.lp, p.lp, sender=p.lp)
    assert p.quote.balanceOf(p.lp) == p.units(10)


def test_only_by_request_while_there_is_a_cooldown(p: Paper):
    p.enter(p.pool, p.lp, p.units(10))
    p.rates(pool=1, cover=0)
    with boa.reverts("pool: exit by request"):
        p.pool.redeem(10 * WAD, p.lp, p.lp, sender=p.lp)
    p.rates(pool=0, cover=1)
    p.pool.redeem(10 * WAD, p.lp, p.lp, sender=p.lp)
    assert p.quote.balanceOf(p.lp) == p.units(10)
