"""sample(id), closing(id), average(id)"""

import random

import boa
import pytest

from tests.unit.configurator.support import DAY, HOUR, WAD

OVER = "configurator: sampling is over"


@pytest.fixture
def closing(stage):
    """Market 1 is closing since now."""
    stage.do("close_market", 1)
    return stage


@pytest.mark.parametrize("market", [0, 2, 3, 2**255])
def test_only_a_closing_market(closing, market):
    with boa.reverts("configurator: not closing"):
        closing.configurator.sample(market)


@pytest.mark.parametrize("state", [1, 2, 3, 4, 255])
def test_only_a_valid_price(closing, state):
    closing.wait(100)
    closing.price(1, 200, state)
    with boa.reverts("configurator: no valid price"):
        closing.configurator.sample(1)


def test_a_price_counts_for_the_seconds_since_the_last(closing, outsider):
    start = closing.wait(0)
    closing.wait(100)
    with boa.env.prank(outsider):
        closing.configurator.sample(1)
    assert closing.logged("PriceSampled") == [(1, 200 * WAD, 100)]
    assert closing.configurator.closing(1) == (start, start + 100, 100, 20_000 * WAD)
    assert closing.configurator.average(1) == 200 * WAD
    closing.sample(1, 350, every=200)
    assert closing.logged("PriceSampled") == [(1, 350 * WAD, 200)]
    assert closing.configurator.closing(1) == (start, start + 300, 300, 90_000 * WAD)
    assert closing.configurator.average(1) == 300 * WAD
    assert closing.settings()[1:] == []  # nothing reaches the manager


@pytest.mark.parametrize(
    ("gap", "counted"), [(0, 0), (1, 1), (299, 299), (300, 300), (301, 300), (3_000, 300)]
)
def test_at_most_300_seconds(closing, gap, counted):
    closing.sample(1, 7, every=gap)
    assert closing.configurator.closing(1)[2:] == (counted, 7 * counted * WAD)
    closing.sample(1, 8, every=10)  # counted from the last sample, not from what it covered
    assert closing.configurator.closing(1)[2:] == (counted + 10, (7 * counted + 80) * WAD)


def test_twice_in_a_second_counts_once(closing):
    closing.sample(1, 200, every=60)
    before = closing.configurator.closing(1)
    closing.sample(1, 10**7, every=0)
    assert closing.configurator.closing(1) == before


def test_an_invalid_price_leaves_a_gap(closing):
    closing.sample(1, 200, every=60)
    closing.wait(250)
    closing.price(1, 999, 2)
    with boa.reverts("configurator: no valid price"):
        closing.configurator.sample(1)
    closing.sample(1, 100, every=30)
    assert closing.configurator.closing(1)[2:] == (340, (60 * 200 + 280 * 100) * WAD)


def test_over_after_an_hour_that_is_half_covered(closing):
    """From then on the price is fixed, however late it is settled."""
    closing.sample(1, *[200] * 11)  # 3,300 s
    closing.sample(1, 200, every=299)
    assert closing.wait(0) == closing.configurator.closing(1)[0] + HOUR - 1
    closing.wait(1)
    for seconds in (0, 1, DAY):
        closing.wait(seconds)
        with boa.reverts(OVER):
            closing.configurator.sample(1)


def test_not_over_before_half_an_hour_is_covered(closing):
    closing.sample(1, *[200] * 5)  # 1,500 s
    closing.sample(1, 200, every=299)
    closing.wait(2 * HOUR)
    closing.price(1, 400, 2)
    with boa.reverts("configurator: no valid price"):  # 1,799 s are not enough
        closing.configurator.sample(1)
    closing.sample(1, 400)
    assert closing.configurator.closing(1)[2] == 2_099
    with boa.reverts(OVER):
        closing.configurator.sample(1)


def test_over_after_a_day(closing):
    closing.sample(1, 200)
    closing.wait(DAY - 301)
    closing.configurator.sample(1)
    closing.wait(1)
    with boa.reverts(OVER):
        closing.configurator.sample(1)


def test_the_average_of_a_random_hour(closing):
    """Against the sum written out, at prices with all their digits; rounded down."""
    draw = random.Random(3)
    weighted = covered = 0
    for _ in range(40):
        gap = draw.choice((1, 12, 60, 250, 299, 301, 900))
        if closing.wait(0) + gap - closing.configurator.closing(1)[0] >= HOUR:
            break
        closing.wait(gap)
        price = draw.randint(10**15, 10**25)
        closing.manager.set_price(1, price)
        closing.configurator.sample(1)
        weighted += price * min(gap, 300)
        covered += min(gap, 300)
    assert closing.configurator.closing(1)[2:] == (covered, weighted)
    assert closing.configurator.average(1) == weighted // covered
