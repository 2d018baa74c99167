"""Vault.write_off (W-1): who pays for negative cash, and how much of it."""

import boa
import pytest

from tests.unit.vault.support import QUOTE, WAD, book, last_event, word

ALL = 2**256 - 1


def call(vault, ids, granted=ALL, **options):
    """The keeper's account is the first to pay, the pool's the last."""
    vault.write_off(ids.trader, ids.keeper, granted, ids.pool, **options)


def stage(vault, ids, missing, first, last):
    """The three accounts' cash, out of a fourth."""
    for account, cash in ((ids.trader, -missing), (ids.keeper, first), (ids.pool, last)):
        book(vault, account, ids.second, cash)


def cash_of(vault, ids):
    return [vault.cash(account) for account in (ids.trader, ids.keeper, ids.pool)]


def test_refuses_all_but_the_manager(vault, ids, roles):
    book(vault, ids.trader, ids.pool, -1)
    for caller in (roles.outsider, roles.payer):
        with boa.reverts("vault: not manager"):
            call(vault, ids, sender=caller)


@pytest.mark.parametrize("cash", [0, 1, 5 * WAD])
def test_does_nothing_without_negative_cash(vault, ids, cash):
    book(vault, ids.trader, ids.second, cash)
    call(vault, ids)
    assert vault.get_logs() == []
    assert cash_of(vault, ids) == [cash, 0, 0]
    assert vault.debt() == cash


@pytest.mark.parametrize(
    ("missing", "granted", "first", "last", "by_first", "by_last", "debt"),
    [
        (10, ALL, 30, 30, 10, 0, 0),
        (10, ALL, 10, 30, 10, 0, 0),
        (10, ALL, 9, 30, 9, 1, 0),
        (10, ALL, 0, 30, 0, 10, 0),
        (10, ALL, -5, 30, 0, 10, 5),
        (10, ALL, 4, 6, 4, 6, 0),
        (10, ALL, 4, 5, 4, 6, 1),
        (10, ALL, 0, 0, 0, 10, 10),
        (10, ALL, -3, -4, 0, 10, 17),
        (1, ALL, 0, -1, 0, 1, 2),
        (10, 0, 30, 30, 0, 10, 0),
        (10, 3, 30, 30, 3, 7, 0),
        (10, 10, 30, 30, 10, 0, 0),
        (10, 11, 30, 30, 10, 0, 0),
        (10, 3, 2, 30, 2, 8, 0),
        (10, 3, -2, 0, 0, 10, 12),
        (10, 3, 30, 2, 3, 7, 5),
        (10, 2**127, 30, 0, 10, 0, 0),
        (10, 2**128, 30, 0, 10, 0, 0),
    ],
)
def test_first_pays_what_is_granted_and_there_and_last_the_rest(
    vault, ids, missing, granted, first, last, by_first, by_last, debt
):
    stage(vault, ids, missing, first, last)
    second = vault.cash(ids.second)
    call(vault, ids, granted)
    assert last_event(vault) == (
        "BadDebt",
        {"account": ids.trader, "by_first": by_first, "by_last": by_last},
    )
    assert cash_of(vault, ids) == [0, first - by_first, last - by_last]
    assert vault.cash(ids.second) == second
    assert vault.debt() == debt + max(0, -second)
    assert vault.credited(QUOTE) == 0


def test_the_reserved_pays_too(vault, give_cash, ids):
    give_cash(ids.keeper, 5)
    vault.reserve(ids.keeper, 5 * WAD)
    book(vault, ids.trader, ids.pool, -2 * WAD)
    call(vault, ids)
    assert vault.snapshot(ids.keeper)[0] == word(cash=3 * WAD, reserved=5 * WAD)


def test_refuses_to_take_the_last_below_int128(vault, ids):
    book(vault, ids.pool, ids.second, -(2**127) + 1)
    book(vault, ids.pool, ids.keeper, -1)
    book(vault, ids.trader, ids.keeper, -2)
    with boa.reverts("vault: cash range"):
        vault.write_off(ids.trader, ids.trader | 2, ALL, ids.pool)


@pytest.mark.parametrize("granted", [0, 3 * WAD, ALL])
@pytest.mark.parametrize("twice", ["account is first", "account is last", "first is last"])
def test_an_account_named_twice_breaks_no_sum(vault, give_cash, ids, twice, granted):
    give_cash(ids.pool, 4)
    book(vault, ids.trader, ids.pool, -10 * WAD)
    first, last = {
        "account is first": (ids.trader, ids.pool),
        "account is last": (ids.keeper, ids.trader),
        "first is last": (ids.pool, ids.pool),
    }[twice]
    vault.write_off(ids.trader, first, granted, last)
    cash = cash_of(vault, ids)
    assert sum(cash) == vault.credited(QUOTE) == 4 * WAD
    assert vault.debt() == sum(max(0, -amount) for amount in cash)


def test_what_the_last_owes_itself_is_taken_over_by_the_first(vault, ids):
    """The pool's own debt, once claims are open (W-3): the rest stays with it, in its own name."""
    book(vault, ids.keeper, ids.second, 4)
    book(vault, ids.pool, ids.second, -10)
    vault.write_off(ids.pool, ids.keeper, ALL, ids.pool)
    assert (vault.cash(ids.keeper), vault.cash(ids.pool), vault.debt()) == (0, -6, 6)
