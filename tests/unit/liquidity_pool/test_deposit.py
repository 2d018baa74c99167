"""deposit(assets, receiver)."""

from __future__ import annotations

from dataclasses import replace

import boa
import pytest

from tests.support.venue import MAX
from tests.support.words import WAD, Setup
from tests.unit.liquidity_pool.paper import CLAIMS_OPEN, SHUTTING_DOWN, Paper
from tests.unit.liquidity_pool.world import BTC, ETH, World, compiled, world


def test_needs_valid_prices_of_what_is_open(w: World, accounts: list[int]):
    w.give(w.outsider, w.units(10))
    boa.env.time_travel(seconds=1)
    w.v.feeds[ETH].push(2**81)
    assert w.pool.maxDeposit(w.outsider) == 0
    with boa.reverts("pool: no valid price"):
        w.pool.deposit(w.units(10), w.outsider, sender=w.outsider)


def test_prices_of_flat_markets_do_not_matter(w: World):
    boa.env.time_travel(seconds=1)
    w.v.feeds[ETH].push(2**81)
    w.enter(w.outsider, w.units(10))
    assert w.pool.balanceOf(w.outsider) == 10 * 10**18


def test_closed_without_capital(w: World):
    """Shares out, R < 0: fresh money would pay for what the old LPs lost."""
    account = w.account("winner", 2_000_000)
    w.trade_quote(account, BTC, 12_000_000)
    w.v.set_price(BTC, w.v.prices[BTC] * 2)
    assert w.state().reduced_equity < 0
    assert w.pool.totalAssets() == 0
    assert w.pool.maxDeposit(w.outsider) == 0
    assert w.pool.maxMint(w.outsider) == 0
    w.give(w.outsider, w.units(10))
    with boa.reverts("pool: closed to entries"):
        w.pool.deposit(w.units(10), w.outsider, sender=w.outsider)


def test_closed_with_debts_and_no_shares(fresh: World):
    """No LP ever, and the pool's account owes: the first money in would be another's."""
    w = fresh
    account = w.account("trader x", 100)
    w.v.move(w.v.pool_account, account, WAD)
    assert w.state().reduced_equity == -WAD
    assert w.pool.maxDeposit(w.outsider) == 0
    w.give(w.outsider, w.units(10))
    with boa.reverts("pool: closed to entries"):
        w.pool.deposit(w.units(10), w.outsider, sender=w.outsider)


@pytest.mark.parametrize("tranche", ["pool", "cover"])
@pytest.mark.parametrize("flags", [SHUTTING_DOWN, SHUTTING_DOWN | CLAIMS_OPEN, CLAIMS_OPEN])
def test_closed_for_good_by_a_shutdown(p: Paper, tranche: str, flags: int):
    t = getattr(p, tranche)
    p.enter(t, p.lp, p.units(10))
    p.rates(flags=flags)
    with boa.reverts("pool: shutting down"):
        p.enter(t, p.lp, p.units(10))


def test_takes_no_notice_of_a_pause(p: Paper):
    """Paused is for those who add risk: flag 0."""
    p.rates(pool=60, flags=1)
    assert p.enter(p.pool, p.lp, p.units(10)) == 10 * WAD


def test_nothing_for_nothing(w: World):
    with boa.reverts("pool: rounds to nothing"):
        w.pool.deposit(0, w.lp, sender=w.lp)


def test_needs_the_tokens(w: World):
    with boa.reverts("token: allowance"):
        w.pool.deposit(1, w.outsider, sender=w.outsider)


@pytest.mark.parametrize(("paid", "got"), [(10_000, 9_900), (10_000, 9_999)])
def test_a_fee_on_transfer_is_refused(w: World, paid: int, got: int):
    w.give(w.outsider, w.units(1_000))
    _become(w, "FeeToken")
    compiled("tests/contracts/tokens/FeeToken.vy").at(w.v.quote.address).set_parts(paid, got)
    with boa.reverts():  # the second hop finds too few tokens here
        w.pool.deposit(w.units(100), w.outsider, sender=w.outsider)
    # with a donation that covers the first hop, the second's fee is seen
    compiled("tests/contracts/tokens/FeeToken.vy").at(w.v.quote.address).mint(w.pool.address, w.units(5))
    with boa.reverts("pool: not all arrived"):
        w.pool.deposit(w.units(100), w.outsider, sender=w.outsider)


def test_a_token_that_says_no(w: World):
    w.give(w.outsider, w.units(10))
    _become(w, "FalseToken")
    with boa.reverts("pool: token refused"):
        w.pool.deposit(w.units(11), w.outsider, sender=w.outsider)


def test_a_token_that_says_nothing_is_fine(w: World):
    w.give(w.outsider, w.units(10))
    _become(w, "SilentToken")
    assert w.pool.deposit(w.units(10), w.outsider, sender=w.outsider) == 10 * WAD


def test_locked_while_the_token_moves(w: World):
    """A hook can neither enter, leave nor move shares, nor read a price in between."""
    w.give(w.outsider, w.units(10))
    calls = [
        w.pool.deposit.prepare_calldata(1, w.outsider),
        w.pool.redeem.prepare_calldata(1, w.lp, w.lp),
        w.pool.transfer.prepare_calldata(w.outsider, 0),
        w.pool.transferFrom.prepare_calldata(w.lp, w.outsider, 0),
        w.pool.totalAssets.prepare_calldata(),
        w.pool.convertToAssets.prepare_calldata(1),
    ]
    _become(w, "HookToken")
    hook = compiled("tests/contracts/tokens/HookToken.vy").at(w.v.quote.address)
    for data in calls:
        with boa.env.anchor():
            hook.arm(w.pool.address, data)
            w.pool.deposit(w.units(10), w.outsider, sender=w.outsider)
            assert hook.calls() == 2  # into the pool, into the Vault
            assert not hook.succeeded()


def test_first_one_gets_the_token_amount_in_18_decimals(fresh: World):
    w = fresh
    assert w.enter(w.lp, w.units(5)) == 5 * WAD
    assert w.pool.totalSupply() == w.pool.balanceOf(w.lp) == 5 * WAD
    assert w.v.manager.cash(w.v.pool_account) == 5 * WAD
    assert w.pool.totalAssets() == w.units(5)


def test_first_one_after_fees_gets_what_he_put_in(fresh: World):
    """Cash without shares stays with the virtual shares: 5 quote of it, and 7 put in."""
    w = fresh
    account = w.account("trader x", 100)
    w.v.move(account, w.v.pool_account, 5 * WAD)
    shares = w.enter(w.lp, w.units(7))
    assert shares == w.units(7) * 10**12 // (w.units(5) + 1)
    assert w.units(7) - 10 <= w.pool.convertToAssets(shares) <= w.units(7)


def test_shares_at_the_price_of_now(w: World, accounts: list[int]):
    boa.env.time_travel(seconds=3_600)
    w.v.set_price(BTC, w.v.prices[BTC] * 99 // 100)
    r = w.state().reduced_equity
    assert r != w.v.manager.solvency().reduced_equity  # not the cached one
    total, supply = r // 10**12, w.pool.totalSupply()
    assets = w.units(12_345)
    shares = w.enter(w.outsider, assets)
    assert shares == assets * (supply + 10**12) // (total + 1)
    assert w.pool.balanceOf(w.outsider) == shares
    assert w.state().reduced_equity == r + 12_345 * WAD


def test_for_somebody_else_with_its_event(w: World):
    w.give(w.outsider, w.units(3))
    shares = w.pool.deposit(w.units(3), w.trader, sender=w.outsider)
    event = next(e for e in w.pool.get_logs() if type(e).__name__ == "Deposit" and hasattr(e, "shares"))
    assert (event.sender, event.owner, event.assets, event.shares) == (
        w.outsider,
        w.trader,
        w.units(3),
        shares,
    )
    assert w.pool.balanceOf(w.trader) == shares
    assert w.v.quote.balanceOf(w.pool.address) == 0
    assert w.v.quote.allowance(w.outsider, w.pool.address) == MAX


@pytest.mark.parametrize("decimals", [2, 18, 24])
def test_other_decimals(decimals: int):
    with boa.env.anchor():
        w = world(replace(Setup(), quote_decimals=decimals), capital=0)
        virtual = 10 ** max(0, 18 - decimals)
        first = w.enter(w.lp, w.units(1_000))
        assert first == w.units(1_000) * virtual
        assert w.pool.totalAssets() == w.units(1_000)
        second = w.enter(w.outsider, w.units(10))
        assert second == w.units(10) * (first + virtual) // (w.units(1_000) + 1)
        assert w.pool.redeem(second, w.outsider, w.outsider, sender=w.outsider) <= w.units(10)
        assert w.pool.maxDeposit(w.lp) > 0


def test_more_than_18_decimals_move_in_whole_wad():
    with boa.env.anchor():
        w = world(replace(Setup(), quote_decimals=24), capital=10)
        w.give(w.lp, w.units(1))
        with boa.reverts("vault: amount granularity"):
            w.pool.deposit(w.units(1) - 1, w.lp, sender=w.lp)
        shares = w.pool.previewWithdraw(w.units(1)) - 1
        assert w.pool.previewRedeem(shares) % 10**6 == 0
        paid = w.pool.redeem(shares, w.lp, w.lp, sender=w.lp)
        assert paid == w.units(1) - 10**6
        total, supply = w.pool.totalAssets(), w.pool.totalSupply()
        exact = -(-shares * (total + 1) // (supply + 1))
        assert w.pool.mint(shares, w.lp, sender=w.lp) == -(-exact // 10**6) * 10**6


def _become(w: World, name: str) -> None:
    """Give the quote another token's code; they share the layout of balances and allowances."""
    other = compiled(f"tests/contracts/tokens/{name}.vy").deploy(w.digits)
    boa.env.set_code(w.v.quote.address, boa.env.get_code(other.address))
