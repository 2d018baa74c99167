"""What nodes say when a call fails, and what becomes of it."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode

from crossmargin import errors
from crossmargin.errors import ContractRefused, CrossmarginError, NetworkError, from_rpc, reason_of

REASON = "manager: below initial margin"
DATA = "0x08c379a0" + encode(["string"], [REASON]).hex()


@pytest.mark.parametrize(
    "error",
    [
        {"code": 3, "message": f"execution reverted: {REASON}", "data": DATA},
        {"code": 3, "message": "execution reverted", "data": DATA},
        {"code": -32000, "message": f"execution reverted: {REASON}"},
        {"code": -32000, "message": "VM Exception: revert", "data": {"data": DATA}},
    ],
    ids=["geth", "no words", "no data", "nested"],
)
def test_a_revert_carries_reason_and_module(error: dict[str, object]) -> None:
    found = from_rpc(error, "PositionManager.withdraw")
    assert isinstance(found, ContractRefused)
    assert (found.reason, found.module, found.call) == (REASON, "manager", "PositionManager.withdraw")
    assert str(found) == f"PositionManager.withdraw: refused: {REASON}"


@pytest.mark.parametrize(
    "error",
    [
        {"code": 3, "message": "execution reverted", "data": "0x"},
        {"code": -32603, "message": "EVM error InvalidOperandOOG"},
        {"code": -32003, "message": "Out of gas: gas required exceeds allowance: 30000000"},
    ],
)
def test_a_revert_without_a_reason_has_none(error: dict[str, object]) -> None:
    found = from_rpc(error)
    assert isinstance(found, ContractRefused)
    assert (found.reason, found.module) == ("", "")
    assert errors.NO_REASON in str(found)


def test_a_panic_is_named() -> None:
    found = from_rpc({"code": 3, "message": "execution reverted", "data": "0x4e487b71" + f"{0x11:064x}"})
    assert found.reason == "arithmetic overflow"
    assert found.module == ""


@pytest.mark.parametrize("code,message", [(-32601, "Method not found"), (429, "too many requests")])
def test_what_is_no_revert_is_a_network_error(code: int, message: str) -> None:
    found = from_rpc({"code": code, "message": message}, "eth_call")
    assert isinstance(found, NetworkError)
    assert found.code == code
    assert message in str(found)


def test_the_types_are_apart_and_have_one_root() -> None:
    assert not issubclass(ContractRefused, NetworkError)
    assert not issubclass(NetworkError, ContractRefused)
    assert all(
        issubclass(kind, CrossmarginError)
        for kind in (ContractRefused, NetworkError, errors.TransactionLost, errors.ConfigError)
    )


def test_messages_are_one_line() -> None:
    assert "\n" not in str(from_rpc({"code": 1, "message": "a\n  b"}))


@pytest.mark.parametrize("data,reason", [("0x", ""), (DATA, REASON), ("none", None), ("0x12345678", "")])
def test_reason_of(data: str, reason: str | None) -> None:
    assert reason_of(data) == reason
