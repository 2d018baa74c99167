"""The record of a deployment: what is written is what is read."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from crossmargin.deployment import CONTRACTS, Contract, Deployment, artifact_of
from crossmargin.errors import ConfigError

ADDRESSES = {name: f"0x{place:040d}" for place, name in enumerate(CONTRACTS, 1)}


@pytest.fixture
def deployment() -> Deployment:
    contracts = {
        n: Contract(a, 7, "0x" + "ab" * 32, ("1", a), "0x" + "cd" * 32) for n, a in ADDRESSES.items()
    }
    return Deployment(
        chain_id=31337,
        name="default",
        deployer="0x" + "11" * 20,
        owner="0x" + "22" * 20,
        complete=True,
        contracts=contracts,
        quote="USDC",
        tokens={"USDC": "0x" + "33" * 20},
        decimals={"USDC": 6},
        assets={"USDC": 255},
        feeds={"BTC": "0x" + "44" * 20},
        markets={"BTC": 0},
        reference_prices={"BTC": "40000.5"},
        parameters={"venue": {"min_margin": 25 * 10**18}, "keeper_fee": 2**90},
    )


def test_round_trip(deployment, tmp_path):
    path = tmp_path / "new" / "31337.json"
    deployment.save(path)
    assert Deployment.load(path) == deployment
    assert list(path.parent.iterdir()) == [path]


def test_numbers_beyond_other_readers_are_texts(deployment, tmp_path):
    deployment.save(tmp_path / "1.json")
    kept = json.loads((tmp_path / "1.json").read_text())["parameters"]
    assert kept == {"venue": {"min_margin": "25000000000000000000"}, "keeper_fee": str(2**90)}


def test_addresses_by_role(deployment):
    d = deployment
    roles = [
        d.oracle,
        d.configurator,
        d.engine,
        d.vault,
        d.waterfall,
        d.manager,
        d.pool,
        d.cover,
        d.order_book,
        d.liquidator,
        d.lens,
    ]
    assert roles == [address for name, address in ADDRESSES.items() if name not in ("QuoteLens", "RiskLens")]
    with pytest.raises(ConfigError, match="has no Lens"):
        _ = replace(d, contracts={}).lens


def test_two_contracts_may_be_of_one_artifact():
    assert artifact_of("CoverPool") == artifact_of("LiquidityPool") == "LiquidityPool"
    assert artifact_of("DevToken.USDC") == "DevToken"
    assert artifact_of("Vault") == "Vault"


def test_it_is_frozen(deployment):
    with pytest.raises(FrozenInstanceError):
        deployment.owner = "somebody"


def test_the_client_finds_the_addresses(deployment, tmp_path):
    from crossmargin.client.addresses import addresses_of

    deployment.save(tmp_path / "1.json")
    assert addresses_of(deployment) == addresses_of(tmp_path / "1.json") == ADDRESSES


def test_files_that_are_none(tmp_path):
    with pytest.raises(ConfigError, match="cannot read the deployment"):
        Deployment.load(tmp_path / "none.json")
    for text in ("[", "[]", "{}", '{"format": 2}', '{"format": 1, "contracts": {}}'):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(ConfigError, match="is not a deployment's file of format 1"):
            Deployment.load(tmp_path / "bad.json")
