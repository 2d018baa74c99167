"""W-3 in the reference model: samples, settlement, closing out, shutdown, and everybody's money out in any order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossmargin.model import QUOTE, Reason, Tranche, carry
from crossmargin.model.example import BTC, ETH, UNDERLYINGS, example_venue
from crossmargin.model.maths import DAY, LOT, MICRO, WAD
from crossmargin.model.venue import LIQUIDATED, UNSETTLED

TRADER, OTHER, THIRD, KEEPER = 0x77 << 96, 0x78 << 96, 0x79 << 96, 0x7A << 96
ANY_BUY = 10**30
U = 10**6


def trade(venue, account: int, m: int, quote: int) -> None:
    size = quote * WAD * WAD // venue.prices[m] // LOT * LOT
    venue.trade(account, m, size, worst_price=ANY_BUY if size > 0 else 0)


def book(capital: int = 10_000_000, cash: int = 20_000, **quotes: int):
    venue = example_venue(capital)
    venue.deposit(TRADER, QUOTE, cash * U)
    for name, quote in quotes.items():
        trade(venue, TRADER, {"BTC": BTC, "ETH": ETH}[name], quote)
    return venue


# ---- samples ---------------------------------------------------------------------------------------
def test_growth_stops_when_a_market_closes():
    venue = book(BTC=60_000)
    venue.close_market(BTC)
    assert venue.refusal("trade", TRADER, BTC, LOT, 0, ANY_BUY) == Reason.MAX_OI
    assert venue.refusal("trade", TRADER, BTC, -LOT) is None
    assert venue.refusal("close_market", BTC) == Reason.CLOSED
    assert venue.refusal("close_market", 77) == Reason.MARKET
    assert venue.refusal("sample", ETH) == venue.refusal("settle_closing", ETH) == Reason.OPEN


def test_samples_count_for_at_most_five_minutes():
    # 60 000 for 100 s, 61 000 for 300 of 500 s: (6e6 + 18.3e6)/400 = 60 750
    venue = book(BTC=60_000)
    venue.close_market(BTC)
    venue.warp(100)
    venue.sample(BTC)
    venue.warp(500)
    venue.set_price(BTC, 61_000 * WAD)
    venue.sample(BTC)
    assert venue.closings[BTC][2:] == (400, 24_300_000 * WAD)
    venue.set_price(BTC, 1, valid=False)
    assert venue.refusal("sample", BTC) == Reason.PRICE
    venue.warp(3_000)
    assert venue.refusal("settle_closing", BTC) == Reason.EARLY  # 400 s are not 1 800
    venue.warp(DAY - 3_601)
    assert venue.refusal("settle_closing", BTC) == Reason.EARLY
    venue.warp(1)
    assert venue.refusal("sample", BTC) == Reason.EXPIRED
    assert venue.settle_closing(BTC) == carry.price_float(60_750 * WAD)


def test_half_an_hour_of_samples_settles_after_the_hour():
    venue = book(BTC=60_000)
    venue.close_market(BTC)
    for _ in range(6):
        venue.warp(300)
        venue.sample(BTC)
    venue.warp(1_799)
    assert venue.refusal("settle_closing", BTC) == Reason.EARLY
    venue.warp(1)
    assert venue.settle_closing(BTC) == venue.markets[BTC].mark == carry.price_float(60_000 * WAD)
    assert venue.refusal("settle_closing", BTC) == Reason.OPEN


def test_without_samples_the_last_price_counts():
    venue = book(BTC=60_000)
    venue.close_market(BTC)
    venue.set_price(BTC, 59_000 * WAD, valid=False)
    venue.warp(DAY)
    assert venue.settle_closing(BTC) == carry.price_float(59_000 * WAD)


# ---- a settled market ------------------------------------------------------------------------------
def settled(price: int = 57_000, **quotes: int):
    venue = book(**(quotes or {"BTC": 60_000}))
    venue.warp(DAY)
    venue.settle_market(BTC, price * WAD)
    return venue


def test_settlement_rounds_the_price_down_to_18_bits():
    venue = settled(57_123)
    mark = venue.markets[BTC].mark
    assert 0 <= 57_123 * WAD - mark < 57_123 * WAD >> 17
    assert mark % (1 << mark.bit_length() - 18) == 0


def test_carry_stops_and_the_rest_of_it_ends():
    venue = book(BTC=600_000, cash=100_000)
    venue.warp(DAY)
    before = venue.indices(BTC)
    assert before.rate > 0
    venue.settle_market(BTC, 60_000 * WAD)
    state = venue.markets[BTC]
    assert (state.index_long, state.index_short) == before[:2]
    assert (state.time, state.rate, state.skew_fraction, state.borrow, state.oi_scale) == (0, 0, 0, 0, 0)
    venue.warp(10 * DAY)
    assert venue.indices(BTC)[:2] == before[:2]
    # of its six terms in the sums the premium alone is gone: 600 000 of skew are a net of 25 849 and a gross of 25 860
    value = carry.pool_value(state, state.mark, venue.indices(BTC))
    assert venue.sums[4:] == (value // MICRO, 0) and venue.premium() == 0
    pool = venue.pool_state()
    assert (pool.net / WAD, pool.gross / WAD) == pytest.approx((25_848.8, 25_860), rel=1e-5)
    venue.set_price(BTC, 1, valid=False)
    assert venue.pool_state() == pool and venue.pool_state().prices_valid
    assert venue.invariants() == []


def test_the_position_is_worth_p_2_and_nothing_else():
    # 1 BTC at 60 000, settled at 57 000 with a day's carry: no exposure, no price, but in E and under the floor of MM.
    venue = settled()
    venue.set_price(BTC, 1, valid=False)
    health, state = venue.health(TRADER), venue.markets[BTC]
    base, quote = venue.position(TRADER, BTC)
    value = base * (state.mark - state.index_long * 10**7) // WAD + quote
    assert health == (venue.account(TRADER).cash + value, 12 * WAD, 12 * WAD, 0)
    assert health.equity / WAD == pytest.approx(20_000 - 36 - 3_000, rel=1e-3)
    assert venue.health_at(TRADER, {BTC: 10**30}) == health
    assert venue.prices_valid() and venue.pool_state().prices_valid
    assert venue.refusal("lp_deposit", 1, U) is None
    assert venue.refusal("withdraw", TRADER, QUOTE, U) is None


def test_collateral_on_its_underlying_still_needs_its_price():
    venue = settled()
    venue.deposit(TRADER, 0, 10**8)
    health = venue.health(TRADER)
    assert health.maintenance / WAD == pytest.approx(0.0430813 * 60_000, rel=1e-5)
    assert health.initial / WAD == pytest.approx(1.5 * 0.0430813 * 60_000, rel=1e-5)
    venue.set_price(BTC, 60_000 * WAD, valid=False)
    assert venue.health(TRADER).state == 4


def test_inventory_nets_with_what_is_settled_at_its_price():
    # Traders long 10 at P_s = 60 000 (n = −600 000), inventory of 2 at 90 000 (180 000): net 0.0430813·420 000, gross
    # 25 860 + 431 bp of 180 000. When all is closed out the inventory is alone.
    venue = book(BTC=600_000, cash=100_000)
    venue.settle_market(BTC, 60_000 * WAD)
    venue.ledger.add_collateral(venue.pool_id, 0, 2 * WAD)
    venue.ledger.credit(0, 2 * WAD)
    venue.set_price(BTC, 90_000 * WAD)
    state = venue.pool_state()
    assert state.net / WAD == pytest.approx(0.0430813 * 420_000, rel=1e-4)
    assert state.gross / WAD == pytest.approx(25_860 + 7_758, rel=1e-4)
    assert state.utilisation == pytest.approx(venue.stored_utilisation(), rel=1e-6)
    venue.settle(TRADER, BTC)
    assert venue.pool_state().net / WAD == pytest.approx(0.0430813 * 180_000, rel=1e-5)
    assert venue.invariants() == []


def test_what_can_not_be_done_with_it():
    venue = settled(BTC=60_000, ETH=30_000)
    for call in (
        ("trade", TRADER, BTC, -LOT),
        ("trade", TRADER, BTC, LOT, 0, ANY_BUY),
        ("close_fraction", TRADER, WAD),
        ("settle_loss", TRADER, BTC),
        ("poke", BTC),
        ("close_market", BTC),
        ("settle_market", BTC, WAD),
        ("deleverage", TRADER, BTC),
    ):
        venue.clock = venue.clock._replace(start=venue.time, last=venue.time)
        assert venue.refusal(*call) == Reason.SETTLED, call
    assert venue.refusal("trade", TRADER, ETH, -LOT) is None
    assert venue.refusal("settle_loss", TRADER, ETH) is None


def test_liquidation_waits_until_it_is_closed_out():
    venue = settled(41_000, BTC=60_000, ETH=30_000)
    assert venue.health(TRADER).state == 3
    venue.set_sequencer(False)  # 6 comes before 5
    assert venue.liquidate(TRADER, 0, KEEPER) == (0, 0, UNSETTLED)
    venue.set_sequencer(True)
    venue.warp(900)
    venue.settle(TRADER, BTC)
    assert venue.liquidate(TRADER, 3 * WAD, KEEPER).reason == LIQUIDATED
    assert venue.invariants() == []


def test_anyone_closes_it_out_in_full():
    venue = settled()
    before = venue.health(TRADER).equity
    cash, pool = venue.account(TRADER).cash, venue.account(venue.pool_id).cash
    realised = venue.settle(TRADER, BTC)
    assert venue.account(TRADER).cash == cash + realised == before
    assert venue.account(venue.pool_id).cash == pool - realised
    assert not venue.account(TRADER).positions
    assert (venue.markets[BTC].long, venue.markets[BTC].quote, venue.sums) == (0, 0, (0,) * 6)
    assert venue.invariants() == []
    assert venue.refusal("settle", TRADER, BTC) == Reason.NOTHING
    assert venue.refusal("settle", TRADER, ETH) == venue.refusal("settle", TRADER, 77) == Reason.OPEN
    assert venue.refusal("settle", venue.pool_id, BTC) == Reason.PROTOCOL


def test_parameters_do_not_wake_it():
    venue = settled()
    state, sums = venue.markets[BTC].copy(), venue.sums
    venue.warp(DAY)
    venue.configure_market(BTC, beta=800, clamp=0, velocity=0)
    assert (venue.markets[BTC], venue.sums) == (state, sums)


# ---- shutdown --------------------------------------------------------------------------------------
def test_nothing_leaves_while_shutting_down():
    venue = book(BTC=60_000)
    venue.deposit(OTHER, QUOTE, 100 * U)
    venue.deposit(OTHER, 1, WAD)
    venue.shut_down()
    assert venue.refusal("shut_down") == Reason.SHUTDOWN
    for call in (
        ("withdraw", OTHER, QUOTE, U),
        ("lp_deposit", 1, U),
        ("lp_deposit", 1, U, Tranche.COVER),
        ("pool_withdraw", U),
        ("lp_redeem", 1, WAD),
    ):
        assert venue.refusal(*call) == Reason.SHUTDOWN, call
    assert venue.refusal("withdraw", OTHER, 1, WAD) is None
    assert venue.refusal("transfer", OTHER, OTHER | 1, QUOTE, WAD) is None
    assert venue.refusal("trade", OTHER, ETH, LOT, 0, ANY_BUY) == Reason.PAUSED
    assert venue.refusal("close_fraction", TRADER, WAD) is None
    assert set(venue.closings) == set(UNDERLYINGS)


def test_a_market_that_closes_already_goes_on_with_its_samples():
    venue = book(BTC=60_000)
    venue.close_market(BTC)
    start = venue.closings[BTC]
    venue.settle_market(ETH, 3_000 * WAD)
    venue.warp(60)
    venue.shut_down()
    assert venue.closings[BTC] == start
    assert ETH not in venue.closings


def test_last_prices_count_after_a_week():
    venue = book(cash=1_000)
    assert venue.refusal("take_last_prices") == Reason.OPEN
    venue.deposit(TRADER, 1, WAD)
    venue.ledger.move_cash(TRADER, venue.pool_id, 5_000 * WAD)
    venue.set_price(ETH, 3_000 * WAD, valid=False)
    venue.shut_down()
    venue.warp(7 * DAY - 1)
    assert venue.refusal("take_last_prices") == Reason.EARLY
    assert venue.liquidate(TRADER, 0, KEEPER).reason == 2
    venue.warp(1)
    venue.take_last_prices()
    assert venue.liquidate(TRADER, 0, KEEPER).reason == LIQUIDATED
    assert venue.ledger.debt == 0
    venue.set_price(ETH, 0, valid=False)
    assert not venue.priced(ETH)


def shut(venue, *accounts: int) -> None:
    """Settle every market at its price, close everybody out, and liquidate who owes."""
    venue.shut_down()
    for m in UNDERLYINGS:
        venue.settle_market(m, venue.prices[m])
    for account in accounts:
        for m in sorted(venue.account(account).positions):
            venue.settle(account, m)
        venue.liquidate(account, 0, KEEPER)


def test_claims_wait_for_everything():
    venue = book(BTC=60_000)
    assert venue.refusal("open_claims") == Reason.SHUTDOWN
    venue.deposit(OTHER, 1, WAD)
    venue.ledger.move_cash(OTHER, venue.pool_id, WAD)  # owes one, holds three thousand
    venue.shut_down()
    assert venue.refusal("open_claims") == Reason.OPEN
    for m in UNDERLYINGS:
        venue.settle_market(m, venue.prices[m])
    assert venue.refusal("open_claims") == Reason.OPEN  # open lots
    venue.settle(TRADER, BTC)
    assert venue.refusal("open_claims") == Reason.OPEN  # a debt
    venue.deposit(OTHER, QUOTE, U)
    assert venue.open_claims() == 0
    assert venue.refusal("open_claims") == Reason.SHUTDOWN
    assert venue.haircut(100 * WAD) == 0
    assert venue.refusal("withdraw", TRADER, QUOTE, U) is None
    assert venue.refusal("lp_redeem", 1, WAD) is None


def insolvent(cover: int):
    """A pool of 100,000 that owes 300,000 of gains and more to three accounts; the cover pool has `cover`."""
    venue = example_venue(100_000, cap_net=10**5, cap_gross=10**6)
    venue.configure_market(BTC, share=10**6)
    if cover:
        venue.lp_deposit(9, cover * U, Tranche.COVER)
    for account, quote in ((TRADER, 500_000), (OTHER, 100_000)):
        venue.deposit(account, QUOTE, 100_000 * U)
        trade(venue, account, BTC, quote)
    venue.deposit(THIRD, QUOTE, 777 * U + 1)
    venue.set_price(BTC, 90_000 * WAD)
    shut(venue, TRADER, OTHER, THIRD)
    return venue


def test_the_cover_pool_pays_first_and_without_caps():
    # Gains of 50 % on 600 000 are 300 000; the pool had 100 000 and some fees.
    venue = insolvent(50_000)
    venue.configure(cover_share=1)
    owed = -venue.account(venue.pool_id).cash
    assert owed / WAD == pytest.approx(200_000, rel=0.01)
    assert venue.open_claims() == 50_000 * WAD
    assert venue.ledger.debt == owed - 50_000 * WAD and venue.account(venue.cover_id).cash == 0
    rich = insolvent(500_000)
    assert rich.open_claims() == owed
    assert rich.ledger.debt == 0 and rich.haircut(WAD) == 0
    assert rich.refusal("lp_redeem", 9, rich.books[Tranche.COVER].supply, Tranche.COVER) is None


def test_a_haircut_by_hand():
    venue = insolvent(0)
    venue.open_claims()
    debt, credited = venue.ledger.debt, venue.ledger.credited[QUOTE]
    assert venue.haircut(WAD) == -(-WAD * debt // credited) and venue.haircut(0) == 0
    cash, pool = venue.account(TRADER).cash, venue.account(venue.pool_id).cash
    cut = venue.haircut(1_000 * WAD)
    assert venue.withdraw(TRADER, QUOTE, 1_000 * U) == 1_000 * WAD
    assert venue.account(TRADER).cash == cash - 1_000 * WAD - cut
    assert venue.account(venue.pool_id).cash == pool + cut
    # all of it: a + ⌈a·D/credited⌉ ≤ cash
    left = venue.account(TRADER).cash
    assert venue.refusal("withdraw", TRADER, QUOTE, left // MICRO) == Reason.FUNDS


@settings(max_examples=60, deadline=None)
@given(
    st.permutations([TRADER, OTHER, THIRD, TRADER, OTHER]),
    st.lists(st.integers(1, 99), min_size=5, max_size=5),
)
def test_everybody_gets_the_same_share_in_any_order(order, parts):
    # Shares are credited/(credited + D) of what each was owed, to a token unit and the roundings of five steps.
    venue = insolvent(10_000)
    venue.open_claims()
    claims = {a: venue.account(a).cash for a in (TRADER, OTHER, THIRD)}
    credited, debt = venue.ledger.credited[QUOTE], venue.ledger.debt
    assert sum(claims.values()) == credited + debt - venue.account(KEEPER).cash
    got = dict.fromkeys(claims, 0)
    for account, part in (*zip(order, parts), *((a, 100) for a in (THIRD, OTHER, TRADER))):
        tokens = most(venue, account) * part // 100
        got[account] += venue.withdraw(account, QUOTE, tokens)
        assert venue.invariants() == []
    for account, claim in claims.items():
        fair = claim * credited // (credited + debt)
        assert abs(got[account] - fair) <= 3 * MICRO
    # to the last wei but what no token unit holds
    assert venue.ledger.credited[QUOTE] <= 4 * MICRO
    assert venue.account(venue.pool_id).cash == -venue.ledger.debt <= 0


def most(venue, account: int) -> int:
    """The most token units that can be withdrawn."""
    low, high = 0, venue.account(account).cash // MICRO + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if venue.refusal("withdraw", account, QUOTE, middle) else (middle, high)
    return low


def test_the_last_one_out_takes_what_is_left():
    # One account alone: credited C, cash C + D. A withdrawal of C costs ⌈C·D/C⌉ = D on top: nothing is left anywhere.
    venue = example_venue(0)
    venue.deposit(TRADER, QUOTE, 1_000 * U)
    venue.ledger.move_cash(venue.pool_id, TRADER, 333 * WAD + 1)
    shut(venue)
    venue.open_claims()
    assert venue.refusal("withdraw", TRADER, QUOTE, 1_000 * U + 1) == Reason.FUNDS
    venue.withdraw(TRADER, QUOTE, 1_000 * U)
    assert venue.account(TRADER).cash == venue.account(venue.pool_id).cash == 0
    assert (venue.ledger.debt, venue.ledger.credited[QUOTE]) == (0, 0)
