"""What LPs do, and what the owner of the venue sets."""

from __future__ import annotations

from typing import Any

from crossmargin.model import QUOTE, Params
from crossmargin.model.maths import WAD, ceil_div, ceil_sqrt
from tests.stateful import setups
from tests.stateful.moves_orders import OrderMoves
from tests.stateful.twin import Call
from tests.stateful.world import fields_of

BPS, PPM = 10**4, 10**6


class PoolMoves(OrderMoves):
    """Draws entries, exits, transfers of shares, and parameters."""

    def lp(self) -> str:
        """One of the LPs."""
        return self.rng.choice(self.w.lps)

    def lp_deposit(self, lp: str = "", wad: int = 0, receiver: int = 0) -> Call:
        """Up to the size the pool started with, or a little, by assets or by shares; at times next to nothing."""
        lp = lp or self.lp()
        missing = self.w.setup.pool * WAD - self.v.stored_reduced_equity()
        wad = wad or (missing if missing > 0 else self.w.setup.pool * WAD // self.rng.choice((1_000, 10**9)))
        assets = self.tokens(QUOTE, wad)
        to = receiver or int(lp if self.chance(90) else self.lp(), 16)
        if self.chance(4):
            assets = self.rng.choice((0, 1))
        if self.chance(35):
            return Call("lp_mint", 0, (self.v.preview_deposit(assets) + self.nudge() % 3, to), lp)
        return Call("lp_deposit", 0, (assets, to), lp)

    def lp_exit(self) -> Call:
        """A part of one's shares, all of them, one more, or what the exit caps or D let go ± a unit."""
        lp = self.lp()
        me, v = int(lp, 16), self.v
        shares, held = v.shares.get(me, 0), v.account(v.pool_id)
        draw = self.rng.randrange(10)
        if v.ledger.debt and self.chance(50):
            return self._owed()
        if draw < 4:
            top = self.edge(lambda n: v.refusal("lp_redeem", me, n) is None, 0, shares)
            return Call("lp_redeem", 0, (max(0, top + self.nudge()), me), lp)
        if draw < 6:
            s = v.pool_state()
            room = self.rng.choice((held.cash - s.debt, s.reduced_equity - s.tied_up))
            assets = max(1, self.tokens(QUOTE, max(1, room)) + self.nudge() * self._step())
            return Call("lp_withdraw", 0, (assets, me), lp)
        part = self.share(shares) // self.rng.choice((1, 20, 100))
        if draw < 8:
            return Call("lp_redeem", 0, (part + (1 if self.chance(10) else 0), me), lp)
        assets = v.preview_redeem(part) + (self._step() if self.chance(10) else 0)
        return Call("lp_withdraw", 0, (assets, int(self.lp(), 16)), lp)

    def _owed(self) -> Call:
        """What the LP with the most shares can take while D must stay, and a little more."""
        me = max(self.v.shares, key=lambda h: self.v.shares[h])
        room = self.v.account(self.v.pool_id).cash - self.v.ledger.debt
        assets = self.tokens(QUOTE, max(1, room)) + self.rng.choice((-1, 0, 1, 1, 10**3)) * self._step()
        return Call("lp_withdraw", 0, (max(1, assets), me), "0x" + me.to_bytes(20, "big").hex())

    def lp_transfer(self) -> Call:
        """Some shares to another LP, or to itself; at times more than there are."""
        lp = self.lp()
        shares = self.share(self.v.shares.get(int(lp, 16), 0)) + (1 if self.chance(10) else 0)
        return Call("lp_transfer", 0, (int(self.lp(), 16), shares), lp)

    # ---- parameters ----------------------------------------------------------------------------
    def parameters(self) -> Call | list[Any]:
        """A change inside the bounds, or what must be refused as (contract, function, words, reason)."""
        draws = (self._market, self._market, self._market, self._venue, self._rates, self._collateral)
        draws += (self._timing, self._timing, self._fee, self._terms)
        return self.rng.choice(draws)()

    def _owner(self, name: str, *args: Any) -> Call:
        return Call(name, 0, args, self.w.actors["owner"])

    def _market(self) -> Call | list[Any]:
        """Risk, costs, depth, limits or carry of one market."""
        m = self.rng.choice(list(self.v.markets)[: 6 if self.chance(80) else None])
        fields, rng = fields_of(self.v.params.markets[m]), self.rng
        start = fields_of(setups.market_params(self.w.setup.markets[m]))
        kind = rng.randrange(5)
        if kind == 0:
            fields |= {n: start[n] * rng.randint(80, 125) // 100 for n in ("beta", "sigma", "clamp")}
        elif kind == 1:
            fields["taker"] = rng.choice((300, 500, 700))
            fields |= {"maker": rng.choice((0, 200, 300)), "spread": rng.choice((0, 1_000, 2_000, 5_000))}
            fields["p_min"] = rng.choice((0, 75, 100, 150))
        elif kind == 2:
            fields["skew_scale"] = start["skew_scale"] * rng.randint(70, 140) // 100
            fields["velocity"] = rng.choice((0, 1_000, 3_000))
        elif kind == 3:
            fields["max_oi_quote"] = start["max_oi_quote"] * rng.choice((1, 2, 10)) // 10
            fields |= {"share": rng.choice((0, 1_500, 20_000)), "min_notional": rng.choice((10, 100)) * WAD}
        else:
            low = rng.choice((0, 60, 100))
            fields |= {"oi_lo": low, "oi_hi": low + rng.choice((1, 110)), "oi_cap": rng.choice((0, 50, 200))}
        fields["max_oi"] = self._depth(fields) + (10**8 if self.chance(8) else 0)
        reason = self._cost_problem(fields, self.v.params)
        if reason and m not in self.v.closings and not self.v.markets[m].settled:
            return ["set_market", (m, fields), reason]
        return self._owner("set_market", m, fields)

    def _depth(self, f: dict[str, int]) -> int:
        """Open interest at which a close costs no more than p_max (Q-2), or less."""
        p = self.v.params
        most = f["skew_scale"] * max(0, 100 * p.p_max - f["taker"] - p.keeper_part) // PPM
        return self.rng.choice((most, most, most // 4))

    @staticmethod
    def _cost_problem(f: dict[str, int], p: Params) -> str:
        """Q-2 against a market's parameters: the reason it is refused for, or nothing."""
        impact = ceil_div(f["max_oi"] * PPM, f["skew_scale"])
        if impact + f["taker"] + p.keeper_part > 100 * p.p_max:
            return "configurator: costs above p_max"
        if f["p_min"] > p.p_max:
            return "configurator: p_min above p_max"
        w = ceil_sqrt(f["beta"] ** 2 + f["sigma"] ** 2)
        fits = (100 * p.p_max + p.keeper_part) * PPM < p.h * p.kappa * w
        return "" if fits else "configurator: p_max for this w"

    def _venue(self) -> Call | list[Any]:
        rng, p = self.rng, self.v.params
        names = ("im_factor", "h", "kappa", "profit_weight", "p_max", "keeper_part", "warning", "exec_band")
        fields = {n: getattr(p, n) for n in (*names, "min_margin", "keeper_cap")}
        fields |= {
            "im_factor": rng.choice((12_000, 15_000, 20_000)),
            "h": rng.choice((11_500, 12_500, 14_000)),
        }
        fields |= {
            "kappa": rng.choice((5_000, 6_000, 10_000)),
            "profit_weight": rng.choice((0, 8_000, 9_999)),
        }
        fields |= {"p_max": rng.choice((200, 200, 220)), "keeper_part": rng.choice((0, 500, 1_000))}
        fields |= {
            "exec_band": rng.choice((50, 300, 2_000, 2_000)),
            "keeper_cap": rng.choice((5, 10, 12)) * WAD,
        }
        new = Params(**({n: getattr(p, n) for n in p.__slots__} | fields))
        reason = next((r for m in p.markets.values() if (r := self._cost_problem(fields_of(m), new))), "")
        reason = "configurator: keeper_cap" if 2 * new.keeper_cap > new.min_margin else reason
        return ["set_venue", (fields,), reason] if reason else self._owner("set_venue", fields)

    def _rates(self) -> Call | list[Any]:
        rng, s = self.rng, self.w.setup
        fields = {"cap_net": rng.choice((600, 1_000)), "cap_gross": rng.choice((2_000, 3_000))}
        fields |= {"exit_cap_net": rng.choice((900, 1_200)), "exit_cap_gross": rng.choice((3_000, 3_500))}
        if s.rates is setups.BOLD and self.chance(90):
            fields = {"cap_net": rng.choice((3_000, 4_000)), "cap_gross": 9_000}
            fields |= {"exit_cap_net": 5_000, "exit_cap_gross": 10_000}
        fields["pool_cooldown"] = s.backing.pool_cooldown if self.chance(90) else 60
        fields["cover_cooldown"] = rng.choice((3_600, 3_600, 10_800, 3_599 if self.chance(10) else 3_600))
        fields["cover_share"] = rng.choice((s.backing.cover_share, 100, 2_500, 10_000))
        fields["adl_ratio"] = (
            s.backing.adl_ratio if fields["exit_cap_net"] > 2_000 else rng.choice((10_000, 50_000))
        )
        fields |= {"borrow_base": rng.choice((0, 20, 200)), "borrow_slope1": rng.choice((0, 300))}
        fields |= {"borrow_slope2": rng.choice((300, 3_000)), "borrow_kink": rng.choice((0, 5_000, 8_000))}
        if fields["cap_net"] > fields["exit_cap_net"]:
            return ["set_rates", (fields,), "configurator: cap_net"]
        if fields["cover_cooldown"] < 3_600:
            return ["set_rates", (fields,), "configurator: cover_cooldown"]
        return self._owner("set_rates", fields)

    def _collateral(self) -> Call | list[Any]:
        asset = self.rng.randrange(len(self.w.tokens))
        start = self.w.setup.assets[asset]
        discount = max(0, start.discount + self.rng.choice((-300, 0, 300)))
        cap = start.cap * self.rng.choice((0, 1, 1, 2)) // self.rng.choice((1, 1, 10**7))
        if self.chance(10):
            return ["set_collateral", (asset, 5_001, cap), "configurator: discount"]
        return self._owner("set_collateral", asset, discount, cap)

    def _timing(self) -> Call | list[Any]:
        """Other terms for orders from now on; at times a market is closed for a while."""
        m = self.rng.randrange(6)
        timing = (0, 0, 0) if self.chance(12) else tuple(setups.draw_timing(self.rng))
        if self.chance(8):
            return ["set_timing", (m, (3_601, 600, 300)), "orders: delay out of bounds"]
        return self._owner("set_timing", m, timing)

    def _fee(self) -> Call | list[Any]:
        if self.chance(10):
            return ["set_keeper_fee", (10**15 - 1,), "orders: fee out of bounds"]
        return self._owner("set_keeper_fee", self.rng.choice((10**15, WAD // 5, WAD, 3 * WAD + 1)))

    def _terms(self) -> Call | list[Any]:
        if self.chance(10):
            return ["set_terms", ((1_001 * WAD, 0, 1, 60),), "liquidator: flat out of bounds"]
        return self._owner("set_terms", tuple(setups.draw_terms(self.rng)))
