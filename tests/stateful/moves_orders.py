"""What may happen to orders: commitments of every kind, and what keepers, owners and others do with them."""

from __future__ import annotations

from crossmargin.model import Order, Reason
from crossmargin.model.maths import LOT, LOTS, WAD, ceil_div
from tests.stateful.moves import WORST_BUY, Moves
from tests.stateful.twin import Call


class OrderMoves(Moves):
    """Draws orders and what becomes of them."""

    def at_once(self, market: int) -> bool:
        """Whether orders in a market fill when they are submitted."""
        timing = self.w.twin.book.timings.get(market)
        return timing is not None and timing.delay == 0

    # ---- what to trade -------------------------------------------------------------------------
    def market_of(self, account: int) -> int:
        """Mostly one of the markets the account is in, for the wide account mostly another; more often one without delay."""
        held = list(self.v.account(account).positions)
        wide = account == self.w.traders[0]
        if held and self.chance(25 if wide else 60):
            return self.rng.choice(held)
        if wide:
            return self.rng.choice([m for m in self.v.markets if m not in held] or held)
        some = list(self.v.markets)[: 6 if self.chance(80) else None]
        quick = [m for m in some if self.at_once(m)]
        return self.rng.choice(quick if quick and self.chance(40) else some)

    def whole(self, quote: int, market: int) -> int:
        """Lots of so much quote (WAD), as WAD of base."""
        return quote * LOTS // self.v.prices[market] * LOT

    def trade(self) -> Call:
        """An increase, a reduction, a turn or a close."""
        account = self.trader()
        market = self.market_of(account)
        if not self.at_once(market) and self.chance(85):
            account = self.payer(account)
        base = self.v.position(account, market)[0]
        draw = self.rng.randrange(100)
        if base and draw < 30:
            return self.submit(account, market, self.reducing(base))
        if base and draw < 38:
            turn = self.share(abs(base)) * self.rng.choice((-1, 1))
            return self.submit(account, market, -base - turn // LOT * LOT)
        if draw < 50:
            return self._at_cap(account, market)
        return self.submit(account, market, self.opening(account, market))

    def payer(self, account: int) -> int:
        """The account if it can reserve a keeper fee, else one that can."""
        fee = self.w.twin.book.keeper_fee
        rich = [t for t in self.w.traders if (a := self.v.account(t)).cash - a.reserved >= fee]
        return account if account in rich or not rich else self.rng.choice(rich)

    def unhedge(self) -> Call | None:
        """Close a leg that hedges the others, of an account near its margin: refused if that hurts."""
        for account in self.rng.sample(self.w.traders, len(self.w.traders)):
            holder = self.v.account(account)
            if len(holder.positions) + len(holder.collateral) > 1:
                a = self.v.assess(holder)
                if a.equity < 2 * a.initial:
                    for m, (base, _) in list(holder.positions.items()):
                        worst = 0 if base > 0 else WORST_BUY
                        if (
                            self.at_once(m)
                            and self.v.refusal("trade", account, m, -base, 0, worst) is Reason.MARGIN
                        ):
                            return self.submit(account, m, -base, plain=True)
        return None

    def widen(self) -> Call:
        """A small position more for the account that goes for sixteen markets and one beyond."""
        account = self.w.traders[0]
        market = self.market_of(account)
        return self.submit(account, market, self.opening(account, market))

    def reducing(self, base: int) -> int:
        """A part of a position, the other way."""
        part = self.rng.choice((LOT, self.share(abs(base)), abs(base), self.share(abs(base)))) // LOT * LOT
        return max(LOT, part) * (-1 if base > 0 else 1)

    def opening(self, account: int, market: int) -> int:
        """A leverage of equity; a quarter of them is brought to the edge of what is accepted now."""
        a = self.v.assess(self.v.account(account))
        room = max(WAD * 50, a.equity - a.initial)
        lever = self.rng.choice((2, 5, 20, 40, 60, 80, 100, 160, 400))
        if not self.at_once(market) and self.chance(60):
            lever = self.rng.choice((1, 2, 5, 10, 20))  # what the edge is now it will not be then
        sign = self.rng.choice((-1, 1))
        skew = self.v.markets[market].skew
        if skew and self.chance(60):
            sign = -1 if skew > 0 else 1
        if account == self.w.traders[0]:
            least = self.v.params.markets[market].min_notional * self.rng.choice((2, 5, 50))
            return sign * max(LOT, self.whole(least, market))
        size = sign * max(LOT, self.whole(room * lever // 10, market))
        if lever < 40 or self.chance(35):
            return size
        worst, spread = WORST_BUY if sign > 0 else 0, self.at_once(market)
        most = self.edge(
            lambda n: (
                self.v.refusal("trade", account, market, sign * n * LOT, 0, worst, False, spread) is None
            ),
            1,
            abs(size) // LOT,
        )
        return sign * LOT * max(1, most + self.nudge())

    def _at_cap(self, account: int, market: int) -> Call:
        """A size aimed at one of the market's caps or the smallest notional, give or take one lot."""
        mp, state, price = self.v.params.markets[market], self.v.markets[market], self.v.prices[market]
        sign = self.rng.choice((-1, 1))
        side = state.long if sign > 0 else state.short
        share = max(0, mp.share * self.v.stored_reduced_equity() // 10**4)
        goal = self.rng.choice((mp.max_oi, mp.max_oi_quote * LOTS // price, share * LOTS // price, 0))
        lots = goal - side if goal else ceil_div(mp.min_notional * LOTS, price)
        base = self.v.position(account, market)[0]
        if goal and base * sign < 0:
            lots += abs(base) // LOT
        size = sign * max(1, lots + self.rng.choice((-1, 0, 1, 1))) * LOT
        return self.submit(account, market, size)

    # ---- commitments ---------------------------------------------------------------------------
    def submit(self, account: int, market: int, size: int, plain: bool = False) -> Call:
        """An order around the given size, with everything else drawn; `plain`: any price, whole size."""
        size, rng = size or LOT, self.rng
        base = self.v.position(account, market)[0]
        only = not plain and self.chance(20 if base * size < 0 else 3)
        plain = plain or self.v.markets[market].settled
        worst = (WORST_BUY if size > 0 else 0) if plain else self._worst(market, size)
        if not plain and self.chance(1):
            size += rng.choice((1, LOT // 2))
        if not plain and self.chance(1):
            market = len(self.v.markets) + rng.randrange(5)
        order = (account, market, size, worst, int(only), rng.randrange(2**64))
        return Call("submit", account, (order,), self.w.owner_of(account))

    def _worst(self, market: int, size: int) -> int:
        """Any bound, something near the mark, or the fill at the mark ± one."""
        if self.chance(1):
            return 0
        if self.chance(70):
            return WORST_BUY if size > 0 else 0
        if self.chance(40) and not self.at_once(market):
            return self.v.prices[market] * self.rng.randint(970, 1_030) // 1_000
        return max(0, self.v.fill_price(market, size, 0, self.at_once(market)) + self.nudge())

    def again(self) -> Call | None:
        """An order that is pending already."""
        orders = list(self.w.twin.book.pending)
        if not orders:
            return None
        order = self.rng.choice(orders)
        return Call("submit", order.account, (tuple(order),), self.w.owner_of(order.account))

    def crowd(self) -> list[Call]:
        """Nine commitments of one account, one more than it may have."""
        account = self.rng.choice(self.w.traders)
        slow = [m for m in range(6) if not self.at_once(m) and m in self.w.twin.book.timings]
        if not slow:
            return []
        least = self.v.params.markets[slow[0]].min_notional
        size = self.whole(2 * least, slow[0]) + LOT
        return [self.submit(account, slow[0], size * (-1) ** i, plain=True) for i in range(9)]

    # ---- pending orders ------------------------------------------------------------------------
    def due(self) -> list[Order]:
        """Pending orders whose delay is over; few of those whose window is."""
        now, past = self.v.time, self.chance(10)
        return [o for o, p in self.w.twin.book.pending.items() if p.due <= now and (past or now <= p.expires)]

    def execute(self) -> Call | None:
        """A keeper's batch, mostly of what is due, each with its first round as far as there is one."""
        pending = list(self.w.twin.book.pending)
        orders = self.due() if self.chance(85) else pending
        if not orders:
            return None
        some = self.rng.sample(orders, min(len(orders), self.rng.choice((1, 1, 2, 4, 16))))
        if self.chance(6):
            some += [some[0]]  # gone, or skipped twice
        return self.executed([(o, self._round(o)) for o in some[:16]])

    def executed(self, named: list[tuple[Order, int]], sender: str = "") -> Call:
        """Execution by a keeper, at times by the owner of the first order, or by a stranger."""
        owner = self.w.owner_of(named[0][0].account)
        keeper = self.w.actors["keeper"]
        sender = sender or self.rng.choice((keeper, keeper, keeper, owner, self.w.actors["outsider"]))
        args = (tuple((tuple(o), n) for o, n in named),)
        return Call("execute", named[0][0].account if len(named) == 1 else 0, args, sender)

    def _round(self, order: Order) -> int:
        """The first round since the order was due; at times another, one that is not there, or the latest (0)."""
        p, feeds = self.w.twin.book.pending[order], self.w.feeds
        first, latest = feeds.first_since(order.market, p.due), len(feeds.rounds[order.market])
        if self.chance(82):
            return first if first != latest or self.chance(50) else 0
        return self.rng.choice((0, max(1, first - 1), first + 1, latest, latest + 1, 1))

    def cancel(self) -> Call | None:
        """By its owner, in time or not; at times of an order that is not there."""
        orders = list(self.w.twin.book.pending)
        if not orders:
            return None
        early = [o for o in orders if self.w.twin.book.pending[o].due > self.v.time]
        order = self.rng.choice(early if early and self.chance(60) else orders)
        late = self.w.twin.book.pending[order].expires < self.v.time
        order = order._replace(salt=order.salt + 1) if self.chance(4) else order
        note = "late" if late else ""
        return Call("cancel", order.account, (tuple(order),), self.w.owner_of(order.account), note)

    def clear_expired(self) -> Call | None:
        """By anybody: some of what is pending, past its window or not."""
        orders = list(self.w.twin.book.pending)
        if not orders:
            return None
        some = self.rng.sample(orders, min(len(orders), self.rng.choice((1, 3, 16))))
        return Call("clear_expired", 0, (tuple(tuple(o) for o in some),), self._anyone())
