# pragma version 0.4.3
"""
@title Feed: a settable aggregator for tests where real Chainlink bytecode would only be slow
"""


struct Round:
    answer: int256
    time: uint256


decimals: public(uint256)
latest: public(uint256)
rounds: HashMap[uint256, Round]


@deploy
def __init__(decimals: uint256, answer: int256):
    self.decimals = decimals
    self._push(answer, block.timestamp)


@internal
def _push(answer: int256, time: uint256):
    self.latest += 1
    self.rounds[self.latest] = Round(answer=answer, time=time)


@external
def push(answer: int256):
    self._push(answer, block.timestamp)


@external
def push_at(answer: int256, time: uint256):
    self._push(answer, time)


@view
@external
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    return self._data(self.latest)


@view
@external
def getRoundData(id: uint80) -> (uint80, int256, uint256, uint256, uint80):
    assert convert(id, uint256) <= self.latest and id != 0, "No data present"
    return self._data(convert(id, uint256))


@view
@internal
def _data(id: uint256) -> (uint80, int256, uint256, uint256, uint80):
    r: Round = self.rounds[id]
    return convert(id, uint80), r.answer, r.time, r.time, convert(id, uint80)
