"""Against our own rule: the discount of the inventory grows with its age. Where every sale starts the clock anew, a unit bought now and then keeps the
price at the mark and the pool's ether unsold in a falling market; where every arrival does, so does a unit converted. A sale takes its share of the
age along and an arrival brings its share of youth: dust weighs what dust is.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import ETH, HOUR, USDC, Arena
from tests.support.words import WAD

WETH = 1
ROUNDS = 30


@dataclass
class NaiveAuction:
    """Starts anew with every sale and every arrival; the price of the real one otherwise."""

    arena: Arena
    start: int = 0

    def touched(self) -> None:
        self.start = boa.env.timestamp

    def price(self) -> int:
        age = min(boa.env.timestamp - self.start, HOUR)
        discount = self.arena.setup.assets[WETH].discount
        return self.arena.prices[ETH] * (10_000 * HOUR - discount * age) // (10_000 * HOUR)


@pytest.fixture
def stock(arena: Arena, who: SimpleNamespace) -> int:
    """Ether that the pool has just taken over."""
    account = arena.deposit(who.victim, 100 * 10**18, arena.tokens[WETH])
    arena.trade(account, ETH, 800 * WAD)
    arena.set_price(ETH, 1_830 * WAD)
    assert arena.liquidated(account, who.keeper).reason == 0
    arena.fund(who.attacker, 1_000_000 * USDC)
    return arena.vault.collateral(arena.pool_account, WETH)


def price(arena: Arena) -> int:
    return arena.liquidations.inventory_price(arena.tokens[WETH].address)[0]


def buy(arena: Arena, user: str, amount: int) -> tuple[int, int]:
    """Units bought and paid."""
    return arena.liquidations.buy_collateral(
        arena.tokens[WETH].address, amount, 2**255, user, b"", sender=user
    )


def arrive(arena: Arena, who: SimpleNamespace, amount: int) -> None:
    """So much more for the pool, as by a conversion, and seen."""
    account = arena.deposit(who.second, amount, arena.tokens[WETH])
    arena.vault.shift(account, arena.pool_account, WETH, amount, sender=arena.manager.address)
    arena.liquidations.observe(sender=who.second)


def test_a_clock_that_any_sale_starts_never_gets_far(arena: Arena, who: SimpleNamespace, stock: int) -> None:
    naive = NaiveAuction(arena, boa.env.timestamp)
    for _ in range(ROUNDS):
        arena.warp(HOUR // ROUNDS)
        naive.touched()
    arena.warp(HOUR // ROUNDS)
    assert naive.price() > arena.prices[ETH] * 997 // 1_000


def test_dust_bought_moves_nothing(arena: Arena, who: SimpleNamespace, stock: int) -> None:
    """The price after an hour of it is, to its last unit, what it is without."""
    with boa.env.anchor():
        arena.warp(HOUR // ROUNDS * ROUNDS)
        untouched = price(arena)
    assert untouched == arena.prices[ETH] * 93 // 100
    for _ in range(ROUNDS):
        arena.warp(HOUR // ROUNDS)
        buy(arena, who.attacker, 10**6)
    assert untouched <= price(arena) <= untouched + untouched // 10**9


@pytest.mark.parametrize(("amount", "bps"), [(10**6, 0), (10**15, 5)])
def test_nor_does_dust_that_arrives(
    arena: Arena, who: SimpleNamespace, stock: int, amount: int, bps: int
) -> None:
    """A thousandth of an ether a time costs him more than it moves: thirty of them the price of a hundredth of one percent."""
    for _ in range(ROUNDS):
        arena.warp(HOUR // ROUNDS)
        arrive(arena, who, amount)
    floor = arena.prices[ETH] * 93 // 100
    assert floor <= price(arena) <= floor + arena.prices[ETH] * bps // 10_000 + floor // 10**9


@pytest.mark.parametrize("pieces", [2, 7])
def test_nor_is_it_cheaper_in_pieces(arena: Arena, who: SimpleNamespace, stock: int, pieces: int) -> None:
    """Whoever buys a part makes the rest dearer, never cheaper."""
    arena.warp(HOUR // 2)
    with boa.env.anchor():
        _, whole = buy(arena, who.attacker, stock)
    paid = last = 0
    for _ in range(pieces):
        now = price(arena)
        assert now >= last
        last = now
        paid += buy(arena, who.attacker, stock // pieces)[1]
    assert paid >= whole * (stock // pieces * pieces) // stock


def test_the_whole_lot_again_has_no_age(arena: Arena, who: SimpleNamespace, stock: int) -> None:
    arena.warp(HOUR)
    buy(arena, who.attacker, stock)
    arrive(arena, who, WAD)
    assert price(arena) == arena.prices[ETH]
