"""Whatever the setters accept, and at every scale M-3 may take: Q-2, M-3, M-4 and W-2 hold; one step beyond a bound is refused.

The rules are written out here from the specification, in exact numbers.
"""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import chain
from math import isqrt

import boa
import pytest

from tests.unit.configurator.support import LOT, MICRO, Market, Rates, Venue

PPM, BPS = 10**6, 10**4
SEEDS = range(4)
PAIRS = 12  # accepted pairs a seed


@pytest.fixture
def setters(factories):
    """A Configurator that has rates, and calls its setters as the owner."""
    owner = boa.env.generate_address("owner")
    configurator = factories["Configurator"].deploy(owner)
    manager = factories["FakeManager"].deploy(configurator)

    def do(name: str, *arguments: object) -> None:
        with boa.env.prank(owner):
            getattr(configurator, name)(*arguments)

    do("wire", manager)
    do("set_rates", Rates())
    return do


# ---- the rules ----------------------------------------------------------------------------------


def up(x: Fraction | int) -> int:
    return -((-x) // 1)


def impact(m: Market) -> int:
    """Of closing a whole side, 1e-6 rounded up."""
    return up(Fraction(m.max_oi * PPM, m.skew_scale))


def fits(v: Venue, m: Market) -> bool:
    """Q-2, M-3, M-4: what ties a market to its venue."""
    w = Fraction(m.w, BPS)
    return (
        impact(m) + m.taker + v.keeper_part <= 100 * v.p_max
        and m.p_min <= v.p_max
        and Fraction(100 * v.p_max + v.keeper_part, PPM) < Fraction(v.h * v.kappa, BPS**2) * w
        and 1 <= m.w < 2**12
        and w * Fraction(100 + m.oi_cap, 100) * Fraction(v.im_factor, BPS) <= 1
    )


def close_cost(base: int, skew: int, m: Market) -> Fraction:
    """P-3 and fee of closing all of `base`, as a part of its notional; without the spread of markets that trade at once."""
    size = -base
    fill = 1 + Fraction(2 * skew + size, 2 * m.skew_scale)
    narrowing = min(abs(size), abs(skew)) if size * skew < 0 else 0
    fee = Fraction(m.maker * narrowing + m.taker * (abs(size) - narrowing), PPM * abs(size))
    return (1 - fill if base > 0 else fill - 1) + fee


def liquidation_cost(base: int, skew: int, v: Venue, m: Market) -> Fraction:
    """Q-2, as a part of the notional."""
    against = 2 * skew - base if base < 0 else base - 2 * skew
    i = up(Fraction(PPM * max(0, against), 2 * m.skew_scale))
    x = min(i + m.taker, 100 * v.p_max)
    return Fraction(max(x, 100 * m.p_min) + v.keeper_part, PPM)


def initial_margin(notional: int, oi_scale: int, v: Venue, m: Market) -> int:
    """M-2 … M-4 of one position, the scale in hundredths; without the floor of min_margin."""
    squares = (oi_scale * m.beta * notional) ** 2 + (oi_scale * m.sigma * notional) ** 2
    root = isqrt(squares)
    norm = max(root + (root**2 < squares), up(Fraction(v.kappa * oi_scale * m.w * notional, BPS)))
    return up(Fraction(up(Fraction(norm, BPS)) * v.im_factor, PPM))


# ---- draws --------------------------------------------------------------------------------------


def draw(rng: random.Random) -> tuple[Venue, Market]:
    """A pair that may fit: each within its own bounds, at times on them."""

    def pick(low: int, high: int) -> int:
        return rng.choice((low, high, *(rng.randint(low, high) for _ in range(6))))

    im_factor, p_max = pick(BPS, 5 * BPS), pick(1, 1_000)
    keeper_part = pick(0, min(PPM // 100, 100 * p_max))
    min_margin = pick(1, 10**10)
    v = Venue(
        im_factor=im_factor,
        h=pick(BPS + 1, 3 * BPS),
        kappa=pick(3_000, BPS),
        p_max=p_max,
        keeper_part=keeper_part,
        warning=pick(BPS, im_factor),
        min_margin=min_margin * MICRO,
        keeper_cap=pick(0, min_margin // 2) * MICRO,
    )
    taker = pick(0, min(PPM // 100, 100 * p_max - keeper_part))
    most = 4_095 if rng.random() < 0.3 else 1_500
    m = Market(
        beta=pick(0, most),
        sigma=pick(0, most),
        oi_cap=pick(0, 200),
        skew_scale=pick(1, 10 ** rng.randint(1, 19)) * LOT,
        taker=taker,
        maker=pick(0, taker),
        p_min=pick(0, p_max),
    )
    room = (100 * p_max - taker - keeper_part) * m.skew_scale // PPM
    return v, m._replace(max_oi=pick(0, room // LOT) * LOT)


def accepted(setters, seed: int):
    """Pairs in force, one after the other, each in a venue of its own. Those that fit are accepted, the others are not."""
    rng = random.Random(seed)
    found = tried = 0
    while found < PAIRS:
        v, m = draw(rng)
        with boa.env.anchor():
            if fits(v, m):
                setters("set_venue", v)
                setters("set_market", 0, m)
                found += 1
                yield rng, v, m
            elif tried < 3 * PAIRS:
                tried += 1
                setters("set_venue", v)
                with boa.reverts():
                    setters("set_market", 0, m)


def refused(setters, reason: str, name: str, *arguments: object) -> None:
    with boa.reverts(f"configurator: {reason}"):
        setters(name, *arguments)


def drawn_book(rng: random.Random, m: Market) -> tuple[int, int]:
    """Skew of a book within the cap, and a position on one of its sides: WAD."""
    lots = m.max_oi // LOT
    longs, shorts = (rng.choice((0, lots, rng.randint(0, lots))) for _ in range(2))
    side, sign = rng.choice(((longs, 1), (shorts, -1)))
    base = sign * rng.choice((side, side, rng.randint(0, side)))
    return (longs - shorts) * LOT, base * LOT


# ---- what holds ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_a_liquidation_costs_no_less_than_a_close_within_the_caps(setters, seed):
    looked = 0
    for rng, v, m in accepted(setters, seed):
        for _ in range(40):
            skew, base = drawn_book(rng, m)
            if base:
                looked += 1
                assert close_cost(base, skew, m) <= liquidation_cost(base, skew, v, m)
    assert looked > 10 * PAIRS


@pytest.mark.parametrize("seed", SEEDS)
def test_a_liquidation_takes_less_than_it_restores(setters, seed):
    """p_max + keeper part < h·κ·w; the volatility scale, at least 1, only widens it."""
    for _, v, m in accepted(setters, seed):
        most = Fraction(100 * v.p_max + v.keeper_part, PPM)
        assert most < Fraction(v.h, BPS) * Fraction(v.kappa, BPS) * Fraction(m.w, BPS)


@pytest.mark.parametrize("seed", SEEDS)
def test_margin_stays_within_the_notional_at_every_scale(setters, seed):
    for rng, v, m in accepted(setters, seed):
        for scale in {100, 100 + m.oi_cap, 100 + rng.randint(0, m.oi_cap)}:
            notional = rng.randint(10**12, 10**30)
            margin = initial_margin(notional, scale, v, m)
            # what is rounded up: hundredths of 1 wei, times im_factor
            assert 0 < margin <= notional + 1 + Fraction(2 * v.im_factor, PPM)
        # the largest discount there is
        assert 5_000 + m.w <= BPS


@pytest.mark.parametrize("seed", SEEDS)
def test_the_smallest_account_pays_for_its_liquidation(setters, seed):
    """K and the cap, each at most keeper_cap."""
    for _, v, _ in accepted(setters, seed):
        assert v.min_margin >= 2 * v.keeper_cap


@pytest.mark.parametrize("seed", SEEDS)
def test_within_the_caps_the_pool_is_not_short_of_capital(setters, seed):
    """W-2 against U-1, at each ratio the largest cap."""
    rng = random.Random(seed)
    for _ in range(2 * PAIRS):
        q = rng.choice((BPS, 5 * BPS, rng.randint(BPS, 5 * BPS)))
        cap = min(BPS // 2, BPS**2 // q)
        r = Rates(cap_net=rng.randint(1, cap), exit_cap_net=cap, adl_ratio=q)
        setters("set_rates", r)
        equity = rng.randint(1, 10**26)
        for c in (r.cap_net, r.exit_cap_net):
            net = equity * c // BPS  # the most of which net·1e4 <= cap·R
            assert BPS * equity >= q * net
        reason = "exit_cap_net" if cap == BPS // 2 else "adl_ratio for caps"
        refused(setters, reason, "set_rates", r._replace(exit_cap_net=cap + 1))


# ---- one step further ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_impact_and_p_min_up_to_their_bounds(setters, seed):
    for _, v, m in accepted(setters, seed):
        room = 100 * v.p_max - m.taker - v.keeper_part
        top = m._replace(max_oi=room * m.skew_scale // PPM // LOT * LOT, p_min=v.p_max)
        setters("set_market", 0, top)
        refused(setters, "costs above p_max", "set_market", 0, top._replace(max_oi=top.max_oi + LOT))
        refused(setters, "p_min above p_max", "set_market", 0, top._replace(p_min=v.p_max + 1))


def test_the_scale_of_open_interest_up_to_its_bound(setters):
    """M-3 and M-4 from the market's side; each of three bounds is met."""
    bounds = set()
    for _, v, m in chain.from_iterable(accepted(setters, seed) for seed in SEEDS):
        top = min(200, 100 * BPS**2 // (m.w * v.im_factor) - 100)
        setters("set_market", 0, m._replace(oi_cap=top))
        # where the scale alone takes w above 1 that comes first
        reason = "oi_cap" if top == 200 else "w" if m.w * (101 + top) > 100 * BPS else "im_factor for w"
        refused(setters, reason, "set_market", 0, m._replace(oi_cap=top + 1))
        bounds.add(reason)
    assert bounds == {"oi_cap", "w", "im_factor for w"}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_venue_up_to_the_bounds_of_its_market(setters, seed):
    for _, v, m in accepted(setters, seed):
        top = min(5 * BPS, 100 * BPS**2 // (m.w * (100 + m.oi_cap)))
        setters("set_venue", v._replace(im_factor=top, warning=BPS))
        reason = "im_factor" if top == 5 * BPS else "im_factor for w"
        refused(setters, reason, "set_venue", v._replace(im_factor=top + 1, warning=BPS))

        least = (100 * v.p_max + v.keeper_part) * PPM // (v.h * m.w) + 1
        if least >= 3_000:
            setters("set_venue", v._replace(kappa=least))
            refused(setters, "p_max for this w", "set_venue", v._replace(kappa=least - 1))

        left = 100 * v.p_max - m.taker - impact(m)
        wide = v._replace(kappa=BPS, h=3 * BPS)
        if left < PPM // 100 and fits(wide._replace(keeper_part=left), m):
            setters("set_venue", wide._replace(keeper_part=left))
            refused(setters, "costs above p_max", "set_venue", wide._replace(keeper_part=left + 1))
        refused(
            setters,
            "keeper_cap",
            "set_venue",
            v._replace(keeper_cap=v.min_margin // 2 // MICRO * MICRO + MICRO),
        )
