"""Liquidate accounts below maintenance.  ape run liquidator --help"""

from crossmargin.bots.settings import forwarded

cli = forwarded("liquidator", "crossmargin.bots.liquidator", "Liquidate accounts below maintenance.")
