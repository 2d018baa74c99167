"""finalise_exit(owner)."""

from __future__ import annotations

import boa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.words import WAD, Rates
from tests.unit.liquidity_pool.paper import CLAIMS_OPEN, SHUTTING_DOWN, Paper, paper
from tests.unit.liquidity_pool.world import BTC, ETH, World, compiled, share_price_fell


def waiting(p: Paper, quote: int = 1_000, minutes: int = 10) -> int:
    """All of one LP's shares in escrow, and one more LP who stays; returns the shares."""
    p.rates(pool=minutes, cover=minutes)
    p.enter(p.pool, p.other, p.units(quote))
    shares = p.enter(p.pool, p.lp, p.units(quote))
    p.pool.request_exit(shares, sender=p.lp)
    return shares


def test_nobody_without_a_request(p: Paper):
    waiting(p)
    with boa.reverts("pool: nothing requested"):
        p.pool.finalise_exit(p.other, sender=p.lp)
    with boa.reverts("pool: nothing requested"):
        p.pool.finalise_exit(p.pool.address, sender=p.lp)


def test_not_before_its_time(p: Paper):
    waiting(p, minutes=10)
    boa.env.time_travel(seconds=599)
    with boa.reverts("pool: too early"):
        p.pool.finalise_exit(p.lp, sender=p.lp)
    boa.env.time_travel(seconds=1)
    assert p.pool.finalise_exit(p.lp, sender=p.lp) == p.units(1_000)


@pytest.mark.parametrize("tranche", ["pool", "cover"])
def test_not_a_day_after_its_time(p: Paper, tranche: str):
    """An LP who keeps a ready request would have a way out at any moment, with no cooldown before it."""
    t = getattr(p, tranche)
    p.rates(pool=10, cover=10)
    p.enter(t, p.other, p.units(1_000))
    shares = p.enter(t, p.lp, p.units(1_000))
    ready_at = t.request_exit(shares, sender=p.lp)
    boa.env.time_travel(seconds=600 + 86_400)
    with boa.env.anchor():
        assert t.finalise_exit(p.lp, sender=p.outsider) == p.units(1_000)
    boa.env.time_travel(seconds=1)
    for user in (p.lp, p.outsider):
        with boa.reverts("pool: request lapsed"):
            t.finalise_exit(p.lp, sender=user)
    assert t.pending_exit(p.lp) == (shares, ready_at)


def test_what_lapsed_is_asked_for_again(p: Paper):
    """It stays in escrow and bears gains and losses; a new cooldown, another day."""
    waiting(p)
    boa.env.time_travel(seconds=600 + 86_401)
    p.lose(p.pool, p.units(500))
    p.pool.request_exit(0, sender=p.lp)
    with boa.reverts("pool: too early"):
        p.pool.finalise_exit(p.lp)
    boa.env.time_travel(seconds=600 + 86_400)
    assert p.pool.finalise_exit(p.lp) == p.units(750)


def test_the_rest_of_a_part_lapses_with_it(p: Paper):
    """Room for a part of it buys no further time."""
    shares = waiting(p)
    ready_at = p.pool.pending_exit(p.lp)[1]
    p.fake.set_debt(1_400 * WAD)
    boa.env.time_travel(seconds=600 + 86_000)
    assert p.pool.finalise_exit(p.lp) == p.units(600)
    p.fake.set_debt(0)
    boa.env.time_travel(seconds=401)
    with boa.reverts("pool: request lapsed"):
        p.pool.finalise_exit(p.lp)
    assert p.pool.pending_exit(p.lp) == (shares * 4 // 10, ready_at)


def test_no_second_time(p: Paper):
    waiting(p, minutes=0)
    p.pool.finalise_exit(p.lp)
    with boa.reverts("pool: nothing requested"):
        p.pool.finalise_exit(p.lp)


def test_needs_valid_prices(p: Paper):
    shares = waiting(p, minutes=0)
    p.market(0, 100 * WAD, longs=WAD, quote=-100 * WAD)
    p.price(0, 100 * WAD, state=2)
    with boa.reverts("pool: no valid price"):
        p.pool.finalise_exit(p.lp)
    assert p.pool.pending_exit(p.lp)[0] == shares
    p.price(0, 100 * WAD)
    p.pool.finalise_exit(p.lp)


def test_waits_for_a_shutdown_to_pay(p: Paper):
    waiting(p, minutes=0)
    p.rates(flags=SHUTTING_DOWN)
    with boa.reverts("pool: shutting down"):
        p.pool.finalise_exit(p.lp)
    p.rates(flags=SHUTTING_DOWN | CLAIMS_OPEN)
    assert p.pool.finalise_exit(p.lp) == p.units(1_000)


def test_dust_stays_pending(p: Paper):
    p.enter(p.pool, p.lp, p.units(10))
    p.pool.request_exit(10**12 - 1, sender=p.lp)
    with boa.reverts("pool: rounds to nothing"):
        p.pool.finalise_exit(p.lp)
    p.pool.request_exit(1, sender=p.lp)
    assert p.pool.finalise_exit(p.lp) == 1


def test_without_room_the_usual_reasons(p: Paper):
    waiting(p, minutes=0)
    p.fake.set_debt(2_000 * WAD)
    with boa.reverts("manager: cash owed to winners"):
        p.pool.finalise_exit(p.lp)
    p.fake.set_debt(0)
    p.rates(caps=Rates(exit_net=0))
    p.market(0, 100 * WAD, longs=WAD, quote=-100 * WAD)
    with boa.reverts("pool: exit caps"):
        p.pool.finalise_exit(p.lp)


def test_anybody_may_and_its_owner_is_paid(p: Paper):
    shares = waiting(p)
    boa.env.time_travel(seconds=600)
    supply = p.pool.totalSupply()
    assert p.pool.finalise_exit(p.lp, sender=p.outsider) == p.units(1_000)
    events = [e for e in p.pool.get_logs() if type(e).__name__ == "Withdraw" and hasattr(e, "shares")]
    assert [(e.sender, e.receiver, e.owner, e.assets, e.shares) for e in events] == [
        (p.outsider, p.lp, p.lp, p.units(1_000), shares)
    ]
    assert p.quote.balanceOf(p.lp) == p.units(1_000)
    assert p.quote.balanceOf(p.outsider) == 0
    assert p.pool.totalSupply() == supply - shares
    assert p.pool.balanceOf(p.pool.address) == 0


@pytest.mark.parametrize("change", [-700, -1, 0, 600])
def test_escrow_bears_gains_and_losses(p: Paper, change: int):
    """Two LPs with a thousand each; what happens in between is half each's, requested or not."""
    waiting(p)
    p.lose(p.pool, p.units(-change))
    boa.env.time_travel(seconds=600)
    paid = p.pool.finalise_exit(p.lp)
    assert abs(paid - p.units(2_000 + change) // 2) <= 1
    assert paid <= p.pool.previewRedeem(p.pool.balanceOf(p.other)) + 1


def test_only_as_much_as_cash_above_debt(p: Paper):
    """Winners are owed 1,400 of 2,000; of a thousand requested six hundred go, and later the rest."""
    shares = waiting(p)
    ready_at = p.pool.pending_exit(p.lp)[1]
    p.fake.set_debt(1_400 * WAD)
    boa.env.time_travel(seconds=900)
    assert p.pool.finalise_exit(p.lp) == p.units(600)
    left = p.pool.pending_exit(p.lp)
    assert left == (shares * 4 // 10, ready_at)  # 600 of 1,000 at a price of one, to the last share
    assert p.cash(p.pool) == 1_400 * WAD
    with boa.reverts("manager: cash owed to winners"):
        p.pool.finalise_exit(p.lp)
    p.fake.set_debt(0)
    assert p.pool.finalise_exit(p.lp) == p.units(400)
    assert p.pool.pending_exit(p.lp) == (0, 0)
    assert p.pool.balanceOf(p.pool.address) == 0


def test_leaves_the_exit_caps_kept(p: Paper):
    """One unit at 100 with w = 4.31 % ties up 4.31 / 0.35 % gross of capital."""
    waiting(p)
    p.rates(caps=Rates(exit_net=60_000, exit_gross=35))
    p.market(0, 100 * WAD, longs=WAD, quote=-100 * WAD)
    boa.env.time_travel(seconds=600)
    paid = p.pool.finalise_exit(p.lp)
    tied_up = -(-431 * WAD * 10**4 // (100 * 35))
    r = p.pool.pool_state().reduced_equity
    assert tied_up <= r < tied_up + 10**12
    assert p.pool.pool_state().exit_utilisation <= WAD
    assert paid < p.units(1_000)
    assert p.pool.pending_exit(p.lp)[0] > 0


def test_several_who_wait_are_paid_one_by_one(p: Paper):
    shares = waiting(p, minutes=0)
    p.pool.request_exit(shares, sender=p.other)
    p.fake.set_debt(500 * WAD)
    assert p.pool.finalise_exit(p.lp) == p.units(1_000)
    assert p.pool.finalise_exit(p.other) == p.units(500)
    p.fake.set_debt(0)
    assert p.pool.finalise_exit(p.other) == p.units(500)
    assert p.pool.totalSupply() == 0


def test_a_trickle_of_room_costs_who_waits_nothing(p: Paper):
    """Paid unit by unit, by whoever likes to, he has not burnt one share more than each unit is worth."""
    shares = waiting(p, minutes=0)
    p.lose(p.pool, 123_456_789)
    paid = 0
    for _ in range(20):
        p.fake.set_debt(p.cash(p.pool) - 10**12)
        worth, supply, left = p.pool.totalAssets() + 1, p.pool.totalSupply(), p.pool.pending_exit(p.lp)[0]
        paid += p.pool.finalise_exit(p.lp, sender=p.outsider)
        burnt = -(-(supply + 10**12) // worth)  # one unit's worth of shares, rounded up
        assert left - p.pool.pending_exit(p.lp)[0] == burnt == supply - p.pool.totalSupply()
    assert paid == 20
    p.fake.set_debt(0)
    paid += p.pool.finalise_exit(p.lp)
    fair = shares * (2 * p.units(1_000) - 123_456_789 + 1) // (2 * shares + 10**12)
    assert fair - 1 <= paid <= fair


def test_with_a_cooldown_of_nothing_at_once(p: Paper):
    shares = waiting(p, minutes=0)
    assert p.pool.redeem(shares // 2, p.other, p.other, sender=p.other) == p.units(500)
    assert p.pool.finalise_exit(p.lp) == p.units(1_000)


@pytest.mark.parametrize(("digits", "paid"), [(2, 333_33), (18, 333333333333333333333)])
def test_other_decimals(digits: int, paid: int):
    with boa.env.anchor():
        p = paper(digits)
        shares = p.enter(p.pool, p.lp, p.units(1_000))
        p.pool.request_exit(shares // 3, sender=p.lp)
        assert p.pool.finalise_exit(p.lp) == paid


def test_locked_while_the_token_moves():
    """A receiver's hook can neither leave again nor ask, nor read a price in between."""
    with boa.env.anchor():
        p = paper(token="HookToken")
        waiting(p, minutes=0)
        calls = [
            p.pool.finalise_exit.prepare_calldata(p.lp),
            p.pool.request_exit.prepare_calldata(1),
            p.pool.pending_exit.prepare_calldata(p.lp),
            p.pool.redeem.prepare_calldata(1, p.other, p.other),
            p.pool.deposit.prepare_calldata(1, p.other),
            p.pool.maxRedeem.prepare_calldata(p.other),
            p.pool.totalAssets.prepare_calldata(),
        ]
        for data in calls:
            with boa.env.anchor():
                p.quote.arm(p.pool.address, data)
                p.pool.finalise_exit(p.lp)
                assert p.quote.calls() == 1
                assert not p.quote.succeeded()


# ---- on the real venue ------------------------------------------------------------------------------


def test_at_the_price_of_its_day(w: World, accounts: list[int]):
    """Requested before the market moved, paid after: R of that moment, rounded down, with words read in the call."""
    w.v.configure(1, 0, w.v.setup.rates.word(pool_cooldown=60))
    shares = 4_321 * WAD + 7
    w.pool.request_exit(shares, sender=w.lp)
    w.v.warp(3_600)
    w.v.set_price(BTC, w.v.prices[BTC] * 103 // 100)
    total, supply = w.state().reduced_equity // 10**12, w.pool.totalSupply()
    paid = shares * (total + 1) // (supply + 10**12)
    assert paid != shares * w.units(10_000_000) // supply
    assert w.pool.finalise_exit(w.lp, sender=w.outsider) == paid
    assert w.v.quote.balanceOf(w.lp) == paid
    assert w.state().reduced_equity // 10**12 == total - paid


def test_as_far_as_the_exit_caps_go(w: World, accounts: list[int]):
    w.exits(net=400, gross=60_000)
    shares = w.pool.balanceOf(w.lp)
    free = (w.state().reduced_equity - w.state().tied_up) // 10**12
    w.pool.request_exit(shares, sender=w.lp)
    assert w.pool.finalise_exit(w.lp) == free < w.pool.convertToAssets(shares)
    assert w.state().exit_utilisation <= WAD
    with boa.reverts():
        w.pool.finalise_exit(w.lp)
    w.exits(net=800, gross=60_000)
    assert w.pool.finalise_exit(w.lp) > 0


def test_a_dead_feed_holds_it_up(w: World, accounts: list[int]):
    w.pool.request_exit(WAD, sender=w.lp)
    boa.env.time_travel(seconds=1)
    w.v.feeds[ETH].push(2**81)
    with boa.reverts("pool: no valid price"):
        w.pool.finalise_exit(w.lp)
    w.v.keep_fresh()
    boa.env.time_travel(seconds=1)
    w.v.keep_fresh()
    assert w.pool.finalise_exit(w.lp) > 0


# ---- any sequence -----------------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["enter", "request", "finalise", "earn", "lose", "owe", "wait"]),
        st.integers(1, 10**10),
    ),
    min_size=4,
    max_size=14,
)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(STEPS, st.sampled_from(["pool", "cover"]))
def test_escrow_is_what_is_pending_and_no_exit_lowers_the_price(p: Paper, steps: list, tranche: str):
    with boa.env.anchor():
        t = getattr(p, tranche)
        p.rates(pool=1, cover=1)
        people = [p.lp, p.other, p.outsider]
        for user in people:
            p.enter(t, user, p.units(1_000))
        for i, (what, amount) in enumerate(steps):
            user, before = people[i % 3], (t.totalAssets(), t.totalSupply())
            _step(p, t, what, user, amount)
            pending = sum(t.pending_exit(u)[0] for u in people)
            assert t.balanceOf(t.address) == pending
            assert sum(t.balanceOf(u) for u in people) + pending == t.totalSupply()
            if what in ("request", "finalise"):
                assert not share_price_fell(before, (t.totalAssets(), t.totalSupply()), p.virtual)


def _step(p: Paper, t: object, what: str, user: str, amount: int) -> None:
    cash = p.cash(t) // 10**12
    if what == "enter" and t.maxDeposit(user):
        p.enter(t, user, amount)
    elif what == "request":
        if t.balanceOf(user):
            t.request_exit(min(amount * 10**11, t.balanceOf(user)), sender=user)
    elif what == "finalise":
        try:
            t.finalise_exit(user)
            assert max(p.cash(t), p.cash(p.pool)) >= p.fake.debt()
        except boa.BoaError as error:
            assert any(r in str(error) for r in ("nothing requested", "too early", "rounds to", "owed to")), (
                error
            )
    elif what == "earn":
        p.earn(t, amount)
    elif what == "lose":
        p.lose(t, min(amount, cash))
    elif what == "owe":
        p.fake.set_debt(amount * 10**12)
    else:
        boa.env.time_travel(seconds=60)


def test_contract_without_a_token_of_its_own_is_paid_too(p: Paper):
    """Shares may belong to any address; what it gets is quote."""
    shares = p.enter(p.pool, p.lp, p.units(10))
    holder = compiled("tests/contracts/tokens/HookToken.vy").deploy(6)
    p.pool.transfer(holder.address, shares, sender=p.lp)
    holder.act(p.pool.address, p.pool.request_exit.prepare_calldata(shares))
    assert p.pool.finalise_exit(holder.address, sender=p.outsider) == p.units(10)
    assert p.quote.balanceOf(holder.address) == p.units(10)
