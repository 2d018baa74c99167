"""accounts(ids): every number against the contracts that own it."""

from __future__ import annotations

import boa
import pytest

from tests.support.words import WAD
from tests.unit.lens.conftest import Seen
from tests.unit.liquidity_pool.world import BTC, DOGE, ETH, SOL


def one(seen: Seen, name: str) -> object:
    return seen.lens.accounts([seen.accounts[name]])[0]


def test_at_most_fifty(seen: Seen):
    assert len(seen.lens.accounts((seen.ids * 5)[:50])) == 50
    with boa.reverts():
        seen.lens.accounts([0] * 51)


def test_an_empty_one(seen: Seen):
    a = one(seen, "nobody")
    assert (a.id, a.cash, a.equity, a.state, a.liquidatable) == (seen.accounts["nobody"], 0, 0, 0, False)
    assert a.positions == a.collateral == []


def test_balances_and_positions_are_the_contracts(seen: Seen):
    v = seen.w.v
    v.warp(5_000)
    for a in seen.lens.accounts(seen.ids):
        assert a.cash == v.manager.cash(a.id)
        assert (a.equity, a.initial, a.maintenance, a.state) == seen.health(a.id)
        held, _words = v.manager.legs(a.id)
        assert [1 << p.market for p in a.positions] == [1 << m for m in range(32) if held >> m & 1]
        for p in a.positions:
            assert (p.base, p.quote) == tuple(v.manager.position(a.id, p.market))
            assert (p.price, p.price_state) == (v.prices[p.market], 0)
        for c in a.collateral:
            entry = v.setup.assets[c.asset]
            assert c.amount == v.vault.collateral(a.id, c.asset) > 0
            assert c.underlying == entry.underlying
            assert c.value == c.amount * v.prices[entry.underlying] * (10_000 - entry.discount) // 10**22
        worth = sum(p.value for p in a.positions)
        assert a.equity == a.cash + worth + sum(c.value for c in a.collateral)
        assert a.profit == worth
        # M-5, profit_weight 0.8
        assert a.free_equity == a.equity - max(worth, 0)
        assert a.risk_equity == a.equity - -(-max(worth, 0) * 2_000 // 10_000)
        assert a.raw <= a.maintenance


def test_reserved(seen: Seen):
    v, account = seen.w.v, seen.accounts["cash"]
    v.manager.reserve(account, 3 * WAD, sender=v.order_book)
    assert one(seen, "cash").reserved == 3 * WAD


@pytest.mark.parametrize("name", ["five", "long", "hedged"])
def test_a_position_is_worth_nothing_at_its_entry_price(seen: Seen, name: str):
    v = seen.w.v
    v.warp(50_000)
    a = one(seen, name)
    for p in a.positions:
        value = p.base * (p.entry_price - p.index) // WAD + p.quote
        assert abs(value) <= abs(p.base) // WAD + 1  # a wei of price
        assert (value >= 0) if p.base > 0 else (value <= abs(p.base) // WAD + 1)
        assert p.notional == abs(p.base) * p.price // WAD
        assert p.value == p.base * (p.price - p.index) // WAD + p.quote


def test_entry_price_of_a_fresh_trade_is_its_fill(seen: Seen):
    account = seen.w.account("newcomer", 10_000)
    filled = seen.w.trade_quote(account, ETH, 20_000)
    p = seen.lens.accounts([account])[0].positions[0]
    assert abs(p.entry_price - filled.price) <= 1


def test_carry_a_day(seen: Seen):
    """What a position loses in the next minute, but for the change of the funding rate in it."""
    before = {p.market: p for p in one(seen, "five").positions}
    seen.w.v.warp(60)
    after = {p.market: p for p in one(seen, "five").positions}
    for market in (BTC, ETH, SOL, DOGE):
        lost = after[market].value - before[market].value
        mean = (before[market].carry_per_day + after[market].carry_per_day) / 2
        assert lost == pytest.approx(mean * 60 / 86_400, rel=1e-3, abs=abs(before[market].base) * 2e-11 + 2)


def test_liquidatable_is_the_lists_word_for_it(seen: Seen):
    v = seen.w.v
    v.set_price(BTC, v.prices[BTC] * 60 // 100)
    told = [a.id for a in seen.lens.accounts(seen.ids) if a.liquidatable]
    assert told == seen.lens.liquidatable(seen.ids) != []


def test_says_who_is_liquidatable_as_liquidatable_does(seen: Seen):
    """After a fall with a dead feed, in a settled market, and in grace."""
    v = seen.w.v
    v.configure(7, DOGE, v.prices[DOGE] * 40 // 100)
    v.set_price(BTC, v.prices[BTC] * 60 // 100)
    boa.env.time_travel(seconds=1)
    v.feeds[ETH].push(2**81)
    for until in (0, boa.env.timestamp + 900):
        v.configure(1, 0, v.setup.rates.word(grace_until=until))
        shown = [a.id for a in seen.lens.accounts(seen.ids) if a.liquidatable]
        assert shown == seen.lens.liquidatable(seen.ids)


def test_a_settled_positions_numbers(seen: Seen):
    """Its value is P-2 at the settlement price, with carry that stands still."""
    v = seen.w.v
    v.configure(7, DOGE, v.prices[DOGE] * 40 // 100)
    before = {a.id: a for a in seen.lens.accounts(seen.ids)}
    v.warp(50_000)
    for a in seen.lens.accounts(seen.ids):
        for p, q in zip(a.positions, before[a.id].positions):
            if p.market == DOGE:
                assert (p.value, p.index, p.base, p.quote) == (q.value, q.index, q.base, q.quote)
                with boa.env.anchor():
                    cash = v.manager.cash(a.id)
                    v.manager.settle(a.id, DOGE)
                    assert v.manager.cash(a.id) - cash == p.value
