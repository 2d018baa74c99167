"""The model's side of a world: venue, order book and liquidator of the model, and what happened inside a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from crossmargin.model import (
    AssetParams,
    Liquidator,
    MarketParams,
    Order,
    OrderBook,
    Params,
    Reason,
    Reject,
    Terms,
    Timing,
    Tranche,
    Venue,
)
from crossmargin.model.carry import Market
from crossmargin.model.ledger import Account
from crossmargin.model.margin import Assessment
from crossmargin.model.orders import Proof


class Failure(AssertionError):
    """Chain, model and invariants do not agree."""


def must(condition: object, text: str | Callable[[], str]) -> None:
    """Fail unless the condition holds. Give a function where the text is costly to make."""
    if not condition:
        raise Failure(text if isinstance(text, str) else text())


@dataclass
class Snapshot:
    """Decoded state. accounts: those that are known. credited, held: by asset, WAD and token units."""

    accounts: dict[int, Account]
    markets: dict[int, Market]
    sums: tuple[int, ...]
    credited: dict[int, int]
    debt: int
    held: dict[int, int]
    time: int
    supply: int = 0
    shares: dict[int, int] = field(default_factory=dict)
    cover_supply: int = 0
    cover_shares: dict[int, int] = field(default_factory=dict)

    def cash(self, key: int) -> int:
        """Cash of an account."""
        return self.accounts[key].cash


Health = dict[int, Assessment]


@dataclass
class Event:
    """A trade, a liquidation, a closing out or a keeper's fee inside a call. before, after: state and health around it in a batch of many."""

    name: str
    account: int
    args: tuple[Any, ...]
    result: Any = None
    refused: Reason | None = None
    before: tuple[Snapshot, Health] | None = None
    after: tuple[Snapshot, Health] | None = None


class Watched(Venue):
    """A venue that notes what happens inside calls, while `events` is a list."""

    events: list[Event] | None = None
    deep = False
    watched: tuple[int, ...] = ()

    def view(self) -> tuple[Snapshot, Health]:
        """The model's state as a snapshot of the chain would show it, and the health of all traders."""
        accounts = {key: self.account(key).copy() for key in (*self.watched, self.pool_id, self.cover_id)}
        markets = {m: x.copy() for m, x in self.markets.items()}
        credited, debt = dict(self.ledger.credited), self.ledger.debt
        shot = Snapshot(accounts, markets, self.sums, credited, debt, {}, self.time, self.supply, self.shares)
        shot.cover_supply = self.books[Tranche.COVER].supply
        return shot, {t: self.assess(self.account(t)) for t in self.watched}

    def _watch(self, name: str, call: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        if self.events is None:
            return call(*args)
        event = Event(name, args[0], args)
        event.before = self.view() if self.deep else None
        self.events.append(event)
        try:
            event.result = call(*args)
        except Reject as error:
            event.refused = error.reason
            raise
        event.after = self.view() if self.deep else None
        return event.result

    def sold_by(self, seller: Liquidator, *args: int) -> Any:
        """A purchase, to be tried."""
        return seller.buy_collateral(*args)

    def trade(
        self,
        account: int,
        market: int,
        size: int,
        price: int = 0,
        worst_price: int = 0,
        reduce_only: bool = False,
        spread: bool = False,
        keeper: int = 0,
        keeper_fee: int = 0,
        reserved: int = 0,
    ) -> Any:
        """As the model's."""
        rest = (worst_price, reduce_only, spread, keeper, keeper_fee, reserved)
        return self._watch("trade", super().trade, (account, market, size, price, *rest))

    def liquidate(self, account: int, keeper_cost: int, reward_account: int) -> Any:
        """As the model's."""
        return self._watch("liquidate", super().liquidate, (account, keeper_cost, reward_account))

    def settle(self, account: int, market: int) -> int:
        """As the model's; a keeper closes out what he liquidates."""
        return self._watch("settle", super().settle, (account, market))

    def charge_keeper_fee(self, account: int, keeper: int, fee: int) -> int:
        """As the model's."""
        return self._watch("charge_keeper_fee", super().charge_keeper_fee, (account, keeper, fee))


@dataclass
class Call:
    """A call in both worlds, by its name in encoding.DOORS. account: whose it is (0: nobody's). args: integers, nested."""

    name: str
    account: int
    args: tuple[Any, ...]
    sender: str
    note: str = ""


@dataclass
class Outcome:
    """What became of a call: the model's answer, or the class and the words it was refused with."""

    call: Call
    result: Any = None
    refused: Reason | None = None
    words: str = ""
    answer: Any = None
    events: list[Event] = field(default_factory=list)

    @property
    def accounts(self) -> set[int]:
        """Traders' accounts that the call is of."""
        if self.call.name in ("settle_loss", "convert_collateral", "poke", "clear_expired"):
            return set()
        return {self.call.account} | {e.account for e in self.events}


class Twin:
    """The model's three parts under one roof."""

    def __init__(
        self, params: Params, time: int, pools: tuple[int, int], proof: Proof, fee: int, terms: Terms
    ) -> None:
        self.venue = Watched(params, time, pools[0], pools[1] << 96)
        self.book = OrderBook(self.venue, proof, fee)
        self.seller = Liquidator(self.venue, terms)

    def unsold(self, call: Call) -> Reason | None:
        """What a purchase would be refused for now."""
        lots = dict(self.seller.lots)
        try:
            return self.venue.refusal("sold_by", self.seller, *call.args[:3])
        finally:
            self.seller.lots = lots

    def perform(self, call: Call) -> Outcome:
        """Make a call; refused ones leave no trace."""
        out, venue = Outcome(call), self.venue
        venue.events = out.events
        venue.deep = call.name in ("execute", "liquidate") and len(call.args[0]) > 1
        if call.name == "liquidate":  # what is settled is closed out first: two events
            held = [m for a in call.args[0] for m in venue.account(a).positions]
            venue.deep |= any(venue.markets[m].settled for m in held)
        try:
            out.result = getattr(self, "_" + call.name, self._other)(call)
        except Reject as error:
            out.refused = error.reason
        finally:
            venue.events = None
        return out

    # ---- calls whose arguments differ from the contract's ------------------------------------------
    def _other(self, call: Call) -> Any:
        return getattr(self.venue, call.name)(*call.args)

    def _deposit(self, call: Call) -> Any:
        return self.venue.deposit(*call.args, int(call.sender, 16))

    def _submit(self, call: Call) -> Any:
        return self.book.submit(Order(*call.args[0]))

    def _cancel(self, call: Call) -> None:
        self.book.cancel(Order(*call.args[0]))

    def _clear_expired(self, call: Call) -> int:
        return self.book.clear_expired(Order(*o) for o in call.args[0])

    def _execute(self, call: Call) -> Any:
        keeper = int(call.sender, 16) << 96
        return self.book.execute([(Order(*o), n) for o, n in call.args[0]], keeper)

    def _liquidate(self, call: Call) -> Any:
        accounts, reward = call.args
        return self.seller.liquidate(accounts, reward or int(call.sender, 16) << 96)

    def _buy_collateral(self, call: Call) -> Any:
        return self.seller.buy_collateral(*call.args[:3])

    def _observe(self, call: Call) -> None:
        self.seller.observe()

    def _lp_deposit(self, call: Call) -> Any:
        return self.venue.lp_deposit(call.args[1], call.args[0])

    def _lp_mint(self, call: Call) -> Any:
        return self.venue.lp_mint(call.args[1], call.args[0])

    def _lp_withdraw(self, call: Call) -> Any:
        return self.venue.lp_withdraw(int(call.sender, 16), call.args[0])

    def _lp_redeem(self, call: Call) -> Any:
        return self.venue.lp_redeem(int(call.sender, 16), call.args[0])

    def _lp_transfer(self, call: Call) -> Any:
        return self.venue.lp_transfer(int(call.sender, 16), *call.args)

    def _lp_request(self, call: Call) -> Any:
        return self.venue.request_exit(int(call.sender, 16), *call.args)

    def _lp_finalise(self, call: Call) -> Any:
        return self.venue.finalise_exit(*call.args)[1]

    # ---- the cover pool ------------------------------------------------------------------------
    def _cover_deposit(self, call: Call) -> Any:
        return self.venue.lp_deposit(call.args[1], call.args[0], Tranche.COVER)

    def _cover_mint(self, call: Call) -> Any:
        return self.venue.lp_mint(call.args[1], call.args[0], Tranche.COVER)

    def _cover_redeem(self, call: Call) -> Any:
        return self.venue.lp_redeem(int(call.sender, 16), call.args[0], Tranche.COVER)

    def _cover_transfer(self, call: Call) -> Any:
        return self.venue.lp_transfer(int(call.sender, 16), *call.args, Tranche.COVER)

    def _cover_request(self, call: Call) -> Any:
        return self.venue.request_exit(int(call.sender, 16), *call.args, Tranche.COVER)

    def _cover_finalise(self, call: Call) -> Any:
        return self.venue.finalise_exit(*call.args, Tranche.COVER)[1]

    # ---- winding down --------------------------------------------------------------------------
    def _settle_market(self, call: Call) -> Any:
        return self.venue.settle_closing(*call.args)

    def _last_prices(self, call: Call) -> Any:
        return self.venue.take_last_prices()

    # ---- parameters ----------------------------------------------------------------------------
    def _set_venue(self, call: Call) -> None:
        self.venue.configure(**call.args[0])

    def _set_rates(self, call: Call) -> None:
        self.venue.configure(**call.args[0])

    def _set_market(self, call: Call) -> None:
        self.venue.change_market(call.args[0], MarketParams(**call.args[1]))

    def _set_collateral(self, call: Call) -> None:
        asset, discount, cap = call.args
        old: AssetParams = self.venue.params.assets[asset]
        new = replace(old, discount=discount, cap=cap)
        self.venue.configure(assets={**self.venue.params.assets, asset: new})

    def _set_timing(self, call: Call) -> None:
        self.book.set_timing(call.args[0], Timing(*call.args[1]))

    def _set_keeper_fee(self, call: Call) -> None:
        self.book.set_keeper_fee(*call.args)

    def _set_terms(self, call: Call) -> None:
        self.seller.set_terms(Terms(*call.args[0]))
