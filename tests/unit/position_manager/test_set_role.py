"""set_role: who may ask for fills and liquidations."""

from __future__ import annotations

from types import SimpleNamespace

import boa

from tests.support.venue import Venue


def test_reverts_for_others(v: Venue, who: SimpleNamespace) -> None:
    for sender in (who.outsider, v.owner, v.order_book, v.liquidator, v.pool):
        with boa.reverts("manager: not configurator"):
            v.manager.set_role(sender, 1, sender=sender)


def test_gives_and_takes(v: Venue, who: SimpleNamespace, account: int) -> None:
    assert (v.manager.roles(v.order_book), v.manager.roles(v.liquidator)) == (1, 2)
    v.manager.set_role(who.keeper, 1, sender=v.configurator)
    v.manager.reserve(account, 1, sender=who.keeper)
    with boa.reverts("manager: not allowed"):
        v.manager.liquidate(account, 0, 1, sender=who.keeper)
    v.manager.set_role(who.keeper, 0, sender=v.configurator)
    with boa.reverts("manager: not allowed"):
        v.manager.reserve(account, 1, sender=who.keeper)


def test_event(v: Venue, who: SimpleNamespace) -> None:
    v.manager.set_role(who.keeper, 2, sender=v.configurator)
    event = next(e for e in v.manager.get_logs() if type(e).__name__ == "RoleSet")
    assert (event.holder, event.role) == (who.keeper, 2)
