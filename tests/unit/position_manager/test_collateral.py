"""collateral: WAD of a token."""

from __future__ import annotations

from types import SimpleNamespace

import boa

from tests.support.venue import Venue


def test_reverts_for_an_unknown_token(v: Venue, who: SimpleNamespace, account: int) -> None:
    with boa.reverts("vault: unknown token"):
        v.manager.collateral(account, who.outsider)


def test_in_wad(v: Venue, who: SimpleNamespace) -> None:
    account = v.deposit(who.trader, 123, v.tokens[0])
    assert v.manager.collateral(account, v.tokens[0].address) == 123 * 10**10
    assert v.manager.collateral(account, v.tokens[1].address) == 0


def test_quote_is_cash(v: Venue, account: int) -> None:
    assert v.manager.collateral(account, v.quote.address) == 0
