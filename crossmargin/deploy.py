"""Deploy a venue from one file, or bring one that is there in line with it: python -m crossmargin.deploy --help

    deployment = deploy("http://127.0.0.1:8545", key=KEY, out=Path("deployments"))

What is there already is found in `deployments/<chain_id>.json` and on the chain: a second run changes nothing, an interrupted
one goes on where it stopped. At the end everything is read back from the chain and compared; a difference is an error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import click
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3 import Web3

from crossmargin import config as configuration
from crossmargin.artifacts import Artifact, compiled
from crossmargin.bots.settings import load_key, run_command
from crossmargin.client.steps import local_key
from crossmargin.config import Config, Feed, Parameters, Token
from crossmargin.deployment import CONTRACTS, QUOTE, Contract, Deployment, artifact_of
from crossmargin.errors import ConfigError, ContractRefused, CrossmarginError
from crossmargin.sending import Sender, faults

WAD = 10**18
OWNED = ("OracleAdapter", "Configurator", "OrderBook", "Liquidator")
STATES = ("valid", "uncertain", "stale", "divergent", "invalid")
TOKEN, FEED = "DevToken", "DevFeed"
COMPILED = tuple(dict.fromkeys((*map(artifact_of, CONTRACTS), TOKEN, FEED)))  # what a deployment may need
REPLACEABLE = ("QuoteLens", "RiskLens", "Lens")
# These name each other before they exist, in the order of their deployment; which of their arguments are whose address.
LINKED = {
    "Waterfall": {0: "PositionManager"},
    "Vault": {0: "PositionManager"},
    "PositionManager": {0: "Vault", 3: "Waterfall", 4: "LiquidityPool", 5: "CoverPool"},
    "LiquidityPool": {0: "PositionManager"},
    "CoverPool": {0: "PositionManager"},
}
POOLS = ("LiquidityPool", "CoverPool")
WATERFALL_ROLE = 3
NOBODY = "0x" + "00" * 20
DEV_CHAINS = (1337, 31337)  # begin anew with every start


class DeployError(CrossmarginError):
    """The deployment cannot go on; the message is one line that says what to do."""


def deploy(
    rpc: str | Web3,
    config: Path | str | Mapping[str, Any] | Config = configuration.DEFAULT,
    *,
    key: str | bytes | LocalAccount,
    out: Path | str | None = None,
    owner: str | None = None,
    owner_key: str | bytes | LocalAccount | None = None,
    markets: Iterable[str] | None = None,
    prices: Mapping[str, int | str | Decimal | Fraction] | None = None,
    timing: Mapping[str, int] | None = None,
    feeds: Mapping[str, str] | None = None,
    tokens: Mapping[str, str] | None = None,
    fresh: bool = False,
    log: Callable[[str], object] = lambda line: None,
) -> Deployment:
    """Deploy, wire, set and check a venue.

    out: folder of the record; without it nothing is kept and nothing of before is looked for. fresh: ignore the record.
    owner: who shall own the venue; two-step, so it must accept, which is done here if `owner_key` is given.
    markets, prices (USD, of dev feeds), timing (delay, window, max_exec_age, max_age, pool_cooldown, cover_cooldown in seconds),
    feeds and tokens (addresses by symbol) replace what the file says. A market that is being wound down is left alone.
    Raises CrossmarginError.
    """
    wanted = configuration.load(config)
    for change, value in (
        (Config.only, markets),
        (Config.at_prices, prices),
        (Config.with_timing, timing),
        (Config.with_feeds, feeds),
        (Config.with_tokens, tokens),
    ):
        wanted = wanted if value is None else change(wanted, value)
    keeper = None if owner_key is None else local_key(owner_key)
    if keeper is not None and owner is not None and keeper.address.lower() != owner.lower():
        raise ConfigError("owner_key is not the key of owner")
    owner = keeper.address if keeper is not None else configuration._address(owner, "owner")
    sender = Sender(rpc, key)
    path = None if out is None else Path(out) / f"{sender.chain_id}.json"
    return _Run(sender, wanted, path, log).deploy(owner, keeper, fresh)


@dataclass(frozen=True)
class Change:
    """A call that would bring the chain in line; `what` says which parameter."""

    what: str
    contract: str
    function: str
    args: tuple[Any, ...]


class _Run:
    """One run of `deploy`."""

    def __init__(
        self, sender: Sender, config: Config, path: Path | None, log: Callable[[str], object]
    ) -> None:
        self.sender = sender
        self.config = config
        self.path = path
        self.log = log
        self.contracts: dict[str, Contract] = {}
        self.markets: dict[str, int] = {}
        self.reference: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.decimals: dict[str, int] = {}
        self.feeds: dict[str, str] = {}
        self.transactions = 0

    def deploy(self, owner: str | None, keeper: LocalAccount | None, fresh: bool) -> Deployment:
        self._recall(fresh)
        for token in self.config.tokens():
            self.tokens[token.symbol] = self._token(token)
            self.decimals[token.symbol] = self._checked_decimals(token)
        for feed in self.config.feeds():
            self.feeds[feed.symbol] = self._feed(feed)
        self._venue()
        self._wire()
        self._set_feeds()
        wanted = self._wanted()
        if self._changes(wanted):
            # ids and reference prices, for a run that goes on after an interruption
            self._save(self._record(None, complete=False))
        self._apply(lambda: self._changes(wanted))
        self._check_wiring()
        if owner is not None:
            self._hand_over(owner, keeper)
        done = self._record(wanted, complete=True)
        self._save(done)
        self.log("nothing to do" if not self.transactions else f"done in {self.transactions} transactions")
        return done

    # ---- what is there -----------------------------------------------------------------------------

    @cached_property
    def artifacts(self) -> dict[str, Artifact]:
        return compiled(COMPILED, say=self.log)

    def _recall(self, fresh: bool) -> None:
        """Take over what an earlier run left on this chain."""
        if fresh or self.path is None or not self.path.exists():
            return
        before = Deployment.load(self.path)
        found = {name: self._mined(entry) for name, entry in before.contracts.items()}
        alive = {n: c for n, c in found.items() if c is not None and self.sender.code(c.address)}
        if before.chain_id != self.sender.chain_id or not alive:
            if self.sender.chain_id not in DEV_CHAINS:
                raise DeployError(
                    f"nothing of {self.path} is on this chain: is the node behind? --fresh deploys anew"
                )
            self.log(f"{self.path} is of an earlier chain: deploying anew")
            return
        self.contracts = {n: c for n, c in alive.items() if self._current(n, c)}
        self.markets = dict(before.markets)
        self.reference = dict(before.reference_prices)

    def _current(self, name: str, contract: Contract) -> bool:
        """Whether the code there is that of the sources; what nothing depends on may be deployed again."""
        artifact = self.artifacts.get(artifact_of(name))
        if artifact is not None and self.sender.code(contract.address).startswith(artifact.runtime):
            return True
        if name in REPLACEABLE:
            self.log(f"{name} at {contract.address} is of other sources: deploying another one")
            return False
        raise DeployError(
            f"{name} at {contract.address} is not of these sources: restore them, or deploy anew with --fresh"
        )

    def _mined(self, entry: Contract) -> Contract | None:
        """The entry with its block; None if its transaction never made it."""
        if entry.block is not None:
            return entry
        receipt = self.sender.receipt(entry.tx)
        if receipt is None or receipt["status"] != 1:
            return None
        return Contract(entry.address, receipt["blockNumber"], entry.tx, entry.args, entry.init_code_hash)

    # ---- contracts ---------------------------------------------------------------------------------

    def _ensure(self, name: str, *args: object) -> str:
        """The address of a contract, deployed if it is not there. `name`: as `artifact_of` reads it."""
        artifact = self.artifacts[artifact_of(name)]
        code = artifact.init_code(args)
        digest = Web3.to_hex(keccak(code))
        known = self.contracts.get(name)
        if known is not None and (known.init_code_hash == digest or name not in REPLACEABLE):
            if known.init_code_hash != digest:
                raise DeployError(
                    f"{name} at {known.address} was deployed with other arguments or sources:"
                    " restore them, or deploy anew with --fresh"
                )
            return known.address
        signed = self.sender.signed(f"deploying {name}", code)
        entry = Contract(self.sender.created(), None, Web3.to_hex(signed.hash), _texts(args), digest)
        # noted before it is sent: an interrupted run finds it
        self.contracts[name] = entry
        self._save(self._record(None, complete=False))
        receipt = self.sender.send(f"deploying {name}", signed)
        self.transactions += 1
        self.contracts[name] = Contract(entry.address, receipt["blockNumber"], entry.tx, entry.args, digest)
        self._save(self._record(None, complete=False))
        self.log(f"{name} at {entry.address}")
        return entry.address

    def _token(self, token: Token) -> str:
        if token.address is not None:
            return self._checked_code(token.address, f"token {token.symbol}")
        name = f"{token.symbol} (development)"
        return self._ensure(
            f"{TOKEN}.{token.symbol}", name, token.symbol, token.decimals, self._first_owner()
        )

    def _feed(self, feed: Feed) -> str:
        if feed.address is not None:
            return self._checked_code(feed.address, f"feed {feed.symbol}")
        name = f"{FEED}.{feed.symbol}"
        if name in self.contracts:  # its first answer is no parameter
            return self.contracts[name].address
        answer = int(feed.price * 10**feed.decimals)
        return self._ensure(name, feed.decimals, f"{feed.symbol} / USD", answer, self._first_owner())

    def _sequencer(self) -> str:
        """The uptime feed of the chain's sequencer, or the zero address."""
        address = self.config.sequencer
        return NOBODY if address is None else self._checked_code(address, "sequencer")

    def _first_owner(self) -> str:
        """Who owned the contracts first: a later run may be another's."""
        if "OracleAdapter" in self.contracts:
            return Web3.to_checksum_address(self.contracts["OracleAdapter"].args[0])
        dev = next(iter(self.contracts.values()), None)
        return Web3.to_checksum_address(dev.args[-1]) if dev else self.sender.address

    def _venue(self) -> None:
        """All contracts, in their order."""
        owner, config = self._first_owner(), self.config
        oracle = self._ensure("OracleAdapter", owner, self._sequencer())
        configurator = self._ensure("Configurator", owner)
        engine = self._ensure("Engine")
        at = self._predicted()
        manager, pool, cover = at["PositionManager"], at["LiquidityPool"], at["CoverPool"]
        waterfall = self._ensure("Waterfall", manager)
        vault = self._ensure("Vault", manager, self.tokens[config.quote.symbol])
        self._ensure("PositionManager", vault, oracle, engine, waterfall, pool, cover, configurator)
        self._ensure("LiquidityPool", manager, config.pool_name, config.pool_symbol)
        self._ensure("CoverPool", manager, config.cover_name, config.cover_symbol)
        order_book = self._ensure("OrderBook", manager, owner)
        liquidator = self._ensure("Liquidator", manager, owner)
        quotes = self._ensure("QuoteLens", manager, order_book)
        risks = self._ensure("RiskLens", manager)
        self._ensure("Lens", manager, order_book, liquidator, pool, quotes, risks)

    def _predicted(self) -> dict[str, str]:
        """Where the LINKED contracts are or will be. What names others than will be there is deployed again."""
        places = self._places()
        there = [name for name in LINKED if name in self.contracts]
        fits = all(
            self.contracts[name].args[i] == places[other]
            for name in there
            for i, other in LINKED[name].items()
        )
        if fits or len(there) == len(LINKED):
            return places
        for name in there:
            del self.contracts[name]
            self.log(f"{name} named an address that another transaction has taken: deploying it again")
        return self._places()

    def _places(self) -> dict[str, str]:
        missing = [name for name in LINKED if name not in self.contracts]
        places = {name: self.sender.created(i) for i, name in enumerate(missing)}
        return places | {name: self.contracts[name].address for name in LINKED if name in self.contracts}

    def _at(self, name: str) -> Any:
        return self.sender.at(self.artifacts[artifact_of(name)], self.contracts[name].address)

    def _read(self, name: str, function: str, *args: object) -> Any:
        found = self.sender.read(self._at(name), function, *args)
        return found._asdict() if hasattr(found, "_asdict") else found

    def _send(self, change: Change, sender: Sender | None = None) -> None:
        sender = sender or self.sender
        contract = self._at(change.contract)
        label = f"{change.contract}.{change.function}: {change.what}"
        data = sender.data(contract, change.function, change.args)
        sender.send(label, sender.signed(label, data, contract.address))
        self.transactions += 1

    def _checked_code(self, address: str, what: str) -> str:
        if not self.sender.code(address):
            raise DeployError(f"{what}: there is no contract at {address} on chain {self.sender.chain_id}")
        return address

    def _checked_decimals(self, token: Token) -> int:
        contract = self.sender.at(self.artifacts[TOKEN], self.tokens[token.symbol])
        found = self.sender.read(contract, "decimals")
        if found != token.decimals:
            raise DeployError(f"token {token.symbol} has {found} decimals, the file says {token.decimals}")
        return found

    # ---- wiring and feeds --------------------------------------------------------------------------

    def _wire(self) -> None:
        manager = self.contracts["PositionManager"].address
        if self._read("Configurator", "manager") != manager:
            self._send(Change("the PositionManager", "Configurator", "wire", (manager,)))

    def _set_feeds(self) -> None:
        """Ids for new markets, then every feed."""
        lost = set(self.markets) - {m.symbol for m in self.config.markets}
        if lost:
            raise DeployError(
                f"market {min(lost)} is on chain and not in the file: markets cannot be taken away, keep it"
            )
        for market in self.config.markets:
            self.markets.setdefault(market.symbol, len(self.markets))
        self._apply(self._feed_changes)

    def _feed_changes(self) -> list[Change]:
        found = []
        for feed in self.config.feeds():
            quote = feed is self.config.quote_feed
            wanted = self._feed_struct(feed)
            getter, setter = ("quote_feed", "set_quote_feed") if quote else ("feed", "set_feed")
            args = () if quote else (self.markets[feed.symbol],)
            if self._read("OracleAdapter", getter, *args) != wanted:
                found.append(Change(f"feed {feed.symbol}", "OracleAdapter", setter, (*args, wanted)))
        return found

    def _feed_struct(self, feed: Feed) -> dict[str, Any]:
        """As the oracle keeps it: bounds within the aggregator's own, in eight digits, rounded inwards."""
        source, unit = self.feeds[feed.symbol], 10**feed.decimals
        low, high = -(-feed.low * unit // 1), feed.high * unit // 1
        inner = self._call(source, "aggregator()")
        for target in (source, inner and Web3.to_checksum_address(f"0x{inner % 2**160:040x}")):
            least, most = (self._call(target, f"{name}()") for name in ("minAnswer", "maxAnswer"))
            if least is not None and most is not None and least < most < 2**255:
                low, high = max(low, least), min(high, most)
        return {
            "source": source,
            "decimals": feed.decimals,
            "max_age": feed.max_age,
            "min_answer": -_eight_digits_down(-int(low)),
            "max_answer": _eight_digits_down(int(high)),
        }

    def _call(self, target: str | None, function: str) -> int | None:
        """What a function without arguments says, if the contract has it."""
        if not target:
            return None
        try:
            with faults(function):
                found = self.sender.w3.eth.call(
                    {"to": target, "data": Web3.to_hex(keccak(text=function)[:4])}
                )
        except ContractRefused:
            return None
        return int.from_bytes(found, "big") if len(found) == 32 else None

    # ---- parameters --------------------------------------------------------------------------------

    def _wanted(self) -> Parameters:
        """The file in units of the chain. Sizes keep the prices at which they were converted first."""
        for symbol, market in self.markets.items():
            if symbol not in self.reference:
                price = self._read("OracleAdapter", "prices", [market])[0]
                if price[3] != 0:
                    raise DeployError(
                        f"feed {symbol} (or the quote's) has no valid price: it is {STATES[price[3]]}; check its address,"
                        " its bounds and max_age, and run again"
                    )
                self.reference[symbol] = f"{Decimal(price[0]).scaleb(-18).normalize():f}"
        prices = {symbol: Fraction(text) for symbol, text in self.reference.items()}
        return self.config.resolve(prices, self.markets)

    def _apply(self, find: Callable[[], list[Change]]) -> None:
        """Make the changes until there are none. What a bound still forbids is tried again after the others."""
        for _ in range(4):
            changes = find()
            if not changes:
                return
            refused = None
            before = self.transactions
            for change in changes:
                try:
                    self._send(change)
                    self.log(f"set {change.what}")
                except ContractRefused as fault:
                    refused = refused or fault
            if self.transactions == before:
                raise DeployError(f"{refused}; nothing of the rest was changed")
        raise DeployError(f"{changes[0].what} is not on chain as it was set: {changes[0].function}")

    def _changes(self, wanted: Parameters) -> list[Change]:
        """Where the chain differs from the file."""
        found = []
        if self._read("Configurator", "venue") != wanted.venue:
            found.append(Change("venue", "Configurator", "set_venue", (wanted.venue,)))
        if self._read("Configurator", "rates") != wanted.rates:
            found.append(Change("rates", "Configurator", "set_rates", (wanted.rates,)))
        count = self._read("Configurator", "market_count")
        for symbol, market in sorted(self.markets.items(), key=lambda item: item[1]):
            values = wanted.markets[symbol]
            if market < count and self._is_closing(market):
                continue  # for good, whatever the file says
            if market >= count or self._read("Configurator", "market", market) != values:
                found.append(Change(f"market {symbol}", "Configurator", "set_market", (market, values)))
        return found + self._collateral_changes(wanted) + self._role_changes() + self._term_changes(wanted)

    def _is_closing(self, market: int) -> bool:
        """Whether a market is being wound down, or has been."""
        abi, address = list(self.artifacts["Configurator"].abi), self.contracts["Configurator"].address
        plain = self.sender.w3.eth.contract(Web3.to_checksum_address(address), abi=abi)
        return bool(self.sender.read(plain, "closing", market)[0])

    def _listed(self) -> dict[str, dict[str, Any]]:
        """Collateral on chain by token address, with its asset id."""
        found = {}
        for asset in range(self._read("Configurator", "collateral_count")):
            entry = self._read("Configurator", "collateral", asset)
            token = entry.pop("token")
            found[token] = {"asset": asset, **entry}
        return found

    def _collateral_changes(self, wanted: Parameters) -> list[Change]:
        found, listed = [], self._listed()
        lost = set(listed) - {self.tokens[symbol] for symbol in wanted.collateral}
        if lost:
            raise DeployError(
                f"collateral {min(lost)} is on chain and not in the file: keep it, with cap = 0"
            )
        for symbol, values in wanted.collateral.items():
            token, what = self.tokens[symbol], f"collateral {symbol}"
            known = listed.get(token)
            if known is None:
                found.append(Change(what, "Configurator", "list_collateral", (token, *values.values())))
            elif known["underlying"] != values["underlying"]:
                raise DeployError(
                    f"collateral {symbol} is listed with another underlying, which cannot be changed"
                )
            elif known != {"asset": known["asset"], **values}:
                args = (known["asset"], values["discount"], values["cap"])
                found.append(Change(what, "Configurator", "set_collateral", args))
        return found

    def _role_changes(self) -> list[Change]:
        found = []
        for getter, name in (("order_book", "OrderBook"), ("liquidator", "Liquidator")):
            holder = self.contracts[name].address
            if self._read("Configurator", getter) != holder:
                found.append(Change(f"role of {name}", "Configurator", f"set_{getter}", (holder,)))
        return found

    def _term_changes(self, wanted: Parameters) -> list[Change]:
        found = []
        for symbol, market in self.markets.items():
            if self._read("OrderBook", "timing", market) != wanted.timing:
                found.append(
                    Change(f"timing of {symbol}", "OrderBook", "set_timing", (market, wanted.timing))
                )
        if self._read("OrderBook", "keeper_fee") != wanted.keeper_fee:
            found.append(Change("keeper fee", "OrderBook", "set_keeper_fee", (wanted.keeper_fee,)))
        if self._read("Liquidator", "terms") != wanted.liquidator:
            found.append(Change("terms of liquidations", "Liquidator", "set_terms", (wanted.liquidator,)))
        return found

    # ---- the end -----------------------------------------------------------------------------------

    def _check_wiring(self) -> None:
        """Every contract names the others as it should."""
        at = {name: contract.address for name, contract in self.contracts.items()}
        manager, quote = at["PositionManager"], self.tokens[self.config.quote.symbol]
        links = [
            ("Vault", "MANAGER", (), manager),
            ("Vault", "token", (QUOTE,), quote),
            ("PositionManager", "VAULT", (), at["Vault"]),
            ("PositionManager", "ORACLE", (), at["OracleAdapter"]),
            ("PositionManager", "ENGINE", (), at["Engine"]),
            ("PositionManager", "WATERFALL", (), at["Waterfall"]),
            ("PositionManager", "POOL", (), at["LiquidityPool"]),
            ("PositionManager", "COVER", (), at["CoverPool"]),
            ("PositionManager", "CONFIGURATOR", (), at["Configurator"]),
            ("PositionManager", "roles", (at["OrderBook"],), 1),
            ("PositionManager", "roles", (at["Liquidator"],), 2),
            ("PositionManager", "roles", (at["Waterfall"],), WATERFALL_ROLE),
            ("Waterfall", "MANAGER", (), manager),
            ("OracleAdapter", "SEQUENCER", (), self.config.sequencer or NOBODY),
            ("Configurator", "manager", (), manager),
            *((pool, "MANAGER", (), manager) for pool in POOLS),
            *((pool, "asset", (), quote) for pool in POOLS),
            *((pool, "account", (), int(at[pool], 16) << 96) for pool in POOLS),
            ("OrderBook", "MANAGER", (), manager),
            ("Liquidator", "MANAGER", (), manager),
        ]
        links += [("Vault", "asset_of", (t,), e["asset"]) for t, e in self._listed().items()]
        for name, function, args, wanted in links:
            found = self._read(name, function, *args)
            if found != wanted:
                raise DeployError(f"{name}.{function} is {found}, not {wanted}: deploy anew with --fresh")
        seen = self._read("Lens", "addresses")
        strangers = set(seen.values()) - {*at.values(), quote}
        if strangers:
            raise DeployError(f"the Lens looks at {min(strangers)}, which is not of this venue")

    def _hand_over(self, owner: str, keeper: LocalAccount | None) -> None:
        """Make `owner` the owner of everything, or at least the one who may accept it."""
        waiting = []
        for name in OWNED:
            if self._read(name, "owner") == owner:
                continue
            if self._read(name, "pending_owner") != owner:
                self._send(Change(f"owner {owner}", name, "transfer_ownership", (owner,)))
            if keeper is not None:
                self._send(Change("ownership", name, "accept_ownership", ()), Sender(self.sender.w3, keeper))
            else:
                waiting.append(name)
        for name in self.contracts:
            if name.partition(".")[0] in (TOKEN, FEED) and self._read(name, "owner") != owner:
                self._send(Change(f"owner {owner}", name, "transfer_ownership", (owner,)))
        if waiting:
            self.log(f"{owner} has still to call accept_ownership on {', '.join(waiting)}")

    def _record(self, wanted: Parameters | None, complete: bool) -> Deployment:
        assets = {self.config.quote.symbol: QUOTE}
        if complete:
            symbols = {address: symbol for symbol, address in self.tokens.items()}
            assets |= {symbols[token]: entry["asset"] for token, entry in self._listed().items()}
        return Deployment(
            chain_id=self.sender.chain_id,
            name=self.config.name,
            deployer=self.sender.address if not self.contracts else self._first_owner(),
            owner=self._read("Configurator", "owner") if complete else self._first_owner(),
            complete=complete,
            contracts=dict(self.contracts),
            quote=self.config.quote.symbol,
            tokens=dict(self.tokens),
            decimals=dict(self.decimals),
            assets=assets,
            feeds=dict(self.feeds),
            markets=dict(self.markets),
            reference_prices=dict(self.reference),
            parameters=asdict(wanted) if wanted else {},
        )

    def _save(self, deployment: Deployment) -> None:
        if self.path is not None:
            deployment.save(self.path)


def _eight_digits_down(number: int) -> int:
    step = 10 ** max(0, len(str(abs(number))) - 8)
    return number // step * step


def _texts(args: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(arg) for arg in args)


# ---- command line ------------------------------------------------------------------------------------


def _pairs(_context: object, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str] | None:
    if any("=" not in value for value in values):
        raise click.BadParameter("say SYMBOL=VALUE", param=option)
    return dict(value.split("=", 1) for value in values) or None


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rpc", default="http://127.0.0.1:8545", metavar="URL", help="The node.")
@click.option(
    "--config", default=configuration.DEFAULT, type=click.Path(path_type=Path), help="The deployment file."
)
@click.option("--out", default="deployments", type=click.Path(path_type=Path), help="Folder of the record.")
@click.option(
    "--keyfile", type=click.Path(path_type=Path), help="Keystore or hexadecimal key; else CROSSMARGIN_KEY."
)
@click.option("--owner", metavar="ADDRESS", help="Hand everything over to it at the end.")
@click.option("--markets", metavar="SYMBOLS", help="Only these, with commas between.")
@click.option(
    "--feed", "feeds", multiple=True, callback=_pairs, metavar="SYMBOL=ADDRESS", help="A feed that is there."
)
@click.option(
    "--token",
    "tokens",
    multiple=True,
    callback=_pairs,
    metavar="SYMBOL=ADDRESS",
    help="A token that is there.",
)
@click.option(
    "--price",
    "prices",
    multiple=True,
    callback=_pairs,
    metavar="SYMBOL=USD",
    help="First round of a dev feed.",
)
@click.option("--fresh", is_flag=True, help="Deploy anew, whatever the record says.")
def main(rpc: str, keyfile: Path | None, markets: str | None, **options: Any) -> None:
    """Deploy a venue, or bring one in line with its file."""
    key = load_key(keyfile)
    if key is None:
        raise ConfigError("there is no key: set CROSSMARGIN_KEY or name a --keyfile")
    chosen = None if markets is None else [symbol.strip() for symbol in markets.split(",") if symbol.strip()]
    done = deploy(rpc, key=key, markets=chosen, log=click.echo, **options)
    click.echo(f"the record is {options['out'] / f'{done.chain_id}.json'}")


def run(args: list[str] | None = None) -> int:
    """The command; every failure it knows is one line on stderr. Returns the exit code."""
    return run_command(main, "deploy", args, "interrupted; the same command goes on from here", prefix=None)


if __name__ == "__main__":
    sys.exit(run())
