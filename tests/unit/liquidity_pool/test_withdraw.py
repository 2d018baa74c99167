"""withdraw(assets, receiver, owner)."""

from __future__ import annotations

import boa
import pytest

from tests.support.words import WAD
from tests.unit.liquidity_pool.paper import CLAIMS_OPEN, SHUTTING_DOWN, Paper
from tests.unit.liquidity_pool.world import BTC, ETH, World


def test_needs_valid_prices_of_what_is_open(w: World, accounts: list[int]):
    boa.env.time_travel(seconds=1)
    w.v.feeds[ETH].push(2**81)
    assert w.pool.maxWithdraw(w.lp) == 0
    with boa.reverts("pool: no valid price"):
        w.pool.withdraw(w.units(1), w.lp, w.lp, sender=w.lp)


def test_not_more_than_the_shares(w: World):
    w.enter(w.outsider, w.units(5))
    with boa.reverts("erc20: burn amount exceeds balance"):
        w.pool.withdraw(w.units(5) + 1, w.outsider, w.outsider, sender=w.outsider)


def test_another_ones_shares_need_an_allowance(w: World):
    with boa.reverts("erc20: insufficient allowance"):
        w.pool.withdraw(1, w.outsider, w.lp, sender=w.outsider)
    shares = w.pool.previewWithdraw(w.units(1))
    w.pool.approve(w.outsider, shares, sender=w.lp)
    w.pool.withdraw(w.units(1), w.outsider, w.lp, sender=w.outsider)
    assert w.v.quote.balanceOf(w.outsider) == w.units(1)
    assert w.pool.allowance(w.lp, w.outsider) == 0


def test_nothing_for_nothing(w: World):
    with boa.reverts("pool: rounds to nothing"):
        w.pool.withdraw(0, w.lp, w.lp, sender=w.lp)


def test_capital_that_the_positions_need_stays(w: World, accounts: list[int]):
    w.exits(net=400, gross=60_000)
    free = w.state().reduced_equity - w.state().tied_up
    assert free < w.state().cash - w.state().debt
    with boa.reverts("pool: exit caps"):
        w.pool.withdraw(free // 10**12 + 1, w.lp, w.lp, sender=w.lp)
    w.pool.withdraw(free // 10**12, w.lp, w.lp, sender=w.lp)


def test_no_exit_with_a_cap_of_zero_and_anything_open(w: World, accounts: list[int]):
    w.exits(net=0, gross=60_000)
    assert w.pool.maxWithdraw(w.lp) == w.pool.maxRedeem(w.lp) == 0
    assert w.state().exit_utilisation == 2**64
    with boa.reverts("pool: exit caps"):
        w.pool.withdraw(1, w.lp, w.lp, sender=w.lp)


def test_no_cap_matters_with_nothing_open(w: World):
    w.exits(net=0, gross=0)
    w.pool.withdraw(w.units(9_999_999), w.lp, w.lp, sender=w.lp)


def test_cash_that_winners_are_owed_stays(w: World):
    """A loser's negative cash is the pool's claim, not its cash (L-2)."""
    w.account("somebody with cash", 1_000_000)
    loser = w.v.deposit(w.trader, 100 * 10**8, w.v.tokens[0])  # 100 WBTC, no quote
    w.trade_quote(loser, ETH, 2_000_000)
    w.v.set_price(ETH, w.v.prices[ETH] * 90 // 100)
    size = -w.v.manager.position(loser, ETH)[0]
    w.v.trade(loser, ETH, size)
    s = w.state()
    assert s.debt == -w.v.manager.cash(loser) > 199_000 * WAD
    assert s.gross == 0
    room = (s.cash - s.debt) // 10**12
    assert room < s.reduced_equity // 10**12
    assert w.pool.maxWithdraw(w.lp) == room
    with boa.reverts("manager: cash owed to winners"):
        w.pool.withdraw(room + 1, w.lp, w.lp, sender=w.lp)
    w.pool.withdraw(room, w.lp, w.lp, sender=w.lp)


def test_burns_the_price_of_now_rounded_up(w: World, accounts: list[int]):
    boa.env.time_travel(seconds=3_600)
    w.v.set_price(BTC, w.v.prices[BTC] * 102 // 100)
    total, supply = w.state().reduced_equity // 10**12, w.pool.totalSupply()
    assets = w.units(1_234) + 567
    exact = assets * (supply + 10**12)
    burnt = exact // (total + 1) + (exact % (total + 1) > 0)
    r = w.state().reduced_equity
    assert w.pool.withdraw(assets, w.trader, w.lp, sender=w.lp) == burnt
    event = next(e for e in w.pool.get_logs() if type(e).__name__ == "Withdraw" and hasattr(e, "shares"))
    assert (event.sender, event.receiver, event.owner, event.assets, event.shares) == (
        w.lp,
        w.trader,
        w.lp,
        assets,
        burnt,
    )
    assert w.v.quote.balanceOf(w.trader) == assets
    assert w.pool.totalSupply() == supply - burnt
    assert w.state().reduced_equity == r - assets * 10**12


def test_refreshes_the_prices_it_pays_by(w: World, accounts: list[int]):
    """The word is an hour old and lower than the source: the exit is at the source's."""
    before = w.pool.convertToAssets(WAD)
    boa.env.time_travel(seconds=60)
    w.v.feeds[BTC].push(w.v.prices[BTC] * 110 // 100 // 10**10)  # traders are net long: the pool lost
    assert w.pool.convertToAssets(WAD) < before
    shares = w.pool.withdraw(w.units(1_000), w.lp, w.lp, sender=w.lp)
    assert shares > 1_000 * WAD * w.units(1) // before


@pytest.mark.parametrize("tranche", ["pool", "cover"])
def test_waits_for_a_shutdown_to_pay(p: Paper, tranche: str):
    t = getattr(p, tranche)
    p.enter(t, p.lp, p.units(10))
    p.rates(flags=SHUTTING_DOWN)
    with boa.reverts("pool: shutting down"):
        t.withdraw(p.units(10), p.lp, p.lp, sender=p.lp)
    p.rates(flags=SHUTTING_DOWN | CLAIMS_OPEN)
    t.withdraw(p.units(10), p.lp, p.lp, sender=p.lp)
    assert p.quote.balanceOf(p.lp) == p.units(10)


def test_only_by_request_while_there_is_a_cooldown(p: Paper):
    p.enter(p.pool, p.lp, p.units(10))
    p.rates(pool=1, cover=0)
    with boa.reverts("pool: exit by request"):
        p.pool.withdraw(p.units(10), p.lp, p.lp, sender=p.lp)
    p.rates(pool=0, cover=1)
    p.pool.withdraw(p.units(10), p.lp, p.lp, sender=p.lp)
    assert p.quote.balanceOf(p.lp) == p.units(10)
