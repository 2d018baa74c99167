"""charge_keeper_fee: what a failed order costs."""

from __future__ import annotations

from types import SimpleNamespace

import boa

from tests.support.venue import Venue, account_of
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    BTC,
    LIQUIDATABLE,
    USDC,
)

FEE = WAD // 5


def charge(v: Venue, account: int, keeper: int, fee: int = FEE) -> int:
    return v.manager.charge_keeper_fee(account, keeper, fee, sender=v.order_book)


def test_reverts_for_others(v: Venue, who: SimpleNamespace, account: int) -> None:
    for sender in (who.trader, v.liquidator, v.pool, v.configurator):
        with boa.reverts("manager: not allowed"):
            v.manager.charge_keeper_fee(account, 1, FEE, sender=sender)


def test_reverts_for_more_than_is_reserved(v: Venue, who: SimpleNamespace, account: int) -> None:
    v.manager.reserve(account, FEE, sender=v.order_book)
    with boa.reverts("vault: reserved range"):
        charge(v, account, account_of(who.keeper), FEE + 1)


def test_releases_and_pays(v: Venue, who: SimpleNamespace, account: int) -> None:
    v.manager.reserve(account, 3 * FEE, sender=v.order_book)
    assert charge(v, account, account_of(who.keeper)) == FEE
    assert v.manager.cash(account_of(who.keeper)) == FEE
    assert v.manager.cash(account) == 10_000 * WAD - FEE
    assert v.vault.reserved(account) == 2 * FEE


def test_to_itself(v: Venue, account: int) -> None:
    v.manager.reserve(account, FEE, sender=v.order_book)
    assert charge(v, account, account) == FEE
    assert v.manager.cash(account) == 10_000 * WAD


def test_out_of_cash_below_zero_while_collateral_backs_it(v: Venue, who: SimpleNamespace) -> None:
    # reserved 100, of which a loss has left less: a keeper must never lack a reason to consume a failing order
    account = v.deposit(who.trader, 10 * 10**18, v.tokens[1])
    v.deposit(who.trader, 100 * USDC)
    v.manager.reserve(account, 100 * WAD, sender=v.order_book)
    v.trade(account, BTC, WAD // 100)
    v.set_price(BTC, 45_000 * WAD)
    v.trade(account, BTC, -WAD // 100)
    left = v.manager.cash(account)
    assert 0 < left < 100 * WAD
    assert charge(v, account, account_of(who.keeper), 100 * WAD) == 100 * WAD
    assert v.manager.cash(account) == left - 100 * WAD


def test_all_of_it_from_negative_cash(v: Venue, who: SimpleNamespace) -> None:
    account = v.deposit(who.trader, 10 * 10**18, v.tokens[1])
    v.deposit(who.trader, USDC)
    v.manager.reserve(account, WAD, sender=v.order_book)
    v.trade(account, BTC, WAD // 10)
    v.set_price(BTC, 49_000 * WAD)
    v.trade(account, BTC, -WAD // 10)
    owed = v.manager.cash(account)
    assert owed < 0
    assert charge(v, account, account_of(who.keeper), WAD) == WAD
    assert v.manager.cash(account) == owed - WAD
    assert v.vault.reserved(account) == 0


def test_nothing_while_liquidatable(v: Venue, who: SimpleNamespace, long: int) -> None:
    # E = 10,000 - 25 - 8,300 or a little less; MM 4.31 % of 41,700: the reservation goes back, the keeper gets nothing
    v.manager.reserve(long, FEE, sender=v.order_book)
    v.set_price(BTC, 41_700 * WAD)
    assert v.manager.account_health(long)[3] == LIQUIDATABLE
    cash = v.manager.cash(long)
    assert charge(v, long, account_of(who.keeper)) == 0
    assert (v.manager.cash(long), v.manager.cash(account_of(who.keeper))) == (cash, 0)
    assert v.vault.reserved(long) == 0
