"""solvency: all terms of L-1 and U-0 in one call."""

from __future__ import annotations

from types import SimpleNamespace

from tests.support.venue import Venue
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    BTC,
    ETH,
    USDC,
)


def test_flat(v: Venue) -> None:
    s = v.manager.solvency()
    assert (s.tokens, s.credited) == (10_000_000 * WAD, 10_000_000 * WAD)
    assert (s.pool_cash, s.reduced_equity) == (10_000_000 * WAD, 10_000_000 * WAD)
    assert (s.cover_cash, s.debt, s.utilisation) == (0, 0, 0)


def test_a_donation_is_held_not_credited(v: Venue, who: SimpleNamespace) -> None:
    v.quote.mint(v.vault.address, 5 * USDC)
    s = v.manager.solvency()
    assert s.tokens - s.credited == 5 * WAD


def test_debt(v: Venue, indebted: int) -> None:
    assert v.manager.solvency().debt == -v.manager.cash(indebted)


def test_with_positions(v: Venue, who: SimpleNamespace) -> None:
    account = v.deposit(who.other, 2_000_000 * USDC)
    v.trade(account, ETH, 5_000 * WAD)
    s = v.manager.solvency()
    # the premium is paid and held back; the fee of 0.05 % of 10 million is earned. Prices in the sums are 24-bit floats
    assert s.pool_cash == 10_005_000 * WAD
    assert abs(s.reduced_equity - 10_005_000 * WAD) < 100 * WAD
    # 5.852 % of 10 million over a tenth of R
    assert abs(s.utilisation - 585_235 * WAD // 1_000_500) < WAD // 10**4


def test_inventory_counts_at_the_discount(v: Venue, who: SimpleNamespace) -> None:
    account = v.deposit(who.trader, 4 * 10**18, v.tokens[1])
    v.vault.shift(account, v.pool_account, 1, 4 * WAD, sender=v.manager.address)
    assert v.manager.solvency().reduced_equity == 10_000_000 * WAD + 4 * 1_860 * WAD
    # 5.852 % of 8,000 over a tenth of R
    used = v.manager.solvency().utilisation
    assert abs(used - 468_188 * WAD // 1_000_744 // 1_000) < WAD // 10**7


def test_the_ledger_adds_up(v: Venue, who: SimpleNamespace, indebted: int) -> None:
    # L-1: with a debtor, a winner and a holder of a position
    other = v.deposit(who.other, 10_000 * USDC)
    v.trade(other, BTC, WAD)
    v.set_price(BTC, 50_000 * WAD)
    v.trade(other, BTC, -WAD // 2)
    s = v.manager.solvency()
    accounts = (indebted, other, v.pool_account, v.cover_account)
    assert sum(v.manager.cash(a) for a in accounts) == s.credited == s.tokens == 10_010_000 * WAD
    assert sum(max(0, v.manager.cash(a)) for a in accounts) - s.debt == s.tokens
