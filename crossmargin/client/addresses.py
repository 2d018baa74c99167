"""Where the contracts are: from a mapping, a `Deployment` or the file of one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eth_utils.address import is_address, to_checksum_address

from crossmargin.errors import ConfigError


def addresses_of(deployment: Mapping[str, Any] | str | Path | object) -> dict[str, str]:
    """Contract name -> checksummed address."""
    if isinstance(deployment, str | Path):
        return addresses_of(_load(Path(deployment)))
    found = deployment if isinstance(deployment, Mapping) else getattr(deployment, "contracts", None)
    if isinstance(found, Mapping) and isinstance(found.get("contracts"), Mapping):
        found = found["contracts"]
    if not isinstance(found, Mapping):
        raise ConfigError("that is not a deployment: it has no contracts")
    return {name: _address(name, entry) for name, entry in found.items()}


def chain_of(deployment: Mapping[str, Any] | str | Path | object) -> int | None:
    """The chain's id, if the deployment says it."""
    if isinstance(deployment, str | Path):
        deployment = _load(Path(deployment))
    found = (
        deployment.get("chain_id")
        if isinstance(deployment, Mapping)
        else getattr(deployment, "chain_id", None)
    )
    return found if isinstance(found, int) else None


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as fault:
        raise ConfigError(f"cannot read the deployment {path}: {fault.strerror}") from None
    except ValueError:
        raise ConfigError(f"the deployment {path} is not JSON") from None


def _address(name: str, entry: object) -> str:
    if isinstance(entry, Mapping):
        entry = entry.get("address")
    entry = getattr(entry, "address", entry)
    if not isinstance(entry, str) or not is_address(entry):
        raise ConfigError(f"the deployment has no address for {name}")
    return to_checksum_address(entry)
