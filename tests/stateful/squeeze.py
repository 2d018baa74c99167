"""A pool that lost more than it can carry: the whale who wins, what LPs leave behind, deleveraging (W-2), and ruin."""

from __future__ import annotations

from typing import NamedTuple

from crossmargin.model.maths import WAD
from tests.stateful.scenes import Scenes
from tests.stateful.twin import Call


class Bet(NamedTuple):
    """Who wins, and the side he takes in each of his markets."""

    account: int
    sides: dict[int, int]


class Squeeze(Scenes):
    """Part of a sequence."""

    # ---- who wins ------------------------------------------------------------------------------
    def whale(self, wanted: int, known: dict[int, int] | None = None) -> Bet | None:
        """Somebody rich takes all that the pool carries in some markets: on the sides that are known, else on the side that
        has more already."""
        self.resume()
        v, quick = self.w.model, self.quick()
        if len(quick) < 2:
            return None
        bare = [t for t in self.w.traders[2:] if not v.account(t).positions]
        account = self.rng.choice(bare or self.w.traders[2:])
        self.fund_with(account, self.w.setup.pool * WAD // self.rng.choice((1, 2, 4)))
        known, sides = known or {}, {}
        for market in [*known, *(m for m in self.rng.sample(quick, len(quick)) if m not in known)][:wanted]:
            base, skew = v.position(account, market)[0], v.markets[market].skew
            sign = 1 if (known.get(market) or base or skew or self.rng.choice((-1, 1))) > 0 else -1
            if self.opened(account, market, sign, self.w.setup.pool * WAD):
                sides[market] = sign
        return Bet(account, sides) if sides else None

    def hedger(self) -> tuple[int, dict[int, int]] | None:
        """Somebody with a winning leg who loses more in another market, and the sides of both markets that win: he must not be
        closed out of the first."""
        self.resume()
        v, quick = self.w.model, self.quick()
        bare = [t for t in self.w.traders[2:] if not v.account(t).positions and v.account(t).cash >= 0]
        if len(quick) < 2 or not bare:
            return None
        account, (one, two) = self.rng.choice(bare), self.rng.sample(quick, 2)
        cash = self.rng.choice((2_000, 20_000)) * WAD
        self.fund_with(account, cash)
        signs = [1 if v.markets[m].skew >= 0 else -1 for m in (one, two)]
        if not self.opened(account, one, signs[0], 3 * cash):
            return None
        self.opened(account, two, -signs[1], 100 * cash)
        return account, dict(zip((one, two), signs))

    def leave_behind(self) -> None:
        """LPs take what the exit caps let go, after one of them asked for a share more."""
        v = self.w.model
        for lp in self.w.lps:
            me = int(lp, 16)
            shares = v.shares.get(me, 0)
            if v.cooldown():
                self.call(Call("lp_request", 0, (shares,), lp))
                self.elapse(v.cooldown())
                self.call(Call("lp_finalise", 0, (me,), self.m._anyone()))
                continue
            top = self.m.edge(lambda n, me=me: v.refusal("lp_redeem", me, n) is None, 0, shares)
            if top < shares:
                self.call(Call("lp_redeem", 0, (top + 1, me), lp))
            if top:
                self.call(Call("lp_redeem", 0, (top, me), lp))

    def push_on(self, bet: Bet, per_mille: int) -> None:
        """Prices of his markets go his way."""
        answer = self.w.feeds.answer
        self.publish({m: answer(m) * (1_000 + side * per_mille) // 1_000 for m, side in bet.sides.items()})
        self.p.play("check")

    # ---- deleveraging --------------------------------------------------------------------------
    def squeeze(self) -> None:
        """Until the pool is short of capital; then alarms, the clock, and the winners are closed one after the other."""
        hedged = self.hedger()
        bet = self.whale(self.rng.choice((2, 4, 6)), hedged and hedged[1])
        if bet is None:
            return
        self.leave_behind()
        moved = 0
        while not self._short() and moved < 20:
            self.push_on(bet, 30)
            moved += 1
        self.call(self.m.alarm())
        if not self.w.model.clock_runs():
            return self.calm(bet, moved)
        market = self.rng.choice(list(bet.sides))
        self.later(lambda: self.closing(bet.account, market))
        for _ in range(4):
            self.queue.append(lambda: self.elapse(self.rng.choice((250, 298, 299))))
            self.later(self.m.alarm)
        if hedged:
            self.queue.append(lambda: self.weaken(*hedged))
            self.later(lambda: self.closing(hedged[0], next(iter(hedged[1]))))
        for m in self.rng.sample(list(bet.sides), len(bet.sides)):
            self.later(lambda m=m: self.closing(bet.account, m))
        for draw in (self.m.deleverage, self.m.deleverage, self.m.alarm, self.m.deleverage):
            self.later(draw)
        if self.chance(60):
            self.queue.append(self.forgotten)
        self.queue.append(lambda: self.calm(bet, moved))

    def closing(self, account: int, market: int) -> Call:
        """Deleverage one position."""
        return Call("deleverage", account, (account, market), self.m._anyone())

    def weaken(self, account: int, sides: dict[int, int]) -> None:
        """The hedger's other leg loses until he could not keep it alone."""
        v, (one, two) = self.w.model, sides
        for _ in range(10):
            rest = v.account(account).copy()
            if one not in rest.positions or two not in rest.positions:
                return
            rest.cash += v.value(one, *rest.positions.pop(one), v.prices[one])
            a = v.assess(rest)
            if a.equity < a.initial:
                return
            self.push_on(Bet(account, {two: sides[two]}), 20)

    def forgotten(self) -> None:
        """Nobody alarms for 301 s, and the clock is as good as stopped."""
        self.elapse(300)
        self.call(self.m.deleverage())

    def calm(self, bet: Bet, moved: int) -> None:
        """Mostly prices go back; mostly the whale goes."""
        if self.chance(70):
            for _ in range(moved):
                self.push_on(bet, -29)
        self.call(self.m.alarm())
        self.call(self.m.deleverage())
        if self.chance(70) and self.w.model.account(bet.account).positions:
            self.call(self.m.closed(bet.account, WAD))
            self.later(lambda: self.m._drained(bet.account))

    # ---- ruin ----------------------------------------------------------------------------------
    def ruin(self) -> None:
        """More is won than both pools have: by a whale, and by everybody on the side of the skew."""
        v, bet = self.w.model, self.whale(6)
        for _ in range(40):
            backing = v.pool_equity() + max(0, v.account(v.cover_id).cash)
            if backing < -self.w.setup.pool * WAD // 10:
                return
            answers = self._favour(120)
            for m, side in (bet.sides if bet else {}).items():
                answers[m] = self.w.feeds.answer(m) * (1_000 + side * 120) // 1_000
            self.publish(answers)
            self.p.play("check")
