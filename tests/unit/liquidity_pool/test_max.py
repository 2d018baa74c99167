"""maxDeposit, maxMint, maxWithdraw, maxRedeem: with the answer it works, with more it does not."""

from __future__ import annotations

import boa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.venue import MAX
from tests.support.words import WAD
from tests.unit.liquidity_pool.paper import CLAIMS_OPEN, SHUTTING_DOWN, Paper
from tests.unit.liquidity_pool.world import BTC, ETH, World


def assert_exit_bounds(w: World, owner: str) -> None:
    """The answers of this block are the largest that pass."""
    assets, shares = w.pool.maxWithdraw(owner), w.pool.maxRedeem(owner)
    for amount, call in ((assets, w.pool.withdraw), (shares, w.pool.redeem)):
        if amount:
            with boa.env.anchor():
                call(amount, owner, owner, sender=owner)
        with boa.env.anchor(), boa.reverts():
            call(amount + 1, owner, owner, sender=owner)


def test_entry_takes_what_the_ledger_can_hold(w: World):
    most = w.pool.maxDeposit(w.outsider)
    assert most == (2**127 - 1 - w.v.manager.cash(w.v.pool_account)) // 10**12
    assert w.pool.maxMint(w.outsider) == w.pool.previewDeposit(most)
    w.give(w.outsider, most + 1)
    with boa.env.anchor(), boa.reverts("vault: cash range"):
        w.pool.deposit(most + 1, w.outsider, sender=w.outsider)
    with boa.env.anchor():
        w.pool.mint(w.pool.maxMint(w.outsider), w.outsider, sender=w.outsider)
    w.pool.deposit(most, w.outsider, sender=w.outsider)
    assert w.pool.maxDeposit(w.outsider) == 0


def test_balance_is_the_bound_when_nothing_is_open(w: World):
    shares = w.enter(w.outsider, w.units(3))
    assert w.pool.maxRedeem(w.outsider) == shares
    assert w.pool.maxWithdraw(w.outsider) == w.pool.convertToAssets(shares)
    assert_exit_bounds(w, w.outsider)


def test_nothing_for_a_stranger(w: World):
    assert w.pool.maxWithdraw(w.outsider) == w.pool.maxRedeem(w.outsider) == 0


@pytest.mark.parametrize(("net", "gross"), [(400, 60_000), (60_000, 900), (300, 700)])
def test_exit_caps_are_the_bound(w: World, accounts: list[int], net: int, gross: int):
    w.exits(net, gross)
    room = (w.state().reduced_equity - w.state().tied_up) // 10**12
    assert 0 < w.pool.maxWithdraw(w.lp) == room < w.pool.convertToAssets(w.pool.balanceOf(w.lp))
    assert_exit_bounds(w, w.lp)


def test_winners_cash_is_the_bound(w: World, accounts: list[int]):
    loser = w.v.deposit(w.trader, 100 * 10**8, w.v.tokens[0])
    w.trade_quote(loser, ETH, 4_000_000)
    w.v.set_price(ETH, w.v.prices[ETH] * 90 // 100)
    w.v.trade(loser, ETH, -w.v.manager.position(loser, ETH)[0])
    w.exits(60_000, 60_000)
    s = w.state()
    assert w.pool.maxWithdraw(w.lp) == (s.cash - s.debt) // 10**12 < s.reduced_equity // 10**12
    assert_exit_bounds(w, w.lp)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.integers(200, 3_000),
    st.integers(500, 6_000),
    st.integers(70, 130),
    st.integers(0, 100_000),
    st.integers(1, 10**13),
)
def test_bounds_anywhere(
    w: World, accounts: list[int], net: int, gross: int, percent: int, seconds: int, stake: int
):
    with boa.env.anchor():
        prices = list(w.v.prices)
        w.enter(w.outsider, stake)
        w.exits(net, gross)
        w.v.warp(seconds + 1)
        w.v.set_price(BTC, w.v.prices[BTC] * percent // 100)
        for owner in (w.lp, w.outsider):
            assert_exit_bounds(w, owner)
        most = w.pool.maxDeposit(w.trader)
        w.give(w.trader, MAX // 2)
        if most:
            with boa.env.anchor():
                w.pool.deposit(most, w.trader, sender=w.trader)
        with boa.env.anchor(), boa.reverts():
            w.pool.deposit(most + 1, w.trader, sender=w.trader)
        w.v.prices[:] = prices


def test_dust_that_cannot_be_redeemed_is_not_offered(w: World):
    w.pool.transfer(w.outsider, 10**11, sender=w.lp)  # a tenth of a unit
    assert w.pool.convertToAssets(10**11) == 0
    assert w.pool.maxRedeem(w.outsider) == 0
    assert w.pool.maxWithdraw(w.outsider) == 0
    assert w.pool.balanceOf(w.outsider) * WAD > 0


@pytest.mark.parametrize("tranche", ["pool", "cover"])
def test_nothing_at_will_while_there_is_a_cooldown(p: Paper, tranche: str):
    t = getattr(p, tranche)
    shares = p.enter(t, p.lp, p.units(10))
    p.rates(pool=1, cover=1)
    assert t.maxWithdraw(p.lp) == t.maxRedeem(p.lp) == 0
    assert t.maxDeposit(p.lp) > 0
    # what it would be worth is still told
    assert t.previewRedeem(shares) == p.units(10)
    assert t.previewWithdraw(p.units(10)) == shares


@pytest.mark.parametrize("tranche", ["pool", "cover"])
def test_nothing_in_a_shutdown_and_only_out_after_it(p: Paper, tranche: str):
    t = getattr(p, tranche)
    shares = p.enter(t, p.lp, p.units(10))
    p.rates(flags=SHUTTING_DOWN)
    assert t.maxDeposit(p.lp) == t.maxMint(p.lp) == t.maxWithdraw(p.lp) == t.maxRedeem(p.lp) == 0
    p.rates(flags=SHUTTING_DOWN | CLAIMS_OPEN)
    assert t.maxDeposit(p.lp) == t.maxMint(p.lp) == 0
    assert t.maxRedeem(p.lp) == shares
    assert t.maxWithdraw(p.lp) == p.units(10)


def test_no_entry_for_whom_no_shares_are_made(p: Paper):
    nobody = "0x" + "0" * 40
    for tranche in (p.pool, p.cover):
        for receiver in (nobody, tranche.address):
            assert tranche.maxDeposit(receiver) == tranche.maxMint(receiver) == 0
        assert tranche.maxDeposit(p.lp) > 0
