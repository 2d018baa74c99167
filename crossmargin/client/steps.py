"""Procedures of several requests, written once for the blocking and the asynchronous client (see transport.Steps)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from eth_abi.abi import encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from crossmargin.client import codec
from crossmargin.client.abi import Call
from crossmargin.client.calls import POOLS, Calls
from crossmargin.client.codec import QUOTE, WAD
from crossmargin.client.events import (
    Deposit,
    Event,
    Liquidated,
    OrderExecuted,
    OrderFailed,
    Transfer,
    complete,
    decode_log,
    topics_of,
)
from crossmargin.client.records import AssetBooks, Conservation, MarketBooks, Receipt, Sent
from crossmargin.client.transport import LATEST, Ask, Steps, ask, number, record, tag
from crossmargin.errors import ConfigError, ContractRefused, CrossmarginError

GAS_MARGIN = 120  # per cent of the estimate
# An estimate made in the second in which the price words were refreshed finds them fresh; by the block of the transaction all
# sixteen of an account can be stale. What is not used is not paid, but counts against the block until then.
REFRESH_ROOM = 16 * 40_000
REFRESHING = {
    "LiquidityPool.deposit",
    "LiquidityPool.redeem",
    "LiquidityPool.finalise_exit",
    "PositionManager.close_fraction",
    "PositionManager.convert_collateral",
    "PositionManager.settle_loss",
    "PositionManager.transfer",
    "PositionManager.withdraw",
    "Liquidator.buy_collateral",
    "PositionManager.poke",
    "Configurator.sample",
    "Configurator.settle_market",
    "Waterfall.alarm",
    "Waterfall.deleverage",
    "OrderBook.submit",
}
COMMIT_GAS = 100_000  # a commitment takes less, an order that trades at once more
LOG_BLOCKS = 5_000  # blocks asked for at once: nodes limit it
PERMIT = keccak(text="Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")


# ---- blocks --------------------------------------------------------------------------------------


def head() -> Steps[tuple[int, int, int]]:
    """(number, time, base fee in wei) of the latest block; the venue's "now" is that time, no clock of ours."""
    (found,) = yield [Ask("eth_getBlockByNumber", (LATEST, False), _head)]
    return found


def _head(raw: Any) -> tuple[int, int, int]:
    block = record(raw)
    return number(block["number"]), number(block["timestamp"]), _base_fee(block)


def _base_fee(raw: Any) -> int:
    """Wei; 0 on a chain without one."""
    return number(record(raw).get("baseFeePerGas") or "0x0")


def _time(raw: Any) -> int:
    return number(record(raw)["timestamp"])


# ---- sending -------------------------------------------------------------------------------------


def prepare(
    call: Call[Any], sender: str, gas: int | None, simulate: bool
) -> Steps[tuple[dict[str, int | str], object]]:
    """A transaction without a nonce, and what the call would return now. Raises ContractRefused if it would revert."""
    asks = [Ask("eth_chainId", (), number), *fee_asks()]
    limit = gas or call.gas
    if limit is None:
        asks.append(Ask("eth_estimateGas", (call.params(sender),), number, call.label))
    if simulate:
        asks.append(ask(call, sender=sender, gas=limit))
    chain_id, base_fee, tip, *rest = yield asks
    if limit is None:
        limit = gas_limit(call, rest.pop(0))
    result = rest.pop(0) if simulate else None
    return transaction(call, chain_id, limit, fees(base_fee, tip)), result


def gas_limit(call: Call[Any], estimate: int) -> int:
    """The estimate of a call and room for what may change until its block."""
    commits = call.label == "OrderBook.submit" and estimate < COMMIT_GAS
    room = REFRESH_ROOM if call.label in REFRESHING and not commits else 0
    return estimate * GAS_MARGIN // 100 + room


def fee_asks() -> list[Ask]:
    """What `fees` needs."""
    return [
        Ask("eth_getBlockByNumber", (LATEST, False), _base_fee),
        Ask("eth_maxPriorityFeePerGas", (), number, may_fail=True),
    ]


def fees(base_fee: int, tip: int | CrossmarginError) -> dict[str, int]:
    """Fee fields in wei: room for the base fee to double. A node that suggests no tip gets 1 gwei."""
    priority = tip if isinstance(tip, int) else 10**9
    return {"maxFeePerGas": 2 * base_fee + priority, "maxPriorityFeePerGas": priority}


def transaction(call: Call[Any], chain_id: int, gas: int, fee: Mapping[str, int]) -> dict[str, int | str]:
    """The fields of a type-2 transaction but for its nonce."""
    return {
        "type": 2,
        "chainId": chain_id,
        "to": call.to,
        "data": call.data,
        "value": call.value,
        "gas": gas,
        **fee,
    }


def next_nonce(sender: str, block: str = "pending") -> Steps[int]:
    """Counting what is in the pool; with "latest" only what is mined."""
    (found,) = yield [Ask("eth_getTransactionCount", (sender, block), number)]
    return found


def sign(tx: Mapping[str, int | str], nonce: int, key: LocalAccount) -> Ask:
    """The request that sends it."""
    raw = key.sign_transaction({**tx, "nonce": nonce}).raw_transaction
    return Ask("eth_sendRawTransaction", ("0x" + raw.hex().removeprefix("0x"),))


def receipt_ask(sent: Sent) -> Ask:
    """The request for its receipt: None while it is not mined."""
    return Ask("eth_getTransactionReceipt", (sent.tx_hash,))


def read_receipt(
    sent: Sent, raw: Mapping[str, Any], names: Mapping[str, str], result: object = None
) -> Steps[Receipt]:
    """The record of a receipt; a reverted transaction is repeated to learn why.

    On the state before its block, then on that after it: what came before it in the same block may be why.
    """
    ok = number(raw["status"]) == 1
    reason = ""
    if not ok:
        mined = number(raw["blockNumber"])
        params = {**sent.params, "from": sent.sender}
        faults = yield [
            Ask("eth_call", (params, tag(block)), label=sent.label, may_fail=True)
            for block in (mined - 1, mined)
        ]
        reason = next((fault.reason for fault in faults if isinstance(fault, ContractRefused)), "")
    gas = {raw["transactionHash"]: number(raw["gasUsed"])}
    events = [decode_log(log, names, gas) for log in raw["logs"]]
    return Receipt(
        label=sent.label,
        tx_hash=sent.tx_hash,
        block=number(raw["blockNumber"]),
        gas_used=number(raw["gasUsed"]),
        gas_price=number(raw.get("effectiveGasPrice") or "0x0"),
        ok=ok,
        reason=reason,
        events=tuple(event for event in events if event is not None),
        result=result,
    )


# ---- permit --------------------------------------------------------------------------------------


def permit(
    calls: Calls, token: str, owner: LocalAccount, tokens: int, deadline: int | None
) -> Steps[tuple[int, int, bytes, bytes]]:
    """(deadline, v, r, s) of an EIP-2612 permit to the Vault; the deadline is an hour from now by default."""
    now, nonce, domain = yield [
        Ask("eth_getBlockByNumber", (LATEST, False), _time),
        ask(calls.token(token, "nonces", owner.address)),
        ask(calls.token(token, "DOMAIN_SEPARATOR")),
    ]
    until = now + 3600 if deadline is None else deadline
    kinds = ["bytes32", "address", "address", "uint256", "uint256", "uint256"]
    body = keccak(encode(kinds, [PERMIT, owner.address, calls.at("Vault"), tokens, nonce, until]))
    signature = owner.unsafe_sign_hash(keccak(b"\x19\x01" + domain + body))
    return until, signature.v, signature.r.to_bytes(32, "big"), signature.s.to_bytes(32, "big")


# ---- events --------------------------------------------------------------------------------------


def events(
    calls: Calls, kinds: Sequence[type[Event]], first: int, last: int | None, with_gas: bool
) -> Steps[list[Event]]:
    """The events of these kinds from block `first` to `last`, in the chain's order."""
    if last is None:
        last, _, _ = yield from head()
    topics = topics_of(kinds)
    names = {calls.at(home).lower(): home for home in topics}
    query = {
        "address": [calls.at(home) for home in topics],
        "topics": [[*chain.from_iterable(topics.values())]],
    }
    asks = [
        Ask("eth_getLogs", ({**query, "fromBlock": hex(at), "toBlock": hex(min(at + LOG_BLOCKS - 1, last))},))
        for at in range(first, last + 1, LOG_BLOCKS)
    ]
    logs = (yield asks) if asks else []
    found = [decode_log(log, names) for part in logs for log in part]
    listed = sorted((e for e in found if e is not None), key=lambda e: (e.block, e.log_index))
    times = yield from block_times({e.block for e in listed if not e.time})
    gas = (yield from gas_of({e.tx_hash for e in listed})) if with_gas else {}
    return complete(listed, times, gas)


def block_times(blocks: Iterable[int]) -> Steps[dict[int, int]]:
    """Unix time of each block."""
    wanted = sorted(blocks)
    if not wanted:
        return {}
    times = yield [Ask("eth_getBlockByNumber", (hex(block), False), _time) for block in wanted]
    return dict(zip(wanted, times, strict=True))


def gas_of(hashes: Iterable[str]) -> Steps[dict[str, int]]:
    """Gas used by each transaction."""
    wanted = sorted(hashes)
    if not wanted:
        return {}
    used = yield [Ask("eth_getTransactionReceipt", (tx_hash,), _gas_used) for tx_hash in wanted]
    return dict(zip(wanted, used, strict=True))


def _gas_used(raw: Any) -> int:
    return number(record(raw)["gasUsed"])


# ---- rounds --------------------------------------------------------------------------------------


def first_round(
    calls: Calls, source: str, since: int, latest: tuple[int, int, int] | None = None
) -> Steps[int | None]:
    """Id of a feed's first round published at or after `since` in its current phase; None if there is none yet.

    Walks back from the latest in doubling steps, then halves: a handful of reads even after a long pause. A round that
    cannot be read counts as earlier.
    """
    if latest is None:
        (latest,) = yield [ask(calls.round(source))]
    newest, _, time = latest
    if time < since:
        return None
    oldest = newest >> 64 << 64  # no round of this phase
    after, before, step = newest, None, 1
    while before is None:
        at = max(after - step, oldest)
        if at == oldest or (yield from _published(calls, source, at)) < since:
            before = at
        else:
            after, step = at, 2 * step
    while after - before > 1:
        middle = (after + before) // 2
        if (yield from _published(calls, source, middle)) < since:
            before = middle
        else:
            after = middle
    return after


def _published(calls: Calls, source: str, round_id: int) -> Steps[int]:
    (found,) = yield [ask(calls.round(source, round_id), may_fail=True)]
    return 0 if isinstance(found, CrossmarginError) else found[2]


# ---- the books -----------------------------------------------------------------------------------


def conservation(calls: Calls, accounts: Iterable[int], block: int | None) -> Steps[Conservation]:
    """Everything L-1 and L-2 speak of, read at one block, in one batch but for what the batch is made of."""
    if block is None:
        block, _, _ = yield from head()
    pools = (codec.account_id(calls.at(name)) for name in POOLS.values())
    everyone = sorted({*accounts, *pools})
    count, listed = yield [ask(calls.vault("asset_count"), block), ask(calls.listed(), block)]
    assets = [*range(count), QUOTE]
    asks = [
        ask(calls.vault("debt"), block),
        ask(calls.market_words(listed), block),
        *(ask(calls.vault("token", asset), block) for asset in assets),
        *(ask(calls.vault("credited", asset), block) for asset in assets),
        *(ask(calls.balance(account), block) for account in everyone),
        *(ask(calls.legs(account), block) for account in everyone),
    ]
    debt, words, *rest = yield asks
    take = iter(rest)
    tokens = [next(take) for _ in assets]
    credited = [next(take) for _ in assets]
    balances = [next(take) for _ in everyone]
    legs = [next(take) for _ in everyone]
    held = yield from _held(calls, tokens, block)
    return Conservation(
        block=block,
        assets={
            asset: AssetBooks(token, have, owed, _sum_of(balances, asset))
            for asset, token, have, owed in zip(assets, tokens, held, credited, strict=True)
        },
        markets={market: _market_books(market, legs, row.book) for market, row in words.items()},
        debt=debt,
        owed=sum(max(0, -one.cash) for one in balances),
    )


def _held(calls: Calls, tokens: Sequence[str], block: int) -> Steps[list[int]]:
    """What the Vault holds of each token, in WAD; beyond 18 decimals rounded down."""
    vault = calls.at("Vault")
    asks = [ask(calls.token(token, "balanceOf", vault), block) for token in tokens]
    asks += [ask(calls.token(token, "decimals"), block) for token in tokens]
    found = yield asks
    have, decimals = found[: len(tokens)], found[len(tokens) :]
    return [amount * WAD // 10**places for amount, places in zip(have, decimals, strict=True)]


def _sum_of(balances: Sequence[codec.Balance], asset: int) -> int:
    if asset == QUOTE:
        return sum(one.cash for one in balances)
    return sum(one.collateral.get(asset, 0) for one in balances)


def _market_books(market: int, legs: Sequence[Mapping[int, codec.Leg]], book: codec.Book) -> MarketBooks:
    held = [one[market] for one in legs if market in one]
    return MarketBooks(
        base=sum(leg.base for leg in held) - book.skew, quote=sum(leg.quote for leg in held) - book.quote
    )


def known_accounts(calls: Calls, first: int) -> Steps[set[int]]:
    """Every account that ever had money: those deposited or moved to, and those that were paid."""
    kinds = (Deposit, Transfer, Liquidated, OrderExecuted, OrderFailed)
    seen = yield from events(calls, kinds, first, None, with_gas=False)
    found = {account for event in seen for account in accounts_in(event)}
    failed = sorted({event.tx_hash for event in seen if isinstance(event, OrderFailed)})
    if failed:  # its keeper was paid, but the event does not say who that was
        senders = yield [Ask("eth_getTransactionByHash", (tx_hash,)) for tx_hash in failed]
        found |= {codec.account_id(row["from"]) for row in senders}
    return found


def accounts_in(event: Event) -> set[int]:
    """The account ids an event names."""
    fields: tuple[str, ...] = ("account", "to_account", "keeper")
    named = {getattr(event, name) for name in fields if hasattr(event, name)}
    return {account for account in named if isinstance(account, int)}


def checked(receipt: Receipt) -> Receipt:
    """The receipt of what succeeded; raises for the rest."""
    if not receipt.ok:
        raise ContractRefused(receipt.reason, receipt.label, receipt.tx_hash)
    return receipt


def local_key(key: str | bytes | LocalAccount) -> LocalAccount:
    """A signer from a private key, or as it is; nothing of the key is ever in a message."""
    if isinstance(key, LocalAccount):
        return key
    try:
        return Account.from_key(key)
    except Exception:
        raise ConfigError("that is not a private key: 32 bytes in hexadecimal are") from None
