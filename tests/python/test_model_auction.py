"""The Liquidator of the reference model: batches, K, and the falling price of inventory."""

from __future__ import annotations

import pytest

from crossmargin.model import QUOTE, Liquidator, Lot, Reason, Reject, Terms
from crossmargin.model.example import BTC, ETH, example_venue
from crossmargin.model.maths import WAD

TRADER, OTHER, KEEPER = 0x77 << 96, 0x78 << 96, 0x99 << 96
SECOND = 10**6  # µs
WBTC, WETH, FINE = range(3)


def desk(duration: int = 1_000, flat: int = 3 * WAD):
    """A venue and its Liquidator."""
    venue = example_venue()
    return venue, Liquidator(venue, Terms(flat, 0, ETH, duration))


def stock(venue, asset: int, amount: int) -> None:
    """Collateral in the pool's account, as after a liquidation."""
    venue.ledger.add_collateral(venue.pool_id, asset, amount)
    venue.ledger.credit(asset, amount)


def test_the_discount_grows_to_the_largest_and_stays():
    venue, seller = desk()
    stock(venue, WETH, 10 * WAD)
    assert seller.inventory_price(WETH) == (3_000 * WAD, 10 * WAD)  # not seen yet: no age
    seller.observe()
    for seconds, price in ((0, 3_000), (500, 2_895), (499, "2790.21"), (1, 2_790), (5_000, 2_790)):
        venue.warp(seconds)
        whole, _, cents = str(price).partition(".")
        assert seller.inventory_price(WETH)[0] == int(whole) * WAD + int(cents or 0) * WAD // 100
    venue.set_price(ETH, 3_000 * WAD, valid=False)
    assert seller.inventory_price(WETH) == (0, 10 * WAD)


def test_the_share_of_the_discount_is_rounded_down_to_wad():
    # a third of the auction: f = 0.333333333333333333, and 3000·0.07·f is 7e-17 less than 70
    venue, seller = desk(duration=60)
    stock(venue, WETH, WAD)
    seller.observe()
    venue.warp(20)
    assert seller.inventory_price(WETH)[0] == 2_930 * WAD + 70
    assert seller.buy_collateral(WETH, 10**6, 10**30) == (10**6, 1, 2_930 * WAD + 70)


def test_the_last_price_is_the_price_once_it_counts():
    venue, seller = desk()
    stock(venue, WETH, 10 * WAD)
    seller.observe()
    venue.set_price(ETH, 3_000 * WAD, valid=False)
    venue.warp(500)
    with pytest.raises(Reject) as error:
        seller.buy_collateral(WETH, WAD, 10**30)
    assert error.value.reason is Reason.PRICE
    venue.flags = venue.flags._replace(last_prices=True)
    assert seller.inventory_price(WETH) == (2_895 * WAD, 10 * WAD)
    assert seller.buy_collateral(WETH, WAD, 2_895 * WAD) == (WAD, 2_895 * 10**6, 2_895 * WAD)


def test_what_arrives_later_makes_the_lot_younger():
    venue, seller = desk()
    stock(venue, WETH, WAD)
    seller.observe()
    venue.warp(4_000)  # counts for 1,000
    stock(venue, WETH, 3 * WAD)
    seller.observe()
    assert seller.lots[WETH] == Lot(4 * WAD, (venue.time - 250) * SECOND)
    stock(venue, WETH, -WAD)
    seller.observe()
    assert seller.lots[WETH] == Lot(3 * WAD, (venue.time - 250) * SECOND)


def test_buying():
    venue, seller = desk()
    stock(venue, WETH, 10 * WAD)
    seller.observe()
    venue.warp(500)
    for args, reason in (
        ((WETH, WAD, 2_895 * WAD - 1), Reason.SELL_PRICE),
        ((WETH, 0, 10**30), Reason.NOTHING),
        ((WBTC, WAD, 10**30), Reason.NOTHING),
        ((QUOTE, WAD, 10**30), Reason.ASSET),
    ):
        with pytest.raises(Reject) as error:
            seller.buy_collateral(*args)
        assert error.value.reason is reason
    before = venue.account(venue.pool_id).cash
    assert seller.buy_collateral(WETH, 4 * WAD, 2_895 * WAD) == (4 * WAD, 11_580 * 10**6, 2_895 * WAD)
    assert venue.account(venue.pool_id).cash == before + 11_580 * WAD
    # what was sold takes its age along: 500 s·6/10 are left, at which the price is 3000·(1 − 7 %·0.3)
    assert seller.lots[WETH] == Lot(6 * WAD, (venue.time - 300) * SECOND)
    assert seller.buy_collateral(WETH, 1, 10**30) == (1, 1, 2_937 * WAD)  # a wei costs a whole unit
    # 300 s less ⌈3e8/6e18⌉ µs: dust moves the age by a µs at most
    assert seller.lots[WETH] == Lot(6 * WAD - 1, (venue.time - 300) * SECOND + 1)
    assert seller.buy_collateral(WETH, 100 * WAD, 10**30).tokens == 6 * WAD - 1
    assert seller.lots[WETH] == Lot(0, venue.time * SECOND)
    with pytest.raises(Reject):
        seller.buy_collateral(WETH, 1, 10**30)


def test_age_left_is_rounded_down():
    # 700 µs, 2 of 3 wei sold: ⌊700/3⌋ = 233
    venue, seller = desk()
    stock(venue, WETH, 3)
    seller.lots[WETH] = Lot(3, venue.time * SECOND - 700)
    assert seller.buy_collateral(WETH, 2, 10**30).tokens == 2
    assert seller.lots[WETH] == Lot(1, venue.time * SECOND - 233)


def test_a_token_finer_than_wad_sells_in_whole_wei():
    venue, seller = desk()
    stock(venue, FINE, 2 * WAD)
    assert seller.buy_collateral(FINE, 10**24 + 999_999, 10**30).tokens == 10**24
    with pytest.raises(Reject):
        seller.buy_collateral(FINE, 999_999, 10**30)


def weak(venue, account: int) -> None:
    """Ten thousand quote, a hundred thousand of BTC."""
    venue.deposit(account, QUOTE, 10_000 * 10**6)
    venue.trade(account, BTC, 16 * WAD // 10, worst_price=10**30)


def test_batches():
    venue, seller = desk()
    weak(venue, TRADER)
    assert [x.reason for x in seller.liquidate([TRADER, OTHER, venue.pool_id], KEEPER)] == [1, 3, 3]
    assert seller.lots == {}
    venue.deposit(TRADER, WETH, WAD)
    venue.set_price(BTC, 60_000 * WAD * 89 // 100)
    done = seller.liquidate([OTHER, TRADER, TRADER], KEEPER)
    assert [x.reason for x in done] == [3, 0, 1]
    assert venue.account(KEEPER).cash == done[1].reward > 0
    assert seller.lots[WETH].start == venue.time * SECOND
    assert [x.reason for x in seller.liquidate([TRADER], TRADER)] == [4]


def test_k():
    venue, seller = desk()
    assert seller.keeper_cost(10**10) == 3 * WAD
    seller.set_terms(Terms(WAD, 100_000, ETH, 60))
    assert seller.keeper_cost(10**9) == WAD + 3 * WAD // 10  # 1e5 gas at 1 gwei: 1e-4 of 3,000
    assert seller.keeper_cost(10**12) == venue.params.keeper_cap
