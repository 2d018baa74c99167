"""Waterfall.claim (W-1): what the cover pool pays of a bad debt, by the markets that are to blame."""

import random

import boa
import pytest

from tests.unit.waterfall.support import DAY, NOBODY, WAD, Stage, rates_word

SHARE = rates_word(share=2_500)  # a quarter of the fund a market


def blame_of(parts: dict[int, int]) -> int:
    """8 bits a market."""
    return sum(part << 8 * market for market, part in parts.items())


def test_reverts_for_all_but_the_manager(stage: Stage) -> None:
    for sender in (stage.cover, str(boa.env.generate_address("outsider")), stage.waterfall.address):
        with boa.reverts("waterfall: not the manager"):
            stage.waterfall.claim(WAD, 255, WAD, SHARE, sender=sender)


@pytest.mark.parametrize(
    ("debt", "cash", "granted"),
    [
        # a quarter of 1,000
        (100, 1_000, 100),
        (250, 1_000, 250),
        (251, 1_000, 250),
        (10**6, 1_000, 250),
        (100, 0, 0),
        (100, -50, 0),
        (1, 3, 0.75),
    ],
)
def test_one_market_gets_its_share_of_the_fund(stage: Stage, debt: int, cash: int, granted: float) -> None:
    stage.set_rates(SHARE)
    expected = int(granted * 100) * WAD // 100
    assert stage.claim(debt * WAD, blame_of({4: 255}), cash * WAD, SHARE) == expected
    logs = stage.logs()
    assert stage.waterfall.used(4) == expected
    assert logs == ([("Claimed", {"market": 4, "amount": expected, "used": expected})] if granted else [])


def test_two_markets_answer_for_their_parts(stage: Stage) -> None:
    """64 and 192 of 255: a quarter and three quarters of 400, of which the second gets no more than 250."""
    stage.set_rates(SHARE)
    assert stage.claim(400 * WAD, blame_of({0: 64, 5: 192}), 1_000 * WAD, SHARE) == 350 * WAD
    assert stage.logs() == [
        ("Claimed", {"market": 0, "amount": 100 * WAD, "used": 100 * WAD}),
        ("Claimed", {"market": 5, "amount": 250 * WAD, "used": 250 * WAD}),
    ]
    assert (stage.waterfall.used(0), stage.waterfall.used(5)) == (100 * WAD, 250 * WAD)


def test_parts_are_rounded_up_and_the_sum_is_the_debt_at_most(stage: Stage) -> None:
    """10 wei among three alike: 4 each are taken on, 10 granted."""
    stage.set_rates(SHARE)
    assert stage.claim(10, blame_of({1: 85, 2: 85, 3: 85}), 1_000 * WAD, SHARE) == 10
    assert [stage.waterfall.used(market) for market in (1, 2, 3)] == [4, 4, 4]


def test_never_more_than_the_fund(stage: Stage) -> None:
    """A whole share for each of five markets, and one fund."""
    rates = rates_word(share=10_000)
    stage.set_rates(rates)
    blame = blame_of(dict.fromkeys(range(5), 51))
    assert stage.claim(1_000 * WAD, blame, 100 * WAD, rates) == 100 * WAD


def test_the_last_market_counts_like_any_other(stage: Stage) -> None:
    stage.set_rates(SHARE)
    assert stage.claim(90 * WAD, blame_of({31: 255}), 1_000 * WAD, SHARE) == 90 * WAD
    assert (stage.waterfall.used(31), stage.waterfall.used(0), stage.waterfall.used(NOBODY)) == (
        90 * WAD,
        0,
        0,
    )


def test_what_is_nobodys_fault_has_a_bucket_of_its_own(stage: Stage) -> None:
    stage.set_rates(SHARE)
    assert stage.claim(300 * WAD, 0, 1_000 * WAD, SHARE) == 250 * WAD
    assert stage.logs() == [("Claimed", {"market": NOBODY, "amount": 250 * WAD, "used": 250 * WAD})]
    assert stage.claim(300 * WAD, 0, 1_000 * WAD, SHARE) == 0
    assert stage.claim(300 * WAD, 255, 1_000 * WAD, SHARE) == 250 * WAD


def test_a_market_cannot_take_its_share_twice(stage: Stage) -> None:
    """Nor does a smaller fund give it more: 250 of 1,000, then the cap is 187.5."""
    stage.set_rates(SHARE)
    assert stage.claim(250 * WAD, 255, 1_000 * WAD, SHARE) == 250 * WAD
    assert stage.claim(250 * WAD, 255, 750 * WAD, SHARE) == 0
    # a fund that has grown to 2,000 leaves 250 of 500
    assert stage.claim(400 * WAD, 255, 2_000 * WAD, SHARE) == 250 * WAD
    assert stage.waterfall.used(0) == 500 * WAD


def test_no_share_no_claim(stage: Stage) -> None:
    rates = rates_word(share=0)
    stage.set_rates(rates)
    assert stage.claim(100 * WAD, 255, 1_000 * WAD, rates) == 0


def test_what_was_claimed_is_forgiven_within_a_day(stage: Stage) -> None:
    """A cap of 250 a day: after six hours 62.5 are free again, after a day all of it, and never more."""
    stage.set_rates(SHARE)
    stage.claim(250 * WAD, 255, 1_000 * WAD, SHARE)
    boa.env.time_travel(seconds=DAY // 4)
    assert stage.claim(250 * WAD, 255, 1_000 * WAD, SHARE) == 625 * WAD // 10
    assert stage.waterfall.used(0) == 250 * WAD
    boa.env.time_travel(seconds=30 * DAY)
    assert stage.claim(10**6 * WAD, 255, 1_000 * WAD, SHARE) == 250 * WAD


@pytest.mark.parametrize("seed", range(4))
def test_random_claims_against_the_rule(stage: Stage, seed: int) -> None:
    """Many debts, markets, funds and pauses; every answer and every bucket by the specification's own words."""
    drawn = random.Random(seed)
    used: dict[int, tuple[int, int]] = {}
    cash, most = 1_000 * WAD, 0

    def standing(market: int, cap: int) -> int:
        before, since = used.get(market, (0, 0))
        return max(0, before - cap * (boa.env.timestamp - since) // DAY)

    for _ in range(25):
        share = drawn.choice([0, 1, 333, 2_500, 10_000])
        rates = rates_word(share=share)
        stage.set_rates(rates)
        losses = {m: drawn.randint(1, 10**20) for m in drawn.sample(range(32), drawn.randint(0, 5))}
        total = sum(losses.values())
        parts = {m: -(-255 * loss // total) for m, loss in sorted(losses.items())}
        debt = drawn.choice([1, 7, drawn.randint(1, 400 * WAD)])
        cap = cash * share // 10**4
        due = {m: -(-debt * part // sum(parts.values())) for m, part in parts.items()} or {NOBODY: debt}
        granted = 0
        for market, d in due.items():
            before = standing(market, cap)
            own = min(d, max(0, cap - before))
            granted += own
            if own:
                used[market] = (before + own, boa.env.timestamp)
        granted = min(granted, debt, cash)
        assert stage.claim(debt, blame_of(parts), cash, rates) == granted
        assert {m: stage.waterfall.used(m) for m in range(33)} == {m: standing(m, cap) for m in range(33)}
        cash = max(0, cash - granted) + drawn.choice([0, 0, 50 * WAD])
        most = max(most, granted)
        boa.env.time_travel(seconds=drawn.choice([1, 600, DAY // 3, 2 * DAY]))
    assert most > WAD
