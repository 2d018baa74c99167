"""configure: parameter words, and what a change does to what is open."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import boa

from tests.support.venue import Venue
from tests.support.words import LIMITS, RATES, RISK, TERMS, VENUE, WAD
from tests.unit.position_manager.support import (
    BTC,
    ETH,
    SOL,
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
