"""The deep scenario: its path, its plan, and the order of things at its end."""

from fractions import Fraction
from itertools import pairwise

import pytest

from crossmargin.demo import deep, scenario
from crossmargin.demo.books import WAD, Terms, Trade
from crossmargin.demo.paths import PathError
from crossmargin.demo.result import DemoResult
from crossmargin.demo.scenario import Scenario
from tests.python.demo_paper import Paper, Watcher

TICKS = 40


@pytest.fixture(autouse=True)
def impatient(monkeypatch) -> None:
    """What no bot does is not waited for long."""
    monkeypatch.setattr(scenario, "SETTLE_SECONDS", 0.1)


def play(venue: Paper) -> DemoResult:
    path = deep.generate(ticks=TICKS)
    plan = deep.make_plan(path.at(0), 12, ticks=TICKS)
    return Scenario(venue, path, plan, Watcher(), start=id, check=lambda: None, seed=1).run()


# ---- the path ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 77])
@pytest.mark.parametrize("ticks", [TICKS, 120, 300])
def test_one_candle_jumps_and_nothing_else_does(ticks, seed):
    eth = deep.generate(ticks=ticks, seed=seed).column("ETH")
    gap = deep.gap_tick(ticks)
    falls = {i: (eth[i - 1] - eth[i]) / eth[i - 1] for i in range(1, ticks)}
    assert 0.15 < falls.pop(gap) < 0.20
    assert max(falls.values()) < 0.03


@pytest.mark.parametrize("seed", [1, 2, 77])
def test_the_rally_is_one_sided_and_over_before_the_wind_down(seed):
    path = deep.generate(seed=seed)
    eth, last = path.column("ETH"), len(path) - deep.WIND_TICKS
    bottom = min(eth[deep.gap_tick(len(path)) :])
    assert 1.28 < eth[last] / bottom < 1.40
    assert max(eth[last:]) / min(eth[last:]) < 1.05


def test_alarms_and_samples_come_often_enough():
    """An alarm counts for 300 seconds, and so does a sample at most; sampling takes an hour."""
    times = deep.generate(ticks=TICKS).timestamps
    assert {b - a for a, b in pairwise(times)} == {240}
    assert deep.STEP * (deep.WIND_TICKS - 2) > 3600


def test_a_market_moves_alike_whichever_others_are_asked_for():
    assert deep.generate(("ETH", "DOGE")).column("DOGE") == deep.generate().column("DOGE")


@pytest.mark.parametrize("ticks", [39, 2001])
def test_ticks_are_bounded(ticks):
    with pytest.raises(PathError, match="out of range for --shock deep: choose 40 to 2000"):
        deep.generate(ticks=ticks)


# ---- the plan ------------------------------------------------------------------------------------


def test_buyers_come_between_the_gap_and_the_rally():
    path = deep.generate()
    plan = deep.make_plan(path.at(0), 44)
    buyers = {i for i, book in enumerate(plan.books) if book.kind == deep.BUYERS}
    assert buyers == {trade.account for trade in plan.trades}
    assert all(plan.books[i].targets == () for i in buyers)
    gap, wind = deep.gap_tick(len(path)), len(path) - deep.WIND_TICKS
    for trade in plan.trades:
        assert isinstance(trade, Trade)
        assert trade.add > 0
        assert gap < trade.permille * len(path) / 1000 < wind * 0.45


def test_capital_lets_buyers_in_and_not_all_their_winnings_out():
    """In units of what they bring: margin of 84 % at 1.5 times maintenance, against caps and ratio of the plan."""
    plan = deep.make_plan(deep.generate().at(0), 44)
    brought = sum(book.equity for book in plan.books if book.kind == deep.BUYERS) / WAD
    terms = plan.terms
    net = 0.84 / 1.5
    capital = terms.capital / brought
    assert net < float(terms.rates["cap_net"]) * capital
    rally = 0.3 * net / 0.0585  # of ETH, at w = 5.85 %
    assert capital - rally < float(terms.rates["adl_ratio"]) * net


def test_every_provider_is_in_both_pools():
    plan = deep.make_plan(deep.generate().at(0), 12)
    assert len(plan.providers) == len(plan.cover) == 3
    assert min(plan.providers) > max(plan.cover) > 0
    assert sum(plan.providers) == pytest.approx(plan.terms.capital * 10**6, rel=1e-5)


def test_the_venue_is_the_shipped_one_but_for_the_terms():
    found = deep.configured(Terms(123, {"adl_ratio": "4"}))
    shipped = deep.configured(None)
    assert (found.capital, found.rates["adl_ratio"]) == (123, 4)
    assert {**found.rates, "adl_ratio": shipped.rates["adl_ratio"]} == shipped.rates
    assert (found.venue, found.markets) == (shipped.venue, shipped.markets)
    rates = deep.configured(deep.make_plan(deep.generate().at(0), 12).terms).rates
    assert rates["adl_ratio"] * rates["exit_cap_net"] <= Fraction(1)  # the Configurator's bound


@pytest.mark.parametrize(("markets", "closing"), [(("ETH", "DOGE", "BTC"), "DOGE"), (("ETH", "BTC"), "BTC")])
def test_which_market_is_wound_down(markets, closing):
    assert deep.make_plan(deep.generate(markets).at(0), 3).closing == closing


# ---- the course ----------------------------------------------------------------------------------


def test_the_market_is_closed_sampled_settled_and_emptied():
    venue = Paper()
    result = play(venue)
    (closed,) = [entry for entry in venue.log if entry[0] == "close market"]
    (settled,) = [entry for entry in venue.log if entry[0] == "settle market"]
    assert closed[1] == settled[1] == "DOGE"
    assert settled[2] == 16  # one look more than the paper wants samples
    # 4 and 5 are a bot's doing; what it leaves the demo closes itself
    assert [entry for entry in venue.log if entry[0] == "settle"] == [("settle", 1, "DOGE")]
    assert venue.open == set()
    assert len(result.ticks) == TICKS
    assert (result.deep, result.cover_nav_end) == (True, 8)


def test_a_pool_short_of_capital_is_waited_for_while_something_happens():
    venue = Paper()
    venue.is_short = True
    play(venue)
    assert venue.rescues == 3  # and no more once it has its capital


def test_the_march_knows_nothing_of_it(monkeypatch):
    from crossmargin.demo import books, paths

    venue = Paper()
    venue.is_short = True
    path = paths.generate(ticks=12)
    plan = books.make_plan(path.at(0), 3)
    monkeypatch.setattr(venue, "short", lambda: pytest.fail("asked"))
    result = Scenario(venue, path, plan, Watcher(), start=id, check=lambda: None, seed=1).run()
    assert not result.deep
    assert not any("market" in entry[0] for entry in venue.log)
