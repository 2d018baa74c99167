# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Reentrant: an owner of accounts and shares that makes every call on its list whenever it is called itself
@notice Any function wakes it: a token's hook, a permit, a buyer's callback. It swallows what fails and remembers all.
"""

MAX: constant(uint256) = 512
ANSWER: constant(uint256) = 256
# of each call: a target that burns all it gets must not keep the others from their turn
GAS: constant(uint256) = 3_000_000


struct Call:
    target: address
    data: Bytes[4096]


# answer: the start of the return or revert data of the last time
struct Outcome:
    success: bool
    answer: Bytes[ANSWER]


calls: DynArray[Call, MAX]
outcomes: HashMap[uint256, Outcome]
armed: public(bool)
busy: bool
# how often it was woken
runs: public(uint256)


@external
def add(calls: DynArray[Call, 16]):
    for call: Call in calls:
        self.calls.append(call)


@external
def arm(armed: bool):
    self.armed = armed


@external
def act(target: address, data: Bytes[4096]) -> Bytes[ANSWER]:
    """
    @notice The attacker's own calls, outside any callback. Reverts with the target's reason.
    """
    return raw_call(target, data, max_outsize=ANSWER)


@view
@external
def found(start: uint256, count: uint256) -> DynArray[Outcome, 32]:
    """
    @notice What became of calls start, start + 1, ...: success if any of the times succeeded.
    """
    some: DynArray[Outcome, 32] = []
    for i: uint256 in range(start, start + count, bound=32):
        some.append(self.outcomes[i])
    return some


@external
@payable
def __default__():
    if self.busy or not self.armed:
        return
    self.busy = True
    self.runs += 1
    for i: uint256 in range(len(self.calls), bound=MAX):
        ok: bool = False
        answer: Bytes[ANSWER] = b""
        ok, answer = raw_call(
            self.calls[i].target, self.calls[i].data, gas=GAS, max_outsize=ANSWER, revert_on_failure=False
        )
        self.outcomes[i] = Outcome(success=ok or self.outcomes[i].success, answer=answer)
    self.busy = False
