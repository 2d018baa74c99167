"""Fixtures of the Vault's tests. Calls come from the manager unless a test says `sender=`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import boa
import pytest

from tests.unit.vault.support import QUOTE, admit

ROOT = Path(__file__).resolve().parents[3]
TOKENS = ROOT / "tests" / "contracts" / "tokens"
FOLDERS = {"Vault": ROOT / "contracts", "Buyer": ROOT / "tests" / "contracts" / "attackers"}
UNLIMITED = 2**256 - 1

Deploy = Callable[..., object]


@pytest.fixture(scope="session")
def deploy() -> Deploy:
    """`deploy("Vault", manager, quote)`, `deploy("StandardToken", 6)` or `deploy("Buyer")`; each is compiled once."""
    compiled: dict[str, object] = {}

    def deploy(name: str, *args: object, **options: object) -> object:
        if name not in compiled:
            folder = FOLDERS.get(name, TOKENS)
            compiled[name] = boa.load_partial(str(folder / f"{name}.vy"))
        return compiled[name].deploy(*args, **options)

    return deploy


@pytest.fixture(scope="session")
def roles() -> SimpleNamespace:
    """Addresses by role; all but the manager have no rights in the Vault."""
    names = ("manager", "payer", "receiver", "outsider")
    return SimpleNamespace(**{name: boa.env.generate_address(name) for name in names})


@pytest.fixture(scope="session")
def ids() -> SimpleNamespace:
    """Account ids: owner << 96 | sub-account."""
    owners = {name: int(boa.env.generate_address(name), 16) for name in ("trader", "pool", "keeper")}
    return SimpleNamespace(
        trader=owners["trader"] << 96,
        second=owners["trader"] << 96 | 1,
        pool=owners["pool"] << 96,
        keeper=owners["keeper"] << 96 | (2**96 - 1),
    )


@pytest.fixture(autouse=True)
def forget_slots() -> None:
    """boa's record of written slots outlives its anchors; a new contract at an old address then fails to print."""
    boa.env.sstore_trace.clear()


@pytest.fixture(autouse=True)
def from_manager(roles: SimpleNamespace) -> Iterator[None]:
    with boa.env.prank(roles.manager):
        yield


@pytest.fixture
def quote(deploy: Deploy) -> object:
    return deploy("StandardToken", 6)


@pytest.fixture
def vault(deploy: Deploy, roles: SimpleNamespace, quote: object) -> object:
    return deploy("Vault", roles.manager, quote.address)


@pytest.fixture
def weth(deploy: Deploy, vault: object) -> object:
    """Collateral asset 0, 18 decimals."""
    token = deploy("StandardToken", 18)
    assert admit(vault, token) == 0
    return token


@pytest.fixture
def fund(vault: object, roles: SimpleNamespace) -> Callable[[object, int], None]:
    """Give the payer tokens and let the Vault take any number of them."""

    def fund(token: object, amount: int) -> None:
        token.mint(roles.payer, amount)
        token.approve(vault.address, UNLIMITED, sender=roles.payer)

    return fund


@pytest.fixture
def deposit(vault: object, roles: SimpleNamespace, fund: Callable) -> Callable[..., int]:
    """`deposit(account, asset, token, tokens)` = mint, approve, pull."""

    def deposit(account: int, asset: int, token: object, tokens: int) -> int:
        fund(token, tokens)
        return vault.pull(account, asset, roles.payer, tokens)

    return deposit


@pytest.fixture
def give_cash(quote: object, deposit: Callable) -> Callable[[int, int], int]:
    """Deposit whole units of the quote."""
    return lambda account, units: deposit(account, QUOTE, quote, units * 10**6)
