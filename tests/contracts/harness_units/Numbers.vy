# pragma version 0.4.3
"""
@title Numbers: the pure modules rounding, packing, sizing, liquidation and carry behind external functions, for tests
"""

from contracts.modules import carry
from contracts.modules import floats
from contracts.modules import liquidation
from contracts.modules import packing
from contracts.modules import rounding
from contracts.modules import sizing


@external
def floor_div(a: int256, b: int256) -> int256:
    return rounding.floor_div(a, b)


@external
def ceil_div(a: int256, b: int256) -> int256:
    return rounding.ceil_div(a, b)


@external
def ceil_div_unsigned(a: uint256, b: uint256) -> uint256:
    return rounding.ceil_div_unsigned(a, b)


@external
def ceil_sqrt(a: uint256) -> uint256:
    return rounding.ceil_sqrt(a)


@external
def signed(word: uint256, bits: uint256) -> int256:
    return packing.signed(word, bits)


@external
def pack_vault(cash: int256, reserved: uint256, assets: uint256) -> uint256:
    return packing.pack_vault(cash, reserved, assets)


@external
def unpack_vault(word: uint256) -> (int256, uint256, uint256):
    return packing.vault_cash(word), packing.vault_reserved(word), packing.vault_assets(word)


@external
def unpack_price(word: uint256) -> (uint256, uint256, uint256, uint256, uint256):
    return (
        packing.price_of(word),
        packing.price_time(word),
        packing.price_checked(word),
        packing.price_valid_until(word),
        packing.price_state(word),
    )


@external
def pack_position(base: int256, quote: int256) -> uint256:
    return packing.pack_position(base, quote)


@external
def unpack_position(word: uint256) -> (int256, int256):
    return packing.position_base(word), packing.position_quote(word)


@external
def pack_book(longs: int256, shorts: int256, quote: int256) -> uint256:
    return packing.pack_book(longs, shorts, quote)


@external
def unpack_book(word: uint256) -> (int256, int256, int256):
    return packing.book_long(word), packing.book_short(word), packing.book_quote(word)


@external
def replace_accrued(
    word: uint256, long_index: int256, short_index: int256, time: uint256, rate: int256
) -> uint256:
    return packing.replace_accrued(word, long_index, short_index, time, rate)


@external
def replace_touched(word: uint256, skew: int256, oi_scale: uint256, price: uint256) -> uint256:
    return packing.replace_touched(word, skew, oi_scale, price)


@external
def with_borrow(word: uint256, borrow: uint256) -> uint256:
    return packing.with_borrow(word, borrow)


@external
def float_of(x: uint256) -> uint256:
    return floats.of(x)


@external
def float_value(f: uint256) -> uint256:
    return floats.value(f)


@external
def unpack_risk(entry: uint256) -> (uint256, uint256, uint256, int256):
    return (
        packing.risk_beta(entry),
        packing.risk_sigma(entry),
        packing.risk_w(entry),
        packing.risk_clamp(entry),
    )


@external
def unpack_limits(word: uint256) -> (int256, uint256, uint256):
    return packing.limits_base(word), packing.limits_quote(word), packing.limits_min_notional(word)


@external
def unpack_asset(word: uint256, asset: uint256) -> (uint256, uint256, uint256):
    entry: uint256 = packing.asset_entry(word, asset)
    return packing.asset_underlying(entry), packing.asset_discount(entry), packing.lendable(entry)


@external
def pack_sums(s: packing.Sums) -> (uint256, uint256):
    return packing.pack_sums(s)


@external
def unpack_sums(first: uint256, second: uint256) -> packing.Sums:
    return packing.unpack_sums(first, second)


@external
def closing_size(base: int256, f: uint256) -> int256:
    return sizing.closing_size(base, f)


@external
def rates(base: int256, book: uint256, terms: uint256, venue: uint256) -> uint256[3]:
    return liquidation.rates(base, book, terms, venue)


@external
def charge_up(base: int256, price: uint256, rate: uint256) -> uint256:
    return liquidation.charge_up(base, price, rate)


@external
def fraction_up(equity: int256, raw: uint256, penalty: uint256, cost: uint256, venue: uint256) -> uint256:
    return liquidation.fraction_up(equity, raw, penalty, cost, venue)


@external
def share_up(amount: uint256, f: uint256) -> uint256:
    return liquidation.share_up(amount, f)


@external
def index_now(word: uint256, risk: uint256, long: bool) -> int256:
    return carry.index_now(word, risk, long)


@external
def accrue(word: uint256, risk: uint256) -> uint256:
    return carry.accrue(word, risk)


@external
def clamped(word: uint256, risk: uint256) -> uint256:
    return carry.clamped(word, risk)


@external
def skew_fraction(skew: int256, scale: int256) -> int256:
    return carry.skew_fraction(skew, scale)


@external
def borrow_rate(utilisation: uint256, rates: uint256) -> uint256:
    return carry.borrow_rate(utilisation, rates)
