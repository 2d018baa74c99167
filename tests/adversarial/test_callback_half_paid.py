"""Against our own rule: a buyer of inventory with `data` is called between delivery and payment. In that moment the pool has given ether and got nothing:
its shares are cheap to enter, its utilisation is high, its accounts look short. So nothing that moves or reads the ledger answers in the callback
(I-16, I-27): every function of every contract is tried from inside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import USDC, Arena
from tests.adversarial.reentry import CHANGING, calls, configurator, contracts, plausible
from tests.adversarial.test_gmx_v1_2025 import POSSIBLE, WETH, books, entered, stage, values
from tests.support.venue import load
from tests.support.words import WAD

__all__ = ["stage"]
AMOUNT = WAD // 9


@pytest.fixture
def scene(stage: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The stage of re-entrancy, with lenses and the real Configurator on the attacker's list."""
    arena = stage.arena
    with boa.env.anchor():
        lenses = {"lens": load("contracts/Lens.vy", *_lens_arguments(arena))}
        lenses["configurator"] = configurator(arena)
        order = arena.order(stage.attacker.account, 1, WAD // 10, 4)
        made = calls(lenses, values(arena, stage.attacker, stage.victim, order, arena.quote))
        stage.attacker.add([c for c in made if c not in stage.attacker.made])
        yield stage


def _lens_arguments(arena: Arena) -> tuple[str, ...]:
    quoting = load("contracts/QuoteLens.vy", arena.manager.address, arena.orders.address)
    risk = load("contracts/RiskLens.vy", arena.manager.address)
    own = (arena.manager, arena.orders, arena.liquidations, arena.shares)
    return *(c.address for c in own), quoting.address, risk.address


def buy(s: SimpleNamespace, data: bytes = b"swap first") -> None:
    args = (s.weth.address, AMOUNT, 2**255, s.attacker.address, data)
    s.attacker.act(s.arena.liquidations, "buy_collateral", *args)


def test_half_paid_in_the_open_sells_shares_below_their_worth(arena: Arena, who: SimpleNamespace) -> None:
    """Naive: delivery, the buyer's own calls, payment."""
    arena.deposit(arena.lp, 1_000 * WAD, arena.tokens[WETH])
    stock = arena.deposit(who.outsider, 1_000 * WAD, arena.tokens[WETH])
    buyer = arena.deposit(who.attacker, 2_000_000 * USDC)
    arena.vault.shift(stock, arena.pool_account, WETH, 1_000 * WAD, sender=arena.manager.address)
    before = arena.purse(who.attacker)
    cost = arena.prices[1] * 1_000
    with boa.env.anchor():
        arena.vault.shift(arena.pool_account, buyer, WETH, 1_000 * WAD, sender=arena.manager.address)
        arena.lp_in(who.attacker, 10_000_000 * USDC)
        arena.move(buyer, arena.pool_account, cost)
        assert arena.purse(who.attacker) - before - 10_000_000 * WAD > 900_000 * WAD
    arena.vault.shift(arena.pool_account, buyer, WETH, 1_000 * WAD, sender=arena.manager.address)
    arena.move(buyer, arena.pool_account, cost)
    arena.lp_in(who.attacker, 10_000_000 * USDC)
    assert arena.purse(who.attacker) - before - 10_000_000 * WAD <= 0


def test_nothing_of_the_venue_answers_inside(scene: SimpleNamespace, who: SimpleNamespace) -> None:
    """Allowed are prices brought up to date, transfers of shares, and constants; the books are those of a purchase without a call."""
    tried = {c.name for c in scene.attacker.made}
    assert tried >= {
        "LiquidityPool.deposit",
        "Liquidator.buy_collateral",
        "Waterfall.deleverage",
        "Vault.exchange",
    }
    fine = {c.name for c in scene.attacker.made if scene.attacker.outside(c)[0]}
    assert fine >= POSSIBLE
    with boa.env.anchor():
        buy(scene, b"")
        calm = books(scene, who)
    scene.attacker.contract.arm(True)
    buy(scene)
    assert scene.attacker.contract.runs() == 1
    # what the Configurator remembers are parameters, and no balances
    told = {c.name for c in scene.attacker.made if c.contract == "Configurator" and not c.changes}
    assert entered(scene) - told == set()
    scene.attacker.contract.arm(False)
    assert books(scene, who) == calm


@pytest.mark.parametrize(
    "function",
    [
        "LiquidityPool.deposit",
        "LiquidityPool.redeem",
        "LiquidityPool.totalAssets",
        "LiquidityPool.pool_state",
        "Liquidator.buy_collateral",
        "PositionManager.deposit",
        "PositionManager.withdraw",
        "PositionManager.account_health",
        "Vault.cash",
        "Vault.totals",
    ],
)
def test_what_would_pay_works_outside_and_not_inside(scene: SimpleNamespace, function: str) -> None:
    mine = [c for c in scene.attacker.made if c.name == function]
    assert any(scene.attacker.outside(c)[0] for c in mine)
    scene.attacker.contract.arm(True)
    buy(scene)
    assert not any(success for c, success, _ in scene.attacker.outcomes() if c in mine)


def test_who_does_not_pay_has_bought_nothing(scene: SimpleNamespace) -> None:
    """All is undone if he gives the quote away in between."""
    me, arena = scene.attacker, scene.arena
    before = books(scene, SimpleNamespace(victim=str(boa.env.generate_address("nobody"))))
    me.act(arena.quote, "approve", arena.vault.address, 0)
    with boa.reverts("token: allowance"):
        buy(scene)
    me.act(arena.quote, "approve", arena.vault.address, 2**255)
    assert books(scene, SimpleNamespace(victim=str(boa.env.generate_address("nobody")))) == before


def test_changing_functions_were_all_tried(scene: SimpleNamespace) -> None:
    listed = {c.name for c in calls(contracts(scene.arena), plausible({}, {}), *CHANGING)}
    assert listed <= {c.name for c in scene.attacker.made}
