"""Vault.post: an account's change against the pool, what it pays to keeper and cover pool, and the D that they leave."""

import itertools
import random

import boa
import pytest

from tests.unit.vault.support import QUOTE, WAD, book, word

MOST = 2**127 - 1
ROLES = ("account", "pool", "keeper", "cover")
# every way in which the four may coincide: the place of each one's account in a list
PARTITIONS = [
    places
    for places in itertools.product(range(4), repeat=4)
    if all(place <= max(places[:i], default=-1) + 1 for i, place in enumerate(places))
]


def cash_of(vault, accounts):
    return [vault.cash(account) for account in accounts]


def test_refuses_all_but_the_manager(vault, ids, roles):
    for caller in (roles.outsider, roles.payer):
        with boa.reverts("vault: not manager"):
            vault.post(ids.trader, ids.pool, 1, ids.keeper, 0, ids.second, 0, sender=caller)


@pytest.mark.parametrize("change", [2**127, 2**255 - 1, -(2**127) - 1, -(2**255), 2**128, -(2**128)])
def test_refuses_cash_beyond_int128(vault, ids, change):
    with boa.reverts("vault: cash range"):
        book(vault, ids.trader, ids.pool, change)


@pytest.mark.parametrize(("fee", "to_cover"), [(2**127, 0), (0, 2**127), (2**254, 0), (0, 2**254)])
def test_refuses_charges_beyond_int128(vault, ids, fee, to_cover):
    with boa.reverts("vault: cash range"):
        vault.post(ids.trader, ids.pool, 0, ids.keeper, fee, ids.second, to_cover)


@pytest.mark.parametrize(
    ("change", "fee", "to_cover"),
    [(0, 2**255, 0), (0, 0, 2**256 - 1), (0, 2**254, 2**254), (-(2**255), 1, 0), (2**255 - 1, 2**255 - 1, 1)],
)
def test_refuses_what_would_wrap_around(vault, ids, change, fee, to_cover):
    """No reason is given for arithmetic that leaves 256 bits; nothing may come of it."""
    with pytest.raises(boa.BoaError):
        vault.post(ids.trader, ids.pool, change, ids.keeper, fee, ids.second, to_cover)
    assert cash_of(vault, (ids.trader, ids.pool, ids.keeper, ids.second)) == [0] * 4


@pytest.mark.parametrize("start", [MOST, -MOST - 1])
@pytest.mark.parametrize("role", ROLES)
def test_refuses_a_step_over_the_bound(vault, ids, start, role):
    """At either end of the range, where a wrapped sum would be most likely to look harmless."""
    step = 1 if start > 0 else -1
    full = ids.trader | 7
    half = start // 2 if start > 0 else -(2**126)
    book(vault, full, ids.pool, half)
    book(vault, full, ids.keeper, start - half)
    assert vault.cash(full) == start
    named = dict.fromkeys(ROLES, ids.second) | {role: full}
    change, fee, to_cover = {
        "account": (step, 0, 0),
        "pool": (-step, 0, 0),
        "keeper": (0, 1, 0),
        "cover": (0, 0, 1),
    }[role]
    if start < 0 and role in ("keeper", "cover"):
        vault.post(named["account"], named["pool"], change, named["keeper"], fee, named["cover"], to_cover)
        assert vault.cash(full) == start + 1
        return
    with boa.reverts("vault: cash range"):
        vault.post(named["account"], named["pool"], change, named["keeper"], fee, named["cover"], to_cover)


def test_books_two(vault, give_cash, ids):
    give_cash(ids.trader, 100)
    book(vault, ids.trader, ids.pool, -30 * WAD)
    assert cash_of(vault, (ids.trader, ids.pool)) == [70 * WAD, 30 * WAD]
    assert (vault.debt(), vault.credited(QUOTE)) == (0, 100 * WAD)


def test_books_four(vault, give_cash, ids):
    """A loss of 7 to the pool, 1 to the keeper, 2 to the cover pool, all of it out of the account."""
    give_cash(ids.trader, 100)
    vault.post(ids.trader, ids.pool, -7, ids.keeper, 1, ids.second, 2)
    assert cash_of(vault, (ids.trader, ids.pool, ids.keeper, ids.second)) == [100 * WAD - 10, 7, 1, 2]
    assert vault.debt() == 0


def test_charges_come_out_of_a_gain(vault, ids):
    vault.post(ids.trader, ids.pool, 20, ids.keeper, 3, ids.second, 4)
    assert cash_of(vault, (ids.trader, ids.pool, ids.keeper, ids.second)) == [13, -20, 3, 4]
    assert vault.debt() == 20


def test_nothing_changes_nothing(vault, give_cash, ids):
    give_cash(ids.trader, 1)
    vault.post(ids.trader, ids.pool, 0, ids.keeper, 0, ids.second, 0)
    assert cash_of(vault, (ids.trader, ids.pool, ids.keeper, ids.second)) == [WAD, 0, 0, 0]
    assert vault.debt() == 0


def test_keeps_reservation_and_assets(vault, weth, deposit, give_cash, ids):
    give_cash(ids.trader, 5)
    deposit(ids.trader, 0, weth, 9)
    vault.reserve(ids.trader, 2 * WAD)
    for delta, cash in ((-7 * WAD, -2 * WAD), (WAD, -WAD), (3 * WAD, 2 * WAD)):
        book(vault, ids.trader, ids.pool, delta)
        assert vault.snapshot(ids.trader) == (word(cash, 2 * WAD, 1), [9])


def test_a_loss_may_reach_below_the_reserved(vault, give_cash, ids):
    give_cash(ids.trader, 5)
    vault.reserve(ids.trader, 5 * WAD)
    book(vault, ids.trader, ids.pool, -1)
    assert (vault.cash(ids.trader), vault.reserved(ids.trader)) == (5 * WAD - 1, 5 * WAD)


def test_debt_follows_every_crossing_of_zero(vault, give_cash, ids):
    """Into debt, deeper, back in part, out; and one account's debt that becomes another's."""
    give_cash(ids.trader, 10)
    steps = [(-10, 0), (-1, 1), (-5, 6), (4, 2), (2, 0), (3, 0), (-8, 5), (9, 0)]
    for delta, owed in steps:
        book(vault, ids.trader, ids.pool, delta * WAD)
        pool_owes = max(0, -vault.cash(ids.pool)) // WAD
        assert vault.debt() == (owed + pool_owes) * WAD


def test_debt_moves_between_accounts_without_changing(vault, ids):
    book(vault, ids.trader, ids.pool, -5)
    book(vault, ids.trader, ids.keeper, 5)
    assert (vault.debt(), vault.cash(ids.trader), vault.cash(ids.keeper)) == (5, 0, -5)


def test_two_in_debt_at_once(vault, ids):
    book(vault, ids.trader, ids.pool, -3)
    book(vault, ids.keeper, ids.pool, -4)
    assert vault.debt() == 7
    book(vault, ids.trader, ids.pool, 1)
    book(vault, ids.keeper, ids.pool, 5)
    assert vault.debt() == 2


@pytest.mark.parametrize("places", PARTITIONS)
def test_accounts_may_coincide(vault, ids, places):
    """All fifteen ways, each from starts and with amounts that take every account across zero and back."""
    assert len(PARTITIONS) == 15
    pool = (ids.trader, ids.second, ids.pool, ids.keeper)
    drawn = random.Random(str(places))
    expected = dict.fromkeys(pool, 0)
    for _ in range(12):
        account, counterparty, keeper, cover = (pool[place] for place in places)
        change, fee, to_cover = drawn.randint(-30, 30), drawn.choice([0, 1, 9]), drawn.choice([0, 2, 7])
        vault.post(account, counterparty, change, keeper, fee, cover, to_cover)
        expected[account] += change - fee - to_cover
        expected[counterparty] -= change
        expected[keeper] += fee
        expected[cover] += to_cover
        assert cash_of(vault, pool) == list(expected.values())
        assert vault.debt() == sum(max(0, -cash) for cash in expected.values())
    assert vault.credited(QUOTE) == sum(expected.values()) == 0


def test_reaches_both_ends_of_the_range(vault, ids):
    book(vault, ids.trader, ids.pool, MOST)
    book(vault, ids.keeper, ids.pool, 1)
    assert vault.snapshot(ids.trader)[0] == word(cash=MOST)
    assert vault.snapshot(ids.pool)[0] == word(cash=-MOST - 1)
    assert vault.debt() == 2**127
    book(vault, ids.trader, ids.pool, -MOST)
    book(vault, ids.keeper, ids.pool, -1)
    assert (vault.debt(), vault.snapshot(ids.trader), vault.snapshot(ids.pool)) == (0, (0, []), (0, []))
