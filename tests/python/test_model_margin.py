"""Requirements and health of the reference model: worked numbers, homogeneity, subadditivity (I-15), shocks."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossmargin.model import QUOTE, Assessment, State, margin
from crossmargin.model.example import BTC, ETH, SOL, UNDERLYINGS, example_params, example_venue
from crossmargin.model.maths import BPS, LOT, WAD

PARAMS = example_params()
LOOSE = example_params(min_margin=0)
TRADER = 0x77 << 96
ANY_BUY = 10**30

sizes = st.integers(-(10**12), 10**12)  # lots
amounts = st.integers(0, 10**22)
books = st.lists(st.tuples(sizes, amounts), min_size=5, max_size=5)
scales = st.lists(st.integers(0, 255), min_size=5, max_size=5)


def legs(book, scale=(0,) * 5):
    """A book is (lots, collateral WAD) for each underlying of the example."""
    found = []
    for (u, row), (lots, coll), o in zip(UNDERLYINGS.items(), book, scale):
        price = row[0] * 10**14
        found.append(margin.exposure(price, lots * LOT, coll, PARAMS.markets[u], o))
    return found


def mm(book, params=LOOSE):
    return margin.requirements(legs(book), params, True)[1]


# ---- by hand ---------------------------------------------------------------------------------------
def test_single_leg_by_hand():
    # β 4 %, σ 1.6 %: √(0.0016 + 0.000256) = 4.30813 % of 100 000; the floor 0.6·4.31 % is below it.
    leg = margin.Exposure(100_000 * WAD, 100_000 * WAD, PARAMS.markets[BTC], 0)
    im, maintenance, raw = margin.requirements([leg], PARAMS, True)
    assert maintenance / WAD == pytest.approx(4308.13184, abs=1e-4)
    assert (im, raw) == (-(-maintenance * 3 // 2), maintenance)
    assert PARAMS.markets[BTC].w == 431


def test_perfect_hedge_meets_the_floor_by_hand():
    # Long 55 000 BTC and short 40 000 ETH: β·n cancels (22 − 22), own risk √(880² + 800²) = 1189.3.
    # Floor: 0.6·(0.0431·55 000 + 0.0586·40 000) = 0.6·(2370.5 + 2344) = 2828.7. w of ETH: ⌈√(550²+200²)⌉ = 586.
    book = [
        margin.Exposure(55_000 * WAD, 55_000 * WAD, PARAMS.markets[BTC], 0),
        margin.Exposure(-40_000 * WAD, 40_000 * WAD, PARAMS.markets[ETH], 0),
    ]
    assert margin.requirements(book, PARAMS, True)[1] == 28_287 * WAD // 10
    no_floor = example_params(kappa=0)
    assert margin.requirements(book, no_floor, True)[1] / WAD == pytest.approx(sqrt(880**2 + 800**2))


def test_open_interest_raises_initial_margin_only():
    leg = margin.Exposure(100_000 * WAD, 100_000 * WAD, PARAMS.markets[BTC], 50)
    im, maintenance, _ = margin.requirements([leg], PARAMS, True)
    assert im / WAD == pytest.approx(4308.13184 * 1.5 * 1.5, abs=1e-3)
    assert maintenance / WAD == pytest.approx(4308.13184, abs=1e-4)


def test_open_interest_on_one_leg_of_a_hedge_lowers_nothing():
    # Long 50 000 BTC: common 2000, own 800. Short 40 000 ETH: common −2200, own 800. 1.1 on BTC alone lets the common
    # parts cancel: √(880² + 800²) = 1189.3, above the plain √(200² + 800² + 800²) = 1148.9. Short 60 000 ETH (−3300,
    # 1200) with 1.3 on BTC: √(700² + 1040² + 1200²) = 1735.4, below the plain √(1300² + 800² + 1200²) = 1941.6.
    def norms(o, short):
        book = [
            margin.Exposure(50_000 * WAD, 50_000 * WAD, PARAMS.markets[BTC], o),
            margin.Exposure(-short * WAD, short * WAD, PARAMS.markets[ETH], 0),
        ]
        return margin.requirements(book, example_params(kappa=0, im_factor=10_000), True)

    assert norms(10, 40_000).initial / WAD == pytest.approx(sqrt(880**2 + 800**2))
    assert norms(30, 60_000).initial == norms(30, 60_000).maintenance
    assert norms(30, 60_000).maintenance / WAD == pytest.approx(sqrt(1300**2 + 800**2 + 1200**2))


def test_open_interest_does_not_count_for_collateral():
    # 10 ETH held: IM = 1.5·0.0585235·30 000 whatever the OI scale of the market.
    venue = holder_of()
    venue.deposit(TRADER, 1, 10 * WAD)
    venue.markets[ETH].oi_scale = 100
    assert venue.health(TRADER).initial / WAD == pytest.approx(1.5 * sqrt(0.055**2 + 0.02**2) * 30_000)


def test_initial_margin_rounds_in_three_steps():
    # β = 400, n = 1 wei: σ = 160. s = 101: norm ⌈√(101²·(400² + 160²))⌉ = ⌈43512.13⌉ = 43513; ⌈43513/1e4⌉ = 5; but
    # never under 100·M-2 = 100·⌈431/1e4⌉ = 100: ⌈100·15000/1e6⌉ = 2.
    leg = margin.Exposure(1, 1, PARAMS.markets[BTC], 1)
    assert margin.requirements([leg], PARAMS, False) == (2, 1, 1)
    # n = 10^6 wei: norm 43 512 131 642 → 4 351 214; ·1.5/100 = 65 268.21 → 65 269. M-2 = ⌈43 081.3⌉.
    leg = margin.Exposure(10**6, 10**6, PARAMS.markets[BTC], 1)
    assert margin.requirements([leg], PARAMS, False) == (65_269, 43_082, 43_082)


def test_minimum_only_while_a_position_is_open():
    leg = margin.Exposure(100 * WAD, 100 * WAD, PARAMS.markets[BTC], 0)
    im, maintenance, raw = margin.requirements([leg], PARAMS, True)
    assert (im, maintenance) == (PARAMS.min_margin, PARAMS.min_margin)
    assert raw / WAD == pytest.approx(4.30813, abs=1e-5)
    assert margin.requirements([leg], PARAMS, False)[1:] == (raw, raw)


def test_collateral_nets_against_the_perp_of_its_underlying():
    # 10 ETH held, 10 ETH short at 3000: n = 0, g = 60 000: 0.6·0.0586·60 000 = 2109.6
    leg = margin.exposure(3000 * WAD, -10 * WAD, 10 * WAD, PARAMS.markets[ETH], 0)
    assert (leg.net, leg.gross) == (0, 60_000 * WAD)
    assert margin.requirements([leg], PARAMS, True)[1] == 21_096 * WAD // 10


def test_profit_counts_in_part_for_risk_and_not_for_withdrawals():
    # U⁺ = 101 wei, weight 0.8: 1000 − ⌈20.2⌉ and 1000 − 101
    a = Assessment(1000, 101, 0, 0)
    assert margin.risk_equity(a, PARAMS) == 979
    assert margin.free_equity(a) == 899
    assert (
        margin.free_equity(a._replace(pnl=-101)) == margin.risk_equity(a._replace(pnl=-101), PARAMS) == 1000
    )


@pytest.mark.parametrize(
    ("equity", "state"),
    [
        (150, State.HEALTHY),
        (149, State.BELOW_INITIAL),
        (120, State.BELOW_INITIAL),
        (119, State.MARGIN_CALL),
        (100, State.MARGIN_CALL),
        (99, State.LIQUIDATABLE),
    ],
)
def test_state_thresholds(equity, state):
    a = Assessment(equity, 0, 150, 100)
    assert margin.state_of(a, True, PARAMS) == state
    # With neither position nor debt there is nothing to liquidate.
    unowing = State.MARGIN_CALL if state == State.LIQUIDATABLE else state
    assert margin.state_of(a, False, PARAMS) == unowing


# ---- properties ------------------------------------------------------------------------------------
@given(books, books)
def test_subadditive(a, b):
    # I-15: an account's requirement is never more than that of its parts. n loses < 1 wei a leg and sum.
    both = [(x[0] + y[0], x[1] + y[1]) for x, y in zip(a, b)]
    assert mm(both) <= mm(a) + mm(b) + 5


@given(books, st.integers(1, 1000))
def test_homogeneous(book, factor):
    scaled = [(lots * factor, coll * factor) for lots, coll in book]
    assert abs(mm(scaled) - factor * mm(book)) <= 2 * factor + 10


@given(books, scales)
def test_requirements_are_ordered_and_positive(book, scale):
    im, maintenance, raw = margin.requirements(legs(book, scale), PARAMS, True)
    assert 0 < PARAMS.min_margin <= maintenance <= im
    assert raw <= maintenance and im * 10_000 >= raw * PARAMS.im_factor


@given(books)
def test_norm_against_floating_point(book):
    factor = own = floor = 0.0
    for (u, row), (lots, coll) in zip(UNDERLYINGS.items(), book):
        mp, price = PARAMS.markets[u], row[0] / BPS
        n, g = price * (lots / 1e8 + coll / 1e18), price * (abs(lots) / 1e8 + coll / 1e18)
        factor += mp.beta / BPS * n
        own += (mp.sigma / BPS * n) ** 2
        floor += mp.w / BPS * g
    expected = max(sqrt(factor**2 + own), PARAMS.kappa / BPS * floor)
    assert mm(book) / WAD == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.permutations(range(5)), books)
def test_order_of_legs_does_not_matter(order, book):
    found = legs(book)
    assert margin.requirements([found[i] for i in order], PARAMS, True) == margin.requirements(
        found, PARAMS, True
    )


# ---- health and shocks -----------------------------------------------------------------------------
def holder_of(*trades, cash=10_000):
    venue = example_venue()
    venue.deposit(TRADER, QUOTE, cash * 10**6)
    for m, quote in trades:
        size = quote * WAD * WAD // venue.prices[m] // LOT * LOT
        venue.trade(TRADER, m, size, worst_price=ANY_BUY if size > 0 else 0)
    return venue


def test_without_a_valid_price_health_is_that_of_the_last_words():
    venue = holder_of((BTC, 20_000))
    before = venue.health(TRADER)
    venue.set_price(BTC, venue.prices[BTC], valid=False)
    assert venue.health(TRADER) == (*before[:3], State.NO_PRICE)


def test_collaterals_of_one_underlying_are_rounded_together():
    # 3 wei each at 1.6: 3·1.6·0.94 = 4.512 and 3·1.6·0.8 = 3.84: ⌊8.352⌋, not 4 + 3.
    params = example_params()
    assets = {0: replace(params.assets[1], discount=600), 1: replace(params.assets[1], discount=2_000)}
    venue = example_venue(assets=assets)
    venue.set_price(ETH, 16 * WAD // 10)
    for asset in assets:
        venue.deposit(TRADER, asset, 3)
    assert venue.health(TRADER).equity == 8


def test_shock_of_a_long_by_hand():
    # 50 000 long on 10 000 cash: 10 000 + 50 000·x = 0.0430813·50 000·(1 + x) → x = −7845.93/47845.93 = −16.398 %;
    # fees and impact of the opening (0.06 %, ~0) move it by 30/47846 = 0.06 %: −16.34 %.
    venue = holder_of((BTC, 50_000))
    assert venue.liquidation_shock(TRADER) == -1634


@pytest.mark.parametrize("book", [((BTC, 50_000),), ((ETH, -40_000),), ((BTC, 90_000), (SOL, -60_000))])
def test_shock_is_the_first_move_that_liquidates(book):
    venue = holder_of(*book)
    x = venue.liquidation_shock(TRADER)
    inwards = 1 if x < 0 else -1
    assert venue.health_at(TRADER, venue.shocked(x)).state == State.LIQUIDATABLE
    for nearer in (x + inwards, -x - inwards, 0):
        assert venue.health_at(TRADER, venue.shocked(nearer)).state != State.LIQUIDATABLE


def test_shock_of_cash_is_none_and_of_the_unhealthy_zero():
    venue = holder_of()
    assert venue.liquidation_shock(TRADER) is None
    venue = holder_of((BTC, 100_000))
    venue.set_price(BTC, venue.prices[BTC] * 8 // 10)
    assert venue.liquidation_shock(TRADER) == 0


@given(st.integers(-2000, 2000))
def test_shocked_prices_follow_beta(x):
    venue = example_venue(capital=0)
    shocked = venue.shocked(x)
    for u, row in UNDERLYINGS.items():
        exact = Fraction(venue.prices[u]) * (1 + Fraction(x * row[1], BPS * 400))
        assert exact - 1 < shocked[u] <= exact
