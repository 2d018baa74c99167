"""configure: parameter words, and what a change does to what is open."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import boa
import pytest

from tests.support.state_words import float_of
from tests.support.venue import Venue
from tests.support.words import DEPOSIT_CAP, LIMITS, RATES, RISK, TERMS, VENUE, WAD
from tests.unit.position_manager.support import (
    BTC,
    CLAIMS,
    DAY,
    ETH,
    SETTLE,
    SOL,
    USDC,
    kill,
    settle_market,
)


def test_reverts_for_others(v: Venue, who: SimpleNamespace) -> None:
    for sender in (who.outsider, v.owner, v.order_book, v.liquidator, v.pool):
        with boa.reverts("manager: not configurator"):
            v.manager.configure(VENUE, 0, 0, sender=sender)


def test_stores_each_kind(v: Venue) -> None:
    for kind, at in ((VENUE, 0), (2, 1), (RATES, 4)):
        v.configure(kind, 0, 12_345)
        assert v.manager.venue_words()[at] == 12_345
    v.configure(LIMITS, SOL, 777)
    assert v.manager.market_words(1 << SOL)[0].limits == 777


def test_a_risk_entry_leaves_its_neighbours(v: Venue) -> None:
    before = [w.risk for w in v.manager.market_words(31)]
    v.configure(RISK, ETH, 2**64 - 1)
    after = [w.risk for w in v.manager.market_words(31)]
    assert after == [before[0], 2**64 - 1, *before[2:]]


def test_listing(v: Venue) -> None:
    with boa.reverts("manager: unknown market"):
        v.manager.poke(9)
    assert v.manager.venue_words()[5] == 0b11111
    v.configure(TERMS, 9, v.setup.markets[0].terms_word())
    assert v.manager.venue_words()[5] == 0b10_0001_1111


def test_new_risk_leaves_equities_and_reprices_the_sums(v: Venue, long: int) -> None:
    v.manager.poke(BTC)
    before, sums = v.manager.account_health(long), v.manager.solvency()
    doubled = replace(v.setup.markets[BTC], beta=800, sigma=320)
    v.configure(RISK, BTC, doubled.risk_word())
    after = v.manager.account_health(long)
    assert after[0] == before[0]
    assert abs(after[2] - 2 * before[2]) <= 2
    assert v.manager.solvency().reduced_equity == sums.reduced_equity
    assert abs(v.manager.solvency().utilisation - 2 * sums.utilisation) < 10**12


def test_new_terms_accrue_under_the_old(v: Venue, long: int) -> None:
    v.warp(3_600)
    with boa.env.anchor():
        v.manager.poke(BTC)
        index = v.manager.market_words(1)[0].carry & 2**128 - 1
    v.configure(TERMS, BTC, replace(v.setup.markets[BTC], scale_quote=10**9).terms_word())
    assert v.manager.market_words(1)[0].carry & 2**128 - 1 == index


def test_a_new_clamp_holds_at_once(v: Venue, long: int) -> None:
    v.configure(RISK, BTC, replace(v.setup.markets[BTC], velocity=10_000).risk_word())
    v.trade(long, BTC, WAD // 10)
    v.warp(20 * 3_600)
    v.manager.poke(BTC)
    rate = v.manager.market_words(1)[0].carry >> 160 & 2**30 - 1
    assert 0 < rate < 2**29
    v.configure(RISK, BTC, replace(v.setup.markets[BTC], velocity=0, clamp=1).risk_word())
    assert v.manager.market_words(1)[0].carry >> 160 & 2**30 - 1 == min(rate, 10**5)


def test_event(v: Venue) -> None:
    v.configure(LIMITS, SOL, 777)
    event = next(e for e in v.manager.get_logs() if type(e).__name__ == "Configured")
    assert (event.kind, event.id, event.word) == (LIMITS, SOL, 777)


# ---- deposit caps, settlements, claims ----------------------------------------------------------


def test_a_deposit_cap_goes_to_the_vault(v: Venue) -> None:
    v.configure(DEPOSIT_CAP, 1, 12_345)
    assert (v.vault.cap(0), v.vault.cap(1)) == (v.setup.assets[0].cap, 12_345)
    with boa.reverts("vault: unknown asset"):
        v.configure(DEPOSIT_CAP, 2, 1)
    with boa.reverts("vault: cap range"):
        v.configure(DEPOSIT_CAP, 1, 2**96)


def test_new_kinds_are_the_configurators_alone(v: Venue, who: SimpleNamespace) -> None:
    for kind in (DEPOSIT_CAP, SETTLE, CLAIMS):
        for sender in (who.outsider, v.owner, v.waterfall.address, v.pool, v.cover):
            with boa.reverts("manager: not configurator"):
                v.manager.configure(kind, 0, 10**18, sender=sender)


def test_a_settlement_stops_carry_for_good(v: Venue, long: int) -> None:
    v.warp(3_600)
    with boa.env.anchor():
        v.manager.poke(BTC)
        indices = v.manager.market_words(1)[0].carry & 2**128 - 1
    before = v.manager.market_words(1)[0]
    at = settle_market(v, BTC, 51_234 * WAD + 1)
    words = v.manager.market_words(1)[0]
    # both indices of this second, the price in 18 bits, nothing between
    assert words.carry == indices | float_of(51_234 * WAD) << 232
    assert 0 <= 51_234 * WAD - at < 51_234 * WAD >> 17
    assert (words.book, words.risk, words.terms) == (before.book, before.risk, 1 << 168)
    assert v.manager.venue_words()[5] == 0b11111
    v.warp(DAY)
    assert v.manager.market_words(1)[0].carry == words.carry


def test_a_settlement_pays_nobody_but_the_premium_ends(v: Venue, who: SimpleNamespace, long: int) -> None:
    """R at the settlement price: what the pool holds back for P-3 is its own again."""
    equities = v.manager.account_health(long)[0], v.manager.cash(long), v.manager.cash(v.pool_account)
    before = v.manager.solvency().reduced_equity
    settle_market(v, BTC, 50_000 * WAD)
    assert v.manager.cash(long) == equities[1]
    assert v.manager.cash(v.pool_account) == equities[2]
    # P skew^2 / 2K with K of 0.4 C / w^2; the price in the sums has 18 bits either way
    scale = v.setup.markets[BTC].scale
    premium = 50_000 * WAD * 10**8 // (2 * scale)
    assert v.manager.solvency().reduced_equity - before == pytest.approx(premium, abs=10**13)


def test_the_settled_price_is_that_of_the_call_not_of_a_feed(v: Venue, long: int) -> None:
    kill(v, BTC)
    cash, quote = v.manager.cash(long), v.manager.position(long, BTC)[1]
    at = settle_market(v, BTC, 12_345 * WAD)
    assert v.manager.account_health(long)[0] == pytest.approx(cash + quote + at, abs=10**15)


def test_claims_let_the_cover_pool_pay_the_pools_debt(v: Venue, who: SimpleNamespace) -> None:
    """As far as it goes, whatever its share a market is; in their own accounts, and D follows."""
    trader = v.deposit(who.trader, 100 * USDC)
    v.move(v.pool_account, trader, 10_000_500 * WAD)
    for cover, left, owed in ((200, 0, 300), (0, 0, 300), (1_000, 700, 0), (0, 700, 0)):
        v.move(trader, v.cover_account, cover * WAD)
        v.configure(CLAIMS, 0, 0)
        assert v.manager.cash(v.cover_account) == left * WAD
        assert v.manager.cash(v.pool_account) == -owed * WAD
        assert v.vault.debt() == owed * WAD


def test_claims_take_nothing_for_a_pool_that_owes_nothing(v: Venue) -> None:
    v.move(v.pool_account, v.cover_account, 1_000 * WAD)
    v.configure(CLAIMS, 0, 0)
    assert v.manager.cash(v.cover_account) == 1_000 * WAD
    assert v.manager.cash(v.pool_account) == 9_999_000 * WAD
