"""Vault.post: cash changes that sum to zero, and the D that they leave."""

import boa
import pytest

from tests.unit.vault.support import QUOTE, WAD, word

MOST = 2**127 - 1


def test_refuses_all_but_the_manager(vault, ids, roles):
    for caller in (roles.outsider, roles.payer):
        with boa.reverts("vault: not manager"):
            vault.post([ids.trader, ids.pool], [1, -1], sender=caller)


@pytest.mark.parametrize("deltas", [[1, 0], [1, -2], [-1, -1], [0, 1], [MOST, -MOST + 1], [MOST, MOST]])
def test_refuses_what_does_not_sum_to_zero(vault, ids, deltas):
    with boa.reverts("vault: unbalanced"):
        vault.post([ids.trader, ids.pool], deltas)


def test_refuses_a_lone_delta(vault, ids):
    with boa.reverts("vault: unbalanced"):
        vault.post([ids.trader], [1])


@pytest.mark.parametrize("deltas", [[], [0], [1, -1, 0]])
def test_refuses_lists_of_different_length(vault, ids, deltas):
    with boa.reverts("vault: lengths differ"):
        vault.post([ids.trader, ids.pool], deltas)


@pytest.mark.parametrize("delta", [2**127, 2**255 - 1, -(2**127) - 1, -(2**255), 2**128, -(2**128)])
def test_refuses_cash_beyond_int128(vault, ids, delta):
    with boa.reverts("vault: cash range"):
        vault.post([ids.trader, ids.pool], [delta, -delta if delta > -(2**255) else delta])


@pytest.mark.parametrize("deltas", [[-(2**255), -(2**255)], [2**255 - 1, 2**255 - 1, 2]])
def test_refuses_a_sum_that_wraps_to_zero(vault, ids, deltas):
    with boa.reverts("vault: cash range"):
        vault.post([ids.trader, ids.pool, ids.keeper][: len(deltas)], deltas)


@pytest.mark.parametrize("start", [MOST, -MOST - 1])
def test_refuses_a_step_over_the_bound(vault, ids, start):
    """At either end of the range, where a wrapped sum would be most likely to look harmless."""
    step = 1 if start > 0 else -1
    half = start // 2 if start > 0 else -(2**126)
    vault.post([ids.trader, ids.pool, ids.keeper], [start, -half, half - start])
    assert vault.cash(ids.trader) == start
    for far in (step, step * MOST, step * (2**255 - 1)):
        with boa.reverts("vault: cash range"):
            vault.post([ids.trader, ids.second], [far, -far])


def test_books_two(vault, give_cash, ids):
    give_cash(ids.trader, 100)
    vault.post([ids.trader, ids.pool], [-30 * WAD, 30 * WAD])
    assert (vault.cash(ids.trader), vault.cash(ids.pool)) == (70 * WAD, 30 * WAD)
    assert (vault.debt(), vault.credited(QUOTE)) == (0, 100 * WAD)


def test_books_four(vault, give_cash, ids):
    give_cash(ids.trader, 100)
    vault.post([ids.trader, ids.pool, ids.keeper, ids.second], [-10, 7, 1, 2])
    cash = [vault.cash(account) for account in (ids.trader, ids.pool, ids.keeper, ids.second)]
    assert cash == [100 * WAD - 10, 7, 1, 2]
    assert vault.debt() == 0


def test_nothing_is_balanced(vault, give_cash, ids):
    give_cash(ids.trader, 1)
    vault.post([], [])
    vault.post([ids.trader, ids.pool], [0, 0])
    assert (vault.cash(ids.trader), vault.cash(ids.pool), vault.debt()) == (WAD, 0, 0)


def test_keeps_reservation_and_assets(vault, weth, deposit, give_cash, ids):
    give_cash(ids.trader, 5)
    deposit(ids.trader, 0, weth, 9)
    vault.reserve(ids.trader, 2 * WAD)
    for delta, cash in ((-7 * WAD, -2 * WAD), (WAD, -WAD), (3 * WAD, 2 * WAD)):
        vault.post([ids.trader, ids.pool], [delta, -delta])
        assert vault.snapshot(ids.trader) == (word(cash, 2 * WAD, 1), [9])


def test_a_loss_may_reach_below_the_reserved(vault, give_cash, ids):
    give_cash(ids.trader, 5)
    vault.reserve(ids.trader, 5 * WAD)
    vault.post([ids.trader, ids.pool], [-1, 1])
    assert (vault.cash(ids.trader), vault.reserved(ids.trader)) == (5 * WAD - 1, 5 * WAD)


def test_debt_follows_every_crossing_of_zero(vault, give_cash, ids):
    """Into debt, deeper, back in part, out; and one account's debt that becomes another's."""
    give_cash(ids.trader, 10)
    steps = [(-10, 0), (-1, 1), (-5, 6), (4, 2), (2, 0), (3, 0), (-8, 5), (9, 0)]
    for delta, owed in steps:
        vault.post([ids.trader, ids.pool], [delta * WAD, -delta * WAD])
        pool_owes = max(0, -vault.cash(ids.pool)) // WAD
        assert vault.debt() == (owed + pool_owes) * WAD


def test_debt_moves_between_accounts_without_changing(vault, ids):
    vault.post([ids.trader, ids.pool], [-5, 5])
    vault.post([ids.trader, ids.keeper], [5, -5])
    assert (vault.debt(), vault.cash(ids.trader), vault.cash(ids.keeper)) == (5, 0, -5)


def test_two_in_debt_at_once(vault, ids):
    vault.post([ids.trader, ids.keeper, ids.pool], [-3, -4, 7])
    assert vault.debt() == 7
    vault.post([ids.trader, ids.keeper, ids.pool], [1, 5, -6])
    assert vault.debt() == 2


def test_an_account_named_twice_is_booked_twice(vault, give_cash, ids):
    """The caller must not; if it does, the books stay right."""
    give_cash(ids.trader, 1)
    vault.post([ids.trader, ids.trader, ids.pool], [-3 * WAD, WAD, 2 * WAD])
    assert (vault.cash(ids.trader), vault.cash(ids.pool), vault.debt()) == (-WAD, 2 * WAD, WAD)


def test_reaches_both_ends_of_the_range(vault, ids):
    vault.post([ids.trader, ids.pool, ids.keeper], [MOST, -MOST - 1, 1])
    assert vault.snapshot(ids.trader)[0] == word(cash=MOST)
    assert vault.snapshot(ids.pool)[0] == word(cash=-MOST - 1)
    assert vault.debt() == 2**127
    vault.post([ids.trader, ids.pool, ids.keeper], [-MOST, MOST + 1, -1])
    assert (vault.debt(), vault.snapshot(ids.trader), vault.snapshot(ids.pool)) == (0, (0, []), (0, []))
