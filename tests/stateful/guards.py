"""What the owner of the venue sets, and what everybody else may not."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from crossmargin.model import QUOTE
from crossmargin.model.maths import LOT, WAD
from tests.stateful.encoding import DOORS
from tests.stateful.moves_backing import BackingMoves
from tests.stateful.player import Player
from tests.stateful.report import Report
from tests.stateful.twin import Call, Outcome
from tests.stateful.world import World
from tests.support.pyrevm_chain import unsigned

Tried = tuple[str, str, tuple[int, ...], str]


class Guards:
    """Part of a sequence."""

    rng: random.Random
    w: World
    m: BackingMoves
    p: Player
    report: Report
    call: Callable[[Call | None], Outcome | None]

    def parameters(self) -> None:
        """A change of parameters with everything open; or one that is out of bounds."""
        found = self.m.parameters()
        if isinstance(found, Call):
            self.call(found)
            return
        name, args, reason = found
        door, owner = DOORS[name], self.w.actors["owner"]
        data = unsigned(door.data(self.w, owner, args))
        self.p.play("refused", door.contract, door.function, owner, data, reason)
        self.report.seen["parameters out of bounds refused"] += 1

    def donate(self) -> None:
        """Tokens that nobody deposited change nothing."""
        self.p.play("donate", self.rng.choice(("vault", "pool", "manager")), self.rng.randint(1, 10**8))
        self.report.seen["donation"] += 1
        self.p.play("check")

    def outsider(self) -> None:
        """I-28, I-27: what needs a role or an owner is refused to everybody else, and nothing changes."""
        w, a = self.w, self.m.holder()
        me = self.rng.choice((w.actors["outsider"], w.actors["keeper"], w.owner_of(self.m.trader())))
        me = w.actors["outsider"] if me == w.owner_of(a) else me
        my = int(me, 16)
        tried = [*self._on_accounts(a, my), *self._inside(a, my), *self._settings(my), *self._on_shares(my)]
        contract, function, words, reason = self.rng.choice(tried)
        self.p.play("refused", contract, function, me, words, reason)
        self.report.seen["outsider refused"] += 1

    def _on_accounts(self, a: int, my: int) -> list[Tried]:
        """On somebody's account."""
        cash, quote = max(1, self.w.model.account(a).cash), self.w.quote.number
        fill = (a, 0, LOT, 0, 2**200, 0, 0, my << 96, cash, 0)
        order = (a, 0, LOT, 2**200, 0, 1)
        return [
            ("manager", "withdraw", (a, quote, 1, 7), "manager: not the owner"),
            ("manager", "transfer", (a, my << 96, quote, cash), "manager: not the owner"),
            ("manager", "close_fraction", (a, WAD), "manager: not the owner"),
            ("manager", "reserve", (a, -1), "manager: not allowed"),
            ("manager", "charge_keeper_fee", (a, my << 96, WAD), "manager: not allowed"),
            ("manager", "trade", fill, "manager: not allowed"),
            ("manager", "liquidate", (a, WAD, my << 96), "manager: not allowed"),
            ("manager", "deleverage", (a, 0, LOT), "manager: not allowed"),
            ("orders", "submit", order, "orders: not the owner"),
            ("orders", "cancel", order, "orders: not the owner"),
        ]

    def _inside(self, a: int, my: int) -> list[Tried]:
        """Between the contracts."""
        buyer, quote = int(self.w.actors["buyer"], 16), self.w.quote.number
        return [
            ("manager", "sell_inventory", (0, quote, 1, my, my, WAD, 2**255, 256, 0), "manager: not allowed"),
            ("waterfall", "claim", (WAD, 1, WAD, 2**256 - 1), "waterfall: not the manager"),
            ("manager", "pool_deposit", (my, 10**6), "manager: not the pool"),
            ("manager", "pool_withdraw", (my, 1), "manager: not the pool"),
            ("vault", "pull", (a, QUOTE, buyer, 10**6), "vault: not manager"),
            ("vault", "push", (a, QUOTE, my, 1, 0), "vault: not manager"),
            ("vault", "post", (a, my << 96, 1, 0, 0, 0, 0), "vault: not manager"),
            ("vault", "exchange", (a, 0, quote, 1, my, my, 1, 256, 0), "vault: not manager"),
            ("vault", "set_cap", (0, 0), "vault: not manager"),
            ("vault", "shift", (a, my << 96, QUOTE, 1), "vault: not manager"),
            ("vault", "reserve", (a, 1), "vault: not manager"),
            ("vault", "write_off", (a, my << 96, 1, a), "vault: not manager"),
        ]

    def _settings(self, my: int) -> list[Tried]:
        """Of the venue."""
        owner = "ownable: caller is not the owner"
        return [
            ("manager", "configure", (0, 0, 0), "manager: not configurator"),
            ("manager", "set_role", (my, 1), "manager: not configurator"),
            ("manager", "list_asset", (self.w.quote.number,), "manager: not configurator"),
            ("orders", "set_keeper_fee", (WAD,), owner),
            ("liquidator", "set_terms", (0, 0, 0, 60), owner),
            ("configurator", "set_order_book", (my,), owner),
            ("configurator", "pause", (), owner),
            ("configurator", "unpause", (), owner),
            ("configurator", "close_market", (0,), owner),
            ("configurator", "shut_down", (), owner),
        ]

    def _on_shares(self, my: int) -> list[Tried]:
        """On somebody's shares, where they could go."""
        v, lp = self.w.model, int(self.w.lps[0], 16)
        able = not v.cooldown() and v.shares.get(lp, 0) and v.prices_valid() and v.preview_redeem(WAD)
        words: tuple[Any, ...] = (WAD, my, lp)
        reason = "erc20: insufficient allowance"
        moved: Tried = ("pool", "transferFrom", (lp, my, 1), reason)
        return [("pool", "redeem", words, reason), moved] if able else []
