"""The blocking client: read, quote, send, look back.

    client = Client.connect("http://127.0.0.1:8545", "deployments/31337.json")
    key = "0x…"
    me = account_id(client.address_of(key))
    client.approve(key, usdc, 1_000 * 10**6)
    client.deposit(key, me, usdc, 1_000 * 10**6)
    order = client.submit(key, Order(me, market=1, size=WAD, worst_price=3_100 * WAD))
    print(client.health([me]), order.order_hash, order.gas_used)

Amounts are WAD (1e18 = 1.0) quote, prices WAD quote per base unit; `tokens` are a token's smallest units; times are the
chain's. A refusal is a `ContractRefused` with the contract's reason, a node that does not answer a `NetworkError`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self, TypeVar

from eth_account.signers.local import LocalAccount
from web3 import Web3

from crossmargin.client import steps
from crossmargin.client.abi import Call
from crossmargin.client.addresses import addresses_of, chain_of
from crossmargin.client.calls import ACCOUNTS_CHUNK, HEALTH_CHUNK, Calls
from crossmargin.client.codec import Balance, Carry, Leg, Rates, bits_of
from crossmargin.client.events import RECORDS, Event, OrderData
from crossmargin.client.records import (
    NO_SHOCK,
    NO_THRESHOLD,
    Account,
    Addresses,
    Clock,
    Closing,
    Conservation,
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
    Price,
    Receipt,
    Sent,
    Solvency,
    Step,
    Submitted,
    Timing,
)
from crossmargin.client.transport import LATEST, Ask, Say, Transport, ask, connect, each, warn
from crossmargin.errors import ContractRefused, CrossmarginError, TransactionLost

T = TypeVar("T")
E = TypeVar("E", bound=Event)
Key = str | LocalAccount
RECEIPT_SECONDS = 120.0
_POLL = (0.005, 0.5)  # seconds between looks for a receipt: first, most


class Client:
    """One venue on one chain. Thread-safe; nonces are counted here, so let no other program send with the same key."""

    def __init__(
        self,
        w3: Web3 | Sequence[Web3],
        deployment: Mapping[str, str] | object,
        receipt_seconds: float = RECEIPT_SECONDS,
        say: Say = warn,
    ) -> None:
        """`w3`: a node, or several to turn to one after the other; `say` is told when that happens.

        `deployment`: contract name -> address, a `Deployment`, or the path of a deployment file.
        """
        nodes = w3 if isinstance(w3, Sequence) else [w3]
        self.calls = Calls(addresses_of(deployment))
        self.transport = Transport(*nodes, chain=chain_of(deployment), say=say)
        self._names = {address.lower(): name for name, address in self.calls.addresses.items()}
        self._receipt_seconds = receipt_seconds
        self._nonces: dict[str, int] = {}
        self._lock = threading.Lock()

    @classmethod
    def connect(cls, url: str | Sequence[str], deployment: Mapping[str, str] | object) -> Self:
        """A client for the node at an http(s) URL, or for several nodes of one chain."""
        return cls([connect(one) for one in each(url)], deployment)

    @property
    def w3(self) -> Web3:
        """The node in use."""
        return self.transport.w3

    def address(self, contract: str) -> str:
        """Address of one of the venue's contracts."""
        return self.calls.at(contract)

    @staticmethod
    def address_of(key: Key) -> str:
        """The address a key signs for."""
        return steps.local_key(key).address

    # ---- chain -----------------------------------------------------------------------------------

    def now(self) -> int:
        """The latest block's time."""
        return self.transport.run(steps.head())[1]

    def block_number(self) -> int:
        """The latest block."""
        return self.transport.run(steps.head())[0]

    # ---- reads -----------------------------------------------------------------------------------

    def read(self, call: Call[T], block: int | str = LATEST) -> T:
        """The answer of one call of `client.calls`."""
        return self.transport.batch([ask(call, block)])[0]

    def read_all(self, calls: Sequence[Call[Any]], block: int | str = LATEST) -> list[Any]:
        """The answers of many, in one batch."""
        return self.transport.batch([ask(call, block) for call in calls])

    def health(self, accounts: Sequence[int]) -> list[Health]:
        """Health of each account, in order."""
        return self._chunked(self.calls.health, accounts, HEALTH_CHUNK)

    def health_at(self, accounts: Sequence[int], prices: Mapping[int, int]) -> list[Health]:
        """The same with some prices (market id -> WAD) replaced."""
        row = [prices.get(market, 0) for market in range(max(prices, default=-1) + 1)]
        return self._chunked(lambda part: self.calls.health_at(part, row), accounts, HEALTH_CHUNK)

    def liquidatable(self, accounts: Sequence[int]) -> list[int]:
        """Those on which `liquidate` would act now."""
        return self._chunked(self.calls.liquidatable, accounts, HEALTH_CHUNK)

    def liquidation_shock(self, account: int) -> int | None:
        """Common move (WAD, signed) that makes the account liquidatable; 0 if it is, None if no move does."""
        found = self.read(self.calls.liquidation_shock(account))
        return None if found == NO_SHOCK else found

    def accounts(self, ids: Sequence[int]) -> list[Account]:
        """Everything about each account: balances, positions, margin."""
        return self._chunked(self.calls.accounts, ids, ACCOUNTS_CHUNK)

    def markets(self) -> list[Market]:
        """Every listed market: price, open interest, carry, terms."""
        return self.read(self.calls.markets())

    def pool(self) -> Pool:
        """The LP pool at the prices of now."""
        return self.read(self.calls.pool())

    def pool_state(self, pool: str = "pool") -> PoolState:
        """U-0 and U-1 of the pool, or of the cover pool with "cover"."""
        return self.read(self.calls.pool_state(pool))

    def pending_exit(self, owner: str, pool: str = "pool") -> PendingExit:
        """Shares that an LP has asked to redeem, and when they can be."""
        return self.read(self.calls.pending_exit(owner, pool))

    def cure(self, account: int) -> Cure:
        """What leads an account out of the warning band."""
        return self.read(self.calls.cure(account))

    def cascade(self, accounts: Sequence[int], moves: Sequence[int], keeper_cost: int = 0) -> list[Step]:
        """What a path of up to 8 common moves (WAD) would set off among up to 50 accounts, at K = `keeper_cost`."""
        return self.read(self.calls.cascade(accounts, moves, keeper_cost))

    def closing(self, market: int) -> Closing:
        """How far the winding down of a market has come."""
        return self.read(self.calls.closing(market))

    def lens_addresses(self) -> Addresses:
        """The contracts of the venue as they name each other on chain."""
        return self.read(self.calls.lens_addresses())

    def rates(self) -> Rates:
        """Caps, borrow curve, cooldowns, the ratios of W-1 and W-2, grace and flags."""
        return self.read(self.calls.rates())

    def clock(self) -> Clock:
        """The clock of deleveraging."""
        return self.read(self.calls.clock())

    def threshold(self) -> int | None:
        """The least profit (WAD of notional) of who may be deleveraged now; None while nobody may."""
        found = self.read(self.calls.threshold())
        return None if found == NO_THRESHOLD else found

    def quote_order(self, order: OrderData) -> OrderQuote:
        """Fill, fees and margin of an order if it were filled at the mark now."""
        return self.read(self.calls.quote_order(order.account, order))

    def _chunked(
        self, make: Callable[[Sequence[int]], Call[list[T]]], ids: Sequence[int], size: int
    ) -> list[T]:
        parts = [make(ids[i : i + size]) for i in range(0, len(ids), size)]
        return [row for part in self.read_all(parts) for row in part]

    def account_health(self, account: int) -> Health:
        """Health of one account, from the PositionManager itself."""
        return self.read(self.calls.account_health(account))

    def cash(self, account: int) -> int:
        """Signed quote."""
        return self.read(self.calls.cash(account))

    def collateral(self, account: int, token: str) -> int:
        """Amount of a collateral token."""
        return self.read(self.calls.collateral(account, token))

    def balance(self, account: int) -> Balance:
        """Cash, reserved and collateral."""
        return self.read(self.calls.balance(account))

    def position(self, account: int, market: int) -> Leg:
        """Base and quote of one position."""
        return self.read(self.calls.position(account, market))

    def legs(self, account: int) -> dict[int, Leg]:
        """All positions by market."""
        return self.read(self.calls.legs(account))

    def solvency(self) -> Solvency:
        """Tokens, ledger sums, D and the pool's equity as of the last touches."""
        return self.read(self.calls.solvency())

    def market_words(self, markets: Iterable[int] | None = None) -> dict[int, MarketWords]:
        """Carry and book of markets as stored; of all that are listed by default."""
        ids = self.read(self.calls.listed()) if markets is None else sum(1 << m for m in set(markets))
        return self.read(self.calls.market_words(ids))

    def carry(self) -> dict[int, Carry]:
        """Indices, funding and borrow rate of every listed market as of its last touch."""
        return {market: words.carry for market, words in self.market_words().items()}

    def listed(self) -> list[int]:
        """Ids of the listed markets."""
        return bits_of(self.read(self.calls.listed()))

    def prices(self, markets: Sequence[int]) -> list[Price]:
        """What a call in this block would use."""
        return self.read(self.calls.prices(markets))

    def order_status(self, order_hash: str) -> OrderStatus:
        """All zero if it is not pending."""
        return self.read(self.calls.order_status(order_hash))

    def timing(self, market: int) -> Timing:
        """Delay and windows of a market's orders."""
        return self.read(self.calls.timing(market))

    def keeper_fee(self) -> int:
        """What an order's keeper gets."""
        return self.read(self.calls.keeper_fee())

    def inventory_price(self, token: str) -> InventoryPrice:
        """Price and amount of collateral that the pool has for sale."""
        return self.read(self.calls.inventory_price(token))

    def balance_of(self, token: str, holder: str) -> int:
        """Tokens of an ERC-20."""
        return self.read(self.calls.token(token, "balanceOf", holder))

    # ---- sending ---------------------------------------------------------------------------------

    def send(self, key: Key, call: Call[Any], gas: int | None = None, simulate: bool = True) -> Receipt:
        """Simulate, send, wait. Raises ContractRefused with the reason if it would revert or did.

        `gas`: the limit instead of an estimate.
        """
        signer = steps.local_key(key)
        tx, result = self.transport.run(steps.prepare(call, signer.address, gas, simulate))
        sent = self._post(signer, [(call, tx)])[0]
        return steps.checked(self._await([sent], {sent.tx_hash: result})[0])

    def send_all(self, items: Sequence[tuple[Key, Call[Any]]], gas: int | None = None) -> list[Receipt]:
        """Send many without waiting for each, then wait for all; raises for none: see each receipt's `ok`, `reason`.

        Gas is estimated on the state before the first; give `gas` (a limit for each) where one needs another's effect.
        """
        return self.receipts(self.post_all(items, gas))

    def post_all(self, items: Sequence[tuple[Key, Call[Any]]], gas: int | None = None) -> list[Sent]:
        """Send many and wait for none. Raises ContractRefused, and sends nothing, if an estimate fails."""
        if not items:
            return []
        keyed = [(steps.local_key(key), call) for key, call in items]
        limits = self._limits(keyed, gas)
        chain, base_fee, tip = self.transport.batch(
            [Ask("eth_chainId", (), lambda raw: int(raw, 16)), *steps.fee_asks()]
        )
        fee = steps.fees(base_fee, tip)
        by_key: dict[str, list[int]] = {}
        for index, (signer, _) in enumerate(keyed):
            by_key.setdefault(signer.address, []).append(index)
        sent: dict[int, Sent] = {}
        for indices in by_key.values():
            batch = [(keyed[i][1], steps.transaction(keyed[i][1], chain, limits[i], fee)) for i in indices]
            sent |= dict(zip(indices, self._post(keyed[indices[0]][0], batch), strict=True))
        return [sent[index] for index in range(len(items))]

    def receipts(self, sent: Sequence[Sent]) -> list[Receipt]:
        """Wait for their receipts. Raises TransactionLost if one does not come in time."""
        return self._await(sent, {})

    def _limits(self, items: Sequence[tuple[LocalAccount, Call[Any]]], gas: int | None) -> list[int]:
        asks = [
            Ask("eth_estimateGas", (call.params(key.address),), lambda raw: int(raw, 16), call.label)
            for key, call in items
            if gas is None and call.gas is None
        ]
        estimates = iter(self.transport.batch(asks))
        return [gas or call.gas or steps.gas_limit(call, next(estimates)) for _, call in items]

    def _post(
        self, key: LocalAccount, batch: Sequence[tuple[Call[Any], Mapping[str, int | str]]]
    ) -> list[Sent]:
        with self._lock:
            if key.address not in self._nonces:
                self._nonces[key.address] = self.transport.run(steps.next_nonce(key.address))
            first = self._nonces[key.address]
            asks = [steps.sign(tx, first + i, key) for i, (_, tx) in enumerate(batch)]
            try:
                hashes = self.transport.batch(asks)
            except CrossmarginError:
                del self._nonces[key.address]  # some may have arrived: ask the node again
                raise
            self._nonces[key.address] = first + len(batch)
        return [
            Sent(tx_hash, key.address, first + i, call.label, call.params(gas=int(tx["gas"])))
            for i, (tx_hash, (call, tx)) in enumerate(zip(hashes, batch, strict=True))
        ]

    def _await(self, sent: Sequence[Sent], results: Mapping[str, object]) -> list[Receipt]:
        deadline = time.monotonic() + self._receipt_seconds
        pause, most = _POLL
        raw: dict[str, Any] = {}
        while missing := [one for one in sent if raw.get(one.tx_hash) is None]:
            found = self.transport.batch([steps.receipt_ask(one) for one in missing])
            raw |= {one.tx_hash: row for one, row in zip(missing, found, strict=True)}
            if all(row is not None for row in found):
                break
            if time.monotonic() > deadline:
                with self._lock:
                    self._nonces.clear()
                late = next(one for one in sent if raw[one.tx_hash] is None)
                raise TransactionLost(late.tx_hash, self._receipt_seconds)
            time.sleep(pause)
            pause = min(2 * pause, most)
        return [
            self.transport.run(
                steps.read_receipt(one, raw[one.tx_hash], self._names, results.get(one.tx_hash))
            )
            for one in sent
        ]

    # ---- users -----------------------------------------------------------------------------------

    def approve(self, key: Key, token: str, tokens: int, spender: str | None = None) -> Receipt:
        """Let the Vault take `tokens`, for deposits and purchases; or `spender`, as the LiquidityPool for LP deposits."""
        return self.send(key, self.calls.approve(token, tokens, spender))

    def deposit(self, key: Key, account: int, token: str, tokens: int) -> Receipt:
        """Credit an account with the key's tokens; approve first."""
        return self.send(key, self.calls.deposit(account, token, tokens))

    def deposit_with_permit(
        self, key: Key, account: int, token: str, tokens: int, deadline: int | None = None
    ) -> Receipt:
        """The same without an approval, for tokens with EIP-2612. The signature holds an hour by default."""
        signer = steps.local_key(key)
        signed = self.transport.run(steps.permit(self.calls, token, signer, tokens, deadline))
        return self.send(signer, self.calls.deposit_with_permit(account, token, tokens, *signed))

    def withdraw(
        self, key: Key, account: int, token: str, tokens: int, receiver: str | None = None
    ) -> Receipt:
        """Pay out to `receiver`, the key's address by default."""
        return self.send(key, self.calls.withdraw(account, token, tokens, receiver or self.address_of(key)))

    def transfer(self, key: Key, from_account: int, to_account: int, token: str, amount: int) -> Receipt:
        """Move `amount` WAD between two accounts of the key."""
        return self.send(key, self.calls.transfer(from_account, to_account, token, amount))

    def close_fraction(self, key: Key, account: int, fraction: int) -> Receipt:
        """Reduce the whole book by `fraction` (WAD, 1e18 is all of it)."""
        return self.send(key, self.calls.close_fraction(account, fraction))

    def submit(self, key: Key, order: OrderData) -> Submitted:
        """Commit an order."""
        receipt = self.send(key, self.calls.submit(order))
        found = [e for e in receipt.events if isinstance(e, RECORDS["OrderSubmitted"])]
        order_hash = found[0].order_hash if found else str(receipt.result)
        return Submitted(order_hash, receipt.gas_used, receipt)

    def cancel(self, key: Key, order: OrderData) -> Receipt:
        """Take a pending order back, before its delay is over."""
        return self.send(key, self.calls.cancel(order))

    # ---- anyone ----------------------------------------------------------------------------------

    def execute(
        self, key: Key, orders: Sequence[OrderData], rounds: Sequence[int] | None = None
    ) -> tuple[list[OrderResult], Receipt]:
        """Execute orders; `rounds` are feed round ids, found by itself if absent. The results are of the simulation."""
        found = rounds if rounds is not None else [self.first_round_of(order) for order in orders]
        receipt = self.send(key, self.calls.execute(orders, found))
        return receipt.result, receipt

    def first_round_of(self, order: OrderData) -> int:
        """Round id that executes a pending order; 0 if there is none yet."""
        source = self.read(self.calls.source(order.market))
        status = self.order_status(self.read(self.calls.hash_order(order)))
        return self.transport.run(steps.first_round(self.calls, source, status.executable_from)) or 0

    def clear_expired(self, key: Key, orders: Sequence[OrderData]) -> Receipt:
        """Release what expired orders have reserved."""
        return self.send(key, self.calls.clear_expired(orders))

    def liquidate(
        self, key: Key, accounts: Sequence[int], reward_account: int = 0
    ) -> tuple[list[Outcome], Receipt]:
        """Slice unhealthy accounts; the outcomes are of the simulation just before."""
        receipt = self.send(key, self.calls.liquidate(accounts, reward_account))
        return receipt.result, receipt

    def buy_collateral(
        self,
        key: Key,
        token: str,
        max_tokens: int,
        max_price: int,
        receiver: str | None = None,
        data: bytes = b"",
    ) -> tuple[tuple[int, int], Receipt]:
        """Buy the pool's inventory: ((bought, cost) in token units, receipt). Approve quote first.

        `data` is for callers that are contracts (IInventoryBuyer); a key's purchase with it is refused.
        """
        receiver = receiver or self.address_of(key)
        call = self.calls.buy_collateral(token, max_tokens, max_price, receiver, data)
        receipt = self.send(key, call)
        return receipt.result, receipt

    def settle_loss(self, key: Key, account: int, market: int) -> Receipt:
        """Turn an account's unrealised loss into cash; `result` is how much."""
        return self.send(key, self.calls.settle_loss(account, market))

    def convert_collateral(self, key: Key, account: int, token: str, amount: int) -> Receipt:
        """Cover negative cash with `amount` WAD of collateral; `result` is the quote credited."""
        return self.send(key, self.calls.convert_collateral(account, token, amount))

    def poke(self, key: Key, market: int) -> Receipt:
        """Touch a market."""
        return self.send(key, self.calls.poke(market))

    def settle(self, key: Key, account: int, market: int) -> Receipt:
        """Close a position in a settled market at the settlement price."""
        return self.send(key, self.calls.settle(account, market))

    def alarm(self, key: Key) -> Receipt:
        """Start or keep the clock of deleveraging if the pool is short of capital; `result` says whether it is."""
        return self.send(key, self.calls.alarm())

    def deleverage(self, key: Key, account: int, market: int) -> Receipt:
        """Close what the pool needs of a winner's position; `result` is the signed size."""
        return self.send(key, self.calls.deleverage(account, market))

    # ---- liquidity providers: of the pool, or of the cover pool with pool="cover" ------------------

    def pool_deposit(self, key: Key, tokens: int, receiver: str | None = None, pool: str = "pool") -> Receipt:
        """Put quote in; `result` is the shares. Approve that pool's contract first."""
        return self.send(key, self.calls.pool_deposit(tokens, receiver or self.address_of(key), pool))

    def pool_redeem(self, key: Key, shares: int, receiver: str | None = None, pool: str = "pool") -> Receipt:
        """Take shares out where there is no cooldown; `result` is the quote tokens."""
        me = self.address_of(key)
        return self.send(key, self.calls.pool_redeem(shares, receiver or me, me, pool))

    def request_exit(self, key: Key, shares: int, pool: str = "pool") -> Receipt:
        """Ask to take shares out after the cooldown; `result` is when that is. It cannot be taken back."""
        return self.send(key, self.calls.request_exit(shares, pool))

    def finalise_exit(self, key: Key, owner: str | None = None, pool: str = "pool") -> Receipt:
        """Pay out what an LP (the key's address by default) requested; `result` is the quote tokens."""
        return self.send(key, self.calls.finalise_exit(owner or self.address_of(key), pool))

    # ---- looking back ----------------------------------------------------------------------------

    def events(
        self,
        *kinds: type[Event],
        first: int = 0,
        last: int | None = None,
        with_gas: bool = False,
    ) -> list[Event]:
        """Events of these kinds (all if none is named) from block `first` to `last` (the latest), in order.

        `with_gas` also fetches what each transaction used.
        """
        wanted = kinds or tuple(RECORDS.values())
        return self.transport.run(steps.events(self.calls, wanted, first, last, with_gas))

    def known_accounts(self, first: int = 0) -> set[int]:
        """Every account that ever had money, from the events since block `first`."""
        return self.transport.run(steps.known_accounts(self.calls, first))

    def conservation(self, accounts: Iterable[int] | None = None, block: int | None = None) -> Conservation:
        """Ledger against tokens against books over `accounts`, to the wei; over all that are known by default."""
        everyone = self.known_accounts() if accounts is None else accounts
        return self.transport.run(steps.conservation(self.calls, everyone, block))

    def refusal(self, sender: str, call: Call[Any]) -> ContractRefused | None:
        """Why a call would be refused now; None if it would not."""
        (found,) = self.transport.batch([ask(call, sender=sender, may_fail=True)])
        if isinstance(found, ContractRefused):
            return found
        if isinstance(found, CrossmarginError):
            raise found
        return None
