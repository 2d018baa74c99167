"""A seeded life of a venue: what happens next, beyond a single call."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from crossmargin.model import QUOTE, Order
from crossmargin.model.maths import WAD
from tests.stateful import setups
from tests.stateful.encoding import DOORS
from tests.stateful.ending import Ending
from tests.stateful.guards import Guards
from tests.stateful.moves_backing import BackingMoves
from tests.stateful.player import Player
from tests.stateful.report import Report
from tests.stateful.squeeze import Squeeze
from tests.stateful.trips import Trips
from tests.stateful.twin import Call, Outcome
from tests.stateful.weather import Weather
from tests.stateful.world import World
from tests.support.pyrevm_chain import ROOT, unsigned

SEQUENCE = 2_000  # steps on one deployment
LAST = 300  # steps kept for the end of the venue
CLOSED = 60  # steps after which a pool that takes no entries any more is given up
HOUR, DAY = 3_600, 86_400

# What a sequence draws from, with weights: calls, and moves of more than one step.
CALLS = (
    ("deposit", 60),
    ("withdraw", 70),
    ("transfer", 25),
    ("close_fraction", 30),
    ("settle_loss", 40),
    ("convert_collateral", 40),
    ("poke", 20),
    ("execute", 80),
    ("cancel", 25),
    ("clear_expired", 20),
    ("again", 4),
    ("unhedge", 30),
    ("liquidate", 70),
    ("observe", 5),
    ("lp_deposit", 25),
    ("lp_exit", 30),
    ("lp_transfer", 8),
    ("cover_entry", 12),
    ("cover_other", 6),
    ("request", 22),
    ("finalise", 22),
    ("alarm", 8),
    ("deleverage", 12),
    ("sample", 4),
    ("settle_market", 5),
    ("settle", 8),
)
MOVES = (
    ("trade", 340),
    ("buy", 35),
    ("widen", 80),
    ("crowd", 4),
    ("on_time", 25),
    ("time", 45),
    ("prices", 60),
    ("past_liquidation", 45),
    ("crash", 8),
    ("kill_feed", 6),
    ("fall_silent", 4),
    ("outsider", 20),
    ("round_trip", 25),
    ("batch_trip", 15),
    ("lp_trip", 10),
    ("free_for_all", 12),
    ("parameters", 22),
    ("donate", 3),
    ("strain", 12),
    ("hiccup", 12),
    ("close_one", 3),
    ("stale", 2),
)


class Sequence(Weather, Trips, Ending, Squeeze, Guards):
    """One deployment and its random life. Deterministic in (seed, number)."""

    def __init__(self, seed: int, number: int, report: Report, root: Path = ROOT) -> None:
        self.rng = random.Random(f"{seed}/{number}")
        self.report = report
        self.w = World(setups.draw(self.rng), root)
        self.m = BackingMoves(self.w, self.rng)
        self.p = Player(self.w, report)
        self.queue: list[Callable[[], Any]] = []
        self.dead: set[int] = set()
        self.silent: set[int] = set()
        self.closed, self.ended, self.ends = 0, False, self.chance(80)
        self.start = self.p.index
        scenes = (self.squeeze, self.dead_leg, self.unpaid, self.owed) * 2
        scenes += (self.settled_first, self.blackout, self.dead_leg, self.wide, self.default)
        moments = sorted(self.rng.sample(range(60, SEQUENCE - LAST), len(scenes)))
        self.agenda = list(zip(moments, self.rng.sample(scenes, len(scenes))))
        self.story = [self.first_entry, *(lambda t=t: self.fund(t) for t in self.w.traders)]

    @property
    def over(self) -> bool:
        """Whether the next sequence should begin."""
        spent = self.p.index >= SEQUENCE or self.closed > CLOSED
        return self.ended or (spent and not self.ends and not self.queue) or self.p.index > 2 * SEQUENCE

    # ---- one move ------------------------------------------------------------------------------
    def move(self) -> None:
        """The beginning, the next queued move, or a drawn one."""
        if self.story:
            return self.story.pop(0)()
        if self.queue:
            return self.queue.pop(0)()
        if self.ends and (self.p.index >= SEQUENCE - LAST or self.closed > CLOSED):
            return self.end()
        if self.agenda and self.p.index >= self.agenda[0][0]:
            return self.agenda.pop(0)[1]()
        s = self.w.model.stored_reduced_equity()
        self.closed = self.closed + 1 if s <= 0 else 0
        moves = list(self.menu())
        self.rng.choices([k for k, _ in moves], [n for _, n in moves])[0]()

    def menu(self) -> Iterator[tuple[Callable[[], Any], int]]:
        """Moves and their weights. Markets close for good late enough for the rest of the story to need them no more."""
        for name, weight in CALLS:
            yield (lambda draw=getattr(self.m, name): self.call(draw())), weight
        for name, weight in MOVES:
            if name != "close_one" or self.p.index > SEQUENCE // 2:
                yield getattr(self, name), weight

    def call(self, call: Call | None) -> Outcome | None:
        """Play a call that was drawn, if there was one."""
        if call is None:
            return None
        return self.p.play("call", call.name, call.account, call.args, call.sender, call.note)

    def chance(self, percent: int) -> bool:
        return self.rng.randrange(100) < percent

    def push(self, answers: dict[int, int], quote: int | None = None) -> None:
        """Rounds of this second."""
        self.p.play("push", list(answers.items()), quote)

    # ---- the beginning -------------------------------------------------------------------------
    def first_entry(self) -> None:
        """LPs come in; at times the first one tries to profit from being first with a donation (I-21)."""
        first, second = self.w.lps[:2]
        if self.chance(80):
            me = int(first, 16)
            self.p.play("purse", "first depositor with a donation", (), me)
            unit = self.m._step()
            self.call(Call("lp_deposit", 0, (self.rng.choice((1, 10**6)) * unit, me), first))
            for receiver in self.rng.sample(("vault", "pool", "manager"), 2):
                self.p.play("donate", receiver, 10**12 * unit)
            self.call(
                Call("lp_deposit", 0, (self.rng.choice((10**6, 10**11)) * unit, int(second, 16)), second)
            )
            self.call(Call("lp_redeem", 0, (self.w.model.shares.get(me, 0), me), first))
            self.p.play("no_gain", "first depositor with a donation", (), me, "I-21")
        for lp, part in zip(self.w.lps, (8, 1, 1)):
            assets = self.m.tokens(QUOTE, self.w.setup.pool * WAD * part // 10)
            self.call(Call("lp_deposit", 0, (assets, int(lp, 16)), lp))

    def fund(self, trader: int) -> None:
        """Cash for a trader: much for the first account, which goes for many markets."""
        whole = self.rng.choice((1_000, 20_000, 200_000)) if trader not in self.w.traders[:2] else 300_000
        tokens = self.m.tokens(QUOTE, whole * WAD)
        self.call(self.m._deposit(trader, QUOTE, tokens, self.w.owner_of(trader)))

    # ---- orders --------------------------------------------------------------------------------
    def trade(self) -> None:
        """An order; most that have to wait are followed to their execution, with a price a little moved."""
        self._order(self.m.trade(), 65)

    def widen(self) -> None:
        """One market more for the account that goes for sixteen."""
        self._order(self.m.widen(), 95)

    def _order(self, call: Call, followed: int) -> None:
        out = self.call(call)
        if out.refused is None and not out.events and self.chance(followed):
            self.follow(Order(*call.args[0]))

    def follow(self, order: Order) -> None:
        """Wait out the delay, publish, execute; at times before the round, or after others have come."""
        p = self.w.twin.book.pending.get(order)
        if p is None:
            return
        if self.chance(8):
            self.queue.append(lambda: self.call(self.m.executed([(order, 0)])))
        early = self.rng.choice(
            (0, 0, 1, 1, 2)
        )  # a round comes a second later: after, at or just before it is due
        self.queue.append(lambda: self._wait(order.market, max(0, p.due - self.w.model.time - early)))
        if self.chance(12):
            self.queue.append(
                lambda: self._wait(order.market, self.rng.choice((1, 31, 400, p.timing.window)))
            )
        if self.chance(5):
            self.queue.append(lambda: self.call(self.m._drained(order.account)))
        self.queue.append(lambda: self.call(self.m.execute() if self.chance(50) else self._executed(order)))

    def _executed(self, order: Order) -> Call | None:
        if order not in self.w.twin.book.pending:
            return None
        return self.m.executed([(order, self.m._round(order))])

    def _wait(self, market: int, seconds: int) -> None:
        """Let time pass, then a round of the market: the same price, or a little more or less."""
        self.p.play("warp", seconds)
        answer = self.w.feeds.answer(market)
        shift = self.rng.choice((0, 0, self.rng.gauss(0, 0.002), self.rng.gauss(0, 0.03)))
        self.publish({market: int(answer * (1 + shift))})
        self.p.play("check")

    def on_time(self) -> None:
        """To the second: the last one before an order is due, the first and last of its window, the last age of its round."""
        orders = list(self.w.twin.book.pending)
        if not orders:
            return
        order, now = self.rng.choice(orders), self.w.model.time
        p, feeds = self.w.twin.book.pending[order], self.w.feeds
        moments = [p.due - 1, p.due, p.expires, p.expires + 1]
        first = feeds.first_since(order.market, p.due)
        if first:
            last = feeds.rounds[order.market][first - 1][1] + p.timing.max_exec_age
            moments += [last, last + 1] * 2
        ahead = [t for t in moments if now <= t < now + 2 * DAY]
        if not ahead:
            return
        self.p.play("warp", self.rng.choice(ahead) - now)
        self.p.play("check")
        owner = self.w.owner_of(order.account)
        calls = [self.m.executed([(order, first)]), Call("cancel", order.account, (tuple(order),), owner)]
        calls += [calls[0], Call("clear_expired", 0, ((tuple(order),),), self.m._anyone())]
        for call in self.rng.sample(calls, 2):
            self.call(call)

    def crowd(self) -> None:
        """More orders than an account may have pending."""
        for call in self.m.crowd():
            self.call(call)

    # ---- the inventory auction -----------------------------------------------------------------
    def buy(self) -> None:
        """By anybody, or by a contract that is called between delivery and payment, tries something then, or refuses."""
        call = self.m.buy_collateral()
        if self.chance(50):
            return self.call(call)
        call, refuses = self.m.called_back(call), self.chance(20)
        refuses = refuses and self.w.twin.unsold(call) is None
        self.p.play("mood", *self.m.temptation(), refuses)
        if not refuses:
            return self.call(call)
        door = DOORS[call.name]
        data = self.w.liquidator.artifact.selectors[door.function] + door.data(self.w, call.sender, call.args)
        words = unsigned(self.w.acting(self.w.liquidator.number, data))
        self.p.play("refused", "contractor", "act", self.w.actors["buyer"], words, "buyer: refuses")
        self.report.seen["inventory: buyer refused when called"] += 1
