# pragma version 0.4.3
"""
@title Values: the pure modules pricing, margin and pool_risk behind external functions, for tests
"""

from interfaces import IEngine
from contracts.modules import margin
from contracts.modules import packing
from contracts.modules import pool_risk
from contracts.modules import pricing


@external
def fill_price(price: uint256, skew: int256, lots: int256, scale: int256, spread: uint256) -> uint256:
    return pricing.fill_price(price, skew, lots, scale, spread)


@external
def fee_up(price: uint256, skew: int256, lots: int256, terms: uint256) -> int256:
    return pricing.fee_up(price, skew, lots, terms)


@external
def value_down(base: int256, quote: int256, price: uint256, index: int256) -> int256:
    return pricing.value_down(base, quote, price, index)


@external
def apply(position: uint256, size: int256, price: uint256, carry: uint256) -> (uint256, int256):
    return pricing.apply(position, size, price, carry)


@external
def moved_book(book: uint256, before: uint256, after: uint256) -> uint256:
    return pricing.moved_book(book, before, after)


@external
def pool_value_down(book: uint256, carry: uint256, price: uint256) -> int256:
    return pricing.pool_value_down(book, carry, price)


@external
def walk(
    sizes: DynArray[int256, 2000], price: uint256, carry: uint256, scale: int256
) -> (uint256, uint256, int256):
    """
    @notice One account's trades at P-3, alone in a market without fees: its position, the book, and all cash realised.
    """
    position: uint256 = 0
    book: uint256 = 0
    cash: int256 = 0
    for size: int256 in sizes:
        skew: int256 = packing.book_long(book) - packing.book_short(book)
        fill: uint256 = pricing.fill_price(price, skew, size // 10**10, scale, 0)
        after: uint256 = 0
        realised: int256 = 0
        after, realised = pricing.apply(position, size, fill, carry)
        book = pricing.moved_book(book, position, after)
        position = after
        cash += realised
    return position, book, cash


@external
def requirement_up(common: int256, squares: uint256, gross: uint256, kappa: uint256) -> uint256:
    return margin.requirement_up(common, squares, gross, kappa)


@external
def evaluate(cash: int256, legs: DynArray[IEngine.Leg, 24], venue: uint256) -> margin.Health:
    return margin.evaluate(cash, legs, venue)


@external
def risk_equity_down(h: margin.Health, venue: uint256) -> int256:
    return margin.risk_equity_down(h, venue)


@external
def free_equity(h: margin.Health) -> int256:
    return margin.free_equity(h)


@external
def state_of(h: margin.Health, venue: uint256) -> uint256:
    return margin.state_of(h, venue)


@external
def contribution(
    book: uint256, carry: uint256, price: uint256, risk: uint256, terms: uint256
) -> packing.Sums:
    return pool_risk.contribution(book, carry, price, risk, terms)


@external
def weigh(
    sums: packing.Sums, cash: int256, inventory: DynArray[IEngine.Leg, 8], at_touch: bool, kappa: uint256
) -> (int256, uint256, uint256):
    return pool_risk.weigh(sums, cash, inventory, at_touch, kappa)


@external
def utilisation_up(
    equity: int256, net: uint256, gross: uint256, cap_net: uint256, cap_gross: uint256
) -> uint256:
    return pool_risk.utilisation_up(equity, net, gross, cap_net, cap_gross)
