"""cascade: what a path of shocks would set off, against the same liquidations sent."""

from __future__ import annotations

import boa
import pytest
from eth_utils.crypto import keccak

from tests.adversarial.arena import BTC, DOGE
from tests.support.words import WAD
from tests.unit.risk_lens.conftest import Ahead

K = 7 * WAD
NOBODY = 1 << 96
BAD_DEBT = int.from_bytes(keccak(text="BadDebt(uint256,uint256,uint256)"))


def fall(ahead: Ahead, parts: int) -> None:
    """Every price to P (1 - parts/1000 beta/beta_BTC), which the feeds can tell exactly."""
    arena = ahead.arena
    ref = arena.setup.markets[BTC].beta
    prices = [
        p - p * parts * m.beta // (1_000 * ref)
        for p, m in zip(arena.prices, arena.setup.markets, strict=True)
    ]
    boa.env.time_travel(seconds=1)
    arena.quote_feed.push(10**8)
    for market, price in enumerate(prices):
        assert price % 10**10 == 0
        arena.feeds[market].push(price // 10**10)
        arena.prices[market] = price


def sent(ahead: Ahead) -> tuple[int, int, int, int]:
    """Liquidate round after round: rounds, accounts, bad debt, what the cover pool paid of it."""
    arena, rounds, hit, debt, covered = ahead.arena, 0, set(), 0, 0
    while True:
        found = 0
        for account in ahead.ids:
            if arena.liquidate(account, K, NOBODY).reason == 0:
                found += 1
                hit.add(account)
                for _, _, topics, data in arena.manager._computation.get_raw_log_entries():
                    if topics[0] == BAD_DEBT:
                        by_first, by_last = (int.from_bytes(data[i : i + 32]) for i in (0, 32))
                        debt += by_first + by_last
                        covered += by_first
        if not found:
            return rounds, len(hit), debt, covered
        rounds += 1


def test_reverts_for_a_price_below_zero(ahead: Ahead) -> None:
    with boa.reverts("risk lens: shock too large"):
        ahead.lens.cascade(ahead.ids, [-WAD // 2], K)


def test_nothing_happens_in_a_calm(ahead: Ahead) -> None:
    (step,) = ahead.lens.cascade(ahead.ids, [0], K)
    assert (step.rounds, step.sliced, step.closed, step.bad_debt) == (0, 0, 0, 0)
    assert step.reduced_equity == ahead.arena.shares.pool_state().reduced_equity


@pytest.mark.parametrize("parts", [60, 100, 150, 250, 400])
def test_it_is_what_happens(ahead: Ahead, parts: int) -> None:
    fall(ahead, parts)
    open_before = [(a, m, abs(ahead.arena.manager.position(a, m)[0])) for a in ahead.ids for m in range(5)]
    (step,) = ahead.lens.cascade(ahead.ids, [0], K)
    assert (step.rounds, step.sliced, step.bad_debt, step.by_cover) == sent(ahead)
    assert step.sliced > 0
    closed = sum(
        (size - abs(ahead.arena.manager.position(a, m)[0])) * ahead.arena.prices[m] // WAD
        for a, m, size in open_before
    )
    # each slice of each leg is rounded down by itself
    assert 0 <= closed - step.closed <= 8 * 10
    assert step.reduced_equity == ahead.arena.shares.pool_state().reduced_equity


def test_a_shock_is_the_move_it_names(ahead: Ahead) -> None:
    """The path −6 %, −25 % from here is the same as −6 % and then −25 % of the first prices."""
    foreseen = ahead.lens.cascade(ahead.ids, [-6 * WAD // 100, -25 * WAD // 100], K)
    first = list(ahead.arena.prices)
    fall(ahead, 60)
    at_six = sent(ahead)
    assert (foreseen[0].rounds, foreseen[0].sliced) == at_six[:2]
    ahead.arena.prices[:] = first
    fall(ahead, 250)
    deep = sent(ahead)
    assert (foreseen[1].rounds, foreseen[1].sliced) == deep[:2]
    # carry ran for two seconds in between
    assert foreseen[1].bad_debt == pytest.approx(deep[2], rel=1e-6)
    assert foreseen[1].bad_debt > foreseen[0].bad_debt


def test_a_cap_of_one_market_on_the_cover_pool(ahead: Ahead) -> None:
    (step,) = ahead.lens.cascade([ahead.accounts["long"]], [-40 * WAD // 100], K)
    assert step.bad_debt > 700 * WAD
    assert step.by_cover == 700 * WAD // 4


def test_protocol_accounts_are_passed_over(ahead: Ahead) -> None:
    arena = ahead.arena
    arena.move(arena.pool_account, arena.cover_account, 10**8 * WAD)
    (step,) = ahead.lens.cascade([arena.pool_account, arena.cover_account], [0], K)
    assert (step.rounds, step.sliced) == (0, 0)


def test_an_account_named_again_is_passed_over(ahead: Ahead) -> None:
    """Each call of it would find the same account, not a second one."""
    long = ahead.accounts["long"]
    once = ahead.lens.cascade([long], [-25 * WAD // 100], K)
    assert once[0].sliced == 1
    assert ahead.lens.cascade([long, ahead.accounts["idle"], long], [-25 * WAD // 100], K) == once


def test_a_dead_leg_is_left(ahead: Ahead) -> None:
    fall(ahead, 250)
    boa.env.time_travel(seconds=1)
    ahead.arena.feeds[DOGE].push(2**81)
    mixed = ahead.accounts["mixed"]
    (step,) = ahead.lens.cascade([mixed], [0], K)
    assert ahead.arena.liquidate(mixed, K, NOBODY).reason == 0
    assert ahead.arena.manager.legs(mixed)[0] == 1 << DOGE
    assert (step.rounds, step.sliced) == (1, 1)
