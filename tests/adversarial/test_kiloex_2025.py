"""KiloEx, April 2025: the price keeper trusted a forwarder, and the forwarder carried anybody's calls in anybody's name, so an attacker
set the price, opened, set it again and closed; 7 million dollars left.

Here no function takes a price and no contract speaks for another's caller (O-2, I-24): a random key may call the whole ABI of every
contract with sensible and with random arguments, only a written list succeeds, and nothing of anybody else moves (I-27, I-28)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import boa
import pytest

from tests.adversarial.arena import BTC, ETH, USDC, Arena
from tests.adversarial.reentry import (
    CHANGING,
    Call,
    arbitrary,
    calls,
    configurator,
    contracts,
    forwarded,
    plausible,
)
from tests.support.venue import MAX, account_of, load
from tests.support.words import WAD

State = dict[str, int]
# What a stranger with money may do. A new function that lets him in is a failure until it is written here.
ALLOWED = {f"PositionManager.{f}" for f in ("deposit", "deposit_with_permit", "withdraw", "transfer", "poke")}
ALLOWED |= {
    "PositionManager.settle_loss",
    "PositionManager.convert_collateral",
    "PositionManager.close_fraction",
    "PositionManager.priced_leg",
}
ALLOWED |= {f"OrderBook.{f}" for f in ("submit", "cancel", "execute", "clear_expired")}
ALLOWED |= {f"Liquidator.{f}" for f in ("liquidate", "buy_collateral", "observe")}
ALLOWED |= {
    f"LiquidityPool.{f}" for f in ("deposit", "mint", "withdraw", "redeem", "approve", "request_exit")
}
ALLOWED |= {f"LiquidityPool.{f}" for f in ("transfer", "transferFrom", "permit")}
ALLOWED |= {"OracleAdapter.refresh", "Waterfall.alarm"}
# Somebody else may gain by these: a present to an account, shares bought at a rounded-up price, a keeper's work, inventory sold.
GENEROUS = {f"PositionManager.{f}" for f in ("deposit", "deposit_with_permit")} | {
    "Liquidator.buy_collateral"
}
GENEROUS |= {
    f"LiquidityPool.{f}" for f in ("deposit", "mint", "withdraw", "redeem", "transfer", "transferFrom")
}


def sweep(
    made: list[Call], sender: str, state: Callable[[], State]
) -> Iterator[tuple[str, set[str], set[str]]]:
    """(name, what fell, what changed) of each call that succeeds; every call on its own."""
    before = state()
    for call in made:
        with boa.env.anchor():
            if boa.env.execute_code(call.target, sender=sender, data=call.data).is_error:
                continue
            after = state()
            fell = {k for k in before if after[k] < before[k]}
            yield call.name, fell, {k for k in before if after[k] != before[k]}


# ---- the naive book ------------------------------------------------------------------------------


def test_the_sweep_finds_the_forwarder() -> None:
    book = load("tests/contracts/naive/ForwardedBook.vy", 1_000)
    stranger, victim = (str(boa.env.generate_address(n)) for n in ("stranger", "victim"))
    book.fund(victim, 5_000)
    book.trade(5, sender=victim)
    handles = {"book": book}
    made = calls(handles, plausible({"price": 900}, {}), *CHANGING)
    found = list(sweep(made + forwarded(handles, made), stranger, lambda: {"equity": book.equity(victim)}))
    assert ("ForwardedBook.forward", {"equity"}, {"equity"}) in found
    assert "ForwardedBook.set_price" not in {name for name, _, _ in found}


# ---- the venue -----------------------------------------------------------------------------------


def rules(arena: Arena) -> State:
    """Prices and everything that only a role may change, as numbers that must stay."""
    venue = arena.manager.venue_words()
    found = {f"venue {i}": venue[i] for i in (0, 1, 4, 5)}
    for i, m in enumerate(arena.manager.market_words(venue[5])):
        found |= {f"market {i} {n}": getattr(m, n) for n in ("terms", "limits", "risk")}
    found |= {f"price {i}": w % 2**96 for i, w in enumerate(arena.oracle.words(venue[5]))}
    for name, handle in contracts(arena).items():
        for getter in {"owner", "pending_owner"} & set(dir(handle)):
            found[f"{name} {getter}"] = int(str(getattr(handle, getter)()), 16)
    found["terms"] = hash((tuple(arena.liquidations.terms()), tuple(arena.orders.timing(ETH))))
    found["fee"] = arena.orders.keeper_fee()
    return found | {f"role {x}": arena.manager.roles(x) for x in (arena.order_book, arena.liquidator)}


def holdings(arena: Arena, people: dict[str, int]) -> State:
    """What each of the people has: wallet, shares and their worth, and everything of the account."""
    found: State = {}
    for role, account in people.items():
        user = "0x" + (account >> 96).to_bytes(20, "big").hex()
        word, held = arena.vault.snapshot(account)
        equity, _, maintenance, _ = arena.manager.account_health(account)
        shares = arena.shares.balanceOf(user)
        numbers = {"cash": arena.manager.cash(account), "equity": equity, "slack": equity - maintenance}
        numbers |= {
            "shares": shares,
            "worth": shares and arena.shares.convertToAssets(shares),
            "bits": word >> 128,
        }
        numbers |= {f"held {i}": x for i, x in enumerate(held)}
        numbers |= {f"wallet {i}": t.balanceOf(user) for i, t in enumerate([arena.quote, *arena.tokens])}
        for market in (BTC, ETH):
            base, quote = arena.manager.position(account, market)
            numbers |= {f"size {market}": abs(base), f"side {market}": base > 0, f"quote {market}": quote}
        found |= {f"{role} {k}": int(v) for k, v in numbers.items()}
    return found


@pytest.fixture(scope="module")
def stage(deployed: dict[str, Arena], who: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """A trader with a winning book and an order, an LP, inventory for sale; a rich stranger with a random key."""
    arena = replace(deployed["with fees"])
    with boa.env.anchor():
        arena.configuration = configurator(arena)
        yield populate(arena, who)


def populate(arena: Arena, who: SimpleNamespace) -> SimpleNamespace:
    """The people, and what they have."""
    stranger = str(boa.env.generate_address("stranger"))
    first = arena.deposit(who.victim, 100_000 * USDC)
    arena.deposit(who.victim, 10 * WAD, arena.tokens[1])
    arena.trade(first, BTC, WAD)
    arena.trade(first, ETH, 5 * WAD)
    arena.prices = list(arena.prices)
    arena.set_price(BTC, 51_000 * WAD)
    arena.set_price(ETH, 2_100 * WAD)
    arena.submit(who.victim, arena.order(first, ETH, -WAD))
    giver = arena.deposit(who.trader, WAD, arena.tokens[1])
    arena.vault.shift(giver, arena.pool_account, 1, WAD, sender=arena.manager.address)
    arena.liquidations.observe()
    for token in (arena.quote, arena.tokens[1]):
        token.mint(stranger, 10**6 * USDC if token == arena.quote else 100 * WAD)
        for spender in (arena.vault, arena.shares):
            token.approve(spender.address, MAX, sender=stranger)
    own = account_of(stranger)
    for token, amount in ((arena.quote, 1_000 * USDC), (arena.tokens[1], WAD)):
        arena.manager.deposit(own, token.address, amount, sender=stranger)
    arena.trade(own, ETH, WAD // 10)
    arena.shares.deposit(1_000 * USDC, stranger, sender=stranger)
    arena.shares.approve(stranger, MAX, sender=stranger)
    mine = arena.order(own, ETH, WAD // 10, 1)
    arena.submit(stranger, mine)
    for market in (BTC, ETH):
        arena.manager.poke(market)
    others = {"victim": first, "lp": account_of(arena.lp), "cover": arena.cover_account}
    return SimpleNamespace(
        arena=arena, stranger=stranger, own=own, first=first, victim=who.victim, order=mine, others=others
    )


def sensible(s: SimpleNamespace, theirs: bool) -> list[Call]:
    """Every function for the stranger's own things, or for the victim's; and inside everything that takes bytes."""
    arena, made = s.arena, []
    account, owner = (s.first, s.victim) if theirs else (s.own, s.stranger)
    labels = {"account": account, "from_account": account, "accounts": [s.first], "to_account": s.own + 1}
    labels |= {"owner": owner, "payer": owner, "buyer": owner, "keeper": s.own, "reward_account": s.own}
    labels |= {"market": ETH, "id": ETH, "asset": 1, "ids": 3, "kind": 0, "price_update": [], "data": b""}
    labels |= {"f": WAD, "max_price": 2**255, "role": 1, "holder": s.stranger, "market_id": ETH}
    for salt, token in ((1, arena.quote), (2, arena.tokens[1])):
        order = s.order if theirs else (s.own, ETH, WAD // 10, MAX, False, salt)
        amount = USDC if token == arena.quote else WAD // 100
        extra = {"token": token.address, "order": order, "orders": [order]}
        extra |= dict.fromkeys(("amount", "assets", "tokens", "max_amount"), amount)
        made += calls(contracts(arena), plausible(labels | extra, {"address": s.stranger}), *CHANGING)
    return list(dict.fromkeys(made))


def check(s: SimpleNamespace, made: list[Call]) -> set[str]:
    """Sweep, hold everything against the list, and return what succeeded."""
    found = set()
    state = lambda: holdings(s.arena, s.others) | rules(s.arena)  # noqa: E731
    fixed = set(rules(s.arena))
    for name, fell, changed in sweep(made, s.stranger, state):
        found.add(name)
        assert not fell, (name, fell)
        assert not changed & fixed, (name, changed)
        # LPs may earn from what the stranger does with his own
        assert changed <= {"lp worth"} or name in GENEROUS, (name, changed)
    assert found <= ALLOWED
    return found


def test_sensible_arguments(stage: SimpleNamespace) -> None:
    mine, theirs = sensible(stage, False), sensible(stage, True)
    succeeded = check(stage, mine) | check(stage, theirs)
    # a signature and a debt are what the stranger lacks; the rest of the list is not there for nothing
    assert ALLOWED - succeeded <= {"LiquidityPool.permit", "PositionManager.convert_collateral"}


def test_as_the_payload_of_another_call(stage: SimpleNamespace) -> None:
    made = forwarded(contracts(stage.arena), sensible(stage, True))
    assert len(made) > 50
    check(stage, made)


@pytest.mark.parametrize("seed", range(2))
def test_random_arguments(stage: SimpleNamespace, seed: int) -> None:
    arena = stage.arena
    places = [stage.stranger, stage.victim, arena.lp, *(h.address for h in contracts(arena).values())]
    places += [arena.quote.address, *(t.address for t in arena.tokens)]
    numbers = [stage.first, stage.own, arena.pool_account, arena.cover_account, USDC, WAD, MAX, 2**128]
    values: Any = arbitrary(random.Random(seed), places, numbers)
    made = [c for _ in range(2) for c in calls(contracts(arena), values, *CHANGING)]
    assert check(stage, made)
