"""GMX v1, July 2025: the owner of a short was called back with ether in the middle of a close, opened positions past the entry point
that kept the average price, and redeemed GLP at the inflated value that a stored number showed; 42 million dollars left.

Here R is recomputed in every call (U-0), every contract with state is locked while a token moves, views included
(the graph in architecture.md), so that a callback finds nothing to enter (I-16, I-20, I-27)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boa
import pytest

from tests.adversarial.arena import BTC, ETH, USDC, Arena
from tests.adversarial.reentry import CHANGING, Attacker, Call, calls, contracts, plausible, replace_token
from tests.support.venue import MAX, load
from tests.support.words import WAD

WETH = 1
# What a callback may change: bring prices up to date, move its own shares while the pool is not in the call, and be told that
# nothing could be done. It may look at what does not tell of balances.
ALLOWED = {"OracleAdapter.refresh", "OrderBook.execute", "OrderBook.clear_expired", "Liquidator.liquidate"}
ALLOWED |= {f"LiquidityPool.{f}" for f in ("transfer", "transferFrom", "approve")}
# A permit is called before anything has moved: the Vault is not in the call yet.
EARLY = {"permit": {"Vault", "Liquidator.observe"}}
VIEWS = {"Engine", "OracleAdapter", "OrderBook"}
GETTERS = {
    "asset",
    "account",
    "roles",
    "terms",
    "owner",
    "pending_owner",
    "balanceOf",
    "totalSupply",
    "allowance",
    "name",
}
GETTERS |= {
    "threshold",
    "clock",
    "cooldown",
    "pending_exit",
    "symbol",
    "decimals",
    "nonces",
    "DOMAIN_SEPARATOR",
    "eip712Domain",
}
# What the attacker could do at any other moment. Without it a mistake in the arguments would pass for a lock.
POSSIBLE = {
    "PositionManager.deposit",
    "PositionManager.withdraw",
    "PositionManager.transfer",
    "OrderBook.submit",
}
POSSIBLE |= {"PositionManager.close_fraction", "PositionManager.poke", "PositionManager.settle_loss"}
POSSIBLE |= {"OrderBook.cancel", "OrderBook.execute", "Liquidator.liquidate", "Liquidator.buy_collateral"}
POSSIBLE |= {
    f"LiquidityPool.{f}" for f in ("deposit", "mint", "withdraw", "redeem", "totalAssets", "pool_state")
}
POSSIBLE |= {"Vault.cash", "Vault.snapshot", "Vault.totals", "PositionManager.account_health"}


def values(arena: Arena, attacker: Attacker, victim: int, order: Any, token: Any) -> Any:
    """Arguments with which the attacker's own calls work."""
    me = {n: attacker.address for n in ("receiver", "owner", "to", "buyer", "payer", "spender", "holder")}
    labels = me | {
        "account": attacker.account,
        "from_account": attacker.account,
        "to_account": attacker.account + 1,
        "accounts": [victim],
        "token": token.address,
        "order": order,
        "orders": [order],
        "price_update": [],
        "market": ETH,
        "ids": 3,
        "f": WAD // 2,
        "max_price": 2**255,
        "not_before": 1,
        "round_id": 0,
        "data": b"",
    }
    amount = USDC if token == arena.quote else WAD // 100
    labels |= dict.fromkeys(("amount", "assets", "tokens", "max_amount"), amount)
    return plausible(labels, {"address": attacker.address, "bytes32": bytes(32)})


@pytest.fixture(scope="module")
def stage(deployed: dict[str, Arena], who: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The attacker with a book, shares, an order that is due, another that is not; a victim to liquidate; inventory to buy."""
    arena = deployed["with fees"]
    with boa.env.anchor():
        attacker = Attacker()
        weth = arena.tokens[WETH]
        for token, amount in ((arena.quote, 10**6 * USDC), (weth, 10**3 * WAD)):
            token.mint(attacker.address, amount)
            for spender in (arena.vault, arena.shares):
                attacker.act(token, "approve", spender.address, MAX)
        attacker.act(arena.manager, "deposit", attacker.account, arena.quote.address, 10**5 * USDC)
        attacker.act(arena.manager, "deposit", attacker.account, weth.address, 10 * WAD)
        attacker.act(arena.shares, "deposit", 10**5 * USDC, attacker.address)
        attacker.act(arena.shares, "approve", attacker.address, MAX)
        arena.trade(attacker.account, ETH, 20 * WAD)
        # inventory, and a victim without margin, put there by hand: prices stay
        arena.vault.shift(attacker.account, arena.pool_account, WETH, WAD, sender=arena.manager.address)
        arena.liquidations.observe()
        victim = arena.deposit(who.victim, 3_000 * USDC)
        arena.trade(victim, BTC, WAD // 2)
        gone = arena.manager.account_health(victim)[0] - 100 * WAD
        arena.vault.post(victim, arena.pool_account, -gone, 0, 0, 0, 0, sender=arena.manager.address)
        due, fresh = (arena.order(attacker.account, ETH, WAD // 10, salt) for salt in (1, 2))
        attacker.act(arena.orders, "submit", due)
        arena.warp(20)
        attacker.act(arena.orders, "submit", fresh)
        made = calls(contracts(arena), values(arena, attacker, victim, due, arena.quote))
        for salt in (2, 3):  # to cancel, to submit
            order = arena.order(attacker.account, ETH, WAD // 10, salt)
            made += calls(contracts(arena), values(arena, attacker, victim, order, weth), *CHANGING)
        attacker.add(list(dict.fromkeys(made)))
        yield SimpleNamespace(arena=arena, attacker=attacker, victim=victim, weth=weth)


def books(s: SimpleNamespace, people: SimpleNamespace) -> list[int]:
    """All that anybody has, and what the pool is worth."""
    arena = s.arena
    users = [arena.lp, people.victim, s.attacker.address, arena.vault.address, arena.shares.address]
    found = [t.balanceOf(u) for t in (arena.quote, s.weth) for u in users]
    found += [arena.shares.balanceOf(u) for u in users] + [arena.shares.totalSupply()]
    for account in (
        s.attacker.account,
        s.attacker.account + 1,
        s.victim,
        arena.pool_account,
        arena.cover_account,
    ):
        word, held = arena.vault.snapshot(account)
        found += [word, *held, *arena.manager.account_health(account)]
        found += [x for m in (BTC, ETH) for x in arena.manager.position(account, m)]
    return [*found, arena.shares.pool_state().reduced_equity]


FLOWS: dict[str, Callable[[SimpleNamespace], Any]] = {
    "deposit": lambda s: s.attacker.act(
        s.arena.manager, "deposit", s.attacker.account, s.arena.quote.address, 5
    ),
    "deposit collateral": lambda s: s.attacker.act(
        s.arena.manager, "deposit", s.attacker.account, s.weth.address, 5
    ),
    "permit": lambda s: s.attacker.act(
        s.arena.manager,
        "deposit_with_permit",
        s.attacker.account,
        s.weth.address,
        5,
        0,
        27,
        bytes(32),
        bytes(32),
    ),
    "withdraw": lambda s: s.attacker.act(
        s.arena.manager, "withdraw", s.attacker.account, s.arena.quote.address, 5, s.attacker.address
    ),
    "LP entry": lambda s: s.attacker.act(s.arena.shares, "deposit", 10**4 * USDC, s.attacker.address),
    "LP exit": lambda s: s.attacker.act(
        s.arena.shares, "withdraw", 10**4 * USDC, s.attacker.address, s.attacker.address
    ),
    "purchase": lambda s: s.attacker.act(
        s.arena.liquidations, "buy_collateral", s.weth.address, WAD // 9, 2**255, s.attacker.address, b""
    ),
}


def hostile(s: SimpleNamespace) -> None:
    """From now on both tokens call the attacker in every move."""
    for token in (s.arena.quote, s.weth):
        replace_token(token, "tests/contracts/attackers/CallingToken.vy").set_woken(s.attacker.address)


def entered(s: SimpleNamespace, flow: str = "") -> set[str]:
    """What went through in a callback and is not on the list."""
    early = EARLY.get(flow, set())
    found = [c for c, success, _ in s.attacker.outcomes() if success and c.name not in ALLOWED | early]
    return {c.name for c in found if c.changes or not (c.contract in VIEWS | early or is_getter(c.function))}


def is_getter(function: str) -> bool:
    """An immutable's, or of a value that no flow of money changes."""
    return function.isupper() or function in GETTERS


def test_the_naive_pool_pays_more_than_a_share() -> None:
    token = load("tests/contracts/tokens/StandardToken.vy", 6)
    pool = load("tests/contracts/naive/CachedNavPool.vy", token.address)
    victim = str(boa.env.generate_address("victim"))
    data = pool.redeem.prepare_calldata(25)
    attacker = Attacker([Call("CachedNavPool", "redeem", pool.address, data, True)])
    for user in (victim, attacker.address):
        token.mint(user, 50)
        token.approve(pool.address, MAX, sender=user)
        boa.env.execute_code(pool.address, sender=user, data=pool.deposit.prepare_calldata(50))
    replace_token(token, "tests/contracts/attackers/CallingToken.vy").set_woken(attacker.address)
    attacker.contract.arm(True)
    attacker.act(pool, "redeem", 25)
    # all its 50 shares, half of them inside the payment of the other half
    assert pool.shares(attacker.address) == 0
    assert token.balanceOf(attacker.address) == 25 + 25 * 100 // 75 > 50
    assert pool.nav() < 50 == pool.shares(victim)


def test_the_calls_are_good(stage: SimpleNamespace) -> None:
    """Outside of a callback they work: no mistake in the arguments passes for a lock."""
    fine = {c.name for c in stage.attacker.made if stage.attacker.outside(c)[0]}
    assert fine >= POSSIBLE
    assert len({c.contract for c in stage.attacker.made}) >= 7


LP_ENTRY = pytest.param(
    "LP entry",
    marks=pytest.mark.xfail(
        strict=True,
        raises=AssertionError,
        reason="the pool takes the entrant's tokens itself, before the PositionManager and the Vault are in the call: nothing is"
        " half-booked there, and the next test shows no gain, but they can be entered",
    ),
)


@pytest.mark.parametrize("flow", [LP_ENTRY if f == "LP entry" else f for f in FLOWS])
def test_nothing_is_entered_from(stage: SimpleNamespace, who: SimpleNamespace, flow: str) -> None:
    hostile(stage)
    with boa.env.anchor():
        FLOWS[flow](stage)
        calm = books(stage, who)
    stage.attacker.contract.arm(True)
    FLOWS[flow](stage)
    assert stage.attacker.contract.runs() > 0
    assert entered(stage, flow) == set()
    stage.attacker.contract.arm(False)
    assert books(stage, who) == calm


def test_what_an_entrant_does_in_his_entry_is_worth_no_more_than_after_it(
    stage: SimpleNamespace, who: SimpleNamespace
) -> None:
    hostile(stage)
    me, arena = stage.attacker, stage.arena
    with boa.env.anchor():
        FLOWS["LP entry"](stage)
        me.contract.arm(True)
        boa.env.execute_code(me.address, sender=who.outsider, data=b"")
        assert me.contract.runs() > 0
        after = arena.purse(me.address), arena.purse(arena.lp)
    me.contract.arm(True)
    FLOWS["LP entry"](stage)
    assert entered(stage) >= {"PositionManager.withdraw", "PositionManager.close_fraction"}
    assert arena.purse(me.address) <= after[0]
    assert arena.purse(arena.lp) >= after[1]


def test_a_liquidation_calls_nobody(stage: SimpleNamespace, who: SimpleNamespace) -> None:
    hostile(stage)
    stage.attacker.contract.arm(True)
    stage.attacker.act(stage.arena.liquidations, "liquidate", [stage.victim], 0)
    assert stage.arena.manager.position(stage.victim, BTC)[0] == 0
    assert stage.arena.manager.cash(stage.attacker.account) > 0
    assert stage.attacker.contract.runs() == 0


def test_nothing_is_entered_from_the_buyers_callback(stage: SimpleNamespace, who: SimpleNamespace) -> None:
    def buy(data: bytes) -> None:
        args = (stage.weth.address, WAD // 9, 2**255, stage.attacker.address, data)
        stage.attacker.act(stage.arena.liquidations, "buy_collateral", *args)

    with boa.env.anchor():
        buy(b"")
        calm = books(stage, who)
    stage.attacker.contract.arm(True)
    buy(b"swap first")
    assert stage.attacker.contract.runs() > 0
    assert entered(stage) == set()
    assert books(stage, who) == calm
