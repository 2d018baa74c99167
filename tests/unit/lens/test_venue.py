"""__init__, markets(), pool(), addresses()."""

from __future__ import annotations

import boa
import pytest

from tests.support.words import LOT, WAD, Setup, unsigned_to_signed
from tests.unit.lens.conftest import Seen
from tests.unit.liquidity_pool.world import BTC, ETH, LINK, SOL, compiled, positions, world


def test_needs_the_managers_pool(seen: Seen):
    v = seen.w.v
    with boa.reverts("lens: another manager's pool"):
        compiled("contracts/Lens.vy").deploy(
            v.manager.address,
            seen.orders.address,
            v.liquidator,
            v.owner,
            seen.quotes.address,
            seen.risks.address,
        )


def test_addresses(seen: Seen):
    v, a = seen.w.v, seen.lens.addresses()
    assert (a.manager, a.vault, a.oracle, a.engine) == (
        v.manager.address,
        v.vault.address,
        v.oracle.address,
        v.engine.address,
    )
    assert (a.configurator, a.order_book, a.liquidator) == (
        v.configurator,
        seen.orders.address,
        v.liquidator,
    )
    assert (a.pool, a.quotes, a.quote) == (seen.w.pool.address, seen.quotes.address, v.quote.address)
    assert (a.waterfall, a.cover, a.risks) == (v.waterfall.address, v.cover, seen.risks.address)


def test_terms_are_what_was_set(seen: Seen):
    v = seen.w.v
    found = seen.lens.markets()
    assert [m.id for m in found] == list(range(5))
    for m, p in zip(found, v.setup.markets):
        t = m.terms
        assert (t.beta, t.sigma, t.w, t.p_min) == (p.beta, p.sigma, p.w, p.p_min)
        assert (t.clamp, t.velocity) == (p.clamp or p.w // 2, p.velocity)
        assert (t.taker, t.maker, t.spread) == (p.taker, p.maker, p.spread)
        assert (t.oi_low, t.oi_high, t.oi_cap) == (p.oi_lo, p.oi_hi, p.oi_cap)
        assert (t.skew_scale, t.max_oi, t.max_oi_quote) == (p.scale * LOT, p.max_oi * LOT, p.max_oi_quote)
        assert (t.share, t.min_notional) == (p.share, p.min_notional)
    assert tuple(found[BTC].timing) == (10, 600, 300)
    assert tuple(found[LINK].timing) == (0, 600, 300)
    assert tuple(found[SOL].timing) == (0, 0, 0)


def test_books_are_what_the_accounts_hold(seen: Seen):
    v = seen.w.v
    held = positions(seen.w, seen.ids)
    for m in seen.lens.markets():
        assert (m.long, m.short) == held[m.id]
        assert m.skew == m.long - m.short
        assert m.quote == sum(v.manager.position(a, m.id)[1] for a in seen.ids)
        assert m.price == v.prices[m.id]
        assert m.price_state == 0 and m.valid_until > boa.env.timestamp >= m.price_time


def test_carry_of_this_block_is_what_a_touch_stores(seen: Seen):
    v = seen.w.v
    v.warp(30_000)
    seen_now = seen.lens.markets()
    for m in seen_now:
        assert m.touched < boa.env.timestamp
        v.manager.poke(m.id)
        word = v.manager.market_words(1 << m.id)[0].carry
        assert m.long_index == unsigned_to_signed(word, 64) * 10**7
        assert m.short_index == unsigned_to_signed(word >> 64, 64) * 10**7
        assert m.funding_rate == unsigned_to_signed(word >> 160, 30)
    assert seen_now[BTC].funding_rate > 0  # longs outweigh
    for m in seen.lens.markets():
        assert m.touched == boa.env.timestamp
        assert m.price * (1 - 2**-17) < m.touch_price <= m.price


def test_oi_scale_and_borrow(seen: Seen):
    """F-2 at the last touch's utilisation, and the OI scale by hand."""
    rates = seen.w.v.setup.rates
    for m in seen.lens.markets():
        x = max(m.long, m.short) * 10_000 / m.terms.skew_scale
        level = (x - m.terms.oi_low) / (m.terms.oi_high - m.terms.oi_low)
        assert m.oi_scale == pytest.approx(m.terms.oi_cap * min(max(level, 0), 1), abs=1)
    assert any(m.oi_scale for m in seen.lens.markets())
    seen.w.v.manager.poke(ETH)
    used = seen.w.v.manager.solvency().utilisation / WAD
    kink = rates.kink / 1e4
    expected = rates.base + rates.slope1 * min(used, kink) + rates.slope2 * max(0, used - kink)
    assert seen.lens.markets()[ETH].borrow_rate == pytest.approx(expected, abs=1)


def test_pool_values_add_up_to_its_equity(seen: Seen):
    seen.w.v.warp(4_000)
    p = seen.lens.pool()
    assert p.state == seen.w.pool.pool_state()
    assert p.total_assets == seen.w.pool.totalAssets()
    assert p.total_supply == seen.w.pool.totalSupply()
    assert p.share_price == seen.w.pool.convertToAssets(WAD)
    assert p.inventory == []
    assert p.state.cash + sum(m.pool_value for m in seen.lens.markets()) == p.state.equity


def test_inventory_and_cover(seen: Seen):
    v = seen.w.v
    v.set_price(BTC, v.prices[BTC] * 60 // 100)
    v.set_price(ETH, v.prices[ETH] * 170 // 100)
    v.liquidate(seen.accounts["five"])
    p = seen.lens.pool()
    assert p.cover_cash == v.manager.cash(v.cover_account)
    assert [c.asset for c in p.inventory] == [1]
    assert p.inventory[0].amount == v.vault.collateral(v.pool_account, 1)
    assert p.inventory[0].value == p.inventory[0].amount * v.prices[ETH] * 9_300 // 10**22


def test_a_venue_without_markets():
    with boa.env.anchor():
        v = world(Setup(markets=(), assets=()), capital=0).v
        orders = compiled("contracts/OrderBook.vy").deploy(v.manager.address, v.owner)
        quotes = compiled("contracts/QuoteLens.vy").deploy(v.manager.address, orders.address)
        risks = compiled("contracts/RiskLens.vy").deploy(v.manager.address)
        lens = compiled("contracts/Lens.vy").deploy(
            v.manager.address, orders.address, v.liquidator, v.pool, quotes.address, risks.address
        )
        assert lens.markets() == []
