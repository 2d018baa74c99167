"""The rules that others lost money by, each a switch over the reference model, and one small stage to play an attack on.

An attack is written once, as a function of a `Stage`. `Paper` plays it on the model: as it is, or with naive rules mixed in. `Real` plays
it on the bytecode. A stage knows what everybody brought, so `gain` is what an actor is up. An account that ends below nothing is walked away
from: it counts zero, not less. Amounts are WAD unless they are called tokens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boa

from crossmargin.model import Account, Liquidator, Params, Reason, Reject, Slice, Terms, Venue
from crossmargin.model import carry as rules
from crossmargin.model.maths import BPS, DAY, WAD
from crossmargin.model.params import QUOTE, require
from crossmargin.model.state import atomic
from tests.adversarial.arena import HOUR, USDC, Arena
from tests.stateful import setups
from tests.support.venue import account_of
from tests.support.words import LIMITS, LOT, VENUE, Setup


class Refused(Exception):
    """A call that the venue did not take."""


# ---- naive rules -------------------------------------------------------------------------------


class ProfitIsMoney(Venue):
    """Unrealised profit is lent out: a withdrawal needs E ≥ IM, whatever E is made of."""

    kept = "initial"

    @atomic
    def withdraw(self, account: int, asset: int, tokens: int) -> int:
        if asset != QUOTE:
            return super().withdraw(account, asset, tokens)
        amount = self._amount(asset, tokens, 0)
        self.ledger.add_cash(account, -amount)
        self.ledger.credit(asset, -amount)
        self._check_free(self._trader(account))
        return amount

    def _check_free(self, account: Account) -> None:
        found = self.assess(account)
        require(found.equity >= getattr(found, self.kept), Reason.MARGIN)


class DownToMaintenance(ProfitIsMoney):
    """The same, and only the maintenance margin stays."""

    kept = "maintenance"


class UncheckedTransfer(Venue):
    """Giving away what one has is nobody's business: the giver is not weighed."""

    @atomic
    def transfer(self, from_account: int, to_account: int, asset: int, amount: int) -> None:
        self.ledger.take(from_account, asset, amount)
        self.ledger.give(to_account, asset, amount)


class NoImpact(Venue):
    """Any size at the mark."""

    @staticmethod
    def terms(p: Params) -> Params:
        return each_market(p, skew_scale=2**64 - 1)


class NoCaps(Venue):
    """No open interest caps and no utilisation."""

    @staticmethod
    def terms(p: Params) -> Params:
        p = each_market(p, max_oi=2**72, max_oi_quote=2**120, share=10**9)
        return replace(p, cap_net=10**9, cap_gross=10**9)


class CapAnAccount(NoCaps):
    """The quote cap of a market is asked of each account alone."""

    def _check_caps(self, holder: Account, market: int, size: int, mp: Any) -> None:
        cap = self.capped[market].max_oi_quote
        require(abs(holder.positions[market][0]) * self.prices[market] <= cap * WAD, Reason.MAX_OI_QUOTE)


class FullWeight(Venue):
    """Unrealised profit carries new risk in full, and no crowd raises the initial margin."""

    @staticmethod
    def terms(p: Params) -> Params:
        return replace(each_market(p, oi_cap=0), profit_weight=BPS)


class FreeLiquidation(Venue):
    """A liquidation closes at the mark and costs nothing."""

    @staticmethod
    def terms(p: Params) -> Params:
        return replace(each_market(p, p_min=0), p_max=0, keeper_part=0, keeper_cap=0)


class PercentOnly(Venue):
    """The keeper's reward is a share of what is closed, and any dust may hold a position."""

    @staticmethod
    def terms(p: Params) -> Params:
        return replace(p, min_margin=0)

    def liquidate(self, account: int, keeper_cost: int, reward_account: int) -> Slice:
        return super().liquidate(account, 0, reward_account)


class NeedsCover(Venue):
    """Bad debt is the cover fund's alone: without the cash there is no liquidation."""

    def _claim(self, debt: int, *rest: Any) -> int:
        require(max(0, self.ledger.get(self.cover_id).cash) >= debt, Reason.FUNDS)
        return super()._claim(debt, *rest)


class FlatBonus(Venue):
    """The keeper gets a flat share of what is closed and of the collateral handed over, also where nothing is left to pay it."""

    on_positions, on_collateral = 400, 2_000  # bps
    taken = 0

    def _slice_positions(self, account: int, holder: Account, legs: Any, f: int, *rest: Any) -> Any:
        self.taken = sum(
            abs(x.lots) * self.prices[x.market] // 10**8 * f // WAD * self.on_positions // BPS for x in legs
        )
        return super()._slice_positions(account, holder, legs, f, *rest)

    def _slice_collateral(self, account: int, holder: Account, f: int, *rest: Any) -> None:
        for asset, amount in holder.collateral.items():
            price = self.prices[self.params.assets[asset].underlying]
            self.taken += price * amount // WAD * f // WAD * self.on_collateral // BPS
        super()._slice_collateral(account, holder, f, *rest)

    def _book_charges(self, account: int, paid: Any, *rest: Any) -> Any:
        self.ledger.move_cash(account, self.cover_id, self.taken)
        return super()._book_charges(account, paid, *rest) + self.taken


class AnyAnswer(Venue):
    """Whatever the feed says is the price: no bounds."""


class ReadTwice(Venue):
    """The feed is read whenever it is asked for, twice in a second if need be."""


class FirstOut(Venue):
    """LPs take out what tokens there are, whoever else is owed them."""

    @atomic
    def pool_withdraw(self, tokens: int, *rest: Any) -> int:
        amount = self._amount(QUOTE, tokens)
        self.ledger.add_cash(self.pool_id, -amount)
        self.ledger.credit(QUOTE, -amount)
        return amount


class BareShares(Venue):
    """Shares without virtual ones, of all tokens that lie there: gifts raise the price of a share."""

    def preview_deposit(self, assets: int, *rest: Any) -> int:
        return assets * self.supply // self.total_assets() if self.supply else assets

    def preview_redeem(self, shares: int, *rest: Any) -> int:
        return shares * self.total_assets() // self.supply if self.supply else 0


class EndlessAuction(Venue):
    """The discount of the inventory grows as long as nobody buys."""

    @atomic
    def sell_inventory(self, asset: int, tokens: int, share: int, limit: int) -> tuple[int, int]:
        ap, amount = self.params.assets[asset], self._amount(asset, tokens)
        price = self.prices[ap.underlying] * (BPS * WAD - ap.discount * share) // (BPS * WAD)
        cost = -(-amount * price // (WAD * 10 ** (18 - self.params.quote_decimals)))
        self.ledger.add_collateral(self.pool_id, asset, -amount)
        self.ledger.credit(asset, -amount)
        self.pool_deposit(cost)
        return price, cost


class NoConcession(Venue):
    """A conversion may not cost E − MM anything, not even what rounds off the last unit."""

    @atomic
    def convert_collateral(self, account: int, asset: int, amount: int) -> int:
        before = self.assess(self.account(account)).headroom
        credit = super().convert_collateral(account, asset, amount)
        require(self.assess(self.account(account)).headroom >= before, Reason.MARGIN)
        return credit


class Nearest(Venue):
    """Carry is rounded to the nearest unit on either side."""

    def indices(self, market: int) -> rules.Indices:
        state, mp = self.markets[market], self.params.markets[market]
        exact = rules.accrue(state, mp, self.time)
        dt, limit = self.time - state.time, mp.clamp * 10**5
        assert abs(exact.rate) < limit or state.rate == exact.rate, "one piece of the trapezoid only"
        area2, borrow2 = (state.rate + exact.rate) * dt, 2000 * state.borrow * dt
        unit = 2 * DAY * 10**16
        steps = (state.mark * (area2 + borrow2), state.mark * (area2 - borrow2))
        long, short = ((2 * x + unit) // (2 * unit) for x in steps)
        return rules.Indices(state.index_long + long, state.index_short + short, exact.rate)


class PatientAuction(Liquidator):
    """The clock of an endless auction."""

    def _age(self, lot: Any) -> int:
        return self.venue.time * 10**6 - lot.start if lot.amount else 0


def each_market(p: Params, **changes: Any) -> Params:
    """The same fields changed in every market."""
    return replace(p, markets={m: replace(x, **changes) for m, x in p.markets.items()})


# ---- stages ------------------------------------------------------------------------------------


class Stage:
    """A venue to play on. outside: what an underlying fetches elsewhere, where that is not the mark."""

    setup: Setup
    prices: list[int]

    def __init__(self) -> None:
        self.brought: dict[str, int] = defaultdict(int)
        self.accounts: dict[str, set[int]] = defaultdict(set)
        self.outside: dict[int, int] = {}

    def bring(self, user: str, tokens: int, asset: int = QUOTE) -> None:
        """Fresh tokens in a wallet, at what they cost outside."""
        self.brought[user] += self.worth_of(asset, self.wad(asset, tokens))
        self.mint(user, tokens, asset)

    def deposit(self, user: str, tokens: int, asset: int = QUOTE, sub: int = 0) -> int:
        """Bring tokens into an account; returns it."""
        self.bring(user, tokens, asset)
        account = account_of(user, sub)
        self.accounts[user].add(account)
        self.put(user, account, tokens, asset)
        return account

    def set_price(self, market: int, price: int) -> None:
        """A second later the feed says so."""
        self.wait(1)
        self.publish(market, price)

    def draw(self, user: str, account: int, most: int) -> int:
        """Withdraw as many quote tokens as the venue lets go, to within one; returns how many."""
        return greedy(most, USDC, lambda x: self.withdraw(user, account, x))

    def open(self, account: int, market: int, size: int, least: int = WAD) -> int:
        """Trade as much of a size as the venue takes, to within `least`; returns how much."""
        sign = 1 if size > 0 else -1
        return sign * greedy(abs(size), least, lambda x: self.trade(account, market, sign * x), LOT)

    def close(self, account: int, market: int) -> None:
        """Trade out of a position, if there is one."""
        base = self.position(account, market)[0]
        if base:
            self.trade(account, market, -base)

    def size(self, market: int, quote: int) -> int:
        """Whole lots that are worth so many quote."""
        return quote * WAD * WAD // self.prices[market] // LOT * LOT

    def wad(self, asset: int, tokens: int) -> int:
        d = self.setup.quote_decimals if asset == QUOTE else self.setup.assets[asset].decimals
        return tokens * 10 ** (18 - d)

    def worth_of(self, asset: int, amount: int) -> int:
        """WAD of an asset in WAD quote, at what it fetches outside."""
        if asset == QUOTE:
            return amount
        u = self.setup.assets[asset].underlying
        return self.outside.get(u, self.prices[u]) * amount // WAD

    def equity(self, account: int) -> int:
        """Equity with collateral at what it fetches outside; may be negative."""
        total = self.health(account)[0]
        for asset, entry in enumerate(self.setup.assets):
            held = self.held(account, asset)
            lent = held * self.word(entry.underlying) * (BPS - entry.discount) // (WAD * BPS)
            total += self.worth_of(asset, held) - lent
        return total

    def worth(self, *users: str) -> int:
        """Wallets, shares, and accounts that are above nothing."""
        total = 0
        for user in users:
            total += self.wad(QUOTE, self.redeemable(user))
            for asset in (QUOTE, *range(len(self.setup.assets))):
                total += self.worth_of(asset, self.wad(asset, self.wallet(user, asset)))
            total += sum(max(0, self.equity(a)) for a in sorted(self.accounts[user]))
        return total

    def gain(self, *users: str) -> int:
        """What users have more than they brought, WAD quote."""
        return self.worth(*users) - sum(self.brought[u] for u in users)


def greedy(most: int, least: int, call: Callable[[int], object], unit: int = 1) -> int:
    """Repeat a call with ever smaller parts, whole units, while it is taken; returns the sum of what was."""
    done, part = 0, most
    while part >= least and done < most:
        part = min(part, most - done) // unit * unit
        try:
            call(part)
            done += part
        except Refused:
            part //= 2
    return done


class Paper(Stage):
    """The model of an arena's venue, with naive rules mixed in. LPs start with ten million quote."""

    def __init__(self, setup: Setup, *naive: type[Venue], capital: int = 10_000_000) -> None:
        super().__init__()
        self.setup, self.naive = setup, naive
        kind = type("NaiveVenue", (*naive, Venue), {})
        params = setups.params(setup)
        kind.capped = params.markets
        for rule in naive:
            params = getattr(rule, "terms", lambda p: p)(params)
        self.venue: Venue = kind(params, 1_700_000_000, 1)
        auction = PatientAuction if EndlessAuction in naive else Liquidator
        self.seller = auction(self.venue, Terms(WAD, 0, 0, HOUR))
        self.prices = [m.price for m in setup.markets]
        self.pockets: dict[tuple[str, int], int] = defaultdict(int)
        self.edges: dict[int, tuple[int, int]] = {}
        self.read: dict[int, int] = {}
        for m, price in enumerate(self.prices):
            self.venue.set_price(m, price)
        if capital:
            self.lp = "0x" + "11" * 20
            self.bring(self.lp, capital * USDC)
            self.lp_in(self.lp, capital * USDC)

    def ask(self, name: str, *args: Any) -> Any:
        """A call of the venue, or Refused."""
        try:
            return getattr(self.venue, name)(*args)
        except Reject as error:
            raise Refused(error.reason.value) from None

    def mint(self, user: str, tokens: int, asset: int) -> None:
        self.pockets[user, asset] += tokens

    def put(self, user: str, account: int, tokens: int, asset: int) -> None:
        self.ask("deposit", account, asset, tokens, int(user, 16))
        self.pockets[user, asset] -= tokens

    def withdraw(self, user: str, account: int, tokens: int, asset: int = QUOTE) -> None:
        self.ask("withdraw", account, asset, tokens)
        self.pockets[user, asset] += tokens

    def move(self, user: str, source: int, target: int, amount: int, asset: int = QUOTE) -> None:
        self.ask("transfer", source, target, asset, amount)
        self.accounts[user].add(target)

    def trade(self, account: int, market: int, size: int) -> None:
        self.ask("trade", account, market, size, 0, 2**255 if size > 0 else 0, False, False, account)

    def close_fraction(self, user: str, account: int, f: int = WAD) -> None:
        self.ask("close_fraction", account, f)

    def liquidate(self, account: int, keeper: str, cost: int = WAD) -> Slice:
        self.accounts[keeper].add(account_of(keeper))
        done = self.ask("liquidate", account, cost, account_of(keeper))
        self.seller.observe()
        return done

    def convert(self, user: str, account: int, asset: int, amount: int) -> None:
        self.ask("convert_collateral", account, asset, amount)

    def settle(self, account: int, market: int) -> None:
        self.ask("settle_loss", account, market)

    def poke(self, market: int) -> None:
        self.ask("poke", market)

    def buy_all(self, user: str, asset: int) -> int:
        bought = self.seller.buy_collateral(asset, 2**120, 2**255)
        self.bring(user, bought.cost)
        self.pockets[user, QUOTE] -= bought.cost
        self.pockets[user, asset] += bought.tokens
        return bought.cost

    def lp_in(self, user: str, tokens: int) -> int:
        shares = self.ask("lp_deposit", int(user, 16), tokens)
        self.pockets[user, QUOTE] -= tokens
        return shares

    def lp_out(self, user: str) -> int:
        who = int(user, 16)
        most = self.venue.shares.get(who, 0)
        found = 0

        def redeem(shares: int) -> None:
            nonlocal found
            found += self.ask("lp_redeem", who, shares)

        greedy(most, max(1, most // 2**24), redeem)
        self.pockets[user, QUOTE] += found
        return found

    def donate(self, user: str, tokens: int) -> None:
        self.bring(user, tokens)
        self.pockets[user, QUOTE] -= tokens
        if BareShares in self.naive:
            self.ask("pool_deposit", tokens)

    def publish(self, market: int, price: int) -> None:
        low, high = self.edges.get(market, (0, 2**255))
        self.prices[market] = price
        if self.read.get(market) == self.venue.time and ReadTwice not in self.naive:
            return
        self.read[market] = self.venue.time
        if low < price < high or AnyAnswer in self.naive:
            self.venue.set_price(market, price)
        else:
            self.venue.set_price(market, self.venue.prices[market], valid=False)

    def wait(self, seconds: int) -> None:
        self.venue.warp(seconds)

    def bounds(self, market: int, low: int, high: int) -> None:
        self.edges[market] = (low, high)

    def limits(self, market: int, **changes: int) -> None:
        mp = setups.market_params(replace(self.setup.markets[market], **changes))
        names = ("max_oi", "max_oi_quote", "share", "min_notional")
        fields = {n: getattr(mp, n) for n in names}
        type(self.venue).capped = {**self.venue.capped, market: mp}
        if not any(issubclass(rule, NoCaps) for rule in self.naive):
            self.venue.configure_market(market, **fields)

    def health(self, account: int) -> tuple[int, int, int, int]:
        return self.venue.health(account)

    def word(self, underlying: int) -> int:
        return self.venue.prices[underlying]

    def position(self, account: int, market: int) -> tuple[int, int]:
        return self.venue.position(account, market)

    def cash(self, account: int) -> int:
        return self.venue.account(account).cash

    def held(self, account: int, asset: int) -> int:
        return self.venue.account(account).collateral.get(asset, 0)

    def wallet(self, user: str, asset: int = QUOTE) -> int:
        return self.pockets[user, asset]

    def redeemable(self, user: str) -> int:
        return self.venue.preview_redeem(self.venue.shares.get(int(user, 16), 0))

    def pool_equity(self) -> int:
        return self.venue.pool_state().reduced_equity

    def funds(self) -> tuple[int, int]:
        return self.cash(self.venue.pool_id), self.cash(self.venue.cover_id)


def reason_of(error: boa.BoaError) -> str:
    """The reason string that went through all frames."""
    data = error.call_trace.computation.output
    return data[68 : 68 + int.from_bytes(data[36:68], "big")].decode() if len(data) >= 100 else ""


class Real(Stage):
    """The bytecode."""

    def __init__(self, arena: Arena) -> None:
        super().__init__()
        self.arena, self.setup, self.lp = arena, arena.setup, arena.lp

    @property
    def prices(self) -> list[int]:
        return self.arena.prices

    def ask(self, call: Callable[..., Any], *args: Any, **kw: Any) -> Any:
        """A call of a contract, or Refused with its reason."""
        try:
            return call(*args, **kw)
        except boa.BoaError as error:
            raise Refused(reason_of(error)) from None

    def token(self, asset: int) -> Any:
        return self.arena.quote if asset == QUOTE else self.arena.tokens[asset]

    def mint(self, user: str, tokens: int, asset: int) -> None:
        self.arena.fund(user, tokens, self.token(asset))

    def put(self, user: str, account: int, tokens: int, asset: int) -> None:
        self.ask(self.arena.manager.deposit, account, self.token(asset).address, tokens, sender=user)

    def withdraw(self, user: str, account: int, tokens: int, asset: int = QUOTE) -> None:
        call = self.arena.manager.withdraw
        self.ask(call, account, self.token(asset).address, tokens, user, sender=user)

    def move(self, user: str, source: int, target: int, amount: int, asset: int = QUOTE) -> None:
        call = self.arena.manager.transfer
        self.ask(call, source, target, self.token(asset).address, amount, sender=user)
        self.accounts[user].add(target)

    def trade(self, account: int, market: int, size: int) -> None:
        self.ask(self.arena.trade, account, market, size)

    def close_fraction(self, user: str, account: int, f: int = WAD) -> None:
        self.ask(self.arena.manager.close_fraction, account, f, sender=user)

    def liquidate(self, account: int, keeper: str, cost: int = WAD) -> Slice:
        self.accounts[keeper].add(account_of(keeper))
        done = self.ask(self.arena.liquidated, account, keeper)
        return Slice(done.slice, done.reward, done.reason)

    def convert(self, user: str, account: int, asset: int, amount: int) -> None:
        call = self.arena.manager.convert_collateral
        self.ask(call, account, self.token(asset).address, amount, sender=user)

    def settle(self, account: int, market: int) -> None:
        self.ask(self.arena.manager.settle_loss, account, market)

    def poke(self, market: int) -> None:
        self.ask(self.arena.manager.poke, market)

    def buy_all(self, user: str, asset: int) -> int:
        token, seller = self.token(asset).address, self.arena.liquidations
        price, stock = seller.inventory_price(token)
        cost = -(-stock * price // 10 ** (12 + self.setup.assets[asset].decimals)) + 2
        self.bring(user, cost)
        before = self.wallet(user)
        self.ask(seller.buy_collateral, token, stock, 2**255, user, b"", sender=user)
        return before - self.wallet(user)

    def lp_in(self, user: str, tokens: int) -> int:
        self.arena.quote.approve(self.arena.shares.address, 2**256 - 1, sender=user)
        return self.ask(self.arena.shares.deposit, tokens, user, sender=user)

    def lp_out(self, user: str) -> int:
        return self.ask(self.arena.lp_out, user)

    def donate(self, user: str, tokens: int) -> None:
        for at in (self.arena.vault, self.arena.shares):
            self.bring(user, tokens)
            self.arena.quote.transfer(at.address, tokens, sender=user)

    def publish(self, market: int, price: int) -> None:
        self.arena.feeds[market].push(price // 10**10)
        self.arena.prices[market] = price // 10**10 * 10**10

    def wait(self, seconds: int) -> None:
        if seconds > HOUR:
            self.arena.warp(seconds)
        else:
            boa.env.time_travel(seconds=seconds)

    def bounds(self, market: int, low: int, high: int) -> None:
        feed = (self.arena.feeds[market].address, 8, DAY, low // 10**10, high // 10**10)
        self.arena.oracle.set_feed(market, feed, sender=self.arena.owner)

    def limits(self, market: int, **changes: int) -> None:
        word = replace(self.setup.markets[market], **changes).limits_word()
        self.arena.configure(LIMITS, market, word)

    def terms(self, **changes: int) -> None:
        self.arena.configure(VENUE, 0, replace(self.setup.venue, **changes).word())

    def health(self, account: int) -> tuple[int, int, int, int]:
        return tuple(self.arena.manager.account_health(account))

    def word(self, underlying: int) -> int:
        return self.arena.oracle.prices([underlying])[0].price

    def position(self, account: int, market: int) -> tuple[int, int]:
        return tuple(self.arena.manager.position(account, market))

    def cash(self, account: int) -> int:
        return self.arena.manager.cash(account)

    def held(self, account: int, asset: int) -> int:
        return self.arena.vault.collateral(account, asset)

    def wallet(self, user: str, asset: int = QUOTE) -> int:
        return self.token(asset).balanceOf(user)

    def redeemable(self, user: str) -> int:
        return self.arena.shares.convertToAssets(self.arena.shares.balanceOf(user))

    def pool_equity(self) -> int:
        return self.arena.shares.pool_state().reduced_equity

    def funds(self) -> tuple[int, int]:
        return self.cash(self.arena.pool_account), self.cash(self.arena.cover_account)
