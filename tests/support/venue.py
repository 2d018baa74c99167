"""A whole venue in titanoboa, with a plain account for Configurator, OrderBook, Liquidator and pool contract where a test
wants to call the PositionManager as they would."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boa

from tests.support import titanoboa  # noqa: F401 - before the first contract is loaded
from tests.support.words import (
    COLLATERAL,
    DEPOSIT_CAP,
    LIMITS,
    RATES,
    RISK,
    TERMS,
    VENUE,
    WAD,
    Setup,
    collateral_word,
)

ROOT = Path(__file__).resolve().parents[2]
QUOTE = 255
MAX = 2**256 - 1
_COMPILED: dict[str, Any] = {}


def load(path: str, *args: object) -> Any:
    """Deploy a contract of the repository; compiled once a process."""
    if path not in _COMPILED:
        _COMPILED[path] = boa.load_partial(str(ROOT / path), compiler_args=None)
    return _COMPILED[path].deploy(*args)


def account_of(owner: str, sub: int = 0) -> int:
    """Account id: owner << 96 | sub."""
    return int(owner, 16) << 96 | sub


@dataclass
class Venue:
    """Handles of one deployed venue. Amounts of the helpers are WAD unless they say tokens."""

    setup: Setup
    owner: str
    quote: Any
    tokens: list[Any]
    feeds: list[Any]
    quote_feed: Any
    oracle: Any
    engine: Any
    vault: Any
    manager: Any
    configurator: str
    order_book: str
    liquidator: str
    pool: str
    cover: str
    waterfall: Any
    prices: list[int] = field(default_factory=list)

    @property
    def pool_account(self) -> int:
        """The LP pool's account."""
        return account_of(self.pool)

    @property
    def cover_account(self) -> int:
        """The cover pool's account."""
        return account_of(self.cover)

    def configure(self, kind: int, id_: int, word: int) -> None:
        """As the Configurator."""
        self.manager.configure(kind, id_, word, sender=self.configurator)

    def set_price(self, market: int, price: int) -> None:
        """Push a WAD price, kept to the feed's 8 decimals, one second later (a word is read once a block)."""
        boa.env.time_travel(seconds=1)
        self.feeds[market].push(price // 10**10)
        self.prices[market] = price // 10**10 * 10**10

    def keep_fresh(self) -> None:
        """Push every feed again at its last price."""
        self.quote_feed.push(10**8)
        for i, p in enumerate(self.prices):
            self.feeds[i].push(p // 10**10)

    def warp(self, seconds: int) -> None:
        """Let time pass and keep the prices fresh."""
        boa.env.time_travel(seconds=seconds)
        self.keep_fresh()

    def fund(self, user: str, tokens: int, token: Any = None) -> None:
        """Mint token units to a user and approve the Vault."""
        token = token or self.quote
        token.mint(user, tokens)
        token.approve(self.vault.address, MAX, sender=user)

    def deposit(self, user: str, amount: int, token: Any = None, sub: int = 0) -> int:
        """Fund and deposit `amount` token units; returns the account."""
        token = token or self.quote
        self.fund(user, amount, token)
        account = account_of(user, sub)
        self.manager.deposit(account, token.address, amount, sender=user)
        return account

    def move(self, source: int, target: int, amount: int) -> None:
        """WAD of cash from one account to another, as no call of the venue would: for setting a stage."""
        self.vault.post(source, target, -amount, 0, 0, 0, 0, sender=self.manager.address)

    def lp_deposit(self, tokens: int) -> None:
        """Quote into the pool's account, as the pool contract."""
        self.fund(self.pool, tokens)
        self.manager.pool_deposit(self.pool, tokens, sender=self.pool)

    def trade(self, account: int, market: int, size: int, **kw: Any) -> Any:
        """A fill as the OrderBook asks for it: at the mark, any bound, no keeper, unless said otherwise."""
        worst = kw.get("worst", MAX if size > 0 else 0)
        fill = (
            account,
            market,
            size,
            kw.get("price", 0),
            worst,
            kw.get("reduce_only", False),
            kw.get("spread", False),
            kw.get("keeper", account),
            kw.get("keeper_fee", 0),
            kw.get("reserved", 0),
        )
        return self.manager.trade(fill, sender=self.order_book)

    def liquidate(self, account: int, keeper_cost: int = WAD, reward_account: int | None = None) -> Any:
        """One liquidation as the Liquidator asks for it."""
        reward = self.cover_account if reward_account is None else reward_account
        return self.manager.liquidate(account, keeper_cost, reward, sender=self.liquidator)


def build(setup: Setup | None = None, fake_pool: bool = True) -> Venue:
    """Deploy the core; OrderBook, Liquidator, LiquidityPool and Configurator are plain accounts."""
    setup = setup or Setup()
    env = boa.env
    owner = env.generate_address("owner")
    quote = load("tests/contracts/tokens/StandardToken.vy", setup.quote_decimals)
    tokens = [load("tests/contracts/tokens/StandardToken.vy", a.decimals) for a in setup.assets]
    feeds = [load("tests/support/contracts/Feed.vy", 8, m.price // 10**10) for m in setup.markets]
    quote_feed = load("tests/support/contracts/Feed.vy", 8, 10**8)
    oracle = load("contracts/OracleAdapter.vy", owner, "0x" + "00" * 20)
    engine = load("contracts/Engine.vy")
    names = ("configurator", "order_book", "liquidator", "pool", "cover")
    actors = {n: env.generate_address(n) for n in names}
    with env.anchor():
        predicted = [load("contracts/Engine.vy").address for _ in range(3)][-1]
    vault = load("contracts/Vault.vy", predicted, quote.address)
    waterfall = load("contracts/Waterfall.vy", predicted)
    manager = load(
        "contracts/PositionManager.vy",
        vault.address,
        oracle.address,
        engine.address,
        waterfall.address,
        actors["pool"],
        actors["cover"],
        actors["configurator"],
    )
    assert manager.address == predicted
    v = Venue(
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
        waterfall=waterfall,
        **actors,
        prices=[m.price for m in setup.markets],
    )
    configure(v)
    return v


def configure(v: Venue) -> None:
    """Feeds, roles and parameters."""
    v.oracle.set_quote_feed((v.quote_feed.address, 8, 86_400, 1, 2**60), sender=v.owner)
    for i, feed in enumerate(v.feeds):
        v.oracle.set_feed(i, (feed.address, 8, 86_400, 1, 2**80), sender=v.owner)
    v.manager.set_role(v.order_book, 1, sender=v.configurator)
    v.manager.set_role(v.liquidator, 2, sender=v.configurator)
    v.configure(VENUE, 0, v.setup.venue.word())
    v.configure(RATES, 0, v.setup.rates.word())
    for i, m in enumerate(v.setup.markets):
        v.configure(RISK, i, m.risk_word())
        v.configure(TERMS, i, m.terms_word())
        v.configure(LIMITS, i, m.limits_word())
    for token in v.tokens:
        v.manager.list_asset(token.address, sender=v.configurator)
    v.configure(COLLATERAL, 0, collateral_word(v.setup.assets))
    for i, a in enumerate(v.setup.assets):
        v.configure(DEPOSIT_CAP, i, a.cap)
