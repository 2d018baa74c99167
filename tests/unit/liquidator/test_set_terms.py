"""Liquidator.set_terms and the view of them."""

import boa
import pytest

from tests.unit.liquidator.support import HOUR, WAD, events

WEEK = 7 * 86_400


def test_refuses_all_but_the_owner(stage):
    for caller in (stage.outsider, stage.keeper, stage.trader):
        with boa.reverts("ownable: caller is not the owner"):
            stage.liquidator.set_terms((0, 0, 0, HOUR), sender=caller)


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ((1_000 * WAD + 1, 0, 0, HOUR), "liquidator: flat out of bounds"),
        ((2**256 - 1, 0, 0, HOUR), "liquidator: flat out of bounds"),
        ((0, 10_000_001, 0, HOUR), "liquidator: gas out of bounds"),
        ((0, 2**256 - 1, 0, HOUR), "liquidator: gas out of bounds"),
        ((0, 0, 32, HOUR), "liquidator: no such market"),
        ((0, 0, 256, HOUR), "liquidator: no such market"),
        ((0, 0, 0, 0), "liquidator: bad duration"),
        ((0, 0, 0, 59), "liquidator: bad duration"),
        ((0, 0, 0, WEEK + 1), "liquidator: bad duration"),
        ((0, 0, 0, 2**256 - 1), "liquidator: bad duration"),
    ],
)
def test_refuses_what_is_out_of_bounds(stage, terms, reason):
    with boa.reverts(reason):
        stage.liquidator.set_terms(terms, sender=stage.venue.owner)
    assert tuple(stage.liquidator.terms()) == (0, 0, 0, HOUR)


@pytest.mark.parametrize(
    "terms", [(0, 0, 0, 60), (1_000 * WAD, 10_000_000, 31, WEEK), (1, 1, 1, 61), (WAD, 300_000, 1, HOUR)]
)
def test_sets_up_to_the_bounds(stage, terms):
    stage.liquidator.set_terms(terms, sender=stage.venue.owner)
    assert events(stage.liquidator) == [("TermsSet", {"terms": terms})]
    assert tuple(stage.liquidator.terms()) == terms
