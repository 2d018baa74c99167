"""What stands behind the pool and how it ends: the cover pool, exits by request, alarms and deleveraging, pauses, closings."""

from __future__ import annotations

from crossmargin.model import QUOTE, Tranche
from crossmargin.model.maths import WAD
from tests.stateful.moves_pool import PoolMoves
from tests.stateful.twin import Call

POOL, COVER = Tranche.POOL, Tranche.COVER
NAMES = {POOL: "lp", COVER: "cover"}


class BackingMoves(PoolMoves):
    """Draws the calls of issue 3's rules: W-1 to W-3, grace, exits by request."""

    # ---- the cover pool and exits --------------------------------------------------------------
    def cover_entry(self) -> Call:
        """A little or much for the cover pool, by assets or by shares; at times too little for a share."""
        lp, step = self.lp(), self._step()
        assets = self.tokens(QUOTE, self.rng.choice((20, 500, 10_000)) * self.rng.randint(1, 99) * WAD // 50)
        assets = step if self.chance(5) else assets // step * step + step
        if self.chance(30):
            return Call("cover_mint", 0, (self.v.preview_deposit(assets, COVER), int(lp, 16)), lp)
        return Call("cover_deposit", 0, (assets, int(lp, 16)), lp)

    def cover_other(self) -> Call:
        """Shares of the cover pool to another LP, or out at will, which its cooldown forbids."""
        lp = self.lp()
        shares = self.share(self.free(lp, COVER))
        if self.chance(30):
            return Call("cover_redeem", 0, (max(1, shares), int(lp, 16)), lp)
        return Call("cover_transfer", 0, (int(self.lp(), 16), shares), lp)

    def free(self, lp: str, tranche: Tranche) -> int:
        """Shares of an LP that are not in escrow."""
        return self.v.books[tranche].holders.get(int(lp, 16), 0)

    def tranche(self) -> Tranche:
        """Mostly the cover pool, where a request is the only way out; the pool where it has a cooldown."""
        return POOL if (self.v.cooldown() and self.chance(60)) or self.chance(8) else COVER

    def request(self) -> Call:
        """Some shares to escrow, all of them, one too many, or none, which asks again for those that are there."""
        lp, tranche = self.lp(), self.tranche()
        shares = self.share(self.free(lp, tranche))
        if tranche is POOL and not self.chance(30):
            shares //= 20
        shares = 0 if self.chance(10) else shares + (1 if self.chance(5) else 0)
        return Call(f"{NAMES[tranche]}_request", 0, (shares,), lp)

    def finalise(self) -> Call:
        """Of whoever has asked, by anybody, whether it is time or not."""
        tranche = self.tranche()
        waiting = [t for t in (tranche, 1 - tranche) if self.v.books[Tranche(t)].pending]
        tranche = Tranche(waiting[0]) if waiting else tranche
        holders = list(self.v.books[tranche].pending) or [int(self.lp(), 16)]
        return Call(f"{NAMES[tranche]}_finalise", 0, (self.rng.choice(holders),), self._anyone())

    # ---- deleveraging --------------------------------------------------------------------------
    def alarm(self) -> Call:
        """Whether the pool is short of capital."""
        return Call("alarm", 0, (), self._anyone())

    def winners(self) -> list[tuple[int, int]]:
        """Positions on the side of the skew of their market, the most profitable first (by return on notional)."""
        v, found = self.v, []
        for t in self.w.traders:
            for m, (base, quote) in v.account(t).positions.items():
                state = v.markets[m]
                if base * state.skew > 0 and not state.settled and v.prices[m]:
                    gain = (
                        v.value(m, base, quote, v.prices[m]) * 10**6 // (abs(base) * v.prices[m] // WAD + 1)
                    )
                    found.append((gain, t, m))
        return [(t, m) for _, t, m in sorted(found, reverse=True)]

    def deleverage(self) -> Call:
        """Mostly one of the winners, else any position or none."""
        won = self.winners()
        if won and self.chance(85):
            account, market = won[0] if self.chance(60) else self.rng.choice(won)
        else:
            account = self.holder()
            alive = [m for m in self.v.markets if not self.v.markets[m].settled]
            market = self.rng.choice([m for m in self.v.account(account).positions if m in alive] or alive)
        return Call("deleverage", account, (account, market), self._anyone())

    # ---- pauses and closings -------------------------------------------------------------------
    def pause(self) -> Call:
        """The switch that is not set, or the other."""
        return self._owner("pause" if self.v.flags.paused ^ self.chance(10) else "unpause")

    def close_market(self) -> Call:
        """A market outside the first six, which the campaign trades most; at times one that is closing already."""
        some = list(self.v.markets)[6:] if self.chance(80) else list(self.v.markets)
        gone = [m for m in some if m in self.v.closings or self.v.markets[m].settled]
        return self._owner("close_market", self.rng.choice(gone if gone and self.chance(10) else some))

    def _closing(self) -> int:
        """A closing market, if there is one."""
        return self.rng.choice(list(self.v.closings) or list(self.v.markets))

    def sample(self) -> Call | None:
        """The price of a closing market."""
        if not self.v.closings and self.chance(80):
            return None
        return Call("sample", 0, (self._closing(),), self._anyone())

    def settle_market(self) -> Call | None:
        """Of a closing market, in time or not."""
        if not self.v.closings and self.chance(80):
            return None
        return Call("settle_market", 0, (self._closing(),), self._anyone())

    def settle(self) -> Call | None:
        """Close out a position of a settled market; at times another."""
        v = self.v
        found = [(t, m) for t in self.w.traders for m in v.account(t).positions if v.markets[m].settled]
        if not found and self.chance(80):
            return None
        account, market = self.rng.choice(found) if found else (self.holder(), 0)
        if self.chance(5):
            account = self.trader()
        return Call("settle", account, (account, market), self._anyone())

    def plain(self, name: str, *args: int) -> Call:
        """A call of anybody's."""
        return Call(name, 0, args, self._anyone())
