"""Random venues for the previews: markets, a book in each, accounts of every kind, claims, inventory."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crossmargin.model import AssetParams, MarketParams, Venue
from crossmargin.model.carry import Indices, Market, price_float
from crossmargin.model.ledger import Account
from crossmargin.model.maths import BPS, LOT, LOTS, WAD
from crossmargin.model.preview import LARGEST
from crossmargin.model.state import Flags
from crossmargin.model.waterfall import NO_MARKET, Claim
from tests.differential.draws import START, Draw
from tests.differential.stage import COVER, POOL

MONTH = 30 * 86_400
MOST = 2**88  # WAD quote of a position, about 3e8
OWNER = 0x1000


@dataclass
class Scene:
    """A venue with the arguments of a cascade."""

    venue: Venue
    accounts: list[int]
    moves: list[int]
    keeper_cost: int


class SceneDraw(Draw):
    """Draws of whole scenes."""

    def scene(self, crumbs: bool = False) -> Scene:
        """One venue, up to eight moves, most of them of some percent. crumbs: nobody holds more than a few lots."""
        venue = self.venue()
        if crumbs:
            least = {"min_margin": 10**12, "keeper_cap": 0, "keeper_part": 0, "p_max": 1, "h": 10_010}
            venue.params = replace(venue.params, **least)
        count = self.choice((1, 1, 2, 3, 5, 8)) if self.random() < 0.9 else 50
        keys = [(OWNER + i) << 96 | self.choice((0, 0, 1)) for i in range(count)]
        moves = [self.move(venue) for _ in range(self.choice((1, 1, 2, 3)) if count < 50 else 1)]
        if self.random() < 0.02:
            moves = [self.move(venue) for _ in range(8)]
        for key in keys:
            venue.ledger.accounts[key] = self.crumbs(venue) if crumbs else self.account(venue)
        self.aim(venue, keys, moves[0])
        self.books(venue, keys)
        self.pools(venue)
        self.shuffle(keys)
        if self.random() < 0.2:
            keys.insert(self.randrange(len(keys) + 1), self.choice(keys))
        if self.random() < 0.1:
            keys.append(self.choice((POOL << 96, COVER << 96, 0, 12)))
        cost = self.choice((0, venue.params.keeper_cap, venue.params.keeper_cap // 3, 2**80))
        return Scene(venue, keys[:50], moves, cost)

    # ---- the venue -----------------------------------------------------------------------------
    def venue(self) -> Venue:
        """Markets with prices, some of them dead, some settled; assets on any of them."""
        count = self.choice((1, 2, 3, 4, 6, 16, 18))
        prices = [self.magnitude(10**15, 10**24) for _ in range(count)]
        markets = {m: self.market_params(p, 10**6) for m, p in enumerate(prices)}
        assets = {
            a: AssetParams(self.randrange(count), self.choice((0, self.randint(0, 5_000))), 2**96 - 1, 18)
            for a in range(self.choice((0, 1, 3, 8)))
        }
        params = replace(
            self.params(),
            markets=markets,
            assets=assets,
            cover_share=self.choice((1, 500, 2_500, BPS)),
        )
        venue = Venue(params, START, POOL, COVER << 96)
        dead, ended = self.choice((0, 0, 0.1, 0.5, 1)), self.choice((0, 0, 0, 0.2))
        for m, price in enumerate(prices):
            venue.set_price(m, price, self.random() >= dead)
            venue.markets[m] = self.settled(price) if self.random() < ended else self.live(price, markets[m])
        last = self.random() < 0.1
        venue.flags = Flags(last_prices=last, grace_until=self.choice((0, START + 600)))
        if not last and self.random() < 0.05:
            venue.set_price(self.randrange(count), 0, False)  # never published anything
        return venue

    def live(self, price: int, mp: MarketParams) -> Market:
        """A market last touched up to a month ago."""
        market = self.market(price, mp, 0, 0)
        market.time = START - self.choice((0, 1, 12, self.magnitude(1, MONTH)))
        return market

    def settled(self, price: int) -> Market:
        """W-3: indices and P_s alone."""
        mark = price_float(self.near(price, 3_000))
        return Market(index_long=self.index(price), index_short=self.index(price), mark=mark)

    def move(self, venue: Venue) -> int:
        """A common move that every price survives, some to the last of them; rarely one that none does."""
        betas = [mp.beta for mp in venue.params.markets.values()]
        ref = max(1, betas[0])
        lowest = -WAD * ref // max(1, *betas)
        kind = self.random()
        if kind < 0.15:
            return 0
        if kind < 0.18:
            return lowest * 2
        if kind < 0.3:
            return lowest * self.choice((50, 90, 99)) // 100
        percent = self.choice((1, 5, 10, 20, 40))
        x = self.sign() * self.randint(1, percent * 10**16)
        return max(x, lowest * 9 // 10)

    # ---- accounts ------------------------------------------------------------------------------
    def account(self, venue: Venue) -> Account:
        """Positions, collateral, both, or nothing; cash comes later."""
        kind, found = self.choice("pppphhcbn"), Account()
        if kind in "phb":
            count = self.choice((1, 1, 2, 3, 16)) if kind != "h" else 2
            for m in self.sample(list(venue.markets), min(count, len(venue.markets))):
                found.positions[m] = self.position(venue, m)
        if kind in "cb" and venue.params.assets:
            for a in self.sample(
                list(venue.params.assets), self.randint(1, min(3, len(venue.params.assets)))
            ):
                found.collateral[a] = self.backing(venue, found, venue.params.assets[a].underlying)
        return found

    def crumbs(self, venue: Venue) -> Account:
        """A hedge of a few lots, which closes by whole ones: a slice leaves it less hedged, and another round follows."""
        found, markets = Account(), sorted(venue.markets, key=lambda m: -venue.prices[m])[:2]
        side = self.sign()
        for m in markets:
            price = max(venue.prices[m], 10**15)
            lots = max(1, venue.prices[markets[0]] * self.randint(1, 30) // price)
            found.positions[m] = side * lots * LOT, -side * lots * LOT * price // WAD
            side = -side
        return found

    def position(self, venue: Venue, market: int) -> tuple[int, int]:
        price = max(venue.prices[market], 10**15)
        lots = max(1, min(2**66, self.magnitude(10**18, MOST) * LOTS // price))
        base = self.sign() * lots * LOT
        entry = self.near(price, self.choice((10, 500, 5_000)))
        return base, -base * entry // WAD + self.randint(-5, 5)

    def backing(self, venue: Venue, account: Account, underlying: int) -> int:
        """An amount of collateral, often that of the account's own position: a hedge."""
        base = abs(account.positions.get(underlying, (0, 0))[0])
        if base and self.random() < 0.5:
            return base + self.choice((0, 0, LOT, self.magnitude(1, base)))
        price = max(venue.prices[underlying], 10**15)
        return self.magnitude(1, max(1, min(2**100, MOST * WAD // price)))

    def aim(self, venue: Venue, keys: list[int], x: int) -> None:
        """Cash that puts accounts near their margin before or after the first move, or near nothing."""
        for key in keys:
            account = venue.ledger.accounts[key]
            moved = {u: max(0, p) for u, p in venue.shocked(x, WAD).items()}
            a = venue.assess(account, self.choice((None, moved, moved)))
            maintenance = max(a.maintenance, venue.params.min_margin)
            goal = maintenance * self.choice((0, 90, 99, 100, 101, 110, 120, 150, 300)) // 100
            goal += self.choice((-1, 0, 1, self.sign() * self.magnitude(1, 1 + maintenance // 10)))
            account.cash = goal - a.equity
            if not account.positions and not account.collateral:
                account.cash = self.choice((0, -1, -self.magnitude(1, 2**80), self.magnitude(1, 2**80)))
            if account.cash > 0 and self.random() < 0.1:
                account.reserved = min(account.cash, self.magnitude(1, 2**60))

    def books(self, venue: Venue, keys: list[int]) -> None:
        """Each market's sides hold at least what the accounts do; its scale is such that the skew does not turn prices."""
        markets = dict(venue.params.markets)
        for m, state in venue.markets.items():
            held = [venue.account(k).positions.get(m, (0, 0)) for k in keys]
            state.long = sum(b for b, _ in held if b > 0) // LOT
            state.short = -sum(b for b, _ in held if b < 0) // LOT
            state.quote = sum(q for _, q in held)
            if self.random() < 0.7:
                extra = self.magnitude(1, 2 * max(1, state.long, state.short))
                state.long += extra * self.randint(0, 1)
                state.short += extra * self.randint(0, 1)
                state.quote -= extra * LOT * max(venue.prices[m], 10**15) // WAD * self.randint(-1, 1)
            side = max(1, state.long, state.short)
            markets[m] = replace(
                markets[m], skew_scale=min(2**64 - 1, side * self.choice((1, 2, 50, 10_000)))
            )
        venue.params = replace(venue.params, markets=markets)

    def pools(self, venue: Venue) -> None:
        """Capital and inventory of the LP pool, the cover pool's cash, claims on it, and the sums of the last touches."""
        pool, cover = Account(), Account(cash=self.choice((0, 1, self.magnitude(1, 2**90))))
        for a, asset in venue.params.assets.items():
            if self.random() < 0.4:
                price = max(venue.prices[asset.underlying], 10**15)
                pool.collateral[a] = self.magnitude(1, max(1, MOST * WAD // price))
        venue.ledger.accounts |= {venue.pool_id: pool, venue.cover_id: cover}
        for m, state in venue.markets.items():
            indices = Indices(state.index_long, state.index_short, state.rate)
            venue._share(state, venue.params.markets[m], indices)
        goal = self.choice((0, -1, self.magnitude(1, 2**95), self.magnitude(1, 2**95)))
        pool.cash = goal - venue.stored_reduced_equity()
        buckets = [*venue.markets, NO_MARKET]
        most = max(1, cover.cash)
        venue.claims = {
            b: Claim(self.magnitude(1, most), START - self.choice((0, 1, 600, 86_400, 200_000)))
            for b in buckets
            if self.random() < 0.3
        }


def fits(venue: Venue, moves: list[int]) -> bool:
    """Whether every exposure stays below the bound of spec 4 at every price on the path."""
    worst = [venue.shocked(x, WAD) for x in (0, *moves)]
    for account in venue.ledger.accounts.values():
        held = {m: abs(b) for m, (b, _) in account.positions.items()}
        for a, amount in account.collateral.items():
            u = venue.params.assets[a].underlying
            held[u] = held.get(u, 0) + amount
        if any(prices[u] * x >= LARGEST for u, x in held.items() for prices in worst):
            return False
    return True
