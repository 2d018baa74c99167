"""Plays actions on a world, one by one, with every check after each. An action is a list of JSON values, so a log of them
plays again without the draws that made them."""

from __future__ import annotations

from typing import Any

from crossmargin.model import QUOTE
from crossmargin.model.margin import Assessment
from crossmargin.model.orders import Order
from tests.stateful import notes
from tests.stateful.invariants import Step, check_all, worth
from tests.stateful.report import Report
from tests.stateful.snapshot import Reader, compare
from tests.stateful.twin import Call, Failure, Health, Outcome, Snapshot, must
from tests.stateful.world import World
from tests.support.pyrevm_chain import Reverted, to_signed
from tests.support.pyrevm_chain import words as encoded

VIEWS_EVERY = 10
PRICED = ("warp", "push", "store", "donate")


def frozen(value: Any) -> Any:
    """Lists, as JSON has them, to tuples; what is in dictionaries too."""
    if isinstance(value, list | tuple):
        return tuple(frozen(x) for x in value)
    return {k: frozen(v) for k, v in value.items()} if isinstance(value, dict) else value


class Player:
    """One world, its log, and the state after the last action."""

    def __init__(self, world: World, report: Report) -> None:
        self.w, self.report = world, report
        self.log: list[list[Any]] = []
        self.reader = Reader(world)
        self.index = 0
        self.purses: dict[str, tuple[int, int]] = {}
        self.cache: dict[int, tuple[Any, list[Any], Assessment]] = {}
        self.state: Snapshot = self.reader.read(set(world.traders))
        compare(self.state, world)
        self.health = self.assess()
        self.worth = worth(world, self.state)
        self.before, self.health_before = self.state, self.health

    # ---- actions -------------------------------------------------------------------------------
    def play(self, kind: str, *args: Any) -> Any:
        """One action: warp, push, store, donate, sequencer, mood, check, call, refused, purse, no_gain, empty."""
        self.log.append([kind, *args])
        if kind in PRICED:
            self.cache.clear()
        return getattr(self, "_" + kind)(*args)

    def replay(self, log: list[list[Any]]) -> None:
        """The actions of a log."""
        for kind, *args in log:
            self.play(kind, *frozen(args))

    def _warp(self, seconds: int) -> None:
        self.w.warp(seconds)

    def _push(self, answers: Any, quote: int | None) -> None:
        self.w.push(dict(answers), quote)

    def _store(self) -> None:
        self.w.feeds.store()

    def _donate(self, receiver: str, amount: int) -> None:
        self.w.donate(receiver, amount)

    def _sequencer(self, up: bool) -> None:
        self.w.sequencer(up)

    def _mood(self, contract: str, function: str, words: Any, refuses: bool) -> None:
        target = self.w.contract(contract)
        self.w.mood(target.number, target.artifact.selectors[function] + encoded(*words), refuses)

    def _check(self) -> None:
        self._finish(None)

    def _call(self, name: str, account: int, args: Any, sender: str, note: str) -> Outcome:
        if name.startswith("set_"):
            self.cache.clear()
        before_valid = any(self.w.model.valid.values())
        out = self.w.settle(Call(name, account, args, sender, note))
        self._finish(out)
        self.report.calls[f"{name} {'refused' if out.refused else 'ok'}"] += 1
        notes.note(self, out, before_valid)
        return out

    def _refused(self, contract: str, function: str, sender: str, words: Any, reason: str) -> None:
        """I-28, I-27: a call that must be refused for this reason, and changes nothing."""
        try:
            self.w.contract(contract).call(sender, function, *words)
        except Reverted as error:
            must(error.reason == reason, f"I-28: {function}: {error.reason!r}, not {reason!r}")
        else:
            raise Failure(f"I-28: {function} went through, not {reason!r}")
        self.report.checks["I-28"] += 1
        self._finish(None)

    # ---- purses: what one actor has, for round trips -----------------------------------------------
    def _purse(self, name: str, accounts: Any, lp: int) -> None:
        self.purses[name] = self._wealth(accounts, lp)

    def _no_gain(self, name: str, accounts: Any, lp: int, invariant: str) -> None:
        """I-16, I-21: back at where it began, nothing was gained."""
        (old, held), (new, now) = self.purses.pop(name), self._wealth(accounts, lp)
        if held == now and not any(self.w.model.account(a).positions for a in accounts):
            must(new <= old, f"{invariant}: {name} made {new - old}")
            self.report.checks[invariant] += 1
            self.report.seen[name] += 1

    def _empty(self, start: int) -> None:
        """W-3: after everybody left nothing is there but rounding: a millionth, and some units an account.

        What a pool without shares holds is nobody's: penalties of a cover pool that nobody had entered, above all.
        """
        v, d = self.w.model, self.w.setup.quote_decimals
        left = v.ledger.credited[QUOTE]
        left -= sum(max(0, v.account(v.tranche_id(t)).cash) for t, b in v.books.items() if not b.supply)
        bound = start // 10**6 + 100 * 10 ** max(0, 18 - d)
        must(left <= bound, f"I-26: {left} of {start} are left when everybody has gone")
        self.report.checks["I-26"] += 1

    def _wealth(self, accounts: Any, lp: int) -> tuple[int, int]:
        """Cash of accounts and quote tokens of an address in WAD of a token with at most 18 decimals; its shares."""
        d, tokens = self.w.setup.quote_decimals, 0
        if lp:
            tokens = self.w.quote.read("balanceOf", lp)[0] * 10 ** max(0, 24 - d)
        cash = sum(self.w.model.account(a).cash for a in accounts) * 10**6
        return cash + tokens, self.w.model.shares.get(lp, 0)

    # ---- after each step -----------------------------------------------------------------------
    def assess(self) -> Health:
        """Health of every trader, by the model at the prices and time of now; those that nothing changed are kept."""
        return {t: self._assess(t) for t in self.w.traders}

    def _assess(self, trader: int) -> Assessment:
        account, markets = self.state.accounts[trader], self.state.markets
        legs = [markets[m] for m in account.positions]
        kept = self.cache.get(trader)
        same = kept is not None and kept[0] is account and len(kept[1]) == len(legs)
        if same and all(a is b for a, b in zip(kept[1], legs)):
            return kept[2]
        found = self.w.model.assess(self.w.model.account(trader))
        self.cache[trader] = (account, legs, found)
        return found

    def _finish(self, out: Outcome | None) -> None:
        """State word for word, views, and all invariants."""
        self.index += 1
        self.report.steps += 1
        keys = self.reader.keys
        own = out.accounts if out else set()
        after = self.reader.read(({*own} & set(keys)) | {keys[self.index % len(keys)]})
        compare(after, self.w)
        self.reader.switches.compare(after)
        self.reader.check_orders(self._named(out), self.index)
        self.reader.check_auctions()
        self.before, self.health_before, old = self.state, self.health, self.worth
        self.state = after
        self.health = self.assess()
        self.worth = worth(self.w, after)
        self._views(out)
        step = Step(self.before, after, self.health_before, self.health, number=self.index)
        if out is not None:
            call = out.call
            step.name, step.account, step.args, step.outcome = call.name, call.account, call.args, out
            step.result, step.refused, step.own, step.worths = out.result, out.refused, own, (old, self.worth)
        check_all(self.w, step, self.report.checks)
        self.report.checks["I-29"] += 1

    @staticmethod
    def _named(out: Outcome | None) -> list[Order]:
        """Orders that a call names."""
        if out is None:
            return []
        name, args = out.call.name, out.call.args
        if name in ("submit", "cancel"):
            return [Order(*args[0])]
        if name == "clear_expired":
            return [Order(*o) for o in args[0]]
        return [Order(*o) for o, _ in args[0]] if name == "execute" else []

    def _views(self, out: Outcome | None) -> None:
        """I-29: account_health of one account; at times solvency, shares and auctions."""
        account = out.call.account if out else 0
        if account not in self.health:
            account = self.w.traders[self.index % len(self.w.traders)]
        e, im, mm, state = self.w.manager.read("account_health", account)
        want = tuple(self.w.model.health(account))
        must(
            (to_signed(e), im, mm, state) == want, f"I-29: {account:#x}: health {(e, im, mm, state)}, {want}"
        )
        turn = self.index % VIEWS_EVERY
        if turn == 0:
            self._solvency()
        elif turn == 3:
            self._auctions()
        if turn == 6 or (out and self.index % 3 == 0 and out.call.name.startswith("lp_")):
            self._shares()

    def _solvency(self) -> None:
        got, d = self.w.manager.read("solvency"), self.w.setup.quote_decimals
        given = self.w.donated * 10 ** (18 - d) if d <= 18 else self.w.donated // 10 ** (d - 18)
        found = (got[0] - given, *map(to_signed, got[1:]))
        want = tuple(self.w.model.solvency())
        must(found == want, f"I-29: solvency {found}, model {want}")

    def _auctions(self) -> None:
        w, seller = self.w, self.w.twin.seller
        for asset, token in enumerate(w.tokens):
            got, want = w.liquidator.read("inventory_price", token.number), seller.inventory_price(asset)
            must(tuple(got) == want, f"I-29: inventory_price of {asset}: {got}, model {want}")
        got, want = w.liquidator.read("keeper_cost")[0], seller.keeper_cost(0)
        must(got == want, f"I-29: keeper_cost {got}, model {want}")

    def _shares(self) -> None:
        """The face of ERC-4626 against the model, and what it promises: what max says is taken, and no more."""
        w, v = self.w, self.w.model
        s = v.pool_state()
        got = list(map(to_signed, w.pool.read("pool_state")))
        want = [s.cash, s.debt, s.equity, s.reduced_equity, s.net, s.gross, s.utilisation, s.exit_utilisation]
        want += [s.tied_up, int(s.prices_valid), v.discounts()]
        must(got == want, f"I-29: pool_state {got}, model {want}")
        total = v.total_assets()
        must(w.pool.read("totalAssets") == [total], f"I-29: totalAssets, model {total}")
        unit = 10 ** max(0, w.setup.quote_decimals - 18)
        amount = (1 + self.index * 7919**3 % (total + 10**9)) // unit * unit + unit
        shares = 1 + self.index * 7919**5 % (v.supply + 10**18)
        for name, x, y in (
            ("previewDeposit", amount, v.preview_deposit(amount)),
            ("previewMint", shares, v.preview_mint(shares)),
            ("previewWithdraw", amount, v.preview_withdraw(amount)),
            ("previewRedeem", shares, v.preview_redeem(shares)),
            ("convertToAssets", shares, v.preview_redeem(shares)),
            ("convertToShares", amount, v.convert_to_shares(amount)),
        ):
            must(w.pool.read(name, x) == [y], f"I-29: {name}({x}), model {y}")
        self._most(int(w.lps[self.index % len(w.lps)], 16), unit)

    def _most(self, lp: int, unit: int) -> None:
        """maxWithdraw and maxRedeem of a holder: the model takes that, and refuses more."""
        w, v = self.w, self.w.model
        for view, call, step in (("maxWithdraw", "lp_withdraw", unit), ("maxRedeem", "lp_redeem", 1)):
            most = w.pool.read(view, lp)[0]
            if most:
                must(v.refusal(call, lp, most) is None, f"I-29: {view} {most} is refused by the model")
            more = most + step
            if (
                call == "lp_redeem" and not most
            ):  # a share may be worth nothing: the whole balance must be refused
                more = max(1, v.shares.get(lp, 0))
            must(v.refusal(call, lp, more) is not None, f"I-29: {view} {most}, the model takes {more}")
        refused = v.refusal("lp_deposit", lp, 10**6 * unit)
        room = w.pool.read("maxDeposit", lp)[0]
        must(bool(room) == (refused is None), f"I-29: maxDeposit {room}, the model says {refused}")
