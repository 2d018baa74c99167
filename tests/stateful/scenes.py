"""Short directed sequences for what random play seldom reaches. Each begins at a drawn time, and each of its steps is judged like
any other."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from crossmargin.model import QUOTE, Order
from crossmargin.model.maths import LOT, LOTS, WAD
from tests.stateful.encoding import RATE_FIELDS
from tests.stateful.feeds import DEAD
from tests.stateful.moves import WORST_BUY
from tests.stateful.moves_backing import BackingMoves
from tests.stateful.player import Player
from tests.stateful.report import Report
from tests.stateful.twin import Call
from tests.stateful.world import World

DAY = 86_400
PPM = 10**6


class Scenes:
    """Part of a sequence."""

    rng: random.Random
    w: World
    m: BackingMoves
    p: Player
    report: Report
    queue: list[Callable[[], Any]]
    dead: set[int]
    silent: set[int]

    # ---- helpers -------------------------------------------------------------------------------
    def later(self, draw: Callable[[], Call | None]) -> None:
        """A call that is drawn when its turn comes."""
        self.queue.append(lambda: self.call(draw()))

    def named(self, *accounts: int) -> Call:
        """A keeper liquidates these accounts."""
        return Call("liquidate", 0, (accounts, 0), self.w.actors["keeper"])

    def quick(self) -> list[int]:
        """Markets in which an order fills at once now."""
        v, stuck = self.w.model, self.dead | self.silent
        open_ = [m for m in v.markets if m not in v.closings and not v.markets[m].settled]
        return [m for m in open_ if m not in stuck and v.valid[m] and self.m.at_once(m)]

    def elapse(self, seconds: int) -> None:
        """So much time, and a second for the feeds to publish in."""
        self.p.play("warp", seconds)
        self.publish({})
        self.p.play("check")

    def resume(self) -> None:
        """The end of a pause, and of the grace after it."""
        flags, v = self.w.model.flags, self.w.model
        if not flags.paused or flags.shutting_down:
            return
        if v.time < flags.grace_until + DAY:
            self.elapse(flags.grace_until + DAY - v.time)
        self.call(self.m._owner("unpause"))
        self.call(self.named(self.m.holder()))
        self.elapse(900)

    def fund_with(self, account: int, wad: int) -> None:
        """Cash from its owner."""
        self.call(self.m._deposit(account, QUOTE, self.m.tokens(QUOTE, wad), self.w.owner_of(account)))

    def opened(self, account: int, market: int, sign: int, quote: int) -> bool:
        """A position of so much quote (WAD), or the most that is accepted; whether there is one."""
        v, worst = self.w.model, WORST_BUY if sign > 0 else 0
        most = max(2, quote * LOTS // v.prices[market])

        def accepted(lots: int) -> bool:
            return v.refusal("trade", account, market, sign * lots * LOT, 0, worst, False, True) is None

        lots = self.m.edge(accepted, 0, most)
        if lots:
            self.call(self.m.submit(account, market, sign * lots * LOT, plain=True))
        return bool(v.position(account, market)[0])

    def two_legs(self) -> int | None:
        """An account with positions in two markets with prices: one that there is, or a new one."""
        self.resume()
        v, quick = self.w.model, self.quick()
        found = [t for t in self.w.traders if len(self.live(t)) > 1 and v.legs_valid(v.account(t))]
        if found and self.chance(50):
            return self.rng.choice(found)
        bare = [t for t in self.w.traders if not v.account(t).positions]
        if len(quick) < 2 or not bare:
            return self.rng.choice(found) if found else None
        account, cash = self.rng.choice(bare), self.rng.choice((2_000, 30_000)) * WAD
        self.fund_with(account, cash + max(0, -v.account(account).cash))
        for market in self.rng.sample(quick, 2):
            self.opened(account, market, self.rng.choice((-1, 1)), 4 * cash)
        return account if len(self.live(account)) > 1 else None

    def live(self, account: int) -> list[int]:
        """Markets of its positions whose price is valid and can be moved."""
        v = self.w.model
        held = [m for m in v.account(account).positions if not v.markets[m].settled and v.valid[m]]
        return [m for m in held if m not in self.dead | self.silent]

    def edge_of(self, account: int) -> tuple[int, int] | None:
        """The largest live position and the move of its price, in millionths, up to which the account is healthy."""
        v, live = self.w.model, self.live(account)
        if not live:
            return None
        held, dead = v.account(account), v.dead_prices(v.account(account))
        market = max(live, key=lambda m: abs(held.positions[m][0]) * v.prices[m])
        sign, price = -1 if held.positions[market][0] > 0 else 1, v.prices[market]

        def healthy(x: int) -> bool:
            return v.assess(held, {**dead, market: price * (PPM + sign * x) // PPM}).headroom >= 0

        far = 700_000 if sign < 0 else 3 * PPM
        x = self.m.edge(healthy, 0, far)
        return (market, sign * x) if x < far else None

    def undo(self, account: int, beyond: int) -> bool:
        """Move one price to where an account is unhealthy by so many millionths; whether it is."""
        found = self.edge_of(account)
        if found is None:
            return False
        market, x = found
        x += beyond if x > 0 else -beyond
        self.publish({market: self.w.feeds.answer(market) * max(50_000, PPM + x) // PPM})
        self.p.play("check")
        return self.w.model.assess(self.w.model.account(account)).headroom < 0

    # ---- dead legs -----------------------------------------------------------------------------
    def dead_leg(self) -> None:
        """One feed of an account is dead, another price moves: what lives is closed, and the rest when the feed is back."""
        account, v = self.two_legs(), self.w.model
        found = account is not None and self.edge_of(account)
        if not found:
            return
        legs = sorted(v.underlyings(v.account(account)) - {found[0]})
        self.p.play("store")
        self.p.play("warp", 1)
        self.dead = set(self.rng.sample(legs, self.rng.randint(1, len(legs))))
        self.push(dict.fromkeys(self.dead, DEAD))
        self.p.play("check")
        self.undo(account, self.rng.choice((1_000, 20_000, 100_000)))
        self.call(self.named(account))
        self.call(self.named(account, *self.rng.sample(self.w.traders, 2)))
        self.queue += [self._any_call] * self.rng.randint(0, 4) + [self.revive]
        self.later(lambda: self.named(account))

    # ---- bad debt ------------------------------------------------------------------------------
    def default(self) -> None:
        """A gap in a price, and a debt larger than the cover pool: it pays up to a market's cap, or all it has."""
        self.resume()
        v, quick = self.w.model, self.quick()
        bare = [t for t in self.w.traders if not v.account(t).positions and v.account(t).cash >= 0]
        if not quick or not bare:
            return
        account = self.rng.choice(bare)
        self.call(Call("cover_deposit", 0, self._entry(500), self.w.lps[1]))
        cash = max(2_000 * WAD, v.account(v.cover_id).cash)
        self.fund_with(account, cash)
        self.opened(account, self.rng.choice(quick), self.rng.choice((-1, 1)), 8 * cash)
        self.set_rates(cover_share=self.rng.choice((2_500, 10_000)))
        if self.undo(account, self.rng.choice((300_000, 400_000))):
            self.call(self.named(account))

    def _entry(self, whole: int) -> tuple[int, int]:
        """Assets of an entry of the second LP."""
        return self.m.tokens(QUOTE, whole * WAD), int(self.w.lps[1], 16)

    # ---- settled markets -----------------------------------------------------------------------
    def settled_first(self) -> None:
        """A keeper liquidates an account with a position in a market that was settled."""
        account, v = self.two_legs(), self.w.model
        legs = self.live(account) if account is not None else []
        if len(legs) < 2:
            return
        market = max(legs)
        self.call(self.m._owner("close_market", market))
        for _ in range(self.rng.choice((0, 1, 7))):
            self._tick()
            self.call(self.m.plain("sample", market))
        self.elapse(3_600 if self.chance(50) else DAY)
        self.call(self.m.plain("settle_market", market))
        if market in v.closings:
            self.elapse(DAY)
            self.call(self.m.plain("settle_market", market))
        if self.chance(80):
            self.undo(account, 5_000)
        self.call(self.named(account, *self.rng.sample(self.w.traders, 1)))

    # ---- orders --------------------------------------------------------------------------------
    def unpaid(self) -> None:
        """An order of an account that cannot be paid for its failure: by then it could be liquidated."""
        v, book = self.w.model, self.w.twin.book
        slow = [m for m in range(6) if m in book.timings and not self.m.at_once(m) and v.valid[m]]
        slow = [m for m in slow if m not in v.closings and not v.markets[m].settled]
        rich = [t for t in self.w.traders if (a := v.account(t)).cash - a.reserved >= book.keeper_fee]
        rich = [t for t in rich if self.live(t) and self.edge_of(t)]
        if not slow or not rich:
            return
        account, market = self.rng.choice(rich), self.rng.choice(slow)
        least = self.m.whole(3 * v.params.markets[market].min_notional, market)
        sign = 1 if v.position(account, market)[0] >= 0 else -1
        call = self.m.submit(account, market, sign * max(LOT, least), plain=True)
        if self.call(call).refused is not None:
            return
        order = Order(*call.args[0])
        self.undo(account, self.rng.choice((2_000, 50_000)))
        self.elapse(max(0, book.pending[order].due - v.time))
        first = self.w.feeds.first_since(market, book.pending[order].due)
        self.call(self.m.executed([(order, first)], self.w.actors["keeper"]))

    def wide(self) -> None:
        """One account goes from market to market until it is in as many as it may be, and asks for one more."""
        v, account = self.w.model, self.w.traders[0]
        self.resume()
        self.fund_with(account, 200_000 * WAD)
        open_ = [m for m in v.markets if m not in v.closings and not v.markets[m].settled and v.valid[m]]
        missing = [m for m in open_ if not v.position(account, m)[0]]
        for market in self.rng.sample(missing, len(missing)):
            call = self.m.submit(account, market, self.m.opening(account, market), plain=True)
            if self.call(call).events or Order(*call.args[0]) not in self.w.twin.book.pending:
                continue
            order = Order(*call.args[0])
            self.elapse(self.w.twin.book.pending[order].timing.delay)
            first = self.w.feeds.first_since(market, self.w.twin.book.pending[order].due)
            self.call(self.m.executed([(order, first)], self.w.actors["keeper"]))

    # ---- LPs -----------------------------------------------------------------------------------
    def owed(self) -> None:
        """One LP with all shares of a pool that is ahead asks for the cash that its losers owe to winners."""
        v, lps = self.w.model, self.w.lps
        start = v.cooldown()
        self.two_legs()
        self.set_rates(pool_cooldown=0)
        for lp in lps[1:]:
            self.call(Call("lp_transfer", 0, (int(lps[0], 16), v.shares.get(int(lp, 16), 0)), lp))
        for _ in range(14):
            room = self.m.tokens(QUOTE, max(1, v.account(v.pool_id).cash - v.ledger.debt)) + self.m._step()
            if v.preview_withdraw(room) <= v.shares.get(int(lps[0], 16), 0):
                break
            self.publish(self._favour(-60))
            self.p.play("check")
        self.call(Call("lp_withdraw", 0, (room, int(lps[0], 16)), lps[0]))
        for lp in lps[1:]:
            part = v.shares.get(int(lps[0], 16), 0) // self.rng.choice((3, 10))
            self.call(Call("lp_transfer", 0, (int(lp, 16), part), lps[0]))
        self.set_rates(pool_cooldown=start)

    def set_rates(self, **changes: int) -> None:
        """The owner changes this, and nothing else."""
        fields = {name: getattr(self.w.model.params, name) for name in RATE_FIELDS}
        if fields | changes != fields:
            self.call(self.m._owner("set_rates", fields | changes))

    # ---- the chain itself ----------------------------------------------------------------------
    def blackout(self) -> None:
        """The sequencer is down: prices stand still. When it is back liquidations wait for 900 s, to the second."""
        if not self.w.setup.sequencer:
            return self.hiccup()
        account = self.m.holder()
        self.p.play("sequencer", False)
        self.p.play("check")
        self.undo(account, 5_000)
        self.call(self.named(account))
        for _ in range(self.rng.randint(1, 5)):
            self._any_call()
        self.p.play("warp", self.rng.choice((60, 900, 5_000)))
        self.p.play("sequencer", True)
        self.publish({})
        self.p.play("check")
        self.call(self.named(account))
        for ahead in (898, 1, 0):
            since = self.w.feeds.up_since
            self.p.play("warp", max(0, since + ahead - self.w.chain.time) if ahead > 1 else ahead)
            self.p.play("check")
            self.call(self.named(account))
        self.p.play("warp", 1)
        self.publish({})
        self.p.play("check")
        self.call(self.named(account))
