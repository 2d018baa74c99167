"""The identities that hold between calls, recomputed from the accounts (I-2 … I-7, I-15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import carry, pool
from .maths import BPS, LOT, WAD
from .params import MAX_LEGS, QUOTE

if TYPE_CHECKING:
    from .views import Views


def broken(venue: Views) -> list[str]:
    """Every identity that fails, as a line each."""
    return [*_ledger(venue), *_markets(venue), *_pool_sums(venue), *_equity(venue), *_accounts(venue)]


def _ledger(venue: Views) -> Iterator[str]:
    """I-2, L-1, L-2."""
    accounts = venue.ledger.accounts.values()
    totals: dict[int, int] = {QUOTE: sum(a.cash for a in accounts)}
    for a in accounts:
        for asset, amount in a.collateral.items():
            totals[asset] = totals.get(asset, 0) + amount
    for asset, credited in venue.ledger.credited.items():
        if totals.get(asset, 0) != credited:
            yield f"I-2: asset {asset}: accounts {totals.get(asset, 0)}, credited {credited}"
    debt = sum(max(0, -a.cash) for a in accounts)
    if debt != venue.ledger.debt:
        yield f"L-2: D {venue.ledger.debt}, accounts {debt}"
    for tranche, book in venue.books.items():
        there = sum(book.holders.values()) + sum(e.shares for e in book.pending.values())
        if there != book.supply or min(book.holders.values(), default=0) < 0:
            yield f"I-2: {tranche.name}: supply {book.supply}, shares {there}"


def _markets(venue: Views) -> Iterator[str]:
    """I-4: L, S and Σq are those of the accounts; I-6: rates stay in their bounds."""
    books = {m: [0, 0, 0] for m in venue.markets}
    for account in venue.ledger.accounts.values():
        for m, (base, quote) in account.positions.items():
            side = 0 if base > 0 else 1
            books[m][side] += abs(base) // LOT
            books[m][2] += quote
    for m, state in venue.markets.items():
        if books[m] != [state.long, state.short, state.quote]:
            yield f"I-4: market {m}: {books[m]} from accounts, stored {state}"
        limit = venue.params.markets[m].clamp * 10**5
        if abs(state.rate) > limit or not 0 <= state.borrow <= carry.RATE_MAX:
            yield f"I-6: market {m}: rate {state.rate}, borrow {state.borrow}"


def _pool_sums(venue: Views) -> Iterator[str]:
    """I-5: the incremental sums are those recomputed from the stored words of every market."""
    total = pool.NO_SHARE
    for m, state in venue.markets.items():
        stored = carry.Indices(state.index_long, state.index_short, state.rate)
        total = pool.add(total, pool.contribution(state, venue.params.markets[m], state.mark, stored))
    if total != venue.sums:
        yield f"I-5: sums {venue.sums}, recomputed {total}"


def _equity(venue: Views) -> Iterator[str]:
    """I-3 at the current prices: Σ E = quote tokens + discounted collateral, less at most one wei a leg."""
    legs, total = 0, 0
    prices, assets = venue.prices, venue.params.assets
    for key, account in venue.ledger.accounts.items():
        legs += len(account.positions) + len(account.collateral)
        total += venue.assess(account).equity if key != venue.pool_id else account.cash
    total += venue.inventory_value()
    for m, state in venue.markets.items():
        if state.long or state.short or state.quote:
            legs += 1
            total += carry.pool_value(state, venue.price_of(m), venue.indices(m))
    exact = venue.ledger.credited[QUOTE] * WAD * BPS
    for asset, amount in venue.ledger.credited.items():
        if asset != QUOTE and amount:
            ap = assets[asset]
            exact += prices[ap.underlying] * amount * (BPS - ap.discount)
    gap = exact - total * WAD * BPS
    if not 0 <= gap <= legs * WAD * BPS:
        yield f"I-3: Σ E is off by {gap / (WAD * BPS)} wei over {legs} legs"


def _accounts(venue: Views) -> Iterator[str]:
    """I-7 and spec 1: no empty positions, whole lots, non-negative balances; I-15: 0 < MM ≤ IM with positions."""
    for key, account in venue.ledger.accounts.items():
        if any(base == 0 or base % LOT for base, _ in account.positions.values()):
            yield f"I-7: account {key:#x}: {account.positions}"
        if account.reserved < 0 or any(v <= 0 for v in account.collateral.values()):
            yield f"I-7: account {key:#x}: {account.collateral} reserved {account.reserved}"
        if len(account.positions) > MAX_LEGS:
            yield f"I-7: account {key:#x}: too many markets"
        if account.positions:
            a = venue.assess(account)
            if not 0 < a.maintenance <= a.initial:
                yield f"I-15: account {key:#x}: MM {a.maintenance}, IM {a.initial}"
