"""The constructor, and what a Waterfall is before anything happened."""

from tests.support.venue import load
from tests.unit.waterfall.support import NOBODY, Stage, rates_word


def test_is_bound_to_its_manager(stage: Stage) -> None:
    assert stage.waterfall.MANAGER() == stage.books.address


def test_another_manager_is_another_waterfall(stage: Stage) -> None:
    assert load("contracts/Waterfall.vy", stage.cover).MANAGER() == stage.cover


def test_starts_with_nothing(stage: Stage) -> None:
    stage.set_rates(rates_word())
    assert tuple(stage.waterfall.clock()) == (0, 0)
    assert [stage.waterfall.used(market) for market in range(NOBODY + 1)] == [0] * 33
    assert stage.waterfall.threshold() == 2**256 - 1


def test_has_no_other_doors(stage: Stage) -> None:
    """No owner, no setter: three calls and what can be read."""
    moving = {
        item["name"]
        for item in stage.waterfall.abi
        if item["type"] == "function" and item["stateMutability"] == "nonpayable"
    }
    assert moving == {"claim", "deleverage", "alarm"}
