"""account_health: equity, both requirements and the state, as a call in this block would find them."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.support.venue import Venue, account_of
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    BELOW_INITIAL,
    BTC,
    DAY,
    ETH,
    HEALTHY,
    LINK,
    LIQUIDATABLE,
    MARGIN_CALL,
    NO_PRICE,
    USDC,
)


def test_of_nobody(v: Venue, who: SimpleNamespace) -> None:
    assert v.manager.account_health(account_of(who.outsider)) == (0, 0, 0, HEALTHY)


def test_of_cash(v: Venue, account: int) -> None:
    assert v.manager.account_health(account) == (10_000 * WAD, 0, 0, HEALTHY)


def test_of_collateral(v: Venue, who: SimpleNamespace) -> None:
    # 10 ether at 2,000 less 7 %; sqrt(5.5 %^2 + 2 %^2) = 5.852349955359813 % of 20,000
    account = v.deposit(who.trader, 10 * 10**18, v.tokens[1])
    equity, initial, maintenance, state = v.manager.account_health(account)
    assert (equity, state) == (18_600 * WAD, HEALTHY)
    assert 1_170_469_991 * WAD // 10**6 <= maintenance <= 1_170_469_992 * WAD // 10**6
    assert initial == -(-maintenance * 3 // 2)


def test_of_two_collaterals_of_which_one_backs_a_position(v: Venue, who: SimpleNamespace) -> None:
    # the bitcoin joins the position's delta, the ether stays its own: M-2 by hand, in quote
    account = v.deposit(who.trader, 2 * 10**8, v.tokens[0])
    v.deposit(who.trader, 10 * 10**18, v.tokens[1])
    v.trade(account, BTC, WAD)
    equity, initial, maintenance, state = v.manager.account_health(account)
    btc, eth, n, m = 50_000 * 3, 2_000 * 10, v.setup.markets[BTC], v.setup.markets[ETH]
    common = (n.beta * btc + m.beta * eth) / 1e4
    spread = ((n.sigma * btc / 1e4) ** 2 + (m.sigma * eth / 1e4) ** 2) ** 0.5
    assert maintenance / WAD == pytest.approx((common**2 + spread**2) ** 0.5, rel=1e-6)
    # 95,000 and 18,600 less the fee of 25 and the premium of half a skew
    assert 113_600 - 25 - 1 < equity / WAD < 113_600 - 25
    assert (initial, state) == (-(-maintenance * 3 // 2), HEALTHY)


def test_of_a_position(v: Venue, long: int) -> None:
    # bought at 50,000 * (1 + 1/2K); MM 4.308132 % of 50,000
    K = v.setup.markets[BTC].scale
    bought = -(-50_000 * WAD * (2 * K + 10**8) // (2 * K))
    equity, initial, maintenance, state = v.manager.account_health(long)
    assert equity == 9_975 * WAD + 50_000 * WAD - bought
    assert 2_154_065 * WAD // 1_000 < maintenance < 2_154_067 * WAD // 1_000
    assert initial == -(-maintenance * 3 // 2)
    assert state == HEALTHY


def test_follows_the_source_before_anyone_refreshed(v: Venue, long: int) -> None:
    before = v.manager.account_health(long)[0]
    v.set_price(BTC, 49_000 * WAD)
    # but for a second of carry
    assert 0 <= before - 1_000 * WAD - v.manager.account_health(long)[0] < WAD // 10**4


def test_states(v: Venue, long: int) -> None:
    # E = P - 40,026.2; IM 6.46 %, warning 5.17 %, MM 4.31 % of P
    for price, state in (
        (42_800, HEALTHY),
        (42_700, BELOW_INITIAL),
        (42_250, BELOW_INITIAL),
        (42_200, MARGIN_CALL),
        (41_840, MARGIN_CALL),
        (41_820, LIQUIDATABLE),
    ):
        v.set_price(BTC, price * WAD)
        assert v.manager.account_health(long)[3] == state, price
    boa.env.time_travel(seconds=DAY + 1)
    assert v.manager.account_health(long)[3] == NO_PRICE


def test_carry_runs_in_the_view(v: Venue, long: int) -> None:
    before = v.manager.account_health(long)[0]
    v.warp(DAY // 2)
    viewed = v.manager.account_health(long)[0]
    assert viewed < before
    v.manager.poke(BTC)
    assert v.manager.account_health(long)[0] == viewed


def test_the_order_of_opening_does_not_matter(v: Venue, who: SimpleNamespace) -> None:
    # I-15
    sizes = {BTC: WAD // 10, ETH: -2 * WAD, LINK: 100 * WAD}
    found = []
    for order in ((BTC, ETH, LINK), (LINK, ETH, BTC)):
        with boa.env.anchor():
            account = v.deposit(who.other, 10_000 * USDC)
            for market in order:
                v.trade(account, market, sizes[market])
            found.append(v.manager.account_health(account)[1:3])
    assert found[0] == found[1]
