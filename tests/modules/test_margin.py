"""margin: M-1 to M-5 by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import boa
import pytest

from tests.modules import words
from tests.support.words import WAD, VenueParams

VENUE = VenueParams(min_margin=25 * WAD)  # kappa 0.6, IM 1.5, profit weight 0.8, warning 1.2
# beta 3 %, sigma 4 %: w 5 %
RISK = words.risk(300, 400, 500)


def health(values: Any, cash: int, *legs: tuple[int, ...], venue: VenueParams = VENUE) -> Any:
    return values.evaluate(cash, list(legs), venue.word())


def held(base: int, quote: int, price: int, market: int = 0, **more: int) -> tuple[int, ...]:
    """A position in units and quote at a price."""
    return words.leg(
        market=market,
        position=words.position(base * WAD, quote * WAD),
        risk=more.pop("risk", RISK),
        word=words.price(price * WAD, more.pop("state", 0)),
        carry=more.pop("carry", words.carry(time=boa.env.timestamp)),
        **more,
    )


def test_one_position(values: Any) -> None:
    # 10 at 1,000, bought at 990: value 100, MM 5 % of 10,000, IM 1.5 times that
    h = health(values, 900 * WAD, held(10, -9_900, 1_000))
    assert (h.equity, h.profit) == (1_000 * WAD, 100 * WAD)
    assert (h.raw, h.maintenance, h.initial) == (500 * WAD, 500 * WAD, 750 * WAD)
    assert h.priced


def test_a_short_needs_the_same(values: Any) -> None:
    h = health(values, 900 * WAD, held(-10, 10_100, 1_000))
    assert (h.equity, h.maintenance, h.initial) == (1_000 * WAD, 500 * WAD, 750 * WAD)


def test_two_longs(values: Any) -> None:
    # 10,000 each: common 600, own sqrt(400^2 + 400^2) = 565.685…; sqrt(600^2 + 2 * 400^2) = sqrt(680,000) = 824.6211251235321…
    h = health(values, 0, held(10, -10_000, 1_000), held(10, -10_000, 1_000, market=1))
    assert h.maintenance == 824621125123532109965
    # kappa floor: 0.6 * 1,000 = 600 < 824.6


def test_a_hedge_has_a_floor(values: Any) -> None:
    # +10,000 and -10,000: common 0, own 565.7, floor 0.6 * (500 + 500) = 600
    h = health(values, 0, held(10, -10_000, 1_000), held(-10, 10_000, 1_000, market=1))
    assert h.maintenance == 600 * WAD


def test_a_hedge_without_its_floor(values: Any) -> None:
    # kappa 0.3: 300 under sqrt(320,000) = 565.6854249492380…
    h = health(
        values,
        0,
        held(10, -10_000, 1_000),
        held(-10, 10_000, 1_000, market=1),
        venue=replace(VENUE, kappa=3_000),
    )
    assert h.maintenance == 565685424949238019521


def test_cash_and_carry(values: Any) -> None:
    # 10 in collateral (d_c 10 %) against 10 short: n = 0, g = 20,000, floor 0.6 * 5 % * 20,000 = 600
    h = health(values, 0, held(-10, 10_000, 1_000, held=10 * WAD, lendable=10 * WAD * 9_000))
    assert (h.equity, h.maintenance) == (9_000 * WAD, 600 * WAD)


def test_collateral_alone(values: Any) -> None:
    # 10 at 1,000: 9,000 of equity, 500 and 750 required, min_margin does not apply
    h = health(
        values,
        0,
        words.leg(risk=RISK, word=words.price(1_000 * WAD), held=10 * WAD, lendable=10 * WAD * 9_000),
    )
    assert (h.equity, h.maintenance, h.initial) == (9_000 * WAD, 500 * WAD, 750 * WAD)
    small = health(values, 0, words.leg(risk=RISK, word=words.price(WAD), held=WAD, lendable=WAD * 9_000))
    assert small.maintenance == 5 * WAD // 100


def test_the_floor_with_positions(values: Any) -> None:
    h = health(values, 100 * WAD, held(1, -100, 100))  # 5 % of 100
    assert (h.raw, h.maintenance, h.initial) == (5 * WAD, 25 * WAD, 25 * WAD)


def test_the_oi_scale_is_for_initial_margin(values: Any) -> None:
    # 1.5 of 10,000: 500 stays, IM 1.5 * 1.5 * 500
    carry = words.carry(time=boa.env.timestamp, oi=50)
    h = health(values, 0, held(10, -10_000, 1_000, carry=carry))
    assert (h.maintenance, h.initial) == (500 * WAD, 1_125 * WAD)


def test_the_oi_scale_of_one_of_two(values: Any) -> None:
    # common 300 + 1.5 * 300 = 750, own 400^2 + 600^2 = 520,000: sqrt(562,500 + 520,000) = 1,040.432602…, times 1.5
    carry = words.carry(time=boa.env.timestamp, oi=50)
    h = health(values, 0, held(10, -10_000, 1_000), held(10, -10_000, 1_000, market=1, carry=carry))
    assert h.maintenance == 824621125123532109965
    assert 1_560_648 * WAD // 1_000 < h.initial < 1_560_649 * WAD // 1_000


def test_the_oi_scale_never_lowers(values: Any) -> None:
    # a long of 10,000 and a short of 15,000 scaled … would cancel on the common factor: IM stays at 1.5 * MM or more
    carry = words.carry(time=boa.env.timestamp, oi=50)
    risk = words.risk(1_000, 1, 1_001)
    venue = replace(VENUE, kappa=1)
    legs = held(-10, 10_000, 1_000, risk=risk, carry=carry), held(15, -15_000, 1_000, market=1, risk=risk)
    h = health(values, 0, *legs, venue=venue)
    assert h.maintenance >= 500 * WAD
    assert h.initial * 2 >= h.maintenance * 3


def test_carry_of_its_side(values: Any) -> None:
    # indices of 5 and -3: a long of 10 owes 50, a short of 10 owes 30
    carry = words.carry(5 * 10**11, -3 * 10**11, boa.env.timestamp)
    assert health(values, 0, held(10, -10_000, 1_000, carry=carry)).equity == -50 * WAD
    assert health(values, 0, held(-10, 10_000, 1_000, carry=carry)).equity == -30 * WAD


def test_an_invalid_price(values: Any) -> None:
    assert not health(values, 0, held(10, -10_000, 1_000, state=2)).priced
    assert values.state_of(health(values, 0, held(10, -10_000, 1_000, state=2)), VENUE.word()) == 4


def test_exposure_has_a_bound(values: Any) -> None:
    # 2^160 WAD^2 = 1.46e12 quote
    big = words.leg(risk=RISK, word=words.price(2**80), held=2**80, lendable=0)
    with boa.reverts("margin: exposure too large"):
        health(values, 0, big)
    assert health(values, 0, words.leg(risk=RISK, word=words.price(2**80), held=2**80 - 1)).priced


# MM 500, warning 600, IM 750
@pytest.mark.parametrize(
    ("equity", "state"),
    [
        (750 * WAD, 0),
        (750 * WAD - 1, 1),
        (600 * WAD, 1),
        (600 * WAD - 1, 2),
        (500 * WAD, 2),
        (500 * WAD - 1, 3),
        (-WAD, 3),
    ],
)
def test_states(values: Any, equity: int, state: int) -> None:
    h = health(values, equity, held(10, -10_000, 1_000))
    assert h.equity == equity
    assert values.state_of(h, VENUE.word()) == state


def test_profit_carries_new_risk_in_part(values: Any) -> None:
    # 100 of profit at a weight of 0.8: 20 are withheld; a wei of profit is withheld as a whole
    h = health(values, 900 * WAD, held(10, -9_900, 1_000))
    assert values.risk_equity_down(h, VENUE.word()) == 980 * WAD
    assert values.free_equity(h) == 900 * WAD
    loss = health(values, 900 * WAD, held(10, -10_100, 1_000))
    assert values.risk_equity_down(loss, VENUE.word()) == values.free_equity(loss) == 800 * WAD


def test_rounded_up(values: Any) -> None:
    # the norm in WAD * bps: sqrt(2) = 1.41…, / 1e4 rounds to one wei
    assert values.requirement_up(1, 1, 0, 6_000) == 1
    assert values.requirement_up(0, 0, 0, 6_000) == 0
    # 0.6 * 25,000 = 15,000 bps-wei: 1.5 wei
    assert values.requirement_up(0, 0, 25_000, 6_000) == 2
    assert values.requirement_up(-30_000, 40_000**2, 0, 6_000) == 5
