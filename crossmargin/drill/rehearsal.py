"""A venue to drill on where none is named: sixteen markets, ten million of liquidity, and the demo's kinds of books and more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account import Account as Keys
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from crossmargin.bench import sixteen_markets
from crossmargin.client import Order, account_id
from crossmargin.client.abi import Call, load
from crossmargin.client.codec import LOT, WAD
from crossmargin.client.transport import Ask
from crossmargin.demo.books import QUOTE, make_plan, notional_to_size
from crossmargin.demo.paths import MARKETS as DEMO_MARKETS
from crossmargin.devnet import Devnet, prepare
from crossmargin.drill.shocks import DrillError

ACCOUNTS = 72  # of the demo's kinds: enough for a whole batch below maintenance; WIDE come on top
COVER = 250_000  # quote in the cover pool
GAS = 1_000_000  # limit of a trader's transaction, which is not estimated
BLOCK = "100000000"  # gas limit: a batch of 32 accounts fits
SLACK = 5  # per cent that a fill may be worse than the mark
ORDERS = 16  # executed at once
CUTS = (100, 90, 80, 70, 60, 50, 40, 30, 20, 10)  # per cent of an order that are tried

# Books over every market: weights of the legs, repeated; notional of each in quote; deposits in whole tokens.
WIDE: tuple[tuple[tuple[int, ...], int, dict[str, int]], ...] = (
    ((1,), 48_000, {QUOTE: 100_000}),
    ((-1,), 40_000, {QUOTE: 100_000}),
    ((1, -1), 60_000, {QUOTE: 60_000}),
    ((1, 1, -1), 30_000, {"WETH": 20, "WBTC": 1, QUOTE: 10_000}),
)


@dataclass(frozen=True)
class Trader:
    """`deposits`: token -> smallest units; `legs`: (symbol, size in WAD) in the order they are opened."""

    key: LocalAccount
    deposits: Mapping[str, int]
    legs: tuple[tuple[str, int], ...]

    @property
    def account(self) -> int:
        return account_id(self.key.address)


def options() -> list[str]:
    """How to start the chain."""
    return ["--gas-limit", BLOCK]


def rehearse(
    url: str,
    seed: int,
    accounts: int = ACCOUNTS,
    config: Path | Mapping[str, Any] | None = None,
    say: Callable[[str], object] = lambda text: None,
) -> Devnet:
    """Deploy, fund and open the books on a fresh anvil. `config`: another deployment than that of sixteen markets."""
    say("deploying a venue of its own")
    net = prepare(url, sixteen_markets() if config is None else config, cover=COVER)  # type: ignore[arg-type]
    traders = cast(net, seed, accounts)
    say(f"{len(traders)} accounts deposit and open their books")
    fund(net, traders)
    open_books(net, traders)
    return net


def cast(net: Devnet, seed: int, accounts: int) -> list[Trader]:
    """Who trades: the demo's plan at the prices of the venue, and the WIDE books where there are sixteen markets."""
    quote = net.answers[net.deployment.quote]
    prices = {symbol: net.answers[symbol] for symbol in DEMO_MARKETS if symbol in net.deployment.markets}
    plan = make_plan(prices, accounts, seed, quote)
    found = [
        Trader(
            _key(seed, i),
            {deposit.token: deposit.amount for deposit in book.deposits},
            tuple((target.market, target.size) for target in book.targets),
        )
        for i, book in enumerate(plan.books)
    ]
    symbols = list(net.deployment.markets)
    for weights, notional, deposits in WIDE if len(symbols) >= 16 else ():
        legs = tuple(
            (s, notional_to_size(weights[i % len(weights)] * notional * WAD, net.answers[s] * WAD // quote))
            for i, s in enumerate(symbols[:16])
        )
        amounts = {token: net.units(token, amount) for token, amount in deposits.items()}
        found.append(Trader(_key(seed, len(found)), amounts, legs))
    return found


def _key(seed: int, place: int) -> LocalAccount:
    return Keys.from_key(keccak(text=f"crossmargin drill {seed} trader {place}"))


def fund(net: Devnet, traders: Sequence[Trader]) -> None:
    """Gas, tokens and deposits."""
    net.client.transport.batch(
        [Ask("anvil_setBalance", (trader.key.address, hex(10**21))) for trader in traders]
    )
    mints: list[tuple[LocalAccount, Call[Any]]] = []
    deposits: list[tuple[LocalAccount, Call[Any]]] = []
    for trader in traders:
        for symbol, amount in trader.deposits.items():
            token, calls = net.token(symbol), net.client.calls
            mints.append((net.key("owner"), load("DevToken").call(token, "mint", trader.key.address, amount)))
            deposits.append((trader.key, calls.approve(token, amount)))
            deposits.append((trader.key, calls.deposit(trader.account, token, amount)))
    _send(net, mints, GAS)
    _send(net, deposits, GAS)


def open_books(net: Devnet, traders: Sequence[Trader]) -> None:
    """One leg of everybody at a time: a later leg may need the margin that an earlier one frees."""
    _push(net, 1)
    for leg in range(max((len(trader.legs) for trader in traders), default=0)):
        wanted = [(trader, *trader.legs[leg]) for trader in traders if leg < len(trader.legs)]
        orders = affordable(net, wanted)
        _send(net, [(trader.key, net.client.calls.submit(order)) for trader, order in orders], GAS)
        _push(net, int(net.deployment.parameters["timing"]["delay"]) + 1)
        for start in range(0, len(orders), ORDERS):
            part = [order for _, order in orders[start : start + ORDERS]]
            # one that others' orders left too little room for stays out: the books are as varied without it
            _send(net, [(net.key("keeper"), net.client.calls.execute(part, [0] * len(part)))])


def affordable(net: Devnet, wanted: Sequence[tuple[Trader, str, int]]) -> list[tuple[Trader, Order]]:
    """For each the largest part of the size that the venue would take now; left out if it takes none."""
    prices = dict(
        zip(net.deployment.markets, net.client.prices(list(net.deployment.markets.values())), strict=True)
    )
    found: dict[int, Order] = {}
    for cut in CUTS:
        left = [
            (i, _order(net, *one, cut, prices[one[1]].price))
            for i, one in enumerate(wanted)
            if i not in found
        ]
        left = [(i, order) for i, order in left if order.size]
        quotes = net.client.read_all(
            [net.client.calls.quote_order(order.account, order) for _, order in left]
        )
        found |= {i: order for (i, order), quote in zip(left, quotes, strict=True) if quote.ok}
    return [(wanted[i][0], found[i]) for i in sorted(found)]


def _order(net: Devnet, trader: Trader, symbol: str, size: int, cut: int, mark: int) -> Order:
    part = abs(size) * cut // 100 // LOT * LOT
    worst = mark * (100 + SLACK if size > 0 else 100 - SLACK) // 100
    return Order(trader.account, net.market(symbol), part if size > 0 else -part, worst)


def _push(net: Devnet, after: int) -> None:
    """A round on every feed, `after` seconds of the chain later."""
    net.client.transport.batch([Ask("evm_increaseTime", (hex(after),))])
    feeds, push = net.deployment.feeds, load("DevFeed")
    items = [(net.key("owner"), push.call(feed, "push", net.answers[s])) for s, feed in feeds.items()]
    _send(net, items, GAS)


def _send(net: Devnet, items: Sequence[tuple[LocalAccount, Call[Any]]], gas: int | None = None) -> None:
    """Send them all; what is refused is an error."""
    sent = net.client.post_all(items, gas)
    # An automining anvil can leave one behind that came before its predecessor: this takes it along.
    net.client.transport.batch([Ask("evm_mine")])
    for receipt in net.client.receipts(sent):
        if not receipt.ok:
            raise DrillError(
                f"the drill's own venue refused {receipt.label}: {receipt.reason or 'no reason'}"
            )
