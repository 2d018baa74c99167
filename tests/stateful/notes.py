"""Counting: what a call was an instance of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossmargin.model import Order, Reason
from crossmargin.model.maths import WAD
from crossmargin.model.orders import EXECUTED, FAILED, SKIPPED, UNKNOWN
from tests.stateful.twin import Event, Outcome

if TYPE_CHECKING:
    from tests.stateful.player import Player

CAPS = ("MAX_OI", "MAX_OI_QUOTE", "SHARE", "UTILISATION", "MIN_NOTIONAL", "DEPOSIT_CAP", "SLOTS")
REASONS = (
    *("liquidated", "refused, healthy", "refused, no price", "nothing there", "reward to itself refused"),
    *("refused, grace", "refused, settle first"),
)


def note(p: Player, out: Outcome, any_valid: bool) -> None:
    """Count what a call did."""
    name = out.call.name
    _calls(p)
    for event in out.events:
        if event.name == "trade":
            _trade(p, event)
    if out.refused is not None:
        return _refusal(p, out)
    handler = globals().get("_" + name)
    if handler:
        handler(p, out)
    if name == "withdraw" and not any_valid:
        p.report.seen["M-6 withdrawal with dead feeds"] += 1
    if name in ("withdraw", "transfer") and out.call.args[-1] == 0:
        p.report.seen["nothing withdrawn or transferred"] += 1
    if name.startswith("set_"):
        p.report.seen[f"parameters: {name}"] += 1


def _refusal(p: Player, out: Outcome) -> None:
    seen, reason, name = p.report.seen, out.refused.name, out.call.name
    if name in ADL and reason in ADL[name]:
        seen[ADL[name][reason]] += 1
    elif name.endswith("_finalise") and reason == "EXPIRED":
        seen["exit lapsed"] += 1
    elif name.startswith("lp_"):
        text = {"manager: cash owed to winners": "cash owed to winners", "pool: exit caps": "exit caps"}
        seen[f"LP refused: {text.get(out.words, reason)}"] += 1
    elif name == "buy_collateral" and out.refused is Reason.SELL_PRICE:
        seen["inventory: price above the limit"] += 1
    elif out.refused is Reason.MARGIN and name in ("withdraw", "transfer"):
        seen["refused: MARGIN at a withdrawal"] += 1
    elif name == "deposit" and reason in CAPS:
        seen[f"cap: {reason}"] += 1
    elif not out.events:
        seen[f"refused: {reason}"] += 1


ADL = {
    "deleverage": {
        "RANK": "ADL refused: threshold or side",
        "MARGIN": "ADL refused: hedge",
        "CLOCK": "ADL refused: no fresh alarm",
    }
}


def _calls(p: Player) -> None:
    """Margin calls since the last look."""
    told = p.w.model.margin_calls
    for one in told:
        p.report.seen["margin call entered" if one.entered else "margin call left"] += 1
    told.clear()


def _trade(p: Player, e: Event) -> None:
    seen, (account, market, size, *_) = p.report.seen, e.args
    before = e.before[0] if e.before else p.before
    after = e.after[0] if e.after else p.state
    base = before.accounts[account].positions.get(market, (0, 0))[0]
    if e.refused:
        smaller = base * size < 0 and (abs(size) <= abs(base) or e.args[5])
        reason = e.refused.name
        if reason == "MARGIN":
            reason += " at a reduction" if smaller else " at an increase"
        seen[f"cap: {reason}" if reason in CAPS else f"refused: {reason}"] += 1
        return
    new = after.accounts[account].positions.get(market, (0, 0))[0]
    health = e.after[1] if e.after else p.health
    seen["trade: flip"] += base * new < 0
    seen["trade: close"] += bool(base) and not new
    below = health[account].equity < health[account].initial
    seen["trade: reduce below initial margin"] += abs(new) < abs(base) and below
    seen["trade: sixteen markets"] += len(after.accounts[account].positions) == 16


# ---- orders -------------------------------------------------------------------------------------


def _submit(p: Player, out: Outcome) -> None:
    p.report.seen["order executed at once" if out.events else "order committed"] += 1
    pending = [o for o in p.w.twin.book.pending if o.account == out.call.account]
    p.report.seen["several orders pending in an account"] += len(pending) > 1


def _cancel(p: Player, out: Outcome) -> None:
    late = out.call.note == "late"
    p.report.seen["order cancelled after its window" if late else "order cancelled"] += 1


def _clear_expired(p: Player, out: Outcome) -> None:
    p.report.seen["order expired"] += out.result


def _execute(p: Player, out: Outcome) -> None:
    seen, named = p.report.seen, out.call.args[0]
    for (order, round_id), result in zip(named, out.result):
        o = Order(*order)
        if result.status == EXECUTED:
            seen["order executed"] += 1
            seen["order executed by its owner"] += out.call.sender == p.w.owner_of(o.account)
            seen["order executed in a batch"] += len(named) > 1
            latest = len(p.w.feeds.rounds[o.market])
            seen["order executed with a round that is not the latest"] += 0 < round_id < latest
        elif result.status == FAILED:
            seen["order failed"] += 1
            seen["order failed for a price elsewhere"] += result.reason is Reason.PRICE
            seen["order failed, keeper paid" if result.paid else "order failed, keeper not paid"] += 1
        elif result.status == SKIPPED:
            _skipped(p, out, named.index((order, round_id)), result)
        seen["order unknown in a batch"] += result.status == UNKNOWN


def _skipped(p: Player, out: Outcome, i: int, result: Any) -> None:
    p.report.seen[f"order skipped: {result.reason.name}"] += 1
    not_first = out.answer[i][1] == "oracle: not the first round"
    p.report.seen["order named with a round that is not the first"] += not_first


# ---- liquidations and inventory -----------------------------------------------------------------


def _liquidate(p: Player, out: Outcome) -> None:
    seen, (accounts, _) = p.report.seen, out.call.args
    seen["liquidation: named twice"] += len(set(accounts)) < len(accounts)
    seen["liquidation: batch of several"] += sum(x.reason == 0 for x in out.result) > 1
    seen["liquidation: settled first"] += any(e.name == "settle" for e in out.events)
    events = [e for e in out.events if e.name == "liquidate" and getattr(e.result, "reason", 0) != 6]
    for event, result in zip(events, out.result):
        if result.reason == 5 and p.w.feeds.waits(p.w.chain.time):
            seen["liquidation: refused, sequencer"] += 1
        elif result.reason:
            seen["liquidation: " + REASONS[result.reason]] += 1
        else:
            _liquidated(p, event, result)


def _liquidated(p: Player, e: Event, result: Any) -> None:
    seen, model = p.report.seen, p.w.model
    shots = (e.before[0], e.after[0]) if e.before else (p.before, p.state)
    full = result.fraction == WAD
    seen["liquidation: full close" if full else "liquidation: slice"] += 1
    health = e.before[1] if e.before else p.health_before
    left = shots[1].accounts[e.account]
    if full and (left.positions or left.collateral):
        seen["liquidation: dead leg"] += 1
    elif full and health[e.account].equity < 0:
        _covered(p, e, shots)
        seen["liquidation: bad debt"] += 1
        seen["liquidation: cover used"] += shots[1].cash(model.cover_id) < shots[0].cash(model.cover_id)
        seen["liquidation: bad debt with the reward to the cover fund"] += e.args[2] == model.cover_id
    seen["liquidation: debt without positions"] += not shots[0].accounts[e.account].positions
    seen["liquidation: reward to the cover fund"] += e.args[2] == model.cover_id
    seen["liquidation: reward to the pool"] += e.args[2] == model.pool_id
    seen["liquidation: K at the venue's cap"] += e.args[1] > model.params.keeper_cap


def _covered(p: Player, e: Event, shots: Any) -> None:
    """How a bad debt was met: by the cover pool up to a market's cap, or with all it had."""
    key, pool = p.w.model.cover_id, p.w.model.pool_id
    if e.args[2] == key or shots[0].cash(key) <= 0 or shots[1].cash(key) >= shots[0].cash(key):
        return
    loss = -health_of(p, e).equity
    if shots[1].cash(key) == 0:
        p.report.seen["cover pool exhausted entirely"] += 1
    elif shots[0].cash(key) - shots[1].cash(key) < loss * 9 // 10 and shots[1].cash(pool):
        p.report.seen["cover pool exhausted by a cap"] += 1


def health_of(p: Player, e: Event) -> Any:
    """Of the account of a liquidation, before it."""
    return (e.before[1] if e.before else p.health_before)[e.account]


def _deleverage(p: Player, out: Outcome) -> None:
    p.report.seen["ADL closing" if out.result else "ADL: nothing to close"] += 1


def _alarm(p: Player, out: Outcome) -> None:
    p.report.seen["alarm: short of capital" if out.result else "alarm: not short"] += 1


def _settle(p: Player, out: Outcome) -> None:
    p.report.seen["settled market closed out"] += 1


def _withdraw(p: Player, out: Outcome) -> None:
    v = p.w.model
    p.report.seen["claims paid with a shortfall"] += v.flags.claims_open and v.ledger.debt > 0


def _cover_request(p: Player, out: Outcome) -> None:
    p.report.seen["exit requested"] += 1


def _cover_finalise(p: Player, out: Outcome) -> None:
    p.report.seen["exit finalised"] += 1


_lp_request, _lp_finalise = _cover_request, _cover_finalise


def _buy_collateral(p: Player, out: Outcome) -> None:
    p.report.seen["inventory bought with a callback" if out.call.args[3] else "inventory bought"] += 1
    mark = p.w.model.prices[p.w.model.params.assets[out.call.args[0]].underlying]
    p.report.seen["inventory bought at a discount"] += out.result.price < mark


# ---- the rest -----------------------------------------------------------------------------------


def _close_fraction(p: Player, out: Outcome) -> None:
    p.report.seen["close_fraction: all" if out.call.args[1] == WAD else "close_fraction: part"] += 1


def _convert_collateral(p: Player, out: Outcome) -> None:
    p.report.seen["conversion"] += out.result > 0


def _settle_loss(p: Player, out: Outcome) -> None:
    p.report.seen["settlement"] += out.result > 0


def _lp_deposit(p: Player, out: Outcome) -> None:
    p.report.seen["LP entered"] += 1


def _lp_redeem(p: Player, out: Outcome) -> None:
    p.report.seen["LP left"] += 1


def _lp_transfer(p: Player, out: Outcome) -> None:
    p.report.seen["LP shares transferred"] += 1


_lp_mint, _lp_withdraw = _lp_deposit, _lp_redeem
