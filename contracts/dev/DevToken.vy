# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title DevToken
@license MIT
@notice A play token for devnets and testnets: ERC-20 with permit (EIP-2612) whose minters may mint. Not part of the venue.
        Invariants: none of the venue's.
@custom:kill Take the minters' right away with `set_minter`; the venue sees it as any other token.
"""

from snekmate.auth import ownable
from snekmate.tokens import erc20

initializes: ownable
initializes: erc20[ownable := ownable]

exports: (
    erc20.name,
    erc20.symbol,
    erc20.decimals,
    erc20.totalSupply,
    erc20.balanceOf,
    erc20.allowance,
    erc20.transfer,
    erc20.transferFrom,
    erc20.approve,
)
exports: (
    erc20.permit,
    erc20.nonces,
    erc20.DOMAIN_SEPARATOR,
    erc20.eip712Domain,
)
exports: (
    erc20.mint,
    erc20.is_minter,
    erc20.set_minter,
    erc20.owner,
    erc20.transfer_ownership,
)


@deploy
def __init__(name: String[25], symbol: String[5], decimals: uint8, owner: address):
    """
    @param owner The first minter; names others with `set_minter`.
    """
    ownable.__init__()
    erc20.__init__(name, symbol, decimals, name, "1")
    erc20.is_minter[msg.sender] = False
    erc20.is_minter[owner] = True
    ownable._transfer_ownership(owner)
