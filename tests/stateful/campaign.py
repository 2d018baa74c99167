"""A seeded life of a venue: what happens next, beyond a single call."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crossmargin.model import QUOTE, Order
from crossmargin.model.maths import LOT, WAD
from tests.stateful import setups
from tests.stateful.encoding import DOORS
from tests.stateful.feeds import DEAD, TICK
from tests.stateful.moves_pool import PoolMoves
from tests.stateful.player import Player
from tests.stateful.report import Report
from tests.stateful.twin import Call, Outcome
from tests.stateful.world import World
from tests.support.pyrevm_chain import ROOT, unsigned

SEQUENCE = 2_500  # steps on one deployment
CLOSED = 60  # steps after which a pool that takes no entries any more is given up
HOUR, DAY = 3_600, 86_400


class Sequence:
    """One deployment and its random life. Deterministic in (seed, number)."""

    def __init__(self, seed: int, number: int, report: Report, root: Path = ROOT) -> None:
        self.rng = random.Random(f"{seed}/{number}")
        self.report = report
        self.w = World(setups.draw(self.rng), root)
        self.m = PoolMoves(self.w, self.rng)
        self.p = Player(self.w, report)
        self.queue: list[Callable[[], Any]] = []
        self.dead: set[int] = set()
        self.silent: set[int] = set()
        self.closed = 0
        self.start = self.p.index
        self.story = [self.first_entry, *(lambda t=t: self.fund(t) for t in self.w.traders)]

    @property
    def over(self) -> bool:
        """Whether the next sequence should begin."""
        return self.p.index >= SEQUENCE or self.closed > CLOSED

    # ---- one move ------------------------------------------------------------------------------
    def move(self) -> None:
        """The beginning, the next queued move, or a drawn one."""
        if self.story:
            return self.story.pop(0)()
        if self.queue:
            return self.queue.pop(0)()
        s = self.w.model.stored_reduced_equity()
        self.closed = self.closed + 1 if s <= 0 else 0
        moves = list(self.menu())
        self.rng.choices([k for k, _ in moves], [n for _, n in moves])[0]()

    def menu(self):
        """Moves and their weights."""
        m = self.m
        for draw, weight in (
            (m.deposit, 60),
            (m.withdraw, 70),
            (m.transfer, 25),
            (m.close_fraction, 30),
            (m.settle_loss, 40),
            (m.convert_collateral, 40),
            (m.poke, 20),
            (m.execute, 80),
            (m.cancel, 25),
            (m.clear_expired, 20),
            (m.again, 4),
            (m.unhedge, 30),
            (m.liquidate, 70),
            (m.buy_collateral, 35),
            (m.observe, 5),
            (m.lp_deposit, 25),
            (m.lp_exit, 30),
            (m.lp_transfer, 8),
        ):
            yield (lambda draw=draw: self.call(draw())), weight
        yield self.trade, 340
        yield self.widen, 80
        yield self.crowd, 4
        yield self.on_time, 25
        yield self.time, 45
        yield self.prices, 60
        yield self.past_liquidation, 45
        yield self.crash, 8
        yield self.kill_feed, 6
        yield self.fall_silent, 4
        yield self.outsider, 20
        yield self.round_trip, 25
        yield self.batch_trip, 15
        yield self.lp_trip, 10
        yield self.free_for_all, 12
        yield self.parameters, 22
        yield self.donate, 3
        yield self.stale, 2

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
        v, account = self.w.model, self.m.holder()
        held = v.account(account).positions
        if not held:
            return self.prices()
        market = max(held, key=lambda m: abs(held[m][0]) * v.prices[m])
        down, price = held[market][0] > 0, v.prices[market]

        def healthy(x: int) -> bool:
            at = {market: price * (1_000_000 + (-x if down else x)) // 1_000_000}
            return v.assess(v.account(account), at).headroom >= 0

        x = self.m.edge(healthy, 0, 700_000)
        if x >= 690_000:
            return self.prices()
        x += self.rng.choice((0, 1, 1, 2, 100, 2_000, 20_000, 100_000))
        answer = self.w.feeds.answer(market)
        self.publish({market: answer * max(50_000, 1_000_000 + (-x if down else x)) // 1_000_000})
        self.report.seen["price past a liquidation point"] += 1
        self.p.play("check")
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
        kind, markets = self.rng.randrange(3), list(self.w.model.markets)
        if kind == 0:
            self.push({}, DEAD)
            self.report.seen["quote feed dead"] += 1
        else:
            some = markets if kind == 1 else self.rng.sample(markets, 3)
            self.dead = set(some)
            self.push(dict.fromkeys(some, DEAD))
        self.report.seen["feed dead"] += 1
        self.p.play("check")
        self.queue += [self._elsewhere, *[self._any_call] * self.rng.randint(3, 12)]
        self.queue += [self._close_unpriced, self._drain, self._drain, self.revive]

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

    # ---- more than one call ---------------------------------------------------------------------
    def donate(self) -> None:
        """Tokens that nobody deposited change nothing."""
        self.p.play("donate", self.rng.choice(("vault", "pool", "manager")), self.rng.randint(1, 10**8))
        self.report.seen["donation"] += 1
        self.p.play("check")

    def parameters(self) -> None:
        """A change of parameters with everything open; or one that is out of bounds."""
        found = self.m.parameters()
        if isinstance(found, Call):
            self.call(found)
            return
        name, args, reason = found
        door, owner = DOORS[name], self.w.actors["owner"]
        data = unsigned(door.data(self.w, owner, args))
        self.p.play("refused", door.contract, door.function, owner, data, reason)
        self.report.seen["parameters out of bounds refused"] += 1

    def outsider(self) -> None:
        """I-28, I-27: what needs a role or an owner is refused to everybody else, and nothing changes."""
        w, a = self.w, self.m.holder()
        me = self.rng.choice((w.actors["outsider"], w.actors["keeper"], w.owner_of(self.m.trader())))
        me = w.actors["outsider"] if me == w.owner_of(a) else me
        self.p.play("refused", *self.rng.choice(self._forbidden(a, me)))
        self.report.seen["outsider refused"] += 1

    def _forbidden(self, a: int, me: str) -> list[tuple[Any, ...]]:
        """Calls on an account, the pool or the parameters by an address without authority."""
        w, my = self.w, int(me, 16)
        cash, quote, lp = max(1, w.model.account(a).cash), w.quote.number, int(w.lps[0], 16)
        fill = (a, 0, LOT, 0, 2**200, 0, 0, my << 96, cash, 0)
        order = (a, 0, LOT, 2**200, 0, 1)
        found = [
            ("manager", "withdraw", (a, quote, 1, 7), "manager: not the owner"),
            ("manager", "transfer", (a, my << 96, quote, cash), "manager: not the owner"),
            ("manager", "close_fraction", (a, WAD), "manager: not the owner"),
            ("manager", "reserve", (a, -1), "manager: not allowed"),
            ("manager", "charge_keeper_fee", (a, my << 96, WAD), "manager: not allowed"),
            ("manager", "trade", fill, "manager: not allowed"),
            ("manager", "liquidate", (a, WAD, my << 96), "manager: not allowed"),
            ("manager", "sell_inventory", (0, 1, 1, my, my, WAD, 2**255, 256, 0), "manager: not allowed"),
            ("manager", "deleverage", (a, 0, LOT), "manager: not allowed"),
            ("waterfall", "claim", (WAD, 1, WAD, 2**256 - 1), "waterfall: not the manager"),
            ("manager", "pool_deposit", (my, 10**6), "manager: not the pool"),
            ("manager", "pool_withdraw", (my, 1), "manager: not the pool"),
            ("manager", "configure", (0, 0, 0), "manager: not configurator"),
            ("manager", "set_role", (my, 1), "manager: not configurator"),
            ("manager", "list_asset", (quote,), "manager: not configurator"),
            ("vault", "pull", (a, QUOTE, int(w.actors["buyer"], 16), 10**6), "vault: not manager"),
            ("vault", "push", (a, QUOTE, my, 1, 0), "vault: not manager"),
            ("vault", "post", (a, my << 96, 1, 0, 0, 0, 0), "vault: not manager"),
            ("vault", "exchange", (a, 0, quote, 1, my, my, 1, 256, 0), "vault: not manager"),
            ("vault", "set_cap", (0, 0), "vault: not manager"),
            ("vault", "shift", (a, my << 96, QUOTE, 1), "vault: not manager"),
            ("vault", "reserve", (a, 1), "vault: not manager"),
            ("vault", "write_off", (a, my << 96, 1, a), "vault: not manager"),
            ("orders", "submit", order, "orders: not the owner"),
            ("orders", "cancel", order, "orders: not the owner"),
            ("orders", "set_keeper_fee", (WAD,), "ownable: caller is not the owner"),
            ("liquidator", "set_terms", (0, 0, 0, 60), "ownable: caller is not the owner"),
            ("configurator", "set_order_book", (my,), "ownable: caller is not the owner"),
            ("configurator", "pause", (), "ownable: caller is not the owner"),
            ("configurator", "unpause", (), "ownable: caller is not the owner"),
            ("configurator", "close_market", (0,), "ownable: caller is not the owner"),
            ("configurator", "shut_down", (), "ownable: caller is not the owner"),
        ]
        if (
            not w.model.cooldown()
            and w.model.shares.get(lp, 0)
            and w.model.prices_valid()
            and w.model.preview_redeem(WAD)
        ):
            words, reason = (WAD, my, lp), "erc20: insufficient allowance"
            found += [("pool", "redeem", words, reason), ("pool", "transferFrom", (lp, my, 1), reason)]
        return [(contract, function, me, words, reason) for contract, function, words, reason in found]

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
