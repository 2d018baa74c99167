"""What may happen next. Every amount is drawn relative to the state: a share of the free balance, a leverage of equity,
the price just past somebody's liquidation, a cap ± one lot, or the edge of what the model accepts ± one unit."""

from __future__ import annotations

import random
from collections.abc import Callable

from crossmargin.model import QUOTE
from crossmargin.model.maths import LOT, LOTS, WAD, ceil_div
from tests.stateful.world import MAX, Call, World

WORST_BUY = 2**200
QUOTE_WORD = QUOTE


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
        if self.chance(2):
            return self._odd_deposit(account, asset, tokens, payer)
        return self._deposit(account, asset, tokens, payer)

    def _deposit(self, account: int, asset: int, tokens: int, payer: str) -> Call:
        words = (account, self.w.token_of(asset).number, tokens)
        return Call("deposit", account, (account, asset, tokens, int(payer, 16)), payer, words)

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
        if self.chance(1):
            tokens = 2**128
        words = (account, self.w.token_of(asset).number, tokens, int(self.w.owner_of(account), 16))
        return Call("withdraw", account, (account, asset, tokens), self.w.owner_of(account), words)

    def transfer(self) -> Call:
        """Between two accounts of one owner, at times of two."""
        account = self.trader()
        other = account ^ 1 if self.chance(93) else self.trader()
        if other == account:
            other ^= 1
        holder = self.v.account(account)
        asset = self.rng.choice((QUOTE, QUOTE, *holder.collateral))
        balance = holder.cash - holder.reserved if asset == QUOTE else holder.collateral[asset]
        amount = max(1, self.share(max(0, balance)))
        if balance > 0 and self.chance(25):
            best = self.edge(
                lambda n: self.v.refusal("transfer", account, other, asset, n) is None, 0, balance
            )
            amount = max(1, best + self.nudge())
        words = (account, other, self.w.token_of(asset).number, amount)
        args = (account, other, asset, amount)
        return Call("transfer", account, args, self.w.owner_of(account), words)

    # ---- trading -------------------------------------------------------------------------------
    def market_of(self, account: int) -> int:
        """Mostly one of the markets the account is in, for the wide account mostly another."""
        held = list(self.v.account(account).positions)
        wide = account == self.w.traders[0]
        if held and self.chance(25 if wide else 60):
            return self.rng.choice(held)
        if wide:
            return self.rng.choice([m for m in self.v.markets if m not in held] or held)
        return self.rng.randrange(6) if self.chance(80) else self.rng.choice(list(self.v.markets))

    def whole(self, quote: int, market: int) -> int:
        """Lots of so much quote (WAD), as WAD of base."""
        return quote * LOTS // self.v.prices[market] * LOT

    def trade(self) -> Call:
        """An increase, a reduction, a turn or a close."""
        account = self.trader()
        market = self.market_of(account)
        base = self.v.position(account, market)[0]
        draw = self.rng.randrange(100)
        if base and draw < 30:
            return self._order(account, market, self._reducing(base), base)
        if base and draw < 38:
            return self._order(account, market, -base - self._signed(abs(base)) // LOT * LOT, base)
        if draw < 50:
            return self._at_cap(account, market)
        return self._order(account, market, self._opening(account, market), base)

    def widen(self) -> Call:
        """A small position more for the account that goes for sixteen markets and one beyond."""
        account = self.w.traders[0]
        market = self.market_of(account)
        base = self.v.position(account, market)[0]
        return self._order(account, market, self._opening(account, market), base)

    def _signed(self, base: int) -> int:
        return self.share(base) * self.rng.choice((-1, 1))

    def _reducing(self, base: int) -> int:
        part = self.rng.choice((LOT, self.share(abs(base)), abs(base), self.share(abs(base)))) // LOT * LOT
        return max(LOT, part) * (-1 if base > 0 else 1)

    def _opening(self, account: int, market: int) -> int:
        """A leverage of equity; a quarter of them is brought to the edge of what is accepted."""
        a = self.v.assess(self.v.account(account))
        room = max(WAD * 50, a.equity - a.initial)
        lever = self.rng.choice((2, 5, 20, 40, 60, 80, 100, 160, 400))
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
        worst = WORST_BUY if sign > 0 else 0
        most = self.edge(
            lambda n: self.v.refusal("trade", account, market, sign * n * LOT, 0, worst) is None,
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
        return self._order(account, market, size, base)

    def _order(self, account: int, market: int, size: int, base: int) -> Call:
        """A Fill around the given size, with everything else drawn."""
        size = size or LOT
        mark, rng = self.v.prices[market], self.rng
        price = 0
        if self.chance(40):
            band = mark * self.v.params.exec_band // 10**4
            price = mark + rng.choice((1, -1)) * rng.choice((mark // 5000, mark // 200, mark // 50))
            if self.chance(6):
                price = mark + rng.choice((-1, 1)) * (band + rng.choice((0, 1)))
        spread, only = self.chance(30), self.chance(20 if base * size < 0 else 3)
        worst = self._worst(market, size, price, spread)
        if self.chance(1):
            size += rng.choice((1, LOT // 2))
        if self.chance(1):
            market = len(self.v.markets) + rng.randrange(5)
        keeper = rng.choice((account, self.w.keeper, self.w.keeper))
        fee = rng.choice((0, 0, WAD, 3 * WAD + 1))
        held = self.v.account(account).reserved
        reserved = rng.choice((0, 0, held, held, held + 1 if self.chance(5) else held // 2))
        args = (account, market, size, price, worst, only, spread, keeper, fee, reserved)
        words = (account, market, size, price, worst, int(only), int(spread), keeper, fee, reserved)
        kind = "open" if base * size >= 0 else "turn" if abs(size) > abs(base) and not only else "reduce"
        return Call("trade", account, args, self.w.actors["order_book"], words, note=kind)

    def _worst(self, market: int, size: int, price: int, spread: bool) -> int:
        """Any bound, or the fill itself ± one."""
        if self.chance(80):
            return WORST_BUY if size > 0 else 0
        return max(0, self.v.fill_price(market, size, price, spread) + self.nudge())

    def close_fraction(self) -> Call:
        """Part of somebody's whole book."""
        account = self.holder() if self.chance(95) else self.trader()
        f = self.rng.choice((1, 10**15, WAD // 3, WAD // 2, WAD - 1, WAD, self.rng.randint(1, WAD)))
        if self.chance(4):
            f = self.rng.choice((0, WAD + 1))
        return Call("close_fraction", account, (account, f), self.w.owner_of(account), (account, f))

    # ---- anyone --------------------------------------------------------------------------------
    def _anyone(self) -> str:
        return self.w.actors["outsider"]

    def settle_loss(self) -> Call:
        """A losing position, if there is one."""
        account = self.holder()
        held = list(self.v.account(account).positions)
        market = self.rng.choice(held) if held and self.chance(90) else self.rng.randrange(20)
        return Call("settle_loss", account, (account, market), self._anyone(), (account, market))

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
        words = (account, self.w.token_of(asset).number, amount)
        return Call("convert_collateral", account, (account, asset, amount), self._anyone(), words)

    def poke(self) -> Call:
        """Any market, sometimes one that does not exist."""
        market = self.rng.choice(list(self.v.markets)) if self.chance(95) else len(self.v.markets)
        return Call("poke", 0, (market,), self._anyone(), (market,))

    # ---- OrderBook and Liquidator --------------------------------------------------------------
    def reserve(self) -> Call:
        """A keeper's fee promised or given back, at times more than there is."""
        account = self.trader()
        holder = self.v.account(account)
        free = max(0, holder.cash - holder.reserved)
        change = min(3 * WAD, free) if self.chance(80) else free + self.rng.choice((0, 1))
        if holder.reserved and self.chance(50):
            change = -(holder.reserved + (self.chance(5) and 1))
        words = (account, change)
        return Call("reserve", account, words, self.w.actors["order_book"], words)

    def charge_keeper_fee(self) -> Call:
        """What failing an order costs: mostly on those who have reserved, or owe."""
        promised = [t for t in self.w.traders if self.v.account(t).reserved]
        account = self.rng.choice(promised) if promised and self.chance(90) else self.trader()
        reserved = self.v.account(account).reserved
        fee = self.share(reserved) + (1 if self.chance(5) else 0)
        words = (account, self.w.keeper, fee)
        return Call("charge_keeper_fee", account, words, self.w.actors["order_book"], words)

    def liquidate(self) -> Call:
        """Mostly the weakest account."""
        account = self.weakest() if self.chance(80) else self.trader()
        if self.chance(2):
            account = self.v.pool_id | self.rng.randrange(2)
        cap = self.v.params.keeper_cap
        cost = self.rng.choice((0, WAD, cap // 2, cap, cap + 1, MAX >> 130))
        # not to the cover fund: the model has a reward come after W-1, the contract before it
        reward = self.rng.choice((self.w.keeper, self.w.keeper, self.trader()))
        reward = self.w.keeper if reward == account else reward
        words = (account, cost, reward)
        return Call("liquidate", account, words, self.w.actors["liquidator"], words)

    def sell_inventory(self) -> Call:
        """Part of the pool's inventory at the discount ± a unit, or at the mark."""
        held = self.v.account(self.v.pool_id).collateral
        asset = self.rng.choice([*held] or [0])
        ap = self.v.params.assets[asset]
        step = self.tokens(asset, 1)
        tokens = max(step, self.tokens(asset, self.share(held.get(asset, 0))) // step * step)
        tokens += step if self.chance(4) else 0
        d = self.w.decimals_of(asset)
        wad = tokens * 10 ** (18 - d) if d <= 18 else tokens // step
        least = wad * self.v.prices[ap.underlying] * (10**4 - ap.discount)
        cost = max(1, ceil_div(least, 10**22 * self.unit(QUOTE)) + self.rng.choice((-1, 0, 0, 1)))
        buyer = int(self.w.actors["buyer"], 16)
        return Call(
            "sell_inventory",
            self.v.pool_id,
            (asset, tokens, cost),
            self.w.actors["liquidator"],
            (asset, tokens, cost, buyer, buyer),
        )

    # ---- LPs -----------------------------------------------------------------------------------
    def pool_deposit(self) -> Call:
        """Up to the size the pool started with, or a little."""
        start = self.w.setup.pool * WAD
        missing = start - self.v.stored_reduced_equity()
        wad = missing if missing > 0 else start // 1000
        tokens = self.tokens(QUOTE, wad)
        pool = self.w.actors["pool"]
        return Call("pool_deposit", self.v.pool_id, (tokens,), pool, (int(pool, 16), tokens))

    def pool_withdraw(self) -> Call:
        """A few per cent of the pool, or its cash down to D ± one unit."""
        held = self.v.account(self.v.pool_id)
        wad = held.cash // 50
        if self.chance(20):
            wad = held.cash - self.v.ledger.debt + self.nudge() * self.unit(QUOTE)
            wad += self.unit(QUOTE) if self.chance(20) else 0
        tokens = self.tokens(QUOTE, wad)
        pool = self.w.actors["pool"]
        return Call("pool_withdraw", self.v.pool_id, (tokens,), pool, (int(pool, 16), tokens))
