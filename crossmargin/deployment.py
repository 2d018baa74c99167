"""What was deployed where: the file `deployments/<chain_id>.json` as an object.

deployment = Deployment.load("deployments/31337.json")
deployment.manager, deployment.tokens["USDC"], deployment.markets["BTC"]
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from crossmargin.errors import ConfigError

FORMAT = 1
# The venue's contracts, in the order of their deployment.
CONTRACTS = ("OracleAdapter", "Configurator", "Engine", "Vault", "Waterfall", "PositionManager")
CONTRACTS += ("LiquidityPool", "CoverPool", "OrderBook", "Liquidator", "QuoteLens", "RiskLens", "Lens")
# Contracts that are deployments of another's code.
MADE_OF = {"CoverPool": "LiquidityPool"}
QUOTE = 255  # the Vault's id of the quote token


def artifact_of(name: str) -> str:
    """The sources of a contract of a deployment: `DevToken.USDC` is a DevToken, the CoverPool a LiquidityPool."""
    kind = name.partition(".")[0]
    return MADE_OF.get(kind, kind)


@dataclass(frozen=True)
class Contract:
    """One deployed contract. `args` as in the constructor, numbers as texts; `init_code_hash` over code and arguments.

    `block` is None while its transaction is on the way.
    """

    address: str
    block: int | None
    tx: str
    args: tuple[str, ...] = ()
    init_code_hash: str = ""


@dataclass(frozen=True)
class Deployment:
    """A venue on a chain. `parameters`: as in the contracts' structs, WAD for amounts; see docs/parameters.md.

    tokens, feeds: symbol -> address; assets: token symbol -> id in the Vault (255: the quote); markets: symbol -> id;
    reference_prices: quote per unit, at which sizes were converted, as decimal texts.
    """

    chain_id: int
    name: str
    deployer: str
    owner: str
    complete: bool
    contracts: Mapping[str, Contract]
    quote: str
    tokens: Mapping[str, str]
    decimals: Mapping[str, int]
    assets: Mapping[str, int]
    feeds: Mapping[str, str]
    markets: Mapping[str, int]
    reference_prices: Mapping[str, str]
    parameters: Mapping[str, Any] = field(repr=False)

    def address(self, name: str) -> str:
        """A contract's address."""
        try:
            return self.contracts[name].address
        except KeyError:
            raise ConfigError(f"the deployment has no {name}") from None

    @property
    def vault(self) -> str:
        return self.address("Vault")

    @property
    def manager(self) -> str:
        return self.address("PositionManager")

    @property
    def engine(self) -> str:
        return self.address("Engine")

    @property
    def oracle(self) -> str:
        return self.address("OracleAdapter")

    @property
    def configurator(self) -> str:
        return self.address("Configurator")

    @property
    def order_book(self) -> str:
        return self.address("OrderBook")

    @property
    def liquidator(self) -> str:
        return self.address("Liquidator")

    @property
    def waterfall(self) -> str:
        return self.address("Waterfall")

    @property
    def cover(self) -> str:
        return self.address("CoverPool")

    @property
    def pool(self) -> str:
        return self.address("LiquidityPool")

    @property
    def lens(self) -> str:
        return self.address("Lens")

    # ---- the file --------------------------------------------------------------------------------

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """From a deployment's file, finished or not."""
        try:
            return cls.of(json.loads(Path(path).read_text()))
        except OSError as fault:
            raise ConfigError(f"cannot read the deployment {path}: {fault.strerror}") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ConfigError(f"{path} is not a deployment's file of format {FORMAT}") from None

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """From what the file holds."""
        if content["format"] != FORMAT:
            raise ValueError
        fields = {k: content[k] for k in cls.__dataclass_fields__ if k not in ("contracts", "parameters")}
        contracts = {
            name: Contract(**{**entry, "args": tuple(entry["args"])})
            for name, entry in content["contracts"].items()
        }
        return cls(**fields, contracts=contracts, parameters=_numbers(content["parameters"]))

    def content(self) -> dict[str, Any]:
        """What the file holds. Parameters are texts: many are beyond what other JSON readers keep exactly."""
        return {"format": FORMAT, **asdict(self), "parameters": _texts(self.parameters)}

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name}.{os.getpid()}")
            part.write_text(json.dumps(self.content(), indent=2) + "\n")
            part.replace(path)
        except OSError as fault:
            raise ConfigError(f"cannot write the deployment {path}: {fault.strerror}") from None


def _texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _texts(one) for key, one in value.items()}
    return str(value)


def _numbers(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _numbers(one) for key, one in value.items()}
    return int(value)
