"""Calls as the contracts take them and what they return, by the names the campaign has for them.

A call's arguments are integers and nested tuples of integers, so that a log of them is JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eth_abi import decode, encode
from eth_utils import keccak

from tests.support.pyrevm_chain import unsigned, words

ORDER = "(uint256,uint256,int256,uint256,bool,uint256)"
LOTS_TO_WAD = 10**10


@dataclass(frozen=True)
class Door:
    """Where a call goes: contract, function, its data from (world, sender, args), its results from return data."""

    contract: str
    function: str
    data: Callable[..., bytes]
    result: Callable[[bytes], Any] = unsigned


def order_words(order: tuple[int, ...]) -> tuple[int, ...]:
    """An order's six words."""
    return tuple(int(x) for x in order)


def order_hash(chain_id: int, book: int, order: tuple[int, ...]) -> int:
    """The key of an order: keccak256 over the encoding of (chain id, OrderBook, order)."""
    return int.from_bytes(keccak(words(chain_id, book, *order_words(order))), "big")


def market_words(fields: dict[str, int]) -> tuple[int, ...]:
    """IConfigurator.Market from the model's parameters: lots become WAD."""
    f = fields
    first = (f["beta"], f["sigma"], f["clamp"], f["velocity"], f["skew_scale"] * LOTS_TO_WAD)
    costs = (f["taker"], f["maker"], f["spread"], f["p_min"], f["oi_lo"], f["oi_hi"], f["oi_cap"])
    return (*first, *costs, f["max_oi"] * LOTS_TO_WAD, f["max_oi_quote"], f["share"], f["min_notional"])


VENUE_FIELDS = (
    "im_factor", "h", "kappa", "profit_weight", "p_max", "keeper_part", "warning", "exec_band", "min_margin", "keeper_cap",
)  # fmt: skip
RATE_FIELDS = (
    "cap_net", "cap_gross", "exit_cap_net", "exit_cap_gross", "borrow_base", "borrow_slope1", "borrow_slope2", "borrow_kink",
    "pool_cooldown", "cover_cooldown", "cover_share", "adl_ratio",
)  # fmt: skip


def _plain(*kinds: str) -> Callable[..., bytes]:
    """Static arguments as they are, but for assets, which become token addresses, and names of the sender."""

    def data(w, sender, args) -> bytes:
        found = []
        for kind in kinds:
            if kind == "sender":
                found.append(int(sender, 16))
                continue
            value, args = args[0], args[1:]
            found.append(w.token_of(value).number if kind == "asset" else int(value))
        return words(*found)

    return data


def _orders(w, sender, orders) -> bytes:
    return encode([ORDER + "[]"], [[_typed(o) for o in orders]])


def _execute(w, sender, named) -> bytes:
    rounds = [n.to_bytes(32, "big") if n else b"" for _, n in named]
    while rounds and not rounds[-1]:
        rounds.pop()  # missing entries mean empty
    return encode([ORDER + "[]", "bytes[]"], [[_typed(o) for o, _ in named], rounds])


def _typed(order: tuple[int, ...]) -> tuple[Any, ...]:
    return (*order[:4], bool(order[4]), order[5])


def _results(data: bytes) -> list[tuple[int, str]]:
    return [tuple(x) for x in decode(["(uint256,string)[]"], data)[0]]


def _liquidate(w, sender, args) -> bytes:
    accounts, reward = args
    return encode(["uint256[]", "uint256"], [list(accounts), reward])


def _outcomes(data: bytes) -> list[tuple[int, ...]]:
    found = unsigned(data)[2:]
    return [tuple(found[i : i + 3]) for i in range(0, len(found), 3)]


def _buy(w, sender, args) -> bytes:
    asset, most, price, data = args
    head = words(w.token_of(asset).number, most, price, int(sender, 16), 160)
    return head + (words(32, data) if data else words(0))


def _fields(names: tuple[str, ...]) -> Callable[..., bytes]:
    return lambda w, sender, args: words(*(args[0][n] for n in names))


def _market(w, sender, args) -> bytes:
    market, fields = args
    return words(market, *market_words(fields))


DOORS: dict[str, Door] = {
    "deposit": Door("manager", "deposit", _plain("id", "asset", "tokens")),
    "withdraw": Door("manager", "withdraw", _plain("id", "asset", "tokens", "sender")),
    "transfer": Door("manager", "transfer", _plain("id", "id", "asset", "wad")),
    "close_fraction": Door("manager", "close_fraction", _plain("id", "f")),
    "settle_loss": Door("manager", "settle_loss", _plain("id", "market")),
    "convert_collateral": Door("manager", "convert_collateral", _plain("id", "asset", "wad")),
    "poke": Door("manager", "poke", _plain("market")),
    "submit": Door("orders", "submit", lambda w, sender, args: words(*order_words(args[0]))),
    "cancel": Door("orders", "cancel", lambda w, sender, args: words(*order_words(args[0]))),
    "clear_expired": Door("orders", "clear_expired", lambda w, sender, args: _orders(w, sender, args[0])),
    "execute": Door("orders", "execute", lambda w, sender, args: _execute(w, sender, args[0]), _results),
    "liquidate": Door("liquidator", "liquidate", _liquidate, _outcomes),
    "buy_collateral": Door("liquidator", "buy_collateral", _buy),
    "observe": Door("liquidator", "observe", _plain()),
    "lp_deposit": Door("pool", "deposit", _plain("assets", "id")),
    "lp_mint": Door("pool", "mint", _plain("shares", "id")),
    "lp_withdraw": Door("pool", "withdraw", _plain("assets", "id", "sender")),
    "lp_redeem": Door("pool", "redeem", _plain("shares", "id", "sender")),
    "lp_transfer": Door("pool", "transfer", _plain("id", "shares")),
    "lp_request": Door("pool", "request_exit", _plain("shares")),
    "lp_finalise": Door("pool", "finalise_exit", _plain("id")),
    "cover_deposit": Door("cover", "deposit", _plain("assets", "id")),
    "cover_mint": Door("cover", "mint", _plain("shares", "id")),
    "cover_redeem": Door("cover", "redeem", _plain("shares", "id", "sender")),
    "cover_transfer": Door("cover", "transfer", _plain("id", "shares")),
    "cover_request": Door("cover", "request_exit", _plain("shares")),
    "cover_finalise": Door("cover", "finalise_exit", _plain("id")),
    "alarm": Door("waterfall", "alarm", _plain()),
    "deleverage": Door("liquidator", "deleverage", _plain("id", "market")),
    "settle": Door("manager", "settle", _plain("id", "market")),
    "pause": Door("configurator", "pause", _plain()),
    "unpause": Door("configurator", "unpause", _plain()),
    "close_market": Door("configurator", "close_market", _plain("market")),
    "sample": Door("configurator", "sample", _plain("market")),
    "settle_market": Door("configurator", "settle_market", _plain("market")),
    "shut_down": Door("configurator", "shut_down", _plain()),
    "open_claims": Door("configurator", "open_claims", _plain()),
    "last_prices": Door("configurator", "last_prices", _plain()),
    "set_venue": Door("configurator", "set_venue", _fields(VENUE_FIELDS)),
    "set_rates": Door("configurator", "set_rates", _fields(RATE_FIELDS)),
    "set_market": Door("configurator", "set_market", _market),
    "set_collateral": Door("configurator", "set_collateral", _plain("id", "discount", "cap")),
    "set_timing": Door("orders", "set_timing", lambda w, sender, args: words(args[0], *args[1])),
    "set_keeper_fee": Door("orders", "set_keeper_fee", _plain("fee")),
    "set_terms": Door("liquidator", "set_terms", lambda w, sender, args: words(*args[0])),
}
