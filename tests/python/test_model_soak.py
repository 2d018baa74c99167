"""A long random life of the model with every identity checked, steps drawn relative to the state.

Counts what really happened: a soak in which nothing is liquidated and no cap is hit proves little.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from itertools import product

import pytest

from crossmargin.model import QUOTE, Reason, Reject, Tranche, Venue
from crossmargin.model.example import DOGE, LINK, UNDERLYINGS, example_venue
from crossmargin.model.maths import LOT, MICRO, WAD, to_wad

STEPS = int(os.environ.get("MODEL_SOAK_STEPS", "30000"))
CHECK_EVERY = 10
TRADERS = [owner << 96 | sub for owner, sub in product(range(0x100, 0x106), range(2))]
KEEPER = 0x200 << 96
ANY_BUY = 10**30


class Driver:
    """Draws steps relative to the state and counts (step, outcome)."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.venue: Venue = example_venue(
            cap_net=300, cap_gross=900, cover_share=2_000, adl_ratio=420_000, cover_cooldown=3_600
        )
        self.seen: Counter[str] = Counter()
        self.steps = {
            self.trade: 34,
            self.reduce: 10,
            self.price: 14,
            self.shock: 4,
            self.liquidate: 16,
            self.deposit: 6,
            self.withdraw: 6,
            self.transfer: 2,
            self.settle: 3,
            self.convert: 2,
            self.close_fraction: 3,
            self.poke: 2,
            self.lp: 5,
            self.sell: 3,
            self.reserve: 2,
            self.alarm: 6,
            self.deleverage: 6,
            self.cover: 3,
            self.request: 2,
            self.finalise: 2,
            self.pause: 3,
            self.close_out: 3,
        }

    def run(self, steps: int) -> None:
        for trader in TRADERS:
            self.venue.deposit(trader, QUOTE, self.rng.randint(1_000, 300_000) * 10**6)
        for i in range(steps):
            step = self.rng.choices(list(self.steps), self.steps.values())[0]
            self.attempt(step)
            if i in (steps // 2, steps * 3 // 4):
                m = LINK if i == steps // 2 else DOGE
                self.venue.settle_market(m, self.venue.prices[m])
            if i % CHECK_EVERY == 0:
                assert self.venue.invariants() == []

    def attempt(self, step) -> None:
        name = step.__name__
        try:
            self.seen[f"{name} {step() or ''}".strip()] += 1
        except Reject as error:
            self.seen[f"{name}: {error.reason.name}"] += 1

    # ---- draws ---------------------------------------------------------------------------------
    def trader(self) -> int:
        return self.rng.choice(TRADERS)

    def share(self) -> float:
        return self.rng.choice([0.01, 0.1, 0.5, 0.9, 1, self.rng.random()])

    # ---- steps ---------------------------------------------------------------------------------
    def trade(self) -> str:
        v, trader, m = self.venue, self.trader(), self.rng.choice(list(UNDERLYINGS))
        health = v.health(trader)
        room = max(0, health.equity - health.initial)
        leverage = self.rng.choice([0.0002, 0.2, 1, 3, 8, 12, 16])
        size = int(room * leverage) * WAD // v.prices[m] // LOT * LOT * self.rng.choice([-1, 1])
        held = v.position(trader, m)[0]
        if held and self.rng.random() < 0.3:
            size = -held + self.rng.choice([0, 1, -1]) * (abs(held) // 3 // LOT * LOT)
        price = v.prices[m] * self.rng.randint(9_930, 10_070) // 10_000
        v.trade(trader, m, size, price, ANY_BUY if size > 0 else 0, spread=self.rng.random() < 0.3)
        return "flip" if held * v.position(trader, m)[0] < 0 else ""

    def reduce(self) -> str:
        v, trader = self.venue, self.trader()
        positions = v.account(trader).positions
        if not positions:
            return "flat"
        m = self.rng.choice(list(positions))
        size = -int(positions[m][0] * self.share()) // LOT * LOT
        health = v.health(trader)
        v.trade(trader, m, size, 0, ANY_BUY if size > 0 else 0, True, False, KEEPER, WAD)
        return "below initial" if health.equity < health.initial else ""

    def price(self) -> None:
        self.venue.warp(self.rng.choice([1, 12, 600, 86_400]))
        for m in UNDERLYINGS:
            self.move(m, self.rng.gauss(0, 0.01))

    def shock(self) -> None:
        x = self.rng.choice([-0.15, -0.06, -0.045, 0.045, 0.06, 0.12])
        for m, row in UNDERLYINGS.items():
            self.move(m, x * row[1] / 550 + self.rng.gauss(0, 0.02), 0.1)

    def move(self, m: int, x: float, dead: float = 0.01) -> None:
        start = UNDERLYINGS[m][0] * 10**14
        pull = 0.02 if self.venue.prices[m] < start // 2 else -0.02 if self.venue.prices[m] > start * 2 else 0
        price = self.venue.prices[m] * max(200_000, int(1_000_000 * (1 + x + pull))) // 1_000_000
        self.venue.set_price(m, price, self.rng.random() > dead)

    def liquidate(self) -> str:
        v = self.venue
        held = [t for t in TRADERS if v.account(t).positions or v.account(t).cash < 0] or TRADERS
        trader = min(held, key=lambda t: v.health(t).equity - v.health(t).maintenance)
        before, cover, pool = v.health(trader), v.account(v.cover_id).cash, v.account(v.pool_id).cash
        done = v.liquidate(trader, self.rng.randint(0, 6) * WAD, KEEPER)
        if done.reason:
            return f"skipped {done.reason}"
        after, holder = v.health(trader), v.account(trader)
        if not v.legs_valid(holder):
            assert done.fraction == WAD and not any(v.priced(u) for u in v.underlyings(holder))
            return "but dead legs"
        if done.fraction == WAD:
            assert not holder.positions and not holder.collateral and holder.cash >= 0
            exhausted = before.equity < -cover + v.account(v.cover_id).cash - WAD
            return ("all, beyond the cap" if exhausted else "all, bad debt") if before.equity < 0 else "all"
        # I-11: a slice leaves E ≥ h·MM, up to a lot a leg of unequal rounding.
        slack = sum(v.prices[m] // 10**8 for m in holder.positions) + 100
        assert after.equity * 10_000 >= v.params.h * after.maintenance - slack * 20_000
        assert (cover, pool) != (v.account(v.cover_id).cash, v.account(v.pool_id).cash)
        return "slice"

    def deposit(self) -> None:
        v, trader = self.venue, self.trader()
        asset = self.rng.choice([QUOTE, QUOTE, 0, 1, 2])
        value = self.rng.randint(1, 200_000)
        if asset == QUOTE:
            v.deposit(trader, QUOTE, value * 10**6)
            return
        ap = v.params.assets[asset]
        v.deposit(trader, asset, value * WAD * 10**ap.decimals // v.prices[ap.underlying])

    def withdraw(self) -> None:
        self.venue.withdraw(*self.some_balance())

    def some_balance(self) -> tuple[int, int, int]:
        trader = self.trader()
        holder = self.venue.account(trader)
        asset = self.rng.choice([QUOTE, *holder.collateral])
        if asset == QUOTE:
            return trader, QUOTE, int(max(0, holder.cash) * self.share()) // 10**12
        decimals = self.venue.params.assets[asset].decimals
        return trader, asset, int(holder.collateral[asset] * self.share()) * 10**decimals // WAD

    def transfer(self) -> None:
        trader, asset, tokens = self.some_balance()
        decimals = 6 if asset == QUOTE else self.venue.params.assets[asset].decimals
        self.venue.transfer(trader, trader ^ 1, asset, to_wad(tokens, decimals) or 0)

    def settle(self) -> str:
        trader, m = self.trader(), self.rng.choice(list(UNDERLYINGS))
        before = self.venue.health(trader)
        x = self.venue.settle_loss(trader, m)
        assert self.venue.health(trader)[:3:2] == before[:3:2]
        return "" if x else "nothing"

    def convert(self) -> str:
        v = self.venue
        owing = [t for t in TRADERS if v.account(t).cash < 0 and v.account(t).collateral]
        trader = self.rng.choice(owing or TRADERS)
        asset, held = next(iter(v.account(trader).collateral.items()), (0, 0))
        ap, owed = v.params.assets[asset], max(0, -v.account(trader).cash)
        most = owed * WAD * 10_000 // (v.prices[ap.underlying] * (10_000 - ap.discount))
        amount = min(held, int(most * self.share())) + self.rng.choice([0, 0, 1])
        v.convert_collateral(trader, asset, amount)
        return "" if amount else "nothing"

    def close_fraction(self) -> None:
        self.venue.close_fraction(self.trader(), int(self.share() * 10**18))

    def poke(self) -> None:
        self.venue.poke(self.rng.choice(list(UNDERLYINGS)))

    def lp(self) -> str:
        v, holder = self.venue, self.rng.choice([1, 2])
        assets = max(1, int(v.total_assets() * self.rng.choice([0.001, 0.03])))
        if v.total_assets() < 7_000_000 * 10**6 or self.rng.random() < 0.4:
            v.lp_deposit(holder, assets)
            return "in"
        v.lp_withdraw(holder, assets)
        return "out"

    def sell(self) -> None:
        v = self.venue
        inventory = v.account(v.pool_id).collateral
        asset = next(iter(inventory), 0)
        ap = v.params.assets[asset]
        tokens = int(inventory.get(asset, 0) * self.share()) * 10**ap.decimals // WAD
        limit = v.prices[ap.underlying] * self.rng.randint(8_900, 10_500) // 10_000
        v.sell_inventory(asset, tokens, self.rng.randint(0, 2 * WAD), limit)

    def alarm(self) -> str:
        return "short" if self.venue.alarm() else "clear"

    def deleverage(self) -> str:
        """Winners one after the other, the best ones first, until the pool has enough."""
        v = self.venue
        v.alarm()
        for _ in range(self.rng.choice([0, 4])):
            v.warp(250)
            v.alarm()
        if not v.clock_runs():
            return "clear"
        found = [(t, m) for t in TRADERS for m in v.account(t).positions if not v.markets[m].settled]
        found.sort(key=lambda x: -v.value(x[1], *v.position(*x), v.prices[x[1]]))
        done = ""
        for trader, m in found:
            reason = v.refusal("deleverage", trader, m)
            if reason:
                self.seen[f"deleverage: {reason.name}"] += 1
                continue
            before = {t: v.health(t) for t in TRADERS}
            lots = v.deleverage(trader, m)
            assert all(v.health(t)[::2] == before[t][::2] for t in TRADERS if t != trader)  # I-9
            assert abs(v.health(trader).equity - before[trader].equity) <= 2
            done = ("all of it" if v.alarm() else "enough") if lots else "nothing"
        return done

    def cover(self) -> str:
        v, holder = self.venue, self.rng.choice([1, 2])
        if self.rng.random() < 0.5:
            v.lp_deposit(holder, self.rng.randint(1, 20_000) * 10**6, Tranche.COVER)
            return "in"
        held = v.books[Tranche.COVER].holders.get(holder, 0)
        v.request_exit(holder, int(held * self.share()), Tranche.COVER)
        return "asked"

    def request(self) -> None:
        self.venue.request_exit(2, int(self.venue.shares.get(2, 0) * self.share()))

    def finalise(self) -> str:
        tranche = self.rng.choice(list(Tranche))
        self.venue.finalise_exit(self.rng.choice([1, 2]), tranche)
        return tranche.name

    def pause(self) -> str:
        if self.venue.flags.paused:
            self.venue.unpause()
            return "over"
        if self.rng.random() < 0.8:
            return "not"
        self.venue.pause()
        return "begins"

    def close_out(self) -> str:
        v = self.venue
        held = [(t, m) for t in TRADERS for m in v.account(t).positions if v.markets[m].settled]
        if not held:
            return "nothing"
        trader, m = self.rng.choice(held)
        before = v.health(trader).equity
        v.settle(trader, m)
        assert v.health(trader).equity == before
        return ""

    def wind_down(self) -> None:
        """W-3 to the end: everything settled, everybody out in a random order, nothing left but dust."""
        v = self.venue
        v.shut_down()
        v.warp(7 * 86_400)
        v.take_last_prices()
        for m in UNDERLYINGS:
            if not v.markets[m].settled:
                v.settle_closing(m)
        for trader, m in [(t, m) for t in TRADERS for m in sorted(v.account(t).positions)]:
            v.settle(trader, m)
        for trader in TRADERS:
            v.reserve(trader, -v.account(trader).reserved)
            if v.account(trader).cash < 0:
                self.pay_back(trader)
        self.seen[f"claims, cover pays {v.open_claims() > 0}"] += 1
        everybody = [*TRADERS, KEEPER]
        self.rng.shuffle(everybody)
        claims = {a: v.account(a).cash for a in everybody}
        credited, debt = v.ledger.credited[QUOTE], v.ledger.debt
        for account in everybody:
            for asset, amount in list(v.account(account).collateral.items()):
                decimals = v.params.assets[asset].decimals
                v.withdraw(
                    account, asset, amount // 10 ** max(0, 18 - decimals) * 10 ** max(0, decimals - 18)
                )
            tokens = claims[account] * credited // (credited + debt) // MICRO
            paid = v.withdraw(account, QUOTE, max(0, tokens - 1))
            assert v.account(account).cash * credited // (credited + debt) < 3 * MICRO or not paid
        assert v.invariants() == []

    def pay_back(self, trader: int) -> None:
        """What is owed is written off if it can be, and paid by a deposit otherwise, as anybody may."""
        v = self.venue
        v.liquidate(trader, 0, KEEPER)
        if v.account(trader).cash < 0:
            v.deposit(trader, QUOTE, -(v.account(trader).cash // MICRO))

    def reserve(self) -> None:
        trader = self.trader()
        if self.venue.account(trader).reserved:
            self.venue.charge_keeper_fee(trader, KEEPER, WAD)
        else:
            self.venue.reserve(trader, WAD)


@pytest.mark.parametrize("seed", [1, 2])
def test_soak(seed):
    driver = Driver(seed)
    driver.run(STEPS // 2)
    seen = driver.seen
    if os.environ.get("MODEL_SOAK_SHOW"):
        print(*sorted(seen.items()), sep="\n")
    assert driver.venue.invariants() == []
    driver.wind_down()
    for event in (
        "trade", "trade flip", "reduce", "reduce below initial", "liquidate slice", "liquidate all",
        "liquidate all, bad debt", "settle", "convert", "close_fraction", "lp in", "lp out", "sell", "withdraw",
        "liquidate but dead legs", "liquidate all, beyond the cap", "liquidate skipped 2", "liquidate skipped 5",
        "liquidate skipped 6", "alarm short", "alarm clear", "deleverage enough", "deleverage all of it",
        "cover in", "finalise COVER", "finalise POOL", "pause begins", "pause over", "close_out",
    ):  # fmt: skip
        assert seen[event] >= 3, f"{event} hardly happened: {seen}"
    assert {call.entered for call in driver.venue.margin_calls} == {True, False}
    for reason in (
        Reason.MARGIN, Reason.UTILISATION, Reason.MIN_NOTIONAL, Reason.PRICE, Reason.PAUSED, Reason.SETTLED,
    ):  # fmt: skip
        assert seen[f"trade: {reason.name}"] >= 3, f"{reason.name} hardly happened: {seen}"
