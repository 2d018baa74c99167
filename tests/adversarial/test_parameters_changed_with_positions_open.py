"""Parameters changed under open positions: GMX, Synthetix and Compound (proposal 62, September 2021: 80 million dollars given away by a
changed distribution) were all hit by a setter that re-read the past with the new value.

Here a setter takes effect from its second on (F-1 accrues first), moves nobody's equity but where a discount says what collateral
is worth (M-4), keeps the sums of the books (I-2 to I-4), and never locks anybody in (I-26)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import boa
import pytest

from tests.adversarial.arena import BTC, ETH, USDC, Arena
from tests.adversarial.reentry import configurator
from tests.support.venue import load
from tests.support.words import WAD

MICRO, LOT, WETH = 10**12, 10**10, 1
# hard bounds of parameters.vy and the unit; what other parameters leave of them is found by trying
VENUE = {
    "im_factor": (10_000, 50_000, 1),
    "h": (10_001, 30_000, 1),
    "kappa": (3_000, 10_000, 1),
    "profit_weight": (0, 9_999, 1),
    "p_max": (1, 1_000, 1),
    "keeper_part": (0, 10_000, 1),
    "warning": (10_000, 50_000, 1),
    "exec_band": (1, 5_000, 1),
    "min_margin": (MICRO, 10_000 * WAD, MICRO),
    "keeper_cap": (0, 5_000 * WAD, MICRO),
}
RATES = {
    "cap_net": (1, 5_000, 1),
    "cap_gross": (1, 10_000, 1),
    "exit_cap_net": (1, 5_000, 1),
    "exit_cap_gross": (1, 10_000, 1),
    "borrow_base": (0, 2**14 - 1, 1),
    "borrow_slope1": (0, 2**16 - 1, 1),
    "borrow_slope2": (0, 2**16 - 1, 1),
    "borrow_kink": (0, 10_000, 1),
    "pool_cooldown": (0, 30 * 86_400, 60),
    "cover_cooldown": (3_600, 30 * 86_400, 60),
    "cover_share": (1, 10_000, 1),
    "adl_ratio": (10_000, 50_000, 1),
}
MARKET = {
    "beta": (0, 4_095, 1),
    "sigma": (0, 4_095, 1),
    "clamp": (0, 5_000, 1),
    "velocity": (0, 10_000, 1),
    "skew_scale": (LOT, LOT * (2**64 - 1), LOT),
    "taker": (0, 10_000, 1),
    "maker": (0, 10_000, 1),
    "spread": (0, 50_000, 1),
    "p_min": (0, 1_000, 1),
    "oi_low": (0, 9_999, 1),
    "oi_high": (1, 10_000, 1),
    "oi_cap": (0, 200, 1),
    "max_oi": (0, LOT * (2**72 - 1), LOT),
    "max_oi_quote": (0, 2**96 - 1, 1),
    "share": (0, 2**16 - 1, 1),
    "min_notional": (MICRO, 100_000 * WAD, MICRO),
}
COLLATERAL = {"discount": (0, 5_000, 1), "cap": (0, 2**96 - 1, 1)}
GROUPS = {"venue": VENUE, "rates": RATES, "market": MARKET, "collateral": COLLATERAL}


@pytest.fixture(scope="module")
def stage(deployed: dict[str, Arena], who: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """A skewed market with a funding payer and a receiver, collateral, inventory, a debt, and an hour since the last touch."""
    arena = replace(deployed["with fees"], prices=list(deployed["with fees"].prices))
    with boa.env.anchor():
        rules = configurator(arena)
        # the arena's rates word says nothing of these
        more = {"cover_cooldown": 259_200, "cover_share": 2_500, "adl_ratio": 30_000}
        rules.set_rates(tuple((rules.rates()._asdict() | more).values()), sender=arena.owner)
        # one more token, so that it knows the first two
        token = load("tests/contracts/tokens/StandardToken.vy", 18)
        rules.list_collateral(token.address, BTC, 0, 0, sender=arena.owner)
        accounts = [arena.deposit(u, 200_000 * USDC) for u in (who.trader, who.victim)]
        arena.deposit(who.trader, 20 * WAD, arena.tokens[WETH])
        hedged = arena.deposit(who.outsider, 500_000 * USDC)
        arena.trade(accounts[0], ETH, 300 * WAD)
        arena.trade(accounts[1], ETH, -100 * WAD)
        arena.trade(accounts[1], BTC, 2 * WAD)
        arena.trade(hedged, BTC, -WAD)
        arena.vault.shift(accounts[0], arena.pool_account, WETH, WAD, sender=arena.manager.address)
        arena.warp(3_600)
        yield SimpleNamespace(arena=arena, rules=rules, accounts=[*accounts, hedged])


def setter(s: SimpleNamespace, group: str, name: str) -> tuple[int, Callable[[int], None]]:
    """The value in force, and how to change it alone."""
    owner = s.arena.owner
    if group == "collateral":
        now = s.rules.collateral(WETH)
        rest = {"discount": now.discount, "cap": now.cap}
        return rest[name], lambda x: s.rules.set_collateral(WETH, *(rest | {name: x}).values(), sender=owner)
    if group == "market":
        now, change = s.rules.market(ETH), lambda t: s.rules.set_market(ETH, t, sender=owner)
    else:
        now = getattr(s.rules, group)()
        change = lambda t: getattr(s.rules, f"set_{group}")(t, sender=owner)  # noqa: E731
    return getattr(now, name), lambda x: change(tuple((now._asdict() | {name: x}).values()))


def accepted(change: Callable[[int], None], value: int) -> bool:
    """Whether the Configurator takes a value; nothing is left of it."""
    with boa.env.anchor():
        try:
            change(value)
        except boa.BoaError:
            return False
    return True


def end(now: int, bound: int, unit: int, change: Callable[[int], None]) -> int:
    """The value furthest towards the bound that is accepted beside the other parameters, to one part in 128."""
    if accepted(change, bound):
        step = unit if bound > now else -unit
        assert bound + step < 0 or not accepted(change, bound + step), "beyond the hard bound"
        return bound
    good, bad = now // unit, bound // unit
    while abs(good - bad) > 1 and abs(good - bad) > max(good, bad) >> 7:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if accepted(change, middle * unit) else (good, middle)
    return good * unit


def equities(s: SimpleNamespace) -> list[int]:
    """Of all traders, the cover fund, and the pool with the premium it holds back."""
    found = [s.arena.manager.account_health(a)[0] for a in (*s.accounts, s.arena.cover_account)]
    return [*found, s.arena.shares.pool_state().equity]


def sums(s: SimpleNamespace) -> None:
    """I-2 to I-4 over everybody."""
    arena = s.arena
    everybody = [*s.accounts, arena.pool_account, arena.cover_account]
    assert sum(arena.manager.cash(a) for a in everybody) == arena.vault.credited(255)
    assert sum(arena.vault.collateral(a, WETH) for a in everybody) == arena.vault.credited(WETH)
    debt = sum(max(0, -arena.manager.cash(a)) for a in everybody)
    assert debt == arena.vault.debt()
    for market, words in zip((BTC, ETH), arena.manager.market_words(3)):
        held = [arena.manager.position(a, market) for a in s.accounts]
        long, short = words.book % 2**72, words.book >> 72 & (2**72 - 1)
        assert sum(b for b, _ in held if b > 0) == long * LOT
        assert -sum(b for b, _ in held if b < 0) == short * LOT
        quote = words.book >> 144
        assert sum(q for _, q in held) == quote - (quote >> 111 << 112)


def collateral_moves(s: SimpleNamespace, change: int) -> list[Fraction]:
    """By how much a discount that rose by `change` bps lowers each equity."""
    price = s.arena.prices[ETH]
    holders = (*s.accounts, s.arena.cover_account, s.arena.pool_account)
    return [Fraction(s.arena.vault.collateral(a, WETH) * price * change, WAD * 10_000) for a in holders]


def all_close(s: SimpleNamespace) -> None:
    """The first by his whole book, the others position by position."""
    owner = "0x" + (s.accounts[0] >> 96).to_bytes(20, "big").hex()
    s.arena.manager.close_fraction(s.accounts[0], WAD, sender=owner)
    for account in s.accounts[1:]:
        for market in (BTC, ETH):
            base = s.arena.manager.position(account, market)[0]
            if base:
                s.arena.trade(account, market, -base)
    assert all(s.arena.manager.legs(a)[0] == 0 for a in s.accounts)


NAMES = [(group, name) for group, fields in GROUPS.items() for name in fields]


def test_every_parameter_is_here(stage: SimpleNamespace) -> None:
    for group in ("venue", "rates"):
        assert set(getattr(stage.rules, group)()._fields) == set(GROUPS[group])
    assert set(stage.rules.market(ETH)._fields) == set(MARKET)
    assert set(stage.rules.collateral(WETH)._fields) == set(COLLATERAL) | {"token", "underlying"}


def test_the_naive_setter_changes_the_past(stage: SimpleNamespace) -> None:
    # F-1 over the hour since the touch, at the velocity of then and at that of now: r = velocity * skew/K * dt
    now = stage.rules.market(ETH)
    skew, hours = Fraction(200 * WAD, now.skew_scale), Fraction(3_600, 86_400)
    paid = [Fraction(v, 1_000) * skew * hours**2 / 2 * 300 * 2_000 for v in (now.velocity, 10_000)]
    assert paid[1] - paid[0] > Fraction(1, 100)  # quote, from 300 ether long


@pytest.mark.parametrize(("group", "name"), NAMES, ids=[f"{g}.{n}" for g, n in NAMES])
def test_to_both_ends(stage: SimpleNamespace, group: str, name: str) -> None:
    now, change = setter(stage, group, name)
    low, high, unit = GROUPS[group][name]
    high = stage.rules.market(ETH).skew_scale if name == "max_oi" else high
    before = equities(stage)
    ends = {end(now, bound, unit, change) for bound in (low, high)}
    assert ends != {now}
    for value in ends:
        with boa.env.anchor():
            change(value)
            moved: list[Any] = [b - a for b, a in zip(before, equities(stage))]
            if name == "discount":
                exact = collateral_moves(stage, value - now)
                assert all(abs(m - e) <= 2 for m, e in zip(moved, exact))
            else:
                assert moved == [0] * len(moved)
            sums(stage)
            all_close(stage)
            sums(stage)
