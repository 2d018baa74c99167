"""Margin, equity, liquidation rates and slices: bytecode against the model, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from crossmargin.model import MarketParams, Params, carry, liquidation, margin
from crossmargin.model.carry import Market
from crossmargin.model.maths import BPS, LOT, WAD
from tests.differential.draws import START, Draw, risk_word, terms_word, venue_word
from tests.support import state_words as sw
from tests.support.pyrevm_chain import arrays, to_signed

BATCH = 64
MAX_EXPOSURE = 2**160


@dataclass(frozen=True)
class Leg:
    """One underlying: lots held, the market's state, and collateral as (WAD amount, discount in bps)."""

    mp: MarketParams
    market: Market
    price: int
    base: int
    quote: int
    held: tuple[tuple[int, int], ...]

    def words(self, market: int) -> tuple[int, ...]:
        amount = sum(a for a, _ in self.held)
        lendable = sum(a * (BPS - d) for a, d in self.held)
        position = sw.pack_position(self.base, self.quote) if self.base else 0
        state = sw.pack_carry(self.market) if self.base else 0
        return market, position, state, risk_word(self.mp), self.price, amount, lendable, 0, 0


def draw_leg(rng: Draw, dust: bool) -> Leg:
    """A position, collateral, or both in one underlying; with collateral often a hedge."""
    price = rng.price()
    mp = rng.market_params(price, 10**6)
    kind = rng.choice("pppcb")
    base = rng.sign() * rng.lots(price, 2**60 if dust else 1) * LOT if kind != "c" else 0
    held = []
    if kind != "p":
        for _ in range(rng.choice((1, 1, 2, 3))):
            most = max(1, min(2**96, MAX_EXPOSURE // price // 4))
            amount = abs(base) if base and rng.random() < 0.3 else rng.magnitude(1, most)
            held.append((min(amount, most), rng.randint(0, 5_000)))
    return Leg(mp, rng.market(price, mp, 0, 0), price, base, rng.quote(base, price), tuple(held))


def assessed(cash: int, legs: list[Leg], params: Params) -> tuple[int, ...]:
    """E, IM, MM, M-2, E_risk, E_free and state, from the model's formulas."""
    equity, pnl, exposures = cash, 0, []
    for leg in legs:
        if leg.base:
            now = carry.accrue(leg.market, leg.mp, START)
            index = now.long if leg.base > 0 else now.short
            pnl += carry.value(leg.base, leg.quote, leg.price, index)
        amount = sum(a for a, _ in leg.held)
        equity += leg.price * sum(a * (BPS - d) for a, d in leg.held) // (WAD * BPS)
        scale = leg.market.oi_scale if leg.base else 0
        exposures.append(margin.exposure(leg.price, leg.base, amount, leg.mp, scale))
    positions = any(leg.base for leg in legs)
    initial, maintenance, raw = margin.requirements(exposures, params, positions)
    a = margin.Assessment(equity + pnl, pnl, initial, maintenance)
    if a.equity < maintenance:
        state = 3
    elif a.equity * BPS < params.warning * maintenance:
        state = 2
    else:
        state = int(a.equity < initial)
    return (
        a.equity,
        initial,
        maintenance,
        raw,
        margin.risk_equity(a, params),
        margin.free_equity(a),
        state,
    )


def draw_account(rng: Draw) -> tuple[int, list[Leg], Params]:
    """Up to 24 legs, 16 of them positions, with cash that puts equity near the requirements more often than not."""
    count, params = rng.choice((0, 1, 1, 2, 3, 4, 8, 16, 24)), rng.params()
    dust = rng.random() < 0.2
    legs: list[Leg] = []
    while len(legs) < count:
        leg = draw_leg(rng, dust)
        if leg.base and sum(1 for x in legs if x.base) == 16:
            continue
        legs.append(leg)
    equity, initial, maintenance, *_ = assessed(0, legs, params)
    goal = rng.choice((initial, maintenance, maintenance * params.warning // BPS, 0, rng.magnitude(1, 2**90)))
    cash = goal - equity + rng.choice((-1, 0, 1, rng.sign() * rng.magnitude(1, 2**80)))
    return max(-(2**126), min(2**126, cash)), legs, params


@pytest.mark.parametrize("seed", range(4))
def test_health(account_formulas, seed):
    """M-2 … M-5, P-2 with carry to now, equity with several collaterals, and the state."""
    rng, states = Draw(seed + 200), {0: 0, 1: 0, 2: 0, 3: 0}
    for _ in range(30):
        cases = [draw_account(rng) for _ in range(BATCH)]
        rows, legs = [], []
        for cash, own, params in cases:
            rows.append((cash, venue_word(params), len(legs), len(own)))
            legs += [leg.words(i) for i, leg in enumerate(own)]
        found = account_formulas.read("healths", tail=arrays(rows, legs))[2:]
        for i, (cash, own, params) in enumerate(cases):
            want = assessed(cash, own, params)
            got = found[7 * i : 7 * i + 7]
            assert tuple(got) == tuple(x & 2**256 - 1 for x in want), (cash, own, params)
            states[want[6]] += 1
    assert min(states.values()) > 20, states


@pytest.mark.parametrize("seed", range(2))
def test_rates(account_formulas, seed):
    """Q-2: each of the three rates, the lots of a slice and their charge."""
    rng, at_most, above_least = Draw(seed + 300), 0, 0
    for _ in range(50):
        cases, rows = [], []
        for _ in range(BATCH):
            price, params = rng.price(), rng.params()
            longs, shorts = rng.lots(price, 4), rng.lots(price, 4)
            mp = rng.market_params(price, max(longs, shorts))
            side = rng.sign()
            lots = rng.magnitude(1, longs if side > 0 else shorts) * side
            f = rng.choice((1, WAD, rng.randint(1, WAD)))
            market = Market(long=longs, short=shorts)
            cases.append((lots, market.skew, mp, params, price, f))
            rows.append((lots * LOT, price, sw.pack_book(market), terms_word(mp), venue_word(params), f))
        found = account_formulas.read("rates", tail=arrays(rows))[2:]
        for i, (lots, skew, mp, params, price, f) in enumerate(cases):
            want = liquidation.rates(lots, skew, mp, params)
            closed = liquidation.ceil_lots(f, abs(lots))
            to_pool, to_cover, to_keeper, size, charge = found[5 * i : 5 * i + 5]
            assert (to_pool, to_cover, to_keeper) == want, cases[i]
            assert to_signed(size) == (-closed if lots > 0 else closed) * LOT
            assert charge == liquidation.penalty(want.total, price, closed)
            at_most += to_pool == 100 * params.p_max
            above_least += to_cover > 0
    assert at_most > 100 and above_least > 100


@pytest.mark.parametrize("seed", range(2))
def test_fractions(account_formulas, seed):
    """Q-1: partial and full slices, at the edges of every condition for a full one."""
    rng, partial = Draw(seed + 400), 0
    for _ in range(50):
        cases, rows = [], []
        for _ in range(BATCH):
            params = rng.params()
            raw = rng.magnitude(1, 2**100)
            target = -(-params.h * raw // BPS)
            pen = rng.choice((target, target + rng.choice((-1, 1)), rng.magnitude(1, 2 * target)))
            pen = max(0, rng.choice((pen, pen // 50)))
            cost = rng.choice((0, params.keeper_cap))
            equity = rng.choice(
                (
                    pen + cost,
                    pen + cost + 1,
                    raw - 1,
                    rng.randint(-raw, raw),
                    target + cost,
                    target + cost + 1,
                )
            )
            cases.append((equity, raw, pen, cost, params))
            rows.append((equity, raw, pen, cost, venue_word(params)))
        found = account_formulas.read("fractions", tail=arrays(rows))[2:]
        for got, case in zip(found, cases, strict=True):
            assert got == liquidation.fraction(*case), case
            partial += got < WAD
    assert partial > 300
