"""pending_exit(owner)."""

from __future__ import annotations

import boa

from tests.unit.liquidity_pool.paper import Paper


def test_nothing_for_who_asked_nothing(p: Paper):
    p.enter(p.pool, p.lp, p.units(10))
    assert p.pool.pending_exit(p.lp) == (0, 0)
    assert p.pool.pending_exit(p.pool.address) == (0, 0)


def test_sum_of_the_requests_and_when_they_are_ready(p: Paper):
    p.rates(pool=5, cover=7)
    for tranche, minutes in ((p.pool, 5), (p.cover, 7)):
        shares = p.enter(tranche, p.lp, p.units(10))
        tranche.request_exit(shares // 3, sender=p.lp)
        tranche.request_exit(shares // 5, sender=p.lp)
        wanted = (shares // 3 + shares // 5, boa.env.timestamp + 60 * minutes)
        assert tranche.pending_exit(p.lp) == wanted
        assert tranche.pending_exit(p.other) == (0, 0)


def test_nothing_again_afterwards(p: Paper):
    shares = p.enter(p.pool, p.lp, p.units(10))
    p.pool.request_exit(shares, sender=p.lp)
    p.pool.finalise_exit(p.lp)
    assert p.pool.pending_exit(p.lp) == (0, 0)
