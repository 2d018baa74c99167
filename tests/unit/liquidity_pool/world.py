"""A venue with its real LiquidityPool, the people in it, and the pool's state worked out from the traders' side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boa

from tests.support.venue import MAX, Venue, build
from tests.support.words import WAD, Setup

ROOT = Path(__file__).resolve().parents[3]
BTC, ETH, SOL, LINK, DOGE = range(5)
_COMPILED: dict[str, Any] = {}


def compiled(path: str) -> Any:
    """A contract of the repository, compiled once a process."""
    if path not in _COMPILED:
        _COMPILED[path] = boa.load_partial(str(ROOT / path))
    return _COMPILED[path]


@dataclass
class World:
    """`v`: the venue, whose pool address carries the real contract. Amounts of helpers in token units unless they say WAD."""

    v: Venue
    pool: Any
    lp: str
    trader: str
    outsider: str

    @property
    def digits(self) -> int:
        """Decimals of the quote."""
        return self.v.setup.quote_decimals

    def units(self, quote: int) -> int:
        """Token units of whole quote."""
        return quote * 10**self.digits

    def give(self, user: str, tokens: int) -> None:
        """Mint quote to a user who lets the pool take it."""
        self.v.quote.mint(user, tokens)
        self.v.quote.approve(self.pool.address, MAX, sender=user)

    def enter(self, user: str, tokens: int) -> int:
        """Deposit fresh tokens; returns the shares."""
        self.give(user, tokens)
        return self.pool.deposit(tokens, user, sender=user)

    def account(self, name: str, quote: int) -> int:
        """A further trader's account with so much whole quote."""
        return self.v.deposit(boa.env.generate_address(name), self.units(quote))

    def trade_quote(self, account: int, market: int, quote: int) -> Any:
        """Buy (or sell, negative) for about so much whole quote at the mark."""
        size = quote * WAD * WAD // self.v.prices[market] // 10**10 * 10**10
        return self.v.trade(account, market, size)

    def state(self) -> Any:
        """pool_state()."""
        return self.pool.pool_state()

    def exits(self, net: int, gross: int) -> None:
        """Set the exit caps (bps)."""
        self.v.configure(1, 0, self.v.setup.rates.word(exit_net=net, exit_gross=gross))


def world(setup: Setup | None = None, capital: int = 10_000_000) -> World:
    """`capital`: what the first LP put in, whole quote; 0 leaves the pool untouched."""
    v = build(setup)
    pool = compiled("contracts/LiquidityPool.vy").deploy(
        v.manager.address, "Liquidity of the venue", "LPV", override_address=v.pool
    )
    names = (boa.env.generate_address(n) for n in ("lp", "trader", "outsider"))
    w = World(v, pool, *names)
    if capital:
        w.enter(w.lp, w.units(capital))
    return w


def busy(w: World) -> list[int]:
    """Three traders with skews in three markets; returns their accounts."""
    accounts = [w.account(f"trader {i}", 2_000_000) for i in range(3)]
    w.trade_quote(accounts[0], BTC, 8_000_000)
    w.trade_quote(accounts[0], ETH, -3_000_000)
    w.trade_quote(accounts[1], ETH, 1_000_000)
    w.trade_quote(accounts[1], SOL, -700_000)
    w.trade_quote(accounts[2], BTC, -2_000_000)
    w.trade_quote(accounts[2], SOL, 200_000)
    return accounts


# ---- the pool, worked out from what the traders hold ------------------------------------------------


def positions(w: World, accounts: list[int]) -> dict[int, tuple[int, int]]:
    """Market to (long, short) open interest in WAD base."""
    found = {}
    for market in range(len(w.v.setup.markets)):
        bases = [w.v.manager.position(a, market)[0] for a in accounts]
        found[market] = (sum(b for b in bases if b > 0), -sum(b for b in bases if b < 0))
    return found


def premium_up(w: World, accounts: list[int]) -> int:
    """Σ ⌈P·skew²/(2K)⌉ of U-0, WAD."""
    total = 0
    for market, (long, short) in positions(w, accounts).items():
        scale = w.v.setup.markets[market].scale * 10**10
        total -= -w.v.prices[market] * (long - short) ** 2 // (2 * scale * WAD)
    return total


def requirements(w: World, accounts: list[int]) -> tuple[float, float]:
    """Net and gross of U-1 in quote, without inventory, in floating point."""
    common = squares = h = gross = 0.0
    for market, (long, short) in positions(w, accounts).items():
        m = w.v.setup.markets[market]
        n = w.v.prices[market] * (short - long) / 1e36
        common += m.beta / 1e4 * n
        squares += (m.sigma / 1e4 * n) ** 2
        h += m.w / 1e4 * abs(n)
        gross += m.w / 1e4 * w.v.prices[market] * max(long, short) / 1e36
    kappa = w.v.setup.venue.kappa / 1e4
    return max((common**2 + squares) ** 0.5, kappa * h), gross


def share_price_fell(before: tuple[int, int], after: tuple[int, int], virtual: int) -> bool:
    """Whether (totalAssets + 1) / (supply + virtual) fell, exactly."""
    return (after[0] + 1) * (before[1] + virtual) < (before[0] + 1) * (after[1] + virtual)
