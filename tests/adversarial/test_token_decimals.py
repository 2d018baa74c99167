"""Tokens of 2 to 24 decimals: venues that convert in the wrong direction, or a factor of 10^12 off, have paid out more than they took in
(Cetus, May 2025: one token bought liquidity worth millions through a rounding in the wrong place).

Here amounts at the door are whole multiples or refused, and everything is rounded against whoever is paid (I-23, L-1, spec 1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import BTC, ETH, Arena, build
from tests.support.words import WAD, AssetParams, Setup

# decimals of the quote and of the collateral; the second one is priced as ether
PAIRS = [(2, 24), (6, 8), (8, 6), (18, 18), (24, 2)]


def venue(quote: int, asset: int) -> Arena:
    """A venue with such tokens and an LP."""
    assets = (AssetParams("A", asset, 0, 500), AssetParams("B", asset, 1, 700))
    arena = build(replace(Setup(), quote_decimals=quote, assets=assets), capital=0)
    arena.lp_in(arena.lp, 10**7 * 10**quote)
    return arena


@pytest.fixture(scope="module", params=PAIRS, ids=lambda p: f"quote{p[0]}-asset{p[1]}")
def deployment(request: pytest.FixtureRequest) -> Iterator[tuple[Arena, int, int]]:
    """The venue, the quote's decimals, the collateral's."""
    with boa.env.anchor():
        yield venue(*request.param), *request.param


@pytest.fixture
def pair(deployment: tuple[Arena, int, int]) -> tuple[Arena, int, int]:
    """The same with the prices it was deployed with."""
    arena = deployment[0]
    arena.prices[:] = [m.price for m in arena.setup.markets]
    return deployment


def wad(tokens: int, decimals: int) -> Fraction:
    """Exact WAD of token units."""
    return Fraction(tokens * WAD, 10**decimals)


def checked(arena: Arena, quote: int, asset: int, accounts: list[int]) -> None:
    """L-1 and I-1: balances sum to what was credited, and the tokens are there to the unit."""
    everybody = [*accounts, arena.pool_account, arena.cover_account]
    cash = sum(arena.manager.cash(a) for a in everybody)
    assert cash == arena.vault.credited(255) == wad(arena.quote.balanceOf(arena.vault.address), quote)
    held = sum(arena.vault.collateral(a, 1) for a in everybody)
    assert held == arena.vault.credited(1) == wad(arena.tokens[1].balanceOf(arena.vault.address), asset)


def test_the_naive_conversion_gives_away() -> None:
    # 24 decimals, credit rounded up; 2 decimals, cost rounded down
    dust = 10**6 - 1
    credited = -(-dust // 10**6)
    assert credited * 10**6 - dust == 1
    amount, price = WAD // 10**6, 2_000 * WAD  # a millionth of an ether is worth 0.2 cents
    cost = amount * price // WAD * 10**2 // WAD
    assert cost == 0 < Fraction(amount * price, WAD * WAD)


def test_there_and_back(pair: tuple[Arena, int, int], who: SimpleNamespace) -> None:
    arena, *decimals = pair
    for token, d in ((arena.quote, decimals[0]), (arena.tokens[1], decimals[1])):
        unit = 10 ** max(d - 18, 0)
        for amount in (unit, 7 * unit, 10**d // unit * unit + unit, 123_456_789 * unit):
            account = arena.deposit(who.trader, amount, token)
            held = arena.manager.cash(account) + arena.vault.collateral(account, 1)
            assert held == wad(amount, d)
            with boa.reverts("vault: insufficient balance"):
                arena.manager.withdraw(account, token.address, amount + unit, who.trader, sender=who.trader)
            arena.manager.withdraw(account, token.address, amount, who.trader, sender=who.trader)
            assert token.balanceOf(who.trader) == amount
            token.transfer(who.outsider, amount, sender=who.trader)
        if unit > 1:
            arena.fund(who.trader, unit, token)
            for amount in (1, unit - 1):
                with boa.reverts("vault: amount granularity"):
                    arena.manager.deposit(account, token.address, amount, sender=who.trader)
    checked(arena, *decimals, [account])


def test_handed_over_and_sold(pair: tuple[Arena, int, int], who: SimpleNamespace) -> None:
    arena, quote, asset = pair
    price = 1_913_777_777_77 * 10**10
    account = arena.deposit(who.trader, 3 * 10**asset, arena.tokens[1])
    arena.trade(account, BTC, WAD // 2)
    arena.set_price(ETH, price)
    arena.set_price(BTC, 40_123 * WAD)
    assert arena.liquidated(account, who.keeper).reason == 0
    keeper = int(who.keeper, 16) << 96
    mine = int(who.outsider, 16) << 96
    checked(arena, quote, asset, [account, keeper])
    stock = arena.vault.collateral(arena.pool_account, 1)
    assert 0 < stock <= 3 * WAD
    arena.fund(who.outsider, 10**6 * 10**quote)
    unit = 10 ** max(asset - 18, 0)
    for age, amount in ((0, unit), (600, 7 * unit), (1_800, 10**asset // 3), (3_600, 2**127)):
        arena.warp(age)
        ask, left = arena.liquidations.inventory_price(arena.tokens[1].address)
        if left == 0:
            break
        bought, cost = arena.liquidations.buy_collateral(
            arena.tokens[1].address, amount, ask, who.outsider, b"", sender=who.outsider
        )
        assert 0 < bought <= min(amount, left)
        exact = wad(bought, asset) * ask / WAD
        assert exact <= wad(cost, quote) < exact + 1 + Fraction(WAD, 10**quote)
        assert ask >= price * 93 // 100
        checked(arena, quote, asset, [account, keeper, mine])
    assert arena.quote.balanceOf(who.outsider) < 10**6 * 10**quote


def test_lp_shares(pair: tuple[Arena, int, int], who: SimpleNamespace) -> None:
    arena, quote, asset = pair
    third = 10**17 // 3
    arena.vault.post(arena.cover_account, arena.pool_account, third, 0, 0, 0, 0, sender=arena.manager.address)
    unit = 10 ** max(quote - 18, 0)
    for amount in (unit, 3 * unit, 10**quote):
        with boa.env.anchor():
            arena.lp_in(who.outsider, amount)
            most = arena.shares.maxRedeem(who.outsider)
            if most:
                arena.shares.redeem(most, who.outsider, who.outsider, sender=who.outsider)
            assert arena.quote.balanceOf(who.outsider) <= amount
            checked(arena, quote, asset, [])
