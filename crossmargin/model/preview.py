"""What would follow: the cascade of liquidations along a path of shocks, and what cures a margin call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import NamedTuple

from .ledger import Account
from .liquidating import Liquidated
from .margin import Assessment
from .maths import BPS, WAD, ceil_div
from .params import QUOTE, Reason, require
from .state import Flags
from .venue import LIQUIDATED, Venue
from .waterfall import Claim

MAX_ROUNDS = 8
KEEPER = -1  # no account: rewards go there
FIRST_AMOUNT = 10**10  # WAD: the first amount of collateral that is tried
THIRDS = 64  # of a search for a summit
PRICE_END = 2**96  # WAD: prices stay below it
LARGEST = 2**160  # P·(|base| + coll) of an underlying stays below it, WAD² (spec 4)


class CascadeStep(NamedTuple):
    """What one shock brings. rounds: in which something was liquidated. accounts: that were, each once.

    notional: closed, at the shocked prices, each leg rounded down; bad_debt: what cover pool and LP pool paid, by_cover of
    it; reduced_equity: R of the trade path afterwards (markets as last touched), exact_equity: that of LP flows, every
    market at the shocked prices. WAD quote.
    """

    rounds: int
    accounts: int
    notional: int
    bad_debt: int
    by_cover: int
    reduced_equity: int
    exact_equity: int


def cascade(
    venue: Venue, accounts: Iterable[int], shocks: Iterable[int], keeper_cost: int
) -> list[CascadeStep]:
    """Liquidate `accounts` along a path of shocks, on a copy of the venue; no time passes, and grace is left out.

    An account that is named again is passed over. What markets have claimed of the cover pool counts as it does now.
    A shock is a common-factor move of the lowest listed market in WAD, from the prices of now, each by its β as in
    `liquidation_shock`. What one leaves is where the next starts. Within a shock rounds go over all accounts in the order
    given until one closes nothing, at most eight of them. keeper_cost: K of each slice, WAD quote.
    """
    copy, keys, steps = deepcopy(venue), list(dict.fromkeys(accounts)), []
    copy.flags = Flags(last_prices=venue.flags.last_prices)
    copy.claims = {b: Claim(venue.claim_used(b), venue.time) for b in venue.claims}
    for x in shocks:
        prices = venue.shocked(x, WAD)
        require(all(0 < p < PRICE_END for u, p in prices.items() if venue.prices[u] > 0), Reason.PRICE)
        copy.prices = prices
        steps.append(_step(copy, keys, keeper_cost))
    return steps


def _step(venue: Venue, accounts: list[int], keeper_cost: int) -> CascadeStep:
    rounds, every = 0, list[Liquidated]()
    touched: set[int] = set()
    for _ in range(MAX_ROUNDS):
        found = {a: venue.liquidate_in_full(a, keeper_cost, KEEPER) for a in accounts}
        closed = {a: x for a, x in found.items() if x.slice.reason == LIQUIDATED}
        if not closed:
            break
        rounds += 1
        touched |= closed.keys()
        every += closed.values()
    sums = [sum(x[i] for x in every) for i in (1, 2, 3)]
    return CascadeStep(rounds, len(touched), *sums, venue.stored_reduced_equity(), venue.tranche_equity())


def cures(venue: Venue, account: int) -> dict[int, int | None]:
    """Per asset (the quote and all collateral) the least WAD whose deposit brings E to ⌈warning·MM⌉.

    0 outside the band, None where no amount does it or the asset has no valid price. All prices of the account must be
    valid. Deposit caps and the eight kinds of collateral are not looked at.
    """
    holder = venue.account(account)
    require(venue.legs_valid(holder), Reason.PRICE)
    a, assets = venue.assess(holder), venue.params.assets
    if not venue.band_of(account):
        return dict.fromkeys((QUOTE, *sorted(assets)), 0)
    quote = -_surplus(a, venue)
    found: dict[int, int | None] = {QUOTE: ceil_div(quote, BPS)}
    for asset in sorted(assets):
        priced = venue.priced(assets[asset].underlying)
        found[asset] = _cure(venue, holder, asset) if priced else None
    return found


def _surplus(a: Assessment, venue: Venue) -> int:
    """E − warning·MM in WAD·1e-4: not negative where the account is out of the band."""
    return a.equity * BPS - venue.params.warning * a.maintenance


def _cure(venue: Venue, holder: Account, asset: int) -> int | None:
    """The least deposit of a collateral, at most what spec 4 allows to be held.

    E is linear and MM a norm in the amount, so E − warning·MM is concave: where it is not negative is an interval. Amounts
    double until one lies in it; if they stop gaining first, its summit is looked for between the last three. Halving then
    finds the near end. E and MM are whole wei: a smaller amount may do by rounding, less than a few wei of value away.
    """

    def at(amount: int) -> int:
        copy = holder.copy()
        copy.collateral[asset] = copy.collateral.get(asset, 0) + amount
        return _surplus(venue.assess(copy), venue)

    most = _most(venue, holder, asset)
    low, near, far = 0, 0, min(FIRST_AMOUNT, most)
    last, found = at(0), at(far)
    while found < 0 and found >= last and far < most:
        low, near, far = near, far, min(2 * far, most)
        last, found = found, at(far)
    if found >= 0:
        return _between(at, near, far)
    return _past_summit(at, low, far)


def _between(at: Callable[[int], int], near: int, far: int) -> int:
    """The least amount that does it, by halving: `near` does not, `far` does."""
    while far - near > 1:
        middle = (near + far) // 2
        near, far = (near, middle) if at(middle) >= 0 else (middle, far)
    return far


def _past_summit(at: Callable[[int], int], low: int, high: int) -> int | None:
    """The same where both ends do not: a third of the way is cut off at either end, on and on, until a point does or nothing
    is left."""
    for _ in range(THIRDS):
        third = (high - low) // 3
        if not third:
            return None
        left, right = low + third, high - third
        lower, upper = at(left), at(right)
        if lower >= 0:
            return _between(at, low, left)
        if upper >= 0:
            return _between(at, left, right)
        low, high = (left, high) if lower < upper else (low, right)
    return None


def _most(venue: Venue, holder: Account, asset: int) -> int:
    """The largest amount with which P·(|base| + coll) of the underlying stays below 2^160."""
    u = venue.params.assets[asset].underlying
    held = abs(holder.positions.get(u, (0, 0))[0]) + venue.collateral_of(holder, u)
    return max(0, (LARGEST - 1) // venue.prices[u] - held)
