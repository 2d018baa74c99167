# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title AllOrNothing: a liquidator whose batch reverts with the first account that fails
"""

from interfaces import IPositionManager

MANAGER: immutable(address)


@deploy
def __init__(manager: address):
    MANAGER = manager


@external
def liquidate(accounts: DynArray[uint256, 32], reward_account: uint256):
    for account: uint256 in accounts:
        done: IPositionManager.Slice = extcall IPositionManager(MANAGER).liquidate(account, 0, reward_account)
        assert done.reason == 0, "naive: not liquidatable"
