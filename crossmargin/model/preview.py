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

MAX_ROUNDS = 8
KEEPER = 0  # an account of nobody's: rewards go there
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

    A shock is a common-factor move of the lowest listed market in WAD, from the prices of now, each by its β as in
    `liquidation_shock`. What one leaves is where the next starts. Within a shock rounds go over all accounts in the order
    given until one closes nothing, at most eight of them. keeper_cost: K of each slice, WAD quote.
    """
    copy, keys, steps = deepcopy(venue), list(accounts), []
    copy.flags = Flags(last_prices=venue.flags.last_prices)
    for x in shocks:
        prices = venue.shocked(x, WAD)
        require(all(p > 0 for u, p in prices.items() if venue.prices[u] > 0), Reason.PRICE)
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
    """The least deposit of a collateral, by bisection between 0 and the most that spec 4 allows to be held.

    E is linear and MM a norm in the amount, so E − warning·MM is concave: where it is not negative is an interval. If its
    far end is the bound itself, one bisection finds the near end; otherwise the summit is looked for first. E and MM are
    whole wei: a smaller amount may do by rounding, less than a few wei of value away.
    """

    def at(amount: int) -> int:
        copy = holder.copy()
        copy.collateral[asset] = copy.collateral.get(asset, 0) + amount
        return _surplus(venue.assess(copy), venue)

    far = _most(venue, holder, asset)
    if at(far) < 0:
        far = _summit(at, far)
    if at(far) < 0:
        return None
    near = 0
    while far - near > 1:
        middle = (near + far) // 2
        near, far = (near, middle) if at(middle) >= 0 else (middle, far)
    return far


def _most(venue: Venue, holder: Account, asset: int) -> int:
    """The largest amount with which P·(|base| + coll) of the underlying stays below 2^160."""
    u = venue.params.assets[asset].underlying
    held = abs(holder.positions.get(u, (0, 0))[0]) + venue.collateral_of(holder, u)
    return max(0, (LARGEST - 1) // venue.prices[u] - held)


def _summit(at: Callable[[int], int], far: int) -> int:
    """Where a concave function of the integers from 0 to `far` is largest, by thirds."""
    low, high = 0, far
    while high - low > 2:
        third = (high - low) // 3
        left, right = low + third, high - third
        if at(left) < at(right):
            low = left + 1
        else:
            high = right
    return max(range(low, high + 1), key=at)
