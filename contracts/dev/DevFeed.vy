# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title DevFeed
@license MIT
@notice A price feed for devnets, with the reading side of a Chainlink aggregator: its owner says the price. Not part of the
        venue. Rounds count from 1 and keep for ever; a round's time is that of the block that published it.
        Invariants: none of the venue's.
@custom:kill Replace it in the OracleAdapter with `set_feed`.
"""

from snekmate.auth import ownable

initializes: ownable

exports: (ownable.owner, ownable.transfer_ownership)


event AnswerUpdated:
    current: indexed(int256)
    round_id: indexed(uint256)
    updated_at: uint256


decimals: public(immutable(uint8))
description: public(immutable(String[32]))
version: public(constant(uint256)) = 1

latestRound: public(uint256)
answers: HashMap[uint256, int256]
times: HashMap[uint256, uint256]


@deploy
def __init__(digits: uint8, pair: String[32], answer: int256, owner: address):
    """
    @param digits Decimals of the answers. @param pair Such as "BTC / USD". @param answer Of the first round.
    @param owner Publishes the rounds.
    """
    ownable.__init__()
    decimals = digits
    description = pair
    self._publish(answer)
    ownable._transfer_ownership(owner)


@external
def push(answer: int256) -> uint256:
    """
    @notice Publish the next round, at the time of this block. Owner only. Returns its id.
    """
    ownable._check_owner()
    return self._publish(answer)


@view
@external
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    """
    @notice Id, answer, time, time and id of the last round.
    """
    return self._round(self.latestRound)


@view
@external
def getRoundData(id: uint80) -> (uint80, int256, uint256, uint256, uint80):
    """
    @notice The same for any round; reverts for one that was not published ("feed: no such round").
    """
    return self._round(convert(id, uint256))


@internal
def _publish(answer: int256) -> uint256:
    id: uint256 = self.latestRound + 1
    self.latestRound = id
    self.answers[id] = answer
    self.times[id] = block.timestamp
    log AnswerUpdated(current=answer, round_id=id, updated_at=block.timestamp)
    return id


@view
@internal
def _round(id: uint256) -> (uint80, int256, uint256, uint256, uint80):
    time: uint256 = self.times[id]
    assert time != 0, "feed: no such round"
    round_id: uint80 = convert(id, uint80)
    return round_id, self.answers[id], time, time, round_id
