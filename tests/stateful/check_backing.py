"""W-1 … W-3 by the ids they serve (I-9, I-13, I-26): deleveraging, the cover pool, settled markets, claims. None of it asks the model
how much: sizes, payments and times are the chain's, the clock is kept here."""

from __future__ import annotations

from fractions import Fraction

from crossmargin.model import QUOTE
from crossmargin.model.maths import BPS, LOT, WAD, ceil_div
from tests.stateful.check_health import base_of, dead_of, liquidated
from tests.stateful.invariants import Step, part, requirements, whole, worth
from tests.stateful.twin import Snapshot, must
from tests.stateful.world import World

PATIENCE, FALL = 300, 900


@whole("I-9")
def alarms_are_true(w: World, s: Step) -> int:
    """An alarm is raised exactly while 1e4·R < q·net at the prices of now; the register of W-2's clock is kept here."""
    if not s.is_("alarm"):
        return 0
    (reduced, *_), (net, _) = worth(w, s.after), requirements(w, s.after)
    short = BPS * reduced < w.model.params.adl_ratio * net
    must(bool(s.outcome.answer[0]) == short, f"I-9: alarm {s.outcome.answer}, R {reduced}, net {net}")
    now = w.chain.time
    runs = w.alarms[1] and now - w.alarms[1] <= PATIENCE
    w.alarms = (w.alarms[0] if runs else now, now) if short else (0, 0)
    return 1


@whole("I-9")
def deleveraged_by_the_rules(w: World, s: Step) -> int:
    """Only against a fresh alarm, a winner on the side of the skew, at the mark; he keeps his equity and E ≥ IM, and the pool's
    shortage shrinks."""
    if not s.is_("deleverage"):
        return 0
    account, market = s.args
    now, price, (start, last) = w.chain.time, w.model.prices[market], w.alarms
    must(last and now - last <= PATIENCE, f"I-9: deleveraged at {now}, alarms {w.alarms}")
    base, after = base_of(s.before, account, market), base_of(s.after, account, market)
    must(base * s.before.markets[market].skew > 0 and after * base >= 0, f"I-9: {base} to {after}")
    must(abs(base) - abs(after) == s.result * LOT, f"I-9: {s.result} lots of {base}, now {after}")
    if not s.result:
        return 1
    was, a = s.health_before[account], s.health_after[account]
    must(abs(a.equity - was.equity) <= 2, f"I-9: deleveraging cost {was.equity - a.equity}")
    must(a.equity >= a.initial, f"I-9: left {a}")
    theta = Fraction(FALL - min(now - start, FALL), 2 * FALL)
    value = w.model.value(market, *s.before.accounts[account].positions[market], price)
    must(value > 0 and value >= theta * price * abs(base) // WAD - 2, f"I-9: value {value}, theta {theta}")
    return 1


@whole("I-9")
def settling_is_neutral(w: World, s: Step) -> int:
    """Closing out a settled position takes it away and changes nothing else of the account's worth."""
    if not s.is_("settle"):
        return 0
    account, market = s.args
    was, now = s.before.accounts[account], s.after.accounts[account]
    must(market not in now.positions, f"I-9: {now}")
    rest = {m: x for m, x in was.positions.items() if m != market}
    must(now.positions == rest and now.collateral == was.collateral, f"I-9: {was}, {now}")
    lost = s.health_before[account].equity - s.health_after[account].equity
    must(0 <= lost <= 1, f"I-9: closing out cost {lost}")
    return 1


@part("I-13")
def cover_pays_within_its_caps(w: World, s: Step) -> int:
    """W-1: the cover pool pays at most the debt, what it has, and its share a losing market at once."""
    if not liquidated(s) or s.result.fraction != WAD or s.args[2] == w.model.cover_id:
        return 0
    if dead_of(w, s.before, s.account)[0] or s.health_before[s.account].equity >= 0:
        return 0
    held = s.before.accounts[s.account]
    there, left = (x.cash(w.model.cover_id) for x in (s.before, s.after))
    cost = min(s.args[1], w.model.params.keeper_cap)  # goes in before, and out again as the reward
    paid, debt = there - left, cost - s.health_before[s.account].equity
    slack = 2 * (len(held.positions) + len(held.collateral)) + 2
    must(paid <= debt + slack and left >= 0, f"I-13: the cover pool paid {paid} of {debt}, has {left}")
    cap = w.model.params.cover_share * (there + cost) // BPS
    buckets = max(1, sum(_losing(w, s.before, s.account)))
    must(paid <= buckets * cap + slack, f"I-13: the cover pool paid {paid}, its cap is {cap} for {buckets}")
    return 1


def _losing(w: World, shot: Snapshot, account: int) -> list[bool]:
    """Of each position whether it stands at a loss, give or take a few units."""
    held = shot.accounts[account].positions
    return [w.model.value(m, b, q, w.model.prices[m]) <= 4 for m, (b, q) in held.items()]


@whole("I-26")
def claims_are_shared_alike(w: World, s: Step) -> int:
    """W-3: with the claims open a withdrawal of quote costs ⌈a·D/credited⌉ more, which leaves D/credited as it was."""
    if not s.is_("withdraw") or s.args[1] != QUOTE or not w.model.flags.claims_open:
        return 0
    debt, credited = s.before.debt, s.before.credited[QUOTE]
    amount = credited - s.after.credited[QUOTE]
    taken = s.before.cash(s.account) - s.after.cash(s.account)
    cut = ceil_div(amount * debt, credited) if credited else 0
    must(taken == amount + cut, f"I-26: {amount} cost {taken}, D {debt} of {credited}")
    must(s.after.debt == max(0, debt - cut), f"I-26: D {debt}, {cut} paid, now {s.after.debt}")
    grown = s.after.cash(w.model.pool_id) - s.before.cash(w.model.pool_id)
    must(grown == cut, f"I-26: the pool got {grown}, not {cut}")
    return 1
