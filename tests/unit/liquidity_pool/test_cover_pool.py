"""The junior tranche: capital is cash, D binds what may leave, and nothing but the ledger counts."""

from __future__ import annotations

from typing import Any

import boa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.words import WAD, Rates
from tests.unit.liquidity_pool.paper import Paper, paper
from tests.unit.liquidity_pool.world import ETH, World, compiled, share_price_fell

SETTINGS = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
tokens = st.integers(1, 10**13)


@pytest.mark.parametrize(("owed", "stays"), [(0, 0), (77, 0), (78, 78), (400, 400), (5_000, 5_000)])
def test_state_is_the_ledgers(p: Paper, owed: int, stays: int):
    """R is cash. D must stay here unless the pool's own 77 hold it."""
    p.enter(p.cover, p.lp, p.units(1_000))
    p.enter(p.pool, p.lp, p.units(77))
    p.fake.set_debt(owed * WAD)
    s = p.cover.pool_state()
    assert (s.cash, s.equity, s.reduced_equity) == (1_000 * WAD, 1_000 * WAD, 1_000 * WAD)
    assert (s.debt, s.withheld, s.prices_valid) == (stays * WAD, 0, True)
    assert (s.net, s.gross, s.utilisation, s.exit_utilisation, s.tied_up) == (0, 0, 0, 0, 0)
    assert p.cover.totalAssets() == p.units(1_000)


def test_markets_prices_and_exit_caps_are_the_pools_affair(p: Paper):
    """With a dead feed under open interest, and exit caps that let nothing go."""
    shares = p.enter(p.cover, p.lp, p.units(1_000))
    p.enter(p.pool, p.other, p.units(1_000))
    p.market(0, 100 * WAD, longs=5 * WAD, quote=-500 * WAD)
    p.price(0, 100 * WAD, state=2)
    p.rates(caps=Rates(exit_net=0, exit_gross=0))
    assert p.pool.maxRedeem(p.other) == 0
    assert p.cover.maxRedeem(p.lp) == shares
    assert p.cover.redeem(shares, p.lp, p.lp, sender=p.lp) == p.units(1_000)
    assert p.enter(p.cover, p.lp, p.units(1_000)) == shares
    assert p.fake.refreshes() == 0


def test_what_is_owed_is_nobodys_loss_yet(p: Paper):
    """Cash 1,000 and D 400: a share is one to enter and one to leave, so nobody earns by making D rise or fall."""
    shares = p.enter(p.cover, p.lp, p.units(1_000))
    p.fake.set_debt(400 * WAD)
    assert p.enter(p.cover, p.other, p.units(100)) == shares // 10
    assert p.cover.previewMint(shares) == p.units(1_000)
    assert p.cover.redeem(shares // 10, p.lp, p.lp, sender=p.lp) == p.units(100)
    p.fake.set_debt(0)
    assert p.cover.convertToAssets(shares) == p.units(1_000)


@pytest.mark.parametrize("debt", [1_000, 1_001])
def test_debt_above_cash_closes_the_exit_alone(p: Paper, debt: int):
    shares = p.enter(p.cover, p.lp, p.units(1_000))
    p.fake.set_debt(debt * WAD)
    assert p.cover.totalAssets() == p.units(1_000)
    assert p.cover.maxWithdraw(p.lp) == p.cover.maxRedeem(p.lp) == 0
    with boa.reverts("manager: cash owed to winners"):
        p.cover.redeem(shares, p.lp, p.lp, sender=p.lp)
    p.cover.request_exit(shares, sender=p.lp)
    with boa.reverts("manager: cash owed to winners"):
        p.cover.finalise_exit(p.lp)
    # new money has a share of the same cash, and is what those who wait may leave with
    assert p.cover.maxDeposit(p.other) > p.units(10)
    assert p.enter(p.cover, p.other, p.units(10)) == shares // 100
    assert p.cover.finalise_exit(p.lp) == p.units(1_010 - debt)


def test_debt_with_nobody_in_it_is_no_bar_to_an_entry(p: Paper):
    p.fake.set_debt(1)
    shares = p.enter(p.cover, p.lp, p.units(10))
    assert shares == 10 * WAD
    assert p.cover.maxWithdraw(p.lp) == p.units(10) - 1
    p.fake.set_debt(0)
    assert p.cover.redeem(shares, p.lp, p.lp, sender=p.lp) == p.units(10)


def test_an_exit_leaves_cash_for_the_debt(p: Paper):
    """L-2: to the last unit, at the full price of a share."""
    shares = p.enter(p.cover, p.lp, p.units(1_000))
    p.fake.set_debt(400 * WAD + 1)
    most = p.units(600) - 1
    assert p.cover.maxWithdraw(p.lp) == most
    assert p.cover.previewWithdraw(most) <= p.cover.maxRedeem(p.lp) < p.cover.previewWithdraw(most + 1)
    for call, amount in ((p.cover.withdraw, most), (p.cover.redeem, p.cover.maxRedeem(p.lp))):
        with boa.env.anchor(), boa.reverts("manager: cash owed to winners"):
            call(amount + 1, p.lp, p.lp, sender=p.lp)
        with boa.env.anchor():
            call(amount, p.lp, p.lp, sender=p.lp)
            assert p.cash(p.cover) == 400 * WAD + 10**12
    burnt = p.cover.withdraw(most, p.lp, p.lp, sender=p.lp)
    p.fake.set_debt(0)
    assert p.cover.redeem(shares - burnt, p.lp, p.lp, sender=p.lp) == p.units(400) + 1


def test_an_exit_by_request_leaves_cash_for_the_debt(p: Paper):
    p.rates(cover=10)
    shares = p.enter(p.cover, p.lp, p.units(1_000))
    p.cover.request_exit(shares, sender=p.lp)
    p.fake.set_debt(400 * WAD)
    boa.env.time_travel(seconds=600)
    assert p.cover.finalise_exit(p.lp) == p.units(600)
    assert p.cover.pending_exit(p.lp)[0] == shares * 4 // 10
    with boa.reverts("manager: cash owed to winners"):
        p.cover.finalise_exit(p.lp)


@pytest.mark.parametrize(("pools", "room"), [(399, 600), (400, 1_000), (2_000, 1_000)])
def test_either_tranches_cash_may_hold_what_is_owed(p: Paper, pools: int, room: int):
    shares = p.enter(p.cover, p.lp, p.units(1_000))
    p.enter(p.pool, p.other, p.units(pools))
    p.fake.set_debt(400 * WAD)
    assert p.cover.maxWithdraw(p.lp) == p.units(room)
    p.cover.request_exit(shares, sender=p.lp)
    assert p.cover.finalise_exit(p.lp) == p.units(room)


def test_the_pools_own_exits_do_not_lean_on_the_cover(p: Paper):
    """L-2 of the pool: winners are paid out of its cash."""
    p.enter(p.cover, p.lp, p.units(1_000))
    p.enter(p.pool, p.other, p.units(500))
    p.fake.set_debt(400 * WAD)
    assert p.pool.pool_state().debt == 400 * WAD
    assert p.pool.maxWithdraw(p.other) == p.units(100)


def test_cooldown_of_its_own(p: Paper):
    p.rates(pool=0, cover=30)
    for tranche in (p.pool, p.cover):
        p.enter(tranche, p.lp, p.units(10))
    assert p.pool.maxRedeem(p.lp) > 0
    assert p.cover.maxRedeem(p.lp) == 0
    with boa.reverts("pool: exit by request"):
        p.cover.redeem(WAD, p.lp, p.lp, sender=p.lp)
    assert p.cover.request_exit(WAD, sender=p.lp) == boa.env.timestamp + 1_800
    p.rates(pool=30, cover=0)
    assert p.pool.maxRedeem(p.lp) == 0
    assert p.cover.maxRedeem(p.lp) == 9 * WAD


def test_no_dodging_a_loss_by_asking_first(p: Paper):
    """Requested when the debt is seen, finalised after it was booked, for which there is the whole cooldown: half of it is his."""
    p.rates(cover=10)
    mine = p.enter(p.cover, p.lp, p.units(1_000))
    p.enter(p.cover, p.other, p.units(1_000))
    p.fake.set_debt(600 * WAD)
    p.cover.request_exit(mine, sender=p.lp)
    boa.env.time_travel(seconds=599)
    with boa.reverts("pool: too early"):
        p.cover.finalise_exit(p.lp)
    p.fake.set_debt(0)
    p.lose(p.cover, p.units(600))
    boa.env.time_travel(seconds=1)
    assert p.cover.finalise_exit(p.lp) == p.units(700)
    assert p.cover.convertToAssets(p.cover.balanceOf(p.other)) == p.units(700)


# ---- wiped out and filled again ---------------------------------------------------------------------


def wiped_out(p: Paper) -> int:
    """A thousand lost by one LP; returns its shares."""
    shares = p.enter(p.cover, p.lp, p.units(1_000))
    p.lose(p.cover, p.units(1_000))
    return shares


def test_wiped_out_it_takes_nobody(p: Paper):
    wiped_out(p)
    assert p.cover.totalAssets() == 0
    assert p.cover.maxDeposit(p.other) == 0
    with boa.reverts("pool: closed to entries"):
        p.enter(p.cover, p.other, p.units(10))


@pytest.mark.parametrize("first", ["lp", "other"])
@pytest.mark.parametrize("penalties", [1, 999, 5 * 10**6, 10**12])
def test_old_shares_and_new_money_leave_each_others_alone(p: Paper, penalties: int, first: str):
    """Penalties before the entry are the old holders' (and the virtual shares'), whatever the order of leaving."""
    old = wiped_out(p)
    p.earn(p.cover, penalties)
    new = p.enter(p.cover, p.other, p.units(1_000))
    worth = {"lp": (old, penalties * old // (old + p.virtual)), "other": (new, p.units(1_000))}
    for name in (first, "other" if first == "lp" else "lp"):
        shares, fair = worth[name]
        user = getattr(p, name)
        got = p.cover.previewRedeem(shares)
        # whoever stays has what the other's exit was rounded by, and the virtual unit
        assert fair - 2 <= got <= fair + 2
        if got:
            assert p.cover.redeem(shares, user, user, sender=user) == got


def test_penalties_after_the_entry_are_shared(p: Paper):
    old = wiped_out(p)
    p.earn(p.cover, p.units(500))
    new = p.enter(p.cover, p.other, p.units(1_500))
    p.earn(p.cover, p.units(40))
    assert abs(p.cover.previewRedeem(old) - p.units(510)) <= 1
    assert abs(p.cover.previewRedeem(new) - p.units(1_530)) <= 1


def test_max_answers_survive_one_wipe_out_after_another():
    """Shares multiply; the entry never offers more than they can count, and what it offers works."""
    with boa.env.anchor():
        p = paper(digits=18)
        p.enter(p.cover, p.lp, 2**120)
        for _ in range(3):
            p.lose(p.cover, p.cash(p.cover) - 1)
            most = p.cover.maxDeposit(p.other)
            assert p.cover.maxMint(p.other) == p.cover.previewDeposit(most)
            with boa.env.anchor():
                assert p.enter(p.cover, p.outsider, most) == p.cover.balanceOf(p.outsider)
            if most > 2**119:
                p.enter(p.cover, p.lp, 2**119)
        assert p.cover.totalSupply() > 2**230
        assert most < 2**40


# ---- firsts and gifts -------------------------------------------------------------------------------


@SETTINGS
@given(tokens, tokens, tokens)
def test_no_profit_in_donating_or_being_first(p: Paper, mine: int, donated: int, victims: int):
    with boa.env.anchor():
        shares = p.enter(p.cover, p.outsider, mine)
        p.quote.mint(p.cover.address, donated)
        p.quote.mint(p.fake.address, donated)
        assert p.cover.totalAssets() == mine
        bought = p.enter(p.cover, p.lp, victims)
        assert p.cover.redeem(shares, p.outsider, p.outsider, sender=p.outsider) <= mine
        assert victims - 1 <= p.cover.convertToAssets(bought) <= victims


@SETTINGS
@given(st.integers(1, 10**7), st.integers(1, 10**11), st.integers(10**6, 10**12), st.integers(0, 10**12))
def test_no_profit_in_paying_penalties_to_oneself(p: Paper, mine: int, fees: int, victims: int, owed: int):
    """The one gift that counts costs more than it brings, with debts in the ledger or without."""
    with boa.env.anchor():
        shares = p.enter(p.cover, p.outsider, mine)
        p.earn(p.cover, fees)
        p.fake.set_debt(min(owed, mine + fees - 1) * 10**12)
        try:
            p.enter(p.cover, p.lp, victims)
        except boa.BoaError as error:  # too little for one share: nothing was taken
            assert "pool: rounds to nothing" in str(error)
        p.fake.set_debt(0)
        assert p.cover.convertToAssets(shares) <= mine + fees


def test_penalties_before_the_first_lp_are_nobodys(p: Paper):
    p.earn(p.cover, p.units(5))
    shares = p.enter(p.cover, p.lp, p.units(7))
    assert p.units(7) - 1 <= p.cover.convertToAssets(shares) <= p.units(7)


@SETTINGS
@given(tokens, tokens, st.integers(0, 10**13), st.integers(1, 10**18))
def test_round_trips_never_gain_and_no_flow_lowers_the_price(
    p: Paper, stake: int, assets: int, owed: int, odd: int
):
    with boa.env.anchor():
        p.enter(p.cover, p.lp, stake + 1)
        p.fake.set_debt(min(owed, stake) * 10**12)
        steps = [
            lambda: p.enter(p.cover, p.other, assets),
            lambda: p.cover.mint(odd, p.lp, sender=p.lp),
            lambda: p.cover.request_exit(p.cover.balanceOf(p.other) // 2 + 1, sender=p.other),
            lambda: p.cover.finalise_exit(p.other),
        ]
        p.quote.mint(p.lp, 10**13)
        for step in steps:
            before = p.cover.totalAssets(), p.cover.totalSupply()
            try:
                step()
            except boa.BoaError as error:
                assert "pool: rounds to nothing" in str(error)
            assert not share_price_fell(before, (p.cover.totalAssets(), p.cover.totalSupply()), p.virtual)
        out = p.quote.balanceOf(p.other) + p.cover.convertToAssets(p.cover.balanceOf(p.other))
        assert out <= assets


# ---- on the real venue ------------------------------------------------------------------------------


@pytest.fixture
def cover(w: World) -> Any:
    """The real cover pool beside the real pool, with a million of the outsider's in it."""
    deployed = compiled("contracts/LiquidityPool.vy").deploy(
        w.v.manager.address, "Cover of the venue", "CPV", override_address=w.v.cover
    )
    w.v.quote.mint(w.outsider, w.units(1_000_000))
    w.v.quote.approve(deployed.address, w.units(1_000_000), sender=w.outsider)
    deployed.deposit(w.units(1_000_000), w.outsider, sender=w.outsider)
    return deployed


def test_its_money_is_its_own_account(w: World, cover: Any):
    assert w.v.manager.cash(w.v.cover_account) == 1_000_000 * WAD
    assert w.pool.totalAssets() == w.units(10_000_000)
    shares = cover.balanceOf(w.outsider)
    assert cover.redeem(shares, w.outsider, w.outsider, sender=w.outsider) == w.units(1_000_000)
    assert w.v.manager.cash(w.v.cover_account) == 0


def test_penalties_are_its_lps_gain(w: World, cover: Any):
    account = w.account("unlucky", 500_000)
    w.trade_quote(account, ETH, 4_000_000)
    w.v.set_price(ETH, w.v.prices[ETH] * 915 // 1_000)
    assert w.v.manager.account_health(account)[3] == 3
    w.v.liquidate(account)
    earned = w.v.manager.cash(w.v.cover_account) - 1_000_000 * WAD
    assert earned > 0
    assert abs(cover.totalAssets() - w.units(1_000_000) - earned // 10**12) <= 1
    assert cover.convertToAssets(cover.balanceOf(w.outsider)) > w.units(1_000_000)


@pytest.fixture
def owing(w: World, cover: Any) -> int:
    """Half of the cover pool asked to leave in an hour, and an account that will owe 104,000; one market may claim all."""
    w.v.configure(1, 0, w.v.setup.rates.word(cover_cooldown=60, cover_share=10_000))
    half = cover.balanceOf(w.outsider) // 2
    cover.transfer(w.lp, half, sender=w.outsider)
    cover.request_exit(half, sender=w.lp)
    account = w.account("ruined", 500_000)
    w.trade_quote(account, ETH, 4_000_000)
    w.v.warp(3_599)
    w.v.set_price(ETH, w.v.prices[ETH] * 85 // 100)
    return account


def test_bad_debt_is_its_lps_loss_first(w: World, cover: Any, owing: int):
    """In escrow or not, once it is booked: which anybody may do at once, and has done by the end of a cooldown."""
    half = cover.balanceOf(w.outsider)
    w.v.liquidate(owing)
    lost = 1_000_000 * WAD - w.v.manager.cash(w.v.cover_account)
    assert lost > 50_000 * WAD
    assert w.v.vault.debt() == 0
    fair = (w.units(1_000_000) - lost // 10**12) // 2
    assert abs(cover.finalise_exit(w.lp) - fair) <= 1
    assert abs(cover.convertToAssets(half) - fair) <= 1


def test_what_is_owed_stays_in_one_tranche_or_the_other(w: World, cover: Any, owing: int):
    """D of 104,000 in the ledger: the pool's ten million hold it, and without them the cover's own cash."""
    w.v.move(owing, w.v.pool_account, 602_000 * WAD)
    assert w.v.vault.debt() == 104_000 * WAD  # 2,000 of them the trade's fee
    with boa.env.anchor():
        assert cover.finalise_exit(w.lp) == w.units(500_000)
    winner = w.account("winner", 1)
    w.v.move(w.v.pool_account, winner, w.v.manager.cash(w.v.pool_account) - 103_999 * WAD)
    w.v.move(w.v.cover_account, winner, 400_000 * WAD)
    # 600,000 are left, and half of them his; a second LP's exit meets the debt
    assert abs(cover.finalise_exit(w.lp) - w.units(300_000)) <= 1
    w.v.configure(1, 0, w.v.setup.rates.word())
    assert abs(cover.maxWithdraw(w.outsider) - w.units(196_000)) <= 1
    shares = cover.balanceOf(w.outsider)
    with boa.reverts("manager: cash owed to winners"):
        cover.redeem(shares, w.outsider, w.outsider, sender=w.outsider)
    w.v.move(winner, w.v.pool_account, WAD)
    assert abs(cover.redeem(shares, w.outsider, w.outsider, sender=w.outsider) - w.units(300_000)) <= 1
