"""The pool's capital and utilisation, the borrow rate, and the share arithmetic: bytecode against the model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossmargin.model import MarketParams, Params, carry, pool
from crossmargin.model.maths import BPS, LOTS, MICRO, WAD, ceil_div
from crossmargin.model.pool import Holding
from tests.differential.draws import Draw, rates_word, risk_word, terms_word, venue_word
from tests.support import state_words as sw
from tests.support.pyrevm_chain import Contract, arrays, to_signed

BATCH = 64


def draw_pool(rng: Draw) -> tuple[int, pool.Share, list[tuple[Holding, carry.Market, int]], Params]:
    """Cash, the sums of some markets, and inventory in some of them: (holding, market, discount)."""
    params, sums, stock = rng.params(), pool.NO_SHARE, []
    for _ in range(rng.choice((0, 1, 2, 5, 16))):
        price = rng.price()
        longs, shorts = rng.lots(price, 2**30), rng.lots(price, 2**30)
        mp: MarketParams = rng.market_params(price, max(longs, shorts))
        market = rng.market(price, mp, longs, shorts)
        market.quote = rng.quote(market.skew * 10**10, price)
        now = carry.Indices(market.index_long, market.index_short, 0)
        sums = pool.add(sums, pool.contribution(market, mp, market.mark, now))
        if len(stock) < 8 and rng.random() < 0.4:
            word = rng.near(price)
            amount = rng.magnitude(1, max(1, 2**66 * WAD // word))
            hedge = -market.skew * 10**10 if rng.random() < 0.5 else 0
            amount = hedge if 0 < hedge < 2**100 else amount
            stock.append((Holding(amount, word, market.mark, market.skew, mp), market, rng.randint(0, 5_000)))
    equity = (sums[4] - sums[5]) * MICRO + worth(stock)
    goal = rng.choice((0, 1, -1, rng.magnitude(1, 2**100), rng.magnitude(1, 2**90)))
    return goal - equity, sums, stock, params


def worth(stock: list) -> int:
    """Inventory at its largest discount, WAD, rounded down leg by leg."""
    return sum(h.price * (h.amount * (BPS - discount)) // (WAD * BPS) for h, _, discount in stock)


@pytest.mark.parametrize("seed", range(3))
def test_weighing(market_formulas, seed):
    """U-0, U-1 from the sums and the inventory, and F-2."""
    rng, open_ended, idle, compared = Draw(seed + 500), 0, 0, 0
    while compared < 2_000:
        rows, legs, wants = [], [], []
        while len(rows) < BATCH:
            cash, sums, stock, params = draw_pool(rng)
            try:
                first, second = sw.pack_sums(sums, 0)
            except sw.Misfit:
                continue
            rows.append((cash, first, second, venue_word(params), rates_word(params), len(legs), len(stock)))
            rows[-1] = (first, second, cash, *rows[-1][3:])
            for holding, market, discount in stock:
                lendable = holding.amount * (BPS - discount)
                state = sw.pack_carry(market), risk_word(holding.mp), holding.price
                legs.append(
                    (0, 0, *state, holding.amount, lendable, sw.pack_book(market), terms_word(holding.mp))
                )
            equity = cash + (sums[4] - sums[5]) * MICRO + worth(stock)
            net, gross = pool.requirement(sums, [h for h, _, _ in stock], params)
            used = pool.utilisation(equity, net, gross, params)
            wants.append((equity, net, gross, used, carry.borrow_rate(used, params)))
        found = market_formulas.read("weighings", tail=arrays(rows, legs))[2:]
        for i, want in enumerate(wants):
            equity, *rest = found[5 * i : 5 * i + 5]
            assert (to_signed(equity), *rest) == want, rows[i]
            open_ended += want[3] == 2**64
            idle += want[3] == 0
        compared += len(wants)
    assert open_ended > 50 and idle > 20


# β 0, σ = w 10 %, K 1e6 units
PLAIN = MarketParams(0, 1_000, 0, 0, 10**6 * LOTS, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0)
PRICE = 2**67  # 147.573952589676412928 quote: exact as a float24


def up(wad: int) -> int:
    """Rounded up to whole µ, in WAD."""
    return ceil_div(wad, MICRO) * MICRO


def weigh_one(formulas: Contract, long: int, short: int, amount: int) -> list[int]:
    """A pool of 1,000,000 quote with one market (lots) and inventory (WAD) in it: equity, net, gross, u, b."""
    params = replace(Draw(0).params(), kappa=6_000)
    market = carry.Market(long=long, short=short, quote=-(long - short) * PRICE // LOTS, mark=PRICE)
    share = pool.contribution(market, PLAIN, PRICE, carry.Indices(0, 0, 0))
    first, second = sw.pack_sums(share, 0)
    cash = 10**6 * WAD
    row = (first, second, cash, venue_word(params), rates_word(params), 0, 1)
    state = sw.pack_carry(market), risk_word(PLAIN), PRICE
    leg = (0, 0, *state, amount, amount * BPS, sw.pack_book(market), terms_word(PLAIN))
    return formulas.read("weighings", tail=arrays([row], [leg]))[2:]


def test_inventory_counts_in_quote(market_formulas):
    """10 tokens at 147.57 with w = 10 % need 147.57 quote, net and gross: not a million times that."""
    equity, net, gross, *_ = weigh_one(market_formulas, 0, 0, 10 * WAD)
    assert equity == 10**6 * WAD + 10 * PRICE
    assert net == gross == up(PRICE)


def test_inventory_hedges_the_skew_of_its_market(market_formulas):
    """Inventory of half the net long that the pool is short of: half the net requirement remains, gross adds up."""
    _, net, gross, *_ = weigh_one(market_formulas, 10 * LOTS, 0, 5 * WAD)
    assert net == up(PRICE // 2)
    assert gross == up(PRICE) + up(PRICE // 2)
