"""What the world does to a venue: time, prices, feeds that fail."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from crossmargin.model import Order
from crossmargin.model.maths import LOT, WAD
from tests.stateful.feeds import DEAD, TICK
from tests.stateful.moves_backing import BackingMoves
from tests.stateful.player import Player
from tests.stateful.report import Report
from tests.stateful.twin import Call
from tests.stateful.world import World

HOUR, DAY = 3_600, 86_400


class Weather:
    """Part of a sequence."""

    rng: random.Random
    w: World
    m: BackingMoves
    p: Player
    report: Report
    queue: list[Callable[[], Any]]
    dead: set[int]
    silent: set[int]

    # ---- time and prices -----------------------------------------------------------------------
    def time(self) -> None:
        """Nothing, seconds, hours or weeks; after a long time the feeds publish again."""
        self.p.play("warp", self.rng.choice((0, 1, 12, 600, HOUR, 12 * HOUR, DAY, DAY + 1, 14 * DAY)))
        if self.chance(85):
            self.publish({})
        self.p.play("check")

    def publish(self, moved: dict[int, int], quote: int | None = None) -> None:
        """All living feeds publish: the moved ones new answers. A second later, so that words read them."""
        self.p.play("warp", 1)
        alive = [m for m in range(len(self.w.feeds.rounds)) if m not in self.dead | self.silent]
        answers = {m: max(2, self.w.feeds.answer(m)) for m in alive}
        answers |= {m: self._bounded(m, a) for m, a in moved.items() if m in answers}
        self.push(answers, quote or self.w.feeds.quote_answer or None)
        if self.chance(50):
            self.p.play("store")

    def _bounded(self, market: int, answer: int) -> int:
        start = self.w.setup.markets[market].price // TICK
        return min(20 * start, max(start // 20, answer))

    def prices(self) -> None:
        """A step of every price, towards where it began when it is far from it; now and then the quote's own."""
        moved = {}
        for m in range(len(self.w.feeds.rounds)):
            a, start = self.w.feeds.answer(m), self.w.setup.markets[m].price // TICK
            pull = 0.03 if a < start // 2 else -0.03 if a > start * 2 else 0
            moved[m] = int(a * (1 + pull + self.rng.gauss(0, self.rng.choice((0.001, 0.01, 0.03)))))
        quote = self.rng.choice((10**8, 99_500_000, 97_000_000, 100_200_000)) if self.chance(10) else None
        self.publish(moved, quote)
        self.p.play("check")

    def past_liquidation(self) -> None:
        """Move one price to just past (or just short of) somebody's liquidation point."""
        account = self.m.holder()
        if self.edge_of(account) is None:
            return self.prices()
        self.undo(account, self.rng.choice((0, 1, 1, 2, 100, 2_000, 20_000, 100_000)))
        self.report.seen["price past a liquidation point"] += 1
        if self.chance(40):
            self.queue.append(lambda: self.call(self.m.unhedge()))
        if self.chance(70):
            self.queue += [lambda: self.call(self.m.liquidate())] * self.rng.choice((1, 1, 3))
        elif self.chance(60):
            self.queue += [lambda: self.call(self._pressed(account))]

    def _pressed(self, account: int) -> Call:
        """What an owner near liquidation would do: reduce, take money out, close in proportion."""
        held = self.w.model.account(account).positions
        if not held:
            return self.m.withdraw()
        market = self.rng.choice(list(held))
        if self.chance(70):
            return self.m.submit(account, market, self.m.reducing(held[market][0]))
        return self.m.closed(account, self.rng.choice((WAD // 10, WAD // 2, WAD)))

    def crash(self) -> None:
        """Everything moves by a lot at once; liquidations follow."""
        x = self.rng.choice((-600, -350, -150, 150, 500, 1_200))
        answers = {m: self.w.feeds.answer(m) for m in range(len(self.w.feeds.rounds))}
        self.publish({m: a * (1_000 + x + self.rng.randint(-60, 60)) // 1_000 for m, a in answers.items()})
        self.p.play("check")
        self.queue += [lambda: self.call(self.m.sweep())] if self.chance(60) else []
        self.queue += [lambda: self.call(self.m.liquidate())] * self.rng.randint(2, 8)

    # ---- feeds that fail -----------------------------------------------------------------------
    def kill_feed(self) -> None:
        """A feed, all of them or the quote's own answer garbage for a few steps."""
        self.p.play("store")
        self.p.play("warp", 1)
        kind, markets = self.rng.choice((0, 1, 2, 2, 2)), list(self.w.model.markets)
        if kind == 0:
            self.push({}, DEAD)
            self.report.seen["quote feed dead"] += 1
        else:
            some = markets if kind == 1 else self.rng.sample(markets, 3)
            self.dead = set(some)
            self.push(dict.fromkeys(some, DEAD))
        self.report.seen["feed dead"] += 1
        self.p.play("check")
        self.queue += [self._shock] if self.chance(80) else []
        self.queue += [self._elsewhere, *[self._any_call] * self.rng.randint(3, 12)]
        self.queue += [self._close_unpriced, self._drain, self._drain, self.revive]

    def _shock(self) -> None:
        """What lives moves by a lot; keepers look at everybody, dead legs or not."""
        x = self.rng.choice((-500, -300, 300, 700))
        answers = {m: self.w.feeds.answer(m) for m in range(len(self.w.feeds.rounds))}
        self.publish({m: a * (1_000 + x) // 1_000 for m, a in answers.items()})
        self.p.play("check")
        self.call(self.m.sweep())

    def fall_silent(self) -> None:
        """Some feeds publish no more; orders that wait for them, and what is left, live through it."""
        self.silent = set(self.rng.sample(range(6), self.rng.choice((1, 2, 6))))
        self.report.seen["feed silent"] += 1
        for market in self.silent:
            if self.chance(60):
                account = self.m.trader()
                self.call(self.m.submit(account, market, self.m.opening(account, market)))
        self.p.play("warp", self.rng.choice((HOUR, DAY - 10, DAY + 1)))
        self.publish({})
        self.p.play("check")
        self.queue += [self._elsewhere, *[self._any_call] * self.rng.randint(4, 12)]
        self.queue += [self._close_unpriced, lambda: self.call(self.m.clear_expired()), self.revive]

    def stale(self) -> None:
        """A day without a round."""
        self.p.play("warp", DAY + 1)
        self.report.seen["stale"] += 1
        self.p.play("check")
        self.queue += [self._any_call] * self.rng.randint(2, 8)
        self.queue += [self._close_unpriced] * 2 + [self._drain, self.revive]

    def revive(self) -> None:
        """Every feed publishes again."""
        back = {m: self.w.feeds.last[m] // TICK for m in self.dead}
        self.dead, self.silent = set(), set()
        self.publish(back, self.w.feeds.quote_answer or 10**8)
        self.p.play("check")

    def _any_call(self) -> None:
        """A call, whatever the feeds do."""
        m = self.m
        moves = [
            m.trade,
            m.withdraw,
            m.liquidate,
            m.transfer,
            m.close_fraction,
            m.settle_loss,
            m.poke,
            m.deposit,
        ]
        moves += [m.convert_collateral, m.buy_collateral, m.execute, m.execute, m.cancel, m.clear_expired]
        moves += [m.lp_deposit, m.lp_exit]
        self.call(self.rng.choice(moves)())

    def _elsewhere(self) -> None:
        """An order in a market with a price, of an account with a leg that has none: it fails, and that is its owner's fault."""
        v, book = self.w.model, self.w.twin.book
        slow = [m for m in range(6) if v.valid[m] and m in book.timings and not self.m.at_once(m)]
        held = [t for t in self.w.traders if not v.legs_valid(v.account(t))]
        held = [t for t in held if (a := v.account(t)).cash - a.reserved >= book.keeper_fee]
        if not slow or not held:
            return self._any_call()
        account, market = self.rng.choice(held), self.rng.choice(slow)
        least = self.m.whole(2 * v.params.markets[market].min_notional, market)
        call = self.m.submit(account, market, self.rng.choice((-1, 1)) * max(LOT, least), plain=True)
        if self.call(call).refused is None:
            order = Order(*call.args[0])
            self._wait(market, book.pending[order].timing.delay)
            self.call(self._executed(order))

    def _close_unpriced(self) -> None:
        """The only position of an account whose price is not valid, all of it: afterwards no leg is left to ask."""
        v = self.w.model
        found = [t for t in self.w.traders for m in v.account(t).positions if not v.valid[m]]
        quick = [t for t in found if any(self.m.at_once(m) for m in v.account(t).positions if not v.valid[m])]
        if not quick:
            return self._any_call()
        account = min(quick, key=lambda t: (len(v.account(t).positions), self.rng.random()))
        market = next(m for m in v.account(account).positions if not v.valid[m] and self.m.at_once(m))
        out = self.call(self.m.submit(account, market, -v.position(account, market)[0], plain=True))
        self.report.seen["whole close without a price refused"] += out.refused is not None

    def _drain(self) -> None:
        """Everything out of an account without positions (M-6), if there is one."""
        self.call(self.m.drain()) if self.m.flat() else self._any_call()
