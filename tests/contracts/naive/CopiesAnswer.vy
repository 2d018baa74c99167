# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title CopiesAnswer: calls a token and copies all that it answers, as `(bool ok, bytes memory data) = token.call(...)` does
"""

MEGABYTE: constant(uint256) = 2**20


@external
def pull(token: address, data: Bytes[256]) -> bool:
    ok: bool = False
    answer: Bytes[MEGABYTE] = b""
    ok, answer = raw_call(token, data, max_outsize=MEGABYTE, revert_on_failure=False)
    return ok
