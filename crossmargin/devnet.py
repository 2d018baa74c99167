"""A local chain with a venue on it, for integrators: python -m crossmargin.devnet [--port N]

Everything of the shipped deployment with dev tokens and dev feeds, ten million of LP money and a million in the cover pool,
funded accounts with known keys, and feeds that stay fresh. Runs until Ctrl-C and leaves nothing behind.
"""

from __future__ import annotations

import random
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import click
from eth_account import Account
from eth_account.signers.local import LocalAccount

from crossmargin import config as configuration
from crossmargin.artifacts import compiled
from crossmargin.bots.settings import Seconds, environment_of, run_command
from crossmargin.client import WAD, Client, Sent, account_id, steps
from crossmargin.client.abi import Call, load
from crossmargin.client.transport import Ask
from crossmargin.deploy import COMPILED, deploy
from crossmargin.deployment import Deployment
from crossmargin.errors import ConfigError, NetworkError, TransactionLost
from crossmargin.processes import Anvil, Child, Processes

NAME = "devnet"
# anvil's own accounts: public, worthless anywhere else
MNEMONIC = "test test test test test test test test test test test junk"
ROLES = ("owner", "lp", "trader", "hedger", "keeper", "liquidator", "outsider")
LP_MONEY = 10_000_000  # quote in the pool
COVER_MONEY = 1_000_000  # quote of the LP in the cover pool
PURSE = {"USDC": 1_000_000, "WETH": 200, "WBTC": 20}  # of each account, in whole tokens
PUSH_GAS = 200_000
BPS = 10_000


@dataclass
class Devnet:
    """A venue on a local anvil. `people`: role -> key; `answers`: symbol -> last answer in the feed's own units."""

    url: str
    deployment: Deployment
    client: Client
    people: Mapping[str, LocalAccount]
    answers: dict[str, int] = field(default_factory=dict)

    def key(self, role: str) -> LocalAccount:
        """The key of a role."""
        return self.people[role]

    def account(self, role: str, sub_id: int = 0) -> int:
        """An account id of a role."""
        return account_id(self.people[role].address, sub_id)

    def token(self, symbol: str) -> str:
        """A token's address."""
        return self.deployment.tokens[symbol]

    def units(self, symbol: str, amount: int) -> int:
        """Whole tokens in smallest units."""
        return amount * 10 ** self.deployment.decimals[symbol]

    def market(self, symbol: str) -> int:
        """A market's id."""
        return self.deployment.markets[symbol]

    def push(self, prices: Mapping[str, int] | None = None, after: int = 0) -> None:
        """Publish a round on every dev feed, `after` seconds of the chain later. `prices`: answers to change, 1e-8 USD."""
        self.answers |= prices or {}
        owner, transport = self.people["owner"].address, self.client.transport
        if after:
            transport.batch([Ask("evm_increaseTime", (hex(after),))])
        # others may use this key as well: say the nonces
        nonce = transport.run(steps.next_nonce(owner))
        asks = []
        for symbol, feed in self.deployment.feeds.items():
            call = load("DevFeed").call(feed, "push", self.answers[symbol])
            params = {**call.params(owner, PUSH_GAS), "nonce": hex(nonce + len(asks))}
            asks.append(Ask("eth_sendTransaction", (params,), label=f"push {symbol}"))
        hashes = transport.batch(asks)
        self.client.receipts([Sent(tx, owner, nonce + i, asks[i].label) for i, tx in enumerate(hashes)])

    def wander(self, step: int, source: random.Random) -> None:
        """Move every market's next answer by up to `step` bps."""
        for symbol in self.deployment.markets:
            moved = self.answers[symbol] * (BPS * 100 + source.randint(-100 * step, 100 * step))
            self.answers[symbol] = max(1, moved // (BPS * 100))


def people() -> dict[str, LocalAccount]:
    """The keys anvil starts with, by role."""
    Account.enable_unaudited_hdwallet_features()
    return {
        role: Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{i}")
        for i, role in enumerate(ROLES)
    }


def prepare(
    url: str,
    config: Path | str = configuration.DEFAULT,
    out: Path | None = None,
    cover: int = COVER_MONEY,
) -> Devnet:
    """Deploy and fund a venue on a fresh anvil. `out`: folder for the deployment's file; `cover`: quote in the cover pool."""
    keys = people()
    deployment = deploy(url, config, key=keys["owner"], out=out, fresh=True)
    net = Devnet(url, deployment, Client.connect(url, deployment), keys)
    net.answers = {symbol: _answer(net, feed) for symbol, feed in deployment.feeds.items()}
    _fund(net, cover)
    return net


def _answer(net: Devnet, feed: str) -> int:
    return net.client.read(net.client.calls.round(feed))[1]


def _fund(net: Devnet, cover: int) -> None:
    """Tokens for everybody, approvals to the Vault and both pools, and the LP's money in both."""
    owner, lp = net.key("owner"), net.key("lp")
    amounts = {symbol: PURSE.get(symbol, 1_000) for symbol in net.deployment.tokens}
    items: list[tuple[LocalAccount, Call[None]]] = []
    for symbol, token in net.deployment.tokens.items():
        if f"DevToken.{symbol}" not in net.deployment.contracts:
            raise ConfigError(f"{symbol} is not a dev token: a devnet cannot mint it")
        for role, person in net.people.items():
            extra = LP_MONEY + cover if role == "lp" and symbol == net.deployment.quote else 0
            amount = net.units(symbol, amounts[symbol] + extra)
            items.append((owner, load("DevToken").call(token, "mint", person.address, amount)))
            items.append((person, net.client.calls.approve(token, 2**256 - 1)))
    quote = net.token(net.deployment.quote)
    for pool in (net.deployment.pool, net.deployment.cover):
        items += [
            (person, net.client.calls.approve(quote, 2**256 - 1, pool)) for person in net.people.values()
        ]
    _all_ok(net, items)
    for pool, money in (("pool", LP_MONEY), ("cover", cover)):
        net.client.pool_deposit(lp, net.units(net.deployment.quote, money), pool=pool)


def _all_ok(net: Devnet, items: list[tuple[LocalAccount, Call[None]]]) -> None:
    for receipt in net.client.send_all(items, gas=PUSH_GAS):
        if not receipt.ok:
            raise ConfigError(f"{receipt.label} was refused: {receipt.reason}")


# ---- command line ------------------------------------------------------------------------------------


def describe(net: Devnet, record: Path) -> str:
    """What an integrator needs to know."""
    deployment = net.deployment
    rows = ["", f"node        {net.url}", f"chain id    {deployment.chain_id}", f"addresses   {record}", ""]
    rows += [
        f"{name:<16}{contract.address}" for name, contract in deployment.contracts.items() if "." not in name
    ]
    rows += [""] + [f"{f'token {symbol}':<16}{address}" for symbol, address in deployment.tokens.items()]
    rows += [""] + [
        f"{f'market {market}':<16}{symbol}, feed {deployment.feeds[symbol]}"
        for symbol, market in deployment.markets.items()
    ]
    pool = net.client.pool()
    money = f"{pool.state.cash // WAD:,} in the pool, {pool.cover_cash // WAD:,} in the cover pool, both of the lp"
    rows += ["", f"{'liquidity':<16}{money}"]
    rows += ["", "keys (anvil's own, public: never use them anywhere else)"]
    rows += [f"{role:<16}{key.address}  0x{bytes(key.key).hex()}" for role, key in net.people.items()]
    return "\n".join(rows)


def _bots(net: Devnet, record: Path) -> list[Child]:
    options = ["--rpc", net.url, "--deployment", str(record)]
    return [
        Child(
            [sys.executable, "-m", f"crossmargin.bots.{bot}", *options, *duties],
            bot,
            env=environment_of(net.key(bot)),
        )
        for bot, duties in (("keeper", ()), ("liquidator", ("--deleverage", "--close")))
    ]


def _keep_fresh(net: Devnet, group: Processes, interval: float, step: int) -> None:
    """Publish rounds until somebody ends it.

    Ctrl-C only sets a flag here: an interrupt raised inside a request can be swallowed by what sends it.
    """
    source = random.Random()
    ended = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    while True:
        if ended.wait(interval):
            raise KeyboardInterrupt
        group.check()
        if step:
            net.wander(step, source)
        # somebody else sent with this key at the same time, or blocks come slowly: the next round will do
        with suppress(NetworkError, TransactionLost):
            net.push()


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--port", type=click.IntRange(1, 65535), default=8545, help="Of the node.")
@click.option(
    "--config", type=click.Path(path_type=Path), default=configuration.DEFAULT, help="The deployment file."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for the addresses; a temporary one by default."
)
@click.option("--interval", type=Seconds(0.1), default=3.0, help="Seconds between rounds of the feeds.")
@click.option(
    "--walk", type=click.IntRange(0, 1000), default=0, help="Bps that prices may move with each round."
)
@click.option("--block-time", type=Seconds(0.1), help="Seconds between blocks; one a transaction by default.")
@click.option("--bots", is_flag=True, help="Also run a keeper and a liquidator.")
def main(
    port: int,
    config: Path,
    out: Path | None,
    interval: float,
    walk: int,
    block_time: float | None,
    bots: bool,
) -> int:
    """A local chain with a whole venue on it, until Ctrl-C.

    Dev tokens, dev feeds that stay fresh, ten million of liquidity, a million in the cover pool, and an account with a known key for
    every role.
    """
    options = [] if block_time is None else ["--block-time", str(block_time)]
    compiled(COMPILED, say=click.echo)
    with Processes() as group, tempfile.TemporaryDirectory(prefix="crossmargin-") as folder:
        click.echo("starting a chain and deploying the venue …")
        anvil = group.add(Anvil(port, options))
        home = out or Path(folder)
        net = prepare(anvil.url, config, home)
        record = home / f"{net.deployment.chain_id}.json"
        if bots:
            for bot in _bots(net, record):
                group.add(bot)
        click.echo(describe(net, record))
        click.echo(f"\nready; a round every {interval:g} s; Ctrl-C ends it\n")
        _keep_fresh(net, group, interval, walk)
    return 0


def run(args: list[str] | None = None) -> int:
    """The command; every failure it knows is one line on stderr. Returns the exit code."""
    return run_command(main, NAME, args, "stopped; nothing was left running")


if __name__ == "__main__":
    sys.exit(run())
