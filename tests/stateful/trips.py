"""Actors that try to profit from going in circles (I-16, I-21)."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from crossmargin.model import QUOTE, Order
from crossmargin.model.maths import WAD
from tests.stateful.moves_backing import BackingMoves
from tests.stateful.player import Player
from tests.stateful.report import Report
from tests.stateful.twin import Call
from tests.stateful.world import World


class Trips:
    """Part of a sequence."""

    rng: random.Random
    w: World
    m: BackingMoves
    p: Player
    report: Report
    queue: list[Callable[[], Any]]

    # ---- round trips ---------------------------------------------------------------------------
    def round_trip(self) -> None:
        """I-16: trades at the mark on two accounts of one owner with no time between, all closed again: no gain.

        Now and then the owner is an LP at the same time.
        """
        pair = self.rng.choice(self.w.traders[2::2])
        accounts, v = (pair, pair + 1), self.w.model
        quick = [m for m in range(6) if self.m.at_once(m)]
        if not quick or any(v.account(a).positions or v.account(a).cash <= 0 for a in accounts):
            return self._flatten(accounts)
        market, lp = self.rng.choice(quick), self.rng.choice((0, int(self.w.lps[2], 16)))
        self.p.play("purse", "round trip", accounts, lp)
        shares = self._enter(lp)
        for _ in range(self.rng.randint(1, 5)):
            a = self.rng.choice(accounts)
            self._at_mark(a, market, self.m.opening(a, market))
        for a in self.rng.sample(accounts, 2):
            self._at_mark(a, market, -v.position(a, market)[0])
        if shares:
            self.call(Call("lp_redeem", 0, (shares, lp), self.w.lps[2]))
        self.p.play("no_gain", "round trip", accounts, lp, "I-16")

    def _enter(self, lp: int) -> int:
        """Shares for a part of the pool's size."""
        if not lp:
            return 0
        assets = self.m.tokens(QUOTE, self.w.setup.pool * WAD // self.rng.choice((1, 10, 1000)))
        out = self.call(Call("lp_deposit", 0, (assets, lp), self.w.lps[2]))
        return out.result if out.refused is None else 0

    def _flatten(self, accounts: tuple[int, ...]) -> None:
        for a in accounts:
            if self.w.model.account(a).positions:
                self.call(self.m.closed(a, WAD))

    def _at_mark(self, account: int, market: int, size: int) -> None:
        if size:
            self.call(self.m.submit(account, market, size, plain=True))

    def batch_trip(self) -> None:
        """I-16 through the waiting room: orders that open and close, all executed at one price by their owner's keeper."""
        pair = self.rng.choice(self.w.traders[2::2])
        accounts, v, owner = (pair, pair + 1), self.w.model, self.w.owner_of(pair)
        slow = [m for m in range(6) if not self.m.at_once(m) and m in self.w.twin.book.timings]
        if not slow or any(v.account(a).positions or v.account(a).cash <= 0 for a in accounts):
            return self._flatten(accounts)
        market = self.rng.choice(slow)
        sizes = [self.m.opening(a, market) for a in accounts]
        self.p.play("purse", "round trip in a batch", accounts, 0)
        orders = [
            self.m.submit(a, market, x, plain=True)
            for a, x in zip(accounts * 2, [*sizes, *(-x for x in sizes)])
        ]
        outs = [self.call(call) for call in orders]
        named = [(Order(*c.args[0]), 0) for c, out in zip(orders, outs) if out.refused is None]
        if not named:
            return
        self.p.play("warp", self.w.twin.book.pending[named[0][0]].timing.delay)
        self.publish({})
        self.p.play("check")
        self.call(self.m.executed(named, owner))
        self.p.play("no_gain", "round trip in a batch", accounts, 0, "I-16")

    def free_for_all(self) -> None:
        """I-16 at large: one actor with two accounts, shares of the pool and a keeper of its own does what it likes in one
        second, in several markets, ends flat with the shares it had: no gain."""
        v, lp = self.w.model, self.w.lps[2]
        me, quick = int(lp, 16), [m for m in v.markets if self.m.at_once(m)]
        pairs = [(a, a + 1) for a in self.w.traders[2::2]]
        ready = [p for p in pairs if all(self._bare(a) for a in p)]
        if not quick or not ready:
            return self._flatten(self.rng.choice(pairs))
        accounts = self.rng.choice(ready)
        markets, start = self.rng.sample(quick, min(3, len(quick))), v.shares.get(me, 0)
        self.p.play("purse", "free for all", accounts, me)
        for _ in range(self.rng.randint(4, 16)):
            self.call(self._whim(self.rng.choice(accounts), self.rng.choice(markets), lp, start))
        for a in self.rng.sample(accounts, 2):
            for m in list(v.account(a).positions):
                self._at_mark(a, m, -v.position(a, m)[0])
        self._flatten(accounts)
        if (left := v.shares.get(me, 0) - start) > 0:
            self.call(Call("lp_redeem", 0, (left, me), lp))
        self.p.play("no_gain", "free for all", accounts, me, "I-16")

    def _bare(self, account: int) -> bool:
        """Whether an account has cash and nothing else."""
        a = self.w.model.account(account)
        return a.cash > a.reserved and not a.positions and not a.collateral

    def _whim(self, a: int, market: int, lp: str, start: int) -> Call:
        """Any call of one actor on an account of its own, or with the shares it had not at the start."""
        v, m, me = self.w.model, self.m, int(lp, 16)
        base, owner, draw = v.position(a, market)[0], self.w.owner_of(a), self.rng.randrange(20)
        if draw < 9:
            size = m.reducing(base) * self.rng.choice((1, 2)) if base and draw < 4 else m.opening(a, market)
            return m.submit(a, market, size, plain=True)
        if draw < 11:
            return m.closed(a, self.rng.choice((WAD // 7, WAD // 2, WAD)))
        if draw < 13:
            free = max(0, v.account(a).cash - v.account(a).reserved)
            return Call("transfer", a, (a, a ^ 1, QUOTE, m.share(free)), owner)
        if draw < 14:
            return Call("settle_loss", a, (a, market), owner)
        if draw < 15:
            return Call("liquidate", 0, ((a, a ^ 1), a ^ 1), owner)
        if draw < 18:
            return m.lp_deposit(lp, self.w.setup.pool * WAD // self.rng.choice((1, 10, 10**5)), me)
        return Call("lp_redeem", 0, (m.share(max(0, v.shares.get(me, 0) - start)), me), lp)

    def lp_trip(self) -> None:
        """I-21: in and out again in one second, in any pieces, with shares sent around and tokens given away: no gain."""
        lp, other = self.rng.sample(self.w.lps, 2)
        me = int(lp, 16)
        gift = self.chance(40)
        name = "LP round trip with a donation" if gift else "LP round trip"
        self.p.play("purse", name, (), me)
        start = self.w.model.shares.get(me, 0)
        for _ in range(self.rng.randint(1, 3)):
            self.call(self.m.lp_deposit(lp, self.w.setup.pool * WAD // self.rng.choice((1, 7, 10**4, 10**9))))
        if gift:
            self.p.play("donate", self.rng.choice(("vault", "pool")), 10 ** self.rng.randint(0, 14))
        if self.chance(30):
            self.call(
                Call("lp_transfer", 0, (me, min(WAD, self.w.model.shares.get(int(other, 16), 0))), other)
            )
            self.call(Call("lp_transfer", 0, (int(other, 16), min(WAD, self.w.model.shares.get(me, 0))), lp))
        while (left := self.w.model.shares.get(me, 0) - start) > 0:
            part = left if self.chance(60) else max(1, left // 3)
            out = self.call(Call("lp_redeem", 0, (part, me), lp))
            if out.refused is not None:
                break
        self.p.play("no_gain", name, (), me, "I-21")
