"""The margin call of the reference model: who is in the band as of its own calls, and what is told of it (spec 4)."""

from __future__ import annotations

from crossmargin.model import QUOTE, MarginCall, Reason
from crossmargin.model.example import BTC, ETH, example_venue
from crossmargin.model.maths import LOT, WAD

TRADER, SECOND, OTHER, KEEPER = 0x77 << 96, 0x77 << 96 | 1, 0x78 << 96, 0x79 << 96
ANY_BUY = 10**30
U = 10**6


def holder(price: int = 60_000):
    """1 BTC bought at 60 000 on 4 500: MM is 0.0430813 of the price, the band starts at 1.2 of that (3 101.9)."""
    venue = example_venue()
    venue.deposit(TRADER, QUOTE, 4_500 * U)
    venue.trade(TRADER, BTC, WAD, worst_price=ANY_BUY)
    assert venue.margin_calls == []
    venue.set_price(BTC, price * WAD)
    return venue


def look(venue) -> None:
    """The smallest call of the account's own."""
    venue.trade(TRADER, BTC, -LOT)


def test_prices_alone_tell_nothing():
    # At 58 500: E = 2 963, MM = 2 520, 1.2·MM = 3 024.
    venue = holder(58_500)
    assert venue.health(TRADER).state == 2
    venue.poke(BTC)
    venue.settle_loss(TRADER, BTC)
    assert (venue.margin_calls, venue.in_band) == ([], frozenset())


def test_in_and_out_by_own_calls():
    venue = holder(58_500)
    venue.deposit(TRADER, QUOTE, U)  # a deposit tells of leaving alone
    assert venue.margin_calls == []
    look(venue)
    look(venue)
    assert venue.margin_calls == [MarginCall(TRADER, True)]
    venue.deposit(TRADER, QUOTE, U)
    assert venue.in_band == {TRADER}
    venue.deposit(TRADER, QUOTE, 200 * U)
    assert venue.margin_calls[1:] == [MarginCall(TRADER, False)]
    venue.set_price(BTC, 56_500 * WAD)  # liquidatable: still the band
    assert venue.health(TRADER).state == 3
    look(venue)
    assert venue.margin_calls[2:] == [MarginCall(TRADER, True)]


def test_the_edge_itself_is_outside():
    venue = holder(58_500)
    look(venue)
    health = venue.health(TRADER)
    missing = -(-venue.params.warning * health.maintenance // 10_000) - health.equity
    venue.ledger.move_cash(venue.pool_id, TRADER, missing - 10**12 - 1)
    venue.deposit(TRADER, QUOTE, 1)
    assert venue.in_band == {TRADER}
    venue.ledger.move_cash(venue.pool_id, TRADER, 1 - 10**12)
    venue.deposit(TRADER, QUOTE, 1)
    assert venue.in_band == frozenset()


def test_reductions_and_closes_tell():
    for call in (("trade", TRADER, BTC, -WAD // 2), ("close_fraction", TRADER, WAD // 2)):
        venue = holder(58_500)
        look(venue)
        getattr(venue, call[0])(*call[1:])
        assert venue.margin_calls == [MarginCall(TRADER, True), MarginCall(TRADER, False)], call


def test_both_ends_of_a_transfer_are_looked_at():
    venue = holder(58_500)
    venue.deposit(SECOND, QUOTE, 1_000 * U)
    venue.transfer(SECOND, TRADER, QUOTE, WAD)
    assert venue.margin_calls == []
    look(venue)
    assert venue.margin_calls == [MarginCall(TRADER, True)]
    venue.transfer(SECOND, TRADER, QUOTE, WAD)
    assert venue.in_band == {TRADER}
    venue.transfer(SECOND, TRADER, QUOTE, 900 * WAD)
    assert venue.in_band == frozenset()


def test_liquidation_is_not_a_call_of_its_own():
    venue = holder(56_500)
    look(venue)
    venue.liquidate(TRADER, 0, KEEPER)
    assert venue.in_band == {TRADER} and len(venue.margin_calls) == 1
    venue.deposit(TRADER, QUOTE, 1)
    assert venue.margin_calls[1:] == [MarginCall(TRADER, False)]


def test_without_prices_nothing_is_found():
    venue = holder(58_500)
    look(venue)
    venue.set_price(BTC, 70_000 * WAD, valid=False)
    venue.deposit(TRADER, QUOTE, 1_000 * U)
    assert venue.in_band == {TRADER}
    venue.set_price(BTC, 70_000 * WAD)
    venue.deposit(TRADER, QUOTE, 1)
    assert venue.in_band == frozenset()


def test_who_holds_and_owes_nothing_is_outside():
    venue = example_venue()
    venue.set_price(ETH, WAD)
    venue.deposit(TRADER, 1, 1)  # E = 0 under an MM of one wei, but there is nothing to call for
    assert venue.health(TRADER).state == 2
    assert venue.margin_calls == []


def test_a_refused_call_tells_nothing():
    venue = holder(58_500)
    assert venue.refusal("withdraw", TRADER, QUOTE, U) == Reason.MARGIN
    assert venue.refusal("deposit", TRADER, QUOTE, U) is None  # tried, and taken back
    assert (venue.margin_calls, venue.in_band) == ([], frozenset())
