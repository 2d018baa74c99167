"""Numbers that the tests of the PositionManager share."""

USDC = 10**6
BTC, ETH, SOL, LINK, DOGE = range(5)
HEALTHY, BELOW_INITIAL, MARGIN_CALL, LIQUIDATABLE, NO_PRICE = range(5)
DAY = 86_400
