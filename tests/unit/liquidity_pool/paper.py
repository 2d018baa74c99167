"""Both tranches over a venue on paper (FakeVenue), of which a test sets every number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boa

from tests.support.venue import MAX
from tests.support.words import LOT, WAD, Rates, VenueParams, pack
from tests.unit.liquidity_pool.world import compiled

SHUTTING_DOWN, CLAIMS_OPEN, LAST_PRICES = 2, 4, 8
TOKENS = "tests/contracts/tokens/{}.vy"


@dataclass
class Paper:
    """`pool` is the senior tranche, `cover` the junior; both take `quote`, which has `digits` decimals."""

    fake: Any
    quote: Any
    pool: Any
    cover: Any
    digits: int
    lp: str
    other: str
    outsider: str

    @property
    def virtual(self) -> int:
        """Shares that nobody owns."""
        return 10 ** (18 - self.digits)

    def units(self, quote: int) -> int:
        """Token units of whole quote."""
        return quote * 10**self.digits

    def enter(self, tranche: Any, user: str, tokens: int) -> int:
        """Deposit fresh tokens; returns the shares."""
        self.quote.mint(user, tokens)
        self.quote.approve(tranche.address, MAX, sender=user)
        return tranche.deposit(tokens, user, sender=user)

    def cash(self, tranche: Any) -> int:
        """WAD of the tranche's account."""
        return self.fake.cash(tranche.account())

    def earn(self, tranche: Any, tokens: int) -> None:
        """Penalties or fees: cash through the ledger, backed by tokens."""
        self._post(tranche, tokens)

    def lose(self, tranche: Any, tokens: int) -> None:
        """Bad debt or trading losses: what was the tranche's is another account's. A negative loss is a gain."""
        self._post(tranche, -tokens)

    def _post(self, tranche: Any, tokens: int) -> None:
        self.quote.mint(self.fake.address, max(tokens, 0))
        self.fake.set_cash(tranche.account(), self.cash(tranche) + tokens * 10 ** (18 - self.digits))

    def rates(self, pool: int = 0, cover: int = 0, flags: int = 0, caps: Rates | None = None) -> None:
        """Cooldowns in minutes, flags and exit caps of the rates word."""
        word = (caps or Rates()).word(pool_cooldown=pool, cover_cooldown=cover, flags=flags)
        self.fake.set_venue(4, word)

    def market(
        self, id_: int, price: int, longs: int = 0, shorts: int = 0, quote: int = 0, **kw: Any
    ) -> None:
        """A market touched now with so many WAD base a side, whose price is valid."""
        carry = kw.get("carry", pack((0, 128), (boa.env.timestamp, 32), (0, 96)))
        risk = kw.get("risk", pack((400, 12), (160, 12), (431, 12), (0, 28)))
        scale = kw.get("scale", 10**6 * WAD)
        book = pack((longs // LOT, 72), (shorts // LOT, 72), (quote % 2**112, 112))
        self.fake.set_market(id_, (carry, book, pack((scale // LOT, 64), (0, 104), (1, 1)), 0, risk))
        self.price(id_, price)

    def price(self, id_: int, price: int, state: int = 0) -> None:
        """A price word: WAD, and a state other than 0 is not valid."""
        self.fake.set_price(id_, pack((price, 96), (0, 120), (state, 8)))


def paper(digits: int = 6, token: str = "StandardToken") -> Paper:
    """Both tranches, empty, with cooldowns of 0."""
    env = boa.env
    quote = compiled(TOKENS.format(token)).deploy(digits)
    pool, cover, *people = (env.generate_address(n) for n in ("pool", "cover", "lp", "other", "outsider"))
    fake = compiled("tests/contracts/mocks/FakeVenue.vy").deploy(quote.address, digits, pool, cover)
    contract = compiled("contracts/LiquidityPool.vy")
    p = Paper(
        fake,
        quote,
        contract.deploy(fake.address, "Liquidity of the venue", "LPV", override_address=pool),
        contract.deploy(fake.address, "Cover of the venue", "CPV", override_address=cover),
        digits,
        *people,
    )
    fake.set_venue(0, VenueParams().word())
    fake.set_venue(5, 2**32 - 1)
    p.rates()
    return p
