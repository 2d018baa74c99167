"""The invariants that Vault, Engine, OracleAdapter and PositionManager can break, each a function named for its id.

A function looks at one step (before, after, call) and returns how many times it could check something; it raises Failure
where the invariant does not hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from crossmargin.model import QUOTE, Reason, carry, margin, pool
from crossmargin.model.margin import Assessment
from crossmargin.model.maths import BPS, LOT, LOTS, PPM, WAD
from tests.stateful.snapshot import Snapshot
from tests.stateful.world import Call, Outcome, World, must

Check = Callable[[World, "Step"], int]
REGISTRY: dict[str, Check] = {}

RISKY = {"withdraw", "transfer"}


@dataclass
class Step:
    """One step: state and health of every trader's account before and after. outcome is None for time and prices."""

    before: Snapshot
    after: Snapshot
    health_before: dict[int, Assessment]
    health_after: dict[int, Assessment]
    outcome: Outcome | None = None
    price_before: dict[int, int] = field(default_factory=dict)
    number: int = 0

    @property
    def done(self) -> Call | None:
        """The call, if there was one and it went through."""
        return self.outcome.call if self.outcome and self.outcome.refused is None else None

    def is_(self, *names: str) -> Call | None:
        """The call, if it went through and has one of the names."""
        return self.done if self.done and self.done.name in names else None


def invariant(name: str) -> Callable[[Check], Check]:
    """Register a check under its id."""

    def put(check: Check) -> Check:
        REGISTRY[name] = check
        return check

    return put


# ---- books ----------------------------------------------------------------------------------------


@invariant("I-1")
def tokens_held(w: World, s: Step) -> int:
    """Tokens held = ledger + what was donated."""
    for asset, credited in s.after.credited.items():
        d = w.decimals_of(asset)
        given = w.donated if asset == QUOTE else 0
        held = s.after.held[asset] - given
        wad = held * 10 ** (18 - d) if d <= 18 else held // 10 ** (d - 18)
        must(wad == credited, f"I-1: asset {asset}: held {held}, credited {credited}")
    return 1


@invariant("I-2")
def sums_of_balances(w: World, s: Step) -> int:
    """Σ cash = credited quote; Σ collateral = credited."""
    cash = sum(a.cash for a in s.after.accounts.values())
    must(cash == s.after.credited[QUOTE], f"I-2: Σ cash {cash}, credited {s.after.credited[QUOTE]}")
    for asset, credited in s.after.credited.items():
        if asset != QUOTE:
            held = sum(a.collateral.get(asset, 0) for a in s.after.accounts.values())
            must(held == credited, f"I-2: asset {asset}: Σ {held}, credited {credited}")
    return 1


@invariant("I-3")
def equity_is_conserved(w: World, s: Step) -> int:
    """Σ E = quote + value of collateral at the prices of now, times one that changes every step; ≤ 1 u a leg."""
    scale = 1 + s.number * 7919 % 2000
    prices = {m: p * scale // 1000 + 1 for m, p in w.model.prices.items()}
    now = {m: carry.accrue(x, w.model.params.markets[m], s.after.time) for m, x in s.after.markets.items()}
    assets, total, legs = w.model.params.assets, 0, 0
    for a in s.after.accounts.values():
        total += a.cash
        parts: dict[int, int] = {}
        for asset, amount in a.collateral.items():
            ap = assets[asset]
            parts[ap.underlying] = parts.get(ap.underlying, 0) + amount * (BPS - ap.discount)
        legs += len(parts) + len(a.positions)
        total += sum(prices[u] * part // (WAD * BPS) for u, part in parts.items())
        for m, (base, quote) in a.positions.items():
            total += carry.value(base, quote, prices[m], now[m].long if base > 0 else now[m].short)
    for m, x in s.after.markets.items():
        legs += 1
        total += carry.pool_value(x, prices[m], now[m])
    exact = Fraction(s.after.credited[QUOTE]) + sum(
        Fraction(prices[assets[a].underlying] * amount * (BPS - assets[a].discount), WAD * BPS)
        for a, amount in s.after.credited.items()
        if a != QUOTE
    )
    must(0 <= exact - total <= legs, f"I-3: Σ E off by {float(exact - total)} over {legs} legs")
    return 1


@invariant("I-4")
def markets_balance(w: World, s: Step) -> int:
    """L, S and Σq are those of the accounts; D is Σ max(0, −cash)."""
    for m, x in s.after.markets.items():
        held = [a.positions[m] for a in s.after.accounts.values() if m in a.positions]
        longs = sum(b for b, _ in held if b > 0)
        shorts = -sum(b for b, _ in held if b < 0)
        quote = sum(q for _, q in held)
        must(
            (longs, shorts, quote) == (x.long * LOT, x.short * LOT, x.quote), f"I-4: market {m}: {x}, {held}"
        )
    debt = sum(max(0, -a.cash) for a in s.after.accounts.values())
    must(debt == s.after.debt, f"I-4: D {s.after.debt}, accounts {debt}")
    return 1


@invariant("I-5")
def pool_sums(w: World, s: Step) -> int:
    """The sums of U-1 recomputed from every market as it is stored."""
    total = pool.NO_SHARE
    for m, x in s.after.markets.items():
        if x.long or x.short or x.quote:
            stored = carry.Indices(x.index_long, x.index_short, x.rate)
            total = pool.add(total, pool.contribution(x, w.model.params.markets[m], x.mark, stored))
    must(total == s.after.sums, f"I-5: sums {s.after.sums}, recomputed {total}")
    return 1


@invariant("I-6")
def carry_in_bounds(w: World, s: Step) -> int:
    """Rates within their bounds, time not in the future; at one second indices move once; the residual is the pool's."""
    for m, x in s.after.markets.items():
        mp = w.model.params.markets[m]
        must(abs(x.rate) <= mp.clamp * 10**5 and 0 <= x.borrow < 2**14, f"I-6: market {m}: {x}")
        must(x.time <= s.after.time, f"I-6: market {m} was touched in the future")
        old = s.before.markets[m]
        if old.time == s.after.time:
            same = (old.index_long, old.index_short, old.rate) == (x.index_long, x.index_short, x.rate)
            must(same, f"I-6: market {m} accrued twice in a second")
        elif x.time != old.time and old.skew_fraction == 0 and old.rate == 0:
            must(
                x.index_long >= old.index_long and x.index_short <= old.index_short,
                f"I-6: market {m} pays borrowers",
            )
    return 1


@invariant("I-7")
def no_dust_in_bitmaps(w: World, s: Step) -> int:
    """Read in snapshot.py: a bit is set where there is something; here: whole lots, never zero, nothing negative."""
    for key, a in s.after.accounts.items():
        must(all(b and b % LOT == 0 for b, _ in a.positions.values()), f"I-7: {key:#x}: {a.positions}")
        must(a.reserved >= 0 and all(x > 0 for x in a.collateral.values()), f"I-7: {key:#x}: {a}")
        must(len(a.positions) <= 16, f"I-7: {key:#x}: {len(a.positions)} markets")
    return 1


# ---- health ---------------------------------------------------------------------------------------


@invariant("I-8")
def margin_after_risk(w: World, s: Step) -> int:
    """After an increase E_risk ≥ IM, after value was taken E_free ≥ IM."""
    call = s.done
    if not call or call.account not in s.health_after:
        return 0
    a, held = s.health_after[call.account], s.after.accounts[call.account]
    if call.name in RISKY and (held.positions or held.cash < 0):
        must(margin.free_equity(a) >= a.initial, f"I-8: after {call.name}: {a}")
        return 1
    if call.name == "trade" and grew(s, call):
        must(margin.risk_equity(a, w.model.params) >= a.initial, f"I-8: after an increase: {a}")
        return 1
    return 0


def base_of(snapshot: Snapshot, account: int, market: int) -> int:
    """Base of a position, 0 if there is none."""
    return snapshot.accounts[account].positions.get(market, (0, 0))[0]


def grew(s: Step, call: Call) -> bool:
    """Whether a trade opened, added to or turned its position."""
    old, new = (base_of(x, call.account, call.args[1]) for x in (s.before, s.after))
    return new != 0 and (new * old <= 0 or abs(new) > abs(old))


@invariant("I-9")
def nobody_else_hurts(w: World, s: Step) -> int:
    """No call lowers E − MM of an account it is not of, to the wei; settling and converting not even its own."""
    if not s.outcome:
        return 0
    call = s.outcome.call
    own = {call.account} if call.name not in ("settle_loss", "convert_collateral", "poke") else set()
    for key, a in s.health_after.items():
        if key not in own:
            must(a.headroom >= s.health_before[key].headroom, f"I-9: {call.name} lowers {key:#x}: {a}")
    return len(s.health_after)


@invariant("I-10")
def liquidate_iff_unhealthy(w: World, s: Step) -> int:
    """Liquidated ⇔ unhealthy with valid prices, and the call never fails."""
    if not s.outcome or s.outcome.call.name != "liquidate":
        return 0
    must(s.outcome.refused is None, "I-10: liquidate failed")
    key = s.outcome.call.account
    if key not in s.health_before:
        must(s.outcome.result.reason == 3, "I-10: a protocol account was looked at")
        return 1
    held, a = s.before.accounts[key], s.health_before[key]
    due = a.headroom < 0 and bool(held.positions or held.cash < 0) and w.model.legs_valid(held)
    must(due == (s.outcome.result.reason == 0), f"I-10: {a}: {s.outcome.result}")
    return 1


@invariant("I-11")
def slices_restore(w: World, s: Step) -> int:
    """A slice leaves E ≥ h·MM (less one lot a leg); nothing grows or turns; a full close leaves nothing."""
    call = s.is_("liquidate")
    if not call or s.outcome.result.reason:
        return 0
    a, held, was = (
        s.health_after[call.account],
        s.after.accounts[call.account],
        s.before.accounts[call.account],
    )
    if s.outcome.result.fraction == WAD:
        must(not held.positions and not held.collateral, "I-11: a full close left something")
        return 1
    lots = sum(w.model.prices[m] // LOTS + 2 for m in was.positions)
    must((a.equity + lots) * BPS >= w.model.params.h * a.raw, f"I-11: a slice left {a}")
    for m, (base, _) in was.positions.items():
        left = held.positions.get(m, (0, 0))[0]
        must(left * base >= 0 and abs(left) <= abs(base), f"I-11: position {m} from {base} to {left}")
    return 1


@invariant("I-12")
def liquidation_pays_nobody(w: World, s: Step) -> int:
    """Owner and keeper together lose, unless there was nothing left; and no slice is cheaper than an ordinary close."""
    call = s.is_("liquidate")
    if not call or s.outcome.result.reason:
        return 0
    result, before, after = s.outcome.result, s.health_before[call.account], s.health_after[call.account]
    must(result.reward <= w.model.params.keeper_cap, f"I-12: reward {result.reward}")
    if result.fraction == WAD:
        must(after.equity <= max(0, before.equity), f"I-12: the owner gained: {before}, {after}")
        return 1
    must(after.equity + result.reward <= before.equity, f"I-12: {before}, {after}, {result}")
    least = ordinary_cost(w, s, call)
    paid = before.equity - after.equity
    legs = len(s.before.accounts[call.account].positions) + len(s.before.accounts[call.account].collateral)
    must(paid + 2 * legs >= least, f"I-12: a slice cost {paid}, closing it {least}")
    return 1


def ordinary_cost(w: World, s: Step, call: Call) -> int:
    """What closing the slice by P-3 with its fees would cost, at most p_max a leg: floor WAD."""
    total, p_max = 0, 100 * w.model.params.p_max
    for m, (base, _) in s.before.accounts[call.account].positions.items():
        size = (base_of(s.after, call.account, m) - base) // LOT
        if size:
            mp, market, price = w.model.params.markets[m], s.before.markets[m], w.model.prices[m]
            fill = carry.fill_price(price, market.skew, size, mp, spread=False)
            impact = max(0, (fill - price) * size // LOTS)
            fee = carry.trade_fee(price, market.skew, size, mp)
            total += min(impact + fee, price * abs(size) * p_max // (LOTS * PPM)) - 2 - abs(size) // LOTS
    return total


@invariant("I-13")
def bad_debt_is_booked(w: World, s: Step) -> int:
    """After a full close the cash is not negative; the pool pays only when the cover fund has nothing."""
    call = s.is_("liquidate")
    if not call or s.outcome.result.reason or s.outcome.result.fraction != WAD:
        return 0
    held = s.after.accounts[call.account]
    must(held.cash >= 0 and not held.collateral, f"I-13: {held}")
    if s.health_before[call.account].equity < 0:
        must(held.cash == 0, f"I-13: bad debt left {held.cash}")
    return 1


@invariant("I-14")
def adding_never_hurts(w: World, s: Step) -> int:
    """A deposit never lowers E − MM; closing in proportion not beyond its cost and a lot a leg (a book of positions:
    collateral stays, and what hedged it does not)."""
    call = s.is_("deposit", "close_fraction")
    if not call:
        return 0
    before, after = s.health_before[call.account], s.health_after[call.account]
    if call.name == "deposit":
        must(after.headroom >= before.headroom - 1, f"I-14: a deposit made {before} to {after}")
        return 1
    if s.before.accounts[call.account].collateral:
        return 0
    lots = sum(w.model.prices[m] // LOTS for m in s.before.accounts[call.account].positions)
    cost = max(0, before.equity - after.equity)
    must(after.headroom + cost + lots >= before.headroom, f"I-14: closing made {before} to {after}")
    return 1


@invariant("I-15")
def requirements_ordered(w: World, s: Step) -> int:
    """0 < MM ≤ IM with positions open; MM(a + b) ≤ MM(a) + MM(b) for two accounts, in turn."""
    found = 0
    for key, a in s.health_after.items():
        if s.after.accounts[key].positions:
            must(0 < a.maintenance <= a.initial, f"I-15: {key:#x}: {a}")
            found += 1
    if s.number % 8 == 0:
        keys = list(s.health_after)
        one, two = keys[s.number // 8 % len(keys)], keys[(s.number // 8 * 5 + 1) % len(keys)]
        both = merged_raw(w, s.after, one, two)
        apart = s.health_after[one].raw + s.health_after[two].raw
        must(both <= apart + 64, f"I-15: together {both}, apart {apart}")
    return found


def merged_raw(w: World, snapshot: Snapshot, one: int, two: int) -> int:
    """M-2 of two accounts taken as one."""
    net: dict[int, int] = {}
    coll: dict[int, int] = {}
    for key in (one, two):
        for m, (base, _) in snapshot.accounts[key].positions.items():
            net[m] = net.get(m, 0) + base
        for asset, amount in snapshot.accounts[key].collateral.items():
            u = w.model.params.assets[asset].underlying
            coll[u] = coll.get(u, 0) + amount
    params, prices = w.model.params, w.model.prices
    legs = [
        margin.exposure(prices[u], net.get(u, 0), coll.get(u, 0), params.markets[u], 0)
        for u in {**net, **coll}
    ]
    return margin.requirements(legs, params, False).raw


# ---- trading --------------------------------------------------------------------------------------


@invariant("I-17")
def fill_within_bound(w: World, s: Step) -> int:
    """The fill is within the order's bound; a trade that widens the skew never fills better than its price."""
    call = s.is_("trade")
    if not call:
        return 0
    _, market, _, price, worst, *_ = call.args
    filled = s.outcome.result
    price = price or w.model.prices[market]
    sign = 1 if filled.size > 0 else -1
    must(sign * (worst - filled.price) >= 0, f"I-17: {filled} beyond {worst}")
    if s.before.markets[market].skew * sign >= 0:
        must(sign * (filled.price - price) >= 0, f"I-17: widening filled at {filled}, price {price}")
    return 1


@invariant("I-18")
def caps_hold(w: World, s: Step) -> int:
    """After an increase every cap holds; a reduction is never refused for a cap."""
    if not s.outcome or s.outcome.call.name != "trade":
        return 0
    call = s.outcome.call
    if s.outcome.refused:
        caps = (Reason.MAX_OI, Reason.MAX_OI_QUOTE, Reason.SHARE, Reason.UTILISATION, Reason.MIN_NOTIONAL)
        must(call.note != "reduce" or s.outcome.refused not in caps, f"I-18: reduction: {s.outcome.words}")
        return int(call.note == "reduce")
    if not grew(s, call):
        return 0
    market, mp = s.after.markets[call.args[1]], w.model.params.markets[call.args[1]]
    side = market.long if call.args[2] > 0 else market.short
    notional = w.model.prices[call.args[1]] * side
    must(side <= mp.max_oi and notional <= mp.max_oi_quote * LOTS, f"I-18: {market}")
    must(notional * BPS <= mp.share * w.model.stored_reduced_equity() * LOTS, f"I-18: share: {market}")
    must(w.model.stored_utilisation() <= WAD, "I-18: utilisation")
    return 1


# ---- LPs and rounding -----------------------------------------------------------------------------


@invariant("I-20")
def pool_keeps_its_value(w: World, s: Step) -> int:
    """Calls that only move traders' balances leave the pool's cash, inventory and markets as they are."""
    if not s.is_("deposit", "withdraw", "transfer", "reserve", "charge_keeper_fee"):
        return 0
    key = w.model.pool_id
    must(s.before.accounts[key] == s.after.accounts[key], "I-20: the pool's balances changed")
    must(s.before.sums == s.after.sums and s.before.markets == s.after.markets, "I-20: a market changed")
    return 1


@invariant("I-22")
def winners_cash_stays(w: World, s: Step) -> int:
    """After LP money left, the pool's cash is at least D."""
    if not s.is_("pool_withdraw"):
        return 0
    must(s.after.cash(w.model.pool_id) >= s.after.debt, "I-22: cash below D")
    return 1


@invariant("I-23")
def rounded_against_the_user(w: World, s: Step) -> int:
    """Fill, fee and equity of a trade against their exact values: never better, never worse by more than a unit a leg."""
    call = s.is_("trade")
    if not call or call.args[6]:  # with the spread the fill is compared in I-29
        return 0
    account, market, _, price, *_ = call.args
    filled, mp, skew = s.outcome.result, w.model.params.markets[market], s.before.markets[market].skew
    price, lots = price or w.model.prices[market], filled.size // LOT
    sign = 1 if lots > 0 else -1
    exact = price * (1 + Fraction(2 * skew + lots, 2 * mp.skew_scale))
    must(0 <= sign * (filled.price - exact) < 1, f"I-23: fill {filled.price}, exact {float(exact)}")
    narrow = min(abs(lots), abs(skew)) if lots * skew < 0 else 0
    fee = Fraction(price * (mp.maker * narrow + mp.taker * (abs(lots) - narrow)), LOTS * PPM)
    must(0 <= filled.fee - fee < 1, f"I-23: fee {filled.fee}, exact {float(fee)}")
    cost = Fraction((filled.price - w.model.prices[market]) * filled.size, WAD) + filled.fee
    keeper, paid = call.args[7], call.args[8]
    cost += 0 if keeper == account else paid
    lost = s.health_before[account].equity - s.health_after[account].equity
    # equity before was itself rounded down by less than a unit a leg
    must(-2 < lost - cost <= 4, f"I-23: equity fell by {lost}, {float(lost - cost)} more than the exact cost")
    return 1


# ---- oracle and liveness --------------------------------------------------------------------------


@invariant("I-24")
def prices_must_be_valid(w: World, s: Step) -> int:
    """What went through and depends on prices had valid ones; a liquidation used the price of the word."""
    call = s.done
    if not call or call.account not in s.after.accounts or call.account not in s.health_after:
        return 0
    held = s.after.accounts[call.account]
    needs = call.name in ("trade", "settle_loss", "convert_collateral", "close_fraction")
    needs |= call.name in RISKY and bool(held.positions or held.cash < 0)
    if needs:
        must(w.model.legs_valid(held), f"I-24: {call.name} without valid prices")
    return int(needs)


@invariant("I-26")
def there_is_a_way_out(w: World, s: Step) -> int:
    """Without positions and debt every balance can leave; a book with valid prices can be reduced in proportion."""
    if not s.outcome:
        return 0
    call, held = s.outcome.call, s.before.accounts.get(s.outcome.call.account)
    if call.name == "withdraw" and held and not held.positions and held.cash >= 0:
        fine = (Reason.FUNDS, Reason.AMOUNT, Reason.LIQUIDITY)
        must(s.outcome.refused is None or s.outcome.refused in fine, f"I-26: {s.outcome.words}")
        return 1
    if call.name == "close_fraction" and held.positions and w.model.legs_valid(held):
        fine = (None, Reason.FRACTION, Reason.FILL, *((Reason.MARGIN,) if held.collateral else ()))
        must(s.outcome.refused in fine, f"I-26: {s.outcome.words}")
        return 1
    return 0


@invariant("I-27")
def only_ones_own(w: World, s: Step) -> int:
    """Balances and sizes of accounts that a call is not of only grow."""
    if not s.outcome:
        return 0
    own = {s.outcome.call.account, w.model.pool_id, w.model.cover_id}
    for key, a in s.after.accounts.items():
        was = s.before.accounts[key]
        if key not in own and a != was:
            grown = a.cash >= was.cash and a.positions == was.positions and a.reserved == was.reserved
            grown &= all(a.collateral.get(x, 0) >= n for x, n in was.collateral.items())
            must(grown, f"I-27: {s.outcome.call.name} changed {key:#x} from {was} to {a}")
    return len(s.after.accounts)


def check_all(w: World, s: Step, counts: dict[str, int]) -> None:
    """Every registered invariant; adds what was checked."""
    for name, check in REGISTRY.items():
        counts[name] += check(w, s)
