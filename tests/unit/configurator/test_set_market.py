"""set_market(id, market): listing and changing, its own bounds and Q-2, M-1, M-3."""

import boa
import pytest

from tests.unit.configurator.support import LOT, MICRO, NOT_OWNER, U16, U64, U96, WAD, Market, Rates, Venue

OUTSIDE = [
    ({"beta": 4_096}, "beta"),
    ({"sigma": 4_096}, "sigma"),
    ({"oi_cap": 201}, "oi_cap"),
    ({"beta": 0, "sigma": 0}, "w"),
    # w·(1 + oi_cap) = 1.00002 and 12 bits of w
    ({"beta": 3_334, "sigma": 0, "oi_cap": 200}, "w"),
    ({"beta": 4_095, "sigma": 1, "oi_cap": 0}, "w"),
    ({"clamp": 5_001}, "clamp"),
    ({"velocity": 10_001}, "velocity"),
    ({"skew_scale": 0}, "skew_scale"),
    ({"skew_scale": 2**64 * LOT}, "skew_scale"),
    ({"skew_scale": 54_000 * WAD + 1}, "granularity"),
    ({"taker": 10_001}, "taker"),
    ({"maker": 501}, "maker"),
    ({"spread": 50_001}, "spread"),
    ({"oi_high": 10_001}, "oi_high"),
    ({"oi_low": 97}, "oi_low"),
    ({"oi_low": 0, "oi_high": 0}, "oi_high"),
    ({"max_oi": 54_000 * WAD + LOT}, "max_oi"),
    ({"max_oi": 990 * WAD + 1}, "granularity"),
    ({"max_oi_quote": 2**96}, "max_oi_quote"),
    ({"share": 2**16}, "share"),
    ({"min_notional": 0}, "min_notional"),
    ({"min_notional": 100_000 * WAD + MICRO}, "min_notional"),
    ({"min_notional": WAD + 1}, "granularity"),
    ({"p_min": 201}, "p_min above p_max"),
]


def test_only_the_owner(founded, outsider):
    with boa.env.prank(outsider), boa.reverts(NOT_OWNER):
        founded.configurator.set_market(0, Market())


def test_venue_and_rates_come_first(bare):
    with boa.reverts("configurator: venue first"):
        bare.do("set_market", 0, Market())
    bare.do("set_venue", Venue())
    with boa.reverts("configurator: venue first"):
        bare.do("set_market", 0, Market())


def test_the_next_id_and_no_later_one(founded):
    with boa.reverts("configurator: market id"):
        founded.do("set_market", 1, Market())
    with boa.reverts("configurator: market id"):
        founded.do("set_market", 2**256 - 1, Market())


@pytest.mark.parametrize(("changes", "reason"), OUTSIDE)
def test_bounds(founded, changes, reason):
    with boa.reverts(f"configurator: {reason}"):
        founded.do("set_market", 0, Market()._replace(**changes))


def test_costs_within_p_max(founded):
    # p_max 20,000 ppm, of which taker takes 500 and the keeper part 1,000: 18,500·54,000e-6 = 999
    founded.do("set_market", 0, Market(max_oi=999 * WAD))
    with boa.reverts("configurator: costs above p_max"):
        founded.do("set_market", 0, Market(max_oi=999 * WAD + LOT))
    with boa.reverts("configurator: costs above p_max"):
        founded.do("set_market", 0, Market(max_oi=999 * WAD, taker=501))


def test_w_above_p_max(founded):
    # h·κ·w > .02 + .001: w > 280 bps
    founded.do("set_market", 0, Market(beta=281, sigma=0))
    with boa.reverts("configurator: p_max for this w"):
        founded.do("set_market", 0, Market(beta=280, sigma=0))


def test_no_more_than_the_notional_is_asked_for(founded):
    # M-4: .4·(5/3)·1.5 = 1, all of them from both sides
    founded.do("set_market", 0, Market(beta=4_000, sigma=0, oi_cap=66))
    with boa.reverts("configurator: im_factor for w"):
        founded.do("set_market", 0, Market(beta=4_000, sigma=0, oi_cap=67))
    founded.do("set_market", 0, Market(beta=4_000, sigma=0, oi_cap=25))
    founded.do("set_venue", Venue(im_factor=20_000))
    with boa.reverts("configurator: im_factor for w"):
        founded.do("set_venue", Venue(im_factor=20_001))
    with boa.reverts("configurator: im_factor for w"):
        founded.do("set_market", 0, Market(beta=4_001, sigma=0, oi_cap=25))


@pytest.mark.parametrize(("longs", "shorts"), [(7, 3), (3, 7), (7, 7)])
def test_the_skew_scale_leaves_room_for_what_is_open(venue, longs, shorts):
    """At less than 1.5 times the open interest P-3 would have no price left at which to close."""
    lots = WAD // LOT
    venue.manager.eval(f"books.books[0] = {longs * lots | shorts * lots << 72}")
    assert venue.market_words(0).book == longs * lots | shorts * lots << 72
    venue.do("set_market", 0, Market(skew_scale=14 * WAD, max_oi=0))
    with boa.reverts("configurator: scale for open OI"):
        venue.do("set_market", 0, Market(skew_scale=14 * WAD - LOT, max_oi=0))


def test_no_more_than_32(founded):
    for market in range(32):
        founded.do("set_market", market, Market())
    assert founded.configurator.market_count() == 32
    assert founded.venue_words()[5] == 2**32 - 1
    founded.do("set_venue", Venue(warning=10_000))  # all of them are checked again
    with boa.reverts("configurator: market id"):
        founded.do("set_market", 32, Market())


@pytest.mark.parametrize(
    "wanted",
    [
        Market(),
        Market(281, 0, 0, 0, LOT, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, MICRO),
        # 4,095 is all that the word holds; .4095·1.62·1.5 = .9951
        Market(4_095, 0, 5_000, 10_000, U64 * LOT, 10_000, 10_000, 50_000, 200, 9_999, 10_000, 62)._replace(
            max_oi=0, max_oi_quote=U96, share=U16, min_notional=100_000 * WAD
        ),
    ],
)
def test_it_is_stored_and_read_back(founded, wanted):
    founded.do("set_market", 0, wanted)
    (event,) = (e for e in founded.configurator.get_logs() if type(e).__name__ == "MarketSet")
    assert (event.id, tuple(event.market)) == (0, wanted)
    words = founded.market_words(0)
    assert (words.risk, words.terms, words.limits) == (wanted.risk(), wanted.terms(), wanted.limits())
    assert tuple(founded.configurator.market(0)) == wanted


@pytest.mark.parametrize(
    ("beta", "sigma", "w"),
    [(300, 400, 500), (400, 160, 431), (550, 200, 586), (1_500, 3_500, 3_808), (0, 300, 300), (500, 1, 501)],
)
def test_w_is_the_root_of_the_squares_rounded_up(founded, beta, sigma, w):
    founded.do("set_market", 0, Market(beta=beta, sigma=sigma))
    assert founded.configurator.weight(0) == w
    assert founded.market_words(0).risk >> 24 & 0xFFF == w


def test_listing_lists_and_changing_does_not(founded):
    assert founded.configurator.market_count() == 0
    assert founded.venue_words()[5] == 0
    founded.do("set_market", 0, Market())
    founded.do("set_market", 1, Market(beta=550))
    founded.do("set_market", 0, Market(beta=500))
    assert founded.configurator.market_count() == 2
    assert founded.venue_words()[5] == 0b11
    assert founded.configurator.market(0).beta == 500
    assert founded.configurator.market(1).beta == 550


def test_a_market_closed_to_growth_stays_listed(venue):
    venue.do("set_market", 0, Market(max_oi=0, max_oi_quote=0, share=0))
    words = venue.market_words(0)
    assert words.terms >> 168 & 1 == 1
    # not 0, which would mean no limits
    assert words.limits == 10 * 10**6 << 184


def test_other_markets_keep_their_risk(venue):
    for market in range(1, 5):
        venue.do("set_market", market, Market(beta=400 + market))
    venue.do("set_market", 2, Market(beta=3_000, oi_cap=0))
    assert [venue.market_words(m).risk & 0xFFF for m in range(5)] == [400, 401, 3_000, 403, 404]
    assert Rates().word() == venue.venue_words()[4]
