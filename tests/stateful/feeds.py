"""The settable feeds beside the model: what each word must be, and which round proves an order's price (O-1, O-2, spec 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossmargin.model import Round
from tests.support.pyrevm_chain import NOBODY, Contract

if TYPE_CHECKING:
    from crossmargin.model import Venue
    from tests.support.pyrevm_chain import Chain

WAD = 10**18
TICK = 10**10  # WAD in one unit of a feed with 8 decimals
AGE = 86_400
MIN_PRICE, MAX_PRICE = 10**15, 10**25
DEAD = 0  # an answer that no bounds admit


class Feeds:
    """All rounds of every feed, (answer, time) with ids from 1. `last`: the price of each word at its last stored good round."""

    def __init__(
        self,
        chain: Chain,
        oracle: Contract,
        feeds: list[Contract],
        quote: Contract,
        answers: list[int],
        uptime: Contract | None = None,
    ):
        self.chain, self.oracle, self.feeds, self.quote = chain, oracle, feeds, quote
        self.rounds = [[(a, chain.time)] for a in answers]
        self.quote_answer, self.quote_time = 10**8, chain.time
        self.last = [a * TICK for a in answers]
        self.uptime, self.up, self.up_since = uptime, True, chain.time

    def answer(self, market: int) -> int:
        """The latest answer."""
        return self.rounds[market][-1][0]

    def push(self, market: int, answer: int) -> None:
        """Publish a round now."""
        self.feeds[market].call(NOBODY, "push", answer)
        self.rounds[market].append((answer, self.chain.time))

    def push_quote(self, answer: int) -> None:
        """Publish a round of the quote's own feed now."""
        self.quote.call(NOBODY, "push", answer)
        self.quote_answer, self.quote_time = answer, self.chain.time

    def push_uptime(self, up: bool) -> None:
        """The sequencer's feed: 0 is up."""
        self.uptime.call(NOBODY, "push", int(not up))
        self.up, self.up_since = up, self.chain.time

    def waits(self, now: int) -> bool:
        """Whether liquidations wait for the sequencer: while it is down and 900 s after it came back."""
        return self.uptime is not None and (not self.up or now - self.up_since < 900)

    def store(self) -> None:
        """Have every word read its source now, so that `last` is known."""
        self.oracle.call(NOBODY, "refresh", (1 << len(self.feeds)) - 1)
        for m in range(len(self.feeds)):
            price = self._price(self.answer(m))
            if price is not None:
                self.last[m] = price

    def _price(self, answer: int) -> int | None:
        """floor(asset/USD ÷ quote/USD), or None where the round is refused."""
        if self.quote_answer <= 1 or answer <= 1:
            return None
        price = answer * TICK * WAD // (self.quote_answer * TICK)
        return price if MIN_PRICE <= price <= MAX_PRICE else None

    def tell(self, venue: Venue) -> None:
        """Set the model's words to what a read would find now."""
        now = self.chain.time
        quote_ok = now <= self.quote_time + AGE
        for m, rounds in enumerate(self.rounds):
            answer, time = rounds[-1]
            price = self._price(answer)
            fresh = quote_ok and now <= time + AGE
            venue.set_price(m, self.last[m] if price is None else price, price is not None and fresh)

    # ---- proofs --------------------------------------------------------------------------------
    def proof(self, market: int, due: int, named: int) -> Round | None:
        """The round a keeper names (0: the latest), if it is the first one published at or after `due`, and good."""
        now, rounds = self.chain.time, self.rounds[market]
        id_ = named or len(rounds)
        if not 1 < id_ <= len(rounds) or self.quote_answer <= 1 or now > self.quote_time + AGE:
            return None
        (_, before), (answer, time) = rounds[id_ - 2], rounds[id_ - 1]
        price = self._price(answer)
        first = before < due <= time
        return Round(price, time) if first and price is not None and now <= time + AGE else None

    def first_since(self, market: int, due: int) -> int:
        """Id of the first round at or after `due`, looked for from the beginning; 0 if there is none yet."""
        return next((i for i, (_, time) in enumerate(self.rounds[market], 1) if time >= due), 0)
