"""I-8 … I-15: margin and liquidation."""

from __future__ import annotations

from crossmargin.model import carry, margin
from crossmargin.model.maths import BPS, LOT, LOTS, PPM, WAD
from tests.stateful.invariants import Step, part, whole
from tests.stateful.twin import Snapshot, must
from tests.stateful.world import World

RISKY = ("withdraw", "transfer")


@part("I-8")
def margin_after_risk(w: World, s: Step) -> int:
    """After an increase E_risk ≥ IM, after value was taken E_free ≥ IM."""
    if s.refused or s.account not in s.health_after:
        return 0
    a, held = s.health_after[s.account], s.after.accounts[s.account]
    if s.name in RISKY and (held.positions or held.cash < 0):
        must(margin.free_equity(a) >= a.initial, f"I-8: after {s.name}: {a}")
        return 1
    if s.name == "trade" and grew(s):
        must(margin.risk_equity(a, w.model.params) >= a.initial, f"I-8: after an increase: {a}")
        return 1
    return 0


def base_of(snapshot: Snapshot, account: int, market: int) -> int:
    """Base of a position, 0 if there is none."""
    return snapshot.accounts[account].positions.get(market, (0, 0))[0]


def grew(s: Step) -> bool:
    """Whether a trade opened, added to or turned its position."""
    old, new = (base_of(x, s.account, s.args[1]) for x in (s.before, s.after))
    return new != 0 and (new * old <= 0 or abs(new) > abs(old))


@whole("I-9")
def nobody_else_hurts(w: World, s: Step) -> int:
    """No call lowers E − MM of an account it is not of, to the wei; settling not even its own.

    Parameters and a settlement price may; time and prices may; a conversion by what one unit of the collateral is lent at (L-2). Deleveraging and closing out are of the account they close.
    """
    if not s.outcome or s.name.startswith("set_") or s.name == "settle_market":
        return 0
    spared = one_unit(w, s.outcome.call.args[1]) if s.is_("convert_collateral") else 0
    for key, a in s.health_after.items():
        was = s.health_before[key]
        if key not in s.own and a is not was:
            least = was.headroom - (spared if key == s.outcome.call.account else 0)
            must(a.headroom >= least, lambda k=key, a=a: f"I-9: {s.name} lowers {k:#x}: {a}")
    return len(s.health_after)


def one_unit(w: World, asset: int) -> int:
    """⌈P·(1 − d_c)⌉ of one unit of a collateral, WAD quote."""
    ap = w.model.params.assets[asset]
    return -(-w.model.prices[ap.underlying] * (BPS - ap.discount) // (WAD * BPS))


@part("I-9")
def nobody_else_hurts_in_a_batch(w: World, s: Step) -> int:
    """The same for every part of a batch."""
    if s.outcome is None or not s.outcome.events or s.refused:
        return 0
    for key, a in s.health_after.items():
        if key != s.account:
            must(a.headroom >= s.health_before[key].headroom, f"I-9: {s.name} lowers {key:#x}: {a}")
    return len(s.health_after)


@part("I-10")
def liquidate_iff_unhealthy(w: World, s: Step) -> int:
    """Liquidated ⇔ unhealthy with valid prices, and the call never fails, but for a reward to the account itself."""
    if s.name != "liquidate":
        return 0
    if s.refused:
        must(s.args[2] == s.account, f"I-10: liquidate failed: {s.refused}")
        return 1
    if s.account not in s.health_before:
        must(s.result.reason == 3, "I-10: a protocol account was looked at")
        return 1
    must(s.result.reason == (want := expected(w, s)), f"I-10: {s.result}, not {want}")
    return 1


def expected(w: World, s: Step) -> int:
    """The answer that an account must get: 3 nothing there, 6 settle first, 5 grace, 0 liquidated, 2 no price, 1 healthy."""
    held, v = s.before.accounts[s.account], w.model
    if not held.positions and held.cash >= 0:
        return 3
    if any(s.before.markets[m].settled for m in held.positions):
        return 6
    if v.time < v.flags.grace_until or w.feeds.waits(w.chain.time):
        return 5
    dead, live = dead_of(w, s.before, s.account)
    at = {u: favoured(w, s.before, s.account, u) for u in dead}
    if v.assess(held, at).headroom < 0 and (live or not dead):
        return 0
    return 2 if dead else 1


def dead_of(w: World, shot: Snapshot, account: int) -> tuple[set[int], set[int]]:
    """Underlyings of an account without and with a valid price."""
    held = shot.accounts[account]
    every = {m for m in held.positions if not shot.markets[m].settled}
    every |= {w.model.params.assets[a].underlying for a in held.collateral}
    dead = {u for u in every if not w.model.valid[u] and not w.model.flags.last_prices}
    return dead, every - dead


def favoured(w: World, shot: Snapshot, account: int, u: int) -> int:
    """The last price moved by w of its market in the account's favour."""
    held, assets, price = shot.accounts[account], w.model.params.assets, w.model.prices[u]
    net = base_of(shot, account, u) + sum(n for a, n in held.collateral.items() if assets[a].underlying == u)
    move = -(-price * w.model.params.markets[u].w // BPS)
    return price + move * ((net > 0) - (net < 0))


def liquidated(s: Step) -> bool:
    """Whether something was closed."""
    return s.is_("liquidate") and s.result.reason == 0


@part("I-11")
def slices_restore(w: World, s: Step) -> int:
    """A slice leaves E ≥ h·MM (less one lot a leg); nothing grows or turns; a full close leaves nothing."""
    if not liquidated(s):
        return 0
    a, held, was = s.health_after[s.account], s.after.accounts[s.account], s.before.accounts[s.account]
    if s.result.fraction == WAD:
        dead, _ = dead_of(w, s.before, s.account)
        must(dead_of(w, s.after, s.account)[1] == set(), "I-11: a full close left something that lives")
        kept = {m: x for m, x in was.positions.items() if m in dead}
        must(held.positions == kept, "I-11: a dead leg changed")
        return 1
    lots = sum(w.model.prices[m] // LOTS + 2 for m in was.positions)
    must((a.equity + lots) * BPS >= w.model.params.h * a.raw, f"I-11: a slice left {a}")
    for m, (base, _) in was.positions.items():
        left = held.positions.get(m, (0, 0))[0]
        must(left * base >= 0 and abs(left) <= abs(base), f"I-11: position {m} from {base} to {left}")
    return 1


@part("I-12")
def liquidation_pays_nobody(w: World, s: Step) -> int:
    """Owner and keeper together lose, unless there was nothing left; and no slice is cheaper than an ordinary close."""
    if not liquidated(s):
        return 0
    result, before, after = s.result, s.health_before[s.account], s.health_after[s.account]
    must(result.reward <= w.model.params.keeper_cap, f"I-12: reward {result.reward}")
    if result.fraction == WAD:
        must(after.equity <= max(0, before.equity), f"I-12: the owner gained: {before}, {after}")
        return 1
    must(after.equity + result.reward <= before.equity, f"I-12: {before}, {after}, {result}")
    least, paid = ordinary_cost(w, s), before.equity - after.equity
    legs = len(s.before.accounts[s.account].positions) + len(s.before.accounts[s.account].collateral)
    must(paid + 2 * legs >= least, f"I-12: a slice cost {paid}, closing it {least}")
    return 1


def ordinary_cost(w: World, s: Step) -> int:
    """What closing the slice by P-3 with its fees would cost, at most p_max a leg: floor WAD."""
    total, p_max = 0, 100 * w.model.params.p_max
    for m, (base, _) in s.before.accounts[s.account].positions.items():
        size = (base_of(s.after, s.account, m) - base) // LOT
        if size:
            mp, market, price = w.model.params.markets[m], s.before.markets[m], w.model.prices[m]
            fill = carry.fill_price(price, market.skew, size, mp, spread=False)
            impact = max(0, (fill - price) * size // LOTS)
            fee = carry.trade_fee(price, market.skew, size, mp)
            total += min(impact + fee, price * abs(size) * p_max // (LOTS * PPM)) - 2 - abs(size) // LOTS
    return total


@part("I-13")
def bad_debt_is_booked(w: World, s: Step) -> int:
    """After a full close without dead legs the cash is not negative, and 0 after a bad debt; dead legs cost nobody anything."""
    if not liquidated(s) or s.result.fraction != WAD:
        return 0
    held = s.after.accounts[s.account]
    if held.positions or held.collateral:  # dead legs: nothing is written off
        must(dead_of(w, s.after, s.account)[0], f"I-13: {held}")
        paid = s.before.cash(w.model.cover_id) - s.after.cash(w.model.cover_id)
        must(paid <= 0 or s.args[2] == w.model.cover_id, f"I-13: the cover pool paid {paid} for a dead leg")
        return 1
    must(held.cash >= 0, f"I-13: {held}")
    if s.health_before[s.account].equity < 0:
        must(held.cash == 0, f"I-13: bad debt left {held.cash}")
    return 1


@part("I-14")
def adding_never_hurts(w: World, s: Step) -> int:
    """A deposit never lowers E − MM; closing in proportion not beyond its cost and a lot a leg (a book of positions:
    collateral stays, and what hedged it does not)."""
    if not s.is_("deposit", "close_fraction"):
        return 0
    before, after = s.health_before[s.account], s.health_after[s.account]
    if s.name == "deposit":
        must(after.headroom >= before.headroom - 1, f"I-14: a deposit made {before} to {after}")
        return 1
    if s.before.accounts[s.account].collateral:
        return 0
    lots = sum(w.model.prices[m] // LOTS for m in s.before.accounts[s.account].positions)
    cost = max(0, before.equity - after.equity)
    must(after.headroom + cost + lots >= before.headroom, f"I-14: closing made {before} to {after}")
    return 1


@whole("I-15")
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
            if snapshot.markets[m].settled:
                continue
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
