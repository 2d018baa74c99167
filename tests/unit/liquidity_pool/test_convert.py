"""convertToShares, convertToAssets: the formula of spec 7, for anybody and whatever the limits."""

from __future__ import annotations

import boa
import pytest

from tests.support.words import WAD
from tests.unit.liquidity_pool.world import BTC, SOL, World


@pytest.mark.parametrize("amount", [0, 1, 10**6 + 1, 10**13, 10**27 + 7])
def test_rounds_down(w: World, accounts: list[int], amount: int):
    w.v.set_price(BTC, w.v.prices[BTC] * 95 // 100)
    total, supply = w.state().reduced_equity // 10**12, w.pool.totalSupply()
    assert w.pool.convertToShares(amount) == amount * (supply + 10**12) // (total + 1)
    assert w.pool.convertToAssets(amount) == amount * (total + 1) // (supply + 10**12)


def test_answers_without_valid_prices(w: World, accounts: list[int]):
    boa.env.time_travel(seconds=1)
    w.v.feeds[SOL].push(2**81)
    assert w.pool.convertToAssets(WAD) > 0
    assert w.pool.previewRedeem(WAD) == w.pool.convertToAssets(WAD)
    assert w.pool.previewDeposit(10**6) == w.pool.convertToShares(10**6)


def test_without_capital_shares_are_worth_nothing(w: World):
    account = w.account("winner", 2_000_000)
    w.trade_quote(account, BTC, 12_000_000)
    w.v.set_price(BTC, w.v.prices[BTC] * 2)
    assert w.pool.totalAssets() == 0
    assert w.pool.convertToAssets(10**6 * WAD) == 0
