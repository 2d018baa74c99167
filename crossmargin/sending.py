"""Transactions from one key, one after the other, and reads, through web3.py. Faults come out as one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import requests
from eth_account.signers.local import LocalAccount
from web3 import Web3
from web3.exceptions import (
    ContractLogicError,
    TimeExhausted,
    TransactionNotFound,
    Web3Exception,
    Web3RPCError,
)
from web3.middleware import ExtraDataToPOAMiddleware
from web3.utils import get_create_address

from crossmargin.artifacts import Artifact
from crossmargin.client.steps import local_key
from crossmargin.client.transport import connect, why
from crossmargin.errors import (
    ContractRefused,
    CrossmarginError,
    NetworkError,
    TransactionLost,
    from_rpc,
    without_secrets,
)

RECEIPT_SECONDS = 180.0
POLL_SECONDS = 0.05
GAS_MARGIN = 12  # tenths of the estimate


class Sender:
    """A node and a key."""

    def __init__(self, rpc: str | Web3, key: str | bytes | LocalAccount) -> None:
        self.account = local_key(key)
        self.w3 = rpc if isinstance(rpc, Web3) else connect(rpc, cache_allowed_requests=True)
        node = "the node" if isinstance(rpc, Web3) else f"no answer from {without_secrets(rpc)}"
        if not isinstance(rpc, Web3):
            self.w3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
            self.w3.middleware_onion.remove("validation")  # asks for the chain's id with every call
        self._contracts: dict[tuple[str, str], Any] = {}
        with faults(node):
            self.chain_id = self.w3.eth.chain_id

    @property
    def address(self) -> str:
        """The key's address."""
        return self.account.address

    def nonce(self) -> int:
        """Of the next transaction, what is on the way included."""
        with faults("the node"):
            return self.w3.eth.get_transaction_count(self.address, "pending")

    def created(self, offset: int = 0) -> str:
        """Address of the contract that the next transaction, or one after it, creates."""
        return get_create_address(self.address, self.nonce() + offset)

    def code(self, address: str) -> bytes:
        """Code at an address."""
        with faults("the node"):
            return bytes(self.w3.eth.get_code(Web3.to_checksum_address(address)))

    def at(self, artifact: Artifact, address: str) -> Any:
        """The contract at an address, with structs as named tuples. For functions of one result: web3 merges others."""
        place = (artifact.name, address)
        if place not in self._contracts:
            self._contracts[place] = self.w3.eth.contract(address, abi=list(artifact.abi), decode_tuples=True)
        return self._contracts[place]

    def read(self, contract: Any, function: str, *args: object) -> Any:
        """What a view returns now."""
        with faults(f"{contract.address}.{function}"):
            return contract.functions[function](*args).call({"from": self.address})

    def data(self, contract: Any, function: str, args: Sequence[object]) -> str:
        """Calldata; structs may be given as dicts by field."""
        (entry,) = (e for e in contract.abi if e["type"] == "function" and e["name"] == function)
        values = [
            [arg[c["name"]] for c in i["components"]] if isinstance(arg, Mapping) else arg
            for i, arg in zip(entry["inputs"], args, strict=True)
        ]
        with faults(function):
            return contract.encode_abi(function, values)

    def signed(self, label: str, data: str | bytes, to: str | None = None) -> Any:
        """A signed transaction, its gas estimated: raises ContractRefused if it would revert."""
        tx: dict[str, Any] = {
            "from": self.address,
            "data": Web3.to_hex(data) if isinstance(data, bytes) else data,
        }
        if to is not None:
            tx["to"] = to
        with faults(label):
            gas = self.w3.eth.estimate_gas(tx)
            tx |= {"gas": gas * GAS_MARGIN // 10, "nonce": self.nonce(), "chainId": self.chain_id, "value": 0}
            tx |= self._fees()
            return self.account.sign_transaction(tx)

    def send(self, label: str, signed: Any) -> Any:
        """Send it and wait for its receipt."""
        with faults(label):
            tx_hash = self.w3.eth.send_raw_transaction(signed.raw_transaction)
            try:
                receipt = self.w3.eth.wait_for_transaction_receipt(tx_hash, RECEIPT_SECONDS, POLL_SECONDS)
            except TimeExhausted:
                raise TransactionLost(Web3.to_hex(tx_hash), RECEIPT_SECONDS) from None
        if receipt["status"] != 1:
            raise ContractRefused("", label, Web3.to_hex(tx_hash))
        return receipt

    def receipt(self, tx_hash: str) -> Any:
        """A transaction's receipt, or None."""
        with faults("the node"):
            try:
                return self.w3.eth.get_transaction_receipt(tx_hash)
            except TransactionNotFound:
                return None

    def _fees(self) -> dict[str, int]:
        base = self.w3.eth.get_block("latest").get("baseFeePerGas")
        if base is None:
            return {"gasPrice": self.w3.eth.gas_price}
        tip = self.w3.eth.max_priority_fee
        return {"maxFeePerGas": 2 * base + tip, "maxPriorityFeePerGas": tip}


@contextmanager
def faults(label: str) -> Iterator[None]:
    """Faults of node and contracts as the package's own."""
    try:
        yield
    except CrossmarginError:
        raise
    except ContractLogicError as fault:
        reason = (fault.message or "").removeprefix("execution reverted").lstrip(": ")
        raise ContractRefused(
            "" if reason.startswith("0x") or reason == "no data" else reason, label
        ) from None
    except Web3RPCError as fault:
        answer = fault.rpc_response or {}
        raise from_rpc(answer.get("error") or {"message": fault.message}, label) from None
    except (requests.RequestException, Web3Exception, OSError, ValueError, TypeError) as fault:
        raise NetworkError(f"{label}: {why(fault)}") from None
