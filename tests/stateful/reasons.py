"""The contracts' words for each class of reason of the model."""

from __future__ import annotations

from crossmargin.model import Reason

ORACLE = (
    "quote not valid",
    "round not complete",
    "round too early",
    "round too old",
    "price out of bounds",
    "round unproven",
    "not the first round",
)
REASONS: dict[Reason, tuple[str, ...]] = {
    Reason.PROTOCOL: ("manager: protocol account",),
    Reason.OWNER: ("manager: new asset for another", "manager: not the same owner", "manager: not the owner"),
    Reason.AMOUNT: ("vault: nothing credited", "vault: amount granularity", "vault: too many tokens"),
    Reason.ASSET: ("vault: unknown asset", "vault: unknown token", "liquidator: not collateral"),
    Reason.DEPOSIT_CAP: ("manager: deposit cap",),
    Reason.FUNDS: ("vault: insufficient balance",),
    Reason.LIQUIDITY: ("vault: not enough tokens",),
    Reason.RESERVED: ("vault: reserved range",),
    Reason.SIZE: ("engine: size not in lots", "orders: bad size"),
    Reason.MARKET: ("manager: unknown market",),
    Reason.PRICE: ("manager: no valid price", "pool: no valid price", "liquidator: no valid price"),
    Reason.BAND: ("manager: price off the mark",),
    Reason.REDUCE_ONLY: ("engine: nothing to reduce",),
    Reason.FILL: ("engine: beyond the depth",),
    Reason.WORST: ("engine: worse than the bound", "orders: buy without a bound"),
    Reason.MAX_OI: ("engine: open interest cap",),
    Reason.MAX_OI_QUOTE: ("engine: notional cap",),
    Reason.SHARE: ("engine: share of the pool",),
    Reason.MIN_NOTIONAL: ("engine: position too small",),
    Reason.SLOTS: ("manager: too many positions",),
    Reason.UTILISATION: ("engine: utilisation",),
    Reason.MARGIN: ("manager: below initial margin", "manager: reduction hurts", "manager: conversion hurts"),
    Reason.FRACTION: ("manager: fraction",),
    Reason.NOTHING: ("manager: nothing to close", "liquidator: nothing to buy", "pool: rounds to nothing"),
    Reason.OWED: ("manager: more than is owed",),
    Reason.SELL_PRICE: ("liquidator: price above the limit",),
    Reason.POOL_CLOSED: ("pool: closed to entries",),
    Reason.SHARES: ("erc20: burn amount exceeds balance", "erc20: transfer amount exceeds balance"),
    Reason.POOL_EXIT: ("manager: cash owed to winners", "pool: exit caps"),
    Reason.CLOSED: ("orders: market closed",),
    Reason.PENDING: ("orders: already pending",),
    Reason.MANY: ("orders: too many pending",),
    Reason.UNKNOWN: ("orders: unknown order",),
    Reason.LATE: ("orders: too late to cancel",),
    Reason.EARLY: ("orders: before its time",),
    Reason.EXPIRED: ("orders: expired",),
    Reason.UNPROVEN: tuple(f"oracle: {text}" for text in ORACLE),
    Reason.OLD: ("orders: round too old",),
}
# Where the contract looks at two things in another order than the model, either is right.
ORDER: dict[tuple[str, Reason], tuple[Reason, ...]] = {
    ("withdraw", Reason.FUNDS): (Reason.AMOUNT,),
    ("settle_loss", Reason.MARKET): (Reason.PRICE,),
    ("convert_collateral", Reason.FUNDS): (Reason.OWED, Reason.PRICE),
    ("close_fraction", Reason.NOTHING): (Reason.PRICE,),
    ("lp_withdraw", Reason.LIQUIDITY): (Reason.FUNDS,),
    ("lp_redeem", Reason.LIQUIDITY): (Reason.FUNDS,),
    ("lp_withdraw", Reason.POOL_EXIT): (Reason.FUNDS,),
    ("lp_redeem", Reason.POOL_EXIT): (Reason.FUNDS,),
}
