"""pool_state() and totalAssets(), against what the traders hold and against the ledger."""

from __future__ import annotations

import boa
import pytest

from tests.support.words import WAD, AssetParams, Setup
from tests.unit.liquidity_pool.world import BTC, ETH, SOL, World, premium_up, requirements, world

LEGS = 6


def worth_of_traders(w: World, accounts: list[int]) -> int:
    """Σ E, WAD; without collateral that is what the pool's side is not."""
    return sum(w.v.manager.account_health(a)[0] for a in accounts)


def test_an_empty_pool(fresh: World):
    s = fresh.state()
    assert (s.cash, s.debt, s.equity, s.reduced_equity, s.net, s.gross) == (0, 0, 0, 0, 0, 0)
    assert (s.utilisation, s.exit_utilisation, s.tied_up, s.prices_valid) == (0, 0, 0, True)
    assert fresh.pool.totalAssets() == 0


@pytest.mark.parametrize(
    ("seconds", "moves"),
    [(0, {}), (86_400, {}), (3_600, {BTC: 104, ETH: 92, SOL: 130}), (600, {BTC: 60, SOL: 50})],
)
def test_equity_is_what_the_traders_do_not_own(
    w: World, accounts: list[int], seconds: int, moves: dict[int, int]
):
    """I-3 at current prices and carry, to one wei a leg and in the pool's favour."""
    if seconds:
        w.v.warp(seconds)
    for market, percent in moves.items():
        w.v.set_price(market, w.v.prices[market] * percent // 100)
    s = w.state()
    held = w.v.vault.totals()[1]
    others = worth_of_traders(w, accounts) + w.v.manager.cash(w.v.cover_account)
    assert 0 <= s.equity + others - held + LEGS <= 2 * LEGS
    assert s.equity - s.reduced_equity == premium_up(w, accounts)
    assert w.pool.totalAssets() == max(0, s.reduced_equity // 10**12)


def test_requirements_of_the_mirror(w: World, accounts: list[int]):
    w.v.warp(1_000)
    w.v.set_price(ETH, w.v.prices[ETH] * 108 // 100)
    s = w.state()
    net, gross = requirements(w, accounts)
    assert s.net / WAD == pytest.approx(net, rel=1e-9)
    assert s.gross / WAD == pytest.approx(gross, rel=1e-9)
    rates, r = w.v.setup.rates, s.reduced_equity / WAD
    used = max(net / r / (rates.cap_net / 1e4), gross / r / (rates.cap_gross / 1e4))
    exit_used = max(net / r / (rates.exit_net / 1e4), gross / r / (rates.exit_gross / 1e4))
    assert s.utilisation / WAD == pytest.approx(used, rel=1e-9)
    assert s.exit_utilisation / WAD == pytest.approx(exit_used, rel=1e-9)
    assert s.tied_up / WAD == pytest.approx(exit_used * r, rel=1e-9)


def test_agrees_with_the_sums_of_the_trade_path_at_the_touch(w: World, accounts: list[int]):
    """I-5: a µ a market, and the price's 18 leading bits, apart."""
    exact, sums = w.state(), w.v.manager.solvency()
    assert abs(exact.reduced_equity - sums.reduced_equity) < 40 * WAD  # 8M of skew * 2^-18
    assert exact.utilisation == pytest.approx(sums.utilisation, rel=1e-4)


def test_taken_over_collateral_counts_at_its_discount(w: World):
    """An account with 20 WBTC is liquidated: the pool has inventory, its delta, and the discount's cushion."""
    account = w.v.deposit(w.trader, 20 * 10**8, w.v.tokens[0])
    w.trade_quote(account, ETH, 6_000_000)
    w.v.set_price(ETH, w.v.prices[ETH] * 88 // 100)
    assert w.v.manager.account_health(account)[3] == 3
    w.v.liquidate(account)
    stock = w.v.manager.collateral(w.v.pool_account, w.v.tokens[0].address)
    assert stock > 0
    base, _ = w.v.manager.position(account, ETH)
    s, price = w.state(), w.v.prices[BTC]
    left = worth_of_traders(w, [account]) + w.v.manager.cash(w.v.cover_account)
    mine = 20 * WAD - stock
    assert w.v.manager.collateral(account, w.v.tokens[0].address) == mine
    everything = w.v.vault.totals()[1] + (stock + mine) * price * 9_500 // 10**22
    assert abs(s.equity + left - everything) <= 4
    gross = w.v.setup.markets[ETH].w / 1e4 * base * w.v.prices[ETH] / 1e36
    gross += w.v.setup.markets[BTC].w / 1e4 * stock * price / 1e36
    assert s.gross / WAD == pytest.approx(gross, rel=1e-9)


def test_two_assets_of_one_underlying_are_one_exposure_with_two_discounts():
    """Ten WBTC at 5 % and ten of another bitcoin at 8 %, of which a liquidation hands over a part."""
    assets = (AssetParams("WBTC", 8, BTC, 500), AssetParams("TBTC", 18, BTC, 800))
    with boa.env.anchor():
        w = world(Setup(assets=assets))
        account = w.v.deposit(w.trader, 10 * 10**8, w.v.tokens[0])
        w.v.deposit(w.trader, 10 * WAD, w.v.tokens[1])
        w.trade_quote(account, ETH, 6_000_000)
        w.v.set_price(ETH, w.v.prices[ETH] * 88 // 100)
        w.v.liquidate(account)
        taken = [w.v.manager.collateral(w.v.pool_account, token.address) for token in w.v.tokens]
        kept = [w.v.manager.collateral(account, token.address) for token in w.v.tokens]
        assert min(taken) > 0
        assert [a + b for a, b in zip(taken, kept)] == [10 * WAD, 10 * WAD]
        s, price = w.state(), w.v.prices[BTC]
        left = worth_of_traders(w, [account]) + w.v.manager.cash(w.v.cover_account)
        everything = w.v.vault.totals()[1] + 10 * price * (9_500 + 9_200) // 10_000
        assert abs(s.equity + left - everything) <= 4
        base = w.v.manager.position(account, ETH)[0]
        gross = w.v.setup.markets[ETH].w / 1e4 * base * w.v.prices[ETH] / 1e36
        gross += w.v.setup.markets[BTC].w / 1e4 * sum(taken) * price / 1e36
        assert s.gross / WAD == pytest.approx(gross, rel=1e-9)


def test_a_stale_price_is_told_not_guessed(w: World, accounts: list[int]):
    r = w.state().reduced_equity
    boa.env.time_travel(seconds=90_000)
    w.v.quote_feed.push(10**8)
    s = w.state()
    assert not s.prices_valid
    assert s.reduced_equity != r  # carry went on, at the last price
    assert w.pool.maxDeposit(w.lp) == w.pool.maxRedeem(w.lp) == 0


def test_flat_again_needs_nothing(w: World, accounts: list[int]):
    for account in accounts:
        for market in (BTC, ETH, SOL):
            base = w.v.manager.position(account, market)[0]
            if base:
                w.v.trade(account, market, -base)
    s = w.state()
    assert (s.net, s.gross, s.utilisation, s.tied_up) == (0, 0, 0, 0)
    assert s.reduced_equity == s.equity == s.cash
