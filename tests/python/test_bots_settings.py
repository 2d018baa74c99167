"""Options of the bots: flag over environment over file over default; keys from keyfile or environment, never shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from eth_account import Account

from crossmargin.bots import settings
from crossmargin.bots.settings import Common
from crossmargin.errors import ConfigError

KEY = "0x" + "11" * 32
ADDRESS = Account.from_key(KEY).address
VAULT = "0x" + "ab" * 20


@pytest.fixture
def deployment(tmp_path: Path) -> Path:
    path = tmp_path / "31337.json"
    path.write_text(
        json.dumps({"Vault": {"address": VAULT, "block": 9}, "Engine": {"address": VAULT, "block": 7}})
    )
    return path


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "KEY",
        "PASSPHRASE",
        "CONFIG",
        "RPC",
        "DEPLOYMENT",
        "POLL",
        "DRY_RUN",
        "MIN_PROFIT",
        "KEYFILE",
    ):
        monkeypatch.delenv(f"CROSSMARGIN_{name}", raising=False)


@pytest.fixture
def run(deployment: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run a command that has the common options: what it understood, or its exit code and its words."""

    def runs(*args: str, given: bool = True) -> Common | tuple[int, str]:
        seen: list[Common] = []

        @click.command()
        @settings.options(click.option("--flavour", default="plain"))
        def command(flavour: str, **more: Any) -> None:
            seen.append(settings.common(more))

        where = ["--deployment", str(deployment)] if given else []
        code = settings.run_command(command, "bot", [*where, *args])
        return seen[0] if seen else (code, capsys.readouterr().err)

    return runs


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_flag_wins_over_environment_over_file_over_default(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "bot.toml", 'dry-run = true\npoll = 3.0\nretries = 3\nrpc = "http://file:1"\n')
    assert run("--dry-run").poll == 0.1
    assert run("--config", file).poll == 3.0
    monkeypatch.setenv("CROSSMARGIN_POLL", "4")
    found = run("--config", file)
    assert (found.poll, found.rpc, found.retries) == (4.0, ("http://file:1",), 3)
    assert run("--config", file, "--poll", "5").poll == 5.0


def test_json_and_underscores_do_as_well(run: Callable[..., Any], tmp_path: Path) -> None:
    found = run("--config", write(tmp_path / "bot.json", '{"dry_run": true, "min_profit": "0.25"}'))
    assert found.min_profit == 25 * 10**16


def test_several_nodes_may_be_named_anywhere(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = ("http://a:1", "ws://b:2")
    assert run("--dry-run").rpc == ("http://127.0.0.1:8545",)
    assert run("--dry-run", "--rpc", both[0], "--rpc", both[1]).rpc == both
    file = write(tmp_path / "bot.toml", 'dry-run = true\nrpc = ["http://a:1", "ws://b:2"]\n')
    assert run("--config", file).rpc == both
    monkeypatch.setenv("CROSSMARGIN_RPC", "http://a:1 ws://b:2")
    assert run("--dry-run").rpc == both


def test_addresses_and_first_block_come_from_the_deployment(run: Callable[..., Any]) -> None:
    found = run("--dry-run")
    assert found.from_block == 7
    assert found.addresses["Vault"].lower() == VAULT
    assert run("--dry-run", "--from-block", "0").from_block == 0


@pytest.mark.parametrize(
    "text,words",
    [
        ("pol = 1", "unknown: pol"),
        ('key = "0x11"', "a secret has no place here"),
        ('private-key = "0x11"', "a secret has no place here"),
        ('poll = "soon"', "'soon' is not a valid number of seconds"),
        ("poll = 0.001", "0.02"),
        ('min-profit = "-1"', "amount of 0 or more"),
        ("poll =", "bot.toml"),
    ],
)
def test_a_bad_file_is_one_line(run: Callable[..., Any], tmp_path: Path, text: str, words: str) -> None:
    code, said = run("--dry-run", "--config", write(tmp_path / "bot.toml", text))
    assert code != 0
    assert words in said
    assert said.count("\n") == 1 and said.startswith("bot: ")


@pytest.mark.parametrize(
    "args",
    [
        "--min-profit inf",
        "--min-profit nan",
        "--min-profit 1e999999999",
        "--native-price 1e-19",
        "--max-gas-price nan",
        "--max-gas-price inf",
        "--max-gas-price -1",
        "--max-gas-price 0.0000000001",
        "--poll nan",
        "--poll inf",
        "--poll 0",
        "--retries -1",
        "--from-block x",
        "--native-market 32",
    ],
)
def test_a_number_that_is_none_is_one_line(run: Callable[..., Any], args: str) -> None:
    """Infinity, NaN and huge exponents once were tracebacks of float and decimal."""
    code, said = run("--dry-run", *args.split())
    assert code == 2
    assert said.count("\n") == 1 and args.split()[0] in said


def test_amounts_are_exact_whatever_their_length(run: Callable[..., Any]) -> None:
    """Decimal rounds products to 28 digits without a word."""
    found = run("--dry-run", "--min-profit", "123456789012.123456789012345678", "--max-gas-price", "0.3")
    assert found.min_profit == 123456789012123456789012345678
    assert found.max_gas_price == 300_000_000


@pytest.mark.parametrize(
    "name,text",
    [
        ("bot.toml", "dry-run = true\nmin-profit = 123456789012.123456789012345678"),
        ("bot.json", '{"dry-run": true, "min-profit": 123456789012.123456789012345678}'),
    ],
)
def test_a_number_in_a_file_keeps_its_digits(
    run: Callable[..., Any], tmp_path: Path, name: str, text: str
) -> None:
    """It went through a float."""
    assert run("--config", write(tmp_path / name, text)).min_profit == 123456789012123456789012345678


def test_a_bot_that_is_started_for_somebody_gets_a_key_and_none_of_his_options(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A devnet's bots read the options that were set for the user's own bots."""
    for name in ("CONFIG", "DRY_RUN", "KEYFILE", "KEY"):
        monkeypatch.setenv(f"CROSSMARGIN_{name}", "mine")
    found = settings.environment_of(Account.from_key(KEY))
    assert {name: value for name, value in found.items() if name.startswith("CROSSMARGIN")} == {
        "CROSSMARGIN_KEY": KEY
    }
    assert found["PATH"]


def test_a_configuration_that_is_no_text_is_one_line(run: Callable[..., Any], tmp_path: Path) -> None:
    """It was a traceback."""
    (file := tmp_path / "bot.toml").write_bytes(b'rpc = "\xff"')
    code, said = run("--dry-run", "--config", str(file))
    assert (code, said) == (2, f"bot: Invalid value for --config: {file}: not text in UTF-8\n")


def test_an_absent_file_is_one_line(run: Callable[..., Any], tmp_path: Path) -> None:
    code, said = run("--dry-run", "--config", str(tmp_path / "none.toml"))
    assert code != 0 and "No such file" in said and said.count("\n") == 1


def test_an_absent_deployment_is_one_line(run: Callable[..., Any], tmp_path: Path) -> None:
    code, said = run("--dry-run", "--deployment", str(tmp_path / "none.json"), given=False)
    assert code == 1 and "cannot read the deployment" in said and said.count("\n") == 1


def test_without_a_key_only_a_dry_run_starts(run: Callable[..., Any]) -> None:
    code, said = run()
    assert code == 1 and "there is no key" in said
    assert run("--dry-run").key is None


def test_key_from_the_environment(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSMARGIN_KEY", KEY)
    assert run().key.address == ADDRESS


def test_key_from_a_plain_keyfile_wins_over_the_environment(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSMARGIN_KEY", "0x" + "22" * 32)
    assert run("--keyfile", write(tmp_path / "key", KEY + "\n")).key.address == ADDRESS


def test_key_from_a_keystore(tmp_path: Path) -> None:
    store = Account.encrypt(KEY, "open", kdf="pbkdf2", iterations=2)
    path = Path(write(tmp_path / "key.json", json.dumps(store)))
    assert settings.load_key(path, {"CROSSMARGIN_PASSPHRASE": "open"}).address == ADDRESS
    with pytest.raises(ConfigError, match="does not open: is CROSSMARGIN_PASSPHRASE its passphrase"):
        settings.load_key(path, {"CROSSMARGIN_PASSPHRASE": "wrong"})


@pytest.mark.parametrize("bad", ["0x1234", "11" * 31 + "zz", "secret words"])
def test_a_bad_key_is_refused_without_being_shown(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    monkeypatch.setenv("CROSSMARGIN_KEY", bad)
    code, said = run()
    assert code == 1 and "is not a private key" in said and bad not in said


def test_there_is_no_flag_for_a_key(run: Callable[..., Any]) -> None:
    code, said = run("--key", KEY)
    assert code != 0 and "No such option" in said and KEY not in said


def test_the_key_is_not_in_what_the_settings_print(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSMARGIN_KEY", KEY)
    assert KEY[2:] not in repr(run()).lower()
