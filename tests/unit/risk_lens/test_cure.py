"""cure: the least deposit that leads out of the warning band."""

from __future__ import annotations

import boa
import pytest

from tests.adversarial.arena import BTC, ETH
from tests.unit.risk_lens.conftest import Ahead

NEVER = 2**256 - 1


def called(ahead: Ahead, name: str) -> int:
    """The account after a fall that puts it in the band."""
    arena, account = ahead.arena, ahead.accounts[name]
    for percent in range(1, 40):
        with boa.env.anchor():
            prices = list(arena.prices)
            for market in (BTC, ETH):
                arena.set_price(market, prices[market] * (100 - percent) // 100)
            state = arena.manager.account_health(account)[3]
            if state in (2, 3):
                break
            arena.prices[:] = prices
    for market in (BTC, ETH):
        arena.set_price(market, arena.setup.markets[market].price * (100 - percent) // 100)
    assert arena.manager.account_health(account)[3] in (2, 3)
    return account


def test_outside_the_band(ahead: Ahead) -> None:
    cure = ahead.lens.cure(ahead.accounts["long"])
    assert (cure.quote, list(cure.collateral)) == (0, [0, 0])


def test_no_valid_price(ahead: Ahead) -> None:
    account = called(ahead, "backed")
    boa.env.time_travel(seconds=1)
    ahead.arena.feeds[ETH].push(2**81)
    cure = ahead.lens.cure(account)
    assert (cure.state, cure.quote, list(cure.collateral)) == (4, 0, [0, 0])


def test_an_asset_without_a_price_does_not_help(ahead: Ahead) -> None:
    account = called(ahead, "long")
    boa.env.time_travel(seconds=1)
    ahead.arena.feeds[ETH].push(2**81)
    cure = ahead.lens.cure(account)
    assert cure.quote > 0 and cure.collateral[0] < NEVER and cure.collateral[1] == NEVER


@pytest.mark.parametrize("name", ["long", "backed"])
def test_quote(ahead: Ahead, name: str) -> None:
    """One wei less leaves it in the band, in the words of the rule: 1e4 E >= warning MM."""
    arena, account = ahead.arena, called(ahead, name)
    equity, _, maintenance, _ = arena.manager.account_health(account)
    need = ahead.lens.cure(account).quote
    warning = arena.setup.venue.warning
    assert (equity + need) * 10_000 >= warning * maintenance > (equity + need - 1) * 10_000
    arena.move(arena.pool_account, account, need)
    assert arena.manager.account_health(account)[3] < 2


@pytest.mark.parametrize("name", ["long", "backed"])
@pytest.mark.parametrize("asset", [0, 1])
def test_collateral(ahead: Ahead, name: str, asset: int) -> None:
    arena, account = ahead.arena, called(ahead, name)
    need = ahead.lens.cure(account).collateral[asset]
    unit = 10 ** (18 - arena.setup.assets[asset].decimals)
    token = arena.tokens[asset]
    owner = "0x" + (account >> 96).to_bytes(20, "big").hex()
    with boa.env.anchor():
        arena.deposit(owner, -(-need // unit), token)
        assert arena.manager.account_health(account)[3] < 2
    if need > 2 * unit:
        arena.deposit(owner, need // unit - 1, token)
        assert arena.manager.account_health(account)[3] in (2, 3)
