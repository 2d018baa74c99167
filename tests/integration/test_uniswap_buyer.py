"""Inventory sold by a bot without capital: it buys with `data`, swaps what it got in a real Uniswap v3 pool while the ledger waits, and pays from
the proceeds, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import boa
import pytest

from tests.adversarial.arena import ETH, HOUR, USDC, Arena, build
from tests.support import uniswap
from tests.support.uniswap import Uniswap
from tests.support.venue import load
from tests.support.words import WAD

PRICE = 1_830
FEE = 500
MAX = 2**256 - 1


@dataclass
class Scene:
    """A venue with ether in its inventory, a Uniswap pool at the mark, and the bot with its owner."""

    arena: Arena
    dex: Uniswap
    bot: Any
    owner: str
    stock: int

    @property
    def weth(self) -> Any:
        return self.arena.tokens[1]

    def price(self) -> int:
        """WAD quote that the auction asks for an ether."""
        return self.arena.liquidations.inventory_price(self.weth.address)[0]

    def cost(self, amount: int) -> int:
        """Token units due for so much."""
        return -(-amount * self.price() // (WAD * 10**12))

    def run(self, amount: int = MAX, least: int = 1) -> int:
        return self.bot.run(self.weth.address, amount, MAX, FEE, least, sender=self.owner)

    def worth(self) -> tuple[int, int, int, int]:
        """Quote and ether in the Vault, the pool's cash and inventory."""
        a = self.arena
        held = (a.quote.balanceOf(a.vault.address), self.weth.balanceOf(a.vault.address))
        return *held, a.manager.cash(a.pool_account), a.vault.collateral(a.pool_account, 1)


@pytest.fixture(scope="module")
def built() -> Iterator[Scene]:
    uniswap.artifact("UniswapV3Factory")
    with boa.env.anchor():
        arena = build()
        weth = arena.tokens[1]
        victim, keeper, lp, owner = (
            boa.env.generate_address(n) for n in ("victim", "keeper", "dex lp", "bot owner")
        )
        account = arena.deposit(victim, 100 * WAD, weth)
        arena.trade(account, ETH, 800 * WAD)
        arena.set_price(ETH, PRICE * WAD)
        assert arena.liquidated(account, keeper).reason == 0
        dex = Uniswap.deploy()
        dex.pool(weth, arena.quote, FEE, Fraction(PRICE * USDC, WAD))
        dex.provide(weth, arena.quote, FEE, 20_000 * WAD, 20_000 * PRICE * USDC, lp)
        with boa.env.prank(owner):
            bot = load(
                "tests/contracts/bots/FlashBuyer.vy",
                arena.vault.address,
                arena.liquidations.address,
                dex.router.address,
                arena.quote.address,
            )
        yield Scene(arena, dex, bot, owner, arena.vault.collateral(arena.pool_account, 1))


@pytest.fixture
def scene(built: Scene) -> Iterator[Scene]:
    prices = list(built.arena.prices)
    with boa.env.anchor():
        yield built
    built.arena.prices[:] = prices


def test_buys_swaps_and_pays_without_capital(scene: Scene) -> None:
    """To the unit: the gain is what Uniswap pays less what the auction asks, and the ledger has both sides."""
    arena, stock = scene.arena, scene.stock
    assert stock > 10 * WAD
    arena.warp(HOUR // 2)
    assert scene.price() < PRICE * WAD
    cost = scene.cost(stock)
    proceeds = scene.dex.quote(scene.weth, arena.quote, FEE, stock)
    quote, ether, cash, held = scene.worth()
    for holder in (scene.bot.address, scene.owner):
        assert arena.quote.balanceOf(holder) == scene.weth.balanceOf(holder) == 0
    gain = scene.run()
    assert gain == proceeds - cost > 0
    assert arena.quote.balanceOf(scene.owner) == gain
    assert scene.worth() == (quote + cost, ether - stock, cash + cost * 10**12, held - stock)
    assert held == stock
    for token in (arena.quote, scene.weth):
        assert token.balanceOf(scene.bot.address) == 0


@pytest.mark.parametrize("part", [1, 3, 7])
def test_buys_a_part(scene: Scene, part: int) -> None:
    scene.arena.warp(HOUR // 2)
    amount = scene.stock // 10 * part
    expected = scene.dex.quote(scene.weth, scene.arena.quote, FEE, amount) - scene.cost(amount)
    assert scene.run(amount) == expected > 0
    assert scene.worth()[3] == scene.stock - amount


def test_waits_until_the_discount_pays_for_the_swap(scene: Scene) -> None:
    """At the mark the fee and the impact are a loss, and the whole transaction is undone; later it is not."""
    before = scene.worth()
    with boa.reverts("Too little received"):
        scene.run()
    assert scene.worth() == before
    for _ in range(60):
        scene.arena.warp(HOUR // 60)
        amount = scene.stock
        if scene.dex.quote(scene.weth, scene.arena.quote, FEE, amount) > scene.cost(amount):
            break
        with boa.reverts("Too little received"):
            scene.run()
    assert scene.run() > 0


def test_loses_nothing_to_who_sells_in_front(scene: Scene) -> None:
    arena = scene.arena
    arena.warp(HOUR // 2)
    before = scene.worth()
    scene.dex.swap(scene.weth, arena.quote, FEE, 2_000 * WAD, boa.env.generate_address("in front"))
    with boa.reverts("Too little received"):
        scene.run()
    assert scene.worth() == before
    assert scene.weth.balanceOf(scene.bot.address) == arena.quote.balanceOf(scene.bot.address) == 0


def test_is_woken_by_nobody_else(scene: Scene) -> None:
    data = FEE.to_bytes(32, "big") + bytes(32)
    with boa.reverts("buyer: not the vault"):
        scene.bot.on_inventory(scene.weth.address, 1, 1, data, sender=scene.owner)
    with boa.reverts("buyer: not the owner"):
        scene.bot.run(scene.weth.address, 1, MAX, FEE, 0, sender=boa.env.generate_address("outsider"))
