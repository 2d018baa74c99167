"""(3) Pair up both sides so that the net requirement is nil, then close one and be over the caps (U-1)."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import boa

from tests.adversarial.arena import BTC, SOL, USDC, Arena
from tests.support.words import LOT, WAD


def most(arena: Arena, market: int, bps: int = 10_000) -> int:
    """So many bps of the largest side."""
    return arena.setup.markets[market].max_oi * bps // 10_000 * LOT


def test_pairs_are_counted_gross(either: Arena, who: SimpleNamespace) -> None:
    # with 5 % of R allowed gross, three pairs of a tenth of the largest side fit, though nothing is open net
    tight = replace(either.setup.rates, cap_gross=500)
    either.configure(1, 0, tight.word())
    long, short = (either.deposit(u, 10_000_000 * USDC) for u in (who.attacker, who.second))
    size = most(either, BTC, 1_000)
    with boa.reverts("engine: utilisation"):
        for _ in range(10):
            either.trade(long, BTC, size)
            either.trade(short, BTC, -size)
    state = either.shares.pool_state()
    assert state.net * 20 < state.gross
    assert state.gross * 10_000 <= state.reduced_equity * 500


def test_closing_one_side_earns_nothing(either: Arena, who: SimpleNamespace, ours: tuple[str, ...]) -> None:
    long, short = (either.deposit(u, 10_000_000 * USDC) for u in (who.attacker, who.second))
    before = either.purse(*ours)
    size = {market: 4 * most(either, market, 1_100) for market in (BTC, SOL)}
    for market in size:
        for _ in range(4):
            either.trade(long, market, size[market] // 4)
            either.trade(short, market, -size[market] // 4)
    for market in size:
        either.trade(short, market, size[market])
    state = either.shares.pool_state()
    # no cap stops a reduction (I-18): the net requirement is over its cap now, within the gross one
    assert state.utilisation > WAD
    assert state.net <= state.gross and state.gross * 10_000 <= state.reduced_equity * 3_000
    # it grows no further
    with boa.reverts("engine: utilisation"):
        either.trade(long, BTC, most(either, BTC, 100))
    for market in size:
        either.trade(long, market, -size[market])
    assert either.purse(*ours) - before <= 0
