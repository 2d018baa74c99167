"""MarginCall: an event when a call of the account's own finds it on the other side of the band's edge."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.support.venue import Venue, account_of
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    BTC,
    DAY,
    ETH,
    LAST_PRICES,
    LIQUIDATABLE,
    MARGIN_CALL,
    USDC,
    events,
    set_rates,
    settle_market,
)

# long one at 50,001.25 with 9,975: E = P - 40,026; E < 1.2 MM below 42,207, E < MM below 41,828
SAFE, WARNED, BROKEN = 50_000, 42_100, 41_700


def calls(v: Venue) -> list[tuple[int, bool]]:
    return [(e.account, e.entered) for e in events(v, "MarginCall")]


def nibble(v: Venue, who: SimpleNamespace) -> list[tuple[int, bool]]:
    """The least call of its own: a lot is closed."""
    v.manager.close_fraction(account_of(who.trader), 1, sender=who.trader)
    return calls(v)


@pytest.fixture
def called(v: Venue, who: SimpleNamespace, long: int) -> int:
    """The long after a call of its own in the band."""
    v.set_price(BTC, WARNED * WAD)
    assert v.manager.account_health(long)[3] == MARGIN_CALL
    assert nibble(v, who) == [(long, True)]
    return long


# ---- into the band ------------------------------------------------------------------------------


@pytest.mark.parametrize(("price", "state"), [(WARNED, MARGIN_CALL), (BROKEN, LIQUIDATABLE)])
def test_close_fraction_enters_once(
    v: Venue, who: SimpleNamespace, long: int, price: int, state: int
) -> None:
    assert nibble(v, who) == []
    v.set_price(BTC, price * WAD)
    assert v.manager.account_health(long)[3] == state
    v.manager.close_fraction(long, 1, sender=who.trader)
    (event,) = events(v, "MarginCall")
    equity, _, maintenance, _ = v.manager.account_health(long)
    assert (event.account, event.entered) == (long, True)
    assert (event.equity, event.maintenance) == (equity, maintenance)
    assert nibble(v, who) == []


def test_a_reduction_enters(v: Venue, long: int) -> None:
    v.set_price(BTC, WARNED * WAD)
    v.trade(long, BTC, -WAD // 1_000)
    assert calls(v) == [(long, True)]
    v.trade(long, BTC, -WAD // 1_000)
    assert calls(v) == []


def test_just_above_the_edge_there_is_no_event(v: Venue, who: SimpleNamespace, long: int) -> None:
    v.set_price(BTC, 42_215 * WAD)
    assert nibble(v, who) == []
    assert v.manager.account_health(long)[3] == 1


# ---- out of it ----------------------------------------------------------------------------------


def test_a_deposit_leads_out(v: Venue, who: SimpleNamespace, called: int) -> None:
    v.deposit(who.trader, 10 * USDC)
    assert calls(v) == []
    v.deposit(who.trader, 1_000 * USDC)
    (event,) = events(v, "MarginCall")
    equity, _, maintenance, _ = v.manager.account_health(called)
    assert (event.account, event.entered) == (called, False)
    assert (event.equity, event.maintenance) == (equity, maintenance)
    v.deposit(who.trader, 1_000 * USDC)
    assert calls(v) == []


def test_somebody_elses_deposit_into_it_leads_out(v: Venue, who: SimpleNamespace, called: int) -> None:
    v.fund(who.outsider, 1_000 * USDC)
    v.manager.deposit(called, v.quote.address, 1_000 * USDC, sender=who.outsider)
    assert calls(v) == [(called, False)]


def test_a_transfer_leads_its_receiver_out(v: Venue, who: SimpleNamespace, called: int) -> None:
    second = v.deposit(who.trader, 1_000 * USDC, sub=1)
    v.manager.transfer(second, called, v.quote.address, 900 * WAD, sender=who.trader)
    assert calls(v) == [(called, False)]


def test_a_trade_leads_out(v: Venue, called: int) -> None:
    v.trade(called, BTC, -WAD // 2)
    assert calls(v) == [(called, False)]


def test_a_full_close_leads_out(v: Venue, who: SimpleNamespace, called: int) -> None:
    v.manager.close_fraction(called, WAD, sender=who.trader)
    (event,) = events(v, "MarginCall")
    assert (event.account, event.entered) == (called, False)
    assert (event.equity, event.maintenance) == (v.manager.cash(called), 0)


@pytest.mark.parametrize("way", ["withdraw", "transfer"])
def test_what_leaves_after_a_recovery_finds_it_outside(
    v: Venue, who: SimpleNamespace, called: int, way: str
) -> None:
    v.set_price(BTC, SAFE * WAD)
    if way == "withdraw":
        v.manager.withdraw(called, v.quote.address, USDC, who.trader, sender=who.trader)
    else:
        v.manager.transfer(called, called | 1, v.quote.address, WAD, sender=who.trader)
    assert calls(v) == [(called, False)]


def test_once_everything_is_closed_a_withdrawal_reads_no_price(
    v: Venue, who: SimpleNamespace, called: int
) -> None:
    """Closed by a settlement, which is nobody's own call: the withdrawal says so, with every feed dead."""
    settle_market(v, BTC, WARNED * WAD)
    v.manager.settle(called, BTC)
    assert calls(v) == []
    boa.env.time_travel(seconds=30 * DAY)
    v.manager.withdraw(called, v.quote.address, USDC, who.trader, sender=who.trader)
    assert calls(v) == [(called, False)]


# ---- silence ------------------------------------------------------------------------------------


def test_calls_of_others_say_nothing(v: Venue, who: SimpleNamespace, long: int) -> None:
    v.set_price(BTC, WARNED * WAD)
    v.manager.poke(BTC, sender=who.outsider)
    v.manager.settle_loss(long, BTC, sender=who.outsider)
    assert calls(v) == []
    with boa.env.anchor():
        v.manager.deleverage(long, BTC, -WAD // 2, sender=v.waterfall.address)
        assert calls(v) == []
    v.set_price(BTC, BROKEN * WAD)
    assert v.liquidate(long).reason == 0
    assert calls(v) == []


def test_a_slice_leaves_the_account_called_until_its_own_next_call(
    v: Venue, who: SimpleNamespace, called: int
) -> None:
    v.set_price(BTC, BROKEN * WAD)
    assert v.liquidate(called).reason == 0
    assert v.manager.account_health(called)[3] < MARGIN_CALL
    assert calls(v) == []
    assert nibble(v, who) == [(called, False)]


def test_a_deposit_outside_the_band_weighs_nothing(v: Venue, who: SimpleNamespace, long: int) -> None:
    """Not even an account that is in the band by now: only its next look at prices tells. The feed is dead here."""
    boa.env.time_travel(seconds=2 * DAY)
    checked = v.oracle.words(1)[0]
    v.deposit(who.trader, 10 * USDC)
    assert calls(v) == []
    assert v.oracle.words(1)[0] == checked
    v.keep_fresh()
    v.set_price(BTC, WARNED * WAD)
    v.deposit(who.trader, USDC)
    assert calls(v) == []


def test_without_a_price_nothing_is_said(v: Venue, who: SimpleNamespace, called: int) -> None:
    boa.env.time_travel(seconds=2 * DAY)
    v.deposit(who.trader, 5_000 * USDC)
    assert calls(v) == []
    v.keep_fresh()
    boa.env.time_travel(seconds=1)
    v.deposit(who.trader, USDC)
    assert calls(v) == [(called, False)]


def test_at_the_last_prices_it_is_said(v: Venue, who: SimpleNamespace, called: int) -> None:
    """W-3: they count as valid seven days after a shutdown."""
    boa.env.time_travel(seconds=DAY + 1)
    set_rates(v, flags=LAST_PRICES)
    assert v.manager.account_health(called)[3] == MARGIN_CALL
    v.deposit(who.trader, 10_000 * USDC)
    assert calls(v) == [(called, False)]


def test_accounts_without_positions_are_never_called(v: Venue, who: SimpleNamespace) -> None:
    account = v.deposit(who.other, 100 * USDC)
    assert calls(v) == []
    v.manager.transfer(account, account | 1, v.quote.address, 50 * WAD, sender=who.other)
    v.manager.withdraw(account, v.quote.address, 50 * USDC, who.other, sender=who.other)
    assert calls(v) == []


def test_the_bit_is_no_position(v: Venue, who: SimpleNamespace, long: int) -> None:
    """It lies beside the bitmap of positions, is in nobody's way there, and survives a position's end."""
    v.trade(long, ETH, WAD // 10)
    v.set_price(BTC, WARNED * WAD)
    assert nibble(v, who) == [(long, True)]
    held, words = v.manager.legs(long)
    assert (held, len(words)) == (1 << BTC | 1 << ETH, 2)
    v.trade(long, ETH, -v.manager.position(long, ETH)[0])
    assert calls(v) == []
    assert v.manager.legs(long)[0] == 1 << BTC
    v.deposit(who.trader, 1_000 * USDC)
    assert calls(v) == [(long, False)]


def test_a_reward_or_a_fee_is_no_call_of_its_own(v: Venue, who: SimpleNamespace, called: int) -> None:
    set_rates(v)
    other = v.deposit(who.other, 10_000 * USDC)
    v.trade(other, BTC, WAD // 10, keeper=called, keeper_fee=2_000 * WAD)
    assert calls(v) == []
    assert nibble(v, who) == [(called, False)]
