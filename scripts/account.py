"""Look at an account and use it.  ape run account --help"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import click
from eth_utils.address import is_address

from crossmargin.bots import settings
from crossmargin.client import WAD, Client, Order, account_id, show_account
from crossmargin.client.events import OrderExecuted
from crossmargin.client.records import Account
from crossmargin.deployment import Deployment
from crossmargin.errors import ConfigError

NEGATIVE = {"ignore_unknown_options": True}  # a number may begin with a minus
STATES = ("healthy", "below initial", "margin call", "liquidatable", "no valid price")


class Amount(click.ParamType):
    """A decimal number, exactly; above 0 unless it may be `signed`."""

    name = "amount"

    def __init__(self, signed: bool = False) -> None:
        self._signed = signed

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            found = settings.exact(value)
        except ValueError as fault:
            self.fail(str(fault), param, ctx)
        if found == 0 or (found < 0 and not self._signed):
            self.fail(f"{value!r} is not {'other than' if self._signed else 'above'} 0", param, ctx)
        return found


class Desk:
    """The node, the deployment and the key that the options name."""

    def __init__(self, rpc: Sequence[str], record: Path, keyfile: Path | None, sub_id: int) -> None:
        self.deployment = Deployment.load(record)
        self.client = Client.connect(rpc, self.deployment)
        self._keyfile = keyfile
        self._sub_id = sub_id

    def key(self) -> object:
        found = settings.load_key(self._keyfile)
        if found is None:
            raise ConfigError("there is no key: set CROSSMARGIN_KEY or name a --keyfile")
        return found

    def account(self) -> int:
        """The key's account with the sub id asked for."""
        return account_id(self.key().address, self._sub_id)

    def token(self, symbol: str, amount: Decimal) -> tuple[str, int]:
        """Address and smallest units."""
        address = pick("token", self.deployment.tokens, symbol)
        return address, units(amount, self.deployment.decimals[symbol])

    def market(self, symbol: str) -> int:
        return pick("market", self.deployment.markets, symbol)


def pick(what: str, known: dict, symbol: str) -> object:
    """The entry of a symbol."""
    if symbol not in known:
        raise ConfigError(f"there is no {what} {symbol}: there is {', '.join(known)}")
    return known[symbol]


def units(amount: Decimal, decimals: int) -> int:
    """An amount in smallest units; more decimals than there are is an error."""
    try:
        found = settings.units(amount, decimals)
    except ValueError as fault:
        raise ConfigError(str(fault)) from None
    if abs(found) >= 2**127:
        raise ConfigError(f"{amount} is more than an account can hold")
    return found


def shown(wad: int) -> str:
    """WAD for people."""
    return f"{Decimal(wad) / WAD:,.6f}".rstrip("0").rstrip(".")


OPTIONS = (
    click.option("--sub", type=click.IntRange(0, 2**96 - 1), default=0, help="Which of the key's accounts."),
    click.option(
        "--keyfile",
        type=settings.FILE,
        envvar="CROSSMARGIN_KEYFILE",
        help="Keystore or hexadecimal key; else CROSSMARGIN_KEY.",
    ),
    click.option(
        "--deployment",
        type=settings.FILE,
        envvar="CROSSMARGIN_DEPLOYMENT",
        default="deployments/31337.json",
        show_default=True,
        help="Addresses.",
    ),
    click.option(
        "--rpc",
        metavar="URL",
        multiple=True,
        envvar="CROSSMARGIN_RPC",
        default=["http://127.0.0.1:8545"],
        show_default=True,
        help="The node; may be repeated: the next is asked when one fails.",
    ),
)


def with_options(function: Callable) -> Callable:
    """The options all commands have; the function gets a Desk."""

    def command(rpc: Sequence[str], deployment: Path, keyfile: Path | None, sub: int, **more: object) -> None:
        function(Desk(rpc, deployment, keyfile, sub), **more)

    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__click_params__ = list(getattr(function, "__click_params__", []))
    for option in OPTIONS:
        command = option(command)
    return command


@click.group(name="account", cls=settings.OneLine)
def cli() -> None:
    """Look at an account and use it."""


@cli.command()
@click.argument("account", type=settings.ACCOUNT, required=False)
@with_options
def show(desk: Desk, account: int | None) -> None:
    """Balances, positions and margin of ACCOUNT (0xowner, 0xowner/sub or a number), the key's by default."""
    (found,) = desk.client.accounts([desk.account() if account is None else account])
    for line in describe(desk.deployment, found):
        click.echo(line)


def describe(deployment: Deployment, found: Account) -> list[str]:
    """An account in words."""
    markets = {number: symbol for symbol, number in deployment.markets.items()}
    assets = {number: symbol for symbol, number in deployment.assets.items()}
    rows = [
        f"account      {show_account(found.id)}",
        f"cash         {shown(found.cash)} ({shown(found.reserved)} reserved)",
        *(f"{assets[c.asset]:<12} {shown(c.amount)} worth {shown(c.value)}" for c in found.collateral),
        *(
            f"{markets[p.market]:<12} {shown(p.base)} at {shown(p.entry_price)}, now {shown(p.price)}: {shown(p.value)}"
            for p in found.positions
        ),
        f"equity       {shown(found.equity)}",
        f"initial      {shown(found.initial)}",
        f"maintenance  {shown(found.maintenance)}",
        f"state        {STATES[found.state]}",
    ]
    return rows


@cli.command(context_settings=NEGATIVE)
@click.argument("amount", type=Amount())
@click.argument("token", default="USDC")
@with_options
def deposit(desk: Desk, amount: Decimal, token: str) -> None:
    """Deposit AMOUNT whole TOKENs (USDC by default), approving them first where needed."""
    address, tokens = desk.token(token, amount)
    key, vault = desk.key(), desk.deployment.vault
    allowed = desk.client.read(desk.client.calls.token(address, "allowance", key.address, vault))
    if allowed < tokens:
        desk.client.approve(key, address, tokens)
    receipt = desk.client.deposit(key, desk.account(), address, tokens)
    click.echo(
        f"deposited {amount} {token} to {show_account(desk.account())}: {receipt.tx_hash}, {receipt.gas_used:,} gas"
    )


@cli.command(context_settings=NEGATIVE)
@click.argument("amount", type=Amount())
@click.argument("token", default="USDC")
@click.option("--to", metavar="ADDRESS", help="Receiver; the key's address by default.")
@with_options
def withdraw(desk: Desk, amount: Decimal, token: str, to: str | None) -> None:
    """Withdraw AMOUNT whole TOKENs (USDC by default)."""
    address, tokens = desk.token(token, amount)
    if to is not None and not is_address(to):
        raise ConfigError(f"--to {to}: that is not an address")
    receipt = desk.client.withdraw(desk.key(), desk.account(), address, tokens, to)
    click.echo(f"withdrew {amount} {token}: {receipt.tx_hash}, {receipt.gas_used:,} gas")


@cli.command(context_settings=NEGATIVE)
@click.argument("market")
@click.argument("size", type=Amount(signed=True))
@click.option(
    "--slippage",
    type=click.IntRange(0, 10_000),
    default=100,
    show_default=True,
    help="Bps from the mark that the fill may be worse.",
)
@click.option("--reduce-only", is_flag=True, help="Only towards zero.")
@click.option("--salt", type=click.IntRange(0, 2**256 - 1), default=0, help="Makes equal orders distinct.")
@with_options
def order(desk: Desk, market: str, size: Decimal, slippage: int, reduce_only: bool, salt: int) -> None:
    """Submit a market order for SIZE units of MARKET, negative to sell: order ETH -0.5"""
    number = desk.market(market)
    mark = desk.client.prices([number])[0].price
    signed = units(size, 18)
    bound = mark * (10_000 + (slippage if signed > 0 else -slippage)) // 10_000
    one = Order(desk.account(), number, signed, bound, reduce_only, salt)
    quote = desk.client.quote_order(one)
    if not quote.ok:
        raise ConfigError(f"the order would be refused: {quote.reason}")
    sent = desk.client.submit(desk.key(), one)
    done = any(isinstance(event, OrderExecuted) for event in sent.receipt.events)
    click.echo(
        f"{'executed' if done else 'submitted'} {sent.order_hash}, about {shown(quote.price)}: {sent.gas_used:,} gas"
    )
