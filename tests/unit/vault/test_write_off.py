"""Vault.write_off (W-1): who pays for negative cash."""

import boa
import pytest

from tests.unit.vault.support import QUOTE, WAD, last_event, word

PAYERS = ("keeper", "pool")  # the first and the last to pay


def call(vault, ids, **options):
    vault.write_off(ids.trader, *(getattr(ids, name) for name in PAYERS), **options)


def test_refuses_all_but_the_manager(vault, ids, roles):
    vault.post([ids.trader, ids.pool], [-1, 1])
    for caller in (roles.outsider, roles.payer):
        with boa.reverts("vault: not manager"):
            call(vault, ids, sender=caller)


@pytest.mark.parametrize("cash", [0, 1, 5 * WAD])
def test_does_nothing_without_negative_cash(vault, ids, cash):
    vault.post([ids.trader, ids.second], [cash, -cash])
    call(vault, ids)
    assert vault.get_logs() == []
    assert [vault.cash(account) for account in (ids.trader, ids.keeper, ids.pool)] == [cash, 0, 0]
    assert vault.debt() == cash


@pytest.mark.parametrize(
    ("missing", "first", "last", "by_first", "by_last", "debt"),
    [
        (10, 30, 30, 10, 0, 0),
        (10, 10, 30, 10, 0, 0),
        (10, 9, 30, 9, 1, 0),
        (10, 0, 30, 0, 10, 0),
        (10, -5, 30, 0, 10, 5),
        (10, 4, 6, 4, 6, 0),
        (10, 4, 5, 4, 6, 1),
        (10, 0, 0, 0, 10, 10),
        (10, -3, -4, 0, 10, 17),
        (1, 0, -1, 0, 1, 2),
    ],
)
def test_first_pays_what_it_has_and_last_the_rest(vault, ids, missing, first, last, by_first, by_last, debt):
    vault.post(
        [ids.trader, ids.keeper, ids.pool, ids.second], [-missing, first, last, missing - first - last]
    )
    second = vault.cash(ids.second)
    call(vault, ids)
    assert last_event(vault) == (
        "BadDebt",
        {"account": ids.trader, "by_first": by_first, "by_last": by_last},
    )
    cash = [vault.cash(account) for account in (ids.trader, ids.keeper, ids.pool, ids.second)]
    assert cash == [0, first - by_first, last - by_last, second]
    assert vault.debt() == debt + max(0, -second)
    assert vault.credited(QUOTE) == 0


def test_the_reserved_pays_too(vault, give_cash, ids):
    give_cash(ids.keeper, 5)
    vault.reserve(ids.keeper, 5 * WAD)
    vault.post([ids.trader, ids.pool], [-2 * WAD, 2 * WAD])
    call(vault, ids)
    assert vault.snapshot(ids.keeper)[0] == word(cash=3 * WAD, reserved=5 * WAD)


def test_refuses_to_take_the_last_below_int128(vault, ids):
    most = 2**127
    vault.post([ids.pool, ids.second, ids.trader], [-most, most - 1, 1])
    vault.post([ids.trader, ids.keeper], [-2, 2])
    with boa.reverts("vault: cash range"):
        vault.write_off(ids.trader, ids.trader | 2, ids.pool)


@pytest.mark.parametrize("twice", ["account is first", "account is last", "first is last"])
def test_an_account_named_twice_breaks_no_sum(vault, give_cash, ids, twice):
    give_cash(ids.pool, 4)
    vault.post([ids.trader, ids.pool], [-10 * WAD, 10 * WAD])
    named = {
        "account is first": (ids.trader, ids.trader, ids.pool),
        "account is last": (ids.trader, ids.keeper, ids.trader),
        "first is last": (ids.trader, ids.pool, ids.pool),
    }[twice]
    vault.write_off(*named)
    cash = [vault.cash(account) for account in (ids.trader, ids.keeper, ids.pool)]
    assert sum(cash) == vault.credited(QUOTE) == 4 * WAD
    assert vault.debt() == sum(max(0, -amount) for amount in cash)
