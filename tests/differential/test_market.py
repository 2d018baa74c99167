"""Fill, fee, P-1 … P-4, carry and the touch: bytecode against the model, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from crossmargin.model import MarketParams, carry, pool
from crossmargin.model.carry import Indices, Market
from crossmargin.model.maths import INDEX, LOT
from tests.differential.draws import START, Draw, risk_word, terms_word
from tests.support import state_words as sw
from tests.support.pyrevm_chain import Reverted, arrays, to_signed

BATCH = 64
BATCHES = 40  # a seed


@dataclass(frozen=True)
class TradeCase:
    """A trade against a market. Sizes in WAD; price: the order's, mark: the word's."""

    mp: MarketParams
    market: Market
    base: int
    quote: int
    size: int
    price: int
    mark: int
    spread: bool

    def words(self) -> tuple[int, ...]:
        position = sw.pack_position(self.base, self.quote) if self.base else 0
        state = sw.pack_carry(self.market), sw.pack_book(self.market)
        params = risk_word(self.mp), terms_word(self.mp)
        return position, self.size, self.price, self.mark, *state, *params, int(self.spread)


def draw_trade(rng: Draw) -> TradeCase:
    """A position inside a book, and a trade that opens, adds, reduces, closes or turns it."""
    mark = rng.price()
    longs, shorts = rng.lots(mark, 4), rng.lots(mark, 4)
    mp = rng.market_params(mark, max(longs, shorts))
    side = rng.sign()
    own = rng.magnitude(1, longs if side > 0 else shorts) * side * rng.choice((0, 1, 1))
    market = rng.market(mark, mp, longs, shorts)
    kind = rng.randrange(5)
    size = (
        rng.sign() * rng.lots(mark, 4)
        if kind == 0 or not own
        else (-own, -own - side * rng.lots(mark, 4), own, -side * rng.magnitude(1, abs(own)))[kind - 1]
    )
    base = own * LOT
    quote = rng.quote(base, mark) if base else 0
    return TradeCase(mp, market, base, quote, size * LOT, rng.near(mark, 500), mark, rng.random() < 0.5)


def expected_trade(c: TradeCase) -> tuple[int, ...]:
    """What the model makes of it, in the order of the harness's struct."""
    m, mp, lots = c.market.copy(), c.mp, c.size // LOT
    fill = carry.fill_price(c.price, m.skew, lots, mp, c.spread)
    if fill <= 0:
        return (0,) * 10
    fee = carry.trade_fee(c.price, m.skew, lots, mp)
    now = carry.accrue(m, mp, START)
    after = carry.apply_trade(c.base, c.quote, c.size, fill, now)
    carry.book(m, c.base, after.base, after.quote - c.quote)
    m.index_long, m.index_short, m.rate, m.time = *now, START
    index = now.long if after.base > 0 else now.short
    value = carry.value(after.base, after.quote, c.mark, index)
    pool_value = carry.pool_value(m, c.mark, now)
    m.skew_fraction = carry.skew_fraction(m.skew, mp.skew_scale)
    m.oi_scale, m.borrow = carry.oi_scale(m.long, m.short, mp), 0
    m.mark = carry.price_float(c.mark)
    sums = sw.pack_sums(pool.contribution(m, mp, m.mark, now), 0)
    position = sw.pack_position(after.base, after.quote)
    book = sw.pack_book(m)
    if not book:
        sums = (0, 0)
    return fill, fee, position, after.realised, value, pool_value, sw.pack_carry(m), book, *sums


def fits(c: TradeCase) -> bool:
    """Whether everything the trade leads to has room in its words."""
    try:
        expected_trade(c)
    except sw.Misfit:
        return False
    return True


@pytest.mark.parametrize("seed", range(4))
def test_trades(market_formulas, seed):
    """P-1, P-2, P-3, P-4, fee, F-1, k, o, P̂ and U-1's contribution of a touch."""
    rng, deep = Draw(seed), 0
    for _ in range(BATCHES):
        cases = [c for c in (draw_trade(rng) for _ in range(BATCH)) if fits(c)]
        found = market_formulas.read("trades", tail=arrays([c.words() for c in cases]))[2:]
        for i, case in enumerate(cases):
            want = expected_trade(case)
            got = found[10 * i : 10 * i + 10]
            assert tuple(got) == tuple(x & 2**256 - 1 for x in want), case
            deep += want[0] != 0
    assert deep > 1_000


@pytest.mark.parametrize("seed", range(4))
def test_accruals(market_formulas, seed):
    """F-1 over any time, with and without the clamp; margin's index is the stored one."""
    rng, clamped, quiet = Draw(seed + 100), 0, 0
    for _ in range(BATCHES):
        cases = []
        for _ in range(BATCH):
            price = rng.price()
            mp = rng.market_params(price, 10**6)
            market = rng.market(price, mp, 0, 0)
            cases.append((market, mp, carry.accrue(market, mp, START)))
        cases = [c for c in cases if max(abs(c[2].long), abs(c[2].short)) < 2**63]
        rows = [(sw.pack_carry(m), risk_word(mp)) for m, mp, _ in cases]
        found = market_formulas.read("accruals", tail=arrays(rows))[2:]
        for i, (market, mp, want) in enumerate(cases):
            stored = sw.unpack_market(found[3 * i], 0)
            indices = to_signed(found[3 * i + 1]), to_signed(found[3 * i + 2])
            assert Indices(stored.index_long, stored.index_short, stored.rate) == want, (market, mp)
            assert indices == (want.long * INDEX, want.short * INDEX), (market, mp)
            assert stored.time == START
            untouched = market.skew_fraction, market.borrow, market.oi_scale, market.mark
            assert (stored.skew_fraction, stored.borrow, stored.oi_scale, stored.mark) == untouched
            clamped += market.time < START and market.rate != want.rate and abs(want.rate) == mp.clamp * 10**5
            quiet += market.time == START
    assert clamped > 50 and quiet > 50


def test_an_index_beyond_its_bits_reverts(market_formulas):
    """A carry index that leaves int64 does not wrap around."""
    mp = MarketParams(400, 200, 5_000, 0, 10**12, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0)
    market = Market(
        time=START - 10_000 * 86_400, rate=5 * 10**8, borrow=2**14 - 1, mark=10**25 // 2**80 * 2**80
    )
    assert carry.accrue(market, mp, START).long >= 2**63
    with pytest.raises(Reverted, match="packing: out of range"):
        market_formulas.read("accruals", tail=arrays([(sw.pack_carry(market), risk_word(mp))]))
