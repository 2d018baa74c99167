"""I-20, I-22 (and I-21 with the purses of player.py): what a share of the pool is worth, and what leaves."""

from __future__ import annotations

from fractions import Fraction

from crossmargin.model import pool
from crossmargin.model.maths import PPM, WAD, floor_tokens
from tests.stateful.check_health import base_of
from tests.stateful.invariants import Step, Worth, part, premium_of, requirements, whole, worths_of
from tests.stateful.twin import Snapshot, must
from tests.stateful.world import World

ENTRIES, EXITS = ("lp_deposit", "lp_mint"), ("lp_withdraw", "lp_redeem", "lp_finalise")
FLOWS = (*ENTRIES, *EXITS, "lp_transfer", "lp_request")
STILL = (
    "deposit",
    "withdraw",
    "transfer",
    "submit",
    "cancel",
    "clear_expired",
    "execute",
    "charge_keeper_fee",
    "alarm",
    "pause",
    "unpause",
    "sample",
    "cover_deposit",
    "cover_mint",
    "cover_transfer",
    "cover_request",
    "cover_finalise",
)


def share_price(w: World, shot: Snapshot, worth: Worth) -> Fraction:
    """(totalAssets + 1)/(supply + virtual shares) of spec 7, in token units."""
    return Fraction(worth.assets + 1, shot.supply + pool.virtual_shares(w.setup.quote_decimals))


@whole("I-20")
def shares_keep_their_price(w: World, s: Step) -> int:
    """LP entries, exits and transfers never lower the price of a share; nothing else moves shares."""
    if not s.outcome or s.refused:
        return 0
    if s.name not in FLOWS:
        must(s.before.supply == s.after.supply, f"I-20: {s.name} changed the supply")
        return 1
    before, after = s.worths
    old, new = share_price(w, s.before, before), share_price(w, s.after, after)
    must(new >= old, lambda: f"I-20: {s.name} lowered the price of a share from {old} to {new}")
    return 1


@whole("I-20")
def cover_shares_keep_their_price(w: World, s: Step) -> int:
    """The same for the cover pool, whose worth is its cash."""
    if not s.outcome or s.refused:
        return 0
    if not s.name.startswith("cover_"):
        must(s.before.cover_supply == s.after.cover_supply, f"I-20: {s.name} changed the cover pool's supply")
        return 1
    d, prices = w.setup.quote_decimals, []
    for shot in (s.before, s.after):
        assets = max(0, floor_tokens(shot.cash(w.model.cover_id), d))
        prices.append(Fraction(assets + 1, shot.cover_supply + pool.virtual_shares(d)))
    must(prices[1] >= prices[0], lambda: f"I-20: {s.name} lowered the price of a cover share: {prices}")
    return 1


@part("I-20")
def pool_keeps_its_value(w: World, s: Step) -> int:
    """What only moves traders' balances leaves the pool as it is; every other call accounts for what it makes of R."""
    if s.refused or s.name not in CHANGES:
        shared = w.model.flags.claims_open and s.name == "withdraw"  # the haircut of W-3
        if (
            s.refused is None
            and s.name in STILL
            and not ((s.outcome.events and s.name == "execute") or shared)
        ):
            key = w.model.pool_id
            must(s.before.accounts[key] == s.after.accounts[key], "I-20: the pool's balances changed")
            same = s.before.sums == s.after.sums and s.before.markets == s.after.markets
            must(same, "I-20: a market changed")
            return 1
        return 0
    before, after = worths_of(w, s)
    low, high = CHANGES[s.name](w, s, before, after)
    change = after.reduced - before.reduced
    must(low <= change <= high, lambda: f"I-20: {s.name} changed R by {change}, not within {low} and {high}")
    return 1


def _trade(w: World, s: Step, before: Worth, after: Worth) -> tuple[int, int]:
    """Fee + (fill − mark)·size − what the premium grew by, within rounding: no gain or loss that P-3 does not name."""
    filled, price = s.result, w.model.prices[s.args[1]]
    exact = filled.fee + (filled.price - price) * filled.size // WAD - (after.premium - before.premium)
    return exact - 6, exact + 6


def _nothing(w: World, s: Step, before: Worth, after: Worth) -> tuple[int, int]:
    """Rounding only."""
    return -2, 4


def _gain(w: World, s: Step, before: Worth, after: Worth) -> tuple[int, int]:
    """Nothing is lost but a unit a leg."""
    return -2 * len(
        s.before.accounts.get(s.account, s.before.accounts[w.model.pool_id]).positions
    ) - 2, 2**200


def _liquidate(w: World, s: Step, before: Worth, after: Worth) -> tuple[int, int]:
    """R falls by no more than the bad debt, K with it, and what p_max cuts off an impact."""
    if s.result.reason:
        return 0, 0
    positions = s.before.accounts[s.account].positions
    lost = 4 * len(positions) + 2 * len(s.before.accounts[s.account].collateral) + 4
    if s.result.fraction == WAD:
        cost = min(s.args[1], w.model.params.keeper_cap)
        lost += max(0, cost - s.health_before[s.account].equity) + _unpaid(w, s)
    for m, (base, _) in positions.items():
        lost += _cut(w, s, m, base)
    return -lost, 2**200


def _unpaid(w: World, s: Step) -> int:
    """A full close pays rates only from what cash is left: up to the premium's growth may be missing."""
    grown = 0
    for m in s.before.accounts[s.account].positions:
        skews = (s.before.markets[m].skew, s.after.markets[m].skew)
        grown += max(0, premium_of(w, m, skews[1]) - premium_of(w, m, skews[0]))
    return grown


def _cut(w: World, s: Step, m: int, base: int) -> int:
    """What of a leg's impact p_max does not charge."""
    mp, skew, lots = w.model.params.markets[m], s.before.markets[m].skew, base // 10**10
    impact = Fraction(max(0, -(2 * skew - lots) * (1 if base > 0 else -1)) * PPM, 2 * mp.skew_scale)
    if impact + mp.taker <= 100 * w.model.params.p_max:
        return 0
    closed = abs(base - base_of(s.after, s.account, m))
    return int(impact * closed * w.model.prices[m] / (PPM * WAD)) + 1


CHANGES = {
    "trade": _trade,
    "settle_loss": _nothing,
    "convert_collateral": _gain,
    "poke": _nothing,
    "buy_collateral": _gain,
    "close_fraction": _gain,
    "liquidate": _liquidate,
    "settle": _nothing,
    "deleverage": _gain,
    "open_claims": _gain,
}


@whole("I-22")
def cover_leaves_for_winners(w: World, s: Step) -> int:
    """After money left the cover pool the cash of one of the two is at least D."""
    if not s.is_("cover_finalise"):
        return 0
    most = max(s.after.cash(w.model.pool_id), s.after.cash(w.model.cover_id))
    must(most >= s.after.debt, "I-22: cash of both pools below D")
    return 1


@whole("I-22")
def winners_cash_stays(w: World, s: Step) -> int:
    """After LP money left, the pool's cash is at least D, and R carries both requirements under the exit caps."""
    if not s.is_(*EXITS):
        return 0
    must(s.after.cash(w.model.pool_id) >= s.after.debt, "I-22: cash below D")
    net, gross = requirements(w, s.after)
    reduced, params = s.worths[1].reduced, w.model.params
    fine = net * 10**4 <= reduced * params.exit_cap_net and gross * 10**4 <= reduced * params.exit_cap_gross
    must(fine, f"I-22: R {reduced}, net {net}, gross {gross}")
    return 1
