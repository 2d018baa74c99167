"""The liquidation fire drill: can every account be liquidated?  ape run drill --help"""

from crossmargin.bots.settings import forwarded

cli = forwarded("drill", "crossmargin.drill.__main__", "Prove that every account can be liquidated.")
