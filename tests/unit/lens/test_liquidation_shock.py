"""liquidation_shock(account), against health at the shocked prices."""

from __future__ import annotations

import boa
import pytest

from tests.support.words import WAD
from tests.unit.lens.conftest import Seen
from tests.unit.liquidity_pool.world import BTC, ETH

NO_MOVE = 2**255 - 1
BP = 10**14


def state_after(seen: Seen, account: int, bps: int) -> int:
    """State at P·(1 + x·β/β_BTC)."""
    v = seen.w.v
    ref = v.setup.markets[0].beta
    prices = [p * (10_000 * ref + bps * m.beta) // (10_000 * ref) for p, m in zip(v.prices, v.setup.markets)]
    return seen.lens.health_at([account], prices)[0].state


@pytest.mark.parametrize("name", ["nobody", "cash", "collateral", "dust", "pool"])
def test_none_without_positions_or_debt(seen: Seen, name: str):
    assert seen.lens.liquidation_shock(seen.accounts[name]) == NO_MOVE


@pytest.mark.parametrize("name", ["long", "short", "five", "scaled", "debtor"])
def test_is_where_the_account_breaks(seen: Seen, name: str):
    account = seen.accounts[name]
    shock = seen.lens.liquidation_shock(account)
    assert shock not in (0, NO_MOVE)
    assert shock % BP == 0
    x = shock // BP
    assert state_after(seen, account, x) == 3
    assert state_after(seen, account, x - x // abs(x)) != 3
    # and nothing nearer on the other side, down to where SOL would be worth nothing
    for part in (1, 2, 4, 8):
        other = max(-x // part, -4_999)
        if abs(other) < abs(x):
            assert state_after(seen, account, other) != 3


def test_a_hedge_has_far_to_go(seen: Seen):
    """Short as much as it holds: only the floor on gross exposure grows, with the price."""
    assert seen.lens.liquidation_shock(seen.accounts["hedged"]) > 5 * WAD


def test_directions(seen: Seen):
    assert seen.lens.liquidation_shock(seen.accounts["long"]) < 0
    assert seen.lens.liquidation_shock(seen.accounts["debtor"]) < 0
    short = seen.w.account("bear", 10_000)
    seen.w.trade_quote(short, ETH, -60_000)
    assert seen.lens.liquidation_shock(short) > 0


def test_a_long_with_no_leverage_never_breaks_upwards(seen: Seen):
    account = seen.w.account("careful", 100_000)
    seen.w.trade_quote(account, BTC, 1_000)
    assert seen.lens.liquidation_shock(account) == NO_MOVE


def test_zero_when_it_is_broken_already(seen: Seen):
    v = seen.w.v
    v.set_price(BTC, v.prices[BTC] * 60 // 100)
    assert seen.lens.liquidation_shock(seen.accounts["long"]) == 0


def test_moves_with_the_market(seen: Seen):
    v, account = seen.w.v, seen.accounts["long"]
    before = seen.lens.liquidation_shock(account)
    with boa.env.anchor():
        v.set_price(BTC, v.prices[BTC] * 97 // 100)
        assert before < seen.lens.liquidation_shock(account) < 0
    assert before < -WAD // 100
