"""liquidate: Q-1, Q-2, W-1, and why not."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.support.venue import Venue, account_of
from tests.support.words import LOT, WAD
from tests.unit.position_manager.support import (
    BELOW_INITIAL,
    BTC,
    DAY,
    ETH,
    HEALTHY,
    LAST_PRICES,
    SOL,
    USDC,
    events,
    kill,
    set_rates,
    settle_market,
)

HEALTHY_REASON, NO_PRICE_REASON, NOTHING, _, GRACE, SETTLE_FIRST = range(1, 7)


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
    set_rates(v, share=10_000)
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
    set_rates(v, share=10_000)
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


# ---- reasons in their order ---------------------------------------------------------------------


def broken(v: Venue, long: int) -> int:
    """The long beyond maintenance, in a block of its own."""
    v.set_price(BTC, 41_500 * WAD)
    return long


def test_grace_until_its_second(v: Venue, long: int) -> None:
    broken(v, long)
    set_rates(v, grace_until=boa.env.timestamp + 60)
    assert tuple(v.liquidate(long)) == (0, 0, GRACE)
    boa.env.time_travel(seconds=59)
    assert tuple(v.liquidate(long)) == (0, 0, GRACE)
    boa.env.time_travel(seconds=1)
    assert v.liquidate(long).reason == 0


def test_grace_holds_nothing_else_up(v: Venue, who: SimpleNamespace, long: int) -> None:
    set_rates(v, grace_until=boa.env.timestamp + 60)
    v.trade(long, BTC, -WAD // 10)
    v.deposit(who.trader, USDC)
    v.manager.withdraw(long, v.quote.address, USDC, who.trader, sender=who.trader)
    v.manager.settle_loss(long, BTC)
    v.manager.close_fraction(long, WAD, sender=who.trader)


def test_settled_positions_come_first(v: Venue, long: int) -> None:
    v.trade(long, ETH, WAD)
    settle_market(v, BTC, 30_000 * WAD)
    for _ in range(2):
        assert tuple(v.liquidate(long)) == (0, 0, SETTLE_FIRST)
        set_rates(v, grace_until=boa.env.timestamp + 60)
    kill(v, ETH)
    assert tuple(v.liquidate(long)) == (0, 0, SETTLE_FIRST)
    v.manager.settle(long, BTC)
    assert tuple(v.liquidate(long)) == (0, 0, GRACE)
    boa.env.time_travel(seconds=60)
    assert tuple(v.liquidate(long)) == (0, 0, NO_PRICE_REASON)


def test_what_a_settlement_leaves_owing_is_written_off(v: Venue, who: SimpleNamespace, long: int) -> None:
    settle_market(v, BTC, 30_000 * WAD)
    v.manager.settle(long, BTC)
    owed = -v.manager.cash(long)
    assert owed > 9_000 * WAD
    pool = v.manager.cash(v.pool_account)
    assert tuple(v.liquidate(long, WAD, account_of(who.keeper))) == (WAD, 0, 0)
    assert (v.manager.cash(long), v.vault.debt()) == (0, 0)
    assert v.manager.cash(v.pool_account) == pool - owed


def test_nothing_to_liquidate_comes_before_all(v: Venue, account: int) -> None:
    set_rates(v, grace_until=boa.env.timestamp + 60)
    assert v.liquidate(account).reason == NOTHING
    assert v.liquidate(v.pool_account).reason == NOTHING
    assert v.liquidate(v.cover_account, reward_account=1).reason == NOTHING


# ---- dead legs ----------------------------------------------------------------------------------


@pytest.fixture
def mixed(v: Venue, long: int) -> int:
    """The long, and one ether at 2,000 whose feed is about to die; w of ether is 586 bps."""
    v.trade(long, ETH, WAD)
    return long


def test_a_dead_leg_in_its_favour_may_save_an_account(v: Venue, mixed: int) -> None:
    """E is 117 better and MM 3 worse with ether at 2,117.2: between the two edges there is a way out for now."""
    v.set_price(BTC, 41_870 * WAD)
    with boa.env.anchor():
        assert v.liquidate(mixed).reason == 0
    kill(v, ETH)
    assert tuple(v.liquidate(mixed)) == (0, 0, NO_PRICE_REASON)
    v.set_price(BTC, 41_600 * WAD)
    assert v.liquidate(mixed).reason == 0


def test_all_that_lives_closes_and_the_dead_leg_stays(v: Venue, who: SimpleNamespace, mixed: int) -> None:
    kill(v, ETH)
    v.set_price(BTC, 41_500 * WAD)
    cash, quote = v.manager.cash(mixed), v.manager.position(mixed, BTC)[1]
    ether = v.manager.position(mixed, ETH)
    fraction, reward, reason = v.liquidate(mixed, WAD, account_of(who.keeper))
    (event,) = events(v, "Liquidated")
    assert event.positions == [0]
    assert (fraction, reward, reason) == (WAD, 10 * WAD, 0)
    assert v.manager.legs(mixed)[0] == 1 << ETH
    assert v.manager.position(mixed, ETH) == ether
    # K, and 0.05 %, 0.7 % and 0.1 % of bitcoin's notional alone; the borrow of a few seconds
    charges = WAD + 41_500 * WAD * 85 // 10_000
    assert v.manager.cash(mixed) == pytest.approx(cash + quote + 41_500 * WAD - charges, abs=10**15)


def test_nothing_is_written_off_beside_a_dead_leg(v: Venue, who: SimpleNamespace, mixed: int) -> None:
    v.move(v.pool_account, v.cover_account, 500 * WAD)
    set_rates(v, share=10_000)
    kill(v, ETH)
    v.set_price(BTC, 38_000 * WAD)
    assert v.liquidate(mixed, WAD, account_of(who.keeper)).reason == 0
    owed = -v.manager.cash(mixed)
    assert owed > 2_000 * WAD and v.vault.debt() == owed
    assert v.manager.cash(v.cover_account) == 500 * WAD
    # nothing lives any more
    assert v.liquidate(mixed).reason == NO_PRICE_REASON
    v.set_price(ETH, 2_000 * WAD)
    assert v.liquidate(mixed).reason == 0
    assert (v.manager.cash(mixed), v.vault.debt(), v.manager.legs(mixed)[0]) == (0, 0, 0)
    assert v.manager.cash(v.cover_account) == 0


def test_dead_collateral_stays(v: Venue, who: SimpleNamespace) -> None:
    """An ether of collateral backs the long with 1,860 + 109 when its feed dies, and is not handed over."""
    account = v.deposit(who.other, 10**18, v.tokens[1])
    v.deposit(who.other, 4_000 * USDC)
    v.trade(account, BTC, WAD)
    kill(v, ETH)
    v.set_price(BTC, 45_500 * WAD)
    assert v.liquidate(account).reason == 0
    assert v.manager.legs(account) == (0, [])
    assert v.manager.collateral(account, v.tokens[1].address) == WAD
    assert v.manager.collateral(v.pool_account, v.tokens[1].address) == 0
    assert v.vault.debt() == -v.manager.cash(account) > 0


def test_last_prices_bring_it_back(v: Venue, mixed: int) -> None:
    kill(v, ETH)
    v.set_price(BTC, 41_500 * WAD)
    set_rates(v, flags=LAST_PRICES)
    fraction, _, reason = v.liquidate(mixed)
    assert reason == 0 and fraction < WAD


# ---- W-1: what the cover pool is granted ---------------------------------------------------------


def bankrupt(v: Venue, who: SimpleNamespace, account: int) -> int:
    """The debt that a liquidation at 39,000 leaves, its K of 1 included; the pool's share of it in its own cash."""
    v.set_price(BTC, 39_000 * WAD)
    debt = WAD - v.manager.account_health(account)[0]
    assert debt > 1_000 * WAD
    assert v.liquidate(account, WAD, account_of(who.keeper)).reason == 0
    assert (v.manager.cash(account), v.vault.debt()) == (0, 0)
    return debt


def test_a_market_takes_its_share_and_the_pool_the_rest(v: Venue, who: SimpleNamespace, long: int) -> None:
    v.move(v.pool_account, v.cover_account, 500 * WAD)
    set_rates(v, share=2_500)
    bankrupt(v, who, long)
    assert v.manager.cash(v.cover_account) == 375 * WAD
    assert v.waterfall.used(BTC) == 125 * WAD
    assert [v.waterfall.used(m) for m in range(33) if m != BTC] == [0] * 32


def test_by_whom_it_was_paid(v: Venue, who: SimpleNamespace, long: int) -> None:
    v.move(v.pool_account, v.cover_account, 500 * WAD)
    set_rates(v, share=2_500)
    v.set_price(BTC, 39_000 * WAD)
    debt = WAD - v.manager.account_health(long)[0]
    v.liquidate(long, WAD, account_of(who.keeper))
    found = {type(e).__name__: e for e in v.manager.get_logs()}
    assert (found["BadDebt"].by_first, found["BadDebt"].by_last) == (125 * WAD, debt - 125 * WAD)
    assert (found["Claimed"].market, found["Claimed"].amount) == (BTC, 125 * WAD)


def test_the_next_bankrupt_of_that_market_finds_the_cap_used(
    v: Venue, who: SimpleNamespace, long: int
) -> None:
    other = v.deposit(who.other, 10_000 * USDC)
    v.trade(other, BTC, WAD)
    v.move(v.pool_account, v.cover_account, 500 * WAD)
    set_rates(v, share=2_500)
    bankrupt(v, who, long)
    bankrupt(v, who, other)
    assert v.manager.cash(v.cover_account) == 375 * WAD


def test_losses_in_two_markets_are_two_claims(v: Venue, who: SimpleNamespace, long: int) -> None:
    """Short 20 ether at 2,000 as well: 11,000 lost at 39,000, 4,000 at 2,200; a quarter of the fund for each."""
    v.trade(long, ETH, -20 * WAD)
    v.move(v.pool_account, v.cover_account, 2_000 * WAD)
    set_rates(v, share=2_500)
    v.set_price(ETH, 2_200 * WAD)
    bankrupt(v, who, long)
    assert v.manager.cash(v.cover_account) == 1_000 * WAD
    assert (v.waterfall.used(BTC), v.waterfall.used(ETH)) == (500 * WAD, 500 * WAD)


def test_a_debt_of_nobodys_making(v: Venue, who: SimpleNamespace) -> None:
    account = account_of(who.other)
    v.move(account, v.cover_account, 1_000 * WAD)
    set_rates(v, share=2_500)
    assert v.liquidate(account).reason == 0
    assert (v.manager.cash(v.cover_account), v.waterfall.used(32)) == (750 * WAD, 250 * WAD)


def test_without_a_share_the_pool_pays_all(v: Venue, who: SimpleNamespace, long: int) -> None:
    v.move(v.pool_account, v.cover_account, 500 * WAD)
    bankrupt(v, who, long)
    assert v.manager.cash(v.cover_account) == 500 * WAD
