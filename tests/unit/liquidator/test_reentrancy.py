"""A core that calls every function of the Liquidator back in the middle of a liquidation: the lock holds."""

import boa
import pytest

from tests.support.scripted import UNLOCKED
from tests.unit.liquidator.support import HOUR, LIQUIDATED

ARGUMENTS = {
    "liquidate": ([7], 0),
    "buy_collateral": ("0x" + "11" * 20, 1, 1, "0x" + "22" * 20, b""),
    "deleverage": (7, 1),
    "observe": (),
    "set_terms": ((1, 0, 0, HOUR),),
    "inventory_price": ("0x" + "11" * 20,),
    "keeper_cost": (),
    "terms": (),
}
# the scripted core sells nothing, so that these fail for another reason outside a call
SALES = {"buy_collateral", "inventory_price"}


@pytest.fixture
def owned(core, over_core):
    """The core is the owner, so that nothing but the lock stops it."""
    over_core.transfer_ownership(core.address, sender=over_core.owner())
    over_core.accept_ownership(sender=core.address)
    return over_core


def test_the_list_is_complete(over_core):
    functions = {item["name"] for item in over_core.abi if item["type"] == "function"}
    assert functions == set(ARGUMENTS) | UNLOCKED


@pytest.mark.parametrize("name", sorted(set(ARGUMENTS) - SALES))
def test_each_call_works_outside(core, owned, name):
    """Without this, a mistake in the arguments would pass for a lock."""
    data = getattr(owned, name).prepare_calldata(*ARGUMENTS[name])
    assert not boa.env.execute_code(owned.address, sender=core.address, data=data).is_error


@pytest.mark.parametrize("name", ARGUMENTS)
def test_each_call_fails_in_the_middle_of_a_liquidation(core, owned, name):
    core.arm(owned.address, getattr(owned, name).prepare_calldata(*ARGUMENTS[name]))
    assert [tuple(o) for o in owned.liquidate([3], 5)] == [(3, 0, LIQUIDATED)]
    assert (core.calls(), core.succeeded()) == (1, False)
    assert core.trades(7) == 0
