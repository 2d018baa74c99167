"""Looking ahead (spec 9): what RiskLens foresees against the model's own cascade and cures, to the wei."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from crossmargin.model import QUOTE, AssetParams, Reason, Reject, Venue, cascade, cures
from crossmargin.model.ledger import Account
from crossmargin.model.margin import State
from crossmargin.model.maths import LOT, WAD
from crossmargin.model.state import Flags
from crossmargin.model.waterfall import Claim
from tests.differential.draws import START, Draw
from tests.differential.scenes import OWNER, Scene, SceneDraw, fits
from tests.differential.stage import COVER, NEVER, POOL, Stage, told
from tests.support.pyrevm_chain import Reverted
from tests.support.state_words import Misfit

SCENES = 150  # a seed
A, B = OWNER << 96, OWNER + 1 << 96


def shown(rng: SceneDraw, stage: Stage, crumbs: bool = False) -> Scene:
    """The next scene that has room in the contracts' words, on the stage."""
    while True:
        scene = rng.scene(crumbs)
        try:
            if fits(scene.venue, scene.moves):
                stage.show(scene.venue)
                return scene
        except Misfit:
            pass


def foreseen(venue: Venue, scene: Scene) -> list[tuple[int, ...]] | str:
    """The model's steps, or the words a contract refuses with."""
    try:
        return told(cascade(venue, scene.accounts, scene.moves, scene.keeper_cost))
    except Reject as error:
        assert error.reason is Reason.PRICE
        return "risk lens: shock too large"


def found(stage: Stage, scene: Scene) -> list[tuple[int, ...]] | str:
    """The contract's."""
    try:
        return stage.cascade(scene.accounts, scene.moves, scene.keeper_cost)
    except Reverted as error:
        return error.reason


# ---- random venues --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_cascades(stage: Stage, seed: int) -> None:
    """Rounds, accounts, closed notional, bad debt, the cover pool's part of it, and R afterwards."""
    rng, seen = SceneDraw(seed + 600), Counter[str]()
    for number in range(SCENES):
        scene = shown(rng, stage)
        want = foreseen(scene.venue, scene)
        assert found(stage, scene) == want, (seed, number, scene)
        if isinstance(want, str):
            seen["refused"] += 1
            continue
        seen["calm"] += not any(step[0] for step in want)
        seen["sliced"] += any(step[0] for step in want)
        seen["bad debt"] += any(step[3] for step in want)
        seen["capped"] += any(0 < step[4] < step[3] for step in want)
        seen["path"] += sum(1 for step in want if step[0]) > 1
        seen["fifty"] += len(scene.accounts) == 50 and want[0][1] > 1
        seen["twice"] += len(set(scene.accounts)) < len(scene.accounts) and want[0][1] > 0
    least = {"refused": 2, "calm": 20, "sliced": 50, "bad debt": 30, "capped": 10, "path": 5}
    assert all(seen[k] >= n for k, n in {**least, "fifty": 3, "twice": 5}.items()), seen


def test_rounds(stage: Stage) -> None:
    """Hedges of a few lots: whole ones are closed, and what is left may need another slice."""
    rng, rounds = SceneDraw(650), Counter[int]()
    for number in range(SCENES):
        scene = shown(rng, stage, crumbs=True)
        want = foreseen(scene.venue, scene)
        assert found(stage, scene) == want, (number, scene)
        rounds.update(step[0] for step in want if not isinstance(want, str))
    assert rounds[1] > 20 and rounds[2] > 2, rounds


@pytest.mark.parametrize("seed", range(2))
def test_cures(stage: Stage, seed: int) -> None:
    """State, E, MM, and the least deposit of every kind."""
    rng, seen = SceneDraw(seed + 700), Counter[str]()
    while seen["called"] < 60:
        scene = shown(rng, stage)
        venue = scene.venue
        for account in set(scene.accounts[:4]):
            if venue.is_protocol(account):
                continue
            health = venue.health(account)
            state, equity, maintenance, quote, collateral = stage.cure(account)
            assert (state, equity, maintenance) == (health.state, health.equity, health.maintenance)
            if health.state is State.NO_PRICE:
                assert quote == 0 and not any(collateral)
                seen["dead"] += 1
                continue
            want = cures(venue, account)
            assert quote == want.pop(QUOTE), (scene, account)
            assert collateral == [NEVER if x is None else x for x in want.values()], (scene, account)
            seen["called"] += quote > 0
            seen["never"] += None in want.values()
            seen["by collateral"] += any(x for x in want.values())
    assert seen["dead"] > 20 and seen["never"] > 3 and seen["by collateral"] > 30, seen


# ---- what they disagreed on once -----------------------------------------------------------------


def small(price: int = 100 * WAD, warning: int = 12_000) -> Venue:
    """Two markets at 100, β 10 %, σ 5 %; both kinds of collateral; a long of 10,000 on 1,200 with 10 units of the second asset."""
    rng = Draw(1)
    mp = replace(
        rng.market_params(price, 10**6),
        beta=1_000,
        sigma=500,
        skew_scale=10**16,
        taker=500,
        p_min=100,
        oi_cap=0,
        clamp=0,
    )
    params = replace(
        rng.params(),
        markets={0: mp, 1: mp},
        assets={0: AssetParams(0, 500, 2**96 - 1, 18), 1: AssetParams(1, 500, 2**96 - 1, 18)},
        kappa=5_000,
        h=12_500,
        p_max=200,
        keeper_part=1_000,
        warning=warning,
        min_margin=25 * WAD,
        keeper_cap=10 * WAD,
        cover_share=10_000,
    )
    venue = Venue(params, START, POOL, COVER << 96)
    for u in (0, 1):
        venue.set_price(u, price)
        venue.markets[u].mark = price
    size = 100 * WAD
    venue.markets[0].long, venue.markets[0].quote = size // LOT, -size * price // WAD
    venue.ledger.accounts[A] = Account(1_200 * WAD, 0, {}, {0: (size, -size * price // WAD)})
    venue.ledger.accounts[venue.pool_id] = Account(10**6 * WAD)
    venue.ledger.accounts[venue.cover_id] = Account(1_000 * WAD)
    venue._accrue(0)
    venue._touch([0])
    return venue


def both(stage: Stage, venue: Venue, accounts: list[int], moves: list[int]) -> list[tuple[int, ...]]:
    """The cascade of both, which must be the same."""
    stage.show(venue)
    want = told(cascade(venue, accounts, moves, WAD))
    assert stage.cascade(accounts, moves, WAD) == want
    return want


def test_an_account_named_again_is_passed_over(stage: Stage) -> None:
    """It was liquidated twice, out of two copies; in the model its slice was forgotten."""
    once = both(stage, small(), [A], [-WAD // 10])
    assert once[0][1] == 1
    assert both(stage, small(), [A, B, A], [-WAD // 10]) == once


def test_a_feed_that_never_published_is_dead(stage: Stage) -> None:
    """A price of zero lost its state with a shock: collateral of that kind was handed over as if it were worth nothing."""
    venue = small()
    venue.set_price(1, 0, False)
    venue.ledger.accounts[A].collateral[1] = WAD
    ((rounds, _, notional, debt, _, _),) = both(stage, venue, [A], [-WAD // 20])
    # all of what lives, and no debt is written off while a leg is dead
    assert (rounds, notional, debt) == (1, 9_500 * WAD, 0)
    ((_, _, _, debt, _, _),) = both(stage, venue, [A], [-WAD // 2])
    assert debt == 0


def test_claims_count_as_they_do_now(stage: Stage) -> None:
    """Half a day after a claim of all the cover pool had: half of it is free, whatever the charges add to its cash."""
    venue = small()
    venue.claims = {0: Claim(1_000 * WAD, START - 43_200)}
    ((_, _, _, debt, by_cover, _),) = both(stage, venue, [A], [-WAD // 2])
    assert debt > 3_000 * WAD and by_cover == 500 * WAD + WAD - min(WAD, 10 * WAD)


def test_the_account_of_nobody(stage: Stage) -> None:
    """Account 0 is one like any other: the model took it for the keeper's."""
    venue = small()
    venue.ledger.accounts[0] = venue.ledger.accounts.pop(A)
    assert both(stage, venue, [0], [-WAD // 10])[0][1] == 1


def test_a_reference_that_does_not_move(stage: Stage) -> None:
    """β_ref is at least 1 bps, or there were nothing to divide by."""
    venue = small()
    markets = venue.params.markets
    venue.params = replace(venue.params, markets={0: replace(markets[0], beta=0), 1: markets[1]})
    assert both(stage, venue, [A], [-WAD // 2_000])[0][:2] == (0, 0)
    assert venue.liquidation_shock(A) is None


def test_a_price_beyond_its_word(stage: Stage) -> None:
    """Prices stay below 2^96, in the model as well."""
    venue = small()
    stage.show(venue)
    scene = Scene(venue, [A], [10**12 * WAD], 0)
    assert found(stage, scene) == foreseen(venue, scene) == "risk lens: shock too large"


def test_a_cure_between_two_doublings(stage: Stage) -> None:
    """Half its worth lent and 0.54 of it asked for: it cures for the little of it that hedges, and doubling stepped over that.

    A short of 10,000 asks for 6,000; y quote of collateral gain 1.1y up to y = 526 and lose 0.04y from there: 5.26 of it, and
    2^29·1e-8 is 5.37.
    """
    venue = small(warning=20_000)
    markets, assets = venue.params.markets, venue.params.assets
    venue.params = replace(
        venue.params,
        kappa=9_000,
        markets={m: replace(markets[m], beta=3_000, sigma=0) for m in (0, 1)},
        assets={0: assets[0], 1: replace(assets[1], discount=5_000)},
    )
    venue.ledger.accounts[A].positions = {0: (-100 * WAD, 10_000 * WAD)}
    found = {}
    for cents in (542_000, 542_100, 542_120, 542_150, 542_200, 600_000):
        venue.ledger.accounts[A].cash = cents * WAD // 100
        stage.show(venue)
        quote, cured = stage.cure(A)[3:]
        want = cures(venue, A)
        assert (quote, cured) == (want[QUOTE], [NEVER if want[a] is None else want[a] for a in (0, 1)])
        found[cents] = cured[1]
    assert found.pop(542_000) == found.pop(542_100) == NEVER and found.pop(600_000) == 0
    assert all(5.2 * WAD < x < 5.28 * WAD for x in found.values()), found


def test_at_last_prices(stage: Stage) -> None:
    """W-3: where they count as valid, an account with a dead feed has a state, and can be cured."""
    venue = small()
    venue.ledger.accounts[A].cash = 100 * WAD
    venue.valid = {0: False, 1: False}
    stage.show(venue)
    assert stage.cure(A)[0] == State.NO_PRICE
    venue.flags = Flags(last_prices=True)
    stage.show(venue)
    assert stage.cure(A)[0] == State.LIQUIDATABLE
    assert stage.cure(A)[4] == [cures(venue, A)[a] for a in (0, 1)] and 0 < stage.cure(A)[4][1] < NEVER
