"""Liquidator.deleverage: the Waterfall's answer, through the door that keepers know."""

import boa
import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.support.venue import account_of
from tests.unit.liquidator.support import ETH, TOKEN, WAD

# ---- over a scripted core -----------------------------------------------------------------------


def test_passes_on_a_reason(core, over_core):
    account = account_of(str(boa.env.generate_address("winner")))
    core.fail(
        account, keccak(text="Error(string)")[:4] + encode(["string"], ["waterfall: others come first"])
    )
    with pytest.raises(boa.BoaError, match="waterfall: others come first"):
        over_core.deleverage(account, 5)
    assert core.trades(account) == 0


def test_passes_on_account_market_and_answer(core, over_core):
    account = account_of(str(boa.env.generate_address("winner")))
    assert over_core.deleverage(account, 5) == -5
    assert core.trades(account) == 1


def test_is_open_to_all(core, over_core):
    account = account_of(str(boa.env.generate_address("winner")))
    over_core.deleverage(account, 5, sender=str(boa.env.generate_address("anybody")))
    assert core.trades(account) == 1


# ---- over the real one --------------------------------------------------------------------------


def test_reasons_are_the_waterfalls(stage):
    account = stage.venue.deposit(stage.trader, 1_000 * TOKEN)
    stage.venue.trade(account, ETH, WAD)
    with boa.reverts("waterfall: no fresh alarm"):
        stage.liquidator.deleverage(account, ETH, sender=stage.outsider)
