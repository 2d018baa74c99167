"""request_exit(shares)."""

from __future__ import annotations

import boa
import pytest

from tests.support.words import WAD
from tests.unit.liquidity_pool.paper import SHUTTING_DOWN, Paper, paper
from tests.unit.liquidity_pool.world import ETH, World


def test_nothing_is_no_request(p: Paper):
    p.enter(p.pool, p.lp, p.units(10))
    with boa.reverts("pool: nothing requested"):
        p.pool.request_exit(0, sender=p.lp)


def test_not_more_than_one_has(p: Paper):
    shares = p.enter(p.pool, p.lp, p.units(10))
    with boa.reverts("erc20: transfer amount exceeds balance"):
        p.pool.request_exit(shares + 1, sender=p.lp)
    p.pool.request_exit(shares, sender=p.lp)
    with boa.reverts("erc20: transfer amount exceeds balance"):
        p.pool.request_exit(1, sender=p.lp)


def test_not_more_than_a_request_can_count():
    """Shares without number, after a pool of 18 decimals was all but wiped out."""
    with boa.env.anchor():
        p = paper(digits=18)
        for _ in range(2):
            p.enter(p.pool, p.lp, 2**125)
            p.lose(p.pool, p.cash(p.pool) - 1)
        assert p.pool.balanceOf(p.lp) > 2**217
        p.pool.request_exit(2**216 - 1, sender=p.lp)
        with boa.reverts("pool: too many shares"):
            p.pool.request_exit(1, sender=p.lp)


def test_puts_shares_into_escrow(p: Paper):
    p.rates(pool=90)
    shares = p.enter(p.pool, p.lp, p.units(10))
    ready_at = p.pool.request_exit(shares // 4, sender=p.lp)
    assert ready_at == boa.env.timestamp + 90 * 60
    events = [e for e in p.pool.get_logs() if type(e).__name__ == "ExitRequested"]
    assert [(e.owner, e.shares, e.ready_at) for e in events] == [(p.lp, shares // 4, ready_at)]
    assert p.pool.balanceOf(p.lp) == shares - shares // 4
    assert p.pool.balanceOf(p.pool.address) == shares // 4
    assert p.pool.totalSupply() == shares
    assert p.pool.totalAssets() == p.units(10)


def test_what_is_requested_cannot_be_used(p: Paper):
    shares = p.enter(p.pool, p.lp, p.units(10))
    p.pool.request_exit(shares, sender=p.lp)
    with boa.reverts("erc20: transfer amount exceeds balance"):
        p.pool.transfer(p.other, 1, sender=p.lp)
    with boa.reverts("erc20: burn amount exceeds balance"):
        p.pool.redeem(shares, p.lp, p.lp, sender=p.lp)
    with boa.reverts("erc20: insufficient allowance"):
        p.pool.redeem(shares, p.lp, p.pool.address, sender=p.lp)
    with boa.reverts("erc20: insufficient allowance"):
        p.pool.transferFrom(p.pool.address, p.lp, 1, sender=p.lp)
    assert p.pool.maxRedeem(p.lp) == p.pool.maxWithdraw(p.lp) == 0
    assert p.pool.maxRedeem(p.pool.address) == p.pool.maxWithdraw(p.pool.address) == 0


def test_a_further_request_restarts_the_cooldown_of_all(p: Paper):
    p.rates(pool=10)
    shares = p.enter(p.pool, p.lp, p.units(10))
    first = p.pool.request_exit(shares // 2, sender=p.lp)
    boa.env.time_travel(seconds=599)
    second = p.pool.request_exit(1, sender=p.lp)
    assert second == first + 599
    assert p.pool.pending_exit(p.lp) == (shares // 2 + 1, second)
    boa.env.time_travel(seconds=1)
    with boa.reverts("pool: too early"):
        p.pool.finalise_exit(p.lp, sender=p.lp)


def test_no_shares_restart_the_cooldown_of_what_is_pending(p: Paper):
    """Lapsed or not, and nothing moves."""
    p.rates(pool=10)
    shares = p.enter(p.pool, p.lp, p.units(10))
    p.pool.request_exit(shares // 2, sender=p.lp)
    for wait in (599, 600 + 86_400 + 1, 30 * 86_400):
        boa.env.time_travel(seconds=wait)
        ready_at = p.pool.request_exit(0, sender=p.lp)
        assert ready_at == boa.env.timestamp + 600
        events = [e for e in p.pool.get_logs() if type(e).__name__ == "ExitRequested"]
        assert [(e.owner, e.shares, e.ready_at) for e in events] == [(p.lp, 0, ready_at)]
        assert p.pool.pending_exit(p.lp) == (shares // 2, ready_at)
        assert p.pool.balanceOf(p.lp) == shares - shares // 2
        assert p.pool.balanceOf(p.pool.address) == shares // 2
        with boa.reverts("pool: too early"):
            p.pool.finalise_exit(p.lp)


def test_further_shares_take_what_has_lapsed_along(p: Paper):
    p.rates(pool=10)
    shares = p.enter(p.pool, p.lp, p.units(10))
    p.pool.request_exit(shares // 2, sender=p.lp)
    boa.env.time_travel(seconds=600 + 86_401)
    p.pool.request_exit(shares // 2, sender=p.lp)
    boa.env.time_travel(seconds=600)
    assert p.pool.finalise_exit(p.lp) == p.units(10)


def test_nobody_restarts_anothers_cooldown(p: Paper):
    p.rates(pool=10)
    mine = p.enter(p.pool, p.lp, p.units(10))
    theirs = p.enter(p.pool, p.other, p.units(10))
    ready_at = p.pool.request_exit(mine, sender=p.lp)
    boa.env.time_travel(seconds=300)
    p.pool.request_exit(theirs, sender=p.other)
    with boa.reverts("pool: nothing requested"):
        p.pool.request_exit(0, sender=p.outsider)
    assert p.pool.pending_exit(p.lp) == (mine, ready_at)
    assert p.pool.balanceOf(p.pool.address) == mine + theirs


def test_takes_the_cooldown_in_force(p: Paper):
    """A change later moves nothing that was asked before it."""
    shares = p.enter(p.pool, p.lp, p.units(10))
    p.rates(pool=2**16 - 1)
    ready_at = p.pool.request_exit(shares // 2, sender=p.lp)
    assert ready_at == boa.env.timestamp + (2**16 - 1) * 60
    p.rates(pool=0)
    assert p.pool.pending_exit(p.lp) == (shares // 2, ready_at)
    with boa.reverts("pool: too early"):
        p.pool.finalise_exit(p.lp)
    assert p.pool.request_exit(shares // 4, sender=p.lp) == boa.env.timestamp


@pytest.mark.parametrize("flags", [SHUTTING_DOWN, 0])
def test_needs_no_prices_and_no_open_venue(p: Paper, flags: int):
    shares = p.enter(p.pool, p.lp, p.units(1_000))
    p.market(0, 100 * WAD, longs=WAD, quote=-100 * WAD)
    p.price(0, 100 * WAD, state=2)
    p.rates(pool=1, flags=flags)
    assert not p.pool.pool_state().prices_valid
    p.pool.request_exit(shares, sender=p.lp)
    assert p.pool.pending_exit(p.lp)[0] == shares
    assert p.fake.refreshes() == 0


@pytest.mark.parametrize("tranche", ["pool", "cover"])
def test_nobody_can_send_shares_to_the_pool(p: Paper, tranche: str):
    """What the contract holds is the sum of what is pending, exactly."""
    t = getattr(p, tranche)
    shares = p.enter(t, p.lp, p.units(10))
    p.quote.mint(p.lp, p.units(1))
    t.approve(p.other, shares, sender=p.lp)
    with boa.reverts("pool: shares to the pool"):
        t.transfer(t.address, 1, sender=p.lp)
    with boa.reverts("pool: shares to the pool"):
        t.transferFrom(p.lp, t.address, 1, sender=p.other)
    with boa.reverts("pool: shares to the pool"):
        t.deposit(p.units(1), t.address, sender=p.lp)
    with boa.reverts("pool: shares to the pool"):
        t.mint(WAD, t.address, sender=p.lp)
    assert t.maxDeposit(t.address) == t.maxMint(t.address) == 0
    assert t.balanceOf(t.address) == 0


def test_by_request_on_the_real_venue(w: World, accounts: list[int]):
    w.v.configure(1, 0, w.v.setup.rates.word(pool_cooldown=120))
    boa.env.time_travel(seconds=1)
    w.v.feeds[ETH].push(2**81)
    assert w.pool.request_exit(WAD, sender=w.lp) == boa.env.timestamp + 7_200
