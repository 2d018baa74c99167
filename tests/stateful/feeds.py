"""The settable feeds beside the model: what each word must be, by price and validity (O-1, O-2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    """Answers and publish times by market. `last`: the price of each word at its last stored good round."""

    def __init__(
        self, chain: Chain, oracle: Contract, feeds: list[Contract], quote: Contract, answers: list[int]
    ):
        self.chain, self.oracle, self.feeds, self.quote = chain, oracle, feeds, quote
        self.answers, self.times = answers, [chain.time] * len(answers)
        self.quote_answer, self.quote_time = 10**8, chain.time
        self.last = [a * TICK for a in answers]

    def push(self, market: int, answer: int) -> None:
        """Publish a round now."""
        self.feeds[market].call(NOBODY, "push", answer)
        self.answers[market], self.times[market] = answer, self.chain.time

    def push_quote(self, answer: int) -> None:
        """Publish a round of the quote's own feed now."""
        self.quote.call(NOBODY, "push", answer)
        self.quote_answer, self.quote_time = answer, self.chain.time

    def store(self) -> None:
        """Have every word read its source now, so that `last` is known."""
        self.oracle.call(NOBODY, "refresh", (1 << len(self.feeds)) - 1)
        for m in range(len(self.feeds)):
            price = self._price(m)
            if price is not None:
                self.last[m] = price

    def _price(self, market: int) -> int | None:
        """floor(asset/USD ÷ quote/USD), or None where the round is refused."""
        if self.quote_answer <= 1 or self.answers[market] <= 1:
            return None
        price = self.answers[market] * TICK * WAD // (self.quote_answer * TICK)
        return price if MIN_PRICE <= price <= MAX_PRICE else None

    def tell(self, venue: Venue) -> None:
        """Set the model's words to what a read would find now."""
        now = self.chain.time
        quote_ok = now <= self.quote_time + AGE
        for m in range(len(self.feeds)):
            price = self._price(m)
            fresh = quote_ok and now <= self.times[m] + AGE
            venue.set_price(m, self.last[m] if price is None else price, price is not None and fresh)
