"""Trades, reductions and close_fraction of the reference model: every class of refusal, then what succeeds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossmargin.model import QUOTE, Reason, Reject, State
from crossmargin.model.example import BTC, DOGE, ETH, SOL, UNDERLYINGS, example_params, example_venue
from crossmargin.model.maths import BPS, LOT, WAD

TRADER, OTHER, KEEPER = 0x77 << 96, 0x78 << 96, 0x79 << 96
ANY_BUY = 10**30
U = 10**6


def funded(cash: int = 10_000, **changes):
    venue = example_venue(**changes)
    venue.deposit(TRADER, QUOTE, cash * U)
    return venue


def with_market(m, **changes):
    """Parameters of the example with one market changed."""
    markets = dict(example_params().markets)
    markets[m] = replace(markets[m], **changes)
    return {"markets": markets}


def size_of(venue, m, quote):
    return quote * WAD * WAD // venue.prices[m] // LOT * LOT


def buy(venue, m, quote, account=TRADER, **kwargs):
    kwargs.setdefault("worst_price", ANY_BUY if quote > 0 else 0)
    return venue.trade(account, m, size_of(venue, m, quote), **kwargs)


def refusal(venue, m, quote, account=TRADER, **kwargs):
    kwargs.setdefault("worst_price", ANY_BUY if quote > 0 else 0)
    return venue.refusal("trade", account, m, size_of(venue, m, quote), **kwargs)


# ---- refusals, in the order in which they are looked at --------------------------------------------
def test_protocol_accounts_do_not_trade():
    venue = funded()
    assert refusal(venue, BTC, 1000, account=venue.pool_id) == Reason.PROTOCOL
    assert refusal(venue, BTC, 1000, account=venue.cover_id) == Reason.PROTOCOL


@pytest.mark.parametrize("size", [0, 1, LOT - 1, LOT + 1, -LOT - 1])
def test_size_must_be_whole_lots(size):
    assert funded().refusal("trade", TRADER, BTC, size, worst_price=ANY_BUY) == Reason.SIZE


def test_market_must_be_listed():
    venue = funded(**with_market(SOL, listed=False))
    assert refusal(venue, SOL, 1000) == Reason.MARKET
    assert venue.refusal("trade", TRADER, 99, LOT, worst_price=ANY_BUY) == Reason.MARKET


def test_prices_of_the_market_and_of_every_leg_must_be_valid():
    venue = funded()
    buy(venue, ETH, 1000)
    venue.deposit(TRADER, 2, 10**24)
    for m in (BTC, ETH, DOGE):
        venue.set_price(m, venue.prices[m], valid=False)
        assert refusal(venue, BTC, 1000) == Reason.PRICE
        venue.set_price(m, venue.prices[m])
    venue.set_price(SOL, venue.prices[SOL], valid=False)
    assert refusal(venue, BTC, 1000) is None


def test_execution_price_must_be_in_the_band():
    # 200 bps around 60 000
    venue = funded()
    for price in (61_200, 58_800):
        assert refusal(venue, BTC, 1000, price=price * WAD) is None
    assert refusal(venue, BTC, 1000, price=61_200 * WAD + 1) == Reason.BAND
    assert refusal(venue, BTC, 1000, price=58_800 * WAD - 1) == Reason.BAND


def test_reservation_must_be_there():
    venue = funded()
    venue.reserve(TRADER, WAD)
    assert refusal(venue, BTC, 1000, reserved=WAD) is None
    assert refusal(venue, BTC, 1000, reserved=WAD + 1) == Reason.RESERVED


def test_reduce_only_must_oppose_a_position():
    venue = funded()
    assert refusal(venue, BTC, -1000, reduce_only=True) == Reason.REDUCE_ONLY
    buy(venue, BTC, 1000)
    assert refusal(venue, BTC, 1000, reduce_only=True) == Reason.REDUCE_ONLY
    clipped = buy(venue, BTC, -5000, reduce_only=True)
    assert clipped.size == -size_of(venue, BTC, 1000)
    assert venue.account(TRADER).positions == {}


def test_fill_price_must_be_positive():
    # With K = 1 unit, selling 3 units fills at 1 − 3/2 < 0.
    venue = funded(10**6, **with_market(BTC, skew_scale=10**8))
    assert venue.refusal("trade", TRADER, BTC, -3 * WAD) == Reason.FILL


def test_worst_price_bounds_the_fill():
    venue = funded()
    for quote in (5000, -5000):
        fill = venue.fill_price(BTC, size_of(venue, BTC, quote))
        beyond = fill - 1 if quote > 0 else fill + 1
        assert refusal(venue, BTC, quote, worst_price=fill) is None
        assert refusal(venue, BTC, quote, worst_price=beyond) == Reason.WORST
    assert refusal(venue, BTC, 5000, worst_price=0) == Reason.WORST  # nothing stands for "any price"


def test_caps_of_open_interest():
    venue = funded(100_000, **with_market(BTC, max_oi=2 * 10**8))  # 2 BTC a side
    venue.trade(TRADER, BTC, 2 * WAD, worst_price=ANY_BUY)
    assert venue.refusal("trade", TRADER, BTC, LOT, worst_price=ANY_BUY) == Reason.MAX_OI
    # The other side has its own; a flip counts only what it opens.
    venue.deposit(OTHER, QUOTE, 100_000 * U)
    assert venue.refusal("trade", OTHER, BTC, -2 * WAD) is None
    assert venue.refusal("trade", TRADER, BTC, -4 * WAD) is None
    assert venue.refusal("trade", TRADER, BTC, -4 * WAD - LOT) == Reason.MAX_OI
    assert venue.refusal("trade", TRADER, BTC, -LOT) is None


def test_cap_in_quote_and_share_of_capital():
    venue = funded(100_000, **with_market(BTC, max_oi_quote=120_000 * WAD))
    assert venue.refusal("trade", TRADER, BTC, 2 * WAD, worst_price=ANY_BUY) is None
    assert venue.refusal("trade", TRADER, BTC, 2 * WAD + LOT, worst_price=ANY_BUY) == Reason.MAX_OI_QUOTE
    # Ten per cent up the long side is over its cap: that stops no short.
    venue.trade(TRADER, BTC, 2 * WAD, worst_price=ANY_BUY)
    venue.set_price(BTC, 66_000 * WAD)
    venue.deposit(OTHER, QUOTE, 100_000 * U)
    assert venue.refusal("trade", OTHER, BTC, LOT * 10**7, worst_price=ANY_BUY) == Reason.MAX_OI_QUOTE
    assert venue.refusal("trade", OTHER, BTC, -WAD) is None
    # 1 % of R = 10 M + 60 (fee), less what P̂ cuts: between 100 000 and 100 002
    venue = funded(100_000, **with_market(BTC, share=100))
    assert refusal(venue, BTC, 99_999) is None
    assert refusal(venue, BTC, 100_005) == Reason.SHARE


def test_opened_position_must_be_worth_opening():
    venue = funded()
    assert refusal(venue, BTC, 49) == Reason.MIN_NOTIONAL
    buy(venue, BTC, 60)
    assert refusal(venue, BTC, -80) == Reason.MIN_NOTIONAL  # a flip to a short of 20
    assert refusal(venue, BTC, -59) is None  # what is left of a reduction may be small
    # Whole µ count: one lot of BTC is 600 µ.
    venue = funded(**with_market(BTC, min_notional=600 * 10**12 + 10**12 - 1))
    assert venue.refusal("trade", TRADER, BTC, LOT, worst_price=ANY_BUY) is None
    venue.configure_market(BTC, min_notional=601 * 10**12)
    assert venue.refusal("trade", TRADER, BTC, LOT, worst_price=ANY_BUY) == Reason.MIN_NOTIONAL


def test_at_most_sixteen_markets():
    params = example_params()
    markets = {m: params.markets[DOGE] for m in range(5, 22)}
    venue = funded(100_000, markets={**params.markets, **markets})
    for m in markets:
        venue.set_price(m, WAD // 10)
    for m in list(markets)[:16]:
        venue.trade(TRADER, m, 1000 * WAD, worst_price=ANY_BUY)
    assert venue.refusal("trade", TRADER, 21, 1000 * WAD, worst_price=ANY_BUY) == Reason.SLOTS


def test_pool_utilisation_stops_increases_and_never_reductions():
    # cap_net 0.02 %: net ≤ 2000 of 10 M; w = 4.308 %: 46 424 of skew.
    venue = funded(100_000, cap_net=2)
    assert refusal(venue, BTC, 46_500) == Reason.UTILISATION
    # It is looked at before the market's own caps.
    venue.configure_market(BTC, max_oi=LOT)
    assert refusal(venue, BTC, 46_500) == Reason.UTILISATION
    venue.configure_market(BTC, max_oi=10**12)
    buy(venue, BTC, 46_400)
    assert refusal(venue, BTC, 200) == Reason.UTILISATION
    venue.set_price(BTC, venue.prices[BTC] * 11 // 10)
    assert refusal(venue, BTC, -1000) is None
    assert refusal(venue, BTC, -1000, reduce_only=True) is None


def test_initial_margin_bounds_leverage():
    # IM 6.4622 % on 10 000: with 0.06 % fee and the impact n/(2K) each way 10 000/0.0652… = 153 000 or so.
    venue = funded()
    assert refusal(venue, BTC, 152_000) is None
    assert refusal(venue, BTC, 154_000) == Reason.MARGIN
    assert refusal(venue, BTC, 154_000, price=61_000 * WAD) == Reason.MARGIN


# ---- what a trade does -----------------------------------------------------------------------------
def test_cash_effects_of_a_trade_by_hand():
    # Buy 0.1 BTC = 6000 quote: fee 3.6; keeper 1. Sell at +1 %: 60 gain less 2 bp of 6060 = 1.212 (it narrows).
    venue = funded()
    venue.reserve(TRADER, WAD)
    filled = buy(venue, BTC, 6000, keeper=KEEPER, keeper_fee=WAD, reserved=WAD)
    assert filled.fee == 36 * WAD // 10
    holder = venue.account(TRADER)
    assert (holder.cash, holder.reserved) == (10_000 * WAD - filled.fee - WAD, 0)
    assert venue.account(KEEPER).cash == WAD
    venue.set_price(BTC, 60_600 * WAD)
    closed = buy(venue, BTC, -6061, reduce_only=True)
    assert closed.fee == 1212 * WAD // 1000
    # Both fills are half the position away from the mark: 0.05/K of 60 000 and 60 600 on 0.1: 8.4e-5 each.
    assert closed.realised / WAD == pytest.approx(60, abs=1e-3)
    assert venue.account(TRADER).cash == 10_000 * WAD - WAD - filled.fee - closed.fee + closed.realised
    assert venue.invariants() == []


def test_losses_may_leave_negative_cash():
    venue = funded(1)
    venue.deposit(TRADER, 1, 5 * WAD)
    buy(venue, BTC, 60_000)
    venue.set_price(BTC, 58_000 * WAD)
    buy(venue, BTC, -60_000, reduce_only=True)
    assert venue.account(TRADER).cash == -venue.ledger.debt < -1990 * WAD
    assert venue.invariants() == []


def test_refusals_leave_no_trace():
    venue = funded()
    buy(venue, BTC, 100_000)
    venue.warp(3600)

    def everything():
        accounts = {k: a.copy() for k, a in venue.ledger.accounts.items() if not a.empty}
        ledger = (dict(venue.ledger.credited), venue.ledger.debt)
        markets = {m: s.copy() for m, s in venue.markets.items()}
        return accounts, ledger, markets, venue.sums, venue.supply, dict(venue.shares)

    before = everything()
    for call in (
        ("trade", TRADER, BTC, 100 * WAD, 0, ANY_BUY),
        ("trade", TRADER, ETH, 10**4 * WAD, 0, ANY_BUY),
        ("withdraw", TRADER, QUOTE, 9_900 * U),
        ("close_fraction", TRADER, 2 * WAD),
        ("settle_loss", TRADER, 77),
        ("pool_withdraw", 10**8 * U),
        ("lp_redeem", 1, 10**26),
    ):
        with pytest.raises(Reject):
            getattr(venue, call[0])(*call[1:])
        assert everything() == before
    venue.dry_run("trade", TRADER, BTC, -WAD // 10)
    assert everything() == before


# ---- reductions ------------------------------------------------------------------------------------
def below_initial():
    """Long 100 000 BTC and short 40 000 ETH on 10 000, moved to between MM and IM."""
    venue = funded()
    buy(venue, BTC, 100_000)
    buy(venue, ETH, -40_000)
    venue.set_price(BTC, venue.prices[BTC] * 956 // 1000)
    assert venue.health(TRADER).state in (State.BELOW_INITIAL, State.MARGIN_CALL)
    return venue


def test_below_initial_only_what_lowers_the_requirement_works():
    venue = below_initial()
    assert refusal(venue, SOL, 100) == Reason.MARGIN
    assert refusal(venue, BTC, 100) == Reason.MARGIN
    # MM is the floor 0.6·(0.0431·95 600 + 0.0586·40 000) = 3878.6, so less of either leg lowers it; but without
    # the short it is 0.0430813·95 600 = 4118.6.
    assert refusal(venue, BTC, -20_000, reduce_only=True) is None
    assert refusal(venue, ETH, 1_000, reduce_only=True) is None
    assert refusal(venue, ETH, 40_000, reduce_only=True) == Reason.MARGIN


def test_keeper_fee_is_excused_in_a_reduction_above_maintenance():
    # One lot less lowers MM by nothing to speak of: only what is conceded lets it through.
    venue = below_initial()
    order = ("trade", TRADER, BTC, -LOT, 0, 0, True, False)
    health = venue.health(TRADER)
    assert venue.refusal(*order, KEEPER, 5 * WAD) is None
    assert venue.refusal(*order, TRADER, 5 * WAD) is None
    venue.ledger.move_cash(TRADER, venue.pool_id, health.equity - health.maintenance)
    assert venue.refusal(*order, KEEPER, 5 * WAD) is None  # E = MM
    venue.ledger.move_cash(TRADER, venue.pool_id, 1)
    assert venue.refusal(*order) is None
    assert venue.refusal(*order, KEEPER, WAD) == Reason.MARGIN
    assert venue.refusal(*order, TRADER, WAD) is None  # paid to itself is not paid


def test_reduction_may_lose_the_value_of_a_lot():
    # 20 lots of BTC sold x below the mark lose 20·x·P·lot and free 20·0.6·0.0431·P·lot of MM; the tolerance is P·lot:
    # x ≤ 1/20 + 0.02586 = 7.586 %, plus 0.0046 % for the skew it narrows (1.67 units of K = 35 889).
    venue = below_initial()
    venue.configure(exec_band=1_000)
    mark = venue.prices[BTC]
    assert refusal_at(venue, mark * (100_000 - 7_585) // 100_000) is None
    assert refusal_at(venue, mark * (100_000 - 7_596) // 100_000) == Reason.MARGIN
    # A fee that is paid changes nothing, and one paid to the account itself excuses nothing.
    assert refusal_at(venue, mark * (100_000 - 7_585) // 100_000, KEEPER, WAD) is None
    for keeper in (KEEPER, TRADER):
        assert refusal_at(venue, mark * (100_000 - 7_596) // 100_000, keeper, WAD) == Reason.MARGIN


def refusal_at(venue, price, *fee):
    return venue.refusal("trade", TRADER, BTC, -20 * LOT, price, 0, True, False, *fee)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-40_000, 40_000), min_size=5, max_size=5),
    st.lists(st.integers(-800, 800), min_size=5, max_size=5),
    st.integers(1, WAD),
)
def test_close_fraction_always_works_without_collateral(book, shifts, f):
    # I-26: positions with valid prices ⇒ the whole book can be reduced in proportion, in any state of health.
    venue = funded(12_000)
    for m, quote in zip(UNDERLYINGS, book):
        if refusal(venue, m, quote) is None:
            buy(venue, m, quote)
    if not venue.account(TRADER).positions:
        return
    for m, x in zip(UNDERLYINGS, shifts):
        venue.set_price(m, venue.prices[m] * (BPS + x) // BPS)
    held = {m: base for m, (base, _) in venue.account(TRADER).positions.items()}
    before = venue.health(TRADER)
    against_mark = sum(cost_of_closing(venue, m, base, f) for m, base in held.items())
    cost = venue.close_fraction(TRADER, f)
    for m, base in held.items():
        left = abs(venue.position(TRADER, m)[0])
        assert left == (WAD - f) * abs(base) // WAD // LOT * LOT
    # The fill's price is rounded by less than a wei a unit.
    slack = 20 + sum(abs(base) // WAD for base in held.values())
    assert abs(before.equity - venue.health(TRADER).equity - against_mark) <= slack
    assert abs(cost - max(0, against_mark)) <= slack
    assert venue.invariants() == []


def cost_of_closing(venue, m, base, f) -> int:
    """WAD lost against the mark by closing ⌈f·|base|⌉ lots: P-3 with the spread, and the fee, from their definition."""
    mp, price = venue.params.markets[m], venue.prices[m]
    lots, skew = abs(base) // LOT, venue.markets[m].skew
    closed = -(-f * lots // WAD) * (-1 if base > 0 else 1)
    spread = Fraction(mp.spread if closed > 0 else -mp.spread, 10**6)
    fill = price * (1 + Fraction(2 * skew + closed, 2 * mp.skew_scale)) * (1 + spread)
    narrowing = min(abs(closed), abs(skew)) if closed * skew < 0 else 0
    fee = Fraction(price * (mp.maker * narrowing + mp.taker * (abs(closed) - narrowing)), 10**6)
    return int((fee + (fill - price) * closed) / 10**8)


def test_close_fraction_refusals():
    venue = funded()
    assert venue.refusal("close_fraction", TRADER, WAD) == Reason.NOTHING
    buy(venue, BTC, 1000)
    assert venue.refusal("close_fraction", TRADER, 0) == Reason.FRACTION
    assert venue.refusal("close_fraction", TRADER, WAD + 1) == Reason.FRACTION
    venue.set_price(BTC, venue.prices[BTC], valid=False)
    assert venue.refusal("close_fraction", TRADER, WAD) == Reason.PRICE


def test_close_fraction_pays_fee_and_spread_by_hand():
    # 60 000 of BTC, half of it: 30 000·(2 bp maker + 10 bp spread) = 36; the impact gives back 3/8 of it: −0.16
    venue = funded()
    buy(venue, BTC, 60_000)
    cost = venue.close_fraction(TRADER, WAD // 2)
    k = venue.params.markets[BTC].skew_scale / 10**8
    assert cost / WAD == pytest.approx(36 - 30_000 * 0.999 * (2 - 0.5) / (2 * k), abs=1e-6)


# ---- I-16: nothing is gained at constant prices ----------------------------------------------------
OWN = [0x77 << 96, 0x77 << 96 | 1]
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["trade", "trade", "trade", "close", "lp_in", "lp_out", "settle", "poke", "transfer", "liquidate"]
        ),
        st.sampled_from(OWN),
        st.sampled_from([BTC, ETH, DOGE]),
        st.integers(-300_000, 300_000),
    ),
    max_size=14,
)


def shallow_and_free():
    """K of 20 M quote and no fees, so that impact and premium are all there is: nothing hides a gain."""
    markets = {
        m: replace(mp, skew_scale=mp.skew_scale // 50, maker=0, taker=0, spread=0)
        for m, mp in example_params().markets.items()
    }
    return {"markets": markets}


@settings(max_examples=200, deadline=None)
@given(steps, st.integers(-300_000, 300_000), st.booleans(), st.booleans())
def test_no_sequence_of_one_actor_gains(sequence, crowd, spread, free):
    venue = example_venue(**(shallow_and_free() if free else {}))
    stock_up(venue)
    venue.deposit(OTHER, QUOTE, 1_000_000 * U)
    for m in (BTC, ETH, DOGE):
        if refusal(venue, m, crowd, account=OTHER) is None:
            buy(venue, m, crowd, account=OTHER)
    for account in OWN:
        venue.deposit(account, QUOTE, 100_000 * U)
    purse = 20_000_000 * U  # of the actor as LP
    for kind, account, m, x in sequence:
        try:
            purse += play(venue, kind, account, m, x, min(purse, abs(x) * 60 * U), spread)
        except Reject:
            pass
    assert wealth(venue, purse) <= 20_200_000 * WAD
    assert venue.invariants() == []


def stock_up(venue):
    """Inventory for the pool: 600 ETH of a debtor, worth 1.8 M and counted at 7 % less."""
    debtor = 0x80 << 96
    venue.deposit(debtor, 1, 600 * WAD)
    venue.ledger.move_cash(debtor, venue.pool_id, 600 * 2790 * WAD)
    venue.convert_collateral(debtor, 1, 600 * WAD)


@pytest.mark.parametrize("free", [False, True])
def test_entering_the_pool_around_a_trade_gains_nothing(free):
    # The sharpest form: enter flat, widen, leave with what the pool's value then is, and close.
    venue = example_venue(**(shallow_and_free() if free else {}))
    for account in OWN:
        venue.deposit(account, QUOTE, 100_000 * U)
    venue.lp_deposit(9, 15_000_000 * U)
    buy(venue, BTC, 250_000, account=OWN[0])
    purse = 5_000_000 * U + venue.lp_redeem(9, venue.shares[9])
    assert wealth(venue, purse) <= 20_200_000 * WAD


def wealth(venue, purse: int) -> int:
    """WAD of the actor after closing every position by trade and leaving the pool."""
    for account in OWN:
        for m in list(venue.account(account).positions):
            base = venue.position(account, m)[0]
            venue.trade(account, m, -base, 0, ANY_BUY if base < 0 else 0)
    purse += venue.preview_redeem(venue.shares.get(9, 0))
    return sum(venue.account(a).cash for a in OWN) + purse * 10**12


def play(venue, kind, account, m, x, tokens, spread) -> int:
    """One step; returns the change of the LP's purse in token units."""
    if kind == "trade" and x:
        buy(venue, m, x, account=account, spread=spread, keeper=OWN[1], keeper_fee=WAD)
    elif kind == "close":
        venue.close_fraction(account, max(1, abs(x) * WAD // 300_000))
    elif kind == "lp_in":
        venue.lp_deposit(9, tokens)
        return -tokens
    elif kind == "lp_out":
        return venue.lp_redeem(9, venue.shares.get(9, 0) * abs(x) // 300_000)
    elif kind == "settle":
        venue.settle_loss(account, m)
    elif kind == "poke":
        venue.poke(m)
    elif kind == "transfer":
        venue.transfer(OWN[0], OWN[1], QUOTE, abs(x) * WAD // 10)
    elif kind == "liquidate":
        venue.liquidate(account, 5 * WAD, OWN[1])
    return 0
