"""set_venue(venue): its own bounds, and Q-2 against every market."""

import boa
import pytest

from tests.unit.configurator.support import MICRO, NOT_OWNER, WAD, Market, Venue

OUTSIDE = [
    ("im_factor", 9_999),
    ("im_factor", 50_001),
    ("h", 10_000),
    ("h", 30_001),
    ("kappa", 2_999),
    ("kappa", 10_001),
    ("profit_weight", 10_000),
    ("p_max", 0),
    ("p_max", 1_001),
    ("keeper_part", 10_001),
    ("warning", 9_999),
    ("warning", 15_001),
    ("exec_band", 0),
    ("exec_band", 5_001),
    ("min_margin", 0),
    ("min_margin", 10_000 * WAD + MICRO),
    ("keeper_cap", 25 * WAD // 2 + MICRO),
]


def test_only_the_owner(founded, outsider):
    with boa.env.prank(outsider), boa.reverts(NOT_OWNER):
        founded.configurator.set_venue(Venue())


@pytest.mark.parametrize(("field", "value"), OUTSIDE)
def test_bounds(founded, field, value):
    with boa.reverts(f"configurator: {field}"):
        founded.do("set_venue", Venue()._replace(**{field: value}))


@pytest.mark.parametrize("changes", [{"min_margin": 25 * WAD + 1}, {"keeper_cap": 10 * WAD - 1}])
def test_amounts_are_whole_micros(founded, changes):
    with boa.reverts("configurator: granularity"):
        founded.do("set_venue", Venue()._replace(**changes))


def test_costs_of_a_listed_market(venue):
    # 990/54000 = 18,334 ppm of impact and 500 of fee: 1,166 are left below p_max = 2 %
    venue.do("set_venue", Venue(keeper_part=1_166))
    with boa.reverts("configurator: costs above p_max"):
        venue.do("set_venue", Venue(keeper_part=1_167))


def test_the_least_penalty_of_a_listed_market(venue):
    venue.do("set_market", 0, Market(max_oi=0, p_min=150))
    venue.do("set_venue", Venue(p_max=150))
    with boa.reverts("configurator: p_min above p_max"):
        venue.do("set_venue", Venue(p_max=149))


def test_p_max_leaves_room_below_the_margin_of_a_listed_market(venue):
    # h·κ·w = 1.25·.6·.0431 = .032325; the keeper part comes on top of p_max
    venue.do("set_venue", Venue(p_max=322, keeper_part=124))
    with boa.reverts("configurator: p_max for this w"):
        venue.do("set_venue", Venue(p_max=322, keeper_part=125))
    with boa.reverts("configurator: p_max for this w"):
        venue.do("set_venue", Venue(kappa=3_000, p_max=200))


def test_every_market_counts(venue):
    # the last of three is the narrow one
    venue.do("set_market", 1, Market())
    venue.do("set_market", 2, Market(taker=1_000, max_oi=900 * WAD))
    venue.do("set_market", 1, Market(max_oi=0))
    venue.do("set_market", 0, Market(max_oi=0))
    # 16,667 + 1,000 leave 2,333
    venue.do("set_venue", Venue(keeper_part=2_333))
    with boa.reverts("configurator: costs above p_max"):
        venue.do("set_venue", Venue(keeper_part=2_334))


@pytest.mark.parametrize(
    "wanted",
    [
        Venue(),
        Venue(10_000, 10_001, 3_000, 0, 1, 0, 10_000, 1, MICRO, 0),
        Venue(50_000, 30_000, 10_000, 9_999, 1_000, 10_000, 50_000, 5_000, 10_000 * WAD, 5_000 * WAD),
    ],
)
def test_it_is_stored_and_read_back(bare, wanted):
    bare.do("set_venue", wanted)
    (event,) = (e for e in bare.configurator.get_logs() if type(e).__name__ == "VenueSet")
    assert tuple(event.venue) == wanted
    assert bare.venue_words()[0] == wanted.word()
    assert tuple(bare.configurator.venue()) == wanted


def test_unset_is_zero(bare):
    assert set(bare.configurator.venue()) == {0}
