"""A venue with its real OrderBook, Liquidator and LiquidityPool, and the attacker's purse.

The Configurator is a plain account. `boa` may send as any address, so `trade` fills an order as the OrderBook would at the
mark of this second: an attacker with no latency and no keeper to pay, which is the best that the rules allow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import boa

from tests.support.venue import MAX, QUOTE, Venue, account_of, configure, load
from tests.support.words import WAD, Setup

BTC, ETH, SOL, LINK, DOGE = range(5)
USDC = 10**6
HOUR = 3_600
DAY = 86_400
DELAY, WINDOW, MAX_AGE = 10, 600, 300
EXECUTED, FAILED, SKIPPED = 1, 2, 3
Order = tuple[int, int, int, int, bool, int]


@dataclass(repr=False)
class Arena(Venue):
    """`Venue` with the outer contracts. `lp` owns the first shares."""

    orders: Any = None
    liquidations: Any = None
    shares: Any = None
    cover_shares: Any = None
    lp: str = ""

    # ---- liquidity -----------------------------------------------------------------------------

    def lp_in(self, user: str, tokens: int) -> int:
        """Buy shares with fresh tokens; returns the shares."""
        self.quote.mint(user, tokens)
        self.quote.approve(self.shares.address, MAX, sender=user)
        return self.shares.deposit(tokens, user, sender=user)

    def lp_out(self, user: str) -> int:
        """Redeem as many of a user's shares as the pool lets go; returns token units."""
        most = self.shares.maxRedeem(user)
        return self.shares.redeem(most, user, user, sender=user) if most else 0

    # ---- orders --------------------------------------------------------------------------------

    def order(self, account: int, market: int, size: int, salt: int = 0, **kw: Any) -> Order:
        """An order at any price unless `worst` is given."""
        worst = kw.get("worst", MAX if size > 0 else 0)
        return (account, market, size, worst, kw.get("reduce_only", False), salt)

    def submit(self, user: str, order: Order) -> bytes:
        """Commit an order as its owner."""
        return self.orders.submit(order, sender=user)

    def execute(self, keeper: str, *orders: Order, rounds: Iterable[bytes] = ()) -> list[Any]:
        """Execute; each result is (status, reason)."""
        return self.orders.execute(list(orders), list(rounds), sender=keeper)

    def round_id(self, market: int) -> bytes:
        """Id of a feed's latest round, as `execute` takes it."""
        return self.feeds[market].latest().to_bytes(32, "big")

    # ---- worth ---------------------------------------------------------------------------------

    def equity(self, account: int) -> int:
        """Equity at the mark, collateral counted in full: what a seller outside would get."""
        worth = self.manager.account_health(account)[0]
        for asset, _token in enumerate(self.tokens):
            held = self.vault.collateral(account, asset)
            entry = self.setup.assets[asset]
            price = self.prices[entry.underlying]
            worth += held * price // WAD - held * price * (10_000 - entry.discount) // 10**22
        return worth

    def purse(self, *users: str, subs: int = 3) -> int:
        """All that users own, WAD quote at the mark: tokens, shares, and the first accounts of each."""
        total = 0
        for user in users:
            total += self.quote.balanceOf(user) * 10 ** (18 - self.setup.quote_decimals)
            total += self.shares.convertToAssets(self.shares.balanceOf(user)) * 10 ** (
                18 - self.setup.quote_decimals
            )
            for asset, token in enumerate(self.tokens):
                entry = self.setup.assets[asset]
                held = token.balanceOf(user) * 10 ** (18 - entry.decimals)
                total += held * self.prices[entry.underlying] // WAD
            total += sum(self.equity(account_of(user, sub)) for sub in range(subs))
        return total

    def liquidated(self, account: int, keeper: str) -> Any:
        """One liquidation as `keeper`; returns (slice, reward, reason)."""
        return self.liquidations.liquidate([account], 0, sender=keeper)[0]


def free_of_fees(setup: Setup | None = None) -> Setup:
    """The same venue without trading fees, spreads and penalties: only the rules are left to stop an attacker."""
    setup = setup or Setup()
    markets = tuple(replace(m, taker=0, maker=0, spread=0, p_min=0) for m in setup.markets)
    return replace(setup, markets=markets, venue=replace(setup.venue, keeper_part=0))


def build(setup: Setup | None = None, capital: int = 10_000_000) -> Arena:
    """Deploy everything; `capital` is what the first LP puts in (quote)."""
    setup = setup or Setup()
    env = boa.env
    owner, configurator, lp = (env.generate_address(n) for n in ("owner", "configurator", "lp"))
    quote = load("tests/contracts/tokens/StandardToken.vy", setup.quote_decimals)
    tokens = [load("tests/contracts/tokens/StandardToken.vy", a.decimals) for a in setup.assets]
    feeds = [load("tests/support/contracts/Feed.vy", 8, m.price // 10**10) for m in setup.markets]
    quote_feed = load("tests/support/contracts/Feed.vy", 8, 10**8)
    oracle = load("contracts/OracleAdapter.vy", owner, "0x" + "00" * 20)
    engine = load("contracts/Engine.vy")
    with env.anchor():
        at = [load("contracts/Engine.vy").address for _ in range(5)][2:]
    vault = load("contracts/Vault.vy", at[0], quote.address)
    waterfall = load("contracts/Waterfall.vy", at[0])
    manager = load(
        "contracts/PositionManager.vy",
        vault.address,
        oracle.address,
        engine.address,
        waterfall.address,
        at[1],
        at[2],
        configurator,
    )
    shares = load("contracts/LiquidityPool.vy", manager.address, "Shares", "LP")
    cover_shares = load("contracts/LiquidityPool.vy", manager.address, "Cover shares", "CV")
    assert [c.address for c in (manager, shares, cover_shares)] == at
    orders = load("contracts/OrderBook.vy", manager.address, owner)
    liquidations = load("contracts/Liquidator.vy", manager.address, owner)
    arena = Arena(
        setup,
        owner,
        quote,
        tokens,
        feeds,
        quote_feed,
        oracle,
        engine,
        vault,
        manager,
        configurator,
        orders.address,
        liquidations.address,
        shares.address,
        cover_shares.address,
        waterfall,
        prices=[m.price for m in setup.markets],
        orders=orders,
        liquidations=liquidations,
        shares=shares,
        cover_shares=cover_shares,
        lp=lp,
    )
    configure(arena)
    for market in range(len(setup.markets)):
        orders.set_timing(market, (DELAY, WINDOW, MAX_AGE), sender=owner)
    liquidations.set_terms((WAD, 0, 0, HOUR), sender=owner)
    if capital:
        arena.lp_in(lp, capital * USDC)
    return arena


__all__ = ["QUOTE", "Arena", "account_of", "build", "free_of_fees"]
