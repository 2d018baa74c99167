"""A venue of paper, for tests of the demo that need no chain."""

from crossmargin.demo.result import WAD, Conservation
from crossmargin.demo.scenario import State, Totals


class Paper:
    """A venue that executes orders at the next push, and liquidates after a few looks at it."""

    def __init__(self, patience: int = 2, stuck: tuple[int, ...] = ()) -> None:
        self.log: list[tuple] = []
        self.pushes: list[int] = []
        self.positions: dict[tuple[int, str], int] = {}
        self.submitted: list[tuple[int, str, int, bool]] = []
        self.orders: list[tuple[int, str, int, bool]] = []
        self.closed = False
        self.unhealthy: dict[int, int] = {}
        self.patience = patience
        self.stuck = stuck
        self.looks = 0
        self.is_short = False
        self.rescues = 0  # blocks made while short: the third gives the pool its capital
        self.samples = 0
        self.open = {1, 4, 5}  # in the market that is wound down

    def deploy(self, timestamp, prices, quote):
        self.log.append(("deploy", timestamp, dict(prices)))
        self.time = timestamp
        return "paper"

    def close(self):
        self.closed = True

    def now(self):
        return self.time

    def step(self):
        self.time += 1
        self.rescues += self.is_short
        self.is_short = self.is_short and self.rescues % 3 != 0
        return True

    def provide(self, provider, amount):
        self.log.append(("provide", provider, amount))

    def insure(self, provider, amount):
        self.log.append(("insure", provider, amount))

    def open_account(self, account, book):
        self.log.append(("open", account, book.name))

    def bots(self):
        return ["keeper", "liquidator"]

    def push(self, timestamp, prices, quote):
        assert not self.pushes or timestamp > self.pushes[-1], "a round must be later than the last"
        assert timestamp > self.time, "the clock never goes back"
        self.time = timestamp
        self.pushes.append(timestamp)
        for account, market, size, reduce_only in self.orders:
            held = self.positions.get((account, market), 0)
            assert not reduce_only or (held * size < 0 and abs(size) <= abs(held))
            self.positions[account, market] = held + size
        self.orders.clear()
        if len(self.pushes) % 7 == 0:
            self.unhealthy[len(self.pushes) % 5] = self.patience
        self.unhealthy |= dict.fromkeys(self.stuck, 10**9)

    def affordable(self, account, market, size):
        return size // 2 if account == 1 else size

    def submit(self, account, market, size, reduce_only=False):
        self.log.append(("submit", account, market, size))
        self.submitted.append((account, market, size, reduce_only))

    def commit(self):
        self.orders += self.submitted
        self.submitted.clear()

    def order_delay(self):
        return 5

    def pending_orders(self):
        return frozenset(("order", i) for i in range(len(self.orders)))

    def liquidatable(self):
        self.looks += 1
        self.unhealthy = {account: left - 1 for account, left in self.unhealthy.items() if left > 1}
        return frozenset(self.unhealthy)

    def equity(self, account):
        return 1000 * WAD

    def position(self, account, market):
        return self.positions.get((account, market), 0)

    def close_fraction(self, account, fraction):
        self.log.append(("close", account, fraction))

    def withdraw(self, account, share):
        self.log.append(("withdraw", account, share))

    def redeem(self, provider, share):
        self.log.append(("redeem", provider, share))

    def short(self):
        return self.is_short

    def close_market(self, market):
        self.log.append(("close market", market, len(self.pushes)))

    def sample(self, market):
        self.samples += 1
        return self.samples > 15

    def settle_market(self, market):
        self.log.append(("settle market", market, self.samples))

    def open_in(self, market):
        if any(entry[0] == "settle market" for entry in self.log):
            self.open -= {4, 5}  # a bot's doing
        return frozenset(self.open)

    def settle(self, account, market):
        self.log.append(("settle", account, market))
        self.open.discard(account)

    def state(self):
        health = {account: 9_000 for account in self.unhealthy} | {99: 20_000, 98: 10**12}
        return State(10_000_000 * WAD + len(self.pushes), 10**6, 7, WAD // 50, WAD // 20, 5 * WAD, health, 8)

    def totals(self):
        return Totals((), {"executed": 9}, 1, 2, 3, (), Conservation({"USDC": 0}, 0))


class Watcher:
    def __init__(self) -> None:
        self.stages: list[str] = []
        self.ticks: list[int] = []

    def stage(self, text):
        self.stages.append(text)

    def tick(self, number, tick):
        self.ticks.append(number)
