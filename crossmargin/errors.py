"""What can go wrong when the package talks to a chain, as types a caller can tell apart.

    CrossmarginError
    ├── ContractRefused     the contracts said no, and why
    ├── NetworkError        the node was not reached, or did not answer as a node does
    ├── TransactionLost     it was sent and did not arrive in time
    └── ConfigError         a file, a flag, a key or an address is missing or wrong

Every message is one line that says what to do or what was refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Words that contracts outside the venue say instead of a reason of their own.
NO_REASON = "no reason given"
PANICS = {
    0x01: "assertion",
    0x11: "arithmetic overflow",
    0x12: "division by zero",
    0x32: "index out of range",
}

# How nodes say that a call ran out of gas; no contract spoke.
OUT_OF_GAS = re.compile(r"out of ?gas|EVM error \w*OOG", re.IGNORECASE)

ERROR_SELECTOR = "08c379a0"  # Error(string)
PANIC_SELECTOR = "4e487b71"  # Panic(uint256)


# An address may hold a key: in the path (as of providers), in the query, or before an @.
_ADDRESS = re.compile(r"\b((?:https?|wss?)://)(?:[^\s/@'\"]*@)?([^\s/?#'\",;)]+)([/?#][^\s'\",;)]*)?")
_PATH = re.compile(r"(with url: )[^\s]+")  # how `requests` says it


def without_secrets(text: str) -> str:
    """A text with the addresses of nodes cut down to their hosts."""

    def cut(found: re.Match[str]) -> str:
        return f"{found[1]}{found[2]}" + ("/…" if found[3] and found[3] != "/" else "")

    return _PATH.sub(r"\1…", _ADDRESS.sub(cut, text))


class CrossmarginError(Exception):
    """Anything this package raises on purpose."""


class ContractRefused(CrossmarginError):
    """A call reverted. `reason` is the contract's own text, `module` its part before the colon ("manager", "oracle" …).

    Without a reason (too little gas, arithmetic) `reason` is empty and `module` is "".
    """

    def __init__(self, reason: str, call: str = "", tx_hash: str = "") -> None:
        self.reason = reason
        self.module = reason.partition(":")[0].strip() if ":" in reason else ""
        self.call = call
        self.tx_hash = tx_hash
        where = f"{call}: " if call else ""
        super().__init__(f"{where}refused: {reason or NO_REASON}" + (f" ({tx_hash})" if tx_hash else ""))


class NetworkError(CrossmarginError):
    """The node could not be reached, timed out, or answered with an error of its own; `code` is the JSON-RPC one."""

    def __init__(self, message: str, code: int | None = None) -> None:
        self.code = code
        super().__init__(message)


class TransactionLost(CrossmarginError):
    """A transaction was sent and had no receipt in time. It may still arrive."""

    def __init__(self, tx_hash: str, seconds: float) -> None:
        self.tx_hash = tx_hash
        super().__init__(f"transaction {tx_hash} has no receipt after {seconds:g} s: it may still arrive")


class ConfigError(CrossmarginError):
    """Something the caller supplied is missing or wrong."""


def reason_of(data: str) -> str | None:
    """The reason in revert data (0x…): text, "" for none; None if `data` is not revert data at all."""
    text = data.removeprefix("0x") if isinstance(data, str) else ""
    if not isinstance(data, str) or not data.startswith("0x"):
        return None
    if text.startswith(ERROR_SELECTOR):
        body = bytes.fromhex(text[8:])
        size = int.from_bytes(body[32:64], "big")
        return body[64 : 64 + size].decode(errors="replace")
    if text.startswith(PANIC_SELECTOR):
        code = int(text[8:72] or "0", 16)
        return PANICS.get(code, f"panic {code:#x}")
    return ""


def from_rpc(error: Mapping[str, object], call: str = "") -> CrossmarginError:
    """The exception for the `error` member of a JSON-RPC answer."""
    code, message = error.get("code"), " ".join(str(error.get("message", error)).split())
    data = error.get("data")
    if isinstance(data, Mapping):  # some nodes nest it
        data = data.get("data")
    if OUT_OF_GAS.search(message):
        return ContractRefused("", call)
    if code == 3 or "revert" in message.lower():
        reason = reason_of(data) if isinstance(data, str) else None
        if reason is None:
            reason = message.partition("execution reverted:")[2].strip()
        return ContractRefused(reason, call)
    return NetworkError(f"{call or 'node'}: {message}", code if isinstance(code, int) else None)
