"""trade: P-1, P-3, fees, caps and the margin of M-4 and M-5."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import boa
import pytest

from tests.support.venue import MAX, Venue, account_of
from tests.support.words import LIMITS, LOT, RATES, WAD
from tests.unit.position_manager.support import (
    BTC,
    DAY,
    ETH,
    MARGIN_CALL,
    USDC,
)


def price_of(v: Venue, market: int, skew: int, size: int, up: bool) -> int:
    """P-3 in lots, rounded against the taker."""
    K = v.setup.markets[market].scale
    exact = v.prices[market] * (2 * K + 2 * skew + size)
    return -(-exact // (2 * K)) if up else exact // (2 * K)


# ---- reverts ------------------------------------------------------------------------------------


def test_reverts_for_others(v: Venue, who: SimpleNamespace, account: int) -> None:
    fill = (account, BTC, WAD, 0, MAX, False, False, account, 0, 0)
    for sender in (who.trader, v.liquidator, v.pool, v.configurator):
        with boa.reverts("manager: not allowed"):
            v.manager.trade(fill, sender=sender)


def test_reverts_for_an_unknown_market(v: Venue, account: int) -> None:
    for market in (5, 32, MAX):
        with boa.reverts("manager: unknown market"):
            v.trade(account, market, WAD)


def test_reverts_for_parts_of_a_lot(v: Venue, account: int) -> None:
    with boa.reverts("engine: size not in lots"):
        v.trade(account, BTC, WAD + 1)


def test_reverts_without_a_size(v: Venue, long: int) -> None:
    with boa.reverts("manager: no size"):
        v.trade(long, BTC, 0)


def test_reverts_for_a_price_off_the_mark(v: Venue, account: int) -> None:
    # the band is 20 %
    for price in (60_000 * WAD + 1, 40_000 * WAD - 1):
        with boa.reverts("manager: price off the mark"):
            v.trade(account, BTC, WAD // 100, price=price)
    for price in (60_000 * WAD, 40_000 * WAD):
        with boa.env.anchor():
            v.trade(account, BTC, WAD // 100, price=price)


def test_reverts_beyond_the_bound(v: Venue, account: int) -> None:
    buy, sell = price_of(v, BTC, 0, 10**8, True), price_of(v, BTC, 0, -(10**8), False)
    with boa.reverts("engine: worse than the bound"):
        v.trade(account, BTC, WAD, worst=buy - 1)
    with boa.reverts("engine: worse than the bound"):
        v.trade(account, BTC, -WAD, worst=sell + 1)
    for size, worst in ((WAD, buy), (-WAD, sell)):
        with boa.env.anchor():
            assert v.trade(account, BTC, size, worst=worst)[1] == worst


def test_reverts_with_nothing_to_reduce(v: Venue, long: int) -> None:
    with boa.reverts("engine: nothing to reduce"):
        v.trade(long, ETH, -WAD, reduce_only=True)
    with boa.reverts("engine: nothing to reduce"):
        v.trade(long, BTC, WAD, reduce_only=True)


def test_reverts_beyond_the_depth(v: Venue, account: int) -> None:
    with boa.reverts("engine: beyond the depth"):
        v.trade(account, BTC, -2 * v.setup.markets[BTC].scale * LOT)


def test_reverts_below_initial_margin(v: Venue, who: SimpleNamespace) -> None:
    # 3 bitcoin of 50,000 need 6.46 % of 150,000 = 9,694 after fee and impact
    account = v.deposit(who.other, 9_700 * USDC)
    with boa.reverts("manager: below initial margin"):
        v.trade(account, BTC, 3 * WAD)
    v.deposit(who.other, 100 * USDC)
    v.trade(account, BTC, 3 * WAD)


def test_reverts_on_profit_alone(v: Venue, who: SimpleNamespace) -> None:
    # profit counts at 0.8 for new risk: 4,700 in cash and 2,000 of it carry 6,300 of IM at the new price, not 6,450
    account = v.deposit(who.other, 4_726 * USDC)
    v.trade(account, BTC, WAD)
    v.set_price(BTC, 52_000 * WAD)
    equity, initial, _, _ = v.manager.account_health(account)
    assert initial * 196 // 100 + 30 * WAD < equity  # it would be enough, were profit counted in full
    with boa.reverts("manager: below initial margin"):
        v.trade(account, BTC, 96 * WAD // 100)
    v.trade(account, BTC, 85 * WAD // 100)


def test_reverts_with_a_stale_price(v: Venue, account: int) -> None:
    boa.env.time_travel(seconds=DAY + 1)
    with boa.reverts("manager: no valid price"):
        v.trade(account, BTC, WAD // 10)


def test_reverts_with_a_stale_price_of_what_is_held(v: Venue, long: int) -> None:
    boa.env.time_travel(seconds=DAY + 1)
    v.quote_feed.push(10**8)
    v.feeds[ETH].push(2_000 * 10**8)
    with boa.reverts("manager: no valid price"):
        v.trade(long, ETH, WAD)


def test_reverts_where_a_reduction_hurts(v: Venue, who: SimpleNamespace) -> None:
    # 200,000 of bitcoin, 80,000 of ether sold against it: MM 0.6 * (8,616 + 4,682) = 7,979, and 8,616 without the ether
    account = v.deposit(who.other, 13_200 * USDC)
    v.trade(account, BTC, 4 * WAD)
    v.trade(account, ETH, -40 * WAD)
    v.set_price(BTC, 49_400 * WAD)
    equity, initial, _, _ = v.manager.account_health(account)
    assert equity < initial
    with boa.reverts("manager: reduction hurts"):
        v.trade(account, ETH, 40 * WAD)
    v.trade(account, BTC, -WAD)


def test_reverts_for_a_seventeenth_position() -> None:
    from tests.support.venue import build
    from tests.support.words import Setup, sixteen

    with boa.env.anchor():
        venue = build(Setup(markets=sixteen(count=17)))
        venue.lp_deposit(10_000_000 * USDC)
        account = venue.deposit(str(boa.env.generate_address("trader")), 100_000 * USDC)
        sizes = [400 * WAD * WAD // m.price // LOT * LOT for m in venue.setup.markets]
        for market in range(16):
            venue.trade(account, market, sizes[market])
        with boa.reverts("manager: too many positions"):
            venue.trade(account, 16, sizes[16])


# ---- caps ---------------------------------------------------------------------------------------


@pytest.fixture
def rich(v: Venue, who: SimpleNamespace) -> int:
    return v.deposit(who.other, 10_000_000 * USDC)


def limit(v: Venue, market: int, **changed: int) -> None:
    m = replace(v.setup.markets[market], **changed)
    v.configure(LIMITS, market, m.limits_word())


def test_reverts_above_open_interest(v: Venue, rich: int) -> None:
    limit(v, ETH, max_oi_bps=20)
    most = v.setup.markets[ETH].scale * 20 // 10_000 * LOT
    with boa.reverts("engine: open interest cap"):
        v.trade(rich, ETH, most + LOT)
    v.trade(rich, ETH, most)
    with boa.reverts("engine: open interest cap"):
        v.trade(rich, ETH, LOT)
    v.trade(rich, ETH, -LOT)


def test_reverts_above_the_notional(v: Venue, rich: int) -> None:
    limit(v, ETH, max_oi_quote=1_000_000 * WAD)
    with boa.reverts("engine: notional cap"):
        v.trade(rich, ETH, 500 * WAD + LOT)
    v.trade(rich, ETH, -500 * WAD)


def test_reverts_above_the_share(v: Venue, rich: int) -> None:
    limit(v, ETH, share=1_000)  # a tenth of 10 million
    with boa.reverts("engine: share of the pool"):
        v.trade(rich, ETH, 510 * WAD)
    v.trade(rich, ETH, 490 * WAD)


def test_reverts_below_the_smallest(v: Venue, rich: int) -> None:
    with boa.reverts("engine: position too small"):
        v.trade(rich, ETH, 5 * WAD // 1_000 - LOT)  # 10 quote
    v.trade(rich, ETH, 5 * WAD // 1_000)
    v.trade(rich, ETH, -4 * WAD // 1_000)  # a reduction may leave less


def test_reverts_above_the_utilisation(v: Venue, rich: int) -> None:
    # 5.85 % of 17.1 million is the tenth of 10 million
    with boa.reverts("engine: utilisation"):
        v.trade(rich, ETH, 8_700 * WAD)
    v.trade(rich, ETH, 8_400 * WAD)


def test_no_cap_stops_a_reduction(v: Venue, rich: int) -> None:
    v.trade(rich, ETH, 5_000 * WAD)
    limit(v, ETH, max_oi_bps=0, max_oi_quote=0, share=0, min_notional=10**6 * WAD)
    v.configure(RATES, 0, replace(v.setup.rates, cap_net=1, cap_gross=1).word())
    with boa.reverts("engine: utilisation"):
        v.trade(rich, ETH, LOT)
    v.trade(rich, ETH, -WAD)
    v.trade(rich, ETH, -4_999 * WAD)
    assert v.manager.legs(rich)[0] == 0


def test_a_turn_is_an_increase(v: Venue, rich: int) -> None:
    v.trade(rich, ETH, 10 * WAD)
    limit(v, ETH, max_oi_bps=0)
    with boa.reverts("engine: open interest cap"):
        v.trade(rich, ETH, -11 * WAD)


# ---- what it does -------------------------------------------------------------------------------


def test_opens(v: Venue, account: int) -> None:
    filled = v.trade(account, BTC, WAD)
    price = price_of(v, BTC, 0, 10**8, True)
    assert tuple(filled) == (WAD, price, 25 * WAD, 0)  # 0.05 % of 50,000
    assert v.manager.position(account, BTC) == (WAD, -price)
    assert v.manager.cash(account) == 9_975 * WAD
    assert v.manager.cash(v.pool_account) == 10_000_025 * WAD
    assert v.manager.legs(account)[0] == 1 << BTC


def test_closes_for_what_it_opened(v: Venue, long: int) -> None:
    filled = v.trade(long, BTC, -WAD)
    # the premium comes back but for one rounding; 0.02 % of 50,000 as maker
    assert filled[0] == -WAD and filled[2] == 10 * WAD
    assert -2 <= filled[3] <= 0
    assert v.manager.cash(long) == 9_965 * WAD + filled[3]
    assert v.manager.legs(long) == (0, [])


def test_at_the_price_of_its_round(v: Venue, account: int) -> None:
    filled = v.trade(account, BTC, WAD // 10, price=51_000 * WAD)
    K = v.setup.markets[BTC].scale
    assert filled[1] == -(-51_000 * WAD * (2 * K + 10**7) // (2 * K))
    assert filled[2] == 255 * WAD // 100  # the fee is of that price too


def test_with_the_latency_spread(v: Venue, account: int) -> None:
    K = v.setup.markets[BTC].scale
    bought = v.trade(account, BTC, WAD // 10, spread=True)[1]
    assert bought == -(-50_000 * WAD * (2 * K + 10**7) * 1_002 // (2 * K * 1_000))


def test_reduce_only_is_clipped(v: Venue, long: int) -> None:
    assert v.trade(long, BTC, -5 * WAD, reduce_only=True)[0] == -WAD
    assert v.manager.position(long, BTC) == (0, 0)


def test_through_zero(v: Venue, long: int) -> None:
    filled = v.trade(long, BTC, -3 * WAD)
    base, quote = v.manager.position(long, BTC)
    assert (base, quote) == (-2 * WAD, 2 * filled[1])
    # 1 narrows, 2 widen: 10 + 50
    assert filled[2] == 60 * WAD


def test_pays_the_keeper_and_releases(v: Venue, who: SimpleNamespace, account: int) -> None:
    v.manager.reserve(account, 3 * WAD, sender=v.order_book)
    keeper = account_of(who.keeper)
    v.trade(account, BTC, WAD, keeper=keeper, keeper_fee=2 * WAD, reserved=3 * WAD)
    assert v.manager.cash(keeper) == 2 * WAD
    assert v.manager.cash(account) == 9_973 * WAD
    assert v.vault.reserved(account) == 0


def test_its_own_keeper(v: Venue, account: int) -> None:
    v.trade(account, BTC, WAD, keeper=account, keeper_fee=2 * WAD)
    assert v.manager.cash(account) == 9_975 * WAD


def test_the_books_stay_even(v: Venue, who: SimpleNamespace, long: int) -> None:
    # I-4: the market's sums are those of its positions
    other = v.deposit(who.other, 10_000 * USDC)
    v.trade(other, BTC, -WAD // 2)
    v.set_price(BTC, 50_500 * WAD)
    v.trade(long, BTC, -WAD // 4)
    word = v.manager.market_words(1)[0].book
    held = [v.manager.position(a, BTC) for a in (long, other)]
    assert word & 2**72 - 1 == held[0][0] // LOT
    assert word >> 72 & 2**72 - 1 == -held[1][0] // LOT
    quote = word >> 144
    assert (quote - 2**112 if quote >> 111 else quote) == held[0][1] + held[1][1]


def test_a_reduction_under_initial_margin(v: Venue, long: int) -> None:
    v.set_price(BTC, 42_000 * WAD)
    assert v.manager.account_health(long)[3] == MARGIN_CALL
    v.trade(long, BTC, -WAD // 2)
    assert v.manager.position(long, BTC)[0] == WAD // 2


def test_event(v: Venue, account: int) -> None:
    filled = v.trade(account, BTC, WAD)
    event = next(e for e in v.manager.get_logs() if type(e).__name__ == "Trade")
    assert (event.account, event.market, event.size, event.price) == (account, BTC, WAD, filled[1])
    assert (event.fee, event.realised) == (25 * WAD, 0)
