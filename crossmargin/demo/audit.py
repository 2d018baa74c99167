"""What a venue's chain comes to at the end of a run: ledger against tokens, and who paid when margin was not enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from crossmargin.client import Client, account_id
from crossmargin.demo.books import QUOTE
from crossmargin.demo.result import Conservation
from crossmargin.demo.trace import KINDS, Reader
from crossmargin.demo.waterfall import Waterfall
from crossmargin.deployment import Deployment


def conservation(client: Client, venue: Deployment, accounts: Iterable[int]) -> Conservation:
    """L-1 over these accounts and the protocol's own."""
    found = client.conservation(accounts)
    symbols = {asset: symbol for symbol, asset in venue.assets.items()}
    names = _names(venue)
    quote = venue.assets[QUOTE]
    return Conservation(
        tokens={symbols[asset]: row.held - row.credited for asset, row in found.assets.items()},
        cash=found.assets[quote].accounts - found.assets[quote].credited,
        collateral={
            symbols[asset]: row.accounts - row.credited
            for asset, row in found.assets.items()
            if asset != quote
        },
        base={names[market]: row.base for market, row in found.markets.items()},
        quote={names[market]: row.quote for market, row in found.markets.items()},
        debt=found.debt - found.owed,
    )


def waterfall(client: Client, venue: Deployment, accounts: Mapping[int, str]) -> Waterfall:
    """From the events of the whole chain. `accounts`: the traders' ids and what the report calls them."""
    cover = account_id(venue.cover)
    reader = Reader(
        accounts=accounts,
        markets=_names(venue),
        cash=lambda block: client.read(client.calls.cash(cover), block),
        share=client.rates().cover_share,
    )
    held = client.read_all([client.calls.legs(account) for account in accounts])
    return reader.read(client.events(*KINDS), Counter(market for legs in held for market in legs))


def _names(venue: Deployment) -> dict[int, str]:
    return {market: symbol for symbol, market in venue.markets.items()}
