"""liquidate: Q-1, Q-2 and the first form of the waterfall."""

from __future__ import annotations

from types import SimpleNamespace

import boa

from tests.support.venue import Venue, account_of
from tests.support.words import LOT, WAD
from tests.unit.position_manager.support import (
    BELOW_INITIAL,
    BTC,
    DAY,
    ETH,
    HEALTHY,
    SOL,
)

HEALTHY_REASON, NO_PRICE_REASON, NOTHING = 1, 2, 3


def test_reverts_for_others(v: Venue, who: SimpleNamespace, long: int) -> None:
    for sender in (who.trader, v.order_book, v.pool, v.configurator):
        with boa.reverts("manager: not allowed"):
            v.manager.liquidate(long, WAD, 1, sender=sender)


def test_reverts_with_the_reward_to_itself(v: Venue, long: int) -> None:
    with boa.reverts("manager: reward to itself"):
        v.liquidate(long, reward_account=long)


def test_passes_over_the_healthy(v: Venue, long: int) -> None:
    assert tuple(v.liquidate(long)) == (0, 0, HEALTHY_REASON)


def test_passes_over_without_a_price(v: Venue, long: int) -> None:
    boa.env.time_travel(seconds=DAY + 1)
    assert tuple(v.liquidate(long)) == (0, 0, NO_PRICE_REASON)


def test_passes_over_the_empty_and_the_pool(v: Venue, who: SimpleNamespace, account: int) -> None:
    for nothing in (account, account_of(who.outsider), v.pool_account):
        assert tuple(v.liquidate(nothing))[2] == NOTHING


def test_only_below_maintenance(v: Venue, long: int) -> None:
    # MM = sqrt(4 %^2 + 1.6 %^2) = 4.30813 % of the price; E = 9,975 - 50,001.2 + P: they meet at 41,828.4
    v.set_price(BTC, 41_830 * WAD)
    assert v.liquidate(long)[2] == HEALTHY_REASON
    v.set_price(BTC, 41_825 * WAD)
    assert v.liquidate(long)[2] == 0


def test_a_slice_restores_the_target(v: Venue, who: SimpleNamespace, long: int) -> None:
    v.set_price(BTC, 41_500 * WAD)
    keeper = account_of(who.keeper)
    fraction, reward, reason = v.liquidate(long, WAD, keeper)
    assert reason == 0 and 0 < fraction < WAD
    equity, _, maintenance, state = v.manager.account_health(long)
    # E >= h MM, and by no more than a lot's worth
    assert 0 <= equity * 4 - maintenance * 5 < 4 * 42_000 * WAD // 10**8
    assert state in (HEALTHY, BELOW_INITIAL)
    # 0.1 % of what was closed, at most the cap of 10
    closed = WAD - v.manager.position(long, BTC)[0]
    assert reward == min(10 * WAD, -(-closed * 41_500 // 1_000))
    assert v.manager.cash(keeper) == reward


def test_closes_whole_lots_up(v: Venue, long: int) -> None:
    v.set_price(BTC, 41_500 * WAD)
    fraction = v.liquidate(long)[0]
    assert v.manager.position(long, BTC)[0] == WAD - -(-fraction // LOT) * LOT


def test_the_penalty_is_shared(v: Venue, who: SimpleNamespace, long: int) -> None:
    # alone in the market: closing would earn impact, so 0.05 % goes to the pool, p_min's rest of 0.7 % and what the
    # keeper does not get to the cover fund
    v.set_price(BTC, 41_500 * WAD)
    pool, cash = v.manager.cash(v.pool_account), v.manager.cash(long)
    _, reward, _ = v.liquidate(long, WAD, account_of(who.keeper))
    size = WAD - v.manager.position(long, BTC)[0]
    notional = size * 41_500
    cover = -(-notional * 7_000 // 10**6) + WAD + -(-notional // 1_000) - reward
    assert v.manager.cash(v.cover_account) == cover
    paid = cash - v.manager.cash(long)
    assert v.manager.cash(v.pool_account) - pool == paid - cover - reward


def test_collateral_goes_in_proportion(v: Venue, who: SimpleNamespace) -> None:
    account = v.deposit(who.other, 10 * 10**18, v.tokens[1])
    v.trade(account, BTC, 2 * WAD)
    v.set_price(BTC, 42_500 * WAD)
    fraction, _, reason = v.liquidate(account)
    assert reason == 0 and fraction < WAD
    taken = -(-10 * WAD * fraction // WAD)
    assert v.manager.collateral(v.pool_account, v.tokens[1].address) == taken
    assert v.manager.collateral(account, v.tokens[1].address) == 10 * WAD - taken
    equity, _, maintenance, _ = v.manager.account_health(account)
    assert equity * 4 >= maintenance * 5


def test_all_of_it_where_a_slice_cannot(v: Venue, long: int) -> None:
    v.set_price(BTC, 40_200 * WAD)
    assert tuple(v.liquidate(long))[::2] == (WAD, 0)
    assert v.manager.legs(long) == (0, [])
    assert v.manager.cash(long) >= 0


def test_bad_debt_is_booked_at_once(v: Venue, who: SimpleNamespace, long: int) -> None:
    # the cover fund first, then the pool
    v.move(v.pool_account, v.cover_account, 500 * WAD)
    v.set_price(BTC, 39_000 * WAD)
    equity = v.manager.account_health(long)[0]
    assert equity < -900 * WAD
    pool = v.manager.solvency().pool_cash
    fraction, reward, reason = v.liquidate(long, WAD, account_of(who.keeper))
    assert (fraction, reward, reason) == (WAD, WAD, 0)
    assert v.manager.cash(long) == 0 and v.vault.debt() == 0
    assert v.manager.cash(v.cover_account) == 0
    # closing pays the pool its 11,000 and the account has 9,975 of them; the cover fund 500 of what is missing
    assert v.manager.cash(v.pool_account) - pool == 9_975 * WAD + 500 * WAD - WAD


def test_debt_without_anything_is_written_off_without_reward(v: Venue, who: SimpleNamespace) -> None:
    account = account_of(who.other)
    v.move(account, v.cover_account, 70 * WAD)
    assert tuple(v.liquidate(account, 10 * WAD, account_of(who.keeper))) == (WAD, 0, 0)
    assert v.manager.cash(account) == 0 == v.manager.cash(v.cover_account)


def test_the_flat_cost_is_capped(v: Venue, who: SimpleNamespace, long: int) -> None:
    v.set_price(BTC, 41_500 * WAD)
    assert v.liquidate(long, 10**6 * WAD, account_of(who.keeper))[1] == 10 * WAD


def test_every_position_in_proportion(v: Venue, long: int) -> None:
    v.trade(long, ETH, -10 * WAD)
    v.trade(long, SOL, 100 * WAD)
    v.set_price(BTC, 43_000 * WAD)
    v.set_price(SOL, 80 * WAD)
    fraction, _, reason = v.liquidate(long)
    assert reason == 0 and fraction < WAD
    for market, base in ((BTC, WAD), (ETH, -10 * WAD), (SOL, 100 * WAD)):
        closed = -(-abs(base) * fraction // (WAD * LOT)) * LOT
        assert v.manager.position(long, market)[0] == (abs(base) - closed) * (1 if base > 0 else -1)


def test_event(v: Venue, who: SimpleNamespace, long: int) -> None:
    v.set_price(BTC, 41_500 * WAD)
    equity, _, maintenance, _ = v.manager.account_health(long)
    fraction, reward, _ = v.liquidate(long, WAD, account_of(who.keeper))
    event = next(e for e in v.manager.get_logs() if type(e).__name__ == "Liquidated")
    assert (event.account, event.keeper) == (long, account_of(who.keeper))
    assert (event.fraction, event.reward, event.equity, event.maintenance) == (
        fraction,
        reward,
        equity,
        maintenance,
    )
    assert event.positions == v.manager.legs(long)[1]
