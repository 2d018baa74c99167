# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title OracleAdapter: prices in quote, one packed word for each underlying
@license MIT
@notice Reads Chainlink-type push aggregators. A price is floor(asset/USD / quote/USD) in WAD quote per base unit (O-1),
        with the publish time of the asset's round and a state: 0 valid, 2 stale, 4 invalid (1 and 3 are of other sources).
        A word is read from its source at most once a block, in the call that needs it (O-2). "A block" is a block time:
        a chain with several blocks a second reads once a second.

        What one read does to a word:
        * source silent, garbage, round not complete, or older than the stored one: price and times stay. The state
          is that of its age, but invalid stays invalid until a good round is read.
        * answer not strictly within its bounds, price outside 1e-3 ... 1e7 quote, or the quote's own price invalid or
          without a feed: invalid; price and times stay those of the last good round.
        * a good round, at or after the stored publish time: new price. It is valid until the earlier end of the
          two maximum ages, the asset's and the quote's; after that it is stale.
        The quote's own word is id 255, in USD (or whatever unit the feeds share); the same rules, divided by 1.

        On a chain with a sequencer every word given out has its highest bit set while that is down, or came back less than 900 s
        ago (sequencer.vy): liquidations wait. The bit is never stored; prices and states are what they are without it.

        Keeps I-24 (one price for each underlying in a call) and, through `first_price_since`, its part of I-19: no
        caller has a choice between rounds. No source can make another's word wrong or its read fail.
@custom:kill There is no switch. A feed that misbehaves is replaced with `set_feed`, which makes its word invalid until
        the new source is read; tightening its bounds makes it invalid at once. Other markets go on. Without a good quote
        feed every market is invalid: replace it with `set_quote_feed`. The sequencer's feed is fixed: while it cannot be read
        nobody is liquidated, and only another venue has another one.
"""

from contracts.modules import bits
from contracts.modules import chainlink
from contracts.modules import packing
from contracts.modules import sequencer
from interfaces import IOracleAdapter
from snekmate.auth import ownable
from snekmate.auth import ownable_2step

implements: IOracleAdapter

initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: sequencer

exports: (
    sequencer.SEQUENCER,
    ownable_2step.owner,
    ownable_2step.pending_owner,
    ownable_2step.transfer_ownership,
    ownable_2step.accept_ownership,
    ownable_2step.renounce_ownership,
)

WAD: constant(uint256) = 10**18
WEEK: constant(uint256) = 7 * 86400
MARKETS: constant(uint256) = 32
QUOTE: constant(uint256) = 255
VALID: constant(uint256) = 0
STALE: constant(uint256) = 2
INVALID: constant(uint256) = 4

# O-1: prices in WAD, both allowed
MIN_PRICE: constant(uint256) = 10**15
MAX_PRICE: constant(uint256) = 10**25

# 1.0, valid for ever: what the quote's own feed is divided by
ONE: constant(uint256) = WAD | (packing.U40 << 176)
# the bits of a price word that outlive a change of the quote feed: price, publish time, valid until
FACTS: constant(uint256) = packing.U96 | (packing.U40 << 96) | (packing.U40 << 176)

# market or QUOTE => price word (see packing.vy)
price_words: uint256[256]
# market or QUOTE => feed word (see chainlink.vy)
feed_words: uint256[256]


@deploy
def __init__(owner: address, uptime: address):
    """
    @param owner Sets the feeds; meant to be a timelock. Two-step transfer.
    @param uptime Chainlink's feed of the chain's sequencer, which must answer ("oracle: sequencer unreadable"); zero where the
           chain has none. For good.
    """
    ownable.__init__()
    ownable_2step.__init__()
    ownable_2step._transfer_ownership(owner)
    sequencer.__init__(uptime)


# ---- prices ------------------------------------------------------------------------------------


@external
def refresh(ids: uint256) -> DynArray[uint256, 32]:
    """
    @notice Read the sources of the set bits, once a block each, store and return their price words. Anyone may call.
            Never reverts for the sake of a source; a market without a feed is invalid.
    @param ids Bitmap of markets, bits 0 ... 31 ("oracle: no such market").
    @return The words in ascending order of market, layout in packing.vy; bit 255 of each while `in_grace`.
    """
    self._check_market(ids >> MARKETS == 0)
    grace: uint256 = sequencer.grace_bit() if sequencer.SEQUENCER != empty(address) else 0
    found: DynArray[uint256, 32] = []
    quote: uint256 = 0
    left: uint256 = ids
    for _i: uint256 in range(MARKETS):
        if left == 0:
            break
        market: uint256 = (bits.INDEX >> unsafe_mul((left & unsafe_sub(0, left)) % 37, 5)) & 31
        left &= unsafe_sub(left, 1)
        word: uint256 = self.price_words[market]
        if (word >> 136) & packing.U40 != block.timestamp:
            if quote == 0:
                quote = self._refresh_quote()
            word = self._store(market, word, self._look(market, word, quote))
        found.append(word | grace)
    return found


@view
@external
def words(ids: uint256) -> DynArray[uint256, 32]:
    """
    @notice What `refresh(ids)` would return now, without storing.
    @param ids Bitmap of markets, bits 0 ... 31 ("oracle: no such market").
    """
    self._check_market(ids >> MARKETS == 0)
    grace: uint256 = sequencer.grace_bit() if sequencer.SEQUENCER != empty(address) else 0
    found: DynArray[uint256, 32] = []
    quote: uint256 = 0
    left: uint256 = ids
    for _i: uint256 in range(MARKETS):
        if left == 0:
            break
        market: uint256 = (bits.INDEX >> unsafe_mul((left & unsafe_sub(0, left)) % 37, 5)) & 31
        left &= unsafe_sub(left, 1)
        word: uint256 = self.price_words[market]
        if (word >> 136) & packing.U40 != block.timestamp:
            if quote == 0:
                quote = self._quote_now()
            word = self._look(market, word, quote)
        found.append(word | grace)
    return found


@view
@external
def in_grace() -> bool:
    """
    @notice Whether the chain's sequencer is down or unreadable, or came back less than 900 s ago; never without a sequencer.
    """
    return sequencer.SEQUENCER != empty(address) and sequencer.grace_bit() != 0


@view
@external
def prices(markets: DynArray[uint256, 32]) -> DynArray[IOracleAdapter.Price, 32]:
    """
    @notice The prices that a refresh would store now, in the order asked for.
    @param markets Ids 0 ... 31 ("oracle: no such market").
    @return Price and stable price in WAD quote (equal, as only spot prices exist here), publish time, state.
    """
    found: DynArray[IOracleAdapter.Price, 32] = []
    quote: uint256 = self._quote_now()
    for market: uint256 in markets:
        self._check_market(market < MARKETS)
        word: uint256 = self.price_words[market]
        if self._is_old(word):
            word = self._look(market, word, quote)
        price: uint256 = packing.price_of(word)
        found.append(
            IOracleAdapter.Price(
                price=price, stable=price, time=packing.price_time(word), state=packing.price_state(word)
            )
        )
    return found


@view
@external
def first_price_since(market: uint256, not_before: uint256, round_id: uint256) -> (uint256, uint256):
    """
    @notice Price and publish time of the market's first round published at or after `not_before`: the round before it,
            complete as well, was published earlier. Only the source's current phase counts, so that there is
            one such round even while the aggregator of an old phase goes on publishing.
            Converted at the quote's price of now.
    @param market 0 ... 31 ("oracle: no such market"), with a feed ("oracle: no feed").
    @param not_before Unix time in seconds.
    @param round_id The source's round id, phase included; 0 for its latest round.
    @return Price in WAD quote, publish time.
            Reverts: "oracle: quote not valid", "oracle: round not complete" (or unreadable),
            "oracle: not the current phase", "oracle: round too early", "oracle: round too old" (beyond the feed's
            max_age), "oracle: price out of bounds", "oracle: round unproven" (the one before is not complete or
            not known), "oracle: not the first round".
    """
    self._check_market(market < MARKETS)
    feed: uint256 = self.feed_words[market]
    assert feed != 0, "oracle: no feed"
    quote: uint256 = self._quote_now()
    assert packing.price_state(quote) == VALID, "oracle: quote not valid"

    id: uint256 = 0
    answer: uint256 = 0
    time: uint256 = 0
    id, answer, time = self._round_of_phase(chainlink.source_of(feed), round_id)
    assert time >= not_before, "oracle: round too early"
    assert block.timestamp <= time + chainlink.max_age_of(feed), "oracle: round too old"

    price: uint256 = chainlink.price_down(feed, answer, packing.price_of(quote))
    assert self._in_range(price), "oracle: price out of bounds"

    before: uint256 = chainlink.time_before(chainlink.source_of(feed), id)
    assert before != 0, "oracle: round unproven"
    assert before < not_before, "oracle: not the first round"
    return price, time


# ---- feeds -------------------------------------------------------------------------------------


@external
def set_feed(market: uint256, feed: IOracleAdapter.Feed):
    """
    @notice Set or replace a market's source. Its word is invalid until the next read, which takes the new source's
            round whatever the time of the old one's; the last good price and time stay readable till then.
            The source need not have a valid answer yet.
    @param market 0 ... 31 ("oracle: no such market").
    @param feed Source with code ("oracle: source has no code"); decimals as the source says and at most 18
           ("oracle: wrong decimals"); max_age of 1 s ... 1 week ("oracle: bad max age"); 0 < min_answer < max_answer
           ("oracle: bad bounds"), kept to eight significant digits, rounded inwards, at most 1.3e39.
    """
    ownable._check_owner()
    self._check_market(market < MARKETS)
    self._set(market, feed)


@external
def set_quote_feed(feed: IOracleAdapter.Feed):
    """
    @notice Set or replace the quote's source. Every market is invalid until its next read, which is on its next use.
    @param feed As for `set_feed`. In the unit of all other feeds, usually USD per quote token.
    """
    ownable._check_owner()
    self._set(QUOTE, feed)
    for market: uint256 in range(MARKETS):
        word: uint256 = self.price_words[market]
        if word != 0:
            self.price_words[market] = (word & FACTS) | (INVALID << 216)


@view
@external
def feed(market: uint256) -> IOracleAdapter.Feed:
    """
    @notice A market's source, with the bounds in force; all 0 if there is none.
    @param market 0 ... 31 ("oracle: no such market").
    """
    self._check_market(market < MARKETS)
    return chainlink.unpack_feed(self.feed_words[market])


@view
@external
def quote_feed() -> IOracleAdapter.Feed:
    """
    @notice The quote's own source, with the bounds in force; all 0 if there is none.
    """
    return chainlink.unpack_feed(self.feed_words[QUOTE])


@internal
def _set(id: uint256, feed: IOracleAdapter.Feed):
    assert feed.source.is_contract, "oracle: source has no code"
    assert feed.decimals <= 18 and feed.decimals == chainlink.decimals(feed.source), "oracle: wrong decimals"
    assert feed.max_age != 0 and feed.max_age <= WEEK, "oracle: bad max age"
    word: uint256 = chainlink.pack_feed(feed)
    stored: IOracleAdapter.Feed = chainlink.unpack_feed(word)
    assert feed.min_answer != 0 and stored.min_answer < stored.max_answer, "oracle: bad bounds"

    self.feed_words[id] = word
    old: uint256 = self.price_words[id]
    self.price_words[id] = self._pack(packing.price_of(old), packing.price_time(old), 0, 0, INVALID)
    log IOracleAdapter.FeedSet(market=id, feed=stored)


# ---- one word ----------------------------------------------------------------------------------


@view
@internal
def _look(id: uint256, old: uint256, quote: uint256) -> uint256:
    """
    @notice What reading its source makes of the word `old`, at the word `quote` of the quote.
    """
    feed: uint256 = self.feed_words[id]
    if feed == 0 or packing.price_state(quote) == INVALID:
        return self._checked(old, INVALID)
    round_id: uint256 = 0
    answer: uint256 = 0
    time: uint256 = 0
    round_id, answer, time = chainlink.read_round(chainlink.source_of(feed), chainlink.LATEST_ROUND)
    # without an end of validity the stored time is that of another source
    if time == 0 or (time < packing.price_time(old) and packing.price_valid_until(old) != 0):
        return self._checked(old, self._state_by_age(old))
    price: uint256 = chainlink.price_down(feed, answer, packing.price_of(quote))
    if not self._in_range(price):
        return self._checked(old, INVALID)
    # time <= now, so both ends are far below 2^40
    until: uint256 = min(unsafe_add(time, chainlink.max_age_of(feed)), packing.price_valid_until(quote))
    return self._pack(price, time, block.timestamp, until, STALE if block.timestamp > until else VALID)


@view
@internal
def _quote_now() -> uint256:
    word: uint256 = self.price_words[QUOTE]
    return self._look(QUOTE, word, ONE) if self._is_old(word) else word


@internal
def _refresh_quote() -> uint256:
    word: uint256 = self.price_words[QUOTE]
    return self._store(QUOTE, word, self._look(QUOTE, word, ONE)) if self._is_old(word) else word


@internal
def _store(id: uint256, old: uint256, word: uint256) -> uint256:
    self.price_words[id] = word
    time: uint256 = packing.price_time(word)
    if time != packing.price_time(old):
        log IOracleAdapter.PriceUpdated(
            market=id, price=packing.price_of(word), time=time, state=packing.price_state(word)
        )
    return word


@view
@internal
def _round_of_phase(source: address, round_id: uint256) -> (uint256, uint256, uint256):
    """
    @notice A complete round of the source's current phase: id, answer, publish time.
    """
    id: uint256 = 0
    answer: uint256 = 0
    time: uint256 = 0
    id, answer, time = chainlink.read_round(source, chainlink.LATEST_ROUND)
    if time != 0 and round_id != 0 and round_id != id:
        assert round_id >> 64 == id >> 64, "oracle: not the current phase"
        id, answer, time = chainlink.round_at(source, round_id)
    assert time != 0, "oracle: round not complete"
    return id, answer, time


# ---- the price word, see packing.vy ------------------------------------------------------------


@pure
@internal
def _pack(price: uint256, time: uint256, checked: uint256, until: uint256, state: uint256) -> uint256:
    """
    @notice price <= 2^96 - 1; the times fit 40 bits.
    """
    return price | (time << 96) | (checked << 136) | (until << 176) | (state << 216)


@view
@internal
def _checked(word: uint256, state: uint256) -> uint256:
    """
    @notice The same price and times, looked at now and found to be in `state`.
    """
    until: uint256 = packing.price_valid_until(word)
    return self._pack(packing.price_of(word), packing.price_time(word), block.timestamp, until, state)


@view
@internal
def _state_by_age(word: uint256) -> uint256:
    if packing.price_state(word) == INVALID:
        return INVALID
    return STALE if block.timestamp > packing.price_valid_until(word) else VALID


@view
@internal
def _is_old(word: uint256) -> bool:
    return packing.price_checked(word) != block.timestamp


@pure
@internal
def _in_range(price: uint256) -> bool:
    return price >= MIN_PRICE and price <= MAX_PRICE


@pure
@internal
def _check_market(known: bool):
    assert known, "oracle: no such market"
