"""I-17 … I-19, I-23, I-24, I-26: trades, orders, prices and ways out."""

from __future__ import annotations

from fractions import Fraction

from crossmargin.model import QUOTE, Reason
from crossmargin.model.maths import BPS, LOT, LOTS, PPM, WAD
from crossmargin.model.orders import EXECUTED, FAILED, SKIPPED, Order
from tests.stateful.check_health import RISKY, grew
from tests.stateful.feeds import AGE
from tests.stateful.invariants import Step, part, whole
from tests.stateful.twin import must
from tests.stateful.world import World

CAPS = (Reason.MAX_OI, Reason.MAX_OI_QUOTE, Reason.SHARE, Reason.UTILISATION, Reason.MIN_NOTIONAL)


@part("I-17")
def fill_within_bound(w: World, s: Step) -> int:
    """The fill is within the order's bound; a trade that widens the skew never fills better than its price."""
    if not s.is_("trade"):
        return 0
    _, market, _, price, worst, *_ = s.args
    filled, price = s.result, price or w.model.prices[market]
    sign = 1 if filled.size > 0 else -1
    must(sign * (worst - filled.price) >= 0, f"I-17: {filled} beyond {worst}")
    if s.before.markets[market].skew * sign >= 0:
        must(sign * (filled.price - price) >= 0, f"I-17: widening filled at {filled}, price {price}")
    return 1


@part("I-18")
def caps_hold(w: World, s: Step) -> int:
    """After an increase every cap holds; a reduction is never refused for a cap."""
    if s.name != "trade":
        return 0
    market = s.args[1]
    if s.refused:
        base = s.before.accounts[s.account].positions.get(market, (0, 0))[0]
        smaller = base * s.args[2] < 0 and (abs(s.args[2]) <= abs(base) or s.args[5])
        must(not smaller or s.refused not in CAPS, f"I-18: a reduction was refused for {s.refused}")
        return int(smaller)
    if not grew(s):
        return 0
    state, mp = s.after.markets[market], w.model.params.markets[market]
    side = state.long if s.args[2] > 0 else state.short
    notional = w.model.prices[market] * side
    must(side <= mp.max_oi and notional <= mp.max_oi_quote * LOTS, f"I-18: {state}")
    if s.after.time == w.model.time and s.worths is not None:  # of the last part of a call
        must(notional * BPS <= mp.share * w.model.stored_reduced_equity() * LOTS, f"I-18: share: {state}")
        must(w.model.stored_utilisation() <= WAD, "I-18: utilisation")
    return 1


# ---- orders -------------------------------------------------------------------------------------


@whole("I-19")
def once_at_the_first_price(w: World, s: Step) -> int:
    """A commitment ends once, executed or failed at the first price published since commit + delay and inside its window;
    before that price can be known, or after the window, it can only be taken back. The register is kept here."""
    book, now = w.commitments, w.chain.time
    if s.refused or s.name not in ("submit", "cancel", "clear_expired", "execute"):
        return 0
    if s.name == "submit":
        if not s.outcome.events:
            commit(w, Order(*s.args[0]))
        return 1
    if s.name == "cancel":
        due, expires, _ = book.pop(Order(*s.args[0]), (0, 0, 0))
        must(due > now or 0 < expires < now, f"I-19: cancelled at {now}, between {due} and {expires}")
        return 1
    if s.name == "clear_expired":
        for order in {Order(*o) for o in s.args[0]} & set(book):
            if book[order][1] < now:
                del book[order]
        return 1
    return sum(_executed(w, s, i) for i in range(len(s.args[0])))


def commit(w: World, order: Order) -> None:
    """Note an order's first and last second."""
    timing = w.twin.book.timings[order.market]
    due = w.chain.time + timing.delay
    must(order not in w.commitments, "I-19: committed twice")
    w.commitments[order] = (due, due + timing.window, timing.max_exec_age)


def _executed(w: World, s: Step, i: int) -> int:
    """One order of a batch, by the chain's own answer."""
    order, named = Order(*s.args[0][i][0]), s.args[0][i][1]
    status, _ = s.outcome.answer[i]
    now, feeds = w.chain.time, w.feeds
    if status not in (EXECUTED, FAILED):
        return int(status == SKIPPED)
    must(order in w.commitments, f"I-19: {order} executed without a commitment")
    due, expires, age = w.commitments.pop(order)
    first = feeds.first_since(order.market, due)
    latest = len(feeds.rounds[order.market])
    must(
        first and (named or latest) == first,
        f"I-19: round {named or latest} of {latest}, the first is {first}",
    )
    answer, time = feeds.rounds[order.market][first - 1]
    must(due <= time and due <= now <= expires, f"I-19: due {due}, round {time}, now {now}, window {expires}")
    must(now <= time + min(age, AGE), f"I-19: a round of {time} at {now}")
    price = answer * WAD // feeds.quote_answer
    event = [e for e in s.outcome.events if e.name == "trade"][_rank(s, i)]
    must(event.args[3] == price, f"I-19: filled at {event.args[3]}, the round says {price}")
    return 1


def _rank(s: Step, i: int) -> int:
    """How many orders before the i-th were tried: executed, failed, or skipped by the trade itself."""
    tried = (Reason.BAND, Reason.PRICE)
    return sum(x.status in (EXECUTED, FAILED) or x.reason in tried for x in s.result[:i])


# ---- rounding, prices, ways out -----------------------------------------------------------------


@part("I-23")
def rounded_against_the_user(w: World, s: Step) -> int:
    """Fill, fee and equity of a trade against their exact values: never better, never worse by more than a unit a leg."""
    if not s.is_("trade"):
        return 0
    account, market, _, price, _, _, spread, keeper, paid, _ = s.args
    filled, mp, skew = s.result, w.model.params.markets[market], s.before.markets[market].skew
    price, lots = price or w.model.prices[market], filled.size // LOT
    sign = 1 if lots > 0 else -1
    exact = price * (1 + Fraction(2 * skew + lots, 2 * mp.skew_scale))
    exact *= 1 + Fraction(sign * mp.spread if spread else 0, PPM)
    must(0 <= sign * (filled.price - exact) < 1, lambda: f"I-23: fill {filled.price}, exact {float(exact)}")
    narrow = min(abs(lots), abs(skew)) if lots * skew < 0 else 0
    fee = Fraction(price * (mp.maker * narrow + mp.taker * (abs(lots) - narrow)), LOTS * PPM)
    must(0 <= filled.fee - fee < 1, lambda: f"I-23: fee {filled.fee}, exact {float(fee)}")
    cost = Fraction((filled.price - w.model.prices[market]) * filled.size, WAD) + filled.fee
    cost += 0 if keeper == account else paid
    lost = s.health_before[account].equity - s.health_after[account].equity
    # equity before was itself rounded down by less than a unit a leg
    must(-2 < lost - cost <= 4, lambda: f"I-23: equity fell by {lost}, {float(lost - cost)} beyond the cost")
    return 1


@part("I-24")
def prices_must_be_valid(w: World, s: Step) -> int:
    """What went through and depends on prices had valid ones; what a liquidation needs is I-10's."""
    if s.refused or s.account not in s.health_after:
        return 0
    held = s.after.accounts[s.account]
    needs = s.name in ("trade", "settle_loss", "convert_collateral", "close_fraction")
    needs |= s.name in RISKY and bool(held.positions or held.cash < 0)
    needs |= s.name == "deleverage"
    if needs:
        both = (held, s.before.accounts[s.account]) if s.name in ("trade", "deleverage") else (held,)
        must(all(w.model.legs_valid(x) for x in both), f"I-24: {s.name} without valid prices")
    return int(needs)


@whole("I-26")
def there_is_a_way_out(w: World, s: Step) -> int:
    """Without positions and debt every balance can leave, quote not in a shutdown before the claims are open; a book with
    valid prices and no settled market can be reduced in proportion. At the end of a venue nothing is left (player.py)."""
    held = s.before.accounts.get(s.account)
    if s.name == "withdraw" and held and not held.positions and held.cash >= 0:
        fine = (Reason.FUNDS, Reason.AMOUNT, Reason.LIQUIDITY)
        flags = w.model.flags
        if flags.shutting_down and not flags.claims_open and s.args[1] == QUOTE:
            fine = (*fine, Reason.SHUTDOWN)
        must(s.refused is None or s.refused in fine, f"I-26: {s.outcome.words}")
        return 1
    ended = any(s.before.markets[m].settled for m in held.positions) if held else False
    if s.name == "close_fraction" and held.positions and w.model.legs_valid(held) and not ended:
        fine = (None, Reason.FRACTION, Reason.FILL, *((Reason.MARGIN,) if held.collateral else ()))
        must(s.refused in fine, f"I-26: {s.outcome.words}")
        return 1
    return 0
