"""What may happen next. Every amount is drawn relative to the state: a share of the free balance, a leverage of equity,
the price just past somebody's liquidation, a cap ± one lot, or the edge of what the model accepts ± one unit."""

from __future__ import annotations

import random
from collections.abc import Callable

from crossmargin.model import QUOTE
from crossmargin.model.maths import WAD
from tests.stateful.twin import Call
from tests.stateful.world import World

WORST_BUY = 2**200


class Moves:
    """Draws calls for a world. All randomness comes from `rng`."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self.w, self.rng = world, rng

    # ---- small draws ---------------------------------------------------------------------------
    @property
    def v(self):
        return self.w.model

    def trader(self) -> int:
        """Any trader's account."""
        return self.rng.choice(self.w.traders)

    def holder(self) -> int:
        """A trader with positions, if there is one."""
        held = [t for t in self.w.traders if self.v.account(t).positions]
        return self.rng.choice(held) if held else self.trader()

    def weakest(self) -> int:
        """The trader nearest to liquidation."""
        held = [t for t in self.w.traders if self.v.account(t).positions or self.v.account(t).cash < 0]
        return min(held or self.w.traders, key=lambda t: self.v.assess(self.v.account(t)).headroom)

    def share(self, amount: int) -> int:
        """Some part of an amount, often all of it."""
        top, bottom = self.rng.choice(
            ((1, 1000), (1, 10), (1, 2), (9, 10), (1, 1), (1, 1), (self.rng.randint(1, 999), 1000))
        )
        return amount * top // bottom

    def nudge(self) -> int:
        """Minus one, nothing or one."""
        return self.rng.choice((-1, 0, 0, 1))

    def chance(self, percent: int) -> bool:
        return self.rng.randrange(100) < percent

    def unit(self, asset: int) -> int:
        """WAD in one token unit (1 where a unit is finer than that)."""
        return 10 ** max(0, 18 - self.w.decimals_of(asset))

    def tokens(self, asset: int, wad: int) -> int:
        """WAD to token units, down; at least one WAD unit's worth."""
        d = self.w.decimals_of(asset)
        return max(1, wad // 10 ** (18 - d)) if d <= 18 else max(1, wad) * 10 ** (d - 18)

    def edge(self, accepted: Callable[[int], bool], low: int, high: int) -> int:
        """The largest number up to `high` that is accepted, if `low` is and acceptance is monotonous."""
        if accepted(high):
            return high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if accepted(middle) else (low, middle)
        return low

    # ---- the door ------------------------------------------------------------------------------
    def deposit(self) -> Call:
        """Quote or collateral by the owner or by somebody else, sometimes at the deposit cap ± a unit."""
        account = self.trader()
        asset = self.rng.choice((QUOTE, QUOTE, QUOTE, *range(len(self.w.tokens))))
        wad = self.rng.choice((1, 20, 500, 5_000, 50_000, 400_000)) * self.rng.randint(1, 99) * WAD // 50
        if asset != QUOTE:
            ap = self.v.params.assets[asset]
            wad = wad * WAD // self.v.prices[ap.underlying]
            room = ap.cap - self.v.ledger.credited.get(asset, 0)
            if room < wad or self.chance(12):
                wad = max(1, room if room < 10**6 * WAD else wad) + self.nudge() * self.unit(asset)
        payer = self.w.owner_of(account) if self.chance(75) else self.w.actors["buyer"]
        tokens = self.tokens(asset, wad)
        if self.chance(5):
            return self._odd_deposit(account, asset, tokens, payer)
        return self._deposit(account, asset, tokens, payer)

    def _deposit(self, account: int, asset: int, tokens: int, payer: str) -> Call:
        return Call("deposit", account, (account, asset, tokens), payer)

    def _odd_deposit(self, account: int, asset: int, tokens: int, payer: str) -> Call:
        """Nothing, into a protocol account, or a part of a WAD unit."""
        kind = self.rng.randrange(3)
        if kind == 0:
            return self._deposit(account, QUOTE, 0, payer)
        if kind == 1:
            return self._deposit(self.v.pool_id | self.rng.randrange(2), asset, tokens, payer)
        fine = next(a for a in range(len(self.w.tokens)) if self.w.decimals_of(a) > 18)
        return self._deposit(account, fine, 10**6 + 1, self.w.owner_of(account))

    def withdraw(self) -> Call:
        """A share of the balance, or the most the model lets go ± one unit."""
        account = self.trader()
        holder = self.v.account(account)
        asset = self.rng.choice((QUOTE, QUOTE, *holder.collateral))
        balance = holder.cash - holder.reserved if asset == QUOTE else holder.collateral[asset]
        tokens = self.tokens(asset, self.share(max(0, balance)))
        if balance > 0 and self.chance(30):
            step = self.tokens(asset, 1)
            top = self.tokens(asset, balance) // step
            best = self.edge(lambda n: self.v.refusal("withdraw", account, asset, n * step) is None, 0, top)
            tokens = step * max(1, best + self.nudge())
        if self.chance(3):
            tokens = self.rng.choice((0, 0, 2**128))
        return self.taken(account, asset, tokens)

    def taken(self, account: int, asset: int, tokens: int) -> Call:
        """A withdrawal of token units to the owner."""
        return Call("withdraw", account, (account, asset, tokens), self.w.owner_of(account))

    def flat(self) -> list[int]:
        """Accounts without positions and debt that have something to take out."""
        found = [t for t in self.w.traders if not self.v.account(t).positions and self.v.account(t).cash >= 0]
        free = [(t, self.v.account(t)) for t in found]
        return [t for t, a in free if a.collateral or a.cash > a.reserved]

    def drain(self) -> Call:
        """Everything of one asset out of such an account."""
        return self._drained(self.rng.choice(self.flat()))

    def _drained(self, account: int) -> Call:
        holder = self.v.account(account)
        asset = self.rng.choice([*holder.collateral] or [QUOTE])
        wad = holder.collateral[asset] if asset in holder.collateral else holder.cash - holder.reserved
        return self.taken(account, asset, self.tokens(asset, max(0, wad)))

    def transfer(self) -> Call:
        """Between two accounts of one owner, at times of two."""
        account = self.trader()
        other = account ^ 1 if self.chance(93) else self.trader()
        holder = self.v.account(account)
        asset = self.rng.choice((QUOTE, QUOTE, *holder.collateral))
        balance = holder.cash - holder.reserved if asset == QUOTE else holder.collateral[asset]
        amount = max(1, self.share(max(0, balance)))
        if balance > 0 and self.chance(25):
            best = self.edge(
                lambda n: self.v.refusal("transfer", account, other, asset, n) is None, 0, balance
            )
            amount = max(1, best + self.nudge())
        amount = 0 if self.chance(3) else amount
        return Call("transfer", account, (account, other, asset, amount), self.w.owner_of(account))

    # ---- the whole book ------------------------------------------------------------------------
    def close_fraction(self) -> Call:
        """Part of somebody's whole book."""
        account = self.holder() if self.chance(95) else self.trader()
        f = self.rng.choice((1, 10**15, WAD // 3, WAD // 2, WAD - 1, WAD, self.rng.randint(1, WAD)))
        if self.chance(4):
            f = self.rng.choice((0, WAD + 1))
        return self.closed(account, f)

    def closed(self, account: int, f: int) -> Call:
        """A part of the whole book."""
        return Call("close_fraction", account, (account, f), self.w.owner_of(account))

    # ---- anyone --------------------------------------------------------------------------------
    def _anyone(self) -> str:
        return self.w.actors["outsider"]

    def settle_loss(self) -> Call:
        """A losing position, if there is one."""
        account = self.holder()
        held = list(self.v.account(account).positions)
        market = self.rng.choice(held) if held and self.chance(90) else self.rng.randrange(20)
        return Call("settle_loss", account, (account, market), self._anyone())

    def convert_collateral(self) -> Call:
        """Somebody's collateral against negative cash: what is owed ± a unit."""
        owing = [t for t in self.w.traders if self.v.account(t).cash < 0 and self.v.account(t).collateral]
        account = self.rng.choice(owing) if owing and self.chance(92) else self.trader()
        holder = self.v.account(account)
        asset = self.rng.choice([*holder.collateral] or [0])
        ap = self.v.params.assets[asset]
        owed = self.share(max(0, -holder.cash))
        amount = owed * WAD * 10**4 // (self.v.prices[ap.underlying] * (10**4 - ap.discount))
        held = holder.collateral.get(asset, 0)
        amount = max(1, min(amount, held) + self.rng.choice((-1, 0, 0, 1, 2)))
        return Call("convert_collateral", account, (account, asset, amount), self._anyone())

    def poke(self) -> Call:
        """Any market, sometimes one that does not exist."""
        market = self.rng.choice(list(self.v.markets)) if self.chance(95) else len(self.v.markets)
        return Call("poke", 0, (market,), self._anyone())

    # ---- Liquidator ----------------------------------------------------------------------------
    def liquidate(self) -> Call:
        """Mostly the weakest account alone, else a batch with healthy ones, doubles and the pool's own."""
        accounts = [self.weakest() if self.chance(80) else self.trader()]
        weak = [t for t in self.w.traders if self.v.assess(self.v.account(t)).headroom < 0]
        if len(weak) > 1 and self.chance(60):
            accounts = weak
        if self.chance(25):
            accounts += self.rng.choices(self.w.traders, k=self.rng.randint(1, 4))
            accounts += self.rng.sample(accounts, 1) if self.chance(50) else []
        if self.chance(3):
            accounts.append(self.v.pool_id | self.rng.randrange(2))
        return self._batch(accounts)

    def sweep(self) -> Call:
        """Everybody at once, as a keeper after a crash would."""
        accounts = list(self.w.traders)
        self.rng.shuffle(accounts)
        return self._batch(accounts)

    def _batch(self, accounts: list[int]) -> Call:
        """The reward: to the caller's account (0), a trader's, the cover fund's, the pool's, or one that is liquidated."""
        some = (0, 0, 0, self.trader(), self.v.cover_id, self.v.pool_id)
        reward = accounts[0] if self.chance(3) else self.rng.choice(some)
        return Call("liquidate", 0, (tuple(accounts), reward), self.w.actors["keeper"])

    def buy_collateral(self) -> Call:
        """Part of the pool's inventory, or more than there is; at a limit of the price ± one unit."""
        held = self.v.account(self.v.pool_id).collateral
        asset = self.rng.choice([*held] or [0])
        price, there = self.w.twin.seller.inventory_price(asset)
        tokens = max(1, self.share(there)) + (1 if self.chance(4) else 0)
        if self.chance(10):
            tokens = self.rng.choice((0, 2 * there))
        limit = WORST_BUY if self.chance(70) else max(0, price + self.nudge())
        return Call("buy_collateral", self.v.pool_id, (asset, tokens, limit, 0), self.w.actors["buyer"])

    def called_back(self, call: Call) -> Call:
        """The same purchase by a contract that is called between delivery and payment."""
        args = (*call.args[:3], 1 + self.rng.randrange(2**64))
        return Call(call.name, call.account, args, self.w.contractor.address)

    def temptation(self) -> tuple[str, str, tuple[int, ...]]:
        """What that contract tries in the meantime: anything that moves or reads the ledger."""
        w, me = self.w, self.w.contractor.number
        asset = self.rng.randrange(len(w.tokens))
        return self.rng.choice(
            (
                ("manager", "deposit", (me << 96, w.quote.number, 10**6)),
                ("manager", "withdraw", (me << 96, w.quote.number, 0, me)),
                ("manager", "account_health", (self.trader(),)),
                ("manager", "solvency", ()),
                ("pool", "deposit", (10**6 * self._step(), me)),
                ("pool", "totalAssets", ()),
                ("cover", "request_exit", (0,)),
                ("liquidator", "buy_collateral", (w.tokens[asset].number, 1, WORST_BUY, me, 160, 0)),
                ("waterfall", "alarm", ()),
            )
        )

    def _step(self) -> int:
        """The smallest amount of the quote's token that is accepted."""
        return 10 ** max(0, self.w.setup.quote_decimals - 18)

    def observe(self) -> Call:
        """Start the clock of what conversions brought."""
        return Call("observe", 0, (), self._anyone())
