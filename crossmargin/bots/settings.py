"""One set of options for file, environment and flags; the key from a keyfile or the environment alone.

A flag wins over CROSSMARGIN_<OPTION>, that over the file of --config (TOML or JSON, dashes or underscores), that over the
default. A key is never an option: CROSSMARGIN_KEY holds it in hexadecimal, or --keyfile names a file with that or a
keystore (as Ape's), whose passphrase is CROSSMARGIN_PASSPHRASE.
"""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click
from eth_account import Account
from eth_account.signers.local import LocalAccount

from crossmargin.client.addresses import addresses_of
from crossmargin.client.codec import parse_account
from crossmargin.errors import ConfigError, CrossmarginError
from crossmargin.processes import interruptible

PREFIX = "CROSSMARGIN"
SECRETS = {"key", "private_key", "passphrase", "password", "secret"}
FASTEST_POLL = 0.02  # seconds
LONGEST = 1_000_000  # seconds that anything may be told to wait
MOST_DIGITS = 60  # before or after the point of any amount


def exact(value: Any) -> Decimal:
    """A decimal number of a size that money has. Raises ValueError."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is not an amount") from None
    if not found.is_finite() or abs(found.adjusted()) > MOST_DIGITS:
        raise ValueError(f"{value!r} is not an amount")
    return found


def units(amount: Decimal, decimals: int) -> int:
    """An amount in smallest units, exactly: `Decimal` itself rounds to 28 digits. Raises ValueError for more decimals."""
    found = Fraction(amount) * 10**decimals
    if found.denominator != 1:
        raise ValueError(f"{amount} has more than {decimals} decimals")
    return int(found)


class Amount(click.ParamType):
    """An amount of 0 or more as an integer of its smallest units."""

    def __init__(self, name: str, decimals: int) -> None:
        self.name = name
        self._decimals = decimals

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            found = units(exact(value), self._decimals)
        except ValueError:
            found = -1
        if found < 0:
            self.fail(
                f"{value!r} is not an amount of 0 or more with at most {self._decimals} decimals", param, ctx
            )
        return found


class Seconds(click.FloatRange):
    """A time that ends."""

    name = "number of seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = super().convert(value, param, ctx)
        if not found <= LONGEST:
            self.fail(f"{value!r} is not a number of seconds up to {LONGEST:,}", param, ctx)
        return found


class AccountId(click.ParamType):
    """An account: 0xowner, 0xowner/sub or a number."""

    name = "account"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return parse_account(str(value))
        except ValueError as fault:
            self.fail(str(fault), param, ctx)


QUOTE = Amount("quote", 18)
GWEI = Amount("gwei", 9)
ACCOUNT = AccountId()
FILE = click.Path(path_type=Path, dir_okay=False)


def _read_config(ctx: click.Context, _param: click.Parameter, path: Path | None) -> Path | None:
    if path is not None:
        options = _load(path, {p.name for p in ctx.command.params})
        for one in ctx.command.params:  # what may be repeated may stand there once, without brackets
            if (
                isinstance(one, click.Option)
                and one.multiple
                and not isinstance(options.get(one.name, []), list)
            ):
                options[one.name] = [options[one.name]]
        ctx.default_map = {**(ctx.default_map or {}), **options}
    return path


def _load(path: Path, known: set[str | None]) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except OSError as fault:
        raise click.BadParameter(f"{path}: {fault.strerror}", param_hint="--config") from None
    except UnicodeDecodeError:
        raise click.BadParameter(f"{path}: not text in UTF-8", param_hint="--config") from None
    try:
        parse = json.loads if path.suffix == ".json" else tomllib.loads
        found = parse(text, parse_float=Decimal)  # every digit of an amount
    except ValueError as fault:
        raise click.BadParameter(f"{path}: {' '.join(str(fault).split())}", param_hint="--config") from None
    if not isinstance(found, dict):
        raise click.BadParameter(f"{path}: not a table of options", param_hint="--config")
    options = {name.replace("-", "_"): value for name, value in found.items()}
    if secrets := SECRETS & set(options):
        raise click.BadParameter(
            f"{path}: {', '.join(sorted(secrets))}: a secret has no place here: use --keyfile or {PREFIX}_KEY",
            param_hint="--config",
        )
    if unknown := set(options) - known:
        raise click.BadParameter(f"{path}: unknown: {', '.join(sorted(unknown))}", param_hint="--config")
    return options


COMMON = (
    click.option(
        "--config", type=FILE, is_eager=True, callback=_read_config, help="TOML or JSON of options."
    ),
    click.option(
        "--rpc",
        metavar="URL",
        multiple=True,
        default=["http://127.0.0.1:8545"],
        help="The node: http(s) or ws(s). May be repeated: the next is asked when one fails.",
    ),
    click.option("--deployment", type=FILE, required=True, help="The deployment's file of addresses."),
    click.option("--keyfile", type=FILE, help="Keystore, or a file with the key in hexadecimal."),
    click.option("--dry-run", is_flag=True, help="Look and simulate, send nothing; needs no key."),
    click.option("--once", is_flag=True, help="One look at the chain, then exit."),
    click.option("--poll", type=Seconds(FASTEST_POLL), default=0.1, help="Seconds between looks."),
    click.option("--status", type=FILE, help="Keep a line of JSON about the bot's health here."),
    click.option("--cursor", type=FILE, help="Remember here how far the chain was read."),
    click.option(
        "--from-block", type=click.IntRange(0), help="Read events from here; the deployment's by default."
    ),
    click.option(
        "--retries",
        type=click.IntRange(0),
        default=8,
        help="Failed looks in a row before giving up at the start; later it never does.",
    ),
    click.option("--min-profit", type=QUOTE, default=0, help="Quote a batch must earn above its gas."),
    click.option("--native-price", type=QUOTE, default=0, help="Quote a native token costs; 0 ignores gas."),
    click.option(
        "--native-market", type=click.IntRange(0, 31), help="Market whose price is the native token's."
    ),
    click.option("--max-gas-price", type=GWEI, help="Gwei above which nothing is sent."),
)


def options(*more: Callable) -> Callable:
    """Decorator: the options all bots have, then these."""

    def decorate(function: Callable) -> Callable:
        for option in reversed((*COMMON, *more)):
            function = option(function)
        return function

    return decorate


@dataclass(frozen=True)
class Common:
    """What every bot is told. Quote amounts in WAD; `poll` in seconds; `max_gas_price` in wei."""

    rpc: tuple[str, ...]
    deployment: Path
    addresses: Mapping[str, str]
    key: LocalAccount | None
    dry_run: bool
    once: bool
    poll: float
    status: Path | None
    cursor: Path | None
    from_block: int
    retries: int
    min_profit: int
    native_price: int
    native_market: int | None
    max_gas_price: int | None

    @property
    def sender(self) -> str:
        """Address that simulations come from."""
        return self.key.address if self.key else "0x000000000000000000000000000000000000dEaD"


def common(given: dict[str, Any]) -> Common:
    """Take the common options out of `given`. Raises ConfigError for what is missing."""
    given.pop("config", None)
    keyfile = given.pop("keyfile")
    key = load_key(keyfile)
    if key is None and not given["dry_run"]:
        raise ConfigError(f"there is no key: set {PREFIX}_KEY, name a --keyfile, or look on with --dry-run")
    first = given.pop("from_block")
    names = [n for n in Common.__dataclass_fields__ if n in given]
    found = {name: given.pop(name) for name in names}
    return Common(
        **found,
        addresses=addresses_of(found["deployment"]),
        key=key,
        from_block=deployment_block(found["deployment"]) if first is None else first,
    )


def deployment_block(path: Path) -> int:
    """The block of the first contract in a deployment file; 0 if it does not say."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return 0
    rows = found.get("contracts", found) if isinstance(found, dict) else {}
    blocks = [
        row["block"] for row in rows.values() if isinstance(row, dict) and isinstance(row.get("block"), int)
    ]
    return min(blocks, default=0)


def load_key(keyfile: Path | None, environment: Mapping[str, str] = os.environ) -> LocalAccount | None:
    """The signer from the keyfile, else from the environment, else None. Nothing of the key is ever in a message."""
    if keyfile is not None:
        return _from_file(keyfile, environment.get(f"{PREFIX}_PASSPHRASE", ""))
    text = environment.get(f"{PREFIX}_KEY", "").strip()
    return _from_hex(text, f"{PREFIX}_KEY") if text else None


def environment_of(key: LocalAccount) -> dict[str, str]:
    """For a bot as a child: our environment without options for bots, and with its key."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(f"{PREFIX}_")}
    return {**ours, f"{PREFIX}_KEY": "0x" + bytes(key.key).hex()}


def _from_file(path: Path, passphrase: str) -> LocalAccount:
    try:
        text = path.read_text().strip()
    except OSError as fault:
        raise ConfigError(f"cannot read the keyfile {path}: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"the keyfile {path} is not text") from None
    if not text.startswith("{"):
        return _from_hex(text, str(path))
    try:
        return Account.from_key(Account.decrypt(text, passphrase))
    except Exception:
        raise ConfigError(
            f"the keyfile {path} does not open: is {PREFIX}_PASSPHRASE its passphrase?"
        ) from None


def _from_hex(text: str, where: str) -> LocalAccount:
    try:
        return Account.from_key(text)
    except Exception:
        raise ConfigError(f"{where} is not a private key: 32 bytes in hexadecimal are") from None


def run_command(
    command: click.Command,
    name: str,
    args: list[str] | None = None,
    interrupted: str = "interrupted",
    prefix: str | None = PREFIX,
) -> int:
    """Run a command; every failure it knows is one line on stderr. Returns the exit code.

    With `prefix` its options may stand in the environment too. SIGINT ends it even if it was started with SIGINT ignored.
    """
    try:
        with interruptible():
            result = command.main(args, prog_name=name, standalone_mode=False, auto_envvar_prefix=prefix)
        return result if isinstance(result, int) else 0
    except click.ClickException as fault:
        return _failed(name, fault.format_message(), fault.exit_code)
    except (CrossmarginError, OSError) as fault:
        return _failed(name, str(fault), 1)
    except (KeyboardInterrupt, click.Abort):
        return _failed(name, interrupted, 130)


def run_program(command: click.Command, name: str) -> NoReturn:
    """The same as a whole program. It ends at once: threads of a library that wait for a node are not waited for."""
    code = run_command(command, name)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class OneLine(click.Group):
    """A group whose known failures are one line wherever it runs."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as fault:
            plain = click.ClickException(" ".join(fault.format_message().split()))
            plain.exit_code = fault.exit_code
            raise plain from None
        except (CrossmarginError, OSError) as fault:
            raise click.ClickException(" ".join(str(fault).split())) from None


def forwarded(name: str, module: str, about: str) -> click.Command:
    """A command for another program's list (Ape's scripts) that hands all its arguments to a module's own."""

    @click.command(
        name,
        help=about,
        short_help=about,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    @click.argument("args", nargs=-1, type=click.UNPROCESSED)
    def command(args: tuple[str, ...]) -> None:
        target = import_module(module)  # only now: the list itself should be quick
        run = getattr(target, "run", None)
        sys.exit(run(list(args)) if run else run_command(target.main, name, list(args)))

    return command


def _failed(name: str, message: str, code: int) -> int:
    print(f"{name}: {' '.join(message.split())}", file=sys.stderr, flush=True)
    return code
