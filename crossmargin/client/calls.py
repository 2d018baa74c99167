"""Every call of the venue that the client knows, as data: what to ask, whom, and what the answer becomes.

Amounts are WAD, prices WAD quote per base unit, unless a unit is named; `tokens` are a token's smallest units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossmargin.client import abi, codec
from crossmargin.client.abi import Call
from crossmargin.client.events import OrderData
from crossmargin.client.records import (
    Account,
    Addresses,
    Clock,
    Closing,
    Collateral,
    Cure,
    Health,
    InventoryPrice,
    Market,
    MarketWords,
    OrderQuote,
    OrderResult,
    OrderStatus,
    Outcome,
    PendingExit,
    Pool,
    PoolState,
    Position,
    Price,
    Solvency,
    Step,
    Terms,
    Timing,
)
from crossmargin.errors import ConfigError

# What the Lens takes in one call.
HEALTH_CHUNK = 1000
ACCOUNTS_CHUNK = 50

# A failing order or account is caught inside the batch, so that an estimate finds the least gas with which *something*
# happens. These limits hold for sixteen positions; what is not used is not paid for.
BASE_GAS = 100_000
ORDER_GAS = 1_400_000
ACCOUNT_GAS = 1_400_000

POOLS = {"pool": "LiquidityPool", "cover": "CoverPool"}  # both are the same contract


class Calls:
    """The calls of one deployed venue. `addresses`: contract name -> address."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self.addresses = dict(addresses)

    def at(self, contract: str) -> str:
        """A contract's address."""
        try:
            return self.addresses[contract]
        except KeyError:
            raise ConfigError(f"the deployment has no {contract}") from None

    def call(self, contract: str, function: str, *args: object, **options: Any) -> Call[Any]:
        """Any function of any contract, structs as dicts."""
        return abi.load(contract).call(self.at(contract), function, *args, **options)

    # ---- the Lens --------------------------------------------------------------------------------

    def health(self, accounts: Sequence[int]) -> Call[list[Health]]:
        """Health of up to 1,000 accounts."""
        return self.call("Lens", "health", list(accounts), make=_list_of(Health))

    def health_at(self, accounts: Sequence[int], prices: Sequence[int]) -> Call[list[Health]]:
        """The same at other prices, by underlying; 0 or missing: the venue's own."""
        return self.call("Lens", "health_at", list(accounts), list(prices), make=_list_of(Health))

    def liquidatable(self, accounts: Sequence[int]) -> Call[list[int]]:
        """Those of up to 1,000 accounts on which `liquidate` would act."""
        return self.call("Lens", "liquidatable", list(accounts))

    def liquidation_shock(self, account: int) -> Call[int]:
        """Common move (WAD, signed) that makes it liquidatable; 0 if it is, NO_SHOCK if there is none."""
        return self.call("Lens", "liquidation_shock", account)

    def accounts(self, ids: Sequence[int]) -> Call[list[Account]]:
        """Everything about up to 50 accounts."""
        return self.call("Lens", "accounts", list(ids), make=lambda rows: [_account(row) for row in rows])

    def markets(self) -> Call[list[Market]]:
        """Every listed market, with its terms."""
        return self.call("Lens", "markets", make=lambda rows: [_market(row) for row in rows])

    def pool(self) -> Call[Pool]:
        """The LP pool, and the cover pool's cash."""
        return self.call("Lens", "pool", make=_pool)

    def quote_order(self, account: int, order: OrderData) -> Call[OrderQuote]:
        """What an order would do if it were filled now."""
        return self.call("Lens", "quote_order", account, order.as_tuple(), make=_of(OrderQuote))

    def cure(self, account: int) -> Call[Cure]:
        """What leads an account out of the warning band."""
        return self.call("Lens", "cure", account, make=_cure)

    def cascade(
        self, accounts: Sequence[int], moves: Sequence[int], keeper_cost: int = 0
    ) -> Call[list[Step]]:
        """What a path of up to 8 common moves (WAD) would set off among up to 50 accounts, at K = `keeper_cost`."""
        args = (list(accounts), list(moves), keeper_cost)
        return self.call("Lens", "cascade", *args, make=_list_of(Step))

    def lens_addresses(self) -> Call[Addresses]:
        """The contracts of the venue as they name each other on chain."""
        return self.call("Lens", "addresses", make=_of(Addresses))

    # ---- reads of other contracts ----------------------------------------------------------------

    def account_health(self, account: int) -> Call[Health]:
        """Health of one account from the PositionManager itself."""
        return self.call("PositionManager", "account_health", account, make=Health)

    def cash(self, account: int) -> Call[int]:
        """Signed quote."""
        return self.call("PositionManager", "cash", account)

    def collateral(self, account: int, token: str) -> Call[int]:
        """Amount of a collateral token."""
        return self.call("PositionManager", "collateral", account, token)

    def position(self, account: int, market: int) -> Call[codec.Leg]:
        """Base and quote of one position."""
        return self.call("PositionManager", "position", account, market, make=codec.Leg)

    def legs(self, account: int) -> Call[dict[int, codec.Leg]]:
        """All positions by market."""
        return self.call("PositionManager", "legs", account, make=_legs)

    def balance(self, account: int) -> Call[codec.Balance]:
        """Cash, reserved and collateral in the Vault."""
        return self.call("Vault", "snapshot", account, make=codec.decode_balance)

    def solvency(self) -> Call[Solvency]:
        """Tokens, ledger sums, D and the pool's equity."""
        return self.call("PositionManager", "solvency", make=_of(Solvency))

    def market_words(self, ids: int) -> Call[dict[int, MarketWords]]:
        """Carry and book of the markets in a bitmap, as stored."""
        return self.call("PositionManager", "market_words", ids, make=lambda rows: _market_words(ids, rows))

    def listed(self) -> Call[int]:
        """Bitmap of the listed markets."""
        return self.call("PositionManager", "venue_words", make=lambda *words: words[5])

    def rates(self) -> Call[codec.Rates]:
        """Caps, borrow curve, cooldowns, the ratios of W-1 and W-2, grace and flags."""
        return self.call("PositionManager", "venue_words", make=lambda *words: codec.decode_rates(words[4]))

    def clock(self) -> Call[Clock]:
        """The clock of deleveraging."""
        return self.call("Waterfall", "clock", make=_of(Clock))

    def threshold(self) -> Call[int]:
        """Theta of W-2: the least profit (WAD of notional) of who may be deleveraged now; NO_THRESHOLD: nobody may."""
        return self.call("Waterfall", "threshold")

    def used(self, market: int) -> Call[int]:
        """What a market's claims on the cover pool count against its cap now; market 32: those of no market."""
        return self.call("Waterfall", "used", market)

    def closing(self, market: int) -> Call[Closing]:
        """How far the winding down of a market has come."""
        return self.call("Configurator", "closing", market, make=Closing)

    def pool_state(self, pool: str = "pool") -> Call[PoolState]:
        """U-0 and U-1 of a pool ("pool" or "cover")."""
        return self.in_pool(pool, "pool_state", make=_of(PoolState))

    def pending_exit(self, owner: str, pool: str = "pool") -> Call[PendingExit]:
        """Shares that an LP has asked to redeem, and when they can be."""
        return self.in_pool(pool, "pending_exit", owner, make=PendingExit)

    def collateral_terms(self) -> Call[dict[int, codec.CollateralTerms]]:
        """Underlying and discount of the collateral assets, by asset id."""
        return self.call(
            "PositionManager", "venue_words", make=lambda *words: codec.decode_collateral(words[1])
        )

    def vault(self, function: str, *args: object) -> Call[Any]:
        """One of the Vault's views."""
        return self.call("Vault", function, *args)

    def token(self, token: str, function: str, *args: object) -> Call[Any]:
        """A view of an ERC-20."""
        return abi.erc20().call(token, function, *args)

    def prices(self, markets: Sequence[int]) -> Call[list[Price]]:
        """What a refresh would store now."""
        return self.call("OracleAdapter", "prices", list(markets), make=_list_of(Price))

    def source(self, market: int) -> Call[str]:
        """Address of the market's push feed."""
        return self.call("OracleAdapter", "feed", market, make=lambda feed: feed["source"])

    def round(self, source: str, round_id: int | None = None) -> Call[tuple[int, int, int]]:
        """(id, answer, publish time) of a feed's round; its latest by default."""
        if round_id is None:
            return abi.aggregator().call(source, "latestRoundData", make=_round)
        return abi.aggregator().call(source, "getRoundData", round_id, make=_round)

    def order_status(self, order_hash: str) -> Call[OrderStatus]:
        """All zero for an unknown order."""
        return self.call("OrderBook", "order_status", bytes.fromhex(order_hash[2:]), make=OrderStatus)

    def hash_order(self, order: OrderData) -> Call[str]:
        """The hash under which the OrderBook keeps it."""
        return self.call("OrderBook", "hash_order", order.as_tuple(), make=_hex)

    def timing(self, market: int) -> Call[Timing]:
        """Delay and windows of a market's orders."""
        return self.call("OrderBook", "timing", market, make=_of(Timing))

    def keeper_fee(self) -> Call[int]:
        """What an order's keeper gets."""
        return self.call("OrderBook", "keeper_fee")

    def keeper_cost(self) -> Call[int]:
        """K of Q-1 now."""
        return self.call("Liquidator", "keeper_cost")

    def inventory_price(self, token: str) -> Call[InventoryPrice]:
        """Price and amount of collateral that the pool has for sale."""
        return self.call("Liquidator", "inventory_price", token, make=InventoryPrice)

    # ---- sends -----------------------------------------------------------------------------------

    def approve(self, token: str, amount: int, spender: str | None = None) -> Call[None]:
        """Let the Vault (or another) take `amount` tokens."""
        return abi.erc20().call(token, "approve", spender or self.at("Vault"), amount)

    def deposit(self, account: int, token: str, tokens: int) -> Call[None]:
        """Credit `account` with the caller's tokens."""
        return self.call("PositionManager", "deposit", account, token, tokens)

    def deposit_with_permit(
        self, account: int, token: str, tokens: int, deadline: int, v: int, r: bytes, s: bytes
    ) -> Call[None]:
        """`deposit` without an approval beforehand."""
        return self.call("PositionManager", "deposit_with_permit", account, token, tokens, deadline, v, r, s)

    def withdraw(self, account: int, token: str, tokens: int, receiver: str) -> Call[None]:
        """Pay out, if margin allows."""
        return self.call("PositionManager", "withdraw", account, token, tokens, receiver)

    def transfer(self, from_account: int, to_account: int, token: str, amount: int) -> Call[None]:
        """Move `amount` WAD between one owner's accounts."""
        return self.call("PositionManager", "transfer", from_account, to_account, token, amount)

    def close_fraction(self, account: int, fraction: int) -> Call[None]:
        """Reduce the whole book by `fraction` (WAD)."""
        return self.call("PositionManager", "close_fraction", account, fraction)

    def settle_loss(self, account: int, market: int) -> Call[int]:
        """Turn an unrealised loss into cash; returns how much."""
        return self.call("PositionManager", "settle_loss", account, market)

    def convert_collateral(self, account: int, token: str, amount: int) -> Call[int]:
        """Cover negative cash with `amount` WAD of collateral; returns the quote credited."""
        return self.call("PositionManager", "convert_collateral", account, token, amount)

    def poke(self, market: int) -> Call[None]:
        """Accrue a market's carry and renew its part in the pool's sums."""
        return self.call("PositionManager", "poke", market)

    def settle(self, account: int, market: int) -> Call[None]:
        """Close a position in a settled market at the settlement price."""
        return self.call("PositionManager", "settle", account, market)

    def sample(self, market: int) -> Call[None]:
        """Let the price of a market that is closing count in its settlement price."""
        return self.call("Configurator", "sample", market)

    def settle_market(self, market: int) -> Call[None]:
        """Fix the settlement price of a market once sampling is over."""
        return self.call("Configurator", "settle_market", market)

    def alarm(self) -> Call[bool]:
        """Measure the pool; if it is short of capital, start the clock of deleveraging or keep it going."""
        return self.call("Waterfall", "alarm")

    def deleverage(self, account: int, market: int) -> Call[int]:
        """Close what the pool needs of a winner's position; returns the signed size, 0 if the pool is not short."""
        return self.call("Waterfall", "deleverage", account, market)

    def submit(self, order: OrderData) -> Call[str]:
        """Commit an order; returns its hash."""
        return self.call("OrderBook", "submit", order.as_tuple(), make=_hex)

    def cancel(self, order: OrderData) -> Call[None]:
        """Take an order back."""
        return self.call("OrderBook", "cancel", order.as_tuple())

    def execute(self, orders: Sequence[OrderData], rounds: Sequence[int]) -> Call[list[OrderResult]]:
        """Execute up to 16 orders, each with its feed's round id, 0 for the latest."""
        updates = [_round_update(one) for one in rounds]
        gas = BASE_GAS + ORDER_GAS * len(orders)
        args = ([order.as_tuple() for order in orders], updates)
        return self.call("OrderBook", "execute", *args, make=_list_of(OrderResult), gas=gas)

    def clear_expired(self, orders: Sequence[OrderData]) -> Call[None]:
        """Release what expired orders have reserved."""
        return self.call("OrderBook", "clear_expired", [order.as_tuple() for order in orders])

    def liquidate(self, accounts: Sequence[int], reward_account: int = 0) -> Call[list[Outcome]]:
        """Slice up to 32 accounts; the reward goes to the caller's account 0 if none is named."""
        gas = BASE_GAS + ACCOUNT_GAS * len(accounts)
        return self.call(
            "Liquidator", "liquidate", list(accounts), reward_account, make=_list_of(Outcome), gas=gas
        )

    def buy_collateral(
        self, token: str, max_tokens: int, max_price: int, receiver: str, data: bytes = b""
    ) -> Call[tuple[int, int]]:
        """Buy inventory; returns (bought, cost) in token units. With `data` the caller, a contract, is called before it pays."""
        args = (token, max_tokens, max_price, receiver, data)
        return self.call("Liquidator", "buy_collateral", *args, make=lambda *pair: pair)

    def pool_deposit(self, tokens: int, receiver: str, pool: str = "pool") -> Call[int]:
        """Put quote tokens in a pool; returns shares."""
        return self.in_pool(pool, "deposit", tokens, receiver)

    def pool_redeem(self, shares: int, receiver: str, owner: str, pool: str = "pool") -> Call[int]:
        """Take shares out of a pool without a cooldown; returns quote tokens."""
        return self.in_pool(pool, "redeem", shares, receiver, owner)

    def request_exit(self, shares: int, pool: str = "pool") -> Call[int]:
        """Put the caller's shares into escrow; returns when they can be finalised."""
        return self.in_pool(pool, "request_exit", shares)

    def finalise_exit(self, owner: str, pool: str = "pool") -> Call[int]:
        """Pay an LP out for what it requested, as far as the exit rules let it go; returns quote tokens."""
        return self.in_pool(pool, "finalise_exit", owner)

    def in_pool(self, pool: str, function: str, *args: object, **options: Any) -> Call[Any]:
        """Any function of one of the two pools."""
        if pool not in POOLS:
            raise ConfigError(f"there is no pool {pool!r}: choose from {', '.join(POOLS)}")
        return self.call(POOLS[pool], function, *args, **options)


def _of(kind: type) -> Any:
    return lambda fields: kind(**fields)


def _list_of(kind: type) -> Any:
    return lambda rows: [kind(**fields) for fields in rows]


def _account(row: Mapping[str, Any]) -> Account:
    positions = tuple(Position(**one) for one in row["positions"])
    collateral = tuple(Collateral(**one) for one in row["collateral"])
    return Account(**{**row, "positions": positions, "collateral": collateral})


def _market(row: Mapping[str, Any]) -> Market:
    return Market(**{**row, "terms": Terms(**row["terms"]), "timing": Timing(**row["timing"])})


def _cure(row: Mapping[str, Any]) -> Cure:
    return Cure(**{**row, "collateral": tuple(row["collateral"])})


def _pool(row: Mapping[str, Any]) -> Pool:
    inventory = tuple(Collateral(**one) for one in row["inventory"])
    return Pool(**{**row, "state": PoolState(**row["state"]), "inventory": inventory})


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()


def _round(id: int, answer: int, started: int, updated: int, answered_in: int) -> tuple[int, int, int]:
    return id, answer, updated


def _round_update(round_id: int) -> bytes:
    return round_id.to_bytes(32, "big") if round_id else b""


def _legs(held: int, words: Sequence[int]) -> dict[int, codec.Leg]:
    markets = codec.bits_of(held)
    return {market: codec.decode_position(word) for market, word in zip(markets, words, strict=True)}


def _market_words(ids: int, rows: Sequence[Mapping[str, int]]) -> dict[int, MarketWords]:
    return {
        market: MarketWords(codec.decode_carry(row["carry"]), codec.decode_book(row["book"]))
        for market, row in zip(codec.bits_of(ids), rows, strict=True)
    }
