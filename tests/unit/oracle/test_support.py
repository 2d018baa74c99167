"""The helpers that put real Chainlink contracts on an anvil chain."""

import pytest
from web3 import Web3

from tests.support.chainlink import ZERO, round_id, web3_deploy, web3_mock, web3_proxy


@pytest.mark.anvil
def test_contracts_work_through_web3(anvil, node_modules):
    w3 = Web3(Web3.HTTPProvider(anvil))
    mock = web3_mock(w3, 8, 7)
    proxy = web3_proxy(w3, mock)
    number, answer, _, time, answered_in = proxy.functions.latestRoundData().call()
    assert (number, answer, answered_in) == (round_id(1, 1), 7, round_id(1, 1))
    assert 0 < time <= w3.eth.get_block("latest")["timestamp"]
    closed = web3_deploy(w3, "AccessControlledAggregator", ZERO, 0, 600, ZERO, 1, 100, 18, "test")
    assert closed.functions.decimals().call() == 18
