"""I-1 … I-7, I-27: the books, after every step."""

from __future__ import annotations

from fractions import Fraction

from crossmargin.model import QUOTE, carry, pool
from crossmargin.model.ledger import Account
from crossmargin.model.maths import BPS, LOT, WAD
from tests.stateful.invariants import Step, indices, whole
from tests.stateful.twin import must
from tests.stateful.world import World


@whole("I-1")
def tokens_held(w: World, s: Step) -> int:
    """Tokens held = ledger + what was donated."""
    for asset, credited in s.after.credited.items():
        d = w.decimals_of(asset)
        held = s.after.held[asset] - (w.donated if asset == QUOTE else 0)
        wad = held * 10 ** (18 - d) if d <= 18 else held // 10 ** (d - 18)
        must(wad == credited, f"I-1: asset {asset}: held {held}, credited {credited}")
    return 1


@whole("I-2")
def sums_of_balances(w: World, s: Step) -> int:
    """Σ cash = credited quote; Σ collateral = credited; LP supply = Σ shares."""
    cash = sum(a.cash for a in s.after.accounts.values())
    must(cash == s.after.credited[QUOTE], f"I-2: Σ cash {cash}, credited {s.after.credited[QUOTE]}")
    for asset, credited in s.after.credited.items():
        if asset != QUOTE:
            held = sum(a.collateral.get(asset, 0) for a in s.after.accounts.values())
            must(held == credited, f"I-2: asset {asset}: Σ {held}, credited {credited}")
    for shares, supply in ((s.after.shares, s.after.supply), (s.after.cover_shares, s.after.cover_supply)):
        must(sum(shares.values()) == supply, f"I-2: Σ shares {sum(shares.values())}, supply {supply}")
    return 1


@whole("I-3")
def equity_is_conserved(w: World, s: Step) -> int:
    """Σ E = quote + value of collateral at the prices of now, times one that changes every step; ≤ 1 u a leg."""
    scale = 1 + s.number * 7919 % 2000
    prices = {m: p * scale // 1000 + 1 for m, p in w.model.prices.items()}
    marks = prices | {m: x.mark for m, x in s.after.markets.items() if x.settled}
    open_ = {m: x for m, x in s.after.markets.items() if x.long or x.short or x.quote}
    now = {m: indices(w, m, x, s.after.time) for m, x in open_.items()}
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
            total += carry.value(base, quote, marks[m], now[m].long if base > 0 else now[m].short)
    for m, x in open_.items():
        legs += 1
        total += carry.pool_value(x, marks[m], now[m])
    exact = s.after.credited[QUOTE] * WAD * BPS + sum(
        prices[assets[a].underlying] * amount * (BPS - assets[a].discount)
        for a, amount in s.after.credited.items()
        if a != QUOTE
    )
    gap = Fraction(exact, WAD * BPS) - total
    must(0 <= gap <= legs, lambda: f"I-3: Σ E off by {float(gap)} over {legs} legs")
    return 1


@whole("I-4")
def markets_balance(w: World, s: Step) -> int:
    """L, S and Σq are those of the accounts; D is Σ max(0, −cash)."""
    books = {m: [0, 0, 0] for m in s.after.markets}
    for a in s.after.accounts.values():
        for m, (base, quote) in a.positions.items():
            books[m][base < 0] += abs(base)
            books[m][2] += quote
    for m, x in s.after.markets.items():
        must(books[m] == [x.long * LOT, x.short * LOT, x.quote], lambda m=m: f"I-4: market {m}: {books[m]}")
    debt = sum(max(0, -a.cash) for a in s.after.accounts.values())
    must(debt == s.after.debt, f"I-4: D {s.after.debt}, accounts {debt}")
    return 1


@whole("I-5")
def pool_sums(w: World, s: Step) -> int:
    """The sums of U-1 recomputed from every market as it is stored."""
    total = pool.NO_SHARE
    for m, x in s.after.markets.items():
        if x.long or x.short or x.quote:
            stored = carry.Indices(x.index_long, x.index_short, x.rate)
            total = pool.add(total, pool.contribution(x, w.model.params.markets[m], x.mark, stored))
    must(total == s.after.sums, lambda: f"I-5: sums {s.after.sums}, recomputed {total}")
    return 1


@whole("I-6")
def carry_in_bounds(w: World, s: Step) -> int:
    """Rates within their bounds, time not in the future; at one second indices move once; the residual is the pool's."""
    for m, x in s.after.markets.items():
        old = s.before.markets[m]
        if x is old and not s.is_("set_market"):
            continue
        mp = w.model.params.markets[m]
        must(
            abs(x.rate) <= mp.clamp * 10**5 and 0 <= x.borrow < 2**14,
            lambda m=m, x=x: f"I-6: market {m}: {x}",
        )
        must(x.time <= s.after.time, f"I-6: market {m} was touched in the future")
        if old.time == s.after.time:
            same = (old.index_long, old.index_short) == (x.index_long, x.index_short)
            same &= old.rate == x.rate or s.is_("set_market") or x.settled
            must(same, f"I-6: market {m} accrued twice in a second")
        elif x.time != old.time and old.skew_fraction == 0 and old.rate == 0:
            pays = x.index_long >= old.index_long and x.index_short <= old.index_short
            must(pays, f"I-6: market {m} pays borrowers")
    return 1


@whole("I-7")
def no_dust_in_bitmaps(w: World, s: Step) -> int:
    """Read in snapshot.py: a bit is set where there is something; here: whole lots, never zero, nothing negative."""
    for key, a in s.after.accounts.items():
        if a is s.before.accounts.get(key):
            continue
        must(all(b and b % LOT == 0 for b, _ in a.positions.values()), lambda a=a: f"I-7: {a.positions}")
        fine = a.reserved >= 0 and all(x > 0 for x in a.collateral.values()) and len(a.positions) <= 16
        must(fine, lambda k=key, a=a: f"I-7: {k:#x}: {a}")
    return 1


@whole("I-27")
def only_ones_own(w: World, s: Step) -> int:
    """Balances, sizes and shares of accounts and holders that a call is not of only grow."""
    if not s.outcome:
        return 0
    own = {*s.own, s.account, w.model.pool_id, w.model.cover_id}
    released = {o[0] for o in s.args[0]} if s.name == "clear_expired" else set()
    for key, a in s.after.accounts.items():
        was = s.before.accounts[key]
        if key not in own and a is not was:
            must(
                grown(a, was, key in released), lambda k=key, a=a, b=was: f"I-27: {s.name}: {k:#x}: {b}, {a}"
            )
    sender = int(s.outcome.call.sender, 16)
    for name, tranche in (("lp", w.pool), ("cover", w.cover)):
        old, new = (x.shares if tranche is w.pool else x.cover_shares for x in (s.before, s.after))
        for holder, shares in new.items():
            mine = holder == sender and s.name.startswith(name)
            mine |= holder == tranche.number and s.name == f"{name}_finalise"
            must(mine or shares >= old[holder], f"I-27: {s.name} took shares of {holder:#x}")
    return len(s.after.accounts)


def grown(a: Account, was: Account, released: bool) -> bool:
    """Whether nothing of an account fell; `released`: its reservation may."""
    kept = a.cash >= was.cash and a.positions == was.positions
    kept &= a.reserved <= was.reserved if released else a.reserved == was.reserved
    return kept and all(a.collateral.get(x, 0) >= n for x, n in was.collateral.items())
