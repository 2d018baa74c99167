"""One venue on one EVM with the reference model beside it. Plain accounts play the contracts that call the PositionManager."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_utils import keccak

from crossmargin.model import QUOTE, Reason, Reject, Venue
from tests.stateful import setups
from tests.stateful.feeds import AGE, TICK, Feeds
from tests.support.pyrevm_chain import ROOT, Chain, Contract, Reverted, address, unsigned
from tests.support.words import COLLATERAL, DEPOSIT_CAP, LIMITS, RATES, RISK, TERMS, VENUE, collateral_word

OWNERS = 7
SUBS = 2
RICH = 2**110
MAX = 2**256 - 1

# The contracts' words for each class of reason of the model.
REASONS: dict[Reason, tuple[str, ...]] = {
    Reason.PROTOCOL: ("manager: protocol account",),
    Reason.OWNER: ("manager: new asset for another", "manager: not the same owner", "manager: not the owner"),
    Reason.AMOUNT: ("vault: nothing credited", "vault: amount granularity", "vault: too many tokens"),
    Reason.ASSET: ("vault: unknown asset", "vault: unknown token"),
    Reason.DEPOSIT_CAP: ("manager: deposit cap",),
    Reason.FUNDS: ("vault: insufficient balance",),
    Reason.LIQUIDITY: ("vault: not enough tokens",),
    Reason.RESERVED: ("vault: reserved range",),
    Reason.SIZE: ("engine: size not in lots",),
    Reason.MARKET: ("manager: unknown market",),
    Reason.PRICE: ("manager: no valid price",),
    Reason.BAND: ("manager: price off the mark",),
    Reason.REDUCE_ONLY: ("engine: nothing to reduce",),
    Reason.FILL: ("engine: beyond the depth",),
    Reason.WORST: ("engine: worse than the bound",),
    Reason.MAX_OI: ("engine: open interest cap",),
    Reason.MAX_OI_QUOTE: ("engine: notional cap",),
    Reason.SHARE: ("engine: share of the pool",),
    Reason.MIN_NOTIONAL: ("engine: position too small",),
    Reason.SLOTS: ("manager: too many positions",),
    Reason.UTILISATION: ("engine: utilisation",),
    Reason.MARGIN: ("manager: below initial margin", "manager: reduction hurts", "manager: conversion hurts"),
    Reason.FRACTION: ("manager: fraction",),
    Reason.NOTHING: ("manager: nothing to close",),
    Reason.OWED: ("manager: more than is owed",),
    Reason.SELL_PRICE: ("manager: below the discount",),
    Reason.POOL_EXIT: ("manager: cash owed to winners",),
}
# Where the contract looks at two things in another order than the model, either is right.
ORDER: dict[tuple[str, Reason], tuple[Reason, ...]] = {
    ("trade", Reason.SIZE): (Reason.RESERVED, Reason.MARKET, Reason.BAND),
    ("trade", Reason.MARKET): (Reason.RESERVED,),
    ("trade", Reason.BAND): (Reason.RESERVED,),
    ("trade", Reason.PRICE): (Reason.RESERVED,),
    ("withdraw", Reason.FUNDS): (Reason.AMOUNT,),
    ("settle_loss", Reason.MARKET): (Reason.PRICE,),
    ("convert_collateral", Reason.FUNDS): (Reason.OWED, Reason.PRICE),
    ("sell_inventory", Reason.SELL_PRICE): (Reason.FUNDS,),
    ("close_fraction", Reason.NOTHING): (Reason.PRICE,),
    ("pool_withdraw", Reason.LIQUIDITY): (Reason.FUNDS,),
    ("pool_withdraw", Reason.POOL_EXIT): (Reason.FUNDS,),
}


class Failure(AssertionError):
    """Chain, model and invariants do not agree."""


def must(condition: object, text: str) -> None:
    """Fail unless the condition holds."""
    if not condition:
        raise Failure(text)


@dataclass
class Call:
    """A call in both worlds. args, kw: the model's; words: the contract's. account: whose it is (0: nobody's)."""

    name: str
    account: int
    args: tuple[Any, ...]
    sender: str
    words: tuple[int, ...]
    kw: dict[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass
class Outcome:
    """What became of a call: the model's answer, or the class and the words it was refused with."""

    call: Call
    result: Any = None
    refused: Reason | None = None
    words: str = ""
    data: list[int] = field(default_factory=list)


class World:
    """Handles, names and the two ways to make a call. `log` holds every transaction since the start."""

    def __init__(self, setup: setups.Venues, root: Path = ROOT) -> None:
        self.setup = setup
        self.chain = Chain(root)
        self.log: list[list[Any]] = []
        self.actors = {n: address(n) for n in ("deployer", "owner", "configurator", "order_book", "outsider")}
        self.actors |= {n: address(n) for n in ("liquidator", "pool", "keeper", "buyer")}
        self.owners = [address(f"trader {i}") for i in range(OWNERS)]
        self.traders = [int(o, 16) << 96 | sub for o in self.owners for sub in range(SUBS)]
        self.keeper = int(self.actors["keeper"], 16) << 96
        self._deploy()
        self.model = Venue(setups.params(setup), self.chain.time, int(self.actors["pool"], 16))
        self._configure()
        self._fund()
        self.donated = 0

    # ---- building ------------------------------------------------------------------------------
    def _deploy(self) -> None:
        s, deploy, by = self.setup, self.chain.deploy, self.actors["deployer"]
        token = "tests/contracts/tokens/StandardToken.vy"
        feed = "tests/support/contracts/Feed.vy"
        answers = [m.price // TICK for m in s.markets]
        self.quote = deploy(token, by, s.quote_decimals)
        self.tokens = [deploy(token, by, a.decimals) for a in s.assets]
        feeds = [deploy(feed, by, 8, a) for a in answers]
        quote_feed = deploy(feed, by, 8, 10**8)
        self.oracle = deploy("contracts/OracleAdapter.vy", by, int(self.actors["owner"], 16))
        self.engine = deploy("contracts/Engine.vy", by)
        maker = address("deployer of the manager")
        manager = keccak(b"\xd6\x94" + bytes.fromhex(maker[2:]) + b"\x80")[12:]  # its first contract
        self.vault = deploy("contracts/Vault.vy", by, int.from_bytes(manager, "big"), self.quote.number)
        links = (self.vault.number, self.oracle.number, self.engine.number)
        roles = (int(self.actors[n], 16) for n in ("pool", "configurator"))
        self.manager = deploy("contracts/PositionManager.vy", maker, *links, *roles)
        must(self.manager.address == "0x" + manager.hex(), "the manager is not where the Vault expects it")
        self.feeds = Feeds(self.chain, self.oracle, feeds, quote_feed, answers)

    def _configure(self) -> None:
        s, owner, by = self.setup, self.actors["owner"], self.actors["configurator"]
        self.oracle.call(owner, "set_quote_feed", self.feeds.quote.number, 8, AGE, 1, 2**60)
        for i, f in enumerate(self.feeds.feeds):
            self.oracle.call(owner, "set_feed", i, f.number, 8, AGE, 1, 2**80)
        self.manager.call(by, "set_role", int(self.actors["order_book"], 16), 1)
        self.manager.call(by, "set_role", int(self.actors["liquidator"], 16), 2)
        words = [(VENUE, 0, s.venue.word()), (RATES, 0, s.rates.word())]
        for i, m in enumerate(s.markets):
            words += [(RISK, i, m.risk_word()), (TERMS, i, m.terms_word()), (LIMITS, i, m.limits_word())]
        words += [(COLLATERAL, 0, collateral_word(s.assets))]
        words += [(DEPOSIT_CAP, i, a.cap) for i, a in enumerate(s.assets)]
        for word in words:
            self.manager.call(by, "configure", *word)
        for t in self.tokens:
            self.manager.call(by, "list_asset", t.number)
        self.feeds.tell(self.model)

    def _fund(self) -> None:
        for who in (*self.owners, self.actors["pool"], self.actors["buyer"], self.actors["outsider"]):
            for token in (self.quote, *self.tokens):
                token.call(who, "mint", int(who, 16), RICH)
                token.call(who, "approve", self.vault.number, MAX)

    # ---- names ---------------------------------------------------------------------------------
    def owner_of(self, account: int) -> str:
        """The address that owns an account."""
        return "0x" + (account >> 96).to_bytes(20, "big").hex()

    def token_of(self, asset: int) -> Contract:
        """The token of an asset id."""
        return self.quote if asset == QUOTE else self.tokens[asset]

    def decimals_of(self, asset: int) -> int:
        """Decimals of an asset's token."""
        return self.setup.quote_decimals if asset == QUOTE else self.setup.assets[asset].decimals

    # ---- acting --------------------------------------------------------------------------------
    def warp(self, seconds: int) -> None:
        """A new block in both worlds."""
        self.log.append(["warp", seconds])
        self.chain.warp(seconds)
        self.model.warp(seconds)
        self.feeds.tell(self.model)

    def push(self, answers: dict[int, int], quote: int | None = None) -> None:
        """Publish rounds in the current second, which no word may have been read in yet."""
        self.log.append(["push", answers, quote])
        if quote is not None:
            self.feeds.push_quote(quote)
        for m, answer in answers.items():
            self.feeds.push(m, answer)
        self.feeds.tell(self.model)

    def attempt(self, call: Call) -> Outcome:
        """The model first: it says what must happen. Then the chain, which must do exactly that."""
        self.log.append(["call", call.name, call.args, call.kw, call.sender, call.words, call.note])
        out = Outcome(call)
        try:
            out.result = getattr(self.model, call.name)(*call.args, **call.kw)
        except Reject as error:
            out.refused = error.reason
        try:
            out.data = unsigned(self.manager.call(call.sender, call.name, *call.words))
        except Reverted as error:
            out.words = error.reason or "(no reason)"
        self._agree(out)
        return out

    def _agree(self, out: Outcome) -> None:
        if out.refused is None:
            must(not out.words, f"I-29: {out.call.name} must succeed, but reverted: {out.words}")
            return
        must(out.words, f"I-29: {out.call.name} must be refused ({out.refused.name}), but succeeded")
        classes = (out.refused, *ORDER.get((out.call.name, out.refused), ()))
        right = [words for c in classes for words in REASONS[c]]
        if out.words not in right and out.refused is Reason.PRICE and out.call.name == "trade":
            right += self._with_prices(out.call)  # the contract looks at the account's prices last
        must(out.words in right, f"I-29: {out.call.name} must be refused with {right}, not {out.words!r}")

    def _with_prices(self, call: Call) -> list[str]:
        """The reasons that stay when every price is taken to be valid."""
        kept = self.model.valid
        self.model.valid = dict.fromkeys(kept, True)
        try:
            reason = self.model.refusal(call.name, *call.args, **call.kw)
        finally:
            self.model.valid = kept
        return list(REASONS[reason]) if reason else []
