"""words(ids): exactly what refresh(ids) returns in the same block, in any state."""

import random
from fractions import Fraction

import boa
import pytest

from tests.unit.oracle.conftest import (
    DAY,
    HOUR,
    INVALID,
    NO_MARKET,
    STALE,
    USD,
    VALID,
    WAD,
    now,
    pack,
    wait,
)


@pytest.mark.parametrize("ids", [1 << 32, 2**256 - 1])
def test_no_such_market(venue, ids):
    with boa.reverts(NO_MARKET):
        venue.oracle.words(ids)


def test_it_stores_nothing(venue):
    venue.market(0, 10 * USD)
    assert venue.oracle.words(1) == [pack(10 * WAD, now(), now(), now() + HOUR, VALID)]
    assert venue.oracle.eval("self.price_words[0] & (2**136 - 1)") == 0


class Word:
    """One market by the rules of the contract's docstring, in exact numbers."""

    def __init__(self, max_age: int, low: int, high: int, decimals: int = 8) -> None:
        self.max_age, self.low, self.high, self.decimals = max_age, low, high, decimals
        self.price, self.time, self.checked, self.until, self.state = 0, 0, 0, 0, INVALID

    def read(self, answer: int, time: int, quote: tuple[Fraction, int, int]) -> None:
        """`quote`: its price, valid until, state."""
        if self.checked == now():
            return
        self.checked = now()
        if quote[2] == INVALID:
            self.state = INVALID
        elif not 0 < time <= now() or time < self.time:
            if self.state != INVALID:
                self.state = VALID if now() <= self.until else STALE
        elif not self.low < answer < self.high:
            self.state = INVALID
        else:
            price = WAD * Fraction(answer, 10**self.decimals) // quote[0]
            if not 10**15 <= price <= 10**25:
                self.state = INVALID
                return
            self.price, self.time = price, time
            self.until = min(time + self.max_age, quote[1])
            self.state = VALID if now() <= self.until else STALE

    def word(self) -> int:
        return pack(self.price, self.time, self.checked, self.until, self.state)


ANSWERS = (10 * USD, 11 * USD + 1, 3 * USD, 99_999_999, 2 * USD, 20 * USD, 0, -5, 10**16)
QUOTES = (USD, USD, 88_000_000, 99_999_999, USD // 2, 2 * USD - 1, 0)


@pytest.mark.parametrize("seed", range(6))
def test_words_equal_refresh_and_the_rules(venue, seed):
    choose = random.Random(seed)
    quote = Word(DAY, USD // 2, 2 * USD)
    ages = [choose.choice((60, HOUR, DAY)) for _ in range(3)]
    mocks = [
        venue.market(n, 10 * USD, max_age=ages[n], min_answer=2 * USD, max_answer=20 * USD) for n in range(3)
    ]
    words = [Word(age, 2 * USD, 20 * USD) for age in ages]
    quote_source, sources = (USD, now()), [(10 * USD, now())] * 3
    seen = set()
    for _ in range(40):
        if choose.random() < 0.8:
            wait(choose.choice((1, 12, 61, HOUR, DAY)))
        if choose.random() < 0.3:
            quote_source = publish(venue.quote, choose, QUOTES)
        for market in range(3):
            if choose.random() < 0.5:
                sources[market] = publish(mocks[market], choose, ANSWERS)
        ids = choose.randrange(8)
        read = [market for market in range(3) if ids >> market & 1]
        if any(words[market].checked != now() for market in read):
            quote.read(*quote_source, (Fraction(1), 2**40, VALID))
        for market in read:
            words[market].read(*sources[market], (Fraction(quote.price, WAD), quote.until, quote.state))
        expected = [words[market].word() for market in read]
        assert venue.oracle.words(ids) == expected
        assert venue.oracle.refresh(ids) == expected
        assert venue.oracle.words(ids) == expected
        seen |= {words[market].state for market in read}
    assert seen == {VALID, STALE, INVALID}


def publish(mock, choose: random.Random, answers: tuple[int, ...]) -> tuple[int, int]:
    """A round with a time that may be missing, past or future: its answer and time."""
    answer = choose.choice(answers)
    time = choose.choice((now(), now(), now(), now() - 30, now() + 5, 0))
    mock.updateRoundData(mock.latestRound() + 1, answer, time, time)
    return answer, time
