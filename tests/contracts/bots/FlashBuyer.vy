# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title FlashBuyer: buys inventory without a token of its own: sells it on Uniswap v3 in the callback, pays from the proceeds, keeps the rest
"""

from interfaces import IInventoryBuyer

implements: IInventoryBuyer


interface IToken:
    def approve(spender: address, amount: uint256) -> bool: nonpayable
    def balanceOf(holder: address) -> uint256: view
    def transfer(receiver: address, amount: uint256) -> bool: nonpayable


interface ILiquidator:
    def buy_collateral(
        token: address, max_amount: uint256, max_price: uint256, receiver: address, data: Bytes[1024]
    ) -> (uint256, uint256): nonpayable


interface IRouter:
    def exactInputSingle(order: Order) -> uint256: nonpayable


struct Order:
    sold: address
    bought: address
    fee: uint24
    receiver: address
    deadline: uint256
    amount: uint256
    least: uint256
    limit: uint160


OWNER: immutable(address)
VAULT: immutable(address)
LIQUIDATOR: immutable(ILiquidator)
ROUTER: immutable(IRouter)
QUOTE: immutable(IToken)


@deploy
def __init__(vault: address, liquidator: address, router: address, quote: address):
    OWNER = msg.sender
    VAULT = vault
    LIQUIDATOR = ILiquidator(liquidator)
    ROUTER = IRouter(router)
    QUOTE = IToken(quote)


@external
def run(token: address, amount: uint256, max_price: uint256, fee: uint24, least: uint256) -> uint256:
    """
    @notice Buy up to `amount` token units and sell them in the pool of `fee` for at least `least` quote token units more than they
            cost. Owner only. Returns the gain, which is the owner's.
    """
    assert msg.sender == OWNER, "buyer: not the owner"
    extcall LIQUIDATOR.buy_collateral(token, amount, max_price, self, abi_encode(fee, least))
    gain: uint256 = staticcall QUOTE.balanceOf(self)
    assert extcall QUOTE.transfer(OWNER, gain)
    return gain


@external
def on_inventory(token: address, amount: uint256, cost: uint256, data: Bytes[1024]):
    # anybody could name a token and a price
    assert msg.sender == VAULT, "buyer: not the vault"
    fee: uint24 = 0
    least: uint256 = 0
    fee, least = abi_decode(data, (uint24, uint256))
    assert extcall IToken(token).approve(ROUTER.address, amount)
    order: Order = Order(
        sold=token,
        bought=QUOTE.address,
        fee=fee,
        receiver=self,
        deadline=block.timestamp,
        amount=amount,
        least=cost + least,
        limit=0,
    )
    extcall ROUTER.exactInputSingle(order)
    assert extcall QUOTE.approve(VAULT, cost)
