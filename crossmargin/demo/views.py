"""What there is to see of the demo's venue on a chain: what is waited for, and the figures after a block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from crossmargin.bots.deleveraging import is_short
from crossmargin.client import Calls, Client
from crossmargin.client.codec import WAD
from crossmargin.client.records import LIQUIDATABLE, Health, MarketWords
from crossmargin.demo.books import BPS
from crossmargin.demo.result import HEALTH_CAP
from crossmargin.demo.scenario import State


class Views:
    """The half of a venue on a chain (chain.py) that only looks. `_block` is the last one; `_pending` are hashes of orders."""

    _client: Client
    _calls: Calls
    _markets: Mapping[str, int]

    def __init__(self, accounts: Iterable[int]) -> None:
        self._ids = list(accounts)
        self._pending: set[str] = set()
        self._block = 0
        self._seen = -1  # block of the cached answers
        self._cache: dict[str, Any] = {}

    def _look(self, client: Client, markets: Mapping[str, int]) -> None:
        """From now on there is something to see."""
        self._client, self._calls, self._markets = client, client.calls, markets

    def equity(self, account: int) -> int:
        """Equity of an account."""
        (health,) = self._client.health([self._ids[account]])
        return health.equity

    def position(self, account: int, market: str) -> int:
        """Size of a position."""
        return self._client.position(self._ids[account], self._markets[market]).base

    def open_in(self, market: str) -> frozenset[int]:
        """From the ledger."""
        number = self._markets[market]
        legs = self._client.read_all([self._calls.legs(account) for account in self._ids])
        return frozenset(i for i, held in enumerate(legs) if number in held)

    def _words(self) -> Mapping[int, MarketWords]:
        return self._client.market_words(self._markets.values())

    def pending_orders(self) -> frozenset[str]:
        """Hashes of the orders that are neither executed nor over."""
        return self._now_read("pending", self._read_pending)

    def _read_pending(self) -> frozenset[str]:
        hashes = sorted(self._pending)
        found = self._client.read_all([self._calls.order_status(h) for h in hashes])
        self._pending = {h for h, status in zip(hashes, found, strict=True) if status.pending}
        return frozenset(self._pending)

    def short(self) -> bool:
        """At the prices of now, carry accrued."""
        return self._now_read("short", self._read_short)

    def _read_short(self) -> bool:
        pool, rates = self._client.read_all([self._calls.pool(), self._calls.rates()])
        return is_short(pool.state, rates.adl_ratio)

    def liquidatable(self) -> frozenset[int]:
        """Accounts that the Lens calls liquidatable."""
        ill = self._now_read("ill", lambda: set(self._client.liquidatable(self._ids)))
        return frozenset(i for i, account in enumerate(self._ids) if account in ill)

    def _now_read(self, name: str, read: Callable[[], Any]) -> Any:
        """An answer that cannot change within a block."""
        if self._seen != self._block:
            self._seen, self._cache = self._block, {}
        if name not in self._cache:
            self._cache[name] = read()
        return self._cache[name]

    def state(self) -> State:
        """The venue after the last block."""
        pool, cover, markets = self._client.read_all(
            [self._calls.pool(), self._calls.pool_state("cover"), self._calls.markets()]
        )
        health = self._client.health(self._ids)
        capital = pool.state.reduced_equity
        return State(
            pool_nav=pool.state.equity,
            share_price=pool.share_price,
            cover=pool.cover_cash,
            utilisation_net=_part(pool.state.net, capital),
            utilisation_gross=_part(pool.state.gross, capital),
            open_interest=sum((row.long + row.short) * row.price // WAD for row in markets),
            health={i: _times(h) for i, h in enumerate(health) if h.maintenance or h.state == LIQUIDATABLE},
            cover_nav=cover.equity,
        )


def _part(requirement: int, capital: int) -> int:
    return requirement * WAD // capital if capital > 0 else 0


def _times(health: Health) -> int:
    """E / MM in bps; an account with debt alone has no margin to be measured by."""
    return min(health.equity * BPS // health.maintenance, HEALTH_CAP) if health.maintenance else 0
