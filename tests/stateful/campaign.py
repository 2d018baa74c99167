"""A seeded life of a venue: moves, the model's word on each, the comparison of all state, every invariant, and counters."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from crossmargin.model import QUOTE
from crossmargin.model.margin import Assessment
from crossmargin.model.maths import LOT, WAD
from tests.stateful import setups
from tests.stateful.feeds import DEAD, TICK
from tests.stateful.invariants import REGISTRY, Step, check_all
from tests.stateful.moves import WORST_BUY, Moves
from tests.stateful.snapshot import Reader, Snapshot, compare
from tests.stateful.world import Call, Failure, Outcome, World, must
from tests.support.pyrevm_chain import ROOT, Reverted, to_signed

SEQUENCE = 2_500  # steps on one deployment
FAILURES = ROOT / ".cache" / "fuzz"
HOUR, DAY = 3_600, 86_400

# What must have happened in a run worth its name.
WANTED = (
    "liquidation: slice",
    "liquidation: full close",
    "liquidation: bad debt",
    "liquidation: cover used",
    "liquidation: refused, healthy",
    "liquidation: refused, no price",
    "liquidation: nothing there",
    "liquidation: debt without positions",
    "cap: MAX_OI",
    "cap: MAX_OI_QUOTE",
    "cap: SHARE",
    "cap: UTILISATION",
    "cap: MIN_NOTIONAL",
    "cap: DEPOSIT_CAP",
    "cap: SLOTS",
    "refused: MARGIN at an increase",
    "refused: MARGIN at a reduction",
    "refused: MARGIN at a withdrawal",
    "refused: PRICE",
    "whole close without a price refused",
    "refused: BAND",
    "refused: WORST",
    "refused: REDUCE_ONLY",
    "refused: SIZE",
    "refused: MARKET",
    "refused: RESERVED",
    "refused: FUNDS",
    "refused: OWED",
    "refused: SELL_PRICE",
    "refused: OWNER",
    "refused: AMOUNT",
    "refused: PROTOCOL",
    "refused: FRACTION",
    "refused: cash owed to winners",
    "trade: flip",
    "trade: close",
    "trade: reduce below initial margin",
    "trade: sixteen markets",
    "close_fraction: part",
    "close_fraction: all",
    "conversion",
    "settlement",
    "keeper fee paid",
    "keeper fee refused",
    "inventory sold",
    "M-6 withdrawal with dead feeds",
    "price past a liquidation point",
    "feed dead",
    "quote feed dead",
    "stale",
    "outsider refused",
    "round trip",
    "donation",
)


@dataclass
class Report:
    """What a run counted."""

    steps: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def missing(self) -> list[str]:
        """What never happened, or was never checked."""
        ids = [*REGISTRY, "I-16", "I-28", "I-29"]
        return [x for x in WANTED if not self.seen[x]] + [x for x in ids if not self.checks[x]]

    def text(self) -> str:
        """A table of the three counters."""
        ids = sorted(self.checks, key=lambda x: int(x[2:]))
        lines = [
            f"{self.steps} steps in {self.seconds:.1f} s, {self.steps / max(self.seconds, 0.01):.0f} a second"
        ]
        lines += ["", "invariant  checked  violated"] + [f"{x:9} {self.checks[x]:9} {0:9}" for x in ids]
        lines += ["", "happened"] + [f"{self.seen[x]:9}  {x}" for x in sorted(set(WANTED) | set(self.seen))]
        lines += ["", "calls (ok / refused)"] + [f"{n:9}  {x}" for x, n in sorted(self.calls.items())]
        return "\n".join(lines)


class Sequence:
    """One deployment and its random life. Deterministic in (seed, number)."""

    def __init__(self, seed: int, number: int, report: Report, root: Path = ROOT) -> None:
        self.rng = random.Random(f"{seed}/{number}")
        self.seed, self.number, self.report = seed, number, report
        self.w = World(setups.draw(self.rng), root)
        self.m = Moves(self.w, self.rng)
        self.reader = Reader(self.w)
        self.index = 0
        self.queue: list[Callable[[], None]] = []
        self.dead: set[int] = set()
        self.state: Snapshot = self.reader.read(set(self.w.traders))
        compare(self.state, self.w.model)
        self.health = self.assess()
        self._begin()

    def _begin(self) -> None:
        """Money for the pool and the traders, so that the first step has something to move."""
        self.call(self.m.pool_deposit())
        for i, trader in enumerate(self.w.traders):
            whole = self.rng.choice((1_000, 20_000, 200_000)) if i > 1 else 300_000
            tokens = whole * 10**self.w.setup.quote_decimals
            self.call(self.m._deposit(trader, QUOTE, tokens, self.w.owner_of(trader)))

    # ---- one step ------------------------------------------------------------------------------
    def step(self) -> None:
        """The next queued move, or a drawn one."""
        self.index += 1
        self.report.steps += 1
        if self.queue:
            self.queue.pop(0)()
            return
        kinds = list(self.menu())
        self.rng.choices([k for k, _ in kinds], [n for _, n in kinds])[0]()

    def menu(self):
        """Moves and their weights."""
        m = self.m
        for move, weight in (
            (m.trade, 400),
            (m.widen, 60),
            (m.deposit, 60),
            (m.withdraw, 70),
            (m.transfer, 25),
            (m.close_fraction, 30),
            (m.settle_loss, 40),
            (m.convert_collateral, 40),
            (m.poke, 25),
            (m.reserve, 30),
            (m.charge_keeper_fee, 25),
            (m.liquidate, 70),
            (m.sell_inventory, 25),
            (m.pool_deposit, 15),
            (m.pool_withdraw, 10),
        ):
            yield (lambda move=move: self.call(move())), weight
        yield self.time, 50
        yield self.prices, 60
        yield self.past_liquidation, 45
        yield self.crash, 8
        yield self.kill_feed, 6
        yield self.outsider, 25
        yield self.round_trip, 12
        yield self.donate, 2
        yield self.stale, 2

    def assess(self) -> dict[int, Assessment]:
        """Health of every trader, by the model at the prices and time of now."""
        v = self.w.model
        return {t: v.assess(v.account(t)) for t in self.w.traders}

    def call(self, call: Call) -> Outcome:
        """A call in both worlds, then everything that must hold."""
        before_valid = self.w.model.legs_valid(self.w.model.account(call.account))
        out = self.w.attempt(call)
        self._results(out)
        self.check(out)
        refused = out.refused is not None
        self.report.calls[f"{call.name} {'refused' if refused else 'ok'}"] += 1
        self._note(out, before_valid)
        return out

    def check(self, outcome: Outcome | None) -> None:
        """State word for word, views, and all invariants."""
        call = outcome.call if outcome else None
        touched = {call.account} & set(self.reader.keys) if call else set()
        touched.add(self.reader.keys[self.index % len(self.reader.keys)])
        after = self.reader.read(touched)
        compare(after, self.w.model)
        self._views(call.account if call and call.account in self.w.traders else self.m.trader())
        health = self.assess()
        step = Step(self.state, after, self.health, health, outcome, number=self.index)
        check_all(self.w, step, self.report.checks)
        self.before = self.state
        self.before_health = self.health
        self.state, self.health = after, health
        self.report.checks["I-29"] += 1

    def _results(self, out: Outcome) -> None:
        """I-29: what a call returns."""
        if out.refused is not None or out.result is None:
            return
        name, data = out.call.name, out.data
        if name == "trade":
            got = (to_signed(data[0]), data[1], data[2], to_signed(data[3]))
            must(got == tuple(out.result), f"I-29: trade returns {got}, model {out.result}")
        elif name == "liquidate":
            must(tuple(data) == tuple(out.result), f"I-29: liquidate returns {data}, model {out.result}")
        elif name in ("settle_loss", "convert_collateral", "charge_keeper_fee"):
            must(data[0] == out.result, f"I-29: {name} returns {data}, model {out.result}")

    def _views(self, account: int) -> None:
        """I-29: account_health of one account; at times solvency."""
        e, im, mm, state = self.w.manager.read("account_health", account)
        want = self.w.model.health(account)
        must(
            (to_signed(e), im, mm, state) == tuple(want),
            f"I-29: {account:#x}: health {(e, im, mm, state)}, {want}",
        )
        if self.index % 10 == 0:
            got = self.w.manager.read("solvency")
            want = self.w.model.solvency()
            got = [got[0] - self.w.donated * self.m.unit(QUOTE), *got[1:]]
            found = tuple(to_signed(x) for x in got)
            must(found == tuple(want), f"I-29: solvency {found}, model {want}")

    # ---- time and prices -----------------------------------------------------------------------
    def time(self) -> None:
        """Nothing, seconds, hours or weeks; after a long time the feeds publish again."""
        self.w.warp(self.rng.choice((0, 1, 12, 600, HOUR, 12 * HOUR, DAY, DAY + 1, 14 * DAY)))
        if self.chance(85):
            self.publish({})
        self.check(None)

    def publish(self, moved: dict[int, int], quote: int | None = None) -> None:
        """All living feeds publish: the moved ones new answers. A second later, so that words read them."""
        self.w.warp(1)
        answers = {m: max(2, a) for m, a in enumerate(self.w.feeds.answers) if m not in self.dead}
        answers |= {m: self._bounded(m, a) for m, a in moved.items() if m not in self.dead}
        quote = quote or self.w.feeds.quote_answer or None
        self.w.push(answers, quote)
        if self.chance(50):
            self.w.log.append(["store"])
            self.w.feeds.store()

    def _bounded(self, market: int, answer: int) -> int:
        start = self.w.setup.markets[market].price // TICK
        return min(20 * start, max(start // 20, answer))

    def prices(self) -> None:
        """A step of every price, towards where it began when it is far from it; now and then the quote's own."""
        moved = {}
        for m, a in enumerate(self.w.feeds.answers):
            start = self.w.setup.markets[m].price // TICK
            pull = 0.03 if a < start // 2 else -0.03 if a > start * 2 else 0
            moved[m] = int(a * (1 + pull + self.rng.gauss(0, self.rng.choice((0.001, 0.01, 0.03)))))
        quote = self.rng.choice((10**8, 99_500_000, 97_000_000, 100_200_000)) if self.chance(10) else None
        self.publish(moved, quote)
        self.check(None)

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
        answer = self.w.feeds.answers[market]
        self.publish({market: answer * max(50_000, 1_000_000 + (-x if down else x)) // 1_000_000})
        self.report.seen["price past a liquidation point"] += 1
        self.check(None)
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
            return self.m._order(account, market, self.m._reducing(held[market][0]), held[market][0])
        f = self.rng.choice((WAD // 10, WAD // 2, WAD))
        return Call("close_fraction", account, (account, f), self.w.owner_of(account), (account, f))

    def crash(self) -> None:
        """Everything moves by a lot at once; liquidations follow."""
        x = self.rng.choice((-600, -350, -150, 150, 500, 1_200))
        self.publish(
            {
                m: a * (1_000 + x + self.rng.randint(-60, 60)) // 1_000
                for m, a in enumerate(self.w.feeds.answers)
            }
        )
        self.check(None)
        self.queue += [lambda: self.call(self.m.liquidate())] * self.rng.randint(2, 8)

    def kill_feed(self) -> None:
        """A feed, all of them or the quote's own answer garbage for a few steps."""
        self.w.log.append(["store"])
        self.w.feeds.store()
        self.w.warp(1)
        kind = self.rng.randrange(3)
        if kind == 0:
            self.w.push({}, DEAD)
            self.report.seen["quote feed dead"] += 1
        else:
            some = list(self.w.model.markets) if kind == 1 else self.rng.sample(list(self.w.model.markets), 3)
            self.dead = set(some)
            self.w.push(dict.fromkeys(some, DEAD))
        self.report.seen["feed dead"] += 1
        self.check(None)
        self.queue += [self._any_call] * self.rng.randint(3, 12)
        self.queue += [self._close_unpriced, self._drain, self._drain, self.revive]

    def stale(self) -> None:
        """A day without a round."""
        self.w.warp(DAY + 1)
        self.report.seen["stale"] += 1
        self.check(None)
        self.queue += [self._any_call] * self.rng.randint(2, 8)
        self.queue += [self._close_unpriced] * 2 + [self._drain, self.revive]

    def revive(self) -> None:
        """Every feed publishes again."""
        back = {m: self.w.feeds.last[m] // TICK for m in self.dead}
        self.dead = set()
        self.w.feeds.quote_answer = self.w.feeds.quote_answer or 10**8
        self.publish(back, self.w.feeds.quote_answer)
        self.check(None)

    def _any_call(self) -> None:
        """A call, whatever the feeds do."""
        m = self.m
        moves = (
            m.trade,
            m.withdraw,
            m.liquidate,
            m.transfer,
            m.close_fraction,
            m.settle_loss,
            m.poke,
            m.deposit,
        )
        moves += (m.convert_collateral, m.charge_keeper_fee, m.sell_inventory)
        self.call(self.rng.choice(moves)())

    def _close_unpriced(self) -> None:
        """The only position of an account whose price is not valid, all of it: afterwards no leg is left to ask."""
        v = self.w.model
        found = [t for t in self.w.traders for m in v.account(t).positions if not v.valid[m]]
        if not found:
            return self._any_call()
        account = min(found, key=lambda t: (len(v.account(t).positions), self.rng.random()))
        market = next(m for m in v.account(account).positions if not v.valid[m])
        self._at_mark(account, market, -v.position(account, market)[0])
        self.report.seen["whole close without a price refused"] += 1

    def _drain(self) -> None:
        """Everything out of an account without positions (M-6), if there is one."""
        v = self.w.model
        flat = [t for t in self.w.traders if not v.account(t).positions and v.account(t).cash >= 0]
        flat = [t for t in flat if v.account(t).collateral or v.account(t).cash > v.account(t).reserved]
        if not flat:
            return self._any_call()
        account = self.rng.choice(flat)
        holder = v.account(account)
        asset = self.rng.choice([*holder.collateral] or [QUOTE])
        wad = holder.collateral[asset] if asset in holder.collateral else holder.cash - holder.reserved
        tokens = self.m.tokens(asset, wad)
        owner = self.w.owner_of(account)
        words = (account, self.w.token_of(asset).number, tokens, int(owner, 16))
        self.call(Call("withdraw", account, (account, asset, tokens), owner, words))

    # ---- more than one call ---------------------------------------------------------------------
    def chance(self, percent: int) -> bool:
        return self.rng.randrange(100) < percent

    def donate(self) -> None:
        """Tokens that nobody deposited change nothing."""
        amount = self.rng.randint(1, 10**8)
        self.w.log.append(["donate", amount])
        self.w.quote.call(self.w.actors["outsider"], "mint", self.w.vault.number, amount)
        self.w.donated += amount
        self.report.seen["donation"] += 1
        self.check(None)

    def outsider(self) -> None:
        """I-28, I-27: what needs a role or an owner is refused to everybody else, and nothing changes."""
        w, a = self.w, self.m.holder()
        me, receiver = (
            self.rng.choice((w.actors["outsider"], w.actors["keeper"], w.owner_of(self.m.trader()))),
            7,
        )
        me = w.actors["outsider"] if me == w.owner_of(a) else me
        cash = max(1, w.model.account(a).cash)
        name, words, reason = self.rng.choice(
            (
                ("withdraw", (a, w.quote.number, 1, receiver), "manager: not the owner"),
                ("transfer", (a, int(me, 16) << 96, w.quote.number, cash), "manager: not the owner"),
                ("close_fraction", (a, WAD), "manager: not the owner"),
                ("reserve", (a, -1), "manager: not allowed"),
                ("charge_keeper_fee", (a, int(me, 16) << 96, WAD), "manager: not allowed"),
                (
                    "trade",
                    (a, 0, LOT, 0, MAX_WORST, 0, 0, int(me, 16) << 96, cash, 0),
                    "manager: not allowed",
                ),
                ("liquidate", (a, WAD, int(me, 16) << 96), "manager: not allowed"),
                ("sell_inventory", (0, 1, 1, int(me, 16), int(me, 16)), "manager: not allowed"),
                ("pool_deposit", (int(me, 16), 10**6), "manager: not the pool"),
                ("pool_withdraw", (int(me, 16), 1), "manager: not the pool"),
                ("configure", (0, 0, 0), "manager: not configurator"),
                ("set_role", (int(me, 16), 1), "manager: not configurator"),
                ("list_asset", (w.quote.number,), "manager: not configurator"),
            )
        )
        self._refused(w.manager, me, name, words, reason)
        target, words = self.rng.choice(
            (
                ("pull", (a, QUOTE, int(w.actors["buyer"], 16), 10**6)),
                ("push", (a, QUOTE, int(me, 16), 1)),
                ("shift", (a, int(me, 16) << 96, QUOTE, 1)),
                ("reserve", (a, 1)),
                ("write_off", (a, w.model.cover_id, w.model.pool_id)),
            )
        )
        self._refused(w.vault, me, target, words, "vault: not manager")
        self.report.seen["outsider refused"] += 1
        self.report.checks["I-28"] += 2
        self.check(None)

    def _refused(self, contract, sender: str, name: str, words: tuple[int, ...], reason: str) -> None:
        self.w.log.append(["outsider", name, sender, words])
        try:
            contract.call(sender, name, *words)
        except Reverted as error:
            must(error.reason == reason, f"I-28: {name} by an outsider: {error.reason!r}, not {reason!r}")
            return
        raise Failure(f"I-28: {name} by an outsider went through")

    def round_trip(self) -> None:
        """I-16: trades at the mark on two accounts of one owner with no time between, all closed again: no gain."""
        v, pair = self.w.model, self.rng.choice(self.w.traders[2::2])
        accounts = (pair, pair + 1)
        if any(v.account(a).positions or v.account(a).cash <= 0 for a in accounts):
            return self._flatten(accounts)
        wealth = sum(v.account(a).cash for a in accounts)
        market = self.rng.randrange(6)
        for _ in range(self.rng.randint(1, 5)):
            a = self.rng.choice(accounts)
            self._at_mark(a, market, self.m._opening(a, market))
        for a in self.rng.sample(accounts, 2):
            self._at_mark(a, market, -v.position(a, market)[0])
        if all(not v.account(a).positions for a in accounts):
            left = sum(v.account(a).cash for a in accounts)
            must(left <= wealth, f"I-16: a round trip in market {market} made {left - wealth}")
            self.report.checks["I-16"] += 1
            self.report.seen["round trip"] += 1

    def _flatten(self, accounts: tuple[int, ...]) -> None:
        for a in accounts:
            if self.w.model.account(a).positions:
                self.call(Call("close_fraction", a, (a, WAD), self.w.owner_of(a), (a, WAD)))

    def _at_mark(self, account: int, market: int, size: int) -> None:
        if size:
            worst = WORST_BUY if size > 0 else 0
            words = (account, market, size, 0, worst, 0, 0, account, 0, 0)
            args = (account, market, size, 0, worst, False, False, account, 0, 0)
            self.call(Call("trade", account, args, self.w.actors["order_book"], words, note="round trip"))

    # ---- counting -------------------------------------------------------------------------------
    def _note(self, out: Outcome, valid: bool) -> None:
        seen, call = self.report.seen, out.call
        if out.refused is not None:
            self._note_refusal(out)
            return
        handler = getattr(self, "_note_" + call.name, None)
        if handler:
            handler(out)
        if call.name == "withdraw" and not any(self.w.model.valid.values()):
            seen["M-6 withdrawal with dead feeds"] += 1

    def _note_refusal(self, out: Outcome) -> None:
        seen, name, kind = self.report.seen, out.refused.name, out.call.name
        if name in ("MAX_OI", "MAX_OI_QUOTE", "SHARE", "UTILISATION", "MIN_NOTIONAL", "DEPOSIT_CAP", "SLOTS"):
            seen[f"cap: {name}"] += 1
        elif name == "MARGIN":
            where = "a withdrawal" if kind in ("withdraw", "transfer") else kind
            if kind == "trade":
                where = "a reduction" if out.call.note == "reduce" else "an increase"
            seen[f"refused: MARGIN at {where}"] += 1
        elif name == "POOL_EXIT" and out.words == "manager: cash owed to winners":
            seen["refused: cash owed to winners"] += 1
        else:
            seen[f"refused: {name}"] += 1

    def _note_trade(self, out: Outcome) -> None:
        seen, (account, market, *_) = self.report.seen, out.call.args
        old = self.before.accounts[account].positions.get(market, (0, 0))[0]
        new = self.state.accounts[account].positions.get(market, (0, 0))[0]
        seen["trade: flip"] += old * new < 0
        seen["trade: close"] += bool(old) and not new
        a = self.health[account]
        seen["trade: reduce below initial margin"] += abs(new) < abs(old) and a.equity < a.initial
        seen["trade: sixteen markets"] += len(self.state.accounts[account].positions) == 16

    def _note_liquidate(self, out: Outcome) -> None:
        seen, reason = self.report.seen, out.result.reason
        if reason:
            seen[
                "liquidation: " + ("refused, healthy", "refused, no price", "nothing there")[reason - 1]
            ] += 1
            return
        account, cover = out.call.account, self.w.model.cover_id
        full = out.result.fraction == WAD
        seen["liquidation: full close" if full else "liquidation: slice"] += 1
        if full and self.before_health[account].equity < 0:
            seen["liquidation: bad debt"] += 1
            seen["liquidation: cover used"] += self.state.cash(cover) < self.before.cash(cover)
        seen["liquidation: debt without positions"] += not self.before.accounts[account].positions

    def _note_close_fraction(self, out: Outcome) -> None:
        self.report.seen["close_fraction: all" if out.call.args[1] == WAD else "close_fraction: part"] += 1

    def _note_convert_collateral(self, out: Outcome) -> None:
        self.report.seen["conversion"] += out.result > 0

    def _note_settle_loss(self, out: Outcome) -> None:
        self.report.seen["settlement"] += out.result > 0

    def _note_charge_keeper_fee(self, out: Outcome) -> None:
        self.report.seen["keeper fee paid"] += out.result > 0
        cash = self.before.accounts[out.call.account].cash
        self.report.seen["keeper fee refused"] += out.result == 0 and out.call.args[2] > 0 and cash > 0

    def _note_sell_inventory(self, out: Outcome) -> None:
        self.report.seen["inventory sold"] += 1


MAX_WORST = WORST_BUY


def run(
    steps: int,
    seed: int,
    root: Path = ROOT,
    progress: Callable[[Report], None] | None = None,
    only: int | None = None,
) -> Report:
    """So many steps in sequences of SEQUENCE; `only` plays a single one of them. Raises Failure with the story."""
    report, started, number = Report(), time.monotonic(), only or 0
    while report.steps < steps:
        sequence = None
        try:
            sequence = Sequence(seed, number, report, root)
            for _ in range(min(SEQUENCE, steps - report.steps)):
                sequence.step()
                report.seconds = time.monotonic() - started
                if progress:
                    progress(report)
        except Exception as error:
            raise Failure(_story(seed, number, sequence, report, error)) from error
        number += 1
    return report


def _story(seed: int, number: int, sequence: Sequence | None, report: Report, error: Exception) -> str:
    """Seed, sequence, step, the last calls; all of them in a file."""
    log = sequence.w.log if sequence else []
    FAILURES.mkdir(parents=True, exist_ok=True)
    path = FAILURES / f"seed{seed}-sequence{number}.json"
    index = sequence.index if sequence else 0
    facts = {"seed": seed, "sequence": number, "step": index, "error": str(error), "log": log}
    path.write_text(json.dumps(facts, indent=1, default=str))
    last = "\n".join(f"  {entry}" for entry in log[-6:])
    return (
        f"{type(error).__name__}: {error}\nseed {seed}, sequence {number}, step {index} of it "
        f"({report.steps} steps, {report.seconds:.1f} s)\nlast calls:\n{last}\nwhole sequence: {path}\n"
        f"again: python -m tests.stateful.fuzz --steps {index} --seed {seed} --sequence {number}"
    )
