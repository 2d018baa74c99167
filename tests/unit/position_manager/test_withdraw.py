"""withdraw: E_free >= IM with positions or debt (M-5), no price without (M-6)."""

from __future__ import annotations

from math import isqrt
from types import SimpleNamespace

import boa
import pytest

from tests.support.venue import Venue, account_of
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    BTC,
    CLAIMS_OPEN,
    DAY,
    LAST_PRICES,
    SHUTTING_DOWN,
    USDC,
    set_rates,
)


def test_reverts_for_another(v: Venue, who: SimpleNamespace, account: int) -> None:
    with boa.reverts("manager: not the owner"):
        v.manager.withdraw(account, v.quote.address, 1, who.outsider, sender=who.outsider)


def test_reverts_for_more_than_there_is(v: Venue, who: SimpleNamespace, account: int) -> None:
    with boa.reverts("vault: insufficient balance"):
        v.manager.withdraw(account, v.quote.address, 10_000 * USDC + 1, who.trader, sender=who.trader)


def test_reverts_for_what_is_reserved(v: Venue, who: SimpleNamespace, account: int) -> None:
    v.manager.reserve(account, 1_000 * WAD, sender=v.order_book)
    with boa.reverts("vault: insufficient balance"):
        v.manager.withdraw(account, v.quote.address, 9_000 * USDC + 1, who.trader, sender=who.trader)
    v.manager.withdraw(account, v.quote.address, 9_000 * USDC, who.trader, sender=who.trader)


def test_reverts_below_initial_margin(v: Venue, who: SimpleNamespace, long: int) -> None:
    equity, initial, _, _ = v.manager.account_health(long)
    free = (equity - initial) // 10**12
    with boa.reverts("manager: below initial margin"):
        v.manager.withdraw(long, v.quote.address, free + 1, who.trader, sender=who.trader)
    v.manager.withdraw(long, v.quote.address, free, who.trader, sender=who.trader)
    equity, initial, _, _ = v.manager.account_health(long)
    assert 0 <= equity - initial < 10**12


def test_reverts_for_unrealised_profit(v: Venue, who: SimpleNamespace, long: int) -> None:
    # E_free = E - U+ = cash: the rise adds nothing that could leave; IM becomes 1.5 * 55,000 * sqrt(4 %^2 + 1.6 %^2)
    v.set_price(BTC, 55_000 * WAD)
    cash = v.manager.cash(long)
    initial = 3 * isqrt((400**2 + 160**2) * (55_000 * WAD) ** 2) // 20_000 + 2
    free = (cash - initial) // 10**12
    with boa.reverts("manager: below initial margin"):
        v.manager.withdraw(long, v.quote.address, free + 1, who.trader, sender=who.trader)
    v.manager.withdraw(long, v.quote.address, free, who.trader, sender=who.trader)


def test_reverts_with_positions_and_a_stale_price(v: Venue, who: SimpleNamespace, long: int) -> None:
    boa.env.time_travel(seconds=DAY + 1)
    with boa.reverts("manager: no valid price"):
        v.manager.withdraw(long, v.quote.address, 1, who.trader, sender=who.trader)


def test_reverts_for_collateral_behind_debt(v: Venue, who: SimpleNamespace, indebted: int) -> None:
    with boa.reverts("manager: below initial margin"):
        v.manager.withdraw(indebted, v.tokens[1].address, 10 * 10**18, who.trader, sender=who.trader)
    # debt of a little over 1,025: two ether at 1,860 with IM 8.78 % carry it, half an ether does not
    v.manager.withdraw(indebted, v.tokens[1].address, 8 * 10**18, who.trader, sender=who.trader)
    with boa.reverts("manager: below initial margin"):
        v.manager.withdraw(indebted, v.tokens[1].address, 15 * 10**17, who.trader, sender=who.trader)


def test_all_of_it_with_every_feed_dead(v: Venue, who: SimpleNamespace, account: int) -> None:
    v.deposit(who.trader, 10**18, v.tokens[1])
    boa.env.time_travel(seconds=30 * DAY)
    v.manager.withdraw(account, v.quote.address, 10_000 * USDC, who.receiver, sender=who.trader)
    v.manager.withdraw(account, v.tokens[1].address, 10**18, who.receiver, sender=who.trader)
    assert v.quote.balanceOf(who.receiver) == 10_000 * USDC
    assert v.tokens[1].balanceOf(who.receiver) == 10**18
    assert v.vault.snapshot(account)[0] == 0


def test_event(v: Venue, who: SimpleNamespace, account: int) -> None:
    v.manager.withdraw(account, v.quote.address, 7, who.receiver, sender=who.trader)
    event = next(e for e in v.manager.get_logs() if type(e).__name__ == "Withdraw")
    assert (event.account, event.receiver, event.amount) == (account, who.receiver, 7)


# ---- a shutdown (W-3) ---------------------------------------------------------------------------


@pytest.fixture
def claims(v: Venue, who: SimpleNamespace) -> tuple[int, int, int]:
    """Claims are open: 10,000 and 5,000 and 10,002,000 are owed, 2,000 of it by the pool, so 10,015,000 is there."""
    first, second = v.deposit(who.trader, 10_000 * USDC), v.deposit(who.other, 5_000 * USDC)
    third = account_of(who.keeper)
    v.move(v.pool_account, third, 10_002_000 * WAD)
    assert (v.vault.debt(), v.vault.credited(255)) == (2_000 * WAD, 10_015_000 * WAD)
    set_rates(v, flags=SHUTTING_DOWN | CLAIMS_OPEN)
    return first, second, third


def take(v: Venue, owner: str, tokens: int) -> None:
    v.manager.withdraw(account_of(owner), v.quote.address, tokens, owner, sender=owner)


def test_no_quote_leaves_before_the_claims_are_open(v: Venue, who: SimpleNamespace, account: int) -> None:
    set_rates(v, flags=SHUTTING_DOWN)
    for tokens in (0, 1, 10_000 * USDC):
        with boa.reverts("manager: shutting down"):
            take(v, who.trader, tokens)
    set_rates(v)
    take(v, who.trader, 10_000 * USDC)


def test_collateral_leaves_all_the_while(v: Venue, who: SimpleNamespace, account: int) -> None:
    v.deposit(who.trader, 10**18, v.tokens[1])
    set_rates(v, flags=SHUTTING_DOWN)
    v.manager.withdraw(account, v.tokens[1].address, 10**18, who.receiver, sender=who.trader)
    assert v.tokens[1].balanceOf(who.receiver) == 10**18


def test_quote_moves_between_accounts_of_one_owner(v: Venue, who: SimpleNamespace, account: int) -> None:
    set_rates(v, flags=SHUTTING_DOWN)
    v.manager.transfer(account, account | 1, v.quote.address, WAD, sender=who.trader)


def test_a_claim_costs_its_share_of_what_is_missing(v: Venue, who: SimpleNamespace, claims) -> None:
    first, _, _ = claims
    take(v, who.trader, 1_000 * USDC)
    # ceil(1,000 * 2,000 / 10,015,000)
    share = -(-1_000 * 2_000 * WAD // 10_015_000)
    assert v.manager.cash(first) == 9_000 * WAD - share
    assert v.manager.cash(v.pool_account) == -2_000 * WAD + share
    assert v.vault.debt() == 2_000 * WAD - share
    assert v.quote.balanceOf(who.trader) == 1_000 * USDC


def test_nobody_takes_more_than_his_part(v: Venue, who: SimpleNamespace, claims) -> None:
    """10,000 * 10,015 / 10,017: 9,998.003394 and a bit."""
    with boa.reverts("manager: below initial margin"):
        take(v, who.trader, 9_998_003_395)
    take(v, who.trader, 9_998_003_394)
    assert 0 <= v.manager.cash(claims[0]) < 2 * 10**12


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_everybody_gets_the_same_part_in_any_order(
    v: Venue, who: SimpleNamespace, claims, order: tuple[int, ...]
) -> None:
    owners, owed = (who.trader, who.other, who.keeper), (10_000, 5_000, 10_002_000)
    paid = [0, 0, 0]
    for i in order:
        paid[i] = owed[i] * USDC * 10_015 // 10_017
        take(v, owners[i], paid[i])
        assert v.manager.cash(claims[i]) < 2 * 10**12
    # all of it is out but for what a token unit hides, and what is missing is gone with it
    assert 0 <= v.quote.balanceOf(v.vault.address) < 4
    assert v.vault.debt() < 4 * 10**12
    assert sum(paid) <= 10_015_000 * USDC


def test_a_claim_may_be_taken_in_parts(v: Venue, who: SimpleNamespace, claims) -> None:
    """No part is dearer or cheaper than the whole, but for a wei each."""
    for _ in range(20):
        take(v, who.trader, 499_900_169)
    left = v.manager.cash(claims[0])
    assert 0 <= left < 30 * 10**12


def test_without_anything_missing_a_claim_costs_nothing(v: Venue, who: SimpleNamespace, account: int) -> None:
    set_rates(v, flags=SHUTTING_DOWN | CLAIMS_OPEN)
    take(v, who.trader, 10_000 * USDC)
    assert v.vault.snapshot(account)[0] == 0


def test_a_dead_feed_holds_a_claim_up_for_seven_days_only(v: Venue, who: SimpleNamespace, long: int) -> None:
    boa.env.time_travel(seconds=8 * DAY)
    set_rates(v, flags=SHUTTING_DOWN | CLAIMS_OPEN)
    with boa.reverts("manager: no valid price"):
        take(v, who.trader, USDC)
    set_rates(v, flags=SHUTTING_DOWN | CLAIMS_OPEN | LAST_PRICES)
    take(v, who.trader, USDC)
