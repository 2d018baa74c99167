# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title checks: assert with a reason, compiled once
@notice An `assert` with a literal reason costs about 105 bytes a site, a call of this about 60.
"""


@pure
@internal
def that(ok: bool, reason: String[32]):
    """
    @notice Revert with `reason` unless `ok`.
    """
    if not ok:
        raise reason
