"""set_order_book(holder) and set_liquidator(holder)"""

import boa
import pytest

from tests.unit.configurator.support import NOT_OWNER, ZERO

ROLES = pytest.mark.parametrize(
    ("setter", "getter", "role"), [("set_order_book", "order_book", 1), ("set_liquidator", "liquidator", 2)]
)


@ROLES
def test_only_the_owner(bare, outsider, setter, getter, role):
    with boa.env.prank(outsider), boa.reverts(NOT_OWNER):
        getattr(bare.configurator, setter)(bare.new_token())


@ROLES
def test_only_a_contract(bare, outsider, setter, getter, role):
    with boa.reverts("configurator: no code"):
        bare.do(setter, outsider)


@ROLES
def test_not_the_holder_of_the_other_role(bare, setter, getter, role):
    holder = bare.new_token().address
    bare.do("set_liquidator" if role == 1 else "set_order_book", holder)
    with boa.reverts("configurator: has another role"):
        bare.do(setter, holder)


@ROLES
def test_not_the_waterfall_which_would_lose_its_own(bare, setter, getter, role):
    waterfall = bare.manager.WATERFALL()
    with boa.reverts("configurator: has another role"):
        bare.do(setter, waterfall)
    assert bare.manager.roles(waterfall) == 3


@ROLES
def test_the_previous_holder_loses_the_role(bare, setter, getter, role):
    first, second = (bare.new_token().address for _ in range(2))
    bare.do(setter, first)
    assert bare.manager.roles(first) == role
    assert getattr(bare.configurator, getter)() == first
    bare.do(setter, second)
    event = bare.configurator.get_logs()[-1]
    assert (event.holder, event.previous) == (second, first)
    assert [bare.manager.roles(holder) for holder in (first, second)] == [0, role]
    bare.do(setter, second)
    assert bare.manager.roles(second) == role


@ROLES
def test_the_zero_address_only_takes_it_away(bare, setter, getter, role):
    holder = bare.new_token().address
    bare.do(setter, holder)
    bare.do(setter, ZERO)
    assert bare.manager.roles(holder) == 0
    assert bare.manager.roles(ZERO) == 0
    assert getattr(bare.configurator, getter)() == ZERO
