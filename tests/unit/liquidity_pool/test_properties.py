"""I-20, I-21: what holds for any amounts, with positions open and prices moved."""

from __future__ import annotations

import boa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.words import WAD
from tests.unit.liquidity_pool.world import BTC, ETH, World, share_price_fell

SETTINGS = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
VIRTUAL = 10**12
amounts = st.integers(1, 5 * 10**12)
percents = st.integers(75, 130)


def totals(w: World) -> tuple[int, int]:
    """(totalAssets, supply)."""
    return w.pool.totalAssets(), w.pool.totalSupply()


def moved(w: World, percent: int, seconds: int = 100) -> None:
    """Later, at other prices; v.prices stay as the fixture left them."""
    w.v.warp(seconds)
    boa.env.time_travel(seconds=1)
    for market in (BTC, ETH):
        w.v.feeds[market].push(w.v.prices[market] * percent // 100 // 10**10)


@SETTINGS
@given(amounts, percents)
def test_previews_are_what_happens(w: World, accounts: list[int], assets: int, percent: int):
    with boa.env.anchor():
        moved(w, percent)
        expected = w.pool.previewDeposit(assets)
        assert w.enter(w.outsider, assets) == expected
        cost = w.pool.previewMint(expected)
        w.give(w.trader, cost)
        assert w.pool.mint(expected, w.trader, sender=w.trader) == cost
        burnt = w.pool.previewWithdraw(assets // 2 + 1)
        assert w.pool.withdraw(assets // 2 + 1, w.lp, w.lp, sender=w.lp) == burnt
        paid = w.pool.previewRedeem(expected)
        if paid == 0:  # what one unit bought
            with boa.reverts("pool: rounds to nothing"):
                w.pool.redeem(expected, w.trader, w.trader, sender=w.trader)
            return
        assert w.pool.redeem(expected, w.trader, w.trader, sender=w.trader) == paid


@SETTINGS
@given(amounts, percents)
def test_round_trips_never_gain(w: World, accounts: list[int], assets: int, percent: int):
    with boa.env.anchor():
        moved(w, percent)
        shares = w.enter(w.outsider, assets)
        assert w.pool.previewRedeem(shares) <= assets
        assert w.pool.previewWithdraw(assets) >= shares
        assert assets - 2 <= w.pool.previewRedeem(shares)  # and lose no more than rounding
        if w.pool.maxRedeem(w.outsider):
            out = w.pool.redeem(shares, w.outsider, w.outsider, sender=w.outsider)
            assert out <= assets
            burnt = w.pool.previewWithdraw(out)
            w.give(w.trader, w.pool.previewMint(burnt))
            assert w.pool.mint(burnt, w.trader, sender=w.trader) >= out


@SETTINGS
@given(amounts, percents, st.integers(1, 10**18))
def test_no_flow_lowers_the_price_of_a_share(
    w: World, accounts: list[int], assets: int, percent: int, odd: int
):
    with boa.env.anchor():
        moved(w, percent)
        steps = [
            lambda: w.enter(w.outsider, assets),
            lambda: w.pool.transfer(w.trader, w.pool.balanceOf(w.outsider) // 3, sender=w.outsider),
            lambda: w.pool.withdraw(assets // 7 + 1, w.lp, w.lp, sender=w.lp),
            lambda: w.pool.redeem(w.pool.balanceOf(w.lp) // 1_000 + odd, w.lp, w.lp, sender=w.lp),
            lambda: w.pool.mint(odd, w.lp, sender=w.lp),
        ]
        w.give(w.lp, 10**13)
        for step in steps:
            before = totals(w)
            step()
            assert not share_price_fell(before, totals(w), VIRTUAL)


@SETTINGS
@given(st.integers(1, 10**9), st.integers(1, 10**13), st.integers(1, 10**13))
def test_no_profit_in_donating_or_being_first(fresh_pool: World, mine: int, donated: int, victims: int):
    w = fresh_pool
    with boa.env.anchor():
        shares = w.enter(w.outsider, mine)
        w.v.quote.mint(w.pool.address, donated)
        w.v.quote.mint(w.v.vault.address, donated)
        assert w.pool.totalAssets() == mine
        bought = w.enter(w.lp, victims)
        assert bought > 0
        assert w.pool.redeem(shares, w.outsider, w.outsider, sender=w.outsider) <= mine
        assert victims - 1 <= w.pool.convertToAssets(bought) <= victims


@SETTINGS
@given(st.integers(1, 10**7), st.integers(1, 10**11), st.integers(10**6, 10**12))
def test_no_profit_in_inflating_by_fees(fresh_pool: World, mine: int, fees: int, victims: int):
    """The only gift that counts is one through the ledger, as trading fees are: it costs more than it brings."""
    w = fresh_pool
    with boa.env.anchor():
        shares = w.enter(w.outsider, mine)
        payer = w.account("payer", 200_000)
        wad = fees * 10**12
        w.v.move(payer, w.v.pool_account, wad)
        try:
            w.enter(w.lp, victims)
        except boa.BoaError as error:  # too little for one share: nothing was taken
            assert "pool: rounds to nothing" in str(error)
        worth = w.pool.convertToAssets(shares)
        assert worth <= mine + fees


def test_carry_and_prices_are_what_moves_the_price(w: World, accounts: list[int]):
    before = w.pool.convertToAssets(WAD)
    w.v.warp(86_400)
    assert w.pool.convertToAssets(WAD) > before  # a day of borrow at constant prices
