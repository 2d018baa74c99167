# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title FakeCore: PositionManager, Vault, Waterfall and oracle in one, that do what a test scripted for each account
@notice For what the real ones do only in bad moments: failures without a reason, revert data of any shape, calls back.
"""

from interfaces import IPositionManager

VAULT: public(address)
ORACLE: public(address)
POOL: public(address)
COVER: public(address)
WATERFALL: public(address)

# what the account's cash, less what is reserved, amounts to
free: public(HashMap[uint256, uint256])
reserved: public(HashMap[uint256, uint256])
trades: public(HashMap[uint256, uint256])
paid: public(HashMap[uint256, uint256])

# account => raw revert data of its trades and liquidations; fails: whether to revert at all
fails: public(HashMap[uint256, bool])
answers: HashMap[uint256, Bytes[256]]
price: public(uint256)
published: public(uint256)
price_fails: public(bool)
price_answer: Bytes[256]
word: public(uint256)

# calls back in the middle of `trade` and `liquidate`
target: public(address)
data: Bytes[4096]
calls: public(uint256)
succeeded: public(bool)


@deploy
def __init__():
    self.VAULT = self
    self.ORACLE = self
    self.POOL = self
    self.COVER = self
    self.WATERFALL = self


@external
def fail(account: uint256, answer: Bytes[256]):
    self.fails[account] = True
    self.answers[account] = answer


@external
def recover(account: uint256):
    self.fails[account] = False


@external
def fail_price(answer: Bytes[256]):
    self.price_fails = True
    self.price_answer = answer


@external
def set_price(price: uint256, published: uint256):
    self.price_fails = False
    self.price = price
    self.published = published


@external
def set_word(word: uint256):
    self.word = word


@external
def give(account: uint256, amount: uint256):
    self.free[account] += amount


@external
def arm(target: address, data: Bytes[4096]):
    self.target = target
    self.data = data


@internal
def _call_back():
    if self.target != empty(address):
        self.calls += 1
        self.succeeded = raw_call(self.target, self.data, revert_on_failure=False)


# ---- PositionManager ----------------------------------------------------------------------------


@external
def reserve(account: uint256, change: int256):
    if change >= 0:
        assert self.free[account] >= convert(change, uint256), "vault: insufficient balance"
        self.free[account] -= convert(change, uint256)
        self.reserved[account] += convert(change, uint256)
    else:
        self._release(account, convert(-change, uint256))


@internal
def _release(account: uint256, amount: uint256):
    assert self.reserved[account] >= amount, "vault: reserved range"
    self.reserved[account] -= amount
    self.free[account] += amount


@external
def trade(fill: IPositionManager.Fill) -> IPositionManager.Filled:
    if self.fails[fill.account]:
        raw_revert(self.answers[fill.account])
    self._release(fill.account, fill.reserved)
    self.free[fill.account] -= fill.keeper_fee
    self.paid[fill.keeper] += fill.keeper_fee
    self.trades[fill.account] += 1
    self._call_back()
    return IPositionManager.Filled(size=fill.size, price=fill.price, fee=0, realised=0)


@external
def charge_keeper_fee(account: uint256, keeper: uint256, fee: uint256) -> uint256:
    self._release(account, fee)
    self.free[account] -= fee
    self.paid[keeper] += fee
    return fee


@external
def liquidate(account: uint256, keeper_cost: uint256, reward_account: uint256) -> IPositionManager.Slice:
    if self.fails[account]:
        raw_revert(self.answers[account])
    self.trades[account] += 1
    self.paid[reward_account] += keeper_cost
    self._call_back()
    return IPositionManager.Slice(fraction=account, reward=keeper_cost, reason=0)


@view
@external
def venue_words() -> (uint256, uint256, uint256, uint256, uint256, uint256):
    return max_value(uint256), 0, 0, 0, 0, 0


@view
@external
def collateral_word() -> uint256:
    return 0


# ---- Waterfall ----------------------------------------------------------------------------------


@external
def deleverage(account: uint256, market: uint256) -> int256:
    if self.fails[account]:
        raw_revert(self.answers[account])
    self.trades[account] += 1
    self._call_back()
    return -convert(market, int256)


# ---- Vault --------------------------------------------------------------------------------------


@view
@external
def snapshot(account: uint256) -> (uint256, DynArray[uint256, 8]):
    nothing: DynArray[uint256, 8] = []
    return 0, nothing


# ---- oracle -------------------------------------------------------------------------------------


@view
@external
def first_price_since(market: uint256, not_before: uint256, round_id: uint256) -> (uint256, uint256):
    if self.price_fails:
        raw_revert(self.price_answer)
    assert self.published >= not_before, "oracle: round too early"
    return self.price, self.published


@view
@external
def words(ids: uint256) -> DynArray[uint256, 32]:
    return [self.word]


@external
def refresh(ids: uint256) -> DynArray[uint256, 32]:
    return [self.word]
