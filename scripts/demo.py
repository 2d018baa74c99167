"""A whole market's life on a local chain.  ape run demo --help"""

from crossmargin.bots.settings import forwarded

cli = forwarded("demo", "crossmargin.demo.__main__", "A whole market's life on a local chain.")
