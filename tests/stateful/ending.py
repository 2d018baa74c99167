"""Strains and ends: a pool short of capital, pauses, markets that close, and the shutdown of a whole venue (W-2, W-3)."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from crossmargin.model import QUOTE, Tranche
from tests.stateful.moves_backing import BackingMoves
from tests.stateful.player import Player
from tests.stateful.report import Report
from tests.stateful.twin import Call
from tests.stateful.world import World

DAY = 86_400


class Ending:
    """Part of a sequence."""

    rng: random.Random
    w: World
    m: BackingMoves
    p: Player
    report: Report
    queue: list[Callable[[], Any]]
    ended: bool

    # ---- the pool is short of capital ----------------------------------------------------------
    def strain(self) -> None:
        """Prices go with the traders' skew; then alarms, time on the clock, and the winners are closed."""
        x = self.rng.choice((20, 60, 150, 300))
        self.publish(self._favour(x))
        self.p.play("check")
        if not self.m.v.prices_valid() or not self._short():
            self.later(self.m.alarm)
            return
        self.later(self.m.alarm)
        for _ in range(self.rng.choice((0, 1, 2, 4))):
            self.queue.append(self._tick)
            self.later(self.m.alarm)
        for _ in range(self.rng.randint(2, 6)):
            self.later(self.m.deleverage)

    def _favour(self, per_mille: int) -> dict[int, int]:
        """Answers so far in favour of each market's skew, weighted by what it moves like."""
        v, found = self.w.model, {}
        for m, state in v.markets.items():
            side = (state.skew > 0) - (state.skew < 0)
            found[m] = self.w.feeds.answer(m) * (1_000 + side * per_mille) // 1_000
        return found

    def _short(self) -> bool:
        s = self.w.model.pool_state()
        return 10**4 * s.reduced_equity < self.w.model.params.adl_ratio * s.net

    def _tick(self) -> None:
        """A few minutes, within an alarm's time or just beyond it."""
        self.elapse(self.rng.choice((60, 200, 298, 299, 299, 300)))

    # ---- pauses and closings -------------------------------------------------------------------
    def hiccup(self) -> None:
        """A pause, what goes on in it, and its end, after which liquidations wait."""
        self.call(self.m.pause())
        self.queue += [self._any_call] * self.rng.randint(2, 6) + [self.past_liquidation]
        self.later(self.m.pause)
        for _ in range(3):
            self.later(self.m.liquidate)

    def close_one(self) -> None:
        """A market begins to close; it is sampled for half an hour or left to its last price, and settled."""
        call = self.m.close_market()
        if self.call(call).refused is not None:
            return
        market, sampled = call.args[0], self.chance(60)
        for _ in range(7 if sampled else 1):
            self.queue.append(self._tick)
            self.later(lambda: self.m.plain("sample", market))
        self.queue.append(lambda: self.p.play("warp", 3_600 if sampled else DAY))
        self.queue += [lambda: self.publish({}), lambda: self.p.play("check")]
        self.later(lambda: self.m.plain("settle_market", market))
        for _ in range(4):
            self.later(self.m.liquidate if self.chance(20) else self.m.settle)

    # ---- the end -------------------------------------------------------------------------------
    def end(self) -> None:
        """Shut down, settle everything, open the claims, and everybody leaves in a random order."""
        self.ends = False
        self.revive()
        if self.chance(70):
            self.ruin()
        for _ in range(6):
            self.call(self.m.trade())
        self.call(self.m._owner("shut_down"))
        self.later(self.early_withdrawal)
        self.queue += [self._any_call] * 12 + [self.revive, self._wait_for_settlement]

    def early_withdrawal(self) -> Call:
        """Quote of an account without positions, if there is one: not before the claims are open."""
        account = self.rng.choice(self.m.flat() or self.w.traders)
        return self.m.taken(account, QUOTE, self.m._step())

    def _wait_for_settlement(self) -> None:
        """Samples of some markets; a day, after which those without any settle at their last price."""
        for _ in range(3):
            self._tick()
            for market in self.rng.sample(list(self.w.model.markets), 3):
                self.call(self.m.plain("sample", market))
        self.call(self.m.plain("open_claims"))
        self.call(self.m.plain("last_prices"))
        dead = self.chance(65)
        if dead:
            markets = list(self.w.model.markets)
            self.silent = set(self.rng.sample(markets, 6))
        self.p.play("warp", 7 * DAY if dead else DAY)
        self.publish({})
        self.p.play("check")
        if dead:
            self.call(self.m.plain("last_prices"))
            self.report.seen["shutdown at last prices"] += 1
        for market in self.rng.sample(list(self.w.model.markets), len(self.w.model.markets)):
            self.call(self.m.plain("settle_market", market))
        self.queue.append(self._close_out)

    def _close_out(self) -> None:
        """Every position at P_s, every order cleared, every debt written off or paid, the inventory sold."""
        v, m, book = self.w.model, self.m, self.w.twin.book
        for t in self.rng.sample(self.w.traders, len(self.w.traders)):
            for market in sorted(v.account(t).positions):
                self.call(Call("settle", t, (t, market), m._anyone()))
        if book.pending:
            self.elapse(max(0, max(p.expires for p in book.pending.values()) + 1 - v.time))
            for order in list(book.pending):
                self.call(Call("clear_expired", 0, ((tuple(order),),), m._anyone()))
        self.call(m.sweep())
        for t in self.w.traders:
            if v.account(t).cash < 0:
                self.call(m._deposit(t, QUOTE, self.tokens_up(-v.account(t).cash), self.w.owner_of(t)))
        self.queue.append(self._claims)

    def tokens_up(self, wad: int) -> int:
        """Token units of the quote that are no less."""
        return self.m.tokens(QUOTE, wad) + self.m._step()

    def _claims(self) -> None:
        v, m = self.w.model, self.m
        for asset in sorted(v.account(v.pool_id).collateral):
            _, there = self.w.twin.seller.inventory_price(asset)
            self.call(Call("buy_collateral", v.pool_id, (asset, there, 2**200, 0), self.w.actors["buyer"]))
        start = v.ledger.credited[QUOTE]
        self.call(m.plain("open_claims"))
        if not v.flags.claims_open:
            self.report.seen["claims could not be opened"] += 1
            self.ended = True
            return
        if v.ledger.debt:
            self.report.seen["claims opened with a shortfall"] += 1
        leave = [lambda k=k: self._leave(k) for k in (*self.w.traders, *self.w.keepers)]
        leave += [lambda lp=lp, t=t: self._redeem(lp, t) for lp in self.w.lps for t in Tranche]
        self.rng.shuffle(leave)
        for go in leave:
            go()
        for lp in self.w.lps:
            for t in Tranche:
                self._redeem(lp, t)
        self.p.play("empty", start)
        self.report.seen["shutdown completed"] += 1
        self.ended = True

    def _leave(self, account: int) -> None:
        """Everything out of an account: collateral, and its share of the quote."""
        v, w = self.w.model, self.w
        for asset, amount in list(v.account(account).collateral.items()):
            d = w.decimals_of(asset)
            tokens = amount // 10 ** (18 - d) if d <= 18 else amount * 10 ** (d - 18)
            self.call(self.m.taken(account, asset, tokens))
        credited, debt = v.ledger.credited[QUOTE], v.ledger.debt
        step, d = self.m._step(), w.setup.quote_decimals
        wad = max(0, v.account(account).cash) * credited // (credited + debt) if credited else 0
        tokens = wad // 10 ** (18 - d) if d <= 18 else wad * 10 ** (d - 18)
        self.call(self.m.taken(account, QUOTE, max(0, tokens - (step if debt else 0))))

    def _redeem(self, lp: str, tranche: Tranche) -> None:
        """All shares, by request where there is a cooldown; else the most that goes: inventory below a token's unit, which nobody
        can buy, has a part of R and binds the exit caps."""
        v, me, name = self.w.model, int(lp, 16), "cover" if tranche else "lp"
        shares = v.books[tranche].holders.get(me, 0)
        if not v.cooldown(tranche) and shares:
            top = self.m.edge(lambda n: v.refusal("lp_redeem", me, n, tranche) is None, 0, shares)
            self.call(Call(f"{name}_redeem", 0, (top or shares, me), lp))
        elif shares or v.pending_exit(me, tranche).shares:
            self.call(Call(f"{name}_request", 0, (shares,), lp))
            self.elapse(v.cooldown(tranche))
            self.call(Call(f"{name}_finalise", 0, (me,), self.m._anyone()))
